// What became of usage like this. Learnt from the history of all pools up to a date, and from
// nothing else: each week that passes shows, for every earlier week of every pool, how much of the
// level of that time is still used. Statistics, so doubles; what is bought is decided in whole
// counts. Behind the door of commitments/; policies are its users.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <vector>

#include "commitments/backtest.h"

namespace steelyard {

class UseHistory {
 public:
  /// Takes in the weeks between the last call and the date of the view. Dates must rise.
  void learn(const PolicyView& view);

  /// The highest level of a pool that will be used in at least `use_min` of the hours of a year, as
  /// far as history tells; 0 for a pool without usage in the last week.
  std::int64_t lasting_level(std::size_t pool, double use_min) const;

  /// How the level of usage like this pool's went on: `count` ways that are equally likely, each
  /// the share of today's level (at most 1) in the middle of `steps` equal parts of a year.
  std::vector<std::vector<double>> ways_on(std::size_t pool, std::size_t count,
                                           std::size_t steps) const;

 private:
  static constexpr std::size_t kTrends = 7, kRemains = 5, kKinds = kTrends * kRemains;
  static constexpr std::size_t kLeads = 52;   ///< weeks ahead
  static constexpr std::size_t kShares = 66;  ///< multiples of the level of the week before
  static constexpr double share_at(std::size_t i) { return 0.3 + 0.02 * static_cast<double>(i); }
  static constexpr int kNoKind = -1;

  /// Moments of one kind, one lead: how many, and the sum of the shares of hours above a multiple.
  struct Tally {
    double moments = 0;
    std::array<double, kShares> above{};
    void add(const Tally& other);
  };
  struct Pool {
    std::vector<std::size_t> alike;  ///< pools of the same family
    std::vector<double> means;       ///< of each week
    std::vector<int> kinds;          ///< of the moment before each week
    double peak = 0;                 ///< highest mean so far
  };

  void start(const PolicyView& view);
  void take_week(const PolicyView& view, std::size_t week);
  void count_uses(const PolicyView& view, std::size_t pool, std::size_t week);
  int kind_at(const PolicyView& view, std::size_t pool, std::size_t week) const;
  void expect();
  std::span<const std::int64_t> hours_of_week(const PolicyView& view, std::size_t pool,
                                              std::size_t week) const;

  std::size_t phase_ = 0, weeks_ = 0;
  std::vector<Pool> pools_;
  /// Answers of ways_on by kind, count and steps: all pools of a kind have the same.
  using Ways = std::vector<std::vector<double>>;
  mutable std::map<std::tuple<int, std::size_t, std::size_t>, Ways> ways_;
  Ways find_ways(int kind, std::size_t count, std::size_t steps) const;
  std::vector<Tally> tallies_;                         ///< [kind x kLeads + lead]
  std::vector<std::array<double, kShares>> expected_;  ///< per kind: use over a year
};

}  // namespace steelyard
