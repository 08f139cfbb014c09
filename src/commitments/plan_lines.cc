#include "commitments/plan_lines.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "commitments/aws_platform.h"
#include "commitments/exchange.h"
#include "commitments/payments.h"
#include "commitments/plan_variables.h"

namespace steelyard {
namespace {

/// The size with the most usage by its factor, of those that are sold if there are any: four of
/// size 2 are as much as eight of size 1.
std::string usual_size(const PlanHorizon& horizon, std::size_t offer,
                       const std::vector<ScopeValue>& scope) {
  const PoolTable& table = horizon.table;
  const auto column = static_cast<std::size_t>(
      std::find(table.columns.begin(), table.columns.end(), horizon.card().offers[offer].size) -
      table.columns.begin());
  std::map<std::string, double> used;
  for (std::size_t pool = 0; pool < horizon.real_pools; ++pool) {
    Holding any;
    any.offer = offer;
    any.scope = scope;
    if (!covers(horizon.card(), any, table, table.pools[pool])) continue;
    double& sum = used[table.pools[pool].key[column]];
    const double factor = real(horizon.rate_of(pool).factor);
    for (const std::int64_t count : horizon.estate.demand.row(pool).last(horizon.pattern))
      sum += factor * static_cast<double>(count);
  }
  const auto rank = [](const auto& size) {
    return std::pair(!size.first.ends_with(kCluster) && !size.first.ends_with(kIoOptimized),
                     size.second);
  };
  const auto most = std::max_element(
      used.begin(), used.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return most == used.end() ? "" : most->first;
}

/// Present value of a unit's payments over that of paying by the month in arrears.
double annuity(const PlanHorizon& horizon, const Holding& unit) {
  const auto& cost_of_capital = horizon.options.cost_of_capital;
  if (!cost_of_capital) return 1;
  RateCard monthly = horizon.card();
  monthly.offers[unit.offer].upfront_share = {};
  Holding many = unit;
  many.amount = {1000 * kOne};
  const double paid =
      real(present_value(cash_flow(horizon.card(), many), many.begin, *cost_of_capital));
  const double arrears =
      real(present_value(cash_flow(monthly, many), many.begin, *cost_of_capital));
  return arrears > 0 ? paid / arrears : 1;
}

Result<PlanLine> make_line(const PlanHorizon& horizon, std::size_t offer_index,
                           std::vector<ScopeValue> scope) {
  const Offer& offer = horizon.card().offers[offer_index];
  PlanLine line;
  Purchase purchase{offer_index, {kOne}, std::move(scope), horizon.at, {}, "", ""};
  if (!offer.size.empty()) {
    line.size = usual_size(horizon, offer_index, purchase.values);
    purchase.values.emplace_back(offer.size, line.size);
  }
  auto unit = make_holding(horizon.card(), purchase);
  if (!unit) return pass(unit);
  line.unit = std::move(*unit);
  line.grain = offer.unit() == CommitmentUnit::kSpend ? 0.001 : real(line.unit.price);
  line.annuity = annuity(horizon, line.unit);
  return line;
}

/// The offer in each of its scopes.
Status add_lines(const PlanHorizon& horizon, std::size_t offer, std::vector<PlanLine>& lines) {
  for (auto& scope : scopes_of(horizon.card(), horizon.estate.table, offer)) {
    auto line = make_line(horizon, offer, std::move(scope));
    if (!line) return pass(line);
    lines.push_back(std::move(*line));
  }
  return {};
}

std::vector<PlanLine> lines_held(const PlanHorizon& horizon) {
  std::vector<PlanLine> held;
  for (const Holding& holding : horizon.estate.holdings)
    if (holding.end > horizon.at) held.push_back({.unit = holding, .held = true});
  return held;
}

/// The order of the files decides nothing.
void sort_by_content(const RateCard& card, std::vector<PlanLine>& lines) {
  const auto content = [&](const PlanLine& line) {
    const Holding& h = line.unit;
    return std::tie(card.offers[h.offer].name, h.scope, h.begin, h.end, h.amount, h.owner, h.id);
  };
  std::stable_sort(lines.begin(), lines.end(),
                   [&](const PlanLine& a, const PlanLine& b) { return content(a) < content(b); });
}

/// Leaves out what earns its price later than allowed even if it is always used: so many months on
/// demand cost as much as the whole term. How many that were.
std::size_t drop_slow(const PlanHorizon& horizon, std::vector<PlanLine>& bought) {
  const auto most = horizon.options.max_break_even_months;
  if (!most) return 0;
  return std::erase_if(bought, [&](const PlanLine& line) {
    double best = 1;
    for (std::size_t pool = 0; pool < horizon.real_pools; ++pool)
      if (const auto ratio = ratio_of(horizon, line, pool)) best = std::min(best, *ratio);
    return best * kMonthsPerYear * horizon.offer_of(line.unit).term_years > *most;
  });
}

/// What a line costs, and takes of each limit on money, for a fee of 1 an hour.
std::vector<double> takes_of(const PlanHorizon& horizon, const std::vector<MoneyLimit>& limits,
                             const PlanLine& line) {
  std::vector<double> takes{line.annuity};
  const auto hours =
      static_cast<double>((line.unit.end.micros - line.unit.begin.micros) / kMicrosPerHour);
  const double upfront_share = real(horizon.offer_of(line.unit).upfront_share);
  for (const MoneyLimit& limit : limits) takes.push_back(limit.weight(hours, upfront_share, 0));
  return takes;
}

/// Of lines that cover the same for the same time in the same place of the order, only those stay
/// that are the cheapest for something, or take the least of a limit for it.
void drop_dominated(const PlanHorizon& horizon, std::vector<PlanLine>& bought) {
  const std::vector<MoneyLimit> limits = money_limits(horizon, {});
  std::vector<std::vector<double>> takes;
  for (const PlanLine& line : bought) takes.push_back(takes_of(horizon, limits, line));
  const auto place = [&](const PlanLine& line) {
    const Offer& offer = horizon.offer_of(line.unit);
    return std::tie(offer.instrument, offer.term_years, line.unit.scope, line.size);
  };
  // In the first so many of what it takes.
  const auto no_better = [&](std::size_t a, std::size_t b, std::size_t count) {
    for (std::size_t pool = 0; pool < horizon.real_pools; ++pool) {
      const auto ra = ratio_of(horizon, bought[a], pool), rb = ratio_of(horizon, bought[b], pool);
      if (!ra) continue;
      if (!rb) return false;
      for (std::size_t i = 0; i < count; ++i)
        if (*ra * takes[a][i] < *rb * takes[b][i] * (1 - 1e-12)) return false;
    }
    return true;
  };
  const auto comes_first = [&](std::size_t a, std::size_t b) {
    return is_preferred(horizon, bought[a], bought[b]) ||
           (a < b && !is_preferred(horizon, bought[b], bought[a]));
  };
  std::vector<PlanLine> kept;
  for (std::size_t i = 0; i < bought.size(); ++i) {
    bool drop = false;
    for (std::size_t j = 0; j < bought.size() && !drop; ++j)
      drop = i != j && place(bought[i]) == place(bought[j]) && no_better(i, j, takes[i].size()) &&
             (!no_better(j, i, 1) || comes_first(j, i));
    if (!drop) kept.push_back(bought[i]);
  }
  bought = std::move(kept);
}

/// What some of `held` may be exchanged for.
Result<std::vector<PlanLine>> find_targets(const PlanHorizon& horizon,
                                           const std::vector<PlanLine>& held) {
  std::vector<PlanLine> targets;
  const RateCard& card = horizon.card();
  const bool any =
      horizon.options.exchanges && std::any_of(held.begin(), held.end(), [&](const PlanLine& line) {
        return can_be_exchanged(horizon, line.unit);
      });
  for (std::size_t offer = 0; any && offer < card.offers.size(); ++offer) {
    if (!is_convertible(card.offers[offer])) continue;
    if (Status added = add_lines(horizon, offer, targets); !added) return pass(added);
  }
  for (PlanLine& line : targets) {
    line.held = line.target = true;
    line.unit.amount = {};
  }
  return targets;
}

}  // namespace

Result<PlanLines> find_lines(const PlanHorizon& horizon) {
  const RateCard& card = horizon.card();
  PlanLines found;
  std::vector<PlanLine> held = lines_held(horizon), bought;
  for (std::size_t o = 0; o < card.offers.size(); ++o) {
    const Offer& offer = card.offers[o];
    const bool is_too_long =
        offer.term_years > horizon.options.max_term_years ||
        static_cast<std::size_t>(offer.term_years * kMonthsPerYear) > horizon.months;
    if (is_too_long)
      found.left_out.push_back(offer.name);
    else if (Status added = add_lines(horizon, o, bought); !added)
      return pass(added);
  }
  found.slow = drop_slow(horizon, bought);
  sort_by_content(card, held);
  sort_by_content(card, bought);
  drop_dominated(horizon, bought);
  if (bought.empty())
    return fail("SY1850", "no offer can be bought for this usage", "",
                !found.left_out.empty()
                    ? "the terms of " + join(found.left_out, ", ") + " are longer than the horizon"
                : found.slow > 0       ? "each breaks even later than the limit allows"
                : !card.origin.empty() ? "the bill tells no rates for it: " + card.origin
                                       : "look at the offers' columns in the table of rates");
  auto targets = find_targets(horizon, held);
  if (!targets) return pass(targets);
  found.lines = std::move(held);
  for (std::vector<PlanLine>* more : {&bought, &*targets})
    found.lines.insert(found.lines.end(), std::make_move_iterator(more->begin()),
                       std::make_move_iterator(more->end()));
  return found;
}

std::optional<double> ratio_of(const PlanHorizon& horizon, const PlanLine& line, std::size_t pool) {
  const RateCard& card = horizon.card();
  if (!covers(card, line.unit, horizon.table, horizon.table.pools[pool])) return std::nullopt;
  const Rate& rate = horizon.rate_of(pool);
  const double on_demand = real(rate.on_demand);
  if (on_demand <= 0) return std::nullopt;
  if (card.offers[line.unit.offer].unit() == CommitmentUnit::kSpend)
    return std::min(real(*rate.price[line.unit.offer]), on_demand) / on_demand;
  return real(line.unit.price) * real(rate.factor) / real(line.unit.factor) / on_demand;
}

bool is_preferred(const PlanHorizon& horizon, const PlanLine& line, const PlanLine& other) {
  const auto terms = [&](const PlanLine& of) {
    const Offer& offer = horizon.offer_of(of.unit);
    return std::tie(offer.upfront_share, offer.term_years, offer.name);
  };
  return terms(line) < terms(other);
}

bool can_be_exchanged(const PlanHorizon& horizon, const Holding& holding) {
  const auto has_its_id = [&](const Holding& other) {
    return other.id == holding.id && other.end > horizon.at;
  };
  const std::vector<Holding>& all = horizon.estate.holdings;
  return is_convertible(horizon.offer_of(holding)) && holding.amount > Decimal{} &&
         holding.begin < horizon.at &&
         holding.end.micros - horizon.at.micros >= 24 * kMicrosPerHour && !holding.id.empty() &&
         std::count_if(all.begin(), all.end(), has_its_id) == 1;
}

}  // namespace steelyard
