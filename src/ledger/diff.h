// Diff: why two amounts differ. Between two periods an exact waterfall; between two versions of the
// lake line by line. Formulas: docs/concepts/change-waterfall.md. Parts always sum to the
// difference to the last digit, or the command stops.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "ledger/report.h"
#include "ledger/views.h"
#include "ledger/where.h"

namespace steelyard {

struct DiffQuestion {
  Period before, after;
  bool billing = false;         ///< the periods are billing periods, not charge periods
  std::vector<std::string> by;  ///< empty: one waterfall per currency
  Basis basis = Basis::kEffective;
  Filter where;
  std::int64_t limit = 20;  ///< rows per currency before "other" (with `by`); 0 = all
};

/// The parts of a change, in the order in which they are shown.
struct Waterfall {
  Decimal before, after;
  Decimal price, usage, mix, commitments, added, gone, credits, tax, fees;
  /// after - before - the sum of all parts; 0 by construction, shown so that it can be seen to be.
  Decimal rounding() const;
  Decimal change() const { return after - before; }
  Waterfall& operator+=(const Waterfall& other);
};

/// Without `by`: rows (part, currency, amount, share of the change) from "before" to "after". With
/// `by`: one row per key with columns before, after, change and one per part. `findings` when
/// anything changed.
Result<Report> diff(Engine& engine, const Charges& charges, const DiffQuestion& question);

struct VersionDiffQuestion {
  std::int64_t before = -1, after = -1;  ///< versions of the table `charges`
  std::string lake;
  std::vector<std::string> by;  ///< further grouping within the classes
  Basis basis = Basis::kEffective;
  Filter where;
  std::optional<Period> period, billing_period;
};

/// Rows: class ("late usage", "restated usage", "re-rate", "refund", "late charge", "restated
/// amortisation", "retag", "relabelled", "invoiced", "removed"), keys, currency, lines before,
/// lines after, amount before, after, change. The changes sum to the difference of the versions
/// exactly (SY1531 if not). Files that both versions share are not read.
Result<Report> diff_versions(Engine& engine, Store& store, const VersionDiffQuestion& question);

}  // namespace steelyard
