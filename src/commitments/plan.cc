#include "commitments/plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "base/assert.h"
#include "base/text.h"
#include "commitments/basket_flow.h"
#include "commitments/exchange.h"
#include "commitments/outlook.h"
#include "commitments/parallel.h"
#include "commitments/payments.h"
#include "commitments/plan_ahead.h"
#include "commitments/plan_exchange.h"
#include "commitments/simulate_order.h"

namespace steelyard {
namespace {

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;
constexpr std::int64_t kMonthMicros = 730 * kMicrosPerHour;
constexpr double kHoursPerYear = 8760;
constexpr std::size_t kPattern = 168, kQuarter = 3;
constexpr int kCapRounds = 3;  ///< of making purchases smaller, each rounded down to whole steps
constexpr int kMonthsPerYear = 12;
constexpr double kGapOfMany = 1e-4;
constexpr std::size_t kPartsOfMany = 200;

double real(Decimal value) { return static_cast<double>(value.units) / static_cast<double>(kOne); }

Decimal decimal(double value, int decimals) {
  double scale = 1;
  Int128 unit = kOne;
  for (int i = 0; i < decimals; ++i) {
    scale *= 10;
    unit /= 10;
  }
  return {static_cast<Int128>(std::llround(value * scale)) * unit};
}

tl::unexpected<Error> out_of_range(const std::string& what, const std::string& fix) {
  return fail("SY1851", what, "", fix);
}

/// An offer in one of its scopes, or a holding: what the basket's lines are.
struct Line {
  Holding unit;  ///< amount 1, from the first date on; of a holding: as it is
  bool held = false;
  std::string size;     ///< that is bought
  double annuity = 1;   ///< what a payment of the fee by the hour is worth, over the fee
  double grain = 1;     ///< money an hour of the smallest step that can be bought
  bool target = false;  ///< nothing is held of it yet, but what is may be exchanged for it
};

class Planner {
 public:
  Planner(const Estate& estate, const PlanOptions& options)
      : estate_(estate), options_(options), card_(estate.card) {}

  /// What to buy, when.
  Status decide() {
    if (Status sound = check(); !sound) return sound;
    extend_pools();
    if (Status found = find_lines(); !found) return found;
    if (Status built = build(); !built) return built;
    exchange();
    solve();
    round_amounts();
    keep_limit_on_unused();
    return {};
  }

  /// What that leads to.
  Status judge() {
    describe_problem();
    list_purchases();
    if (Status billed = bill(); !billed) return billed;
    draw();
    explain();
    return {};
  }

  Plan& plan() { return plan_; }

  void list_purchases() {
    for (std::size_t v = 0; v < amounts_.size(); ++v) {
      if (amounts_[v] <= 0) continue;
      const BasketVariable& variable = problem_.variables[v];
      const Line& line = lines_[variable.line];
      PlannedPurchase purchase;
      purchase.holding = line.unit;
      purchase.size = line.size;
      purchase.step = variable.first_step;
      const double steps = std::round(amounts_[v] / line.grain);
      purchase.holding.amount = card_.offers[line.unit.offer].unit() == CommitmentUnit::kSpend
                                    ? decimal(steps / 1000, 3)
                                    : decimal(steps, 0);
      purchase.holding.begin = begin_of(variable.first_step);
      purchase.holding.end = end_of_term(card_.offers[line.unit.offer], purchase.holding.begin);
      plan_.purchases.push_back(std::move(purchase));
    }
    for (std::size_t i = 0; exchanges_ && i < exchanges_->chosen.size(); ++i) {
      const ExchangePart& part = exchanges_->chosen[i];
      const ExchangeMove& move = moves_[part.move];
      const Line& line = lines_[move.to];
      const Holding& before = lines_[move.from].unit;
      const Decimal given_up = amount_of(before, part.units);
      PlannedPurchase purchase;
      purchase.holding = line.unit;
      purchase.holding.amount = units_in_exchange(card_, before, given_up, line.unit);
      purchase.holding.owner = before.owner;
      purchase.holding.end = before.end;
      purchase.size = line.size;
      purchase.exchanges = before.id;
      if (given_up != before.amount) purchase.exchanged = given_up;
      plan_.purchases.push_back(std::move(purchase));
    }
    std::stable_sort(plan_.purchases.begin(), plan_.purchases.end(),
                     [](const PlannedPurchase& a, const PlannedPurchase& b) {
                       return std::tuple(a.step, -fee_per_hour(a.holding)) <
                              std::tuple(b.step, -fee_per_hour(b.holding));
                     });
    for (std::size_t i = 0; i < plan_.purchases.size(); ++i)
      plan_.purchases[i].holding.id = std::to_string(i + 1);
  }

 private:
  // ---- what can be bought

  Status check() {
    if (options_.risk < 0 || options_.risk > 1)
      return out_of_range("a risk of " + std::to_string(options_.risk), "it lies from 0 to 1");
    if (options_.scenarios < 1 || options_.scenarios > 64)
      return out_of_range(std::to_string(options_.scenarios) + " scenarios", "from 1 to 64");
    if (options_.max_unused && (*options_.max_unused <= 0 || *options_.max_unused > 1))
      return out_of_range("a share unused of " + std::to_string(*options_.max_unused),
                          "it lies above 0 and up to 100 %");
    plan_.at = estate_.demand.hour(estate_.demand.hours);
    plan_.scenarios = options_.scenarios;
    int longest = 0;
    for (const Offer& offer : card_.offers)
      if (offer.term_years <= options_.max_term_years)
        longest = std::max(longest, offer.term_years);
    plan_.months = options_.horizon_months.value_or(longest * kMonthsPerYear);
    if (options_.horizon_months && (plan_.months < 1 || plan_.months > 60))
      return out_of_range("a horizon of " + std::to_string(plan_.months) + " months",
                          "from 1 to 60");
    if (estate_.demand.hours == 0 || estate_.demand.pools.empty())
      return fail("SY1850", "there is no usage to plan for", "", "give demand of at least a day");
    pattern_ = std::min(kPattern, estate_.demand.hours);
    return {};
  }

  /// Behind every pool stands another of the same price: what left it and is used elsewhere. Its
  /// key is of no scope.
  void extend_pools() {
    table_ = estate_.table;
    real_pools_ = table_.pools.size();
    for (std::size_t pool = 0; pool < real_pools_; ++pool) {
      Pool elsewhere = table_.pools[pool];
      for (std::string& value : elsewhere.key) value = "\x01";  // no text of a file
      if (!elsewhere.key.empty()) elsewhere.key.back() += std::to_string(pool);
      table_.pools.push_back(std::move(elsewhere));
    }
  }

  Status find_lines() {
    for (const Holding& holding : estate_.holdings)
      if (holding.end > plan_.at) lines_.push_back({holding, true, "", 1, 1});
    const std::size_t held = lines_.size();
    for (std::size_t o = 0; o < card_.offers.size(); ++o) {
      const Offer& offer = card_.offers[o];
      if (offer.term_years > options_.max_term_years ||
          offer.term_years * kMonthsPerYear > plan_.months) {
        left_out_.push_back(offer.name);
        continue;
      }
      for (const auto& scope : scopes_of(card_, estate_.table, o)) {
        auto line = make_line(o, scope);
        if (!line) return pass(line);
        lines_.push_back(std::move(*line));
      }
    }
    drop_slow(held);
    // The order of the files decides nothing.
    const auto by_content = [&](const Line& a, const Line& b) {
      const auto content = [&](const Line& line) {
        const Holding& h = line.unit;
        return std::tie(card_.offers[h.offer].name, h.scope, h.begin, h.end, h.amount, h.owner,
                        h.id);
      };
      return content(a) < content(b);
    };
    const auto bought = lines_.begin() + static_cast<std::ptrdiff_t>(held);
    std::stable_sort(lines_.begin(), bought, by_content);
    std::stable_sort(bought, lines_.end(), by_content);
    drop_dominated(held);
    if (lines_.size() == held)
      return fail("SY1850", "no offer can be bought for this usage", "",
                  !left_out_.empty()
                      ? "the terms of " + join(left_out_, ", ") + " are longer than the horizon"
                  : slow_ > 0 ? "each breaks even later than the limit allows"
                              : "look at the offers' columns in the table of rates");
    return add_targets();
  }

  bool can_be_exchanged(const Holding& holding) const {
    const auto has_its_id = [&](const Holding& other) {
      return other.id == holding.id && other.end > plan_.at;
    };
    return is_convertible(card_.offers[holding.offer]) && holding.amount > Decimal{} &&
           holding.begin < plan_.at &&
           holding.end.micros - plan_.at.micros >= 24 * kMicrosPerHour && !holding.id.empty() &&
           std::count_if(estate_.holdings.begin(), estate_.holdings.end(), has_its_id) == 1;
  }

  /// Lines for what convertible reserved instances that are held may be exchanged for.
  Status add_targets() {
    const bool any =
        options_.exchanges && std::any_of(lines_.begin(), lines_.end(), [&](const Line& line) {
          return line.held && can_be_exchanged(line.unit);
        });
    for (std::size_t o = 0; any && o < card_.offers.size(); ++o) {
      if (!is_convertible(card_.offers[o])) continue;
      for (const auto& scope : scopes_of(card_, estate_.table, o)) {
        auto line = make_line(o, scope);
        if (!line) return pass(line);
        line->held = line->target = true;
        line->unit.amount = {};
        lines_.push_back(std::move(*line));
      }
    }
    return {};
  }

  Result<Line> make_line(std::size_t offer_index, std::vector<ScopeValue> scope) {
    const Offer& offer = card_.offers[offer_index];
    Line line;
    Purchase purchase{offer_index, {kOne}, scope, plan_.at, {}, "", ""};
    if (!offer.size.empty()) {
      line.size = usual_size(offer, offer_index, scope);
      purchase.values.emplace_back(offer.size, line.size);
    }
    auto unit = make_holding(card_, purchase);
    if (!unit) return pass(unit);
    line.unit = std::move(*unit);
    line.grain = offer.unit() == CommitmentUnit::kSpend ? 0.001 : real(line.unit.price);
    line.annuity = annuity(line.unit);
    return line;
  }

  /// The size with the most usage by its factor: four of size 2 are as much as eight of size 1.
  std::string usual_size(const Offer& offer, std::size_t offer_index,
                         const std::vector<ScopeValue>& scope) const {
    const auto column = static_cast<std::size_t>(
        std::find(table_.columns.begin(), table_.columns.end(), offer.size) -
        table_.columns.begin());
    std::map<std::string, double> used;
    for (std::size_t pool = 0; pool < real_pools_; ++pool) {
      Holding any;
      any.offer = offer_index;
      any.scope = scope;
      if (!covers(card_, any, table_, table_.pools[pool])) continue;
      const auto row = estate_.demand.row(pool).last(pattern_);
      double& sum = used[table_.pools[pool].key[column]];
      const double factor = real(card_.rates[table_.pools[pool].rate].factor);
      for (const std::int64_t count : row) sum += factor * static_cast<double>(count);
    }
    const auto most = std::max_element(
        used.begin(), used.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == used.end() ? "" : most->first;
  }

  /// Present value of a unit's payments over that of paying by the month in arrears.
  double annuity(const Holding& unit) const {
    if (!options_.cost_of_capital) return 1;
    RateCard monthly = card_;
    monthly.offers[unit.offer].upfront_share = {};
    Holding many = unit;
    many.amount = {1000 * kOne};
    const double paid =
        real(present_value(cash_flow(card_, many), many.begin, *options_.cost_of_capital));
    const double arrears =
        real(present_value(cash_flow(monthly, many), many.begin, *options_.cost_of_capital));
    return arrears > 0 ? paid / arrears : 1;
  }

  /// Money an hour on demand that a unit of the line's money covers of a pool is 1 / this.
  std::optional<double> ratio_of(const Line& line, const Pool& pool) const {
    if (!covers(card_, line.unit, table_, pool)) return std::nullopt;
    const Rate& rate = card_.rates[pool.rate];
    const double on_demand = real(rate.on_demand);
    if (on_demand <= 0) return std::nullopt;
    if (card_.offers[line.unit.offer].unit() == CommitmentUnit::kSpend)
      return std::min(real(*rate.price[line.unit.offer]), on_demand) / on_demand;
    return real(line.unit.price) * real(rate.factor) / real(line.unit.factor) / on_demand;
  }

  /// Leaves out what earns its price later than allowed even if it is always used: so many months
  /// on demand cost as much as the whole term.
  void drop_slow(std::size_t held) {
    if (!options_.max_break_even_months) return;
    const auto is_slow = [&](const Line& line) {
      double best = 1;
      for (std::size_t pool = 0; pool < real_pools_; ++pool)
        if (const auto ratio = ratio_of(line, table_.pools[pool])) best = std::min(best, *ratio);
      return best * kMonthsPerYear * card_.offers[line.unit.offer].term_years >
             *options_.max_break_even_months;
    };
    const auto kept =
        std::remove_if(lines_.begin() + static_cast<std::ptrdiff_t>(held), lines_.end(), is_slow);
    slow_ = static_cast<std::size_t>(lines_.end() - kept);
    lines_.erase(kept, lines_.end());
  }

  /// Of lines that cover the same for the same time in the same place of the order, only those stay
  /// that are the cheapest for something.
  void drop_dominated(std::size_t held) {
    const auto place = [&](const Line& line) {
      const Offer& offer = card_.offers[line.unit.offer];
      return std::tuple(offer.instrument, offer.term_years, line.unit.scope, line.size);
    };
    const auto no_better = [&](const Line& a, const Line& b) {
      for (std::size_t pool = 0; pool < real_pools_; ++pool) {
        const auto ra = ratio_of(a, table_.pools[pool]), rb = ratio_of(b, table_.pools[pool]);
        if (ra && (!rb || *ra * a.annuity < *rb * b.annuity * (1 - 1e-12))) return false;
      }
      return true;
    };
    std::vector<Line> kept;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      bool drop = false;
      for (std::size_t j = held; j < lines_.size() && i >= held && !drop; ++j)
        drop = i != j && place(lines_[i]) == place(lines_[j]) && no_better(lines_[i], lines_[j]) &&
               (j < i || !no_better(lines_[j], lines_[i]));
      if (!drop) kept.push_back(lines_[i]);
    }
    lines_ = std::move(kept);
  }

  // ---- the problem

  Instant middle_of(std::size_t month) const {
    // A month of the horizon is a twelfth of 365 days.
    const auto hours = static_cast<std::int64_t>((static_cast<double>(month) + 0.5) *
                                                 kHoursPerYear / kMonthsPerYear);
    return {plan_.at.micros + hours * kMicrosPerHour};
  }
  Instant begin_of(std::size_t month) const {
    return {plan_.at.micros + static_cast<std::int64_t>(month) * 730 * kMicrosPerHour};
  }

  double usage_share(std::size_t scenario, std::size_t month, std::size_t pool) const {
    return pool < real_pools_ ? outlook_.at(scenario, month, pool)
                              : outlook_.elsewhere(scenario, month, pool - real_pools_);
  }

  Status build() {
    const auto months = static_cast<std::size_t>(plan_.months);
    const auto scenarios = static_cast<std::size_t>(options_.scenarios);
    std::vector<double> worth;
    for (std::size_t pool = 0; pool < real_pools_; ++pool)
      worth.push_back(real(card_.rates[table_.pools[pool].rate].on_demand));
    outlook_ = outlook_of(estate_.demand, worth, scenarios, months);
    knows_weeks_ = estate_.demand.hours >= 8 * kPattern;
    BasketProblem& problem = problem_;
    problem.pools = table_.pools.size();
    problem.lines = lines_.size();
    problem.scenarios = scenarios;
    problem.steps = months;
    problem.pattern = pattern_;
    problem.risk = options_.scenarios > 1 ? options_.risk : 0;
    problem.probability.assign(scenarios, 1.0 / static_cast<double>(scenarios));
    for (std::size_t pool = 0; pool < problem.pools; ++pool) {
      const std::size_t source = pool % real_pools_;
      const double price = real(card_.rates[table_.pools[source].rate].on_demand);
      for (const std::int64_t count : estate_.demand.row(source).last(pattern_))
        problem.usage.push_back(real(estate_.demand.quantity(count)) * price);
    }
    for (std::size_t s = 0; s < scenarios; ++s)
      for (std::size_t month = 0; month < months; ++month)
        for (std::size_t pool = 0; pool < problem.pools; ++pool)
          problem.share.push_back(usage_share(s, month, pool));
    for (std::size_t month = 0; month < months; ++month) {
      const double years = (static_cast<double>(month) + 0.5) / kMonthsPerYear;
      problem.step_weight.push_back(kHoursPerYear / kMonthsPerYear *
                                    std::pow(1 + options_.cost_of_capital.value_or(0), -years));
    }
    problem.held.assign(problem.lines * months, 0);
    std::vector<Holding> holdings;
    for (std::size_t line = 0; line < lines_.size(); ++line) {
      const Holding& unit = lines_[line].unit;
      holdings.push_back(unit);
      for (std::size_t month = 0; lines_[line].held && month < months; ++month)
        if (unit.begin <= middle_of(month) && middle_of(month) < unit.end)
          problem.held[line * months + month] = real(fee_per_hour(unit));
    }
    const SharingPreference* preference =
        options_.sharing.empty() ? nullptr : &options_.sharing.back();
    auto order = application_order(card_, table_, holdings, preference);
    if (!order) return pass(order);
    for (const Pair& pair : *order) {
      const auto ratio = ratio_of(lines_[pair.holding], table_.pools[pair.pool]);
      if (ratio && *ratio > 0) problem.order.push_back({pair.holding, pair.pool, *ratio});
    }
    add_variables();
    return {};
  }

  /// The best ratio at which a line of a wider scope that can be bought covers the pool.
  std::optional<double> wider_ratio(std::size_t line, std::size_t pool) const {
    std::optional<double> best;
    for (const Line& other : lines_) {
      if (other.held || other.unit.scope.size() >= lines_[line].unit.scope.size()) continue;
      const auto ratio = ratio_of(other, table_.pools[pool]);
      if (ratio && (!best || *ratio < *best)) best = ratio;
    }
    return best;
  }

  struct Narrow {
    bool has_wider = false;
    double most = 0;           ///< money an hour of the line
    double rung = 0;           ///< in a month: a third of all that may be held
    double lately = 0;         ///< bought within the last month
    std::vector<double> ends;  ///< of what is held: by the month in which it ends
  };
  /// Where a wider line could cover the same usage instead, a narrow one is bought no further than
  /// usage is expected to last in so many hours that the narrow price pays beside the wide one, and
  /// that over a quarter: what is not bought yet cannot outlive its usage.
  Narrow narrow(std::size_t line) const {
    Narrow found;
    for (std::size_t pool = 0; pool < real_pools_; ++pool) {
      const auto ratio = ratio_of(lines_[line], table_.pools[pool]);
      const auto wide = ratio ? wider_ratio(line, pool) : std::nullopt;
      if (!wide) {
        if (ratio) found.most = std::numeric_limits<double>::infinity();
        continue;
      }
      found.has_wider = true;
      const double price = real(card_.rates[table_.pools[pool].rate].on_demand);
      found.most += real(estate_.demand.quantity(
                        outlook_.history.lasting_level(pool, std::min(1.0, *ratio / *wide)))) *
                    price * *ratio;
    }
    const double grain = lines_[line].grain;
    found.rung = std::ceil(found.most / kQuarter / grain) * grain;
    found.ends.assign(static_cast<std::size_t>(plan_.months), 0);
    for (const Line& held : lines_) {
      if (!held.held || held.unit.scope != lines_[line].unit.scope) continue;
      const double fee = real(fee_per_hour(held.unit));
      found.most -= fee;
      if (held.unit.begin.micros > plan_.at.micros - kMonthMicros) found.lately += fee;
      const auto end = (held.unit.end.micros - plan_.at.micros) / kMonthMicros;
      if (end < plan_.months) found.ends[static_cast<std::size_t>(end)] += fee;
    }
    found.most = std::max(0.0, found.most);
    return found;
  }

  /// What may be bought of a narrow commitment in a month: a rung of the ladder, later what
  /// replaces that which has ended since the quarter before.
  double most_of(const Narrow& limits, std::size_t month, std::size_t term) const {
    if (month < kQuarter)
      return std::clamp(limits.rung - (month == 0 ? limits.lately : 0), 0.0, limits.most);
    double ended = month % term == 0 ? std::min(limits.most, kQuarter * limits.rung) : 0;
    for (std::size_t m = month - kQuarter; m < month; ++m) ended += limits.ends[m];
    return ended;
  }

  void add_variables() {
    const auto months = static_cast<std::size_t>(plan_.months);
    for (std::size_t line = 0; line < lines_.size(); ++line) {
      if (lines_[line].held) continue;
      const Offer& offer = card_.offers[lines_[line].unit.offer];
      const auto term = static_cast<std::size_t>(offer.term_years * kMonthsPerYear);
      const Narrow limits = narrow(line);
      const bool is_ladder = limits.has_wider && knows_weeks_;
      // What is used elsewhere may grow; it is not to be bought ahead.
      bool grows = false;
      for (std::size_t pool = real_pools_; pool < table_.pools.size() && !grows; ++pool)
        grows = ratio_of(lines_[line], table_.pools[pool]).has_value();
      for (std::size_t month = 0; month == 0 || month + kQuarter <= months; ++month) {
        const bool is_rung = is_ladder && month < kQuarter;
        if (month % kQuarter != 0 && !is_rung && !(grows && month < kMonthsPerYear)) continue;
        BasketVariable variable;
        variable.line = line;
        variable.first_step = month;
        variable.end_step = std::min(months, month + term);
        variable.fee = lines_[line].annuity;
        if (is_ladder) variable.most = most_of(limits, month, term);
        if (is_rung) rungs_[{lines_[line].unit.scope, month}].push_back(problem_.variables.size());
        problem_.variables.push_back(variable);
      }
    }
    add_limits();
    share_rungs();
  }

  /// What is due at once has a budget now, later purchases have theirs later. What is owed keeps
  /// its limit after every purchase: the plan must not count on later ones that would break it.
  void add_limits() {
    const auto limit = [&](Decimal most, const auto& weight_of) {
      BasketLimit added{{}, std::max(0.0, real(most))};
      for (const BasketVariable& variable : problem_.variables)
        added.weight.push_back(weight_of(variable));
      problem_.limits.push_back(std::move(added));
    };
    const auto hours = [&](const BasketVariable& variable) {  // of the term: a unit's price
      const Holding& unit = lines_[variable.line].unit;
      return static_cast<double>((unit.end.micros - unit.begin.micros) / kMicrosPerHour);
    };
    const auto upfront = [&](const BasketVariable& variable) {
      return real(card_.offers[lines_[variable.line].unit.offer].upfront_share);
    };
    if (options_.budget)
      limit(*options_.budget, [&](const BasketVariable& variable) {
        return variable.first_step > 0 ? 0.0 : hours(variable) * upfront(variable);
      });
    plan_.owed_held = owed_of_held(0);
    for (std::size_t month = 0; options_.max_lock_in && month < problem_.steps; month += kQuarter)
      limit(*options_.max_lock_in - owed_of_held(month), [&](const BasketVariable& variable) {
        if (variable.first_step > month) return 0.0;
        if (variable.first_step == month) return hours(variable);
        const double past = 730 * static_cast<double>(month - variable.first_step);
        return std::max(0.0, hours(variable) - past) * (1 - upfront(variable));
      });
  }

  /// What may be bought in a month in a narrow scope is one rung, whichever of its offers it is of.
  void share_rungs() {
    for (const auto& [rung, variables] : rungs_) {
      if (variables.size() < 2) continue;
      BasketLimit limit{std::vector<double>(problem_.variables.size(), 0), 1};
      for (const std::size_t v : variables)
        if (const double most = problem_.variables[v].most; most > 0) limit.weight[v] = 1 / most;
      problem_.limits.push_back(std::move(limit));
    }
  }

  /// What is due of the holdings from the month's begin on, to the end of their terms.
  Decimal owed_of_held(std::size_t month) const {
    Decimal owed;
    for (const Line& line : lines_)
      if (line.held) owed += owed_of(line.unit, month);
    return owed;
  }
  Decimal owed_of(const Holding& holding, std::size_t month) const {
    Decimal owed;
    for (const CashFlow& payment : cash_flow(card_, holding))
      if (payment.due >= begin_of(month)) owed += payment.amount;
    return owed;
  }

  // ---- exchanges

  /// Moves units of convertible reserved instances that are held, but not used, to where they save
  /// most.
  void exchange() {
    const std::vector<double> nothing(problem_.variables.size());
    BasketOutcome outcome;
    for (std::size_t from = 0; from < lines_.size(); ++from) {
      if (!lines_[from].held || lines_[from].target || !can_be_exchanged(lines_[from].unit))
        continue;
      if (outcome.unused.empty()) outcome = outcome_of(problem_, nothing, options_.threads);
      if (unused_of_held(outcome, from) <= 0.01) continue;
      for (std::size_t to = 0; to < lines_.size(); ++to)
        if (lines_[to].target) add_move(from, to);
    }
    if (moves_.empty()) return;
    exchanges_ = choose_exchanges(problem_, moves_, search());
    problem_ = after_exchanges(problem_, moves_, exchanges_->chosen);
  }

  /// Steps of the horizon in which a held line covers.
  std::size_t steps_of(std::size_t line) const {
    std::size_t steps = 0;
    while (steps < problem_.steps && problem_.held[line * problem_.steps + steps] > 0) ++steps;
    return steps;
  }

  /// Share of what is held of the line that nothing uses, in the mean of the scenarios.
  double unused_of_held(const BasketOutcome& outcome, std::size_t line) const {
    double hours = 0, unused = 0;
    for (std::size_t step = 0; step < steps_of(line); ++step) hours += problem_.step_weight[step];
    for (std::size_t s = 0; s < problem_.scenarios; ++s)
      unused += problem_.probability[s] * outcome.unused[s * lines_.size() + line];
    const double all = hours * real(fee_per_hour(lines_[line].unit));
    return all > 0 ? unused / all : 0;
  }

  /// Units of a holding that can be exchanged by themselves: whole ones, or all as one.
  static std::size_t units_of(const Holding& holding) {
    return round(holding.amount, 0) == holding.amount
               ? static_cast<std::size_t>(holding.amount.units / kOne)
               : 1;
  }
  static Decimal amount_of(const Holding& holding, std::size_t units) {
    return units == units_of(holding) ? holding.amount : Decimal{static_cast<Int128>(units) * kOne};
  }

  /// As AWS has it (exchange.h): as many units as are worth what is left of those given up, whose
  /// upfront part is no less than what was paid of it.
  void add_move(std::size_t from, std::size_t to) {
    const Holding &before = lines_[from].unit, &after = lines_[to].unit;
    const Offer &old_offer = card_.offers[before.offer], &new_offer = card_.offers[after.offer];
    if (!may_be_exchanged(card_, before, after)) return;
    const double new_upfront = real(new_offer.upfront_share),
                 old_upfront = real(old_offer.upfront_share);
    ExchangeMove move;
    move.from = from;
    move.to = to;
    move.steps = steps_of(from);
    move.units = units_of(before);
    move.unit_taken = real(fee_per_hour(before)) / static_cast<double>(move.units);
    move.unit_given = real(after.price);
    if (new_upfront > 0) move.ratio = std::max(1.0, old_upfront / new_upfront);
    move.units_for = [this, from, to](std::size_t units) {
      const Holding& old = lines_[from].unit;
      return real(units_in_exchange(card_, old, amount_of(old, units), lines_[to].unit));
    };
    const auto count = [&](double taken, double given) {
      move.taken_in_limits.push_back(-taken);
      move.given_in_limits.push_back(given);
    };
    const double hours =
        static_cast<double>((before.end.micros - plan_.at.micros) / kMicrosPerHour);
    if (options_.budget) count(hours * old_upfront, hours * new_upfront);
    for (std::size_t month = 0; options_.max_lock_in && month < problem_.steps; month += kQuarter) {
      const double left = std::max(0.0, hours - 730 * static_cast<double>(month));
      if (month == 0)
        count(left, left);
      else
        count(left * (1 - old_upfront), left * (1 - new_upfront));
    }
    move.taken_in_limits.resize(problem_.limits.size(), 0);  // it takes no part in rungs
    move.given_in_limits.resize(problem_.limits.size(), 0);
    moves_.push_back(std::move(move));
  }

  // ---- the limit on what goes unused

  void look_ahead() {
    const BacktestTerms no_terms;
    const PolicyView view(estate_.demand, estate_.demand.hours, no_terms, {});
    ahead_.emplace(problem_, real_pools_, YearAhead(view), options_.threads);
  }

  // ---- the search

  BasketOptions search() const {
    BasketOptions options{options_.gap, kMostPlanPasses, options_.threads};
    options.on_pass = options_.on_pass;
    // Whole purchases leave more than that open where there are many.
    if (is_large()) options.gap = std::max(options.gap, kGapOfMany);
    return options;
  }
  bool is_large() const { return problem_.variables.size() > BasketOptions{}.few_purchases; }

  void solve() {
    BasketOptions options = search();
    if (options_.max_unused) {
      look_ahead();
      condition_ = ahead_->condition(*options_.max_unused);
      options.condition = &condition_;
    }
    const bool is_known = exchanges_ && exchanges_->beside && options.condition == nullptr;
    result_ = is_known ? *exchanges_->beside : best_basket(problem_, options);
    plan_.free_bound = result_.free_bound;
    plan_.limited = result_.conditioned;
  }

  /// Fees for one more unit of a variable, all over the horizon.
  double fee_of(const BasketProblem& problem, std::size_t v) const {
    double hours = 0;
    for (std::size_t m = problem.variables[v].first_step; m < problem.variables[v].end_step; ++m)
      hours += problem.step_weight[m];
    return hours * problem.variables[v].fee;
  }

  bool is_coarse(std::size_t v) const { return lines_[problem_.variables[v].line].grain > 0.001; }

  /// Down to whole steps, then one step up where that costs less, in the order of what was cut; and
  /// what comes in small steps is chosen again around what does not.
  void round_amounts() {
    amounts_ = result_.amounts;
    std::vector<std::pair<double, std::size_t>> cut;
    for (std::size_t v = 0; v < amounts_.size(); ++v) {
      const double grain = lines_[problem_.variables[v].line].grain;
      const double steps = amounts_[v] / grain, whole = std::floor(steps + 1e-6);
      amounts_[v] = whole * grain;
      if (steps - whole > 1e-3 && is_coarse(v)) cut.emplace_back(whole - steps, v);
    }
    keep_limits();
    keep_limit_on_unused();
    if (cut.empty()) return;
    std::stable_sort(cut.begin(), cut.end());
    constexpr std::size_t kMostTries = 200;
    if (cut.size() > kMostTries) raise_many(cut);
    choose_fine_again();
    double cost = cost_of(problem_, amounts_, result_.best, options_.threads);
    bool moved = false;
    for (std::size_t i = 0; cut.size() <= kMostTries && i < cut.size(); ++i) {
      std::vector<double> up = amounts_;
      up[cut[i].second] += lines_[problem_.variables[cut[i].second].line].grain;
      if (!within_limits(problem_, up)) continue;
      const double now = cost_of(problem_, up, result_.best, options_.threads);
      if (now >= cost || !is_within_unused(up)) continue;
      cost = now;
      amounts_ = std::move(up);
      moved = true;
    }
    if (moved) choose_fine_again();
  }

  /// Of many that were cut, those that were cut most go up together, as many as cost least: by
  /// thirds, for a convex cost has no valley beside its lowest.
  void raise_many(std::span<const std::pair<double, std::size_t>> cut) {
    const std::vector<double> down = amounts_;
    std::vector<double> sums;
    for (const BasketLimit& limit : problem_.limits)
      sums.push_back(std::inner_product(down.begin(), down.end(), limit.weight.begin(), 0.0));
    const auto raised = [&](std::size_t count) {
      std::vector<double> up = down, used = sums;
      for (const auto& [part, v] : cut.first(count)) {
        const double grain = lines_[problem_.variables[v].line].grain;
        bool fits = true;
        for (std::size_t i = 0; fits && i < used.size(); ++i)
          fits = used[i] + grain * problem_.limits[i].weight[v] <= problem_.limits[i].most ||
                 problem_.limits[i].weight[v] <= 0;
        if (!fits) continue;
        up[v] += grain;
        for (std::size_t i = 0; i < used.size(); ++i)
          used[i] += grain * problem_.limits[i].weight[v];
      }
      return up;
    };
    const BasketFlow flow(problem_);
    const auto cost = [&](std::size_t count) {
      return cost_of(flow, raised(count), result_.best, options_.threads);
    };
    std::size_t low = 0, high = cut.size();
    const auto is_within = [&](std::size_t count) { return is_within_unused(raised(count)); };
    const std::size_t enough = std::max<std::size_t>(2, cut.size() / kPartsOfMany);
    if (!is_within(high)) {
      for (std::size_t most = 0; high - most > enough;)
        (is_within((most + high) / 2) ? most : high) = (most + high) / 2;
      while (high > 0 && !is_within(high)) high -= std::min(high, enough);
    }
    while (high - low > enough) {
      const std::size_t third = (high - low) / 3, left = low + third, right = high - third;
      if (cost(left) <= cost(right))
        high = right;
      else
        low = left;
    }
    std::vector<double> up = raised(low + (high - low) / 2);
    if (cost_of(flow, up, result_.best, options_.threads) < cost(0)) amounts_ = std::move(up);
  }

  bool is_within_unused(std::span<const double> amounts) const {
    return !options_.max_unused || condition_.holds(amounts);
  }

  /// Whole steps may lead beyond the limit: less of what comes in small steps, and where that is
  /// not enough, of the families that break it.
  void keep_limit_on_unused() {
    if (is_within_unused(amounts_)) return;
    plan_.limited = true;
    const std::vector<double> whole = amounts_;
    const auto holds_with = [&](double share) {
      for (std::size_t v = 0; v < amounts_.size(); ++v)
        if (!is_coarse(v)) amounts_[v] = std::floor(share * whole[v] / 0.001) * 0.001;
      return is_within_unused(amounts_);
    };
    double low = 0, high = 1;
    for (int halving = 0; halving < 10; ++halving) {
      const double middle = (low + high) / 2;
      (holds_with(middle) ? low : high) = middle;
    }
    if (holds_with(low)) return;
    amounts_ = whole;
    for (int round = 0; round < kCapRounds; ++round) {
      if (!ahead_->keep_within(*options_.max_unused, amounts_)) return;
      for (std::size_t v = 0; v < amounts_.size(); ++v) {
        const double grain = lines_[problem_.variables[v].line].grain;
        amounts_[v] = std::floor(amounts_[v] / grain + 1e-6) * grain;
      }
    }
  }

  /// The search keeps limits to its last digits; a step less where that is not enough.
  void keep_limits() {
    for (const bool coarse : {false, true})
      for (std::size_t v = 0; v < amounts_.size(); ++v) {
        if (within_limits(problem_, amounts_)) return;
        if (is_coarse(v) == coarse)
          amounts_[v] = std::max(0.0, amounts_[v] - lines_[problem_.variables[v].line].grain);
      }
  }

  /// The best amounts of what comes in small steps, beside the others as they are.
  void choose_fine_again() {
    BasketProblem fine = problem_;
    fine.variables.clear();
    for (BasketLimit& limit : fine.limits) limit.weight.clear();
    std::vector<std::size_t> which;
    for (std::size_t v = 0; v < amounts_.size(); ++v) {
      const BasketVariable& variable = problem_.variables[v];
      if (!is_coarse(v)) {
        which.push_back(v);
        fine.variables.push_back(variable);
        for (std::size_t i = 0; i < fine.limits.size(); ++i)
          fine.limits[i].weight.push_back(problem_.limits[i].weight[v]);
        continue;
      }
      for (std::size_t i = 0; i < fine.limits.size(); ++i)
        fine.limits[i].most =
            std::max(0.0, fine.limits[i].most - amounts_[v] * problem_.limits[i].weight[v]);
      for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
        fine.held[variable.line * fine.steps + step] += amounts_[v];
    }
    if (which.empty()) return;
    // Regret is measured against the same: what is held is paid for in every scenario alike.
    const auto with = [&](std::span<const double> chosen) {
      std::vector<double> amounts = amounts_;
      for (std::size_t i = 0; i < which.size(); ++i) amounts[which[i]] = chosen[i];
      return amounts;
    };
    BasketOptions options{options_.gap, 100, options_.threads};
    BasketCondition condition;
    if (plan_.limited) {
      condition.inside.assign(which.size(), 0);
      if (!condition_.holds(with(condition.inside)))
        for (std::size_t i = 0; i < which.size(); ++i) condition.inside[i] = amounts_[which[i]];
      condition.holds = [&](std::span<const double> amounts) {
        return condition_.holds(with(amounts));
      };
      condition.rows = [&](std::span<const double> amounts) {
        std::vector<BasketLimit> rows = condition_.rows(with(amounts));
        for (BasketLimit& row : rows) {
          BasketLimit rest{{}, row.most};
          for (std::size_t v = 0; v < amounts_.size(); ++v)
            if (is_coarse(v)) rest.most -= amounts_[v] * row.weight[v];
          for (const std::size_t v : which) rest.weight.push_back(row.weight[v]);
          row = std::move(rest);
        }
        return rows;
      };
      options.condition = &condition;
    }
    BasketResult chosen = best_basket(fine, options);
    for (double& amount : chosen.amounts) amount = std::floor(amount / 0.001 + 1e-6) * 0.001;
    std::vector<double> amounts = with(chosen.amounts);
    if (within_limits(problem_, amounts) && is_within_unused(amounts) &&
        cost_of(problem_, amounts, result_.best, options_.threads) <
            cost_of(problem_, amounts_, result_.best, options_.threads))
      amounts_ = std::move(amounts);
  }

  void describe_problem() {
    plan_.objective = cost_of(problem_, amounts_, result_.best, options_.threads);
    plan_.bound = result_.bound;
    if (exchanges_) {
      plan_.objective =
          cost_of(problem_, amounts_, exchanges_->best, options_.threads) + exchanges_->paid;
      plan_.bound = exchanges_->bound;
      plan_.exchanges = true;
    }
    const double size = std::abs(plan_.objective);
    plan_.gap = size > 0 ? std::max(0.0, (plan_.objective - plan_.bound) / size) : 0;
    plan_.gap_of_parts = result_.gap;
    plan_.passes = result_.passes;
    plan_.knows_total = outlook_.knows_total;
    if (!ahead_) look_ahead();
    const UnusedAhead ahead = ahead_->unused(amounts_);
    const std::size_t worst = ahead.worst();
    plan_.unused_steady = ahead.share(0);
    plan_.unused_worst = ahead.share(worst);
    if (worst > 0) plan_.fades = ahead_->fading(worst);
  }

  // ---- the exact bill

  /// Sums of hours; per holding where there are many.
  struct Billed {
    explicit Billed(std::size_t holdings)
        : fee(holdings),
          unused(holdings),
          avoided(holdings),
          avoided_without(holdings),
          paid(holdings, 0),
          use(holdings, 0) {}
    void add(const Billed& other) {
      for (std::size_t i = 0; i < fee.size(); ++i) {
        fee[i] += other.fee[i];
        unused[i] += other.unused[i];
        avoided[i] += other.avoided[i];
        avoided_without[i] += other.avoided_without[i];
      }
      on_demand += other.on_demand;
      equivalent += other.equivalent;
      on_demand_without += other.on_demand_without;
      fees_without += other.fees_without;
    }
    std::vector<Decimal> fee, unused, avoided, avoided_without;
    Decimal on_demand, equivalent, on_demand_without, fees_without;
    std::vector<double> paid, use;  ///< of one scenario
    Status status;
  };

  Status bill_scenario(std::size_t scenario, const std::vector<Holding>& holdings,
                       const std::vector<Holding>& only_held, Billed& sums) const {
    auto simulator = Simulator::make(card_, table_, holdings, options_.sharing);
    if (!simulator) return pass(simulator);
    auto without = Simulator::make(card_, table_, only_held, options_.sharing);
    if (!without) return pass(without);
    std::vector<Decimal> quantity(table_.pools.size());
    for (std::size_t month = 0; month < problem_.steps; ++month)
      for (std::size_t h = 0; h < pattern_; ++h) {
        set_quantities(scenario, month, h, quantity);
        auto hour = simulator->bill(middle_of(month), quantity);
        if (!hour) return pass(hour);
        add_avoided(**hour, sums.avoided);
        sums.on_demand += (*hour)->total_on_demand;
        sums.equivalent += (*hour)->on_demand_equivalent;
        for (std::size_t i = 0; i < holdings.size(); ++i) {
          const Decimal fee = (*hour)->fee[i], unused = (*hour)->unused[i];
          sums.fee[i] += fee;
          sums.unused[i] += unused;
          sums.paid[i] += real(fee);
          sums.use[i] += real(fee) - real(unused);
        }
        if (only_held.empty()) {
          sums.on_demand_without += (*hour)->on_demand_equivalent;
          continue;
        }
        auto bare = without->bill(middle_of(month), quantity);
        if (!bare) return pass(bare);
        add_avoided(**bare, sums.avoided_without);
        sums.on_demand_without += (*bare)->total_on_demand;
        sums.fees_without += (*bare)->fees;
      }
    return {};
  }

  Status bill() {
    std::vector<Holding> holdings;
    for (const Line& line : lines_)
      if (line.held && !line.target) holdings.push_back(line.unit);
    const std::size_t held = holdings.size();
    const std::vector<Holding> only_held = holdings;
    std::vector<Exchange> exchanges;
    for (const PlannedPurchase& purchase : plan_.purchases) {
      if (!purchase.exchanges.empty())
        exchanges.push_back({holdings.size(), purchase.exchanges, purchase.exchanged});
      holdings.push_back(purchase.holding);
    }
    auto exchanged = apply_exchanges(card_, holdings, std::move(exchanges));
    if (!exchanged) return pass(exchanged);
    plan_.notes = std::move(*exchanged);
    const std::size_t bought = held + plan_.purchases.size();  // behind: rests of what was held
    // Sums over the scenarios and the hours of the pattern, weighed by the hours of each month.
    const Decimal share{static_cast<Int128>(options_.scenarios) * static_cast<Int128>(pattern_) *
                        kOne};
    const Decimal hours_of_month{730 * kOne};
    const auto mean = [&](Decimal sum) { return multiply_divide(sum, hours_of_month, share); };
    // The scenarios are billed side by side.
    std::vector<Billed> of_scenario(problem_.scenarios, Billed(holdings.size()));
    in_parallel(problem_.scenarios, options_.threads, [&](std::size_t s) {
      of_scenario[s].status = bill_scenario(s, holdings, only_held, of_scenario[s]);
    });
    Billed all(holdings.size());
    for (Billed& scenario : of_scenario) {
      if (!scenario.status) return pass(scenario.status);
      all.add(scenario);
    }
    const auto &fee = all.fee, &unused = all.unused, &avoided = all.avoided,
               &avoided_without = all.avoided_without;
    const Decimal on_demand = all.on_demand, equivalent = all.equivalent,
                  on_demand_without = all.on_demand_without, fees_without = all.fees_without;
    // All usage on demand is what is avoided and what is left, with the purchases and without.
    for (const auto& [parts, left] :
         {std::pair(&avoided, on_demand), std::pair(&avoided_without, on_demand_without)}) {
      Decimal sum = left;
      for (const Decimal part : *parts) sum += part;
      if (sum != equivalent)
        return fail("SY1806",
                    "what is avoided and what is left on demand sum to " + to_text(sum) +
                        ", all usage costs " + to_text(equivalent),
                    "", "this is a mistake in Steelyard: please report it");
    }
    plan_.on_demand = mean(on_demand);
    plan_.held_fees_without = mean(fees_without);
    plan_.owed_held = {};
    for (std::size_t i = 0; i < holdings.size(); ++i) {
      if (i < held || i >= bought) {
        plan_.held_fees += mean(fee[i]);
        plan_.held_avoided += mean(avoided[i]);
        plan_.held_avoided_without += mean(avoided_without[i]);
        plan_.owed_held += owed_of(holdings[i], 0);
        continue;
      }
      PlannedPurchase& purchase = plan_.purchases[i - held];
      purchase.fee = mean(fee[i]);
      purchase.unused = mean(unused[i]);
      purchase.used = purchase.fee - purchase.unused;
      purchase.avoided = mean(avoided[i]);
      const Decimal price = price_of_term(purchase.holding);
      purchase.upfront = multiply(price, card_.offers[purchase.holding.offer].upfront_share) -
                         holdings[i].paid_before;
      if (purchase.step == 0) plan_.owed_now += price - holdings[i].paid_before;
      for (std::size_t s = 0; s < problem_.scenarios; ++s)
        if (of_scenario[s].paid[i] > 0)
          purchase.worst_use =
              std::min(purchase.worst_use, of_scenario[s].use[i] / of_scenario[s].paid[i]);
      plan_.fees += purchase.fee;
      plan_.avoided += purchase.avoided;
    }
    return {};
  }

  /// What the pieces of an hour would cost on demand, as differences of what is open before and
  /// after, so that they and the rest sum to the cost of all usage to the last digit.
  void add_avoided(const HourBill& hour, std::vector<Decimal>& avoided) const {
    std::vector<Decimal> open = hour.usage;
    for (const Piece& piece : hour.pieces) {
      const Decimal price = card_.rates[table_.pools[piece.pool].rate].on_demand;
      const Decimal before = multiply(open[piece.pool], price);
      open[piece.pool] -= piece.quantity;
      avoided[piece.holding] += before - multiply(open[piece.pool], price);
    }
  }

  void set_quantities(std::size_t scenario, std::size_t month, std::size_t hour,
                      std::vector<Decimal>& quantity) const {
    for (std::size_t pool = 0; pool < real_pools_; ++pool) {
      const Decimal all = estate_.demand.quantity(estate_.demand.row(pool).last(pattern_)[hour]);
      const Decimal stays = multiply(all, decimal(outlook_.at(scenario, month, pool), 6));
      quantity[pool] = stays;
      quantity[real_pools_ + pool] =
          multiply(all, decimal(outlook_.elsewhere(scenario, month, pool), 6));
    }
  }

  // ---- the neighbourhood

  /// Cost in the mean of the scenarios, if usage is so many times what they expect: what capacity
  /// leaves of it is as many times what a part of the capacity leaves.
  double expected(const BasketFlow& flow, std::span<const double> amounts, double usage) const {
    std::vector<double> capacity = capacity_of(problem_, amounts);
    for (double& own : capacity) own /= usage;
    const auto slopes = slopes_at(flow, capacity, options_.threads, 1, false);
    double cost = 0;
    for (std::size_t v = 0; v < amounts.size(); ++v)
      cost += amounts[v] * fee_of(problem_, v) / problem_.variables[v].fee *
              lines_[problem_.variables[v].line].annuity;
    for (std::size_t s = 0; s < problem_.scenarios; ++s)
      cost += problem_.probability[s] * usage * slopes[s].on_demand;
    return cost;
  }

  void draw() {
    const auto scaled = [&](double scale) {
      std::vector<double> amounts = amounts_;
      for (std::size_t v = 0; v < amounts.size(); ++v)
        if (problem_.variables[v].first_step == 0) amounts[v] *= scale;
      return amounts;
    };
    const BasketFlow flow(problem_);
    constexpr int kPoints = 20;
    for (int i = 0; i <= kPoints; ++i) {
      const double scale = 2.0 * i / kPoints;
      plan_.curve.push_back({scale, expected(flow, scaled(scale), 1)});
    }
    const std::vector<double> nothing = scaled(0);
    double low = 0, high = 1;
    for (int i = 0; i < 20; ++i) {
      const double middle = (low + high) / 2;
      (expected(flow, amounts_, middle) < expected(flow, nothing, middle) ? high : low) = middle;
    }
    plan_.break_even_usage = high;
  }

  void explain() {
    if (options_.max_lock_in && plan_.owed_held >= *options_.max_lock_in)
      plan_.notes.push_back("nothing is bought now: what is held already owes " +
                            to_text(plan_.owed_held, 2, true) + " " + card_.currency +
                            ", the most that may be owed is " +
                            to_text(*options_.max_lock_in, 2, true) + " " + card_.currency);
    if (!left_out_.empty())
      plan_.notes.push_back("not considered, as their terms are longer than the horizon: " +
                            join(left_out_, ", "));
    if (slow_ > 0)
      plan_.notes.push_back("not considered, as they break even later than allowed: " +
                            std::to_string(slow_) + " offers in their scopes");
    if (outlook_.unlearnt > 0)
      plan_.notes.push_back(
          std::to_string(outlook_.unlearnt) + " of " + std::to_string(real_pools_) +
          " pools have too little history to learn from: half of their scenarios stay, half lose a "
          "third in a year");
    if (options_.max_unused && plan_.unused_worst > *options_.max_unused)
      plan_.notes.push_back("what is held goes unused beyond the limit, whatever is bought");
    const bool buys_now = std::any_of(plan_.purchases.begin(), plan_.purchases.end(),
                                      [](const auto& purchase) { return purchase.step == 0; });
    if (plan_.limited && !buys_now)
      plan_.notes.push_back(
          "nothing can be bought within the limit on what may go unused: whatever is bought leans "
          "on "
          "too few families, and if one of them faded away, more would go unused");
  }

  const Estate& estate_;
  const PlanOptions& options_;
  const RateCard& card_;
  Plan plan_;
  PoolTable table_;
  std::size_t real_pools_ = 0, pattern_ = kPattern;
  std::vector<Line> lines_;
  std::vector<std::string> left_out_;
  std::size_t slow_ = 0;  ///< lines that break even later than allowed
  std::vector<ExchangeMove> moves_;
  std::optional<ExchangeChoice> exchanges_;
  Outlook outlook_;
  bool knows_weeks_ = false;  ///< there is enough history to say how far usage lasts
  BasketProblem problem_;
  /// Variables of narrow ladders, by scope and month.
  std::map<std::pair<std::vector<ScopeValue>, std::size_t>, std::vector<std::size_t>> rungs_;
  std::optional<PlanAhead> ahead_;
  BasketCondition condition_;
  BasketResult result_;
  std::vector<double> amounts_;
};

}  // namespace

Result<Plan> make_plan(const Estate& estate, const PlanOptions& options) {
  Planner planner(estate, options);
  if (Status decided = planner.decide(); !decided) return pass(decided);
  if (Status judged = planner.judge(); !judged) return pass(judged);
  return std::move(planner.plan());
}

Result<std::vector<Holding>> plan_now(const Estate& estate, const PlanOptions& options) {
  PlanOptions purchases_only = options;
  purchases_only.exchanges = false;
  Planner planner(estate, purchases_only);
  if (Status decided = planner.decide(); !decided) return pass(decided);
  planner.list_purchases();
  std::vector<Holding> now;
  for (const PlannedPurchase& purchase : planner.plan().purchases)
    if (purchase.step == 0) now.push_back(purchase.holding);
  return now;
}

}  // namespace steelyard
