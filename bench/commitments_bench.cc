// Claims about the mathematics of commitments, each a ratio from one run: the opponent runs on the
// same input right before or after, and both must agree. Small by default; the sizes for which
// claims are made are flags:
//
//   commitments_bench level [--pools=10000] [--hours=26280]
//       the best level of each pool, against one pass that adds the demand up
//   commitments_bench portfolio [--pools=47] [--hours=26280] [--demand=FILE] [--highs=LIBRARY]
//       pools and a plan over all, against the whole linear program in one piece, solved by HiGHS
//       (a libhighs.so with its C interface) or by CLP
//   commitments_bench many [--pools=1000] [--hours=8760] [--offers=12]
//       gap, seconds, memory; going on after one price against the first search
//
// Demand is made up (a seed, a trend, days, weeks, noise), so the bench needs no data, or read from
// FILE. The last line of each is JSON, for bench/run.py.
#include <dlfcn.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "commitments/demand.h"
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

double real(Int128 value) { return static_cast<double>(value); }

/// Two threads, each with half of the pools.
template <class Half>
void in_halves(std::size_t pools, const Half& half) {
  std::jthread other([&] { half(pools / 2, pools); });
  half(std::size_t{0}, pools / 2);
}

void level(std::size_t pools, std::size_t hours) {
  const auto counts = demand_of(pools, hours);
  const PriceRatio price{3, 5};
  std::atomic<std::int64_t> sum = 0, usage = 0;
  const double pass_s = seconds_of(7, [&] {
    sum = 0;
    in_halves(pools, [&](std::size_t from, std::size_t to) {
      std::int64_t total = 0;
      for (std::size_t i = from * hours; i < to * hours; ++i) total += counts[i];
      sum += total;
    });
  });
  std::vector<std::int64_t> levels(pools);
  const double level_s = seconds_of(7, [&] {
    usage = 0;
    in_halves(pools, [&](std::size_t from, std::size_t to) {
      std::int64_t total = 0;
      for (std::size_t pool = from; pool < to; ++pool) {
        const Level best = best_level({counts.data() + pool * hours, hours}, price);
        levels[pool] = best.level;
        total += static_cast<std::int64_t>(best.cost.usage);
      }
      usage += total;
    });
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
  std::printf("{\"ours_s\": %.6f, \"opponent_s\": %.6f, \"peak_mib\": %.0f}\n", level_s, pass_s,
              memory_gib() * 1024);
}

/// Made up, or read from a file.
Demand demand_from(const std::string& file, std::size_t pools, std::size_t hours) {
  Demand demand;
  if (!file.empty()) {
    auto engine = open_duckdb({});
    if (!engine) wrong("no engine");
    auto read = read_demand(**engine, {.path = file});
    if (!read) wrong(read.error().what.c_str());
    return std::move(*read);
  }
  demand.hours = hours;
  demand.pool_columns = {"pool"};
  for (std::size_t pool = 0; pool < pools; ++pool) demand.pools.push_back({std::to_string(pool)});
  demand.counts = demand_of(pools, hours);
  return demand;
}

/// All hours in one linear program, row by row: what is left by each pool and by the plan, hour by
/// hour. Columns: the purchases, then hour by hour what each pool leaves and what the plan does.
struct WholeProgram {
  std::vector<double> costs, row_lowers, values;
  std::vector<int> starts, columns;

  explicit WholeProgram(const PortfolioProblem& problem) {
    const std::size_t pools = problem.pools, hours = problem.hours;
    for (const PortfolioOffer& offer : problem.offers)
      costs.push_back(offer.price.value() * static_cast<double>(hours));
    const auto left = [&](std::size_t hour, std::size_t pool) {
      return static_cast<int>(pools + 1 + hour * (pools + 1) + pool);
    };
    const auto add = [&](int column, double value) {
      columns.push_back(column);
      values.push_back(value);
    };
    for (std::size_t hour = 0; hour < hours; ++hour)
      for (std::size_t pool = 0; pool <= pools; ++pool) costs.push_back(pool == pools ? 1 : 0);
    for (std::size_t hour = 0; hour < hours; ++hour)
      for (std::size_t pool = 0; pool <= pools; ++pool) {
        starts.push_back(static_cast<int>(columns.size()));
        add(static_cast<int>(pool), 1);
        add(left(hour, pool), 1);
        for (std::size_t child = 0; pool == pools && child < pools; ++child)
          add(left(hour, child), -1);
        row_lowers.push_back(
            pool == pools ? 0 : static_cast<double>(problem.counts[pool * hours + hour]));
      }
    starts.push_back(static_cast<int>(columns.size()));
  }
};

double by_clp(const WholeProgram& whole, double& seconds) {
  const double began = now_s();
  LinearProgram program;
  for (const double cost : whole.costs) program.add_column(cost, 0, LinearProgram::kInfinity);
  for (std::size_t row = 0; row < whole.row_lowers.size(); ++row) {
    const auto first = static_cast<std::size_t>(whole.starts[row]);
    const auto count = static_cast<std::size_t>(whole.starts[row + 1]) - first;
    program.add_row(whole.row_lowers[row], LinearProgram::kInfinity,
                    std::span(whole.columns).subspan(first, count),
                    std::span(whole.values).subspan(first, count));
  }
  if (!program.solve()) wrong("CLP found no optimum");
  seconds = now_s() - began;
  return program.value();
}

/// Its own choice of method and threads; only its run counts, not what it takes to hand the rows
/// over.
double by_highs(const WholeProgram& whole, const std::string& library, double& seconds) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) wrong(dlerror());
  const auto call = [&]<class Function>(const char* name, Function* typed) {
    typed = reinterpret_cast<Function*>(dlsym(handle, name));
    if (!typed) wrong(name);
    return typed;
  };
  auto* create = call("Highs_create", static_cast<void* (*)()>(nullptr));
  auto* destroy = call("Highs_destroy", static_cast<void (*)(void*)>(nullptr));
  auto* set_flag =
      call("Highs_setBoolOptionValue", static_cast<int (*)(void*, const char*, int)>(nullptr));
  auto* pass = call("Highs_passLp",
                    static_cast<int (*)(void*, int, int, int, int, int, double, const double*,
                                        const double*, const double*, const double*, const double*,
                                        const int*, const int*, const double*)>(nullptr));
  auto* run = call("Highs_run", static_cast<int (*)(void*)>(nullptr));
  auto* status = call("Highs_getModelStatus", static_cast<int (*)(const void*)>(nullptr));
  auto* objective = call("Highs_getObjectiveValue", static_cast<double (*)(const void*)>(nullptr));
  constexpr int kRowWise = 2, kMinimise = 1, kOptimal = 7;
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> zeros(whole.costs.size(), 0), unbounded(whole.costs.size(), infinity),
      row_unbounded(whole.row_lowers.size(), infinity);
  void* highs = create();
  set_flag(highs, "output_flag", 0);
  pass(highs, static_cast<int>(whole.costs.size()), static_cast<int>(whole.row_lowers.size()),
       static_cast<int>(whole.columns.size()), kRowWise, kMinimise, 0, whole.costs.data(),
       zeros.data(), unbounded.data(), whole.row_lowers.data(), row_unbounded.data(),
       whole.starts.data(), whole.columns.data(), whole.values.data());
  const double began = now_s();
  run(highs);
  seconds = now_s() - began;
  if (status(highs) != kOptimal) wrong("HiGHS found no optimum");
  const double value = objective(highs);
  destroy(highs);
  return value;
}

void portfolio(const Demand& demand, const std::string& highs) {
  const PortfolioProblem problem = pools_and_plan(demand, {3, 5}, {18, 25});
  PortfolioResult result;
  const double ours_s = seconds_of(3, [&] {
    auto solver = PortfolioSolver::make(problem);
    if (!solver) wrong("the problem was refused");
    result = solver->solve();
  });
  std::printf("portfolio  %zu pools and a plan x %zu hours: ours %.3f s (gap %.1e, %d passes), ",
              problem.pools, problem.hours, ours_s, result.gap, result.passes);
  std::fflush(stdout);
  const WholeProgram whole(problem);
  double their_s = 0;
  const double expected = highs.empty() ? by_clp(whole, their_s) : by_highs(whole, highs, their_s);
  const double cost = real(result.cost) / real(result.denominator);
  const double differs = std::abs(cost - expected) / expected;
  std::printf("%s %.3f s, %.0f times as long; costs differ by %.1e\n",
              highs.empty() ? "CLP" : "HiGHS", their_s, their_s / ours_s, differs);
  if (!result.proven || differs > 1e-9) wrong("not the optimum");
  std::printf("{\"ours_s\": %.6f, \"opponent_s\": %.6f, \"peak_mib\": %.0f}\n", ours_s, their_s,
              memory_gib() * 1024);
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
  if (!result.proven || !again.proven) wrong("the gap was not reached");
  std::printf("{\"ours_s\": %.6f, \"again_s\": %.6f, \"peak_mib\": %.0f}\n", first_s, again_s,
              memory_gib() * 1024);
}

}  // namespace

int main(int count, char** words) {
  std::map<std::string, std::string> flags;
  std::string which = "all";
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto equals = word.find('=');
    if (word.rfind("--", 0) == 0 && equals != std::string::npos)
      flags[word.substr(2, equals - 2)] = word.substr(equals + 1);
    else
      which = word;
  }
  const auto number = [&](const std::string& name, std::size_t otherwise) {
    return flags.count(name) ? std::stoul(flags[name]) : otherwise;
  };
  const bool all = which == "all";
  if (all || which == "level") level(number("pools", 200), number("hours", 26'280));
  if (all || which == "portfolio")
    portfolio(demand_from(flags["demand"], number("pools", 10), number("hours", 1'000)),
              flags["highs"]);
  if (all || which == "many")
    many(number("pools", 30), number("hours", 2'000), number("offers", 12));
  return 0;
}
