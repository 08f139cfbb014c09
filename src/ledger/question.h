// What was asked and what was answered, as canonical JSON: equal questions with equal answers are
// equal text. Behind the ledger's door.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engine/engine.h"
#include "ledger/columns.h"
#include "ledger/report.h"
#include "ledger/views.h"
#include "ledger/where.h"
#include "money/money.h"

namespace steelyard {

/// A figure of a report, and how it is made of lines.
struct Figure {
  std::vector<std::optional<std::string>>
      keys;            ///< values of `by`; nothing = the lines have no value
  bool other = false;  ///< all lines that no listed row holds
  std::string currency;
  Decimal amount;
  /// What of those lines `amount` is: a side or part of a difference ("before", "price"), a class
  /// of changed lines, a check of an identity. "" = their cost.
  std::string part;
  std::map<std::string, Decimal> columns;  ///< further amounts of the row: part -> amount
  /// Of a difference: the item within the keys: service, unit, region, SKU; or a family of items:
  /// service, unit.
  std::vector<std::optional<std::string>> item;
};

struct Question {
  std::string command, lake;
  std::int64_t version = -1, version_before = -1;
  std::vector<std::string> by;
  Basis basis = Basis::kEffective;
  std::optional<Period> period, billing_period;
  std::optional<Period> before;  ///< what `period` or `billing_period` is compared with
  std::string where;
  std::int64_t limit = 0;
  std::string options;  ///< further ones of the command, in a fixed order
  std::vector<Figure> figures, totals;
};

/// Figures beyond this many are not listed, and so cannot be explained one by one.
inline constexpr std::size_t kMaxFigures = 10'000;

std::string to_json(const Question& question);
/// SY1540 when the text is not one.
Result<Question> parse_question(std::string_view text);

/// "2026-07-01/2026-08-01", "" for nothing.
std::string period_text(const std::optional<Period>& period);

/// The conditions of a question on time and rows, joined by AND; never empty.
Result<std::string> sql_of_selection(const std::optional<Period>& period,
                                     const std::optional<Period>& billing_period,
                                     const Filter& where, const std::vector<SchemaField>& schema,
                                     Basis basis);

/// `column` of the basis as a quoted identifier.
std::string cost_sql(Basis basis);
/// The billing currency of a row: a constant where only one occurs, which spares the engine a group
/// key.
std::string currency_sql(const Charges& charges);

/// The Decimal of a cell of a sum; 0 for null.
Decimal decimal_of(const Cell& cell);
std::int64_t integer_of(const Cell& cell);
std::optional<std::string> text_of(const Cell& cell);

/// The footer for charges.
Provenance provenance_of(const Charges& charges, Basis basis, const std::optional<Period>& period,
                         const std::optional<Period>& billing_period);

/// "other (12 more)".
std::string other_label(std::int64_t rows);

}  // namespace steelyard
