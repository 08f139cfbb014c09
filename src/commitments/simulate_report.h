// What a simulated bill says, as a report: by purchase, pool, month, hour or payment. Whatever it
// is grouped by, the total is the same, and the rows sum to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "commitments/simulate.h"
#include "ledger/report.h"

namespace steelyard {

enum class BillGrouping { kPurchase, kPool, kMonth, kHour, kPayment };
/// "purchase", "pool", "month", "hour", "payment", in this order.
const std::vector<std::string>& bill_groupings();
std::optional<BillGrouping> parse_bill_grouping(std::string_view text);

struct BillQuestion {
  BillGrouping by = BillGrouping::kPurchase;
  std::optional<double> cost_of_capital;  ///< yearly; payments are then also shown at present value
  std::vector<Marginal> marginal;         ///< by holding; empty: not asked for
};

/// By purchase: cost, used, unused, share used, what it avoids on demand, what it saves, when it
/// has paid for itself (of the upfront payment; empty when its term is too short for it), the
/// return of what was paid upfront, and what each dollar of the last and of the next step avoids;
/// and a row for what stays on demand. By pool: usage, share covered, the fees used for it, on
/// demand. By month or hour: fees, unused, on demand. By payment: what is due when, to the end of
/// the terms.
Report bill_report(const RateCard& card, const PoolTable& table, const Bill& bill,
                   const BillQuestion& question);

}  // namespace steelyard
