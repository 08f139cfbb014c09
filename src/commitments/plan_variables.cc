#include "commitments/plan_variables.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "commitments/payments.h"

namespace steelyard {
namespace {

// ---- narrow commitments

/// The best ratio at which a line of a wider scope that can be bought covers the pool.
std::optional<double> wider_ratio(const PlanHorizon& horizon, const std::vector<PlanLine>& lines,
                                  const PlanLine& line, std::size_t pool) {
  std::optional<double> best;
  for (const PlanLine& other : lines) {
    if (other.held || other.unit.scope.size() >= line.unit.scope.size()) continue;
    const auto ratio = ratio_of(horizon, other, pool);
    if (ratio && (!best || *ratio < *best)) best = ratio;
  }
  return best;
}

/// Where a wider line could cover the same usage instead, a narrow one is bought no further than
/// usage is expected to last in so many hours that the narrow price pays beside the wide one, and
/// that over a quarter: what is not bought yet cannot outlive its usage.
struct Narrow {
  bool has_wider = false;
  double most = 0;           ///< money an hour of the line
  double rung = 0;           ///< in a month: a third of all that may be held
  double lately = 0;         ///< bought within the last month
  std::vector<double> ends;  ///< of what is held: by the month in which it ends

  Narrow(const PlanHorizon& horizon, const std::vector<PlanLine>& lines, const PlanLine& line,
         const UseHistory& history);
  double most_in(std::size_t month, std::size_t term) const;
};

Narrow::Narrow(const PlanHorizon& horizon, const std::vector<PlanLine>& lines, const PlanLine& line,
               const UseHistory& history)
    : ends(horizon.months, 0) {
  for (std::size_t pool = 0; pool < horizon.real_pools; ++pool) {
    const auto ratio = ratio_of(horizon, line, pool);
    if (!ratio) continue;
    const auto wide = wider_ratio(horizon, lines, line, pool);
    if (!wide) {
      most = std::numeric_limits<double>::infinity();
      continue;
    }
    has_wider = true;
    const auto lasting = history.lasting_level(pool, std::min(1.0, *ratio / *wide));
    most += real(horizon.estate.demand.quantity(lasting)) * real(horizon.rate_of(pool).on_demand) *
            *ratio;
  }
  rung = std::ceil(most / kQuarter / line.grain) * line.grain;
  for (const PlanLine& held : lines) {
    if (!held.held || held.unit.scope != line.unit.scope) continue;
    const double fee = real(fee_per_hour(held.unit));
    most -= fee;
    if (held.unit.begin.micros > horizon.at.micros - kMonthMicros) lately += fee;
    const auto end =
        static_cast<std::size_t>((held.unit.end.micros - horizon.at.micros) / kMonthMicros);
    if (end < horizon.months) ends[end] += fee;
  }
  most = std::max(0.0, most);
}

/// What may be bought of it in a month: a rung of the ladder, later what replaces that which has
/// ended since the quarter before.
double Narrow::most_in(std::size_t month, std::size_t term) const {
  if (month < kQuarter) return std::clamp(rung - (month == 0 ? lately : 0), 0.0, most);
  double ended = month % term == 0 ? std::min(most, kQuarter * rung) : 0;
  for (std::size_t m = month - kQuarter; m < month; ++m) ended += ends[m];
  return ended;
}

/// Variables of one rung: what may be bought in a month in a narrow scope, whichever of its offers
/// it is of.
using Rungs = std::map<std::pair<std::vector<ScopeValue>, std::size_t>, std::vector<std::size_t>>;

void share_rungs(const Rungs& rungs, BasketProblem& basket) {
  for (const auto& [rung, variables] : rungs) {
    if (variables.size() < 2) continue;
    BasketLimit limit{std::vector<double>(basket.variables.size(), 0), 1};
    for (const std::size_t v : variables)
      if (const double most = basket.variables[v].most; most > 0) limit.weight[v] = 1 / most;
    basket.limits.push_back(std::move(limit));
  }
}

// ---- ways to pay

/// Of each line that can be bought, others that cover the same at the same cost and are preferred.
std::vector<std::vector<std::size_t>> preferred_lines(const PlanHorizon& horizon,
                                                      const std::vector<PlanLine>& lines) {
  const auto place = [&](const PlanLine& line) {
    return std::tuple(horizon.offer_of(line.unit).instrument, line.unit.scope, line.size,
                      line.grain, line.annuity);
  };
  std::map<decltype(place(lines[0])), std::vector<std::size_t>> places;
  for (std::size_t line = 0; line < lines.size(); ++line)
    if (!lines[line].held) places[place(lines[line])].push_back(line);
  const auto covers_the_same = [&](std::size_t a, std::size_t b) {
    for (std::size_t pool = 0; pool < horizon.real_pools; ++pool)
      if (ratio_of(horizon, lines[a], pool) != ratio_of(horizon, lines[b], pool)) return false;
    return true;
  };
  std::vector<std::vector<std::size_t>> preferred(lines.size());
  for (const auto& [key, alike] : places)
    for (const std::size_t line : alike) {
      for (const std::size_t other : alike)
        if (is_preferred(horizon, lines[other], lines[line]) && covers_the_same(line, other))
          preferred[line].push_back(other);
      std::sort(preferred[line].begin(), preferred[line].end(), [&](std::size_t a, std::size_t b) {
        return is_preferred(horizon, lines[a], lines[b]);
      });
    }
  return preferred;
}

// ---- all of them

/// In which something is bought: each month of the first year, for what grows and for the rungs of
/// a ladder, and then each quarter, but for the last.
std::vector<std::size_t> months_of_purchases(const PlanHorizon& horizon) {
  std::vector<std::size_t> months;
  for (std::size_t month = 0; month == 0 || month + kQuarter <= horizon.months; ++month)
    if (month < kMonthsPerYear || month % kQuarter == 0) months.push_back(month);
  return months;
}

/// What is used elsewhere may grow; it is not to be bought ahead.
bool covers_elsewhere(const PlanHorizon& horizon, const PlanLine& line) {
  for (std::size_t pool = horizon.real_pools; pool < horizon.table.pools.size(); ++pool)
    if (ratio_of(horizon, line, pool)) return true;
  return false;
}

void limit_money(const PlanHorizon& horizon, const std::vector<PlanLine>& lines,
                 BasketProblem& basket) {
  for (const MoneyLimit& limit : money_limits(horizon, lines)) {
    BasketLimit added{{}, std::max(0.0, real(limit.most))};
    for (const BasketVariable& variable : basket.variables) {
      const Offer& offer = horizon.offer_of(lines[variable.line].unit);
      const Instant begin = horizon.begin_of(variable.first_step);
      const auto hours = (end_of_term(offer, begin).micros - begin.micros) / kMicrosPerHour;
      added.weight.push_back(
          limit.weight(static_cast<double>(hours), real(offer.upfront_share), variable.first_step));
    }
    basket.limits.push_back(std::move(added));
  }
}

}  // namespace

void add_variables(const PlanHorizon& horizon, const std::vector<PlanLine>& lines,
                   const UseHistory& history, BasketProblem& basket) {
  const std::size_t months = horizon.months;
  // There is enough history to say how far usage lasts.
  const bool knows_weeks = horizon.estate.demand.hours >= 8 * kWeekHours;
  Rungs rungs;
  for (std::size_t line = 0; line < lines.size(); ++line) {
    if (lines[line].held) continue;
    const auto term =
        static_cast<std::size_t>(horizon.offer_of(lines[line].unit).term_years * kMonthsPerYear);
    const Narrow narrow(horizon, lines, lines[line], history);
    const bool is_ladder = narrow.has_wider && knows_weeks;
    const bool grows = covers_elsewhere(horizon, lines[line]);
    for (const std::size_t month : months_of_purchases(horizon)) {
      const bool is_rung = is_ladder && month < kQuarter;
      if (month % kQuarter != 0 && !is_rung && !grows) continue;
      BasketVariable variable;
      variable.line = line;
      variable.first_step = month;
      variable.end_step = std::min(months, month + term);
      variable.fee = lines[line].annuity;
      if (is_ladder) variable.most = narrow.most_in(month, term);
      if (is_rung) rungs[{lines[line].unit.scope, month}].push_back(basket.variables.size());
      basket.variables.push_back(variable);
    }
  }
  limit_money(horizon, lines, basket);
  share_rungs(rungs, basket);
}

std::vector<std::vector<std::vector<std::size_t>>> preferred_to(const PlanHorizon& horizon,
                                                                const std::vector<PlanLine>& lines,
                                                                const BasketProblem& basket) {
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> found;  // by line and month
  for (std::size_t v = 0; v < basket.variables.size(); ++v)
    found[{basket.variables[v].line, basket.variables[v].first_step}] = v;
  const auto chain = [&](std::size_t line, const BasketVariable& instead_of) {
    std::vector<std::size_t> variables;
    std::size_t step = instead_of.first_step;
    while (step < instead_of.end_step) {
      const auto next = found.find({line, step});
      if (next == found.end()) return std::vector<std::size_t>{};
      variables.push_back(next->second);
      step = basket.variables[next->second].end_step;
    }
    if (step > instead_of.end_step) variables.clear();
    return variables;
  };
  const std::vector<std::vector<std::size_t>> better = preferred_lines(horizon, lines);
  std::vector<std::vector<std::vector<std::size_t>>> preferred;
  for (const BasketVariable& variable : basket.variables) {
    preferred.emplace_back();
    for (const std::size_t line : better[variable.line])
      if (auto variables = chain(line, variable); !variables.empty())
        preferred.back().push_back(std::move(variables));
  }
  return preferred;
}

double MoneyLimit::weight(double hours, double upfront_share, std::size_t bought) const {
  if (at_once) return bought < kQuarter ? hours * upfront_share : 0.0;
  if (bought > month) return 0;
  if (bought == month) return hours;
  const double past = std::max(0.0, paid_hours - kMonthHours * static_cast<double>(bought));
  return std::max(0.0, hours - past) * (1 - upfront_share);
}

std::vector<MoneyLimit> money_limits(const PlanHorizon& horizon,
                                     const std::vector<PlanLine>& lines) {
  const PlanOptions& options = horizon.options;
  std::vector<MoneyLimit> limits;
  if (options.budget) limits.push_back({.at_once = true, .most = *options.budget});
  if (!options.max_lock_in) return limits;
  for (const std::size_t month : months_of_purchases(horizon)) {
    Decimal owed;
    for (const PlanLine& line : lines)
      if (line.held) owed += owed_of(horizon, line.unit, month);
    const Instant paid = instant_of(first_of_month(date_of({horizon.begin_of(month).micros - 1})));
    const auto hours = (paid.micros - horizon.at.micros) / kMicrosPerHour;
    limits.push_back({.month = month,
                      .paid_hours = static_cast<double>(hours),
                      .most = *options.max_lock_in - owed});
  }
  return limits;
}

Decimal owed_of(const PlanHorizon& horizon, const Holding& holding, std::size_t month) {
  Decimal owed;
  for (const CashFlow& payment : cash_flow(horizon.card(), holding))
    if (payment.due >= horizon.begin_of(month)) owed += payment.amount;
  return owed;
}

}  // namespace steelyard
