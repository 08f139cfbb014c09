// What is held out of an estate: the simulator's figures.
#include <algorithm>
#include <set>

#include "commitments/status_report.h"

namespace steelyard {

namespace {

class EstateStatus {
 public:
  EstateStatus(const Estate& estate, StatusGrouping by) : estate_(estate), by_(by) {}

  Result<Report> make(const std::vector<SharingPreference>& sharing) {
    std::map<std::pair<std::size_t, std::string>, Decimal> series;
    const auto look = [&](const HourBill& hour) {
      const std::string day = day_of(hour.hour);
      for (const Piece& piece : hour.pieces) series[{piece.holding, day}] += piece.cost;
      if (is_time()) by_hour(hour);
    };
    auto bill =
        simulate(estate_.card, estate_.table, estate_.holdings, estate_.demand, sharing, look);
    if (!bill) return pass(bill);
    standing_.currency = estate_.card.currency;
    standing_.source = estate_.source;
    standing_.notes = estate_.notes;
    standing_.begin = estate_.demand.first_hour;
    standing_.end = estate_.demand.hour(estate_.demand.hours);
    for (std::size_t h = 0; h < bill->holdings.size(); ++h) {
      const Holding& holding = bill->holdings[h];
      const HoldingTotal& total = bill->by_holding[h];
      HeldRow row;
      row.name = holding.id.empty() ? std::to_string(h + 1) : holding.id;
      row.kind = estate_.card.offers[holding.offer].name;
      row.owner = holding.owner;
      row.scope = scope_text(holding.scope);
      row.begin = holding.begin;
      row.end = holding.end;
      row.fee = fee_per_hour(holding);
      row.used = total.used;
      row.unused = total.unused;
      row.covered = total.covered_on_demand;
      for (const auto& [key, used] : series)
        if (key.first == h) row.series[key.second] += used;
      standing_.held.push_back(std::move(row));
      if (by_ == StatusGrouping::kOwner) standing_.owned[holding.owner] += total.fee;
    }
    if (is_time()) {
      standing_.label_titles = {status_groupings()[static_cast<std::size_t>(by_)]};
    } else {
      by_pool(*bill);
    }
    for (const auto& [names, tally] : standing_.groups) standing_.total += tally;
    return status_report(standing_, by_);
  }

 private:
  bool is_time() const {
    return by_ == StatusGrouping::kHour || by_ == StatusGrouping::kDay ||
           by_ == StatusGrouping::kMonth;
  }

  const Rate& rate_of(std::size_t pool) const {
    return estate_.card.rates[estate_.table.pools[pool].rate];
  }

  void by_hour(const HourBill& hour) {
    std::string label = by_ == StatusGrouping::kHour  ? format_instant(hour.hour)
                        : by_ == StatusGrouping::kDay ? day_of(hour.hour)
                                                      : month_of(hour.hour);
    Tally& tally = standing_.groups[{std::move(label)}];
    tally.contracted += hour.on_demand_equivalent;
    tally.covered += hour.on_demand_equivalent - hour.total_on_demand;
    tally.used += hour.fees - hour.total_unused;
    tally.unused += hour.total_unused;
    tally.on_demand += hour.total_on_demand;
    for (std::size_t p = 0; p < hour.usage.size(); ++p) {
      tally.list += multiply(hour.usage[p], rate_of(p).list);
      tally.covered_list += multiply(hour.usage[p] - hour.uncovered[p], rate_of(p).list);
    }
  }

  void by_pool(const Bill& bill) {
    std::vector<std::size_t> places;
    const auto& columns = estate_.table.columns;
    std::set<std::string> wanted;
    if (by_ == StatusGrouping::kOwner) {
      wanted.insert("account");
    } else if (by_ == StatusGrouping::kScope) {
      for (const Offer& offer : estate_.card.offers)
        wanted.insert(offer.scope.begin(), offer.scope.end());
      if (wanted.empty()) wanted.insert(columns.begin(), columns.end());
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (wanted.count(columns[i]) == 0) continue;
      places.push_back(i);
      standing_.label_titles.push_back(columns[i]);
    }
    if (standing_.label_titles.empty())
      standing_.label_titles = {by_ == StatusGrouping::kOwner ? "account" : "all"};
    for (std::size_t p = 0; p < bill.by_pool.size(); ++p) {
      const PoolTotal& total = bill.by_pool[p];
      std::vector<std::string> names;
      for (const std::size_t place : places) names.push_back(estate_.table.pools[p].key[place]);
      if (names.empty()) names = {""};
      Tally& tally = standing_.groups[std::move(names)];
      tally.contracted += total.on_demand_equivalent;
      tally.covered += total.on_demand_equivalent - total.on_demand;
      tally.list += multiply(total.usage, rate_of(p).list);
      tally.covered_list += multiply(total.covered, rate_of(p).list);
      tally.used += total.commitment_cost;
      tally.on_demand += total.on_demand;
    }
    for (std::size_t h = 0; h < bill.holdings.size(); ++h) {
      const Holding& holding = bill.holdings[h];
      std::vector<std::string> names;
      if (by_ == StatusGrouping::kOwner) {
        names = {holding.owner};
      } else {
        for (const std::string& title : standing_.label_titles) {
          const auto at = std::find_if(holding.scope.begin(), holding.scope.end(),
                                       [&](const auto& value) { return value.first == title; });
          names.push_back(at == holding.scope.end() ? "" : at->second);
        }
      }
      standing_.groups[std::move(names)].unused += bill.by_holding[h].unused;
    }
  }

  const Estate& estate_;
  StatusGrouping by_;
  Standing standing_;
};

}  // namespace

Result<Report> commitment_status(const Estate& estate, StatusGrouping by,
                                 const std::vector<SharingPreference>& sharing) {
  return EstateStatus(estate, by).make(sharing);
}

}  // namespace steelyard
