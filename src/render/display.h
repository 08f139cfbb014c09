// Display: the rounding edge. Turns a Report's exact cells into texts of one decimal grain a
// currency, so that in each column the rounded parts sum to the rounded total. Shared by the
// outputs that people read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger/report.h"

namespace steelyard {

struct DisplayCell {
  std::string text;  ///< not yet escaped
  bool null = false;
  int sign = 0;         ///< of money and changes as rounded
  double fraction = 0;  ///< of a share
};

struct Display {
  std::vector<ReportColumn> columns;
  std::vector<std::vector<DisplayCell>> rows;
  std::vector<std::vector<DisplayCell>> totals;
};

/// The currency of a row: its "currency" cell, else the report's only currency, else "".
std::string currency_of_row(const Report& report, const std::vector<Cell>& row);
/// Whether outputs without a header line need a currency column of their own: money is shown, one
/// currency, no such column yet.
bool lacks_currency_column(const Report& report);

/// `thousands` groups digits. `total_label` fills the first cell of a totals row that is null.
Display display_of(const Report& report, bool thousands);

bool is_money(CellKind kind);
bool is_signed_money(CellKind kind);
bool is_numeric(CellKind kind);

}  // namespace steelyard
