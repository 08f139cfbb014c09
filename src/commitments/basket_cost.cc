#include "commitments/basket_cost.h"

#include <algorithm>
#include <numeric>

#include "commitments/parallel.h"

namespace steelyard {
namespace {

constexpr double kRegretWidth = 0.1;  ///< of the cost, times the width
constexpr double kLightest = 1e-3;  ///< of the heaviest weight of a limit: lighter ones move little
constexpr double kRowSteepness = 0.1;  ///< of that of limits: there are many rows
constexpr double kLeastScale = 1e-3;   ///< of all that a limit could come to
constexpr std::size_t kParts = 8;      ///< of a look, that threads share out

}  // namespace

BasketPurchases::BasketPurchases(const BasketProblem& basket, std::span<const double> bounds,
                                 std::span<const BasketLimit> rows)
    : problem(basket) {
  const auto is_barred = [&](std::size_t v) {
    return std::any_of(problem.limits.begin(), problem.limits.end(),
                       [&](const auto& limit) { return limit.most <= 0 && limit.weight[v] > 0; });
  };
  for (std::size_t v = 0; v < problem.variables.size(); ++v) {
    if (!(bounds[v] > 0) || is_barred(v)) continue;
    const BasketVariable& variable = problem.variables[v];
    double covered = 0;
    for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
      covered += problem.step_weight[step];
    live.push_back(v);
    hours.push_back(covered);
    fee.push_back(covered * variable.fee);
    most.push_back(bounds[v]);
  }
  add_limits(problem.limits, 1);
  own_limits = limits.size();
  add_limits(rows, kRowSteepness);
}

/// The multiplier needs be no greater than what the purchase that could save most would save: there
/// a row's parabola ends, and the square of a limit goes beyond it by a small part.
void BasketPurchases::add_limits(std::span<const BasketLimit> added, double steepness) {
  std::vector<double> saves(problem.lines, 0);
  for (const BasketPair& pair : problem.order)
    saves[pair.line] = std::max(saves[pair.line], 1 / pair.ratio);
  for (const BasketLimit& limit : added) {
    Limit own{{}, {}, limit.most, 0, 0, 0};
    const double heaviest = *std::max_element(limit.weight.begin(), limit.weight.end());
    double all = 0;
    for (std::size_t i = 0; i < live.size(); ++i) {
      const double weight = limit.weight[live[i]];
      if (weight == 0) continue;
      own.at.push_back(i);
      own.weight.push_back(weight);
      all += std::max(0.0, weight) * most[i];
      const double saved = saves[variable(i).line] * hours[i] - fee[i];
      if (weight > kLightest * heaviest)
        own.height = std::max(own.height, steepness * saved / weight);
    }
    own.scale = std::max(limit.most, kLeastScale * all);
    if (all > limit.most && own.height > 0) limits.push_back(std::move(own));
  }
}

double BasketPurchases::Limit::bend() const { return height / (kFirstWidth * scale); }

double BasketPurchases::Limit::price_at(std::span<const double> amounts) const {
  double beyond = -most;
  for (std::size_t k = 0; k < at.size(); ++k) beyond += weight[k] * amounts[at[k]];
  return std::max(0.0, price + bend() * beyond);
}

void BasketPurchases::price_limits(std::span<const double> amounts) {
  for (std::size_t l = 0; l < own_limits; ++l) limits[l].price = limits[l].price_at(amounts);
}

std::vector<double> BasketPurchases::whole(std::span<const double> amounts) const {
  std::vector<double> all(problem.variables.size(), 0);
  for (std::size_t i = 0; i < live.size(); ++i) all[live[i]] = amounts[i];
  return all;
}

std::vector<double> BasketPurchases::within(std::vector<double> amounts) const {
  for (const Limit& limit : std::span(limits).first(own_limits)) {
    double sum = 0;
    for (std::size_t k = 0; k < limit.at.size(); ++k) sum += limit.weight[k] * amounts[limit.at[k]];
    if (sum <= limit.most) continue;
    for (const std::size_t i : limit.at) amounts[i] *= limit.most / sum;
  }
  return amounts;
}

BasketCost::BasketCost(const BasketPurchases& purchases, const BasketProblem& shown,
                       std::span<const double> best, int threads)
    : purchases_(purchases),
      problem_(shown),
      best_(best),
      threads_(threads),
      flow_(shown),
      upstream_(basket_upstream(flow_)) {
  for (std::size_t part = 0; part < kParts; ++part) looks_.emplace_back(flow_, upstream_);
  const auto& nodes = flow_.nodes();
  size_.assign(nodes.size(), 0);
  std::vector<double> row(problem_.pattern);
  double weights = 0;
  for (std::size_t s = 0; s < problem_.scenarios; ++s)
    for (std::size_t step = 0; step < problem_.steps; ++step) {
      const double weight = problem_.probability[s] * problem_.step_weight[step] /
                            static_cast<double>(problem_.pattern);
      weights += weight * static_cast<double>(problem_.pattern);
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (nodes[i].pools.empty()) continue;
        flow_.usage_of(nodes[i], s, step, row.data());
        size_[i] += weight * std::accumulate(row.begin(), row.end(), 0.0);
      }
    }
  for (std::size_t i = 0; i + 1 < nodes.size(); ++i) size_[nodes[i].next] += size_[i];
  for (double& size : size_) size = std::max(size / weights, 1e-9 * size_.back() / weights);
  total_ = size_.back() * weights;
  fees_of_.assign(problem_.lines, 0);
  for (std::size_t i = 0; i + 1 < nodes.size(); ++i)
    fees_of_[nodes[i].line] += nodes[i].ratio * size_[i];
}

std::vector<double> BasketCost::widths(double width) const {
  std::vector<double> widths;
  for (const double size : size_) widths.push_back(width * size);
  return widths;
}

BasketView BasketCost::look(std::span<const double> amounts, double width) {
  const auto capacity = capacity_of(problem_, purchases_.whole(amounts));
  const auto wide = widths(width);
  const std::size_t steps = problem_.steps, count = amounts.size();
  BasketView view;
  view.blocks.resize(problem_.scenarios * steps);
  in_parallel(kParts, threads_, [&](std::size_t part) {
    for (std::size_t i = part; i < view.blocks.size(); i += kParts)
      view.blocks[i] = looks_[part].at(i / steps, i % steps, capacity, wide);
  });
  view.rest.assign(problem_.scenarios, 0);
  view.slopes.assign(problem_.scenarios, std::vector<double>(count, 0));
  for (std::size_t s = 0; s < problem_.scenarios; ++s) {
    for (std::size_t step = 0; step < steps; ++step)
      view.rest[s] += view.blocks[s * steps + step].rest;
    for (std::size_t i = 0; i < count; ++i) {
      const BasketVariable& variable = purchases_.variable(i);
      for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
        view.slopes[s][i] += view.blocks[s * steps + step].slope[variable.line];
    }
  }
  weigh(view, width);
  view.value = purchases_.box().cost(view.value, amounts);
  view.used.assign(count, 0);
  for (std::size_t s = 0; s < problem_.scenarios; ++s) {
    for (std::size_t i = 0; i < count; ++i) view.used[i] += view.weight[s] * view.slopes[s][i];
    for (std::size_t step = 0; step < steps; ++step)
      view.smoothing += view.weight[s] * view.blocks[s * steps + step].smoothing;
  }
  add_limits(view, amounts, width);
  return view;
}

void BasketCost::add_limits(BasketView& view, std::span<const double> amounts, double share) const {
  for (std::size_t l = 0; l < purchases_.limits.size(); ++l) {
    const BasketPurchases::Limit& limit = purchases_.limits[l];
    if (l < purchases_.own_limits) {
      const double price = limit.price_at(amounts);
      view.value += (price * price - limit.price * limit.price) / (2 * limit.bend());
      view.limit_slope.push_back(price);
      view.limit_bend.push_back(price > 0 ? limit.bend() : 0);
      for (std::size_t k = 0; k < limit.at.size(); ++k)
        view.used[limit.at[k]] -= price * limit.weight[k];
      continue;
    }
    const double width = share * limit.scale / 2;
    double z = 2 * width - limit.most;
    for (std::size_t k = 0; k < limit.at.size(); ++k) z += limit.weight[k] * amounts[limit.at[k]];
    const Kink kink(std::max(width, 1e-300));
    const double s = kink.slope(z);
    view.value += limit.height * kink.left(z, s);
    view.smoothing += limit.height * 2 * width * s * (1 - s);
    view.limit_slope.push_back(limit.height * s);
    view.limit_bend.push_back(s > 0 && s < 1 ? limit.height * kink.scale : 0);
    for (std::size_t k = 0; k < limit.at.size(); ++k)
      view.used[limit.at[k]] -= limit.height * s * limit.weight[k];
  }
}

/// The weight of each scenario: its probability, and its part in the tail of regret. Of the smooth
/// tail the threshold is where those parts sum to one.
void BasketCost::weigh(BasketView& view, double width) const {
  const BasketProblem& problem = problem_;
  view.weight.resize(problem.scenarios);
  view.tail_bend.assign(problem.scenarios, 0);
  for (std::size_t s = 0; s < problem.scenarios; ++s) {
    view.weight[s] = (1 - problem.risk) * problem.probability[s];
    view.value += view.weight[s] * view.rest[s];
  }
  if (problem.risk <= 0) return;
  const Kink kink(width * kRegretWidth * total_);
  std::vector<double> regret(problem.scenarios);
  for (std::size_t s = 0; s < problem.scenarios; ++s) regret[s] = view.rest[s] - best_[s];
  const auto part = [&](double threshold, std::size_t s) {
    return problem.probability[s] / problem.tail * kink.slope(regret[s] - threshold);
  };
  const auto parts = [&](double threshold) {
    double sum = 0;
    for (std::size_t s = 0; s < problem.scenarios; ++s) sum += part(threshold, s);
    return sum;
  };
  double low = *std::min_element(regret.begin(), regret.end()) - 4 * kink.width;
  double high = *std::max_element(regret.begin(), regret.end());
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (parts(middle) > 1 ? low : high) = middle;
  }
  const double sum = parts(low);
  view.value += problem.risk * low;
  for (std::size_t s = 0; s < problem.scenarios; ++s) {
    const double slope = kink.slope(regret[s] - low);
    view.value +=
        problem.risk * problem.probability[s] / problem.tail * kink.left(regret[s] - low, slope);
    view.weight[s] += problem.risk * part(low, s) / sum;
    if (slope > 0 && slope < 1)
      view.tail_bend[s] = problem.risk * problem.probability[s] / problem.tail * kink.scale;
  }
}

double BasketCost::bound(std::span<const double> amounts, double width) {
  const BasketView view = look(amounts, width);
  const auto slopes = slopes_at(flow_, capacity_of(problem_, purchases_.whole(amounts)), threads_,
                                1, true, widths(width));
  std::vector<double> used(amounts.size(), 0);
  double bound = 0;
  for (std::size_t s = 0; s < problem_.scenarios; ++s) {
    bound += view.weight[s] * slopes[s].constant;
    if (problem_.risk > 0)
      bound -= (view.weight[s] - (1 - problem_.risk) * problem_.probability[s]) * best_[s];
    for (std::size_t i = 0; i < problem_.held.size(); ++i)
      bound -= view.weight[s] * slopes[s].slope[i] * problem_.held[i];
    for (std::size_t i = 0; i < used.size(); ++i) {
      const BasketVariable& variable = purchases_.variable(i);
      for (std::size_t step = variable.first_step; step < variable.end_step; ++step)
        used[i] += view.weight[s] * slopes[s].slope[variable.line * problem_.steps + step];
    }
  }
  for (std::size_t l = 0; l < purchases_.limits.size(); ++l) {
    const BasketPurchases::Limit& limit = purchases_.limits[l];
    bound -= view.limit_slope[l] * limit.most;
    for (std::size_t k = 0; k < limit.at.size(); ++k)
      used[limit.at[k]] -= view.limit_slope[l] * limit.weight[k];
  }
  for (std::size_t i = 0; i < used.size(); ++i)
    bound -= purchases_.most[i] * std::max(0.0, used[i] - purchases_.fee[i]);
  return bound;
}

}  // namespace steelyard
