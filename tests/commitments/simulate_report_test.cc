// Whatever a bill is grouped by, its rows sum to the total to the last digit.
#include "commitments/simulate_report.h"

#include <gtest/gtest.h>

#include "commitments/fixture.h"

namespace steelyard::commitments_test {
namespace {

Market market_of_three() {
  Market market({"account", "usage"});
  market.offer("sp", Instrument::kComputeSp, {});
  market.offer("q", Instrument::kQuantity, {"usage"});
  market.pool({"A", "a"}, "1.000000000000000003", {{"sp", "0.7"}, {"q", "0.61"}}, "0");
  market.pool({"B", "b"}, "0.333333333333333333", {{"sp", "0.3"}}, "0");
  market.begin = at("2026-07-31T22:00:00Z");
  market.buy("sp", "1.234567890123456789", {}, "A", "plan");
  market.buy("q", "1.5", {{"usage", "a"}}, "B");
  return market;
}

std::optional<Decimal> decimal(const Cell& cell) {
  const auto* value = std::get_if<Decimal>(&cell.value);
  return value ? std::optional<Decimal>(*value) : std::nullopt;
}

TEST(BillReport, RowsSumToTheTotalByEveryGrouping) {
  const Market market = market_of_three();
  const PoolTable table = market.table();
  std::mt19937_64 random(5);
  const auto fill = [&](std::size_t, std::span<Decimal> quantity) {
    for (Decimal& q : quantity) q = {static_cast<Int128>(random() % 4'000'000'000'000'000'000)};
  };
  auto bill = simulate(market.card, table, market.holdings, market.begin, 30, fill);
  ASSERT_TRUE(bill) << why(bill);
  for (const std::string& grouping : bill_groupings()) {
    BillQuestion question;
    question.by = *parse_bill_grouping(grouping);
    question.cost_of_capital = 0.08;
    const Report report = bill_report(market.card, table, *bill, question);
    ASSERT_EQ(report.totals.size(), 1u) << grouping;
    int checked = 0;
    for (std::size_t c = 0; c < report.columns.size(); ++c) {
      const ReportColumn& column = report.columns[c];
      if (column.kind != CellKind::kMoney && column.kind != CellKind::kChange) continue;
      if (column.name == "paid") continue;  // a running sum
      Decimal sum;
      for (const auto& row : report.rows) sum += decimal(row[c]).value_or(Decimal{});
      EXPECT_EQ(sum, *decimal(report.totals[0][c])) << grouping << " " << column.name;
      ++checked;
    }
    EXPECT_GE(checked, 2) << grouping;
    for (const auto& row : report.rows) EXPECT_EQ(row.size(), report.columns.size()) << grouping;
  }
}

TEST(BillReport, WhatIsPaidBeforeTheWindowIsSunk) {
  Market market({"usage"});
  market.offer("q", Instrument::kQuantity, {"usage"});
  market.pool({"a"}, "1", {{"q", "0.5"}}, "1");
  market.begin = at("2026-01-01");
  market.buy("q", "1", {{"usage", "a"}});
  BillQuestion question;
  question.by = BillGrouping::kPayment;
  question.cost_of_capital = 0;
  const Bill bill = market.bill({}, at("2026-07-01"));
  const Report report = bill_report(market.card, market.table(), bill, question);
  ASSERT_EQ(report.rows.size(), 12u);
  EXPECT_TRUE(report.rows[4][4].is_null());                   // June
  EXPECT_EQ(to_text(*decimal(report.rows[5][4])), "360");     // July's first, for June
  EXPECT_EQ(to_text(*decimal(report.totals[0][2])), "4380");  // of the whole year
  EXPECT_EQ(to_text(*decimal(report.totals[0][4])), "2568");  // June to December, 5,136 hours
}

TEST(BillReport, GroupingsHaveNames) {
  EXPECT_EQ(parse_bill_grouping("pool"), BillGrouping::kPool);
  EXPECT_EQ(parse_bill_grouping("payment"), BillGrouping::kPayment);
  EXPECT_FALSE(parse_bill_grouping("day"));
}

TEST(BillReport, StepsAreShownPerDollarOfTheirFee) {
  Market market({"usage"});
  market.offer("q", Instrument::kQuantity, {"usage"});
  market.pool({"a"}, "1", {{"q", "0.5"}}, "2");
  market.buy("q", "2", {{"usage", "a"}});
  const PoolTable table = market.table();
  const Bill bill = market.bill();
  const auto fill = [&](std::size_t, std::span<Decimal> q) { q[0] = number("2"); };
  auto step = marginal_value(market.card, table, bill, 0, {kOne}, fill);
  ASSERT_TRUE(step) << why(step);
  BillQuestion question;
  question.marginal = {*step};
  const Report report = bill_report(market.card, table, bill, question);
  ASSERT_EQ(report.columns.back().name, "next_step");
  EXPECT_EQ(std::get<double>(report.rows[0][report.columns.size() - 2].value), 2.0);
  EXPECT_EQ(std::get<double>(report.rows[0].back().value), 0.0);
}

}  // namespace
}  // namespace steelyard::commitments_test
