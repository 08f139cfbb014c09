// The limit on what goes unused (unused_cap.h), for a plan: the basket problem again, over the year
// ahead, with other scenarios. Behind the door of commitments/.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "commitments/basket.h"
#include "commitments/basket_flow.h"
#include "commitments/unused_cap.h"

namespace steelyard {

class PlanAhead {
 public:
  /// Of `problem`, the first `real_pools` pools are those of `year`; behind them stand as many for
  /// what is used elsewhere.
  PlanAhead(const BasketProblem& problem, std::size_t real_pools, const YearAhead& year,
            int threads);
  PlanAhead(const PlanAhead&) = delete;  // the flow refers to the problem
  PlanAhead& operator=(const PlanAhead&) = delete;

  /// Of what is held, what is bought at the first step, and what follows of one family
  /// alone within a quarter: the rungs of a ladder are one decision.
  UnusedAhead unused(std::span<const double> amounts) const;
  /// Makes those purchases smaller; true if any was (steelyard::keep_within).
  bool keep_within(double max_unused, std::vector<double>& amounts) const;
  /// The limit, for the search. This must outlive it.
  BasketCondition condition(double max_unused) const;
  /// Of UnusedAhead::unused, from its second on.
  const std::string& fading(std::size_t i) const { return names_[i - 1]; }

 private:
  void choose_families(const BasketProblem& problem, const YearAhead& year);
  void set_shares(const YearAhead& year);
  void find_families_of_purchases(const YearAhead& year);
  bool is_within(double max_unused, std::span<const double> amounts) const {
    return !breach_of(max_unused, before_, unused(amounts));
  }
  /// Whether all that a variable covers is of one family.
  bool is_of_one_family(std::size_t variable) const { return family_[variable] != kNoFamily; }
  /// Of the purchases that count.
  std::vector<double> counted(std::span<const double> amounts) const;
  std::vector<BasketLimit> rows(double max_unused, std::span<const double> amounts) const;

  std::size_t real_pools_;
  int threads_;
  BasketProblem ahead_;
  std::optional<BasketFlow> flow_;
  std::vector<std::size_t> fading_;  ///< the family that fades in each scenario from the second on
  std::vector<std::string> names_;
  std::vector<std::size_t> family_;  ///< of each variable
  std::vector<bool> counts_;         ///< of each variable: see `unused`
  std::vector<double> most_;         ///< capacity that may be held at most: [line * steps + step]
  UnusedAhead before_;               ///< with what is held alone
};

}  // namespace steelyard
