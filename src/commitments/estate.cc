#include "commitments/estate.h"

namespace steelyard {

Result<Estate> read_estate(Engine& engine, const EstateFiles& files) {
  Estate estate;
  auto card = read_rate_card(engine, files.offers, files.rates);
  if (!card) return pass(card);
  estate.card = std::move(*card);
  auto demand = read_demand(engine, files.demand);
  if (!demand) return pass(demand);
  estate.demand = std::move(*demand);
  auto table = price_pools(estate.card, estate.demand.pool_columns, estate.demand.pools);
  if (!table) {
    table.error().where = table.error().code == "SY1803" ? files.rates : files.demand.path;
    return pass(table);
  }
  estate.table = std::move(*table);
  if (files.demand.late_after_hours)
    for (Pool& pool : estate.table.pools) pool.late = pool.key.back() == kLateColumn;
  estate.source = files.demand.path + " " + files.offers + " " + files.rates;
  if (!files.holdings.empty()) {
    auto holdings = read_holdings(engine, files.holdings, estate.card, estate.demand.first_hour);
    if (!holdings) return pass(holdings);
    estate.holdings = std::move(*holdings);
    estate.source += " " + files.holdings;
  }
  return estate;
}

}  // namespace steelyard
