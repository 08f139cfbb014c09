#include "commitments/basket_look.h"

#include <algorithm>
#include <numeric>

#include "commitments/basket_rows.h"

namespace steelyard {

constexpr std::size_t kMostUpstream = 20'000'000;

std::vector<std::vector<std::uint32_t>> basket_upstream(const BasketFlow& flow) {
  const auto& nodes = flow.nodes();
  std::vector<std::vector<std::uint32_t>> upstream(nodes.size());
  std::vector<char> counts(nodes.size()), line(flow.problem().lines);
  std::size_t total = 0;
  for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
    if (!nodes[i].inner && nodes[i].alone) continue;
    std::fill(counts.begin(), counts.end(), 0);
    std::fill(line.begin(), line.end(), 0);
    counts[i] = line[nodes[i].line] = 1;
    for (std::size_t j = i; j-- > 0;) {
      if (!counts[nodes[j].next] && !line[nodes[j].line]) continue;
      counts[j] = line[nodes[j].line] = 1;
      upstream[i].push_back(static_cast<std::uint32_t>(j));
    }
    total += upstream[i].size();
    if (total > kMostUpstream) return {};
  }
  return upstream;
}

BasketLook::BasketLook(const BasketFlow& flow,
                       const std::vector<std::vector<std::uint32_t>>& upstream)
    : flow_(flow),
      problem_(flow.problem()),
      upstream_(upstream),
      hours_(problem_.pattern),
      stride_((hours_ + kRowLanes - 1) / kRowLanes * kRowLanes),
      rest_(flow.nodes().size() * stride_),
      slope_(rest_.size()),
      worth_(rest_.size()),
      room_(problem_.lines * stride_),
      value_(room_.size()),
      of_node_(flow.nodes().size()),
      of_line_(problem_.lines),
      row_(stride_) {}

BasketBlock BasketLook::at(std::size_t scenario, std::size_t step, std::span<const double> capacity,
                           std::span<const double> widths) {
  BasketBlock block;
  widths_ = widths;
  weight_ = problem_.step_weight[step] / static_cast<double>(hours_);
  cover(scenario, step, capacity, block);
  value(block);
  return block;
}

void BasketLook::cover(std::size_t scenario, std::size_t step, std::span<const double> capacity,
                       BasketBlock& block) {
  const std::size_t last = flow_.nodes().size() - 1;
  for (std::size_t line = 0; line < problem_.lines; ++line)
    if (!flow_.is_alone(line))
      std::fill_n(room_.data() + line * stride_, hours_, capacity[line * problem_.steps + step]);
  for (const std::size_t i : flow_.inner()) std::fill_n(rest_.data() + i * stride_, stride_, 0.0);
  for (std::size_t i = 0; i <= last; ++i) {
    const BasketNode& node = flow_.nodes()[i];
    flow_.usage_of(node, scenario, step, row_.data());
    double* rest = rest_.data() + i * stride_;
    if (node.inner || i == last) {
      if (!node.pools.empty())
        for (std::size_t h = 0; h < hours_; ++h) rest[h] += row_[h];
    } else {
      rest = row_.data();
    }
    if (i == last) {
      block.rest = weight_ * std::accumulate(rest, rest + hours_, 0.0);
      break;
    }
    const Kink kink(widths_[i]);
    double* slope = slope_.data() + i * stride_;
    double* next = rest_.data() + node.next * stride_;
    const double ratio = node.ratio, inverse = 1 / node.ratio;
    if (node.alone) {
      leave_row(rest, capacity[node.line * problem_.steps + step] * inverse, kink.width, stride_,
                slope, next);
      continue;
    }
    double* room = room_.data() + node.line * stride_;
    for (std::size_t h = 0; h < hours_; ++h) {
      const double z = rest[h] - room[h] * inverse;
      slope[h] = kink.slope(z);
      const double left = kink.left(z, slope[h]);
      next[h] += left;
      room[h] -= ratio * (rest[h] - left);
    }
  }
}

void BasketLook::value(BasketBlock& block) {
  const std::size_t last = flow_.nodes().size() - 1;
  block.slope.assign(problem_.lines, 0);
  block.bend.assign(problem_.lines, 0);
  std::fill_n(worth_.data() + last * stride_, stride_, 1.0);
  for (std::size_t line = 0; line < problem_.lines; ++line)
    if (!flow_.is_alone(line)) std::fill_n(value_.data() + line * stride_, hours_, 0.0);
  for (std::size_t i = last; i-- > 0;) {
    const BasketNode& node = flow_.nodes()[i];
    const double* after = worth_.data() + node.next * stride_;
    const double* slope = slope_.data() + i * stride_;
    double* worth = node.inner ? worth_.data() + i * stride_ : row_.data();
    const double ratio = node.ratio, inverse = 1 / node.ratio, scale = 0.5 / widths_[i];
    double bent = 0, smooth = 0;
    if (node.alone) {
      const RowWorth sums = worth_of_row(after, slope, stride_, worth);
      bent = sums.bent;
      smooth = sums.smooth;
      block.slope[node.line] = weight_ * sums.worth * inverse;
      if (bent > 0 && !node.inner)
        block.bend[node.line] = weight_ * bent * scale * inverse * inverse;
      if (bent > 0 && node.inner) square(i, after, nullptr, block);
    } else {
      double* value = value_.data() + node.line * stride_;
      for (std::size_t h = 0; h < hours_; ++h) {
        const double near = slope[h] * (1 - slope[h]);
        const double more = std::max(0.0, after[h] - ratio * value[h]);
        smooth += near * more;
        bent += near > 0 ? more : 0;
      }
      if (bent > 0) square(i, after, value, block);
      for (std::size_t h = 0; h < hours_; ++h) {
        worth[h] = slope[h] * after[h] + (1 - slope[h]) * ratio * value[h];
        value[h] = slope[h] * after[h] * inverse + (1 - slope[h]) * value[h];
      }
    }
    block.smoothing += weight_ * 2 * widths_[i] * smooth;
  }
  for (std::size_t line = 0; line < problem_.lines; ++line)
    if (!flow_.is_alone(line)) {
      const double* value = value_.data() + line * stride_;
      block.slope[line] = weight_ * std::accumulate(value, value + hours_, 0.0);
    }
}

void BasketLook::square(std::size_t node, const double* after, const double* value,
                        BasketBlock& block) {
  const auto& nodes = flow_.nodes();
  const BasketNode& own = nodes[node];
  which_.clear();
  for (std::size_t h = 0; h < hours_; ++h) {
    const double s = slope_[node * stride_ + h];
    const double more = after[h] - (value ? own.ratio * value[h] : 0);
    if (!(s > 0 && s < 1) || more < 1e-12) continue;
    which_.push_back(h);
    block.weights.push_back(weight_ * more * 0.5 / widths_[node]);
  }
  if (which_.empty()) return;
  const std::size_t count = which_.size();
  BasketBlock::Squares squares{count, 0, block.weights.size() - count, block.lines.size(),
                               block.coefficients.size()};
  const auto line_row = [&](std::size_t line) -> std::vector<double>& {
    if (of_line_[line].empty()) {
      of_line_[line].assign(count, 0);
      block.lines.push_back(static_cast<std::uint32_t>(line));
    }
    return of_line_[line];
  };
  of_node_[node].assign(count, 1);
  for (double& a : line_row(own.line)) a -= 1 / own.ratio;
  for (const std::uint32_t j : upstream_[node]) {
    const BasketNode& at = nodes[j];
    const auto& left = of_node_[at.next];
    auto& room = line_row(at.line);
    if (left.empty() && at.alone) continue;
    auto& rest = of_node_[j];
    rest.assign(count, 0);
    const double* slope = slope_.data() + j * stride_;
    for (std::size_t k = 0; k < count; ++k) {
      const double s = slope[which_[k]], of_left = left.empty() ? 0 : left[k];
      rest[k] = s * of_left - (1 - s) * at.ratio * room[k];
      room[k] = (1 - s) * room[k] - s / at.ratio * of_left;
    }
  }
  squares.lines = block.lines.size() - squares.first_line;
  for (std::size_t l = squares.first_line; l < block.lines.size(); ++l) {
    auto& row = of_line_[block.lines[l]];
    block.coefficients.insert(block.coefficients.end(), row.begin(), row.end());
    row.clear();
  }
  of_node_[node].clear();
  for (const std::uint32_t j : upstream_[node]) of_node_[j].clear();
  block.squares.push_back(squares);
}

}  // namespace steelyard
