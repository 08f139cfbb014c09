// The limit on what goes unused: families, the year ahead, and purchases made smaller until it
// holds.
#include "commitments/unused_cap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>

namespace steelyard {
namespace {

constexpr std::size_t kWeek = 168;

using Usage = std::function<std::int64_t(std::size_t pool, std::size_t weeks_back)>;

Demand demand_of(std::vector<std::string> columns, std::vector<std::vector<std::string>> pools,
                 std::size_t hours, const Usage& usage) {
  Demand demand;
  demand.hours = hours;
  demand.pool_columns = std::move(columns);
  demand.pools = std::move(pools);
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool)
    for (std::size_t hour = 0; hour < hours; ++hour)
      demand.counts.push_back(usage(pool, (hours - hour - 1) / kWeek));
  return demand;
}

YearAhead year_after(const Demand& demand) {
  const BacktestTerms terms;
  return YearAhead(PolicyView(demand, demand.hours, terms, {}));
}

/// Of one pool, or of several that are alike.
Demand weeks_of(std::size_t weeks, const Usage& usage, std::size_t pools = 1) {
  std::vector<std::vector<std::string>> keys;
  for (std::size_t pool = 0; pool < pools; ++pool) keys.push_back({std::to_string(pool)});
  return demand_of({"type"}, keys, weeks * kWeek, usage);
}

TEST(UnusedCap, FamiliesAreToldApartByTheirColumnOrTheLast) {
  EXPECT_EQ(family_column({"region", "family", "size"}), 1U);
  EXPECT_EQ(family_column({"family"}), 0U);
  EXPECT_EQ(family_column({"region", "type"}), 1U);
  EXPECT_EQ(family_column({}), 0U);
  EXPECT_EQ(family_of({"eu", "m5", "large"}, 1), "m5");
  EXPECT_EQ(family_of({"eu", "", "storage"}, 1), "storage");  // its own kind
  EXPECT_EQ(family_of({}, 0), "");
  const YearAhead year =
      year_after(demand_of({"region", "family", "size"},
                           {{"eu", "", "storage"}, {"eu", "m5", "large"}, {"us", "m5", "xlarge"}},
                           kWeek, [](std::size_t, std::size_t) { return 1; }));
  ASSERT_EQ(year.families(), 2U);
  EXPECT_EQ(year.family(1), year.family(2));
  EXPECT_NE(year.family(0), year.family(1));
  EXPECT_EQ(year.name(year.family(0)), "storage");
  EXPECT_EQ(year.name(year.family(2)), "m5");
}

TEST(UnusedCap, WithoutPoolsThereAreNoFamilies) {
  EXPECT_EQ(year_after(demand_of({}, {}, kWeek, {})).families(), 0U);
}

TEST(UnusedCap, SteadyUsageIsUsedAgain) {
  for (const std::size_t weeks : {1, 7, 51, 52, 53, 120}) {
    const YearAhead year = year_after(weeks_of(weeks, [](std::size_t, std::size_t) { return 9; }));
    for (std::size_t month = 0; month < YearAhead::kMonths; ++month)
      EXPECT_EQ(year.steady(0, month), 1) << weeks << ' ' << month;
  }
}

TEST(UnusedCap, AMonthIsAsLowAsOneOfTheLastEightWeeks) {
  // What the first pool lacks in a week the second has: the total is the same in each.
  const auto first = [](std::size_t back) -> std::int64_t {
    return 100 - (back % 3 == 1 ? 40 : back % 3 == 2 ? -30 : 0);
  };
  const YearAhead year = year_after(weeks_of(
      70,
      [&](std::size_t pool, std::size_t back) { return pool ? 200 - first(back) : first(back); },
      2));
  for (std::size_t month = 0; month < YearAhead::kMonths; ++month) {
    const std::size_t back = month % 8;
    EXPECT_DOUBLE_EQ(year.steady(0, month), back % 3 == 1 ? 0.6 : 1) << month;
    EXPECT_DOUBLE_EQ(year.steady(1, month), back % 3 == 2 ? 0.7 : 1) << month;
  }
}

TEST(UnusedCap, ADipOfAYearAgoComesAgainInItsMonth) {
  // A week of half the usage, so many weeks ago; of a year and of two, of which the last counts.
  for (const std::size_t weeks : {std::size_t{58}, std::size_t{104}})
    for (std::size_t back = 8; back < 52; ++back) {
      const YearAhead year = year_after(
          weeks_of(weeks, [&](std::size_t, std::size_t ago) { return ago == back ? 500 : 1000; }));
      const std::size_t begin = (52 - back - 1) * kWeek,
                        end = begin + kWeek;  // the same week again
      std::size_t dips = 0;
      for (std::size_t month = 0; month < YearAhead::kMonths; ++month) {
        const double steady = year.steady(0, month);
        const std::size_t from = month * YearAhead::kMonthHours;
        if (steady == 1) continue;
        ++dips;
        EXPECT_NEAR(steady, 0.5, 0.03) << back;
        EXPECT_TRUE(begin < from + YearAhead::kMonthHours && from <= end) << back << ' ' << month;
      }
      EXPECT_EQ(dips, 1U) << back;
    }
}

TEST(UnusedCap, OfAShortHistoryTheDipsThatItHasComeAgain) {
  const YearAhead year =
      year_after(weeks_of(24, [](std::size_t, std::size_t ago) { return ago == 10 ? 0 : 1000; }));
  for (std::size_t month = 0; month < YearAhead::kMonths; ++month)
    EXPECT_EQ(year.steady(0, month), month == 9 ? 0 : 1) << month;  // 42nd week ahead
}

TEST(UnusedCap, AStepOrGrowthIsNoDip) {
  const auto expect_no_dip = [](const char* what, const Usage& usage) {
    for (const std::size_t weeks : {30, 52, 80}) {
      // The last 8 weeks are steady: they count as they are.
      const YearAhead year = year_after(weeks_of(weeks, [&](std::size_t pool, std::size_t ago) {
        return usage(pool, std::max<std::size_t>(ago, 8));
      }));
      for (std::size_t month = 0; month < YearAhead::kMonths; ++month)
        EXPECT_EQ(year.steady(0, month), 1) << what << ' ' << weeks << ' ' << month;
    }
  };
  expect_no_dip("up", [](std::size_t, std::size_t ago) { return ago < 20 ? 2000 : 1000; });
  expect_no_dip("down", [](std::size_t, std::size_t ago) { return ago < 20 ? 1000 : 2000; });
  expect_no_dip("begins", [](std::size_t, std::size_t ago) { return ago < 20 ? 1000 : 0; });
  expect_no_dip("grows", [](std::size_t, std::size_t ago) {
    return static_cast<std::int64_t>(100'000 / (1 + 0.03 * static_cast<double>(ago)));
  });
  // The first of all weeks, where it is slow.
  const YearAhead begun =
      year_after(weeks_of(30, [](std::size_t, std::size_t ago) { return ago == 29 ? 10 : 1000; }));
  for (std::size_t month = 0; month < YearAhead::kMonths; ++month)
    EXPECT_EQ(begun.steady(0, month), 1) << month;
}

TEST(UnusedCap, WhereNothingIsUsedNothingIsDividedByIt) {
  for (const std::size_t hours : {std::size_t{5}, kWeek, 60 * kWeek}) {
    const YearAhead year = year_after(
        demand_of({"type"}, {{"a"}, {"b"}}, hours,
                  [](std::size_t pool, std::size_t ago) { return pool == 0 && ago > 0 ? 7 : 0; }));
    for (std::size_t pool = 0; pool < 2; ++pool)
      for (std::size_t month = 0; month < YearAhead::kMonths; ++month) {
        EXPECT_GE(year.steady(pool, month), 0);
        EXPECT_LE(year.steady(pool, month), 1);
      }
  }
}

TEST(UnusedCap, AFamilyFadesWithinHalfAYear) {
  EXPECT_NEAR(YearAhead::stays(0), 11.0 / 12, 1e-12);
  EXPECT_NEAR(YearAhead::stays(5), 1.0 / 12, 1e-12);
  for (std::size_t month = 6; month < 40; ++month) EXPECT_EQ(YearAhead::stays(month), 0);
  // Of an even commitment to all of it, three quarters of the year's fees.
  double lost = 0;
  for (std::size_t month = 0; month < YearAhead::kMonths; ++month)
    lost += (1 - YearAhead::stays(month)) / YearAhead::kMonths;
  EXPECT_NEAR(lost, 0.75, 1e-12);
}

// ---- what is bought, made smaller

/// Families of flat usage, each with its own commitment, and one of everything that is used beyond
/// them; amounts are fees as well.
struct Families {
  std::vector<double> usage, held;  ///< the last held is of the wide one
  double stays = 0.25;              ///< of a family that fades, in the mean of the year

  std::vector<std::size_t> of_amounts() const {
    std::vector<std::size_t> family(usage.size());
    std::iota(family.begin(), family.end(), std::size_t{0});
    family.push_back(kNoFamily);
    return family;
  }
  std::vector<std::size_t> fading() const {
    std::vector<std::size_t> all(usage.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
  }
  UnusedAhead operator()(std::span<const double> amounts) const {
    const std::size_t count = usage.size();
    UnusedAhead ahead;
    double idle = 0, left = 0;
    std::vector<double> lost;
    for (std::size_t i = 0; i < count; ++i) {
      const double have = amounts[i] + held[i];
      ahead.fees += have;
      const double steady = std::max(0.0, have - usage[i]);
      idle += steady;
      lost.push_back(std::max(0.0, have - usage[i] * stays) - steady);
      left += std::max(0.0, usage[i] - have);
    }
    const double wide = amounts[count] + held[count];
    ahead.fees += wide;
    idle += std::max(0.0, wide - left);
    ahead.unused.push_back(idle);
    for (const double more : lost) ahead.unused.push_back(idle + more);
    return ahead;
  }
  /// Whether the limit holds, but for what is beyond it without purchases.
  bool is_within(double most, const std::vector<double>& amounts) const {
    const UnusedAhead without = (*this)(std::vector<double>(amounts.size(), 0));
    const UnusedAhead now = (*this)(amounts);
    for (std::size_t i = 0; i < now.unused.size(); ++i) {
      const double beyond = std::max(0.0, without.unused[i] - most * without.fees);
      if (now.unused[i] > most * now.fees + beyond + 1e-8 * now.fees) return false;
    }
    return true;
  }
  bool keep(double most, std::vector<double>& amounts) const {
    return keep_within(most, of_amounts(), fading(), amounts, *this);
  }
};

TEST(UnusedCap, AfterItTheLimitHoldsAndWhatIsWithinItStays) {
  std::mt19937_64 random(3);
  const auto up_to = [&](double most) {
    return most * static_cast<double>(random() >> 11) * 0x1p-53;
  };
  int within = 0, limited = 0, left = 0;
  for (int round = 0; round < 3000; ++round) {
    Families families;
    const std::size_t count = 1 + random() % 6;
    for (std::size_t i = 0; i < count; ++i) families.usage.push_back(up_to(100));
    for (std::size_t i = 0; i <= count; ++i)
      families.held.push_back(random() % 3 == 0 ? up_to(60) : 0);
    std::vector<double> amounts;
    for (std::size_t i = 0; i <= count; ++i)
      amounts.push_back(random() % 4 == 0 ? 0 : up_to(i < count ? 80 : 200));
    const double most = std::vector{0.01, 0.05, 0.1, 0.3, 1.0}[random() % 5];
    const std::vector<double> asked = amounts;
    const bool held_before = families.is_within(most, asked);
    const bool is_limited = families.keep(most, amounts);
    EXPECT_EQ(is_limited, !held_before);
    EXPECT_TRUE(families.is_within(most, amounts)) << round;
    for (std::size_t i = 0; i <= count; ++i) {
      EXPECT_GE(amounts[i], 0);
      EXPECT_LE(amounts[i], asked[i]);
      if (held_before) {
        EXPECT_EQ(amounts[i], asked[i]);
      }
    }
    (is_limited ? limited : within) += 1;
    left +=
        is_limited && std::any_of(amounts.begin(), amounts.end(), [](double a) { return a > 0; });
  }
  EXPECT_GT(within, 300);
  EXPECT_GT(limited, 1000);
  EXPECT_GT(left, 500);  // not by giving everything up
}

TEST(UnusedCap, OneFamilyIsMadeSmallerAsFarAsItMust) {
  // If the first fades all but 15 of its own are lost; nothing else is, for 400 are left.
  const Families all{{60, 10, 400}, {0, 0, 0, 0}};
  std::vector<double> amounts = {60, 2, 0, 300};
  ASSERT_TRUE(all.keep(0.1, amounts));
  // The largest of 1,024 steps at which what is lost is no more than a tenth of all.
  double best = 0;
  for (int step = 0; step <= 1024; ++step) {
    const std::vector<double> tried = {60.0 * step / 1024, 2, 0, 300};
    if (all.is_within(0.1, tried)) best = tried[0];
  }
  EXPECT_GT(best, 50);
  EXPECT_DOUBLE_EQ(amounts[0], best);
  EXPECT_EQ(amounts[1], 2);
  EXPECT_EQ(amounts[2], 0);
  EXPECT_EQ(amounts[3], 300);
}

TEST(UnusedCap, WhereNothingFadesAllFamiliesAreMadeSmallerBeforeTheWideOnes) {
  // Both families have a third too much; the wide one has enough to cover beside them. Nothing is
  // lost where one fades, so none is to blame.
  const Families steady{{90, 60, 1000}, {0, 0, 0, 0}, 1};
  std::vector<double> amounts = {120, 80, 0, 100};
  ASSERT_TRUE(steady.keep(0.1, amounts));
  EXPECT_EQ(amounts[3], 100);
  EXPECT_NEAR(amounts[0] / amounts[1], 120.0 / 80, 1e-12);
  EXPECT_LT(amounts[0], 120);
  EXPECT_GT(amounts[0], 90);
}

TEST(UnusedCap, AWideOneIsMadeSmallerLast) {
  const Families families{{50}, {0, 0}};
  std::vector<double> amounts = {0, 100};  // twice what there is
  ASSERT_TRUE(families.keep(0.1, amounts));
  EXPECT_EQ(amounts[0], 0);
  EXPECT_NEAR(amounts[1], 50 / 0.9, 100.0 / 1024);
}

TEST(UnusedCap, WhatCannotBeWithinTheLimitIsNotBought) {
  const Families families{{0}, {0, 0}};  // nothing is used
  std::vector<double> amounts = {10, 10};
  ASSERT_TRUE(families.keep(0.1, amounts));
  EXPECT_EQ(amounts, std::vector<double>({0, 0}));
}

TEST(UnusedCap, WhatIsHeldBeyondTheLimitIsNotChargedToWhatIsAdded) {
  // Half of what is held of the first family lies idle; the second is all used.
  const Families families{{50, 1000}, {100, 0, 0}, 1};
  std::vector<double> amounts = {0, 900, 0};
  EXPECT_FALSE(families.keep(0.1, amounts));
  EXPECT_EQ(amounts[1], 900);
  amounts = {40, 900, 0};  // more of what lies idle: 40 of 940, within 10 % of what is added
  EXPECT_FALSE(families.keep(0.1, amounts));
  amounts = {200, 900, 0};
  EXPECT_TRUE(families.keep(0.1, amounts));
}

TEST(UnusedCap, NothingBoughtOrHeldIsWithinAnyLimit) {
  const Families families{{5, 5}, {0, 0, 0}};
  std::vector<double> amounts = {0, 0, 0};
  EXPECT_FALSE(families.keep(0.01, amounts));
  std::vector<double> none;
  const auto nothing = [](std::span<const double>) { return UnusedAhead{0, {0}}; };
  EXPECT_FALSE(keep_within(0.1, {}, {}, none, nothing));
  EXPECT_EQ((UnusedAhead{0, {0, 0}}.share(0)), 0);
  EXPECT_EQ((UnusedAhead{10, {1, 5, 5}}.worst()), 1U);
}

}  // namespace
}  // namespace steelyard
