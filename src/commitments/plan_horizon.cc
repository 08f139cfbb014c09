#include "commitments/plan_horizon.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace steelyard {
namespace {

tl::unexpected<Error> out_of_range(const std::string& what, const std::string& fix) {
  return fail("SY1851", what, "", fix);
}

Status check(const PlanOptions& options) {
  if (options.risk < 0 || options.risk > 1)
    return out_of_range("a risk of " + std::to_string(options.risk), "it lies from 0 to 1");
  if (options.scenarios < 1 || options.scenarios > 64)
    return out_of_range(std::to_string(options.scenarios) + " scenarios", "from 1 to 64");
  if (options.max_unused && (*options.max_unused <= 0 || *options.max_unused > 1))
    return out_of_range("a share unused of " + std::to_string(*options.max_unused),
                        "it lies above 0 and up to 100 %");
  if (const auto months = options.horizon_months; months && (*months < 1 || *months > 60))
    return out_of_range("a horizon of " + std::to_string(*months) + " months", "from 1 to 60");
  return {};
}

/// In years.
int longest_term(const RateCard& card, int most) {
  int longest = 0;
  for (const Offer& offer : card.offers)
    if (offer.term_years <= most) longest = std::max(longest, offer.term_years);
  return longest;
}

PoolTable with_elsewhere(const PoolTable& real) {
  PoolTable table = real;
  for (std::size_t pool = 0; pool < real.pools.size(); ++pool) {
    Pool elsewhere = real.pools[pool];
    for (std::string& value : elsewhere.key) value = "\x01";  // no text of a file
    if (!elsewhere.key.empty()) elsewhere.key.back() += std::to_string(pool);
    table.pools.push_back(std::move(elsewhere));
  }
  return table;
}

}  // namespace

Instant PlanHorizon::begin_of(std::size_t month) const {
  return {at.micros + static_cast<std::int64_t>(month) * kMonthMicros};
}

Instant PlanHorizon::middle_of(std::size_t month) const {
  return {begin_of(month).micros + kMonthMicros / 2};
}

Result<PlanHorizon> horizon_of(const Estate& estate, const PlanOptions& options) {
  if (Status sound = check(options); !sound) return pass(sound);
  const Demand& demand = estate.demand;
  if (demand.hours == 0 || demand.pools.empty())
    return fail("SY1850", "there is no usage to plan for", "", "give demand of at least a week");
  if (demand.hours < kWeekHours)
    return fail("SY1850",
                (demand.hours == 1 ? std::string("there is only 1 hour")
                                   : "there are only " + std::to_string(demand.hours) + " hours") +
                    " of usage to plan from",
                "", "a plan repeats at least a week: give more demand, or a longer --period");
  const int months = options.horizon_months.value_or(
      longest_term(estate.card, options.max_term_years) * kMonthsPerYear);
  return PlanHorizon{.estate = estate,
                     .options = options,
                     .at = demand.hour(demand.hours),
                     .months = static_cast<std::size_t>(months),
                     .pattern = std::min(kWeekHours, demand.hours),
                     .table = with_elsewhere(estate.table),
                     .real_pools = estate.table.pools.size()};
}

Decimal decimal(double value, int decimals) {
  double scale = 1;
  Int128 unit = kOne;
  for (int i = 0; i < decimals; ++i) {
    scale *= 10;
    unit /= 10;
  }
  return {static_cast<Int128>(std::llround(value * scale)) * unit};
}

}  // namespace steelyard
