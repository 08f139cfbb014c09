// Which hours are spikes.
#include "commitments/spikes.h"

#include <gtest/gtest.h>

#include <functional>

namespace steelyard {
namespace {

constexpr std::size_t kWeek = 168;

Demand demand_of(std::size_t hours, const std::function<std::int64_t(std::size_t)>& usage) {
  Demand demand;
  demand.hours = hours;
  demand.pool_columns = {"type"};
  demand.pools = {{"a"}};
  for (std::size_t hour = 0; hour < hours; ++hour) demand.counts.push_back(usage(hour));
  return demand;
}

TEST(Spikes, AnHourFarAboveAllElseIsOne) {
  const std::size_t hours = 20 * kWeek + 5;
  for (const std::size_t at : {std::size_t{5}, std::size_t{1000}, hours - 5}) {
    const auto spikes =
        find_spikes(demand_of(hours, [&](std::size_t hour) { return hour == at ? 31 : 10; }));
    ASSERT_EQ(spikes.size(), 1u);
    EXPECT_EQ(spikes[0].hour, at);
    EXPECT_EQ(spikes[0].usual, 10);
    // Three times is none.
    EXPECT_TRUE(find_spikes(demand_of(hours, [&](std::size_t hour) {
                  return hour == at ? 30 : 10;
                })).empty());
  }
}

TEST(Spikes, WhatComesAgainEachMonthIsNone) {
  EXPECT_TRUE(find_spikes(demand_of(26 * kWeek, [](std::size_t hour) {
                return hour % (4 * kWeek) < 5 ? 500 : 10;
              })).empty());
}

TEST(Spikes, ANewLevelIsNone) {
  EXPECT_TRUE(find_spikes(demand_of(20 * kWeek, [](std::size_t hour) {
                return hour + 7 >= 20 * kWeek ? 500 : 10;
              })).empty());
  EXPECT_EQ(
      find_spikes(
          demand_of(20 * kWeek, [](std::size_t hour) { return hour + 6 >= 20 * kWeek ? 500 : 10; }))
          .size(),
      6u);
}

TEST(Spikes, AShortHistoryTellsNone) {
  const auto usage = [](std::size_t hour) { return hour == 900 ? 500 : 10; };
  EXPECT_TRUE(find_spikes(demand_of(8 * kWeek - 1, usage)).empty());
  EXPECT_EQ(find_spikes(demand_of(8 * kWeek, usage)).size(), 1u);
}

}  // namespace
}  // namespace steelyard
