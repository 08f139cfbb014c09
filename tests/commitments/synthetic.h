// Made-up demand for choosing and testing policies without a look at the real thing: regions whose
// load grows and swings by day and week, run by one type that a next generation replaces, region by
// region and later or sooner, beside small pools that come and go.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "commitments/demand.h"

namespace steelyard {

class SyntheticDemand {
 public:
  /// Three years of hours; the same for the same seed.
  static Demand make(std::uint64_t seed) { return SyntheticDemand(seed).demand(); }

 private:
  static constexpr std::size_t kHours = 26'280;
  static constexpr std::size_t kGenerations = 7;

  explicit SyntheticDemand(std::uint64_t seed) : random_(seed) {}

  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(random_() >> 11) * 0x1p-53;
  }
  double normal() {
    return std::sqrt(-2 * std::log(uniform(1e-12, 1))) * std::cos(6.283185307 * uniform(0, 1));
  }

  Demand demand() {
    Demand demand;
    demand.first_hour = instant_of({2021, 2, 1});
    demand.hours = kHours;
    demand.pool_columns = {"region", "type"};
    const auto regions = static_cast<std::size_t>(uniform(4, 8));
    const double life_weeks = uniform(60, 160), lag_weeks = uniform(4, 52),
                 ramp_weeks = uniform(6, 36);
    std::vector<double> starts = {-1000};
    for (double at = uniform(-80, 40); starts.size() < kGenerations;)
      starts.push_back(at += life_weeks * uniform(0.6, 1.4));
    for (std::size_t region = 0; region < regions; ++region) {
      add_generations(demand, region, starts, lag_weeks, ramp_weeks);
      for (int niche = 0; niche < 3; ++niche) add_niche(demand, region, niche);
    }
    return demand;
  }

  void add_generations(Demand& demand, std::size_t region, const std::vector<double>& starts,
                       double lag_weeks, double ramp_weeks) {
    const double base = uniform(50, 400), growth = uniform(-0.1, 0.7) / 8760;
    const double day = uniform(0.05, 0.3), weekend = uniform(0, 0.3);
    std::vector<double> begins = starts, ramps(kGenerations, 1);
    for (std::size_t i = 1; i < kGenerations; ++i) {
      begins[i] = starts[i] - lag_weeks * std::log(uniform(1e-9, 1));
      if (i > 1) begins[i] = std::max(begins[i], begins[i - 1] + 8);
      ramps[i] = ramp_weeks * uniform(0.4, 1.8);
    }
    std::vector<std::vector<std::int64_t>> rows(kGenerations, std::vector<std::int64_t>(kHours, 0));
    double fast = 0, slow = 0;
    for (std::size_t hour = 0; hour < kHours; ++hour) {
      const double week = static_cast<double>(hour) / 168;
      fast = 0.9 * fast + 0.02 * normal();
      if (hour % 24 == 0) slow += 0.01 * normal();
      const double swing = 1 + day * std::sin(6.283185307 * static_cast<double>(hour % 24) / 24);
      const double load = base * std::exp(growth * static_cast<double>(hour) + slow + fast) *
                          swing * (hour / 24 % 7 >= 5 ? 1 - weekend : 1);
      double left = 1;  // of the load, for this generation and those before it
      for (std::size_t i = kGenerations; i-- > 0;) {
        const double taken =
            i == 0 ? 1 : 1 / (1 + std::exp(-(week - begins[i] - ramps[i] / 2) / (ramps[i] / 8)));
        rows[i][hour] = std::llround(left * taken * load);
        left -= left * taken;
        if (left < 0.005) left = 0;
      }
    }
    for (std::size_t i = 0; i < kGenerations; ++i)
      add(demand, region, std::string(1, static_cast<char>('A' + i)), rows[i]);
  }

  void add_niche(Demand& demand, std::size_t region, int niche) {
    std::vector<std::int64_t> row(kHours);
    const double size = uniform(1, 15);
    bool up = uniform(0, 1) < 0.5;
    double level = 0;
    for (std::int64_t& count : row) {
      if (uniform(0, 1) < 1.0 / 6000) up = !up;
      level += ((up ? size : 0) - level) * 0.003;
      count = std::max<std::int64_t>(0, std::llround(level * (1 + 0.2 * normal())));
    }
    add(demand, region, "niche" + std::to_string(niche), row);
  }

  static void add(Demand& demand, std::size_t region, const std::string& type,
                  const std::vector<std::int64_t>& row) {
    if (std::all_of(row.begin(), row.end(), [](std::int64_t count) { return count == 0; })) return;
    demand.pools.push_back({std::to_string(region), type});
    demand.counts.insert(demand.counts.end(), row.begin(), row.end());
  }

  std::mt19937_64 random_;
};

}  // namespace steelyard
