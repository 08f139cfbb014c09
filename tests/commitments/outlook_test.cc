// What usage may become: levels, the total with its growth and seasons, and what moves elsewhere.
#include "commitments/outlook.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "commitments/synthetic.h"

namespace steelyard {
namespace {

constexpr std::size_t kWeek = 168, kBlock = 4 * kWeek, kScenarios = 8;

Demand weeks_of(std::size_t pools, std::size_t weeks,
                const std::function<double(std::size_t pool, std::size_t week)>& usage) {
  Demand demand;
  demand.hours = weeks * kWeek;
  demand.pool_columns = {"type"};
  for (std::size_t pool = 0; pool < pools; ++pool) {
    demand.pools.push_back({std::to_string(pool)});
    for (std::size_t hour = 0; hour < demand.hours; ++hour)
      demand.counts.push_back(std::llround(usage(pool, hour / kWeek)));
  }
  return demand;
}

Outlook outlook(const Demand& demand, std::size_t months = 12, std::vector<double> worth = {}) {
  worth.resize(demand.pools.size(), 1);
  return outlook_of(demand, worth, kScenarios, months);
}

double total_at(const Outlook& outlook, std::size_t scenario, std::size_t month) {
  return outlook.total[scenario * outlook.months + month];
}

double middle_total(const Outlook& outlook, std::size_t month) {
  std::vector<double> totals;
  for (std::size_t s = 0; s < outlook.scenarios; ++s) totals.push_back(total_at(outlook, s, month));
  std::sort(totals.begin(), totals.end());
  return (totals[kScenarios / 2 - 1] + totals[kScenarios / 2]) / 2;
}

double spread(const Outlook& outlook, std::size_t month) {
  double least = total_at(outlook, 0, month), most = least;
  for (std::size_t s = 0; s < outlook.scenarios; ++s) {
    least = std::min(least, total_at(outlook, s, month));
    most = std::max(most, total_at(outlook, s, month));
  }
  return most / least;
}

TEST(Outlook, BeginsAtTheLevelOfOneOfTheLastFourWeeks) {
  const double weeks[] = {90, 120, 80, 100};  // the last is the last
  const Demand demand = weeks_of(2, 40, [&](std::size_t pool, std::size_t week) {
    return week < 36 ? 100 : pool == 0 ? weeks[week - 36] : 50;
  });
  const Outlook seen = outlook(demand);
  ASSERT_EQ(seen.level.size(), 2 * kScenarios);
  for (std::size_t s = 0; s < kScenarios; ++s) {
    EXPECT_DOUBLE_EQ(seen.level[2 * s], weeks[3 - s % 4] / 100) << s;
    EXPECT_EQ(seen.level[2 * s + 1], 1);
  }
}

TEST(Outlook, TheLevelIsOneWhereThereIsNoWeekToCompare) {
  Demand hours = weeks_of(1, 1, [](std::size_t, std::size_t) { return 5; });
  hours.hours = 50;
  hours.counts.resize(50);
  const Outlook of_hours = outlook(hours);
  EXPECT_EQ(*std::max_element(of_hours.level.begin(), of_hours.level.end()), 1);
  EXPECT_EQ(*std::min_element(of_hours.level.begin(), of_hours.level.end()), 1);
  const Demand two = weeks_of(1, 2, [](std::size_t, std::size_t week) { return week ? 10 : 5; });
  const Outlook of_two = outlook(two);  // there are no weeks three and four
  for (std::size_t s = 0; s < kScenarios; ++s)
    EXPECT_EQ(of_two.level[s], s % 4 == 1 ? 0.5 : 1) << s;
  const Demand over =
      weeks_of(1, 30, [](std::size_t, std::size_t week) { return week < 29 ? 5 : 0; });
  for (const double level : outlook(over).level) EXPECT_EQ(level, 1);  // of nothing
}

TEST(Outlook, TooLittleHistoryDoesNotKnowTheTotal) {
  for (const std::size_t weeks : {1, 4, 31}) {
    const Outlook short_one = outlook(
        weeks_of(1, weeks, [](std::size_t, std::size_t week) { return 100.0 + 5.0 * week; }));
    EXPECT_FALSE(short_one.knows_total) << weeks;
    ASSERT_EQ(short_one.total.size(), kScenarios * 12);
    for (const double total : short_one.total) EXPECT_EQ(total, 1);
  }
  EXPECT_TRUE(outlook(weeks_of(1, 32, [](std::size_t, std::size_t) { return 100; })).knows_total);
  // Nor does history count from before usage began.
  EXPECT_FALSE(outlook(weeks_of(1, 104, [](std::size_t, std::size_t week) {
                 return week < 76 ? (week % 8 < 4 ? 0 : 100) : 100;
               })).knows_total);
  EXPECT_FALSE(outlook(weeks_of(1, 104, [](std::size_t, std::size_t) { return 0; })).knows_total);
  EXPECT_FALSE(outlook(Demand{}).knows_total);
}

TEST(Outlook, ASteadyTotalStays) {
  const Outlook steady =
      outlook(weeks_of(2, 120, [](std::size_t, std::size_t) { return 1000; }), 36);
  for (const double total : steady.total) EXPECT_NEAR(total, 1, 0.03);
}

TEST(Outlook, GrowthGoesOnDrawnTowardsNone) {
  const auto growing = [](double a_year, std::size_t weeks) {
    return outlook(weeks_of(1, weeks, [&](std::size_t, std::size_t week) {
      return 1e6 * std::pow(1 + a_year, static_cast<double>(week) / 52);
    }));
  };
  for (const double a_year : {0.5, 0.2, -0.2}) {
    const Outlook seen = growing(a_year, 104);
    ASSERT_TRUE(seen.knows_total);
    for (std::size_t month = 0; month < 12; ++month) {
      const double years = (static_cast<double>(month) + 0.5) / 12;
      const double all = std::log(1 + a_year) * years, found = std::log(middle_total(seen, month));
      EXPECT_LE(std::abs(found), std::abs(all) * 1.001) << a_year << ' ' << month;
      // What is steady for two years is hardly drawn.
      EXPECT_NEAR(found, all, 0.02 * std::abs(all) + 1e-3) << a_year << ' ' << month;
    }
  }
  // Up and down on the way to the same growth: drawn further, and nobody knows how far.
  const auto restless = [](double swing) {
    return outlook(weeks_of(1, 104, [&](std::size_t, std::size_t week) {
      const std::size_t block = week / 4;
      const double up = block % 3 == 0 ? swing : block % 3 == 1 ? -swing / 2 : 0;
      return 1e6 * std::pow(1.5, static_cast<double>(week) / 52) * (1 + up);
    }));
  };
  double before = spread(growing(0.5, 104), 11);
  for (const double swing : {0.05, 0.2, 0.5}) {
    const double now = spread(restless(swing), 11);
    EXPECT_GT(now, before * 1.02) << swing;
    before = now;
  }
}

TEST(Outlook, ASeasonOfLastYearComesAgain) {
  // From the 9th block of four weeks of each year on, a half more is used, up to the year's end. As
  // history ends with a year, that is to come in 36 weeks: 8.3 months, in the middle of the ninth.
  const Demand demand = weeks_of(
      1, 4 * 52, [](std::size_t, std::size_t week) { return week / 4 % 13 >= 9 ? 1.5e6 : 1e6; });
  const std::vector<double> worth = {1};
  constexpr std::size_t kMany = 64;
  const Outlook seen = outlook_of(demand, worth, kMany, 12);
  ASSERT_TRUE(seen.knows_total);
  const auto mean = [&](std::size_t month) {
    double sum = 0;
    for (std::size_t s = 0; s < kMany; ++s) sum += std::log(total_at(seen, s, month));
    return sum / kMany;
  };
  // The high time ends at once; that comes sooner in some scenarios and later in others.
  const double low = mean(4), rise = std::log(1.5);
  EXPECT_LT(low, -rise / 2);
  EXPECT_NEAR(mean(6), low, 0.05);
  EXPECT_NEAR(mean(8), low + rise / 2, 0.05);
  EXPECT_NEAR(mean(10), low + rise, 0.05);
}

TEST(Outlook, BeyondAYearTheTotalStays) {
  const Outlook seen =
      outlook(weeks_of(1, 104,
                       [](std::size_t, std::size_t week) {
                         return 1e6 * std::pow(1.4, static_cast<double>(week) / 52);
                       }),
              36);
  for (std::size_t s = 0; s < kScenarios; ++s)
    for (std::size_t month = 13; month < 36; ++month)
      EXPECT_EQ(total_at(seen, s, month), total_at(seen, s, 12)) << s << ' ' << month;
}

TEST(Outlook, AShorterHorizonIsTheBeginningOfALongerOne) {
  const Demand demand = SyntheticDemand::make(2);
  const std::vector<double> worth(demand.pools.size(), 1);
  const Outlook shorter = outlook_of(demand, worth, kScenarios, 5),
                longer = outlook_of(demand, worth, kScenarios, 30);
  // The ways of the total are drawn one after the other: the first is the same.
  for (std::size_t month = 0; month < 5; ++month)
    EXPECT_EQ(total_at(shorter, 0, month), total_at(longer, 0, month));
  EXPECT_EQ(shorter.level, longer.level);
  EXPECT_EQ(shorter.share.size(), kScenarios * 5 * demand.pools.size());
}

TEST(Outlook, WhatAPoolLosesIsUsedElsewhere) {
  for (const std::uint64_t seed : {1, 2}) {
    const Demand demand = SyntheticDemand::make(seed);
    const Outlook seen = outlook(demand, 30);
    bool moves = false, grows = false;
    for (std::size_t s = 0; s < kScenarios; ++s)
      for (std::size_t month = 0; month < seen.months; ++month)
        for (std::size_t pool = 0; pool < seen.pools; ++pool) {
          const double at = seen.at(s, month, pool), elsewhere = seen.elsewhere(s, month, pool);
          const double all = seen.level[s * seen.pools + pool] * total_at(seen, s, month);
          ASSERT_GE(at, 0);
          ASSERT_GE(elsewhere, -1e-12);
          ASSERT_NEAR(at + elsewhere, all, 1e-9 * (1 + all));
          // What everything gains is elsewhere too: nothing is bought ahead in a pool.
          ASSERT_LE(at, seen.level[s * seen.pools + pool] * (1 + 1e-12));
          moves |= elsewhere > 0.5 * all && all > 0;
          grows |= total_at(seen, s, month) > 1.05;
        }
    EXPECT_TRUE(moves);
    EXPECT_TRUE(grows);
  }
}

TEST(Outlook, TheSameHistoryHasTheSameOutlook) {
  const Demand demand = SyntheticDemand::make(3);
  const Outlook first = outlook(demand), second = outlook(demand);
  EXPECT_EQ(first.total, second.total);
  EXPECT_EQ(first.share, second.share);
  EXPECT_EQ(first.level, second.level);
}

TEST(Outlook, WhatIsDearWeighsMoreInTheTotal) {
  // One pool doubles in a year, the other halves.
  const Demand demand = weeks_of(2, 104, [](std::size_t pool, std::size_t week) {
    return 1e6 * std::pow(pool == 0 ? 2.0 : 0.5, (static_cast<double>(week) - 103) / 52);
  });
  EXPECT_GT(middle_total(outlook(demand, 12, {1000, 1}), 11), 1.7);
  EXPECT_LT(middle_total(outlook(demand, 12, {1, 1000}), 11), 0.6);
  // The unit of worth is any: shares of two make no difference.
  EXPECT_EQ(outlook(demand, 12, {8, 2}).total, outlook(demand, 12, {4, 1}).total);
}

}  // namespace
}  // namespace steelyard
