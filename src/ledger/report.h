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
  kChange,    ///< Decimal: signed money, coloured: more is worse
  kSaving,    ///< Decimal: signed money, coloured: more is better
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

enum class AxisKind {
  kNumber,
  kShare,  ///< 1 is shown as 100 %
  kTime,   ///< seconds since 1970, UTC
};

struct ChartAxis {
  std::string title;  ///< what and in which unit: "cost, USD an hour"
  AxisKind kind = AxisKind::kNumber;
  bool from_zero = false;  ///< the axis holds 0, whatever the data
};

struct ChartPoint {
  double x = 0, y = 0;
};

struct ChartSeries {
  std::string name;
  std::vector<ChartPoint> points;  ///< by rising x; what is not finite is left out
  bool steps = false;              ///< a value holds up to the next point, the last one to the end
};

/// A point of interest: "now", "best".
struct ChartMark {
  std::string name;
  ChartPoint at;
};

/// A line across the picture: a bound, or what is held.
struct ChartLevel {
  std::string name;
  double y = 0;
};

enum class ChartKind {
  kLines,     ///< each series is a curve
  kCoverage,  ///< one falling curve; below it, what lies under each level is shaded (levels rise)
  kStack,     ///< series of steps, each on top of those before it; none is negative
};

/// A picture of what the table says, for the eye: doubles, which nothing reads back as figures.
/// render/ draws it for a terminal and as SVG.
struct Chart {
  std::string title;
  ChartKind kind = ChartKind::kLines;
  ChartAxis x, y;
  std::vector<ChartSeries> series;
  std::vector<ChartMark> marks;
  std::vector<ChartLevel> levels;
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
  std::vector<Chart> charts;
  Provenance provenance;
  bool findings = false;  ///< exit code 1: a difference, a failed check
};

}  // namespace steelyard
