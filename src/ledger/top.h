// Top: who spends. Charges grouped by any columns and tags, one total per currency, the rest in one
// explicit row.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "ledger/report.h"
#include "ledger/views.h"
#include "ledger/where.h"

namespace steelyard {

enum class Grain { kNone, kDay, kMonth };

struct TopQuestion {
  std::vector<std::string> by = {"service"};  ///< names for resolve_dimension
  Basis basis = Basis::kEffective;
  std::optional<Period> period;  ///< charges that begin in it
  std::optional<Period> billing_period;
  Filter where;
  std::int64_t limit = 20;  ///< rows per currency before "other"; 0 = all
  bool compare = false;     ///< also the period before `period` (or before `billing_period`)
  Grain series =
      Grain::kNone;  ///< a series per row over the period (needs `period` or `billing_period`)
};

/// Columns: one per `by` (kText; null = the rows have no value there), currency, "<basis>_cost"
/// (kMoney), share, with compare "before" (kMoney), "change" (kChange) and "change_share", with
/// series "series", rows (kCount). Order: currency, amount falling, keys. When the question covers
/// whole deliveries the total must equal the control sums of the log: SY1530 if not, with both
/// figures. SY1505 compare or series without a period.
Result<Report> top(Engine& engine, const Charges& charges, const TopQuestion& question);

}  // namespace steelyard
