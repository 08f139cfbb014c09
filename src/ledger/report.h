// A Report is what a question returns: typed columns, rows, totals, and where it all comes from.
// render/ turns one Report into each output, so a table, a JSON document and a CSV file can never
// disagree. Money in it is exact; rounding is render's, at the edge.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "engine/engine.h"
#include "money/money.h"

namespace steelyard {

enum class CellKind {
  kText,
  kMoney,     ///< Cell holds a Decimal; the currency is the column's or the row's "currency" column
  kCount,     ///< int64
  kQuantity,  ///< Decimal without currency
  kShare,     ///< double 0..1, shown as per cent
  kChange,    ///< Decimal: signed money, coloured
  kSeries,    ///< text: decimals separated by spaces, drawn as a sparkline
  kInstant,
  kFlag,  ///< bool: a tick or a cross
};

struct ReportColumn {
  std::string name;   ///< machine name, snake_case: "effective_cost"
  std::string title;  ///< "effective"
  CellKind kind = CellKind::kText;
};

/// What every output says of itself (the provenance footer).
struct Provenance {
  std::string basis;  ///< "effective", or "" where it has no meaning
  std::vector<std::string> currencies;
  std::string period;  ///< "2026-07-01/2026-08-01", "" = all
  std::string source;  ///< "lake v41" or the files
  std::int64_t version = -1;
  std::int64_t rows = -1;  ///< charge rows behind the figures
  std::string reconciled;  ///< "yes", "no (Δ 12.34 USD)", "unknown"
  std::string rules;       ///< version of the mapping rules
};

struct Report {
  std::string title;
  std::string question;  ///< canonical JSON of what was asked: the figure id is made of it, explain
                         ///< reads it
  std::vector<ReportColumn> columns;
  std::vector<std::vector<Cell>> rows;
  std::vector<std::vector<Cell>> totals;  ///< one per currency; same columns
  std::vector<std::string>
      notes;  ///< sentences below the table: what was left out, what looks wrong
  Provenance provenance;
  bool findings = false;  ///< exit code 1: a difference, a failed check
};

}  // namespace steelyard
