// What is held: coverage, utilisation, savings, waste and what ends when; out of the own bill,
// where the figures are sums of its charges, or out of an estate by simulating it.
//
// ON DEMAND EQUIVALENT is what coverable usage (own_bill.h) would cost without commitments:
// ContractedCost at negotiated prices, ListCost at list prices. COST is used + unused of the
// commitments + what stays on demand.
//   coverage     share of the on demand equivalent that commitments paid for
//   utilisation  used / (used + unused)
//   saved        on demand equivalent at negotiated prices - cost
//   effective savings rate (ESR)  saved / on demand equivalent: what commitments alone save; at
//                list prices negotiated discounts are in it too
// Commitments that are not applied by the hour are named and are in none of these.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "commitments/estate.h"
#include "commitments/own_bill.h"
#include "commitments/simulate.h"
#include "ledger/report.h"

namespace steelyard {

enum class StatusGrouping { kPurchase, kScope, kOwner, kHour, kDay, kMonth, kExpiry };
/// "purchase", "scope", ...: in the order of the enumeration.
const std::vector<std::string>& status_groupings();
std::optional<StatusGrouping> parse_status_grouping(std::string_view text);

/// Of the own bill. Where the simulator can bill it too, what it would have used stands beside what
/// the provider used. The errors of estate_of_bill, but a bill that is not by the hour has a status
/// as well.
Result<Report> commitment_status(Engine& engine, const OwnBill& bill, StatusGrouping by,
                                 const std::vector<SharingPreference>& sharing = {});
/// Of an estate: the simulator's figures.
Result<Report> commitment_status(const Estate& estate, StatusGrouping by,
                                 const std::vector<SharingPreference>& sharing = {});

}  // namespace steelyard
