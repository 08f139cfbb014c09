// Explain: from a figure back to the lines of the bills it is made of.
// A report carries its question as canonical JSON with the amount of each row; the figure id is the
// hash of that text, so the same id means the same question and the same answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/engine.h"
#include "ledger/report.h"
#include "ledger/views.h"
#include "store/store.h"

namespace steelyard {

/// Ten characters of base32 (RFC 4648, lower case) of the question's SHA-256.
std::string figure_id(std::string_view question);

/// What one must open to explain a question.
struct QuestionScope {
  std::string command, lake;
  std::int64_t version = -1, version_before = -1;
  std::optional<Period> period, billing_period;  ///< hulls, for ViewOptions; nothing = all
  std::int64_t rows = 0;                         ///< figures in it
};
/// SY1540 when the text is not a question of ours.
Result<QuestionScope> scope_of(std::string_view question);

struct ExplainOptions {
  std::int64_t row = -1;    ///< row of the report; -1 = its total
  std::string column;       ///< another amount of the row: "before", "price"; "" = the row's own
  std::string currency;     ///< of the total; may be empty when there is one
  std::int64_t limit = 50;  ///< lines listed, 0 = all; all are counted and summed
  bool files_only = false;  ///< only sums per file
  Store* store = nullptr;   ///< of the lake; needed for figures that compare versions
};

/// Rows: file, line, delivery, charge period, what it was for, amount; largest first. A note per
/// file with its count and sum. The sum over all lines must equal the figure exactly: SY1541 if
/// not. SY1542 no such row. A part of a difference that is calculated from sums (price, usage, mix,
/// rounding) has items instead, whose amounts sum to it; their report is a question of its own, and
/// its rows lead to the lines of an item.
Result<Report> explain(Engine& engine, const Charges& charges, std::string_view question,
                       const ExplainOptions& options);

}  // namespace steelyard
