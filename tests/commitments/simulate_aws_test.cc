// AWS's own worked examples, to the cent, and each rule of its order of application.
#include <gtest/gtest.h>

#include "commitments/fixture.h"

namespace steelyard::commitments_test {
namespace {

// ---- Savings Plans user guide, example

enum WorkedPool { kR5, kFargateCpu, kFargateGb, kM5, kLambdaDuration, kLambdaRequests };

/// The usage and rates of "Understanding how Savings Plans apply to your usage", one hour.
Market worked_example() {
  Market market({"usage", "family"});
  market.offer("compute", Instrument::kComputeSp, {});
  market.offer("ec2", Instrument::kEc2InstanceSp, {"family"});
  market.offer("ri", Instrument::kRegionalRi, {"usage"});
  market.pool({"r5.4xlarge Linux us-east-1", "r5"}, "1.00",
              {{"compute", "0.70"}, {"ec2", "0.60"}, {"ri", "0.55"}}, "4");
  market.pool({"Fargate vCPU us-west-1", ""}, "0.04", {{"compute", "0.03"}}, "400");
  market.pool({"Fargate GB us-west-1", ""}, "0.004", {{"compute", "0.003"}}, "1600");
  market.pool({"m5.24xlarge Windows dedicated us-east-1", "m5"}, "10.00",
              {{"compute", "8.20"}, {"ec2", "7.80"}}, "1");
  market.pool({"Lambda GB-second us-east-2", ""}, "0.000015", {{"compute", "0.00001275"}},
              "1500000");
  market.pool({"Lambda requests (1M) us-east-2", ""}, "0.20", {{"compute", "0.20"}}, "1");
  return market;
}

TEST(AwsSavingsPlansGuide, OnDemandIs5910) {
  const Bill bill = worked_example().bill();
  EXPECT_EQ(to_text(bill.on_demand), "59.1");
  EXPECT_EQ(bill.total(), bill.on_demand_equivalent);
}

TEST(AwsSavingsPlansGuide, Scenario1FiftyDollarsCoverAllFor47125) {
  Market market = worked_example();
  market.buy("compute", "50");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(bill.by_holding[0].used), "47.125");
  EXPECT_EQ(to_text(bill.by_holding[0].unused), "2.875");
  EXPECT_EQ(to_text(bill.on_demand), "0");
  EXPECT_EQ(to_text(bill.total()), "50");
}

TEST(AwsSavingsPlansGuide, Scenario2TwoDollarsCoverPartOfTheHighestDiscount) {
  Market market = worked_example();
  market.buy("compute", "2");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, 0, kR5), 3), "2.857");
  EXPECT_EQ(to_text(bill.by_pool[kR5].on_demand, 2), "1.14");
  EXPECT_EQ(to_text(bill.on_demand, 2), "56.24");
  EXPECT_EQ(to_text(bill.unused), "0");
}

TEST(AwsSavingsPlansGuide, Scenario3MemoryBeforeCpuBecauseOfTheTieRule) {
  Market market = worked_example();
  market.buy("compute", "19.60");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(bill.on_demand, 2), "32.70");
  EXPECT_EQ(to_text(covered(bill, 0, kR5)), "4");
  EXPECT_EQ(to_text(covered(bill, 0, kFargateGb)), "1600");
  EXPECT_EQ(to_text(covered(bill, 0, kFargateCpu)), "400");
  EXPECT_EQ(to_text(bill.unused), "0");
}

TEST(AwsSavingsPlansGuide, TiesOfDiscountGoToTheLowestRate) {
  Market market = worked_example();
  market.buy("compute", "7.60");  // r5 2.80 and memory 4.80, nothing is left for vCPU
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, 0, kFargateGb)), "1600");
  EXPECT_EQ(to_text(covered(bill, 0, kFargateCpu)), "0");
}

TEST(AwsSavingsPlansGuide, Scenario4ReservedInstancesBeforeThePlan) {
  Market market = worked_example();
  const auto plan = market.buy("compute", "18.20");
  const auto ri = market.buy("ri", "2", {{"usage", "r5.4xlarge Linux us-east-1"}});
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, ri, kR5)), "2");
  EXPECT_EQ(to_text(covered(bill, plan, kR5)), "2");
  EXPECT_EQ(to_text(bill.on_demand, 2), "32.70");
  EXPECT_EQ(to_text(bill.unused), "0");
}

TEST(AwsSavingsPlansGuide, Scenario5InstancePlanBeforeComputePlan) {
  Market market = worked_example();
  const auto compute = market.buy("compute", "16.80");
  const auto ec2 = market.buy("ec2", "3", {{"family", "r5"}});
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(bill.by_holding[ec2].used), "2.4");
  EXPECT_EQ(to_text(bill.by_holding[ec2].unused), "0.6");
  EXPECT_EQ(to_text(bill.by_holding[compute].unused), "0");
  EXPECT_EQ(to_text(bill.on_demand, 2), "32.70");
}

// ---- EC2 user guide, "Examples of applying Reserved Instances"

const std::vector<std::string> kEc2Columns = {"account", "zone", "region", "family", "size"};

/// RIs of a family in a region, and of an instance type in a zone; prices in proportion to size.
Market ec2_market() {
  Market market(kEc2Columns);
  market.offer("zonal", Instrument::kZonalRi, {"zone", "family", "size"});
  market.offer("regional", Instrument::kRegionalRi, {"region", "family"}, 1, "size");
  return market;
}

std::size_t instances(Market& market, const std::string& account, const std::string& zone,
                      const std::string& type, std::string_view count) {
  const auto dot = type.find('.');
  const Decimal factor = *aws_normalisation_factor(type);
  const auto price = [&](std::string_view per_factor) {
    return to_text(multiply(number(per_factor), factor));
  };
  return market.pool({account, zone, "us-east-1", type.substr(0, dot), type.substr(dot + 1)},
                     price("0.025"), {{"zonal", price("0.015")}, {"regional", price("0.0155")}},
                     count, to_text(factor));
}

std::vector<ScopeValue> zonal(const std::string& zone, const std::string& type) {
  const auto dot = type.find('.');
  return {{"zone", zone}, {"family", type.substr(0, dot)}, {"size", type.substr(dot + 1)}};
}

std::vector<ScopeValue> regional(const std::string& type) {
  const auto dot = type.find('.');
  return {{"region", "us-east-1"}, {"family", type.substr(0, dot)}, {"size", type.substr(dot + 1)}};
}

/// The rates of one instance that somebody else might run: so that its RI has a price.
void price_only(Market& market, const std::string& type) {
  instances(market, "none", "none", type, "0");
}

TEST(Ec2UserGuide, Scenario1ZonalAndRegionalInOneAccount) {
  Market market = ec2_market();
  const auto m3 = instances(market, "A", "us-east-1a", "m3.large", "4");
  const auto m4 = instances(market, "A", "us-east-1b", "m4.xlarge", "2");
  const auto c4 = instances(market, "A", "us-east-1c", "c4.xlarge", "1");
  price_only(market, "m4.large");
  price_only(market, "c4.large");
  const auto m3_ri = market.buy("zonal", "4", zonal("us-east-1a", "m3.large"), "A");
  const auto m4_ri = market.buy("regional", "4", regional("m4.large"), "A");
  const auto c4_ri = market.buy("regional", "1", regional("c4.large"), "A");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, m3_ri, m3)), "4");
  EXPECT_EQ(to_text(covered(bill, m4_ri, m4)), "2");
  EXPECT_EQ(to_text(covered(bill, c4_ri, c4)), "0.5");  // 50 % of the c4.xlarge
  EXPECT_EQ(to_text(bill.by_pool[c4].on_demand), "0.1");
  EXPECT_EQ(to_text(bill.on_demand), "0.1");
  EXPECT_EQ(to_text(bill.unused), "0");
}

TEST(Ec2UserGuide, Scenario2SmallestToLargestByNormalisationFactor) {
  Market market = ec2_market();
  const auto xlarge = instances(market, "A", "us-east-1a", "m3.xlarge", "2");
  const auto large = instances(market, "A", "us-east-1b", "m3.large", "2");
  price_only(market, "m3.2xlarge");
  const auto ri = market.buy("regional", "1", regional("m3.2xlarge"), "A");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, ri, large)), "2");
  EXPECT_EQ(to_text(covered(bill, ri, xlarge)), "1");
  EXPECT_EQ(to_text(bill.by_pool[xlarge].uncovered), "1");
}

TEST(Ec2UserGuide, Scenario3PurchasingAccountBeforeLinkedAccounts) {
  Market market = ec2_market();
  const auto b_m4 = instances(market, "B", "us-east-1a", "m4.xlarge", "2");
  const auto m4 = instances(market, "A", "us-east-1a", "m4.xlarge", "2");
  const auto m4_2x = instances(market, "A", "us-east-1b", "m4.2xlarge", "1");
  const auto c4 = instances(market, "A", "us-east-1a", "c4.xlarge", "2");
  const auto c4_2x = instances(market, "A", "us-east-1b", "c4.2xlarge", "1");
  const auto m4_ri = market.buy("regional", "4", regional("m4.xlarge"), "A");
  const auto c4_ri = market.buy("regional", "2", regional("c4.xlarge"), "A");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, m4_ri, m4)), "2");
  EXPECT_EQ(to_text(covered(bill, m4_ri, m4_2x)), "1");
  EXPECT_EQ(to_text(covered(bill, m4_ri, b_m4)), "0");
  EXPECT_EQ(to_text(covered(bill, c4_ri, c4)), "2");
  EXPECT_EQ(to_text(covered(bill, c4_ri, c4_2x)), "0");
}

TEST(Ec2UserGuide, Scenario4ZonalOfOthersBeforeOwnRegional) {
  Market market = ec2_market();
  const auto a = instances(market, "A", "us-east-1a", "m4.xlarge", "1");
  const auto b = instances(market, "B", "us-east-1b", "m4.xlarge", "1");
  const auto a_regional = market.buy("regional", "1", regional("m4.xlarge"), "A");
  const auto c_zonal = market.buy("zonal", "1", zonal("us-east-1a", "m4.xlarge"), "C");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, c_zonal, a)), "1");
  EXPECT_EQ(to_text(covered(bill, a_regional, b)), "1");
  EXPECT_EQ(to_text(bill.on_demand), "0");
}

// ---- single rules

TEST(AwsRules, ReservedInstanceCovers3600SecondsOfConcurrentInstances) {
  Market market = ec2_market();
  const auto pool = instances(market, "A", "us-east-1a", "m4.xlarge", "0");
  market.buy("regional", "1", regional("m4.xlarge"), "A");
  market.usage[pool] = instance_hours(4 * 900);
  EXPECT_EQ(to_text(market.bill().on_demand), "0");
  EXPECT_EQ(to_text(market.bill().unused), "0");
  market.usage[pool] = instance_hours(4 * 3600);
  EXPECT_EQ(to_text(market.bill().by_pool[pool].uncovered), "3");
}

TEST(AwsRules, SecondsBecomeHoursOnce) {
  EXPECT_EQ(to_text(instance_hours(900)), "0.25");
  EXPECT_EQ(to_text(instance_hours(1)), "0.000277777777777778");
  EXPECT_EQ(instance_hours(3600 * 7), Decimal{7 * kOne});
}

TEST(AwsRules, UseItOrLoseItInEachClockHour) {
  Market market = ec2_market();
  const auto pool = instances(market, "A", "us-east-1a", "m4.xlarge", "0");
  market.buy("regional", "2", regional("m4.xlarge"), "A");
  const std::vector<std::string> quantities = {"1", "4", "0", "2"};
  const auto fill = [&](std::size_t hour, std::span<Decimal> quantity) {
    quantity[pool] = number(quantities[hour]);
  };
  auto bill = simulate(market.card, market.table(), market.holdings, market.begin, 4, fill);
  ASSERT_TRUE(bill) << why(bill);
  EXPECT_EQ(to_text(bill->by_pool[pool].covered), "5");    // 1 + 2 + 0 + 2
  EXPECT_EQ(to_text(bill->by_pool[pool].uncovered), "2");  // nothing carried from the first hour
  EXPECT_EQ(to_text(bill->by_hour[2].unused), to_text(bill->by_hour[2].fees));
}

TEST(AwsRules, PlansOfATypeAreGroupedWhateverTheirTerm) {
  // The pair with the highest percentage is served first, from whichever plan it comes.
  Market market({"usage"});
  market.offer("sp-1y", Instrument::kComputeSp, {});
  market.offer("sp-3y", Instrument::kComputeSp, {}, 3);
  const auto a = market.pool({"a"}, "1", {{"sp-1y", "0.7"}, {"sp-3y", "0.5"}}, "1");
  const auto b = market.pool({"b"}, "1", {{"sp-1y", "0.6"}, {"sp-3y", "0.55"}}, "1");
  const auto one = market.buy("sp-1y", "0.6"), three = market.buy("sp-3y", "0.5");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, three, a)), "1");  // 50 %, then nothing is left of it
  EXPECT_EQ(to_text(covered(bill, one, b)), "1");    // 40 %, before 30 % of a
  EXPECT_EQ(to_text(bill.total()), "1.1");
}

TEST(AwsRules, OwnerFirstThenOthersEvenAtALowerDiscount) {
  Market market({"account", "usage"});
  market.offer("sp", Instrument::kComputeSp, {});
  const auto own = market.pool({"owner", "poor"}, "1", {{"sp", "0.9"}}, "1");
  const auto other = market.pool({"other", "rich"}, "1", {{"sp", "0.5"}}, "1");
  const auto plan = market.buy("sp", "1.15", {}, "owner");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, plan, own)), "1");
  EXPECT_EQ(to_text(covered(bill, plan, other)), "0.5");
}

TEST(AwsRules, EachServiceHasItsOwnPlansAndReservations) {
  Market market({"usage", "family"});
  market.offer("sagemaker", Instrument::kSageMakerSp, {});
  market.offer("database", Instrument::kDatabaseSp, {});
  market.offer("rds", Instrument::kRdsRi, {"family"});
  const auto training = market.pool({"ml.m5", "ml"}, "2", {{"sagemaker", "1.5"}}, "1");
  const auto rds = market.pool({"db.r6g", "r6g"}, "1", {{"database", "0.8"}, {"rds", "0.65"}}, "3");
  const auto sagemaker_plan = market.buy("sagemaker", "10");
  const auto database_plan = market.buy("database", "0.8");
  const auto rds_ri = market.buy("rds", "1", {{"family", "r6g"}});
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(covered(bill, rds_ri, rds)), "1");
  EXPECT_EQ(to_text(covered(bill, database_plan, rds)), "1");
  EXPECT_EQ(to_text(bill.by_pool[rds].on_demand), "1");
  EXPECT_EQ(to_text(covered(bill, sagemaker_plan, training)), "1");
  EXPECT_EQ(to_text(bill.by_holding[sagemaker_plan].unused), "8.5");
}

TEST(AwsRules, ARateAboveThePriceOnDemandIsNotApplied) {
  Market market({"usage"});
  market.offer("sp", Instrument::kComputeSp, {});
  market.pool({"negotiated"}, "0.5", {{"sp", "0.6"}}, "1");
  market.buy("sp", "1");
  const Bill bill = market.bill();
  EXPECT_EQ(to_text(bill.on_demand), "0.5");
  EXPECT_EQ(to_text(bill.unused), "1");
}

TEST(AwsRules, NormalisationFactorsAndWhatIsFlexible) {
  EXPECT_EQ(to_text(*aws_normalisation_factor("t3.nano")), "0.25");
  EXPECT_EQ(to_text(*aws_normalisation_factor("m5.xlarge")), "8");
  EXPECT_EQ(to_text(*aws_normalisation_factor("db.r5.24xlarge")), "192");
  EXPECT_EQ(to_text(*aws_normalisation_factor("112xlarge")), "896");
  EXPECT_EQ(to_text(*aws_normalisation_factor("i3.metal")), "128");
  EXPECT_EQ(to_text(*aws_normalisation_factor("u-6tb1.metal")), "896");
  EXPECT_FALSE(aws_normalisation_factor("m5.enormous"));
  EXPECT_FALSE(aws_normalisation_factor("x9.metal"));
  EXPECT_TRUE(aws_is_size_flexible("m5", "Linux/UNIX", "default"));
  EXPECT_FALSE(aws_is_size_flexible("m5", "Windows", "default"));
  EXPECT_FALSE(aws_is_size_flexible("m5", "Red Hat Enterprise Linux", "default"));
  EXPECT_FALSE(aws_is_size_flexible("m5", "Linux/UNIX", "dedicated"));
  EXPECT_FALSE(aws_is_size_flexible("g5", "Linux/UNIX", "default"));
}

// ---- sharing

/// Account "owner" holds a plan for one unit; every account uses one unit.
struct Shared {
  Shared() : market({"account"}) {
    market.offer("sp", Instrument::kComputeSp, {});
    for (const char* account : {"friend", "owner", "stranger"}) {
      market.pool({account}, "1", {{"sp", "0.5"}}, account == std::string("owner") ? "0" : "1");
    }
  }
  enum { kFriend, kOwner, kStranger };
  Market market;
  SharingPreference preference(SharingMode mode) const {
    return {at("2026-01-01"), mode, {{"owner", "team"}, {"friend", "team"}}, {}};
  }
};

TEST(AwsSharing, OrganisationWideReachesEveryAccount) {
  Shared shared;
  shared.market.buy("sp", "1", {}, "owner");
  const Bill bill = shared.market.bill();
  EXPECT_EQ(to_text(covered(bill, 0, Shared::kFriend)), "1");
  EXPECT_EQ(to_text(covered(bill, 0, Shared::kStranger)), "1");
}

TEST(AwsSharing, PrioritisedGroupBeforeEveryoneElse) {
  Shared shared;
  // The stranger's discount is better, but the group comes first.
  shared.market.card.rates[Shared::kStranger].price[0] = number("0.1");
  shared.market.buy("sp", "0.55", {}, "owner");
  const Bill bill = shared.market.bill({shared.preference(SharingMode::kPrioritisedGroup)});
  EXPECT_EQ(to_text(covered(bill, 0, Shared::kFriend)), "1");
  EXPECT_EQ(to_text(covered(bill, 0, Shared::kStranger)), "0.5");
}

TEST(AwsSharing, RestrictedGroupKeepsItInTheGroup) {
  Shared shared;
  shared.market.buy("sp", "1", {}, "owner");
  const Bill bill = shared.market.bill({shared.preference(SharingMode::kRestrictedGroup)});
  EXPECT_EQ(to_text(covered(bill, 0, Shared::kFriend)), "1");
  EXPECT_EQ(to_text(covered(bill, 0, Shared::kStranger)), "0");
  EXPECT_EQ(to_text(bill.unused), "0.5");
}

TEST(AwsSharing, OffKeepsItWithTheOwner) {
  Shared shared;
  shared.market.usage[Shared::kOwner] = number("1");
  shared.market.buy("sp", "1", {}, "owner");
  const Bill bill = shared.market.bill({shared.preference(SharingMode::kOff)});
  EXPECT_EQ(to_text(covered(bill, 0, Shared::kOwner)), "1");
  EXPECT_EQ(to_text(bill.unused), "0.5");
  EXPECT_EQ(to_text(bill.on_demand), "2");
}

TEST(AwsSharing, DeactivatedAccountsNeitherGiveNorTake) {
  Shared shared;
  shared.market.buy("sp", "1", {}, "owner");
  auto preference = shared.preference(SharingMode::kOrganisation);
  preference.excluded = {"friend"};
  EXPECT_EQ(to_text(covered(shared.market.bill({preference}), 0, Shared::kFriend)), "0");
  preference.excluded = {"owner"};
  EXPECT_EQ(to_text(shared.market.bill({preference}).unused), "1");
}

TEST(AwsSharing, ThePreferenceAtTheEndOfTheMonthDecidesTheWholeMonth) {
  Shared shared;
  shared.market.buy("sp", "1", {}, "owner");
  auto first = shared.preference(SharingMode::kOrganisation);
  auto last = shared.preference(SharingMode::kOff);
  last.since = at("2026-07-31T23:59:59Z");
  const Instant early = at("2026-07-01T05:00:00Z"), august = at("2026-08-01");
  EXPECT_EQ(to_text(shared.market.bill({first, last}, early).unused), "1");
  last.since = at("2026-08-01T00:00:00Z");  // one second later: July is shared, August is not
  EXPECT_EQ(to_text(shared.market.bill({last, first}, early).unused), "0");
  EXPECT_EQ(to_text(shared.market.bill({first, last}, august).unused), "1");
}

TEST(AwsSharing, AppliesToReservedInstancesToo) {
  Market market = ec2_market();
  const auto a = instances(market, "A", "us-east-1a", "m4.xlarge", "1");
  market.buy("regional", "1", regional("m4.xlarge"), "B");
  EXPECT_EQ(to_text(covered(market.bill(), 0, a)), "1");
  EXPECT_EQ(to_text(covered(market.bill({{at("2026-01-01"), SharingMode::kOff, {}, {}}}), 0, a)),
            "0");
}

}  // namespace
}  // namespace steelyard::commitments_test
