// The status of an estate: each grouping sums to the simulator's bill, to the last digit, and the
// ladder ends at nothing.
#include "commitments/commitment_status.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "fixture.h"

namespace steelyard {
namespace {

using commitments_test::at;
using commitments_test::Market;
using commitments_test::number;
using commitments_test::why;

/// Three days of three pools in two accounts, with a plan, a narrow plan and a queued one.
Estate estate_of_three_days(unsigned seed) {
  Market market({"account", "region", "family"});
  market.offer("any", Instrument::kComputeSp, {});
  market.offer("narrow", Instrument::kEc2InstanceSp, {"region", "family"});
  market.pool({"data", "eu", "m5"}, "0.1", {{"any", "0.07"}, {"narrow", "0.06"}}, "0", "1", "0.12");
  market.pool({"web", "eu", "c6"}, "0.03", {{"any", "0.021"}}, "0", "1", "0.037");
  market.pool({"web", "us", "m5"}, "0.11", {{"any", "0.08"}, {"narrow", "0.07"}}, "0");
  market.buy("any", "0.4", {}, "web", "plan");
  market.buy("narrow", "0.333333333333333333", {{"region", "eu"}, {"family", "m5"}}, "data", "m5");
  Estate estate;
  estate.card = market.card;
  estate.holdings = market.holdings;
  estate.holdings.push_back(market.holdings[0]);
  estate.holdings.back().id = "queued";
  estate.holdings.back().begin = at("2026-09-01");
  estate.source = "the test";
  estate.demand.first_hour = market.begin;
  estate.demand.hours = 72;
  estate.demand.decimals = 3;
  estate.demand.pool_columns = {"account", "region", "family"};
  estate.demand.pools = market.keys;
  std::mt19937 random(seed);
  for (int i = 0; i < 3 * 72; ++i)
    estate.demand.counts.push_back(random() % 4 == 0 ? 0 : static_cast<int>(random() % 9'000));
  auto table = price_pools(estate.card, estate.demand.pool_columns, estate.demand.pools);
  EXPECT_TRUE(table) << why(table);
  estate.table = *table;
  return estate;
}

std::size_t column_of(const Report& report, const std::string& name) {
  for (std::size_t i = 0; i < report.columns.size(); ++i)
    if (report.columns[i].name == name) return i;
  ADD_FAILURE() << "no column " << name;
  return 0;
}

Decimal sum_of(const Report& report, const std::string& name) {
  Decimal sum;
  for (const auto& row : report.rows)
    if (const auto* cell = std::get_if<Decimal>(&row[column_of(report, name)].value)) sum += *cell;
  return sum;
}

TEST(CommitmentStatus, EveryGroupingSumsToTheSimulatorsBill) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    const Estate estate = estate_of_three_days(seed);
    auto bill = simulate(estate.card, estate.table, estate.holdings, estate.demand);
    ASSERT_TRUE(bill) << why(bill);
    for (const StatusGrouping by :
         {StatusGrouping::kScope, StatusGrouping::kOwner, StatusGrouping::kHour,
          StatusGrouping::kDay, StatusGrouping::kMonth}) {
      auto report = commitment_status(estate, by);
      ASSERT_TRUE(report) << why(report);
      EXPECT_EQ(sum_of(*report, "on_demand_equivalent"), bill->on_demand_equivalent);
      EXPECT_EQ(sum_of(*report, "used"), bill->fees - bill->unused);
      EXPECT_EQ(sum_of(*report, "unused"), bill->unused);
      EXPECT_EQ(sum_of(*report, "on_demand"), bill->on_demand);
      EXPECT_EQ(sum_of(*report, "saved"), bill->savings());
    }
    auto purchases = commitment_status(estate, StatusGrouping::kPurchase);
    ASSERT_TRUE(purchases) << why(purchases);
    EXPECT_EQ(sum_of(*purchases, "cost"), bill->total());
    EXPECT_EQ(sum_of(*purchases, "avoided"), bill->on_demand_equivalent);
    EXPECT_EQ(sum_of(*purchases, "saved"), bill->savings());
  }
}

TEST(CommitmentStatus, OwnersAreAskedForWhatIsUnusedOfTheirs) {
  const Estate estate = estate_of_three_days(7);
  auto bill = simulate(estate.card, estate.table, estate.holdings, estate.demand);
  auto report = commitment_status(estate, StatusGrouping::kOwner);
  ASSERT_TRUE(bill && report);
  ASSERT_EQ(report->rows.size(), 2u);
  const auto cell = [&](std::size_t row, const std::string& name) {
    return std::get<Decimal>(report->rows[row][column_of(*report, name)].value);
  };
  EXPECT_EQ(cell(0, "owned"), bill->by_holding[1].fee);  // data: m5
  EXPECT_EQ(cell(0, "unused"), bill->by_holding[1].unused);
  EXPECT_EQ(cell(1, "owned"), bill->by_holding[0].fee);  // web: plan, and what is queued
  EXPECT_EQ(cell(1, "unused"), bill->by_holding[0].unused);
}

TEST(CommitmentStatus, TheLadderHasEachMonthAndEndsAtNothing) {
  const Estate estate = estate_of_three_days(1);
  auto report = commitment_status(estate, StatusGrouping::kExpiry);
  ASSERT_TRUE(report) << why(report);
  // From July 2026 to July 2027: a plan bought on 1 July 2026 for a year ends on 1 July 2027.
  ASSERT_EQ(report->rows.size(), 13u);
  EXPECT_EQ(report->rows.front()[0].text(), "2026-07");
  EXPECT_EQ(report->rows.back()[0].text(), "2027-07");
  EXPECT_EQ(sum_of(*report, "begins"), number("0.4"));
  EXPECT_EQ(sum_of(*report, "ends"), number("1.133333333333333333"));
  EXPECT_EQ(std::get<Decimal>(report->rows.back()[column_of(*report, "left")].value), Decimal{});
  ASSERT_EQ(report->charts.size(), 1u);
}

TEST(CommitmentStatus, OverlyLongPeriodsHaveMonthsInTheirCurves) {
  Estate estate = estate_of_three_days(1);
  estate.demand.hours = 24 * 70;
  estate.demand.counts.assign(3 * estate.demand.hours, 1'000);
  auto report = commitment_status(estate, StatusGrouping::kPurchase);
  ASSERT_TRUE(report) << why(report);
  const std::string curve = report->rows[0][column_of(*report, "used_over_time")].text();
  EXPECT_EQ(std::count(curve.begin(), curve.end(), ' '), 2);  // July, August, September
}

}  // namespace
}  // namespace steelyard
