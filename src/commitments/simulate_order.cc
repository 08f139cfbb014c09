#include "commitments/simulate_order.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/text.h"

namespace steelyard {
namespace {

/// 0 the owner's own usage, 1 its group, 2 everybody else; nullopt: not shared with this account.
/// Only AWS serves owners first; elsewhere the scope alone says who takes part.
std::optional<int> stage_of(const SharingPreference* preference, const std::string& owner,
                            const std::string& account) {
  if (owner == account) return 0;
  if (preference == nullptr) return 2;
  if (preference->mode == SharingMode::kOff || preference->excluded.count(owner) ||
      preference->excluded.count(account))
    return std::nullopt;
  if (preference->mode == SharingMode::kOrganisation) return 2;
  const auto mine = preference->groups.find(owner), other = preference->groups.find(account);
  const bool same_group = mine != preference->groups.end() && other != preference->groups.end() &&
                          mine->second == other->second;
  if (same_group) return 1;
  if (preference->mode == SharingMode::kRestrictedGroup) return std::nullopt;
  return 2;
}

/// A pair with all that decides its place.
struct Candidate {
  Pair pair;
  int rank = 0, stage = 0;
  int term = 0;                   ///< Azure savings plans: the longer term first
  std::size_t breadth = 0;        ///< pools within the scope: the narrower first; 0 for AWS
  Decimal plan_rate, full_price;  ///< their ratio is what the discount leaves
  std::size_t pool_place = 0, holding_place = 0;
};

/// Greatest discount first: the smallest ratio of rate to full price. Free usage has no discount.
int compare_discounts(const Candidate& a, const Candidate& b) {
  const bool a_free = a.full_price == Decimal{}, b_free = b.full_price == Decimal{};
  if (a_free || b_free) return a_free == b_free ? 0 : a_free ? 1 : -1;
  return compare_fractions(a.plan_rate, a.full_price, b.plan_rate, b.full_price);
}

bool goes_before(const Candidate& a, const Candidate& b) {
  const auto first = [](const Candidate& c) {
    return std::tuple(c.rank, c.stage, c.pair.spend, -c.term, c.breadth);
  };
  if (first(a) != first(b)) return first(a) < first(b);
  if (a.pair.spend) {
    if (const int order = compare_discounts(a, b); order != 0) return order < 0;
    if (a.pair.rate != b.pair.rate) return a.pair.rate < b.pair.rate;
  } else if (a.pair.factor != b.pair.factor) {
    return a.pair.factor < b.pair.factor;
  }
  return std::tuple(a.pool_place, a.holding_place) < std::tuple(b.pool_place, b.holding_place);
}

/// The place of each element in an order by content.
template <class Less>
std::vector<std::size_t> places(std::size_t size, const Less& less) {
  std::vector<std::size_t> order(size), place(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), less);
  for (std::size_t i = 0; i < size; ++i) place[order[i]] = i;
  return place;
}

Result<std::vector<std::pair<std::size_t, std::string>>> positions(const PoolTable& table,
                                                                   const Holding& holding) {
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const auto& [column, value] : holding.scope) {
    const auto at = std::find(table.columns.begin(), table.columns.end(), column);
    if (at == table.columns.end())
      return fail("SY1802",
                  "the demand has no column `" + column + "`, by which a purchase is narrowed", {},
                  "its pool columns are " + join(table.columns, ", "));
    found.emplace_back(static_cast<std::size_t>(at - table.columns.begin()), value);
  }
  return found;
}

/// Completes a pair; false if the holding cannot cover the pool.
bool set_rate(const RateCard& card, const Holding& holding, const Pool& pool,
              Candidate& candidate) {
  const Rate& rate = card.rates[pool.rate];
  if (pool.late || !rate.price[holding.offer]) return false;
  const InstrumentTraits& kind = traits(card.offers[holding.offer].instrument);
  candidate.rank = kind.rank;
  candidate.plan_rate = *rate.price[holding.offer];
  candidate.full_price = rate.on_demand;
  candidate.pair.spend = kind.unit == CommitmentUnit::kSpend;
  candidate.pair.factor = rate.factor;
  candidate.pair.rate = candidate.plan_rate;
  if (!candidate.pair.spend) return true;
  if (kind.provider == Provider::kAzure) {
    candidate.term = card.offers[holding.offer].term_years;
    candidate.full_price = rate.list;
    candidate.pair.rate = std::min(candidate.pair.rate, rate.on_demand);
    return true;
  }
  return candidate.pair.rate <= rate.on_demand;
}

}  // namespace

const SharingPreference* in_force(std::span<const SharingPreference> preferences, Instant hour) {
  const Instant next_month = instant_of(first_of_month(date_of(hour), 1));
  const SharingPreference* found = nullptr;
  for (const SharingPreference& preference : preferences) {
    if (preference.since.micros <= next_month.micros - 1'000'000) found = &preference;
  }
  return found;
}

Result<std::vector<Pair>> application_order(const RateCard& card, const PoolTable& table,
                                            std::span<const Holding> holdings,
                                            const SharingPreference* preference) {
  const auto pool_place = places(table.pools.size(), [&](std::size_t a, std::size_t b) {
    return table.pools[a].key < table.pools[b].key;
  });
  const auto holding_place = places(holdings.size(), [&](std::size_t a, std::size_t b) {
    const auto content = [&](const Holding& h) {
      return std::tie(h.begin, card.offers[h.offer].name, h.scope, h.owner, h.id, h.end, h.amount,
                      h.factor);
    };
    return content(holdings[a]) < content(holdings[b]);
  });
  std::vector<Candidate> candidates;
  for (std::size_t h = 0; h < holdings.size(); ++h) {
    auto wanted = positions(table, holdings[h]);
    if (!wanted) return pass(wanted);
    const bool aws = traits(card.offers[holdings[h].offer].instrument).provider == Provider::kAws;
    const std::size_t begin = candidates.size();
    std::size_t breadth = 0;
    for (std::size_t p = 0; p < table.pools.size(); ++p) {
      const Pool& pool = table.pools[p];
      if (!std::all_of(wanted->begin(), wanted->end(),
                       [&](const auto& w) { return pool.key[w.first] == w.second; }))
        continue;
      ++breadth;
      Candidate candidate;
      if (!set_rate(card, holdings[h], pool, candidate)) continue;
      if (aws) {
        const auto stage = stage_of(preference, holdings[h].owner, pool.account);
        if (!stage) continue;
        candidate.stage = *stage;
      }
      candidate.pair.holding = static_cast<std::uint32_t>(h);
      candidate.pair.pool = static_cast<std::uint32_t>(p);
      candidate.pool_place = pool_place[p];
      candidate.holding_place = holding_place[h];
      candidates.push_back(candidate);
    }
    for (std::size_t i = begin; i < candidates.size() && !aws; ++i) candidates[i].breadth = breadth;
  }
  std::sort(candidates.begin(), candidates.end(), goes_before);
  std::vector<Pair> pairs;
  pairs.reserve(candidates.size());
  for (const Candidate& candidate : candidates) pairs.push_back(candidate.pair);
  return pairs;
}

}  // namespace steelyard
