#include <algorithm>

#include "base/assert.h"
#include "commitments/checks.h"
#include "commitments/simulate.h"

namespace steelyard {

Result<Marginal> marginal_value(const RateCard& card, const PoolTable& table, const Bill& bill,
                                std::size_t holding, Decimal step, const UsageOfHour& usage,
                                const std::vector<SharingPreference>& sharing) {
  SY_ASSERT(holding < bill.holdings.size());
  const auto with = [&](Decimal amount) -> Result<Bill> {
    std::vector<Holding> holdings = bill.holdings;
    Holding& changed = holdings[holding];
    changed.amount = amount;
    if (amount > kMaxQuantity || fee_per_hour(changed) > kMaxQuantity ||
        multiply(amount, changed.factor) > kMaxQuantity)
      return fail("SY1804", "an amount of " + to_text(amount) + " is beyond the limit", {},
                  "take a smaller step");
    return simulate(card, table, std::move(holdings), bill.begin, bill.hours, usage, sharing);
  };
  if (step <= Decimal{} || step > kMaxQuantity)
    return fail("SY1804", "a step of " + to_text(step), {},
                "a step is above 0 and at most " + to_text(kMaxQuantity));
  const Decimal amount = bill.holdings[holding].amount;
  Marginal marginal;
  marginal.less = std::min(step, amount);
  marginal.more = step;
  auto less = with(amount - marginal.less);
  if (!less) return pass(less);
  auto more = with(amount + step);
  if (!more) return pass(more);
  marginal.less_fee = bill.fees - less->fees;
  marginal.less_avoided = less->on_demand - bill.on_demand;
  marginal.more_fee = more->fees - bill.fees;
  marginal.more_avoided = bill.on_demand - more->on_demand;
  return marginal;
}

}  // namespace steelyard
