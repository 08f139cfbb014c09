// Behind commitment_status.h: what is held, from whichever source, and the reports that are made of
// it. The own bill (status_of_bill.cc) and an estate (status_of_estate.cc) fill a Standing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "commitments/commitment_status.h"
#include "ledger/report.h"
#include "money/decimal.h"

namespace steelyard {

/// Money of usage that commitments could cover, and of the commitments.
struct Tally {
  Decimal list, contracted;         ///< on demand equivalent of all coverable usage
  Decimal covered_list, covered;    ///< of what commitments paid for
  Decimal used, unused, on_demand;  ///< cost
  Decimal cost() const { return used + unused + on_demand; }
  Decimal saved() const { return contracted - cost(); }
  Tally& operator+=(const Tally& other) {
    list += other.list;
    contracted += other.contracted;
    covered_list += other.covered_list;
    covered += other.covered;
    used += other.used;
    unused += other.unused;
    on_demand += other.on_demand;
    return *this;
  }
};

/// A commitment as it stands in the reports.
struct HeldRow {
  std::string name, kind, owner, scope;
  Instant begin, end;
  bool end_known = true;
  Decimal fee;  ///< an hour
  Decimal used, unused, covered;
  std::optional<Decimal> simulated;       ///< used, as the simulator would have it
  std::map<std::string, Decimal> series;  ///< used by day
};

/// All that the reports are made of, from whichever source.
struct Standing {
  std::string currency, source;
  Instant begin, end;  ///< of the usage
  std::vector<std::string> label_titles;
  std::map<std::vector<std::string>, Tally> groups;
  std::map<std::string, Decimal> owned;  ///< cost of commitments by owner
  std::vector<HeldRow> held;
  Tally total;
  std::vector<std::string> notes;
};

/// "2026-07-01", "2026-07".
std::string day_of(Instant instant);
std::string month_of(Instant instant);
/// "family=m5 region=eu-west-1"
std::string scope_text(const std::vector<ScopeValue>& scope);

/// Rows by `by`, totals, pictures, and what the figures say in sentences.
Report status_report(const Standing& standing, StatusGrouping by);

}  // namespace steelyard
