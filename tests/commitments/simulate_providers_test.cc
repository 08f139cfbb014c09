// Azure's and Google Cloud's rules of application, and those of offers of no provider.
#include <gtest/gtest.h>

#include "commitments/fixture.h"

namespace steelyard::commitments_test {
namespace {

TEST(AzureRules, ReservationsBeforeSavingsPlans) {
  Market market({"region", "group"});
  market.offer("reservation", Instrument::kAzureReservation, {"region", "group"});
  market.offer("plan", Instrument::kAzureSavingsPlan, {});
  const auto x = market.pool({"westeurope", "Dv5"}, "1", {{"reservation", "0.6"}, {"plan", "0.5"}},
                             "1");  // the plan's discount is the better one
  const auto y = market.pool({"westeurope", "Ev5"}, "1", {{"plan", "0.8"}}, "1");
  const auto plan = market.buy("plan", "1");
  const auto reservation =
      market.buy("reservation", "1", {{"region", "westeurope"}, {"group", "Dv5"}});
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, reservation, x)), "1");
  EXPECT_EQ(to_text(covered(bill, plan, y)), "1");
  EXPECT_EQ(to_text(bill.on_demand), "0");
}

TEST(AzureRules, ReservationCoversSizesOfItsFlexibilityGroupByRatio) {
  Market market({"group", "size"});
  market.offer("reservation", Instrument::kAzureReservation, {"group"}, 3, "size");
  const auto d2 = market.pool({"Dv5", "D2"}, "0.1", {{"reservation", "0.06"}}, "1", "1");
  const auto d4 = market.pool({"Dv5", "D4"}, "0.2", {{"reservation", "0.12"}}, "2", "2");
  market.buy("reservation", "2", {{"group", "Dv5"}, {"size", "D4"}});
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, 0, d2)), "1");
  EXPECT_EQ(to_text(covered(bill, 0, d4)), "1.5");
  EXPECT_EQ(to_text(bill.fees), "0.24");
}

TEST(AzureRules, ReservationIsSharedByConcurrentMachinesOfTheHour) {
  // "How the Azure reservation discount is applied to virtual machines": one reservation, two VMs.
  Market market({"size"});
  market.offer("reservation", Instrument::kAzureReservation, {"size"});
  market.pool({"D2"}, "1", {{"reservation", "0.6"}}, "0");
  market.buy("reservation", "1", {{"size", "D2"}});
  const std::vector<std::string> running = {"1.25", "2", "2", "1.5"};  // hours 1 to 4
  const std::vector<std::string> charged = {"0.25", "1", "1", "0.5"};
  for (std::size_t i = 0; i < running.size(); ++i) {
    market.usage[0] = number(running[i]);
    EXPECT_EQ(to_text(market.bill().on_demand), charged[i]);
  }
}

TEST(AzureRules, NarrowerReservationScopeFirst) {
  Market market({"subscription", "resource_group", "size"});
  market.offer("reservation", Instrument::kAzureReservation, {"size"});
  const auto in = market.pool({"prod", "web", "D2"}, "1", {{"reservation", "0.6"}}, "1");
  const auto beside = market.pool({"prod", "db", "D2"}, "1", {{"reservation", "0.6"}}, "1");
  const auto elsewhere = market.pool({"dev", "db", "D2"}, "1", {{"reservation", "0.6"}}, "1");
  const auto shared = market.buy("reservation", "1", {{"size", "D2"}});
  const auto subscription =
      market.buy("reservation", "1", {{"size", "D2"}, {"subscription", "prod"}});
  const auto group = market.buy(
      "reservation", "1", {{"size", "D2"}, {"subscription", "prod"}, {"resource_group", "web"}});
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, group, in)), "1");
  EXPECT_EQ(to_text(covered(bill, subscription, beside)), "1");
  EXPECT_EQ(to_text(covered(bill, shared, elsewhere)), "1");
}

TEST(AzureRules, GreatestDiscountFirst) {
  Market market({"meter"});
  market.offer("plan", Instrument::kAzureSavingsPlan, {});
  const auto poor = market.pool({"a"}, "1", {{"plan", "0.9"}}, "1");
  const auto rich = market.pool({"b"}, "1", {{"plan", "0.4"}}, "1");
  market.buy("plan", "0.4");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, 0, rich)), "1");
  EXPECT_EQ(to_text(covered(bill, 0, poor)), "0");
}

TEST(AzureRules, ThreeYearPlanBeforeOneYearPlanEvenWithALesserDiscountToGive) {
  Market market({"meter"});
  market.offer("one", Instrument::kAzureSavingsPlan, {}, 1);
  market.offer("three", Instrument::kAzureSavingsPlan, {}, 3);
  const auto a = market.pool({"a"}, "1", {{"one", "0.5"}, {"three", "0.6"}}, "1");
  const auto one = market.buy("one", "0.5"), three = market.buy("three", "0.6");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, three, a)), "1");
  EXPECT_EQ(to_text(bill.by_holding[one].unused), "0.5");
}

TEST(AzureRules, NarrowerPlanScopeBeforeWider) {
  Market market({"subscription", "meter"});
  market.offer("plan", Instrument::kAzureSavingsPlan, {});
  const auto prod = market.pool({"prod", "a"}, "1", {{"plan", "0.5"}}, "1");
  const auto dev = market.pool({"dev", "a"}, "1", {{"plan", "0.5"}}, "1");
  const auto shared = market.buy("plan", "0.5");
  const auto narrow = market.buy("plan", "0.5", {{"subscription", "prod"}});
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, narrow, prod)), "1");
  EXPECT_EQ(to_text(covered(bill, shared, dev)), "1");
}

TEST(AzureRules, ANegotiatedRateBelowThePlansIsUsedAndStillDecrements) {
  Market market({"meter"});
  market.offer("plan", Instrument::kAzureSavingsPlan, {});
  // Listed at 1.00, negotiated at 0.55, while the plan would charge 0.60.
  const auto x = market.pool({"x"}, "0.55", {{"plan", "0.60"}}, "1", "1", "1.00");
  const auto y = market.pool({"y"}, "1", {{"plan", "0.9"}}, "1");
  market.buy("plan", "1");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, 0, x)), "1");
  EXPECT_EQ(to_text(covered(bill, 0, y)), "0.5");  // 1 - 0.55 = 0.45, at 0.9
  EXPECT_EQ(to_text(bill.on_demand), "0.5");
}

TEST(AzureRules, UsageUpTo48HoursLateIsReallocatedAndLaterUsageIsNot) {
  Market market({"meter"});
  market.offer("plan", Instrument::kAzureSavingsPlan, {});
  market.pool({"poor"}, "1", {{"plan", "0.9"}}, "0");
  market.pool({"rich"}, "1", {{"plan", "0.5"}}, "0");
  market.buy("plan", "0.9");
  const Instant hour = at("2026-07-01T10:00:00Z");
  std::vector<UsageRow> rows = {
      {hour, {"poor"}, number("1"), at("2026-07-01T12:00:00Z")},
      {hour, {"rich"}, number("1"), at("2026-07-03T11:00:00Z")},   // 48 hours after 11:00
      {hour, {"rich"}, number("4"), at("2026-07-03T11:00:01Z")}};  // a second too late
  UsageWindow window{hour, at("2026-07-01T11:00:00Z"), 48, at("2026-07-02")};
  const auto bill = [&] {
    auto usage = gather_usage(rows, window);
    EXPECT_TRUE(usage) << why(usage);
    auto result = simulate(market.card, {"meter"}, market.holdings, *usage);
    EXPECT_TRUE(result) << why(result);
    return *result;
  };
  Bill first = bill();  // what was known the next day: one pool
  ASSERT_EQ(first.by_pool.size(), 1u);
  EXPECT_EQ(to_text(first.by_pool[0].covered), "1");
  window.known_at = std::nullopt;
  Bill last = bill();
  ASSERT_EQ(last.by_pool.size(), 3u);                // poor, rich, rich but too late
  EXPECT_EQ(to_text(last.by_pool[1].covered), "1");  // the better discount took it over
  EXPECT_EQ(to_text(last.by_pool[0].covered, 4), "0.4444");
  EXPECT_EQ(to_text(last.by_pool[2].covered), "0");
  EXPECT_EQ(to_text(last.by_pool[2].on_demand), "4");
}

TEST(GoogleRules, ResourceCommitmentsCoverCpuAndMemoryApart) {
  Market market({"project", "region", "family", "resource"});
  market.offer("resource", Instrument::kGcpResourceCud,
               {"project", "region", "family", "resource"});
  const auto pool = [&](const char* family, const char* resource, const char* quantity) {
    return market.pool({"shop", "us-east1", family, resource}, "0.04", {{"resource", "0.025"}},
                       quantity);
  };
  const auto cpu = pool("n2", "vcpu", "10"), memory = pool("n2", "gb", "40");
  const auto other = pool("c3", "vcpu", "5");
  const auto scope = [](const char* resource) {
    return std::vector<ScopeValue>{
        {"project", "shop"}, {"region", "us-east1"}, {"family", "n2"}, {"resource", resource}};
  };
  const auto cpus = market.buy("resource", "12", scope("vcpu"));
  const auto gigabytes = market.buy("resource", "30", scope("gb"));
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, cpus, cpu)), "10");
  EXPECT_EQ(to_text(covered(bill, gigabytes, memory)), "30");
  EXPECT_EQ(to_text(bill.by_pool[other].covered), "0");
  EXPECT_EQ(to_text(bill.by_holding[cpus].unused), "0.05");
}

TEST(GoogleRules, ResourceThenSpendThenFlexibleCommitments) {
  Market market({"usage"});
  market.offer("flex", Instrument::kGcpFlexCud, {});
  market.offer("spend", Instrument::kGcpSpendCud, {});
  market.offer("resource", Instrument::kGcpResourceCud, {"usage"});
  const auto vcpu =
      market.pool({"vcpu"}, "1", {{"flex", "0.72"}, {"spend", "0.75"}, {"resource", "0.63"}}, "3");
  const auto flex = market.buy("flex", "10"), spend = market.buy("spend", "0.75");
  const auto resource = market.buy("resource", "1", {{"usage", "vcpu"}});
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, resource, vcpu)), "1");
  EXPECT_EQ(to_text(covered(bill, spend, vcpu)), "1");
  EXPECT_EQ(to_text(covered(bill, flex, vcpu)), "1");
  EXPECT_EQ(to_text(bill.by_holding[flex].unused), "9.28");
}

TEST(GoogleRules, ProjectCommitmentBeforeOneOfTheBillingAccount) {
  Market market({"project", "family"});
  market.offer("resource", Instrument::kGcpResourceCud, {"family"});
  const auto a = market.pool({"a", "n2"}, "1", {{"resource", "0.6"}}, "1");
  const auto b = market.pool({"b", "n2"}, "1", {{"resource", "0.6"}}, "1");
  const auto shared = market.buy("resource", "1", {{"family", "n2"}});
  const auto own = market.buy("resource", "1", {{"family", "n2"}, {"project", "a"}});
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, own, a)), "1");
  EXPECT_EQ(to_text(covered(bill, shared, b)), "1");
}

TEST(NeutralRules, QuantitiesBeforeSpend) {
  Market market({"usage"});
  market.offer("spend", Instrument::kSpend, {});
  market.offer("quantity", Instrument::kQuantity, {"usage"});
  const auto pool = market.pool({"a"}, "1", {{"spend", "0.5"}, {"quantity", "0.9"}}, "2");
  const auto spend = market.buy("spend", "1");
  const auto quantity = market.buy("quantity", "1", {{"usage", "a"}});
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, quantity, pool)), "1");
  EXPECT_EQ(to_text(covered(bill, spend, pool)), "1");
  EXPECT_EQ(to_text(bill.by_holding[spend].unused), "0.5");
}

TEST(Instruments, EachHasItsOwnNameAndPlansHaveNoLowerRankThanQuantities) {
  std::map<std::string_view, int> names;
  for (const InstrumentTraits& kind : instruments()) {
    EXPECT_EQ(++names[kind.name], 1);
    EXPECT_EQ(&traits(kind.instrument), &kind);
    EXPECT_EQ(kind.unit == CommitmentUnit::kSpend, kind.rank >= 2) << kind.name;
  }
}

}  // namespace
}  // namespace steelyard::commitments_test
