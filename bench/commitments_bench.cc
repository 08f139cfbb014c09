// Claims about the mathematics of commitments, each a ratio from one run: the opponent runs on the
// same input right before or after, and both must agree. Small by default; the sizes for which
// claims are made are flags:
//
//   commitments_bench level     [--pools=10000] [--hours=26280]   against one pass that adds the
//   demand up commitments_bench portfolio [--pools=47] [--hours=26280]      against CLP on the
//   whole program commitments_bench many      [--pools=1000] [--hours=8760] [--offers=12]   gap,
//   seconds, memory;
//                                                                 a restart against the first solve
//
// Demand is made up (a seed, a trend, days, weeks, noise), so the bench needs no data.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "commitments/level.h"
#include "commitments/linear_program.h"
#include "commitments/portfolio.h"

namespace {

using namespace steelyard;

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double memory_gib() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);
}

std::vector<std::int64_t> demand_of(std::size_t pools, std::size_t hours) {
  std::mt19937_64 random(1);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  std::vector<std::int64_t> counts(pools * hours);
  for (std::size_t pool = 0; pool < pools; ++pool) {
    const double base = std::exp(3 + 4 * uniform()), trend = (uniform() - 0.2) / 8760;
    const double day = 0.4 * uniform(), weekend = 0.5 * uniform();
    double noise = 0;
    for (std::size_t hour = 0; hour < hours; ++hour) {
      noise = 0.95 * noise + 0.05 * (uniform() - 0.5);
      const double level = base * std::exp(trend * static_cast<double>(hour) + noise) *
                           (1 + day * std::sin(0.2617993878 * static_cast<double>(hour % 24))) *
                           (hour / 24 % 7 >= 5 ? 1 - weekend : 1);
      counts[pool * hours + hour] = std::llround(level);
    }
  }
  return counts;
}

/// The best of `runs` times.
template <class Work>
double seconds_of(int runs, const Work& work) {
  double best = 1e300;
  for (int run = 0; run < runs; ++run) {
    const double began = now_s();
    work();
    best = std::min(best, now_s() - began);
  }
  return best;
}

[[noreturn]] void wrong(const char* what) {
  std::printf("wrong: %s\n", what);
  std::exit(1);
}

void level(std::size_t pools, std::size_t hours) {
  const auto counts = demand_of(pools, hours);
  const PriceRatio price{3, 5};
  std::int64_t sum = 0;
  const double pass_s = seconds_of(3, [&] {
    std::int64_t total = 0;
    for (const std::int64_t count : counts) total += count;
    sum = total;
  });
  Int128 usage = 0;
  std::vector<std::int64_t> levels(pools);
  const double level_s = seconds_of(3, [&] {
    usage = 0;
    for (std::size_t pool = 0; pool < pools; ++pool) {
      const Level best = best_level({counts.data() + pool * hours, hours}, price);
      levels[pool] = best.level;
      usage += best.cost.usage;
    }
  });
  if (usage != sum) wrong("the levels saw other demand");
  for (std::size_t pool = 0; pool < pools; pool += pools / 7 + 1) {
    std::vector<std::int64_t> sorted(
        counts.begin() + static_cast<std::ptrdiff_t>(pool * hours),
        counts.begin() + static_cast<std::ptrdiff_t>((pool + 1) * hours));
    std::sort(sorted.begin(), sorted.end());
    if (sorted[hours - 1 - hours * 3 / 5] != levels[pool]) wrong("a level is no quantile");
  }
  std::printf(
      "level      %zu pools x %zu hours: best levels %.4f s, one pass over the data %.4f s, "
      "ratio %.2f\n",
      pools, hours, level_s, pass_s, level_s / pass_s);
}

PortfolioProblem pools_and_plan_of(std::size_t pools, std::size_t hours) {
  Demand demand;
  demand.hours = hours;
  demand.pool_columns = {"pool"};
  for (std::size_t pool = 0; pool < pools; ++pool) demand.pools.push_back({std::to_string(pool)});
  demand.counts = demand_of(pools, hours);
  return pools_and_plan(demand, {3, 5}, {18, 25});
}

/// All hours in one linear program: what is left by each pool and by the plan, hour by hour.
double by_clp(const PortfolioProblem& problem, double& seconds) {
  const double began = now_s();
  LinearProgram program;
  const std::size_t pools = problem.pools, hours = problem.hours;
  const double fee = static_cast<double>(hours);
  for (const PortfolioOffer& offer : problem.offers)
    program.add_column(offer.price.value() * fee, 0, LinearProgram::kInfinity);
  for (std::size_t hour = 0; hour < hours; ++hour)
    for (std::size_t pool = 0; pool <= pools; ++pool)
      program.add_column(pool == pools ? 1 : 0, 0, LinearProgram::kInfinity);
  const auto left = [&](std::size_t hour, std::size_t pool) {
    return static_cast<int>(pools + 1 + hour * (pools + 1) + pool);
  };
  std::vector<int> columns;
  std::vector<double> values;
  for (std::size_t hour = 0; hour < hours; ++hour) {
    for (std::size_t pool = 0; pool < pools; ++pool) {
      columns = {static_cast<int>(pool), left(hour, pool)};
      values = {1, 1};
      program.add_row(static_cast<double>(problem.counts[pool * hours + hour]),
                      LinearProgram::kInfinity, columns, values);
    }
    columns = {static_cast<int>(pools), left(hour, pools)};
    values = {1, 1};
    for (std::size_t pool = 0; pool < pools; ++pool) {
      columns.push_back(left(hour, pool));
      values.push_back(-1);
    }
    program.add_row(0, LinearProgram::kInfinity, columns, values);
  }
  if (!program.solve()) wrong("CLP found no optimum");
  seconds = now_s() - began;
  return program.value();
}

void portfolio(std::size_t pools, std::size_t hours) {
  const PortfolioProblem problem = pools_and_plan_of(pools, hours);
  PortfolioResult result;
  const double ours_s = seconds_of(3, [&] {
    auto solver = PortfolioSolver::make(problem);
    if (!solver) wrong("the problem was refused");
    result = solver->solve();
  });
  double clp_s = 0;
  const double expected = by_clp(problem, clp_s);
  const double cost = static_cast<double>(result.cost) / static_cast<double>(result.denominator);
  const double differs = std::abs(cost - expected) / expected;
  std::printf(
      "portfolio  %zu pools and a plan x %zu hours: ours %.3f s (gap %.1e, %d passes), CLP "
      "%.3f s, %.0f times as long; costs differ by %.1e\n",
      pools, hours, ours_s, result.gap, result.passes, clp_s, clp_s / ours_s, differs);
  if (!result.proven || differs > 1e-9) wrong("not the optimum");
}

/// Families of ten pools, regions of ten families, everything; offers spread over the levels: so
/// many kinds of instrument, each bought once for each of its scopes.
void many(std::size_t pools, std::size_t hours, std::size_t kinds) {
  PortfolioProblem problem;
  problem.pools = pools;
  problem.hours = hours;
  problem.counts = demand_of(pools, hours);
  const std::size_t families = (pools + 9) / 10, regions = (families + 9) / 10;
  for (std::size_t pool = 0; pool < pools; ++pool)
    problem.parent.push_back(static_cast<int>(pools + pool / 10));
  for (std::size_t family = 0; family < families; ++family)
    problem.parent.push_back(static_cast<int>(pools + families + family / 10));
  for (std::size_t region = 0; region < regions; ++region)
    problem.parent.push_back(static_cast<int>(pools + families + regions));
  problem.parent.push_back(-1);
  const struct {
    std::size_t first, count;
    std::int64_t price;  ///< per cent
  } scopes[] = {{0, pools, 60},
                {pools, families, 66},
                {pools + families, regions, 70},
                {pools + families + regions, 1, 74}};
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    // Four scopes; each term that is tried again covers a shorter part of the time, and costs more.
    const auto& scope = scopes[kind % 4];
    const std::size_t term = kind / 4;
    for (std::size_t i = 0; i < scope.count; ++i)
      problem.offers.push_back({"",
                                scope.first + i,
                                {scope.price + 4 * static_cast<std::int64_t>(term), 100},
                                hours * term / 4,
                                hours,
                                -1});
  }
  double began = now_s();
  auto solver = PortfolioSolver::make(std::move(problem));
  if (!solver) wrong("the problem was refused");
  const PortfolioResult result = solver->solve({.gap = 1e-6});
  const double first_s = now_s() - began;
  began = now_s();
  solver->set_price(0, {61, 100});
  const PortfolioResult again = solver->solve({.gap = 1e-6});
  const double again_s = now_s() - began;
  std::printf(
      "many       %zu pools x %zu hours x %zu instruments (%zu purchases): gap %.1e in %.2f s "
      "(%d passes, %d cuts), %.2f GiB; after one price: gap %.1e in %.2f s, %.2f of the first\n",
      pools, hours, kinds, result.amounts.size(), result.gap, first_s, result.passes, result.cuts,
      memory_gib(), again.gap, again_s, again_s / first_s);
}

std::size_t flag(std::map<std::string, std::size_t>& flags, const std::string& name,
                 std::size_t otherwise) {
  return flags.count(name) ? flags[name] : otherwise;
}

}  // namespace

int main(int count, char** words) {
  std::map<std::string, std::size_t> flags;
  std::string which = "all";
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto equals = word.find('=');
    if (word.rfind("--", 0) == 0 && equals != std::string::npos)
      flags[word.substr(2, equals - 2)] = std::stoul(word.substr(equals + 1));
    else
      which = word;
  }
  const bool all = which == "all";
  if (all || which == "level") level(flag(flags, "pools", 200), flag(flags, "hours", 26'280));
  if (all || which == "portfolio") portfolio(flag(flags, "pools", 10), flag(flags, "hours", 1'000));
  if (all || which == "many")
    many(flag(flags, "pools", 30), flag(flags, "hours", 2'000), flag(flags, "offers", 12));
  return 0;
}
