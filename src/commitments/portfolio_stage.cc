#include "commitments/portfolio_stage.h"

#include <algorithm>
#include <cstdint>

#include "commitments/portfolio_pass.h"

namespace steelyard {
namespace {

constexpr std::size_t kBlockOffers = 600;  ///< a subtree with up to so many is one dense block

/// In [0, 1), without a pattern.
double share_of(std::uint64_t index) {
  index = (index + 1) * 0x9e3779b97f4a7c15;
  index = (index ^ index >> 32) * 0xd6e8feb86659fd93;
  index = (index ^ index >> 32) * 0xd6e8feb86659fd93;
  return static_cast<double>((index ^ index >> 32) >> 11) * 0x1p-53;
}

/// The demand of the pools at these hours, and what is held of the wider scopes.
void fill(const PortfolioProblem& problem, const std::vector<std::size_t>& hours, bool whole,
          PortfolioStage& stage) {
  stage.demand.resize(problem.pools * stage.columns);
  stage.held.resize(problem.parent.size());
  const auto held = [&](std::size_t scope) {
    return scope < problem.held.size() && !problem.held[scope].empty() ? problem.held[scope].data()
                                                                       : nullptr;
  };
  for (std::size_t pool = 0; pool < problem.pools; ++pool) {
    const std::int64_t* row = problem.counts.data() + pool * problem.hours;
    double* out = stage.demand.data() + pool * stage.columns;
    const std::int64_t* less = held(pool);
    for (std::size_t i = 0; i < stage.columns; ++i) {
      const std::int64_t count =
          less ? std::max<std::int64_t>(0, row[hours[i]] - less[hours[i]]) : row[hours[i]];
      out[i] = static_cast<double>(count);
      if (!whole && count > 0) out[i] -= share_of(pool * problem.hours + hours[i]);
    }
  }
  for (std::size_t scope = problem.pools; scope < problem.parent.size(); ++scope)
    if (const std::int64_t* less = held(scope))
      for (const std::size_t hour : hours)
        stage.held[scope].push_back(static_cast<double>(less[hour]));
}

}  // namespace

PortfolioForest::PortfolioForest(const PortfolioProblem& portfolio) : problem(&portfolio) {
  const auto& parent = portfolio.parent;
  const std::size_t scopes = parent.size();
  offers.resize(scopes);
  for (std::size_t i = 0; i < portfolio.offers.size(); ++i)
    offers[portfolio.offers[i].scope].push_back(i);
  below.resize(scopes);
  for (std::size_t scope = scopes; scope-- > 0;)
    for (int above = parent[scope]; above >= 0; above = parent[static_cast<std::size_t>(above)])
      below[static_cast<std::size_t>(above)].push_back(scope);
  std::vector<std::size_t> weight(scopes);  // offers of the subtree
  for (std::size_t scope = 0; scope < scopes; ++scope) weight[scope] = offers[scope].size();
  for (std::size_t scope = 0; scope < scopes; ++scope)
    if (parent[scope] >= 0) weight[static_cast<std::size_t>(parent[scope])] += weight[scope];
  block.assign(scopes, -1);
  for (std::size_t scope = scopes; scope-- > 0;) {
    const int above = parent[scope];
    if (above >= 0 && block[static_cast<std::size_t>(above)] >= 0)
      block[scope] = block[static_cast<std::size_t>(above)];
    else if (weight[scope] <= kBlockOffers || scope < portfolio.pools)
      block[scope] = static_cast<int>(blocks++);
  }
  size.assign(scopes, 0);
  for (std::size_t scope = 0; scope < scopes; ++scope) {
    if (scope < portfolio.pools) {
      const std::int64_t* row = portfolio.counts.data() + scope * portfolio.hours;
      for (std::size_t hour = 0; hour < portfolio.hours; ++hour)
        size[scope] += static_cast<double>(row[hour]);
      size[scope] /= static_cast<double>(portfolio.hours);
    }
    if (parent[scope] >= 0) size[static_cast<std::size_t>(parent[scope])] += size[scope];
    size[scope] = std::max(size[scope], 1e-3);
  }
}

PortfolioStage stage_of(const PortfolioProblem& problem, std::size_t stride, bool whole) {
  PortfolioStage stage;
  std::vector<std::size_t> hours;  // per column
  stage.hours.assign(problem.offers.size(), 0);
  std::uint64_t random = 0x9e3779b97f4a7c15;
  const auto events = events_of(problem, 1);
  for (std::size_t event = 0; event + 1 < events.size(); ++event) {
    const std::size_t begin = events[event], end = events[event + 1];
    PortfolioStage::Segment segment{stage.columns, 0, begin, {}};
    const auto weight = static_cast<double>(weight_at(problem, begin));
    for (std::size_t i = 0; i < problem.offers.size(); ++i)
      if (problem.offers[i].begin <= begin && begin < problem.offers[i].end) {
        segment.active.push_back(i);
        stage.hours[i] += weight * static_cast<double>(end - begin);
      }
    for (std::size_t hour = begin; hour < end; hour += stride) {
      const std::size_t group = std::min(stride, end - hour);
      random = random * 6364136223846793005 + 1442695040888963407;
      hours.push_back(hour + (random >> 33) % group);
      stage.weight.push_back(weight * static_cast<double>(group));
      ++stage.columns;
    }
    segment.end = stage.columns;
    stage.segments.push_back(std::move(segment));
  }
  fill(problem, hours, whole, stage);
  return stage;
}

}  // namespace steelyard
