// What a plan's notes say of figures that need a reason: gaps, and purchases that lose money.
#include "commitments/plan_report.h"

#include <gtest/gtest.h>

#include "fixture.h"

namespace steelyard {
namespace {

using commitments_test::at;
using commitments_test::Market;
using commitments_test::number;

class PlanNotesTest : public ::testing::Test {
 protected:
  PlanNotesTest() {
    Market market({"family"});
    market.offer("plan", Instrument::kSpend, {});
    market.pool({"m5"}, "1", {{"plan", "0.7"}}, "1");
    estate.card = market.card;
    estate.table = market.table();
    estate.demand.pool_columns = {"family"};
    estate.demand.pools = {{"m5"}};
    estate.demand.hours = 168;
    estate.demand.first_hour = at("2026-07-01");
    estate.demand.counts.assign(168, 1);
    plan.at = at("2026-07-08");
    plan.months = 12;
    plan.scenarios = 8;
    plan.worst_scenarios = {1, 2};
  }

  void add(const std::string& fee, const std::string& avoided, const std::string& at_worst) {
    PlannedPurchase purchase;
    purchase.holding.amount = number("1");
    purchase.holding.begin = plan.at;
    purchase.holding.end = at("2027-07-08");
    purchase.holding.id = std::to_string(plan.purchases.size() + 1);
    purchase.fee = purchase.used = number(fee);
    purchase.avoided = number(avoided);
    purchase.saved_at_worst = number(at_worst);
    plan.purchases.push_back(std::move(purchase));
  }

  /// The note that begins like this, or "".
  std::string note(const std::string& words) {
    for (const std::string& each : plan_report(estate, {}, plan).notes)
      if (each.find(words) != std::string::npos) return each;
    return "";
  }

  Estate estate;
  Plan plan;
};

TEST_F(PlanNotesTest, AGapBeyondWholeUnitsSaysWhatItIs) {
  plan.gap = 0.06;
  plan.gap_of_parts = plan.gap_of_order = 0.0005;
  EXPECT_EQ(note("of the gap"), "");  // whole units, and the note of the gap says so
  plan.gap_of_parts = plan.gap_of_order = 0.05;
  EXPECT_EQ(note("of the gap"),
            "of the gap are 5.0000 % because the bound does not know the provider's order, which "
            "need not be the cheapest: the plan may be nearer the cheapest than is proved");
  plan.gap_of_order = 0;
  EXPECT_EQ(note("of the gap"),
            "of the gap are 5.0000 % because the search ended before it could prove more: the plan "
            "may be nearer the cheapest than is proved");
  plan.gap_of_order = 0.02;
  EXPECT_NE(
      note("2.0000 % because the bound does not know").find("and 3.0000 % because the search"),
      std::string::npos);
}

TEST_F(PlanNotesTest, PurchasesThatLoseSayWhetherTheyAreForTheWorstScenarios) {
  add("10", "12", "1");
  EXPECT_EQ(note("in the mean than"), "");
  add("10", "9", "3");
  add("10", "8.5", "2");
  EXPECT_EQ(note("in the mean than"),
            "2 purchases cost 2.50 USD more in the mean than they avoid: for the worst scenarios, "
            "in which they save 5.00 USD (--risk)");
  plan.purchases.resize(1);
  add("10", "9", "-2");
  EXPECT_EQ(note("in the mean than"),
            "1 purchase costs 1.00 USD more in the mean than it avoids, and more in the worst "
            "scenarios too: the search did not find that it is cheaper without; plan again before "
            "then");
  plan.worst_scenarios.clear();  // --risk=neutral
  EXPECT_EQ(note("in the mean than").find("worst"), std::string::npos);
}

}  // namespace
}  // namespace steelyard
