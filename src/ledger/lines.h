// Lines: how a figure is made of rows, as SQL. Behind the ledger's door: explain asks, each
// question answers for its own figures.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "ledger/question.h"
#include "ledger/views.h"
#include "store/store.h"

namespace steelyard {

/// Rows of one relation and what each of them counts. A figure is the sum over one or more sides.
struct Side {
  std::string relation;   ///< SQL, with the columns of the charges
  std::string condition;  ///< on its rows
  std::string amount;     ///< DECIMAL(38,18)
};
using Sides = std::vector<Side>;

/// Of a difference between two periods: the rows behind `part`, one side for each period. `rows` is
/// the condition of the figure's keys and filter. Empty for a part that is calculated from sums.
Result<Sides> sides_of_change(const Charges& charges, const Question& question,
                              const Figure& figure, const std::string& part,
                              const std::string& rows);

/// A part of a difference that is calculated from sums: what an item, or a family of items that
/// stand in for each other, adds to it.
struct ItemPart {
  std::vector<std::optional<std::string>> keys;  ///< values of `by`
  std::vector<std::optional<std::string>> item;  ///< service, unit[, region, SKU]
  Decimal quantity_before, quantity_after, cost_before, cost_after;
  Decimal amount;
};
/// Those that are not 0; their amounts sum to the figure.
Result<std::vector<ItemPart>> items_of_change(Engine& engine, const Charges& charges,
                                              const Question& question, const std::string& part,
                                              const std::string& rows);

/// Of a check of an identity: the lines that fail it, as reconcile counted their amount.
Result<Sides> sides_of_identity(Engine& engine, const Charges& charges, const Question& question,
                                const Figure& figure);

/// Of the classes of changed lines between two versions: one side over the changed lines, which has
/// the further text column "state": came, went, was, is. Makes temporary tables in the engine.
Result<Sides> sides_of_versions(Engine& engine, Store& store, const Question& question,
                                const Figure& figure, const std::string& part);

}  // namespace steelyard
