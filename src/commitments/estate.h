// An estate: hourly usage with its prices, what can be committed to, and what is held. All that a
// question about commitments is asked of, whether it was read from files or from bills.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "commitments/demand.h"
#include "commitments/offer.h"
#include "engine/engine.h"

namespace steelyard {

struct Estate {
  Demand demand;
  RateCard card;
  PoolTable table;                 ///< pool i is pool i of the demand
  std::vector<Holding> holdings;   ///< held and queued; offers are those of `card`
  std::string source;              ///< for the provenance: "lake v41", "usage.csv rates.csv"
  std::vector<std::string> notes;  ///< what was left out or assumed, for every answer
};

/// Paths of tables as offer.h and demand.h describe them.
struct EstateFiles {
  DemandFile demand;
  std::string offers, rates;
  std::string holdings;  ///< "" = nothing is held
};

/// The errors of read_demand, read_rate_card, price_pools and read_holdings, each with its file.
Result<Estate> read_estate(Engine& engine, const EstateFiles& files);

}  // namespace steelyard
