// Policies: rules that say how much to buy at a date. The rivals are those that providers and peers
// use; each nets what is held at the date, all that was bought before it included, so that a gap is
// not bought twice while the window still shows it uncovered. Ours asks what became of usage like
// this: a commitment is bought as far down as usage has lasted, not as far up as it stands today.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "commitments/backtest.h"
#include "commitments/plan.h"
#include "commitments/unused_cap.h"

namespace steelyard {

/// The best level of the last `window_hours`, less what is held (AWS: 7, 30 or 60 days).
/// `share_percent` of the level is aimed at (CUDly: 80). Every `every`-th decision is taken.
PolicyMaker look_back(std::size_t window_hours, int share_percent = 100, std::size_t every = 1);
/// The minimum of the window (Google Cloud, "stable usage").
PolicyMaker look_back_minimum(std::size_t window_hours);
/// The lower of the best levels of a long and a short window (Azure: 30 and 3 days).
PolicyMaker lower_of(std::size_t long_hours, std::size_t short_hours);
/// Wang, Li, Liang (arXiv 1305.5608), deterministic: a unit is reserved once it would have paid for
/// itself over the term that just ended; (2 - alpha)-competitive without any forecast.
PolicyMaker break_even();
/// The best level of what the window shows as uncovered, whatever was bought since: a mistake.
/// After a purchase it buys the same gap again. Here to be told apart from the others, never to be
/// used.
PolicyMaker uncovered_gap(std::size_t window_hours);

/// How far usage lasts, learnt week by week from the history of all pools before the date. A moment
/// of a pool is described by two things: how its last three days compare with those a week before,
/// and what is left of the pools that share a value with it (the same type in other regions), of
/// their own peaks. For moments of each description it counts, week by week ahead, in which share
/// of hours usage stayed above a multiple of the level at that moment; that is the expected use of
/// a commitment of this size, and it is bought while the use exceeds its price. Never above the
/// best level of the last 7 days. The constants were chosen on synthetic traces of pools that grow,
/// are replaced by a next generation and die (tests/commitments/synthetic.h), not on real ones.
PolicyMaker lasting_use();

struct ScenarioOptions {
  std::size_t scenarios = 8;  ///< equally likely ways of every pool
  std::size_t steps = 6;      ///< parts of the term that a way tells apart
  /// What a pool may hold is bought over so many weeks, not at once: what is not bought yet cannot
  /// outlive its usage, and history tells more each week. Chosen on synthetic traces.
  double ladder_weeks = 13;
  /// The most of all commitments, by price, that may go unused over the year ahead, also if the
  /// usage of any one family fades away within half a year (unused_cap.h).
  std::optional<double> max_unused = {};
};
/// For a plan over all pools beside commitments of the pools: the exact best portfolio over
/// scenarios (PortfolioSolver). In a scenario each pool goes the way that usage like its own once
/// went; what leaves a pool is used elsewhere, where only the plan covers it. What is held counts
/// as cover.
PolicyMaker scenario_portfolio(const ScenarioOptions& options = {});
/// The exact best portfolio on the last `window_hours` as they were: no scenario.
PolicyMaker look_back_portfolio(std::size_t window_hours);
/// Only the plan, by look-back.
PolicyMaker plan_only(std::size_t window_hours);

/// What `plan` would buy at each date (plan.h): it knows what it bought before and when that ends.
/// It learns from what lies before the date and nothing else. However often it is asked, it
/// decides once in four weeks, and when a term has ended: a plan that is asked each week until it
/// buys, buys on every first peak.
PolicyMaker planned(const PlanOptions& options = {});

struct NamedPolicy {
  std::string name;
  PolicyMaker make;
};
/// Ours: `with_plan` for terms with a plan, which alone have a limit on what goes unused.
std::vector<NamedPolicy> our_policies(bool with_plan, std::optional<double> max_unused = {});
/// The rivals of a back-test, in the order in which they are shown. `step_hours`: between
/// decisions, of which some rules take only one in 4, 13 or 52 weeks.
std::vector<NamedPolicy> rival_policies(std::size_t step_hours = 168);
/// Those that buy the plan.
std::vector<NamedPolicy> rival_policies_with_plan();

}  // namespace steelyard
