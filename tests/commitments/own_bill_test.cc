// The own bill as an estate: which lines count, which prices and rates are found, what is held and
// what is only named. Bills are tables of the engine here, written in place.
#include "commitments/own_bill.h"

#include <gtest/gtest.h>

#include "commitments/bill_lines.h"
#include "fixture.h"

namespace steelyard {
namespace {

using commitments_test::at;
using commitments_test::number;
using commitments_test::why;

constexpr std::size_t kSku = 7;  ///< of price_columns()

/// A line of usage an hour long.
struct Line {
  std::string hour = "2026-07-01T00:00:00Z";
  std::string provider = "AWS", service = "Amazon Elastic Compute Cloud", category = "Compute";
  std::string region = "eu-west-1", sku = "M5L", meter = "BoxUsage:m5.large", unit = "Hrs";
  std::string account = "web", quantity = "1", price = "0.1", list = "0.1", cost = "0.1";
  std::string commitment, status, type, kind;  ///< kind: Spend or Usage
  std::string list_cost;                       ///< as cost where it is empty
  std::string effective = "0.1", units;
  std::string pricing = "Standard", charge = "Usage", charge_class, frequency = "Usage-Based";
  std::string description, currency = "USD";
  std::string zone, reserved_zone;  ///< AvailabilityZone, and CUR's reservation/AvailabilityZone
  std::string offering_class;       ///< CUR's pricing/OfferingClass
  std::string line_type;            ///< CUR's lineItem/LineItemType
  std::string details, meter_id;    ///< SkuPriceDetails and x_SkuMeterId
  std::string operation;            ///< x_Operation
  int hours = 1;
};

std::string text_or_null(const std::string& text) {
  return text.empty() ? "NULL::VARCHAR" : "'" + text + "'";
}

class OwnBillTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = open_duckdb({});
    ASSERT_TRUE(opened) << why(opened);
    engine = std::move(*opened);
  }

  Result<Estate> estate(const std::vector<Line>& lines, std::optional<Period> period = {}) {
    std::string values;
    for (const Line& line : lines) {
      const auto decimal = [](const std::string& value) {
        return value.empty() ? "NULL::DECIMAL(38,18)" : "'" + value + "'::DECIMAL(38,18)";
      };
      values += (values.empty() ? "(" : ", (") + text_or_null(line.provider) + ", " +
                text_or_null(line.service) + ", " + text_or_null(line.category) + ", " +
                text_or_null(line.region) + ", " + text_or_null(line.sku) + ", " +
                text_or_null(line.meter) + ", " + text_or_null(line.unit) + ", " +
                text_or_null(line.account) + ", " + decimal(line.quantity) + ", " +
                decimal(line.price) + ", " + decimal(line.list) + ", " +
                decimal(line.list_cost.empty() ? line.cost : line.list_cost) + ", " +
                decimal(line.cost) + ", " + decimal(line.effective) + ", " +
                decimal(line.effective) + ", " + decimal(line.units) + ", " +
                text_or_null(line.commitment) + ", " + text_or_null(line.status) + ", " +
                text_or_null(line.type) + ", " + text_or_null(line.kind) + ", " +
                text_or_null(line.pricing) + ", " + text_or_null(line.charge) + ", " +
                text_or_null(line.charge_class) + ", " + text_or_null(line.frequency) + ", " +
                text_or_null(line.description) + ", " + text_or_null(line.currency) + ", " +
                text_or_null(line.zone) + ", " + text_or_null(line.reserved_zone) + ", " +
                text_or_null(line.offering_class) + ", " + text_or_null(line.line_type) + ", " +
                text_or_null(line.details) + ", " + text_or_null(line.meter_id) + ", " +
                text_or_null(line.operation) + ", TIMESTAMPTZ '" + line.hour + "', TIMESTAMPTZ '" +
                line.hour + "' + INTERVAL " + std::to_string(line.hours) + " HOUR)";
    }
    auto made = engine->run(
        "SET TimeZone = 'UTC'; CREATE OR REPLACE TABLE charges AS SELECT * FROM (VALUES " + values +
        R"() AS t("ServiceProviderName", "ServiceName", "ServiceCategory", "RegionId", "SkuId",
"SkuMeter", "PricingUnit", "SubAccountId", "PricingQuantity", "ContractedUnitPrice",
"ListUnitPrice", "ListCost", "ContractedCost", "EffectiveCost", "BilledCost",
"CommitmentDiscountQuantity", "CommitmentDiscountId", "CommitmentDiscountStatus",
"CommitmentDiscountType", "CommitmentDiscountCategory", "PricingCategory", "ChargeCategory",
"ChargeClass", "ChargeFrequency", "ChargeDescription", "BillingCurrency", "AvailabilityZone",
"x_reservation_availability_zone", "x_pricing_offeringClass", "x_LineItemType",
"SkuPriceDetails", "x_SkuMeterId", "x_Operation",
"ChargePeriodStart", "ChargePeriodEnd"))");
    EXPECT_TRUE(made) << why(made);
    OwnBill bill;
    bill.source = "the test";
    bill.period = std::move(period);
    bill.for_purchases = true;
    if (contracts) bill.contracts = "contracts";
    return estate_of_bill(*engine, bill, {});
  }

  bool says(const Estate& estate, const std::string& words) {
    for (const std::string& note : estate.notes)
      if (note.find(words) != std::string::npos) return true;
    for (const std::string& note : estate.notes) ADD_FAILURE() << note;
    return false;
  }

  std::unique_ptr<Engine> engine;
  bool contracts = false;
};

Line covered(std::string commitment, std::string type, std::string effective) {
  Line line;
  line.commitment = std::move(commitment);
  line.status = "Used";
  line.type = std::move(type);
  line.kind = line.type.find("Reserved") == std::string::npos ? "Spend" : "Usage";
  line.pricing = "Committed";
  line.effective = std::move(effective);
  return line;
}

TEST_F(OwnBillTest, OnlyUsageThatACommitmentCouldCoverCounts) {
  Line storage, spot, free_usage, fee, other;
  storage.service = "Amazon Simple Storage Service";
  storage.category = "Storage";
  storage.sku = "S3";
  spot.pricing = "Dynamic";
  spot.sku = "SPOT";
  free_usage.sku = "FREE";
  free_usage.cost = free_usage.effective = "0";
  fee.charge = "Purchase";
  fee.sku = "FEE";
  other.provider = "Fjord Data";
  other.sku = "CREDITS";
  auto found = estate({Line{}, storage, spot, free_usage, fee, other});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->demand.pools.size(), 1u);
  EXPECT_EQ(found->demand.pools[0],
            (std::vector<std::string>{"web", "AWS", "Amazon Elastic Compute Cloud", "eu-west-1",
                                      "m5", "m5.large", "BoxUsage:m5.large", "Hrs", "M5L"}));
}

TEST_F(OwnBillTest, WhatACommitmentCoversOnceCountsEverywhere) {
  // Lambda requests are counted by number, and a Compute Savings Plan covers them.
  Line requests = covered("sp", "Compute Savings Plan", "0.2"), more;
  requests.service = more.service = "AWS Lambda";
  requests.sku = more.sku = "REQ";
  requests.meter = more.meter = "Requests";
  requests.unit = more.unit = "Requests";
  more.hour = "2026-07-01T01:00:00Z";
  auto found = estate({requests, more});
  ASSERT_TRUE(found) << why(found);
  EXPECT_EQ(found->demand.hours, 2u);
  EXPECT_EQ(found->demand.counts, (std::vector<std::int64_t>{1, 1}));
}

TEST_F(OwnBillTest, TheNewestPriceOnDemandCounts) {
  Line first, second = covered("sp", "Compute Savings Plan", "0.06"), third;
  second.hour = "2026-07-01T01:00:00Z";
  second.price = "0.01";  // of covered usage: no matter while there is other
  third.hour = "2026-07-01T02:00:00Z";
  third.price = "0.08";
  third.cost = "0.08";
  auto found = estate({first, second, third});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->card.rates.size(), 1u);
  EXPECT_EQ(found->card.rates[0].on_demand, number("0.08"));
  EXPECT_EQ(found->card.rates[0].list, number("0.1"));
  EXPECT_TRUE(says(*found, "varied in the period"));
  EXPECT_TRUE(says(*found, "difference -0.04 USD"));
}

TEST_F(OwnBillTest, APriceThatIsNotSaidIsCostByQuantity) {
  Line line;
  line.price = line.list = "";
  line.quantity = "3";
  line.cost = "0.3333333333";  // of 0.1111111111
  auto found = estate({line});
  ASSERT_TRUE(found) << why(found);
  EXPECT_EQ(found->card.rates[0].on_demand, number("0.1111111111"));
}

TEST_F(OwnBillTest, ThePriceBehindARoundedCostIsTheShortest) {
  EXPECT_EQ(price_behind(number("0.0665"), number("0.7")), number("0.095"));
  EXPECT_EQ(price_behind(number("0.0333333333"), number("0.3333333333")), number("0.1"));
  EXPECT_EQ(price_behind(number("1"), number("3")), number("0.33333333333"));
  EXPECT_EQ(price_behind(number("0.000000000000000001"), number("1")),
            number("0.000000000000000001"));
}

TEST_F(OwnBillTest, APlanIsMoneyAnHourAndItsRatesAreThoseItGave) {
  Line used = covered("arn:aws:savingsplans::9:savingsplan/1", "ComputeSavingsPlans", "0.06"),
       unused = used, later;
  used.quantity = "1";
  unused.status = "Unused";
  unused.hour = "2026-07-01T01:00:00Z";
  unused.cost = "0";
  unused.account = "owner";
  unused.description = "No Upfront 3 year Compute Savings Plan";
  later.hour = "2026-07-01T01:00:00Z";
  auto found = estate({used, unused, later});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->holdings.size(), 1u);
  EXPECT_EQ(found->holdings[0].amount, number("0.06"));
  EXPECT_EQ(found->holdings[0].owner, "owner");
  EXPECT_EQ(found->card.offers[0].instrument, Instrument::kComputeSp);
  EXPECT_EQ(found->card.rates[0].price[0], number("0.06"));
  EXPECT_TRUE(says(*found, "when these began is not in the bill"));
  EXPECT_TRUE(
      says(*found, "not in the bill: arn:aws:savingsplans::9:savingsplan/1 term and payment"));
}

TEST_F(OwnBillTest, WhatAnOfferHasNoRatesForIsNamedWithItsMoney) {
  // The new plan has covered one SKU only, the old one two; nothing covered the third.
  Line old_large = covered("old", "Compute Savings Plan", "0.06"), old_extra = old_large,
       new_large = old_large, large, extra, more;
  old_extra.sku = extra.sku = "M5X";
  new_large.commitment = "new";
  more.sku = "M5M";
  Line old_fee = old_large, new_fee = new_large;
  for (Line* fee : {&old_fee, &new_fee}) {
    fee->charge = "Purchase";
    fee->frequency = "Recurring";
    fee->status = "";
    fee->effective = "0";
  }
  old_fee.description = "3 year No Upfront Compute Savings Plan";
  new_fee.description = "1 year No Upfront Compute Savings Plan";
  auto found = estate({old_large, old_extra, new_large, large, extra, more, old_fee, new_fee});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->card.offers.size(), 2u);
  EXPECT_TRUE(says(*found,
                   "compute-sp-1y-no-upfront has rates for 1 of 2 pools, 0.30 of 0.50 USD on "
                   "demand: the rest was covered"));
  for (const std::string& note : found->notes)
    EXPECT_EQ(note.find("compute-sp-3y-no-upfront has rates"), std::string::npos) << note;
  // With the same rates in both there is nothing to say.
  found = estate({old_large, new_large, large, old_fee, new_fee});
  ASSERT_TRUE(found) << why(found);
  for (const std::string& note : found->notes)
    EXPECT_EQ(note.find("has rates for"), std::string::npos) << note;
}

TEST_F(OwnBillTest, AReservedInstanceIsUnitsAndCoversTheSizesOfItsFamily) {
  // Eight units an hour for 0.24; large is 4 units, xlarge 8; only large was covered.
  Line used = covered("ri", "Reserved Instance", "0.12"), unused = used, xlarge, windows, elsewhere;
  used.units = unused.units = "4";
  unused.status = "Unused";
  unused.cost = "0";
  xlarge.meter = "BoxUsage:m5.xlarge";
  xlarge.sku = "M5X";
  windows = xlarge;
  windows.meter = "WindowsBox:m5.2xlarge";
  windows.sku = "M5W";
  elsewhere = xlarge;
  elsewhere.region = "us-east-1";
  auto found = estate({used, unused, xlarge, windows, elsewhere});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->holdings.size(), 1u);
  const Holding& held = found->holdings[0];
  EXPECT_EQ(held.amount, number("8"));
  EXPECT_EQ(held.price, number("0.03"));
  EXPECT_EQ(held.scope, (std::vector<ScopeValue>{
                            {"family", "m5"}, {"platform", "/BoxUsage"}, {"region", "eu-west-1"}}));
  for (const Rate& rate : found->card.rates) {
    const bool in_ireland = rate.key[2] == "eu-west-1";
    const std::string& sku = rate.key[kSku];
    const std::optional<Decimal> wanted = !in_ireland || sku == "M5W"
                                              ? std::optional<Decimal>()
                                              : number(sku == "M5L" ? "0.12" : "0.24");
    EXPECT_EQ(rate.price[0], wanted) << sku << " in " << rate.key[2];
  }
}

/// A machine or database of one platform and size, on demand.
Line machine(const std::string& operation, const std::string& meter) {
  Line line;
  line.operation = operation;
  line.meter = meter;
  line.sku = operation + meter;
  if (operation.starts_with("CreateDB")) {
    line.service = "Amazon Relational Database Service";
    line.category = "Databases";
  }
  return line;
}

/// The same under a reserved instance of as many units.
Line reserved(Line line, const std::string& id, const std::string& units,
              const std::string& effective) {
  line.commitment = id;
  line.status = "Used";
  line.type = "Reserved Instance";
  line.kind = "Usage";
  line.pricing = "Committed";
  line.units = units;
  line.effective = effective;
  return line;
}

TEST_F(OwnBillTest, AReservedInstanceCoversItsPlatformOnly) {
  // One of each, unused in the second hour, in which the other sizes and platforms run.
  const auto linux_large = machine("RunInstances", "BoxUsage:m5.large"),
             linux_xlarge = machine("RunInstances", "BoxUsage:m5.xlarge"),
             windows_large = machine("RunInstances:0002", "BoxUsage:m5.large"),
             windows_xlarge = machine("RunInstances:0002", "BoxUsage:m5.xlarge"),
             dedicated = machine("RunInstances", "DedicatedUsage:m5.large");
  auto found = estate({reserved(linux_large, "tux", "4", "0.06"), linux_xlarge, windows_xlarge,
                       dedicated, reserved(windows_large, "win", "4", "0.08")});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->card.offers.size(), 2u);
  EXPECT_EQ(found->card.offers[0].name, "regional-ri-1y-no-upfront");
  EXPECT_EQ(found->card.offers[1].name, "regional-ri-1y-no-upfront-one-size");
  ASSERT_EQ(found->holdings.size(), 2u);
  for (const Holding& held : found->holdings) {
    using Scope = std::vector<ScopeValue>;
    EXPECT_EQ(
        held.scope,
        held.id == "tux"
            ? (Scope{{"family", "m5"}, {"platform", "Linux/UNIX"}, {"region", "eu-west-1"}})
            : (Scope{{"platform", "Windows"}, {"region", "eu-west-1"}, {"size", "m5.large"}}));
  }
  std::map<std::string, std::vector<std::optional<Decimal>>> prices;
  for (const Rate& rate : found->card.rates) prices[rate.key[kSku]] = rate.price;
  using Prices = std::vector<std::optional<Decimal>>;
  EXPECT_EQ(prices[linux_large.sku], (Prices{number("0.06"), {}}));
  EXPECT_EQ(prices[linux_xlarge.sku], (Prices{number("0.12"), {}}));
  EXPECT_EQ(prices[windows_large.sku], (Prices{{}, number("0.08")}));
  EXPECT_EQ(prices[windows_xlarge.sku], (Prices{{}, {}}));
  EXPECT_EQ(prices[dedicated.sku], (Prices{{}, {}}));
  const auto bill = simulate(found->card, found->table, found->holdings, found->demand);
  ASSERT_TRUE(bill) << why(bill);
  ASSERT_EQ(bill->covers.size(), 2u);
  for (const auto& cover : bill->covers)
    EXPECT_EQ(found->demand.pools[cover.pool].back(),
              found->holdings[cover.holding].id == "tux" ? linux_large.sku : windows_large.sku);
}

TEST_F(OwnBillTest, WhichReservedInstancesCoverOtherSizesIsAMatterOfTheirPlatform) {
  struct Case {
    std::string operation, meter, family;
    bool flexible;
  };
  for (const Case& each : {Case{"RunInstances", "EUW1-BoxUsage:", "m5", true},
                           Case{"RunInstances", "BoxUsage:", "g5", false},
                           Case{"RunInstances", "DedicatedUsage:", "m5", false},
                           Case{"RunInstances:0010", "BoxUsage:", "m5", false},
                           Case{"RunInstances:000g", "BoxUsage:", "m5", false},
                           Case{"RunInstances:0004", "BoxUsage:", "m5", false},
                           Case{"CreateDBInstance:0014", "InstanceUsage:", "db.m5", true},
                           Case{"CreateDBInstance:0021", "InstanceUsage:", "db.r5", true},
                           Case{"CreateDBInstance:0019", "InstanceUsage:", "db.m5", true},
                           Case{"CreateDBInstance:0020", "InstanceUsage:", "db.m5", false},
                           Case{"CreateDBInstance:0012", "Multi-AZUsage:", "db.m5", false},
                           Case{"CreateDBInstance:0009", "InstanceUsage:", "db.m5", false}}) {
    const Line used = machine(each.operation, each.meter + each.family + ".large"),
               larger = machine(each.operation, each.meter + each.family + ".xlarge");
    auto found = estate({reserved(used, "ri", "4", "0.06"), larger});
    ASSERT_TRUE(found) << why(found);
    ASSERT_EQ(found->card.offers.size(), 1u);
    EXPECT_EQ(found->card.offers[0].size, each.flexible ? "size" : "") << used.sku;
    EXPECT_EQ(found->card.offers[0].name.ends_with("-one-size"), !each.flexible) << used.sku;
    ASSERT_EQ(found->card.rates.size(), 2u);
    for (const Rate& rate : found->card.rates)
      EXPECT_EQ(rate.price[0], rate.key[kSku] == used.sku ? number("0.06")
                               : each.flexible            ? number("0.12")
                                                          : std::optional<Decimal>())
          << rate.key[kSku];
  }
}

TEST_F(OwnBillTest, AReservedDatabaseCoversHalfAsManyInTwoZonesIfItsSizesAreAlike) {
  const Line single = machine("CreateDBInstance:0014", "InstanceUsage:db.m5.large"),
             twice = machine("CreateDBInstance:0014", "Multi-AZUsage:db.m5.large"),
             other = machine("CreateDBInstance:0002", "InstanceUsage:db.m5.large");
  auto found = estate({reserved(single, "ri", "4", "0.06"), twice, other});
  ASSERT_TRUE(found) << why(found);
  for (const Rate& rate : found->card.rates)
    EXPECT_EQ(rate.price[0], rate.key[kSku] == single.sku  ? number("0.06")
                             : rate.key[kSku] == twice.sku ? number("0.12")
                                                           : std::optional<Decimal>())
        << rate.key[kSku];
  ASSERT_EQ(found->holdings.size(), 1u);
  EXPECT_EQ(found->holdings[0].scope,
            (std::vector<ScopeValue>{
                {"family", "db.m5"}, {"platform", "postgresql"}, {"region", "eu-west-1"}}));
}

TEST_F(OwnBillTest, AnUnusedReservedInstanceIsOfThePlatformThatItsOwnLinesTell) {
  const Line plain = machine("RunInstances", "BoxUsage:m5.large");
  Line wasted = reserved(machine("RunInstances:0002", "HeavyUsage:m5.large"), "win", "8", "0.26");
  wasted.status = "Unused";
  wasted.cost = "0";
  wasted.quantity = "0";
  wasted.description = "USD 0.13 hourly fee per Windows (Amazon VPC), m5.large instance";
  for (const bool coded : {true, false}) {
    if (!coded) wasted.operation = "";
    auto found = estate({plain, reserved(plain, "tux", "4", "0.06"), wasted});
    ASSERT_TRUE(found) << why(found);
    ASSERT_EQ(found->holdings.size(), 2u);
    const auto bill = simulate(found->card, found->table, found->holdings, found->demand);
    ASSERT_TRUE(bill) << why(bill);
    ASSERT_EQ(bill->covers.size(), 1u);
    EXPECT_EQ(bill->holdings[bill->covers[0].holding].id, "tux");
    const std::size_t win = found->holdings[0].id == "win" ? 0 : 1;
    EXPECT_EQ(found->holdings[win].scope,
              (std::vector<ScopeValue>{
                  {"platform", "Windows"}, {"region", "eu-west-1"}, {"size", "m5.large"}}));
    EXPECT_EQ(found->holdings[win].amount, number("2"));
    for (const Rate& rate : found->card.rates)
      EXPECT_EQ(rate.price[found->holdings[win].offer], std::nullopt) << rate.key[kSku];
  }
}

TEST_F(OwnBillTest, AReservedInstanceThatIdleCapacityUsesAsWellIsOfOnePlatform) {
  const Line runs = machine("RunInstances:0002", "BoxUsage:m5.large"),
             idle = machine("RunInstances:0002", "UnusedBox:m5.large"),
             other = machine("RunInstances:0002", "BoxUsage:m5.xlarge");
  auto found =
      estate({reserved(runs, "win", "4", "0.08"), reserved(idle, "win", "4", "0.08"), other});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->holdings.size(), 1u);
  EXPECT_EQ(found->holdings[0].scope,
            (std::vector<ScopeValue>{
                {"platform", "Windows"}, {"region", "eu-west-1"}, {"size", "m5.large"}}));
  for (const Rate& rate : found->card.rates)
    EXPECT_EQ(rate.price[0],
              rate.key[kSku] == other.sku ? std::optional<Decimal>() : number("0.08"))
        << rate.key[kSku];
}

TEST_F(OwnBillTest, WithoutCodesTheWordsOfItsLinesTellThePlatform) {
  Line plain = machine("", "BoxUsage:m5.large"), windows = plain, larger = plain;
  plain.description = "$0.1 per On Demand Linux m5.large Instance Hour";
  windows.description = "$0.2 per On Demand Windows m5.large Instance Hour";
  windows.sku = "MW";
  larger.description = "$0.4 per On Demand Windows m5.xlarge Instance Hour";
  larger.meter = "BoxUsage:m5.xlarge";
  larger.sku = "MWX";
  auto found =
      estate({reserved(plain, "tux", "4", "0.06"), reserved(windows, "win", "4", "0.08"), larger});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->holdings.size(), 2u);
  for (const Holding& held : found->holdings)
    EXPECT_EQ(std::find(held.scope.begin(), held.scope.end(),
                        ScopeValue("platform", held.id == "tux" ? "Linux/UNIX" : "Windows")) !=
                  held.scope.end(),
              true)
        << held.id;
  for (const Rate& rate : found->card.rates)
    if (rate.key[kSku] == larger.sku) {
      EXPECT_EQ(rate.price, decltype(rate.price)(2));
    }
}

TEST_F(OwnBillTest, PlatformsWithoutSkusHavePricesOfTheirOwn) {
  Line plain = machine("RunInstances", "BoxUsage:m5.large"),
       windows = machine("RunInstances:0002", "BoxUsage:m5.large");
  plain.sku = windows.sku = "";
  windows.price = windows.list = windows.cost = windows.effective = "0.2";
  auto found = estate({plain, windows});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->card.rates.size(), 2u);
  EXPECT_TRUE(says(*found, "all of this usage on demand: 0.30 USD at these prices, 0.30 USD"));
}

TEST_F(OwnBillTest, AReservedDatabaseCoversAThirdOfACluster) {
  const Line single = machine("CreateDBInstance:0014", "InstanceUsage:db.m5.large"),
             cluster = machine("CreateDBInstance:0014", "Multi-AZClusterUsage:db.m5.large"),
             io = machine("CreateDBInstance:0021", "InstanceUsageIOOptimized:db.r6g.large"),
             aurora = machine("CreateDBInstance:0021", "InstanceUsage:db.r6g.large");
  auto found = estate(
      {reserved(single, "pg", "4", "0.06"), cluster, reserved(aurora, "aurora", "4", "0.06"), io});
  ASSERT_TRUE(found) << why(found);
  for (const Rate& rate : found->card.rates)
    EXPECT_EQ(rate.price[0], number(rate.key[kSku] == cluster.sku ? "0.18"
                                    : rate.key[kSku] == io.sku    ? "0.078"
                                                                  : "0.06"))
        << rate.key[kSku];
}

/// A reserved instance that nothing used: what is wasted is its only line.
Line wasted(Line line, const std::string& id, const std::string& units, const std::string& cost) {
  line = reserved(std::move(line), id, units, cost);
  line.status = "Unused";
  line.quantity = line.cost = "0";
  return line;
}

TEST_F(OwnBillTest, AnUnusedReservedDatabaseOrCacheNodeIsNoInstance) {
  const Line database = machine("CreateDBInstance:0014", "InstanceUsage:db.m5.large");
  Line node = machine("CreateCacheCluster:0002", "NodeUsage:cache.m5.large"), other = node;
  node.service = other.service = "Amazon ElastiCache";
  other.operation = "CreateCacheCluster:0001";
  other.sku = "MEMCACHED";
  auto found = estate({database, node, other, wasted(database, "pg", "4", "0.12"),
                       wasted(node, "redis", "4", "0.06")});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->holdings.size(), 2u);
  for (const Holding& held : found->holdings) {
    const bool is_database = held.id == "pg";
    EXPECT_EQ(found->card.offers[held.offer].instrument,
              is_database ? Instrument::kRdsRi : Instrument::kElastiCacheRi);
    EXPECT_EQ(held.scope,
              (std::vector<ScopeValue>{{"family", is_database ? "db.m5" : "cache.m5"},
                                       {"platform", is_database ? "postgresql" : "redis"},
                                       {"region", "eu-west-1"}}));
    for (const Rate& rate : found->card.rates)
      EXPECT_EQ(rate.price[held.offer].has_value(),
                rate.key[kSku] == (is_database ? database.sku : node.sku))
          << held.id << " " << rate.key[kSku];
  }
}

TEST_F(OwnBillTest, AnUnusedReservedInstanceGivesNoRateToAnotherService) {
  const Line machines = machine("RunInstances", "BoxUsage:m5.large");
  Line games = machines;
  games.service = "Amazon GameLift";
  games.sku = "GAMES";
  auto found = estate({machines, games, wasted(machines, "tux", "4", "0.06")});
  ASSERT_TRUE(found) << why(found);
  for (const Rate& rate : found->card.rates)
    EXPECT_EQ(rate.price[0].has_value(), rate.key[kSku] == machines.sku) << rate.key[kSku];
}

TEST_F(OwnBillTest, OfItsOwnLinesTheOneThatKnowsMoreTellsThePlatform) {
  const Line shared = machine("RunInstances", "BoxUsage:m5.large"),
             alone = machine("RunInstances", "DedicatedUsage:m5.large");
  Line unused = wasted(machine("RunInstances", "HeavyUsage:m5.large"), "ri", "4", "0.07");
  Line fee = unused;
  fee.status = "";
  fee.charge = "Purchase";
  fee.frequency = "Recurring";
  fee.effective = "0";
  fee.operation = "PurchaseReservedInstances";  // no code of a platform
  fee.description = "USD 0.07 hourly fee per dedicated Linux/UNIX (Amazon VPC), m5.large instance";
  auto found = estate({shared, alone, unused, fee});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->holdings.size(), 1u);
  EXPECT_EQ(
      found->holdings[0].scope,
      (std::vector<ScopeValue>{
          {"platform", "Linux/UNIX (dedicated)"}, {"region", "eu-west-1"}, {"size", "m5.large"}}));
}

TEST_F(OwnBillTest, WhatTheUsageTypeSaysOfTenancyCountsMoreThanWords) {
  Line line = machine("RunInstances", "BoxUsage:m5.large"), larger = line;
  line.description = "m5.large, dedicated to the team of suse";
  larger.meter = "BoxUsage:m5.xlarge";
  larger.sku = "LARGER";
  auto found = estate({reserved(line, "ri", "4", "0.06"), larger});
  ASSERT_TRUE(found) << why(found);
  EXPECT_EQ(found->holdings[0].scope,
            (std::vector<ScopeValue>{
                {"family", "m5"}, {"platform", "Linux/UNIX"}, {"region", "eu-west-1"}}));
  for (const Rate& rate : found->card.rates) EXPECT_TRUE(rate.price[0]) << rate.key[kSku];
}

TEST_F(OwnBillTest, LinesOfOneSkuAreOfOnePlatform) {
  Line silent = machine("", "BoxUsage:m5.large"), told = silent;
  told.description = "Linux/UNIX (Amazon VPC), m5.large reserved instance applied";
  auto found = estate({silent, reserved(told, "ri", "4", "0.06")});
  ASSERT_TRUE(found) << why(found);
  EXPECT_EQ(found->demand.pools.size(), 1u);
}

TEST_F(OwnBillTest, ThePlatformOfAnUnusedReservedInstanceIsInItsWords) {
  Line unused = covered("ri", "Reserved Instance", "0.12"), fee, other;
  unused.status = "Unused";
  unused.cost = "0";
  unused.units = "8";
  fee = unused;
  fee.status = "";
  fee.charge = "Purchase";
  fee.frequency = "Recurring";
  fee.effective = "0";
  other.meter = "BoxUsage:m5.xlarge";
  for (const bool windows : {false, true}) {
    fee.description = std::string("USD 0.12 hourly fee per ") +
                      (windows ? "Windows" : "Linux/UNIX") + " (Amazon VPC), m5.xlarge instance";
    auto found = estate({unused, fee, other});
    ASSERT_TRUE(found) << why(found);
    ASSERT_EQ(found->holdings.size(), 1u);
    EXPECT_EQ(found->holdings[0].scope,
              (std::vector<ScopeValue>{
                  windows ? ScopeValue{"region", "eu-west-1"} : ScopeValue{"family", "m5"},
                  windows ? ScopeValue{"size", "m5.xlarge"} : ScopeValue{"region", "eu-west-1"}}));
  }
}

TEST_F(OwnBillTest, AConvertibleReservedInstanceIsAnOfferOfItsOwn) {
  Line standard = covered("ri", "Reserved Instance", "0.12"), convertible = standard;
  standard.units = convertible.units = "4";
  standard.offering_class = "standard";
  convertible.commitment = "ri-2";
  convertible.offering_class = "Convertible";
  auto found = estate({standard, convertible});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->holdings.size(), 2u);
  for (const Holding& held : found->holdings) {
    const Offer& offer = found->card.offers[held.offer];
    const bool is_second = held.id == "ri-2";
    EXPECT_EQ(offer.offer_class, is_second ? "convertible" : "");
    EXPECT_EQ(offer.name,
              std::string("regional-ri-1y-no-upfront") + (is_second ? "-convertible" : ""));
  }
}

/// A reserved instance that is used in a zone and in part unused, beside usage in another.
struct ReservedInZone {
  Line used = covered("ri", "Reserved Instance", "0.12"), unused = used, beside;
  ReservedInZone() {
    used.units = unused.units = "4";
    used.zone = "eu-west-1a";
    unused.status = "Unused";
    unused.cost = "0";
    beside.zone = "eu-west-1b";
    beside.quantity = "3";
  }
  std::vector<Line> lines() const { return {used, unused, beside}; }
};

TEST_F(OwnBillTest, AZonalReservedInstanceCoversItsZoneAndSizeOnly) {
  ReservedInZone bill;
  bill.unused.zone = "eu-west-1a";
  Line another_size = bill.used, more = bill.used;
  for (Line* line : {&another_size, &more}) {
    line->commitment = line->status = line->type = line->kind = line->units = "";
    line->effective = "0.1";
  }
  another_size.meter = "BoxUsage:m5.xlarge";
  another_size.sku = "M5X";
  more.quantity = "5";
  auto lines = bill.lines();
  lines.push_back(another_size);
  lines.push_back(more);
  auto found = estate(lines);
  ASSERT_TRUE(found) << why(found);
  EXPECT_EQ(found->demand.pool_columns[1], "zone");
  ASSERT_EQ(found->holdings.size(), 1u);
  const Holding& held = found->holdings[0];
  EXPECT_EQ(found->card.offers[held.offer].name, "zonal-ri-1y-no-upfront");
  EXPECT_EQ(held.scope, (std::vector<ScopeValue>{{"size", "m5.large"}, {"zone", "eu-west-1a"}}));
  EXPECT_EQ(held.amount, number("2"));
  EXPECT_EQ(held.factor, number("4"));
  const auto bill_of_it = simulate(found->card, found->table, found->holdings, found->demand);
  ASSERT_TRUE(bill_of_it) << why(bill_of_it);
  ASSERT_EQ(bill_of_it->covers.size(), 1u);
  const auto& pool = found->demand.pools[bill_of_it->covers[0].pool];
  EXPECT_EQ(pool[1], "eu-west-1a");
  EXPECT_EQ(pool[6], "m5.large");
  EXPECT_EQ(bill_of_it->covers[0].quantity, number("2"));
  // All else of the same price is of no zone: the price is one row.
  EXPECT_EQ(found->card.rates.size(), 2u);
  EXPECT_EQ(found->demand.pools.size(), 3u);
}

TEST_F(OwnBillTest, WhetherAReservedInstanceIsZonalIsWhatTheBillSays) {
  const auto named = [&](const ReservedInZone& bill) {
    auto found = estate(bill.lines());
    EXPECT_TRUE(found) << why(found);
    if (!found || found->holdings.size() != 1) return std::string("nothing");
    std::string kind(traits(found->card.offers[found->holdings[0].offer].instrument).name);
    for (const std::string& note : found->notes)
      if (note.starts_with("not in the bill:") && note.find("zone") != std::string::npos)
        kind += ", not said";
    return kind;
  };
  ReservedInZone bill;  // usage has zones, its own line has none
  EXPECT_EQ(named(bill), "regional-ri");
  bill.unused.reserved_zone = "eu-west-1";
  EXPECT_EQ(named(bill), "regional-ri");
  bill.unused.reserved_zone = "eu-west-1a";
  EXPECT_EQ(named(bill), "zonal-ri");
  bill = {};
  bill.used.zone = bill.beside.zone = "";  // nothing says it
  EXPECT_EQ(named(bill), "regional-ri, not said");
  bill.unused.type = "Regional Reserved Instance";
  EXPECT_EQ(named(bill), "regional-ri");
  bill = {};
  bill.unused.type = "Reserved Instance, Availability Zone";
  EXPECT_EQ(named(bill), "zonal-ri");  // of the only zone where it was used
  bill.used.zone = "";
  EXPECT_EQ(named(bill), "regional-ri, not said");
  bill = {};
  bill.unused = bill.used;  // no line of its own; used in two zones
  bill.unused.zone = "eu-west-1b";
  EXPECT_EQ(named(bill), "regional-ri");
  bill.unused.zone = bill.used.zone;
  EXPECT_EQ(named(bill), "regional-ri, not said");
  // A modified one that names two zones.
  bill.used.charge = bill.unused.charge = "Usage";
  Line purchase = bill.used;
  bill.unused = bill.used;
  bill.unused.status = "Unused";
  bill.unused.zone = "eu-west-1b";
  purchase.status = "Unused";
  auto found = estate({bill.used, bill.unused, purchase, bill.beside});
  ASSERT_TRUE(found) << why(found);
  EXPECT_TRUE(says(*found, "not in the bill: ri zone"));
}

TEST_F(OwnBillTest, ReservedInstancesOfOpenSearchAndRedshiftCoverTheirTypeOnly) {
  struct Case {
    std::string service, kind, meter;
    bool flexible;
  };
  for (const Case& each :
       {Case{"Amazon OpenSearch Service", "opensearch-ri", "ESInstance:m5", false},
        Case{"Amazon Redshift", "redshift-ri", "Node:dc2", false},
        Case{"Amazon Relational Database Service", "rds-ri", "InstanceUsage:db.m5", true},
        Case{"Amazon ElastiCache", "elasticache-ri", "NodeUsage:cache.m5", true},
        Case{"Amazon Elastic Compute Cloud", "regional-ri", "BoxUsage:m5", true}}) {
    Line used = covered("ri", "Reserved Instance", "0.12"), wasted = used, larger;
    for (Line* line : {&used, &wasted, &larger}) line->service = each.service;
    used.meter = wasted.meter = each.meter + ".large";
    used.units = wasted.units = "4";
    wasted.status = "Unused";
    wasted.cost = "0";
    larger.meter = each.meter + ".xlarge";
    larger.sku = "M5X";
    auto found = estate({used, wasted, larger});
    ASSERT_TRUE(found) << why(found);
    ASSERT_EQ(found->card.offers.size(), 1u);
    const Offer& offer = found->card.offers[0];
    EXPECT_EQ(offer.name, each.kind + "-1y-no-upfront");
    EXPECT_EQ(offer.size, each.flexible ? "size" : "") << each.kind;
    const std::string size = found->card.rates[0].key[4];
    ASSERT_TRUE(size.ends_with(".large")) << size;
    EXPECT_EQ(found->card.rates[0].price[0], number("0.12")) << each.kind;
    EXPECT_EQ(found->card.rates[1].price[0],
              each.flexible ? std::optional<Decimal>(number("0.24")) : std::nullopt)
        << each.kind;
    ASSERT_EQ(found->holdings.size(), 1u) << each.kind;
    if (each.flexible) continue;
    EXPECT_EQ(found->holdings[0].scope,
              (std::vector<ScopeValue>{{"region", "eu-west-1"}, {"size", size}}));
  }
}

TEST_F(OwnBillTest, AnUnusedReservedInstanceOfOneSizeIsNamedByItsWords) {
  Line unused = covered("ri", "Reserved Instance", "0.12"), fee, other;
  unused.status = "Unused";
  unused.cost = "0";
  unused.units = "1";
  unused.service = other.service = "Amazon OpenSearch Service";
  fee = unused;
  fee.status = "";
  fee.charge = "Purchase";
  fee.frequency = "Recurring";
  fee.effective = "0";
  fee.description = "USD 0.12 per m5.xlarge reserved instance";
  other.meter = "ESInstance:m5.xlarge";
  auto found = estate({unused, fee, other});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->holdings.size(), 1u);
  EXPECT_EQ(found->holdings[0].scope,
            (std::vector<ScopeValue>{{"region", "eu-west-1"}, {"size", "m5.xlarge"}}));
}

TEST_F(OwnBillTest, UnitsThatAreNotInProportionStayWithTheirSize) {
  // A commitment counted by the instance: one unit is one m5.xlarge, and no other size.
  Line used = covered("ri", "Reserved Instance", "0.2"), large;
  used.meter = "BoxUsage:m5.xlarge";
  used.sku = "M5X";
  used.units = "1";
  large.hour = used.hour;
  auto found = estate({used, large});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->holdings.size(), 1u);
  EXPECT_EQ(
      found->holdings[0].scope,
      (std::vector<ScopeValue>{{"family", "m5"}, {"region", "eu-west-1"}, {"size", "m5.xlarge"}}));
}

TEST_F(OwnBillTest, ContractsTellWhenItBeganAndEnds) {
  auto made = engine->run(R"(CREATE TABLE contracts AS SELECT * FROM (VALUES
    ('sp', '2026-01-01', '2029-01-01', 'Active', 'P3Y', 'All Upfront', 100, '2026-06-05'),
    ('sp', '2026-02-01', '2029-01-31', 'Active', 'P3Y', 'All Upfront', 100, '2026-07-05'),
    ('queued', '2026-08-01', '2027-08-01', 'Active', 'P1Y', 'No Upfront', 876, '2026-07-05'),
    ('cancelled', '2026-08-01', '2027-08-01', 'Canceled', 'P1Y', 'No Upfront', 876, '2026-07-05'))
    AS t("ContractCommitmentId", "ContractCommitmentPeriodStart", "ContractCommitmentPeriodEnd",
    "ContractCommitmentLifecycleStatus", "ContractCommitmentDurationType",
    "ContractCommitmentPaymentModel", "ContractCommitmentCost", "ContractCommitmentLastUpdated");
    ALTER TABLE contracts ALTER "ContractCommitmentPeriodStart" TYPE TIMESTAMPTZ;
    ALTER TABLE contracts ALTER "ContractCommitmentPeriodEnd" TYPE TIMESTAMPTZ;
    ALTER TABLE contracts ALTER "ContractCommitmentCost" TYPE DECIMAL(38,18);
    ALTER TABLE contracts ADD COLUMN "ContractCommitmentCategory" VARCHAR DEFAULT 'Spend';
    ALTER TABLE contracts ADD COLUMN "ContractCommitmentFulfillmentInterval" VARCHAR DEFAULT 'Hourly';
    ALTER TABLE contracts ADD COLUMN "ServiceProviderName" VARCHAR DEFAULT 'AWS';
    ALTER TABLE contracts ADD COLUMN "BillingCurrency" VARCHAR DEFAULT 'USD')");
  ASSERT_TRUE(made) << why(made);
  contracts = true;
  auto found = estate({covered("sp", "Compute Savings Plan", "0.06")});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->holdings.size(), 2u);
  EXPECT_EQ(found->holdings[0].begin, at("2026-02-01"));
  EXPECT_EQ(found->holdings[0].end, at("2029-01-31"));
  EXPECT_EQ(found->card.offers[found->holdings[0].offer].name, "compute-sp-3y-all-upfront");
  EXPECT_EQ(found->holdings[1].id, "queued");
  EXPECT_EQ(found->holdings[1].amount, number("0.1"));
}

TEST_F(OwnBillTest, WhatEndsEarlyEndsWithItsCharges) {
  std::vector<Line> lines;
  for (const char* day : {"2026-07-01", "2026-07-02", "2026-07-03", "2026-07-04", "2026-07-05"}) {
    Line line;
    line.hour = std::string(day) + "T00:00:00Z";
    lines.push_back(line);
  }
  lines[0] = covered("sp", "Compute Savings Plan", "0.06");
  auto found = estate(lines);
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->holdings.size(), 1u);
  EXPECT_EQ(found->holdings[0].end, at("2026-07-01T01:00:00Z"));
}

TEST_F(OwnBillTest, WhatCannotBeCountedIsNamedWithItsMoney) {
  Line daily, correction, negative, unsaid, capacity = covered("cap", "Capacity", "5");
  daily.hours = 24;
  daily.cost = "7";
  correction.charge_class = "Correction";
  correction.quantity = "-1";
  correction.cost = "-0.25";
  negative.sku = "NEG";
  negative.quantity = "-2";
  negative.cost = "-0.5";
  unsaid.quantity = "";
  unsaid.cost = "3";
  capacity.provider = "Fjord Data";
  auto found = estate({Line{}, daily, correction, negative, unsaid, capacity});
  ASSERT_TRUE(found) << why(found);
  EXPECT_TRUE(says(*found, "not by the hour is left out: 1 line, 7.00 USD"));
  EXPECT_TRUE(says(*found, "corrections of usage are left out: 1 line, -0.25 USD"));
  EXPECT_TRUE(says(*found, "1 hour of a pool with zero or less in sum counts as zero: -0.50 USD"));
  EXPECT_TRUE(says(*found, "without a quantity is left out: 1 line, 3.00 USD"));
  EXPECT_TRUE(says(*found, "cap (Capacity) is not applied hour by hour: 5.00 USD"));
  EXPECT_EQ(found->demand.counts, (std::vector<std::int64_t>{1}));
}

/// As AWS's report has it: at the public price, whatever was negotiated.
Line discounted(const std::string& sku, const std::string& list, const std::string& quantity,
                const std::string& list_cost) {
  Line line = covered("ri", "Reserved Instance", "0.05");
  line.line_type = "DiscountedUsage";
  line.sku = sku;
  line.list = list;
  line.price = "";
  line.quantity = quantity;
  line.cost = list_cost;
  return line;
}

Line on_demand(const std::string& sku, const std::string& list, const std::string& price) {
  Line line;
  line.line_type = "Usage";
  line.hour = "2026-07-01T01:00:00Z";
  line.sku = sku;
  line.list = line.list_cost = list;
  line.price = line.cost = line.effective = price;
  return line;
}

TEST_F(OwnBillTest, CoveredUsageOfAReportCountsAtTheNegotiatedPrice) {
  // 0.0333333333 x 0.0917 is 0.00305666666..., which AWS would bill with ten decimals.
  auto found = estate({discounted("A", "0.1", "0.0333333333", "0.0033333333"),
                       discounted("A", "0.1", "3", "0.3"), on_demand("A", "0.1", "0.0917")});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->card.rates.size(), 1u);
  EXPECT_EQ(to_text(found->card.rates[0].on_demand), "0.0917");
  EXPECT_EQ(to_text(found->card.rates[0].list), "0.1");
  EXPECT_TRUE(says(*found,
                   "usage of 1 SKU under commitments is in the report at the public price, "
                   "0.30 USD: it counts at the price of the same SKU without them"));
  auto cells = engine->query("SELECT sum(stated), sum(contracted) FROM x_cells WHERE id = 'ri'");
  ASSERT_TRUE(cells) << why(cells);
  EXPECT_EQ(cells->rows[0][0].text(), "0.3033333333");
  EXPECT_EQ(cells->rows[0][1].text(), "0.2781566667");  // 0.0030566667 + 0.2751
  OwnBill bill;
  auto held =
      held_commitments(*engine, bill, at("2026-07-01T00:00:00Z"), at("2026-07-01T02:00:00Z"));
  ASSERT_TRUE(held) << why(held);
  EXPECT_EQ(to_text(held->at(0).covered), "0.2781566667");
}

TEST_F(OwnBillTest, WhatIsAlwaysCoveredHasTheOneDiscountOfTheRest) {
  auto found = estate({discounted("A", "0.4", "1", "0.4"), on_demand("B", "0.2", "0.18"),
                       on_demand("C", "0.0000166667", "0.000015")});
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->card.rates.size(), 3u);
  EXPECT_EQ(to_text(found->card.rates[0].on_demand), "0.36");
  EXPECT_TRUE(says(*found,
                   "commitments cover all usage of 1 SKU, in the report at the public "
                   "price, 0.40 USD: it counts with the one discount that all other such "
                   "usage has, 0.36 USD"));
}

TEST_F(OwnBillTest, WithoutOneDiscountThePublicPriceStaysAndIsNamed) {
  auto found = estate({discounted("A", "0.4", "1", "0.4"), on_demand("B", "0.2", "0.18"),
                       on_demand("C", "0.1", "0.08")});
  ASSERT_TRUE(found) << why(found);
  EXPECT_EQ(to_text(found->card.rates[0].on_demand), "0.4");
  EXPECT_TRUE(says(*found,
                   "commitments cover all usage of 1 SKU, and no one discount of other "
                   "usage tells its negotiated price: it counts at the public price, 0.40 "
                   "USD"));
}

TEST_F(OwnBillTest, WithoutNegotiatedPricesAReportStandsAsItIs) {
  auto found = estate({discounted("A", "0.4", "1", "0.4"), on_demand("B", "0.2", "0.2")});
  ASSERT_TRUE(found) << why(found);
  EXPECT_EQ(to_text(found->card.rates[0].on_demand), "0.4");
  for (const std::string& note : found->notes)
    EXPECT_EQ(note.find("public price"), std::string::npos) << note;
}

/// As Azure's report of a Microsoft Customer Agreement has usage under a reservation: at no price.
Line reserved(const std::string& size, const std::string& meter, const std::string& quantity,
              const std::string& effective) {
  Line line = covered("/reservations/r", "Reservation", effective);
  line.provider = "Microsoft";
  line.service = "Virtual Machines";
  line.kind = "Usage";
  line.sku = "SKU-of-reserved-" + meter;
  line.meter = meter + " v5";
  line.meter_id = "id-of-" + meter;
  line.details = R"({"x_UsageType":"ComputeHR","x_ServiceType":")" + size + R"("})";
  line.quantity = quantity;
  line.price = line.list = line.cost = line.list_cost = "0";
  line.units = quantity;
  return line;
}

TEST_F(OwnBillTest, ReservedUsageWithoutPriceCountsAtThatOfItsMeter) {
  Line open = reserved("Standard_D2s_v5", "D2s", "1", "0.1");
  open.hour = "2026-07-01T01:00:00Z";
  open.commitment = open.status = open.type = open.kind = open.units = "";
  open.pricing = "Standard";
  open.sku = "SKU-of-D2s";
  open.price = open.cost = "0.1";
  open.list = open.list_cost = "0.12";
  auto found = estate({reserved("Standard_D2s_v5", "D2s", "1.5", "0.09"),
                       reserved("Standard_D2s_v5", "D2s", "1.5", "0.09"),
                       reserved("Standard_D4s_v5", "D4s", "1", "0.12"), open});
  ASSERT_TRUE(found) << why(found);
  auto cells = engine->query(
      "SELECT size, family, sum(stated), sum(contracted), sum(list) FROM x_cells WHERE id <> '' "
      "GROUP BY ALL ORDER BY ALL");
  ASSERT_TRUE(cells) << why(cells);
  ASSERT_EQ(cells->rows.size(), 2u);
  const auto row = [&](std::size_t at) {
    std::string all;
    for (const Cell& cell : cells->rows[at]) all += cell.text() + " ";
    return all;
  };
  EXPECT_EQ(row(0), "Standard_D2s_v5 Dsv5 0 0.3 0.36 ");
  EXPECT_EQ(row(1), "Standard_D4s_v5 Dsv5 0 0.12 0.12 ");  // what it cost
  EXPECT_TRUE(says(*found,
                   "usage of 1 SKU under commitments has no price in the report: it counts at the "
                   "price of the same SKU without them, 0.30 USD"));
  EXPECT_TRUE(says(*found,
                   "commitments cover all usage of 1 SKU, and the report has no price of it: it "
                   "counts at what it cost, 0.12 USD, so that what they save there is not in these "
                   "figures"));
  // What is not known is no price on demand: that pool is left out by name.
  ASSERT_EQ(found->card.rates.size(), 1u);
  EXPECT_EQ(to_text(found->card.rates[0].on_demand), "0.1");
  EXPECT_TRUE(says(*found, "no price on demand can be found for 1 pool"));
  OwnBill bill;
  auto held =
      held_commitments(*engine, bill, at("2026-07-01T00:00:00Z"), at("2026-07-01T02:00:00Z"));
  ASSERT_TRUE(held) << why(held);
  EXPECT_EQ(to_text(held->at(0).covered), "0.42");
}

TEST_F(OwnBillTest, WhenItWasPaidAndItsTermTellWhenItEnds) {
  Line used = covered("/reservations/r", "Reservation", "0.06"), paid = used;
  used.provider = paid.provider = "Microsoft";
  used.kind = paid.kind = "Usage";
  used.units = "1";
  paid.charge = "Purchase";
  paid.frequency = "One-Time";
  paid.status = "";
  paid.description = "Reserved VM Instance, Standard_D2s_v5, 3 Years";
  ASSERT_TRUE(estate({used, paid}));
  OwnBill bill;
  auto held =
      held_commitments(*engine, bill, at("2026-07-01T00:00:00Z"), at("2026-07-01T01:00:00Z"));
  ASSERT_TRUE(held) << why(held);
  EXPECT_TRUE(held->at(0).begin_known && held->at(0).end_known);
  EXPECT_EQ(held->at(0).end, at("2029-07-01T00:00:00Z"));
}

TEST_F(OwnBillTest, OffersAreFoundInAllMonthsAndUsageInThePeriod) {
  // What is bought of the m5 plan and of the reserved c6g ended before the period; the m5 plan of
  // three years was paid before it.
  Line plan = covered("arn:aws:savingsplans::9:savingsplan/old", "ComputeSavingsPlans", "0.05"),
       fee = plan, machine = covered("ri", "Reserved Instance", "0.04"), now = plan;
  plan.hour = fee.hour = machine.hour = "2026-05-01T00:00:00Z";
  fee.charge = "Purchase";
  fee.frequency = "One-Time";
  fee.status = "";
  fee.description = "All Upfront 3 year Compute Savings Plan";
  machine.meter = "BoxUsage:c6g.large";
  machine.sku = "C6GL";
  machine.units = "4";
  now.price = now.cost = "0.08";
  Line later = now;
  later.commitment = later.status = later.type = later.kind = "";
  later.hour = "2026-07-01T01:00:00Z";
  auto found =
      estate({plan, fee, machine, now, later}, Period{{2026, 7, 1}, {2026, 7, 2}, "2026-07-01"});
  ASSERT_TRUE(found) << why(found);
  EXPECT_EQ(found->demand.pools.size(), 1u);
  EXPECT_EQ(found->demand.hours, 2u);
  std::vector<std::string> names;
  for (const Offer& offer : found->card.offers) names.push_back(offer.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"compute-sp-3y-all-upfront", "regional-ri-1y-no-upfront"}));
  // The price on demand is that of the period, and what is held in it is known by its fee.
  ASSERT_EQ(found->card.rates.size(), 2u);
  EXPECT_EQ(found->card.rates[found->table.pools[0].rate].on_demand, number("0.08"));
  ASSERT_EQ(found->holdings.size(), 1u);
  EXPECT_EQ(found->card.offers[found->holdings[0].offer].name, "compute-sp-3y-all-upfront");
  EXPECT_EQ(found->holdings[0].amount, number("0.025"));
  EXPECT_TRUE(says(*found, "all of this usage on demand: 0.16 USD at these prices, 0.16 USD"));
  // What was bought elsewhere in time can be bought now.
  Purchase purchase{
      1,  number("1"), {{"region", "eu-west-1"}, {"family", "c6g"}}, found->demand.first_hour, {},
      "", ""};
  purchase.values.emplace_back("size", "c6g.large");
  auto holding = make_holding(found->card, purchase);
  ASSERT_TRUE(holding) << why(holding);
  EXPECT_EQ(holding->price, number("0.04"));
}

TEST_F(OwnBillTest, LinesOverTheEdgeOfThePeriodAreNamed) {
  Line used = covered("ri", "Reserved Instance", "0.12"), unused = used;
  unused.status = "Unused";
  unused.hours = 24 * 31;
  unused.effective = "90";
  used.hour = "2026-07-10T00:00:00Z";
  Period period{{2026, 7, 10}, {2026, 7, 12}, ""};
  auto found = estate({used, unused}, period);
  ASSERT_TRUE(found) << why(found);
  EXPECT_TRUE(says(*found, "1 line of unused commitments, 90.00 USD, reach over the edges"));
}

TEST_F(OwnBillTest, ErrorsSayWhatIsMissing) {
  Line daily, euros, none;
  daily.hours = 24;
  euros.currency = "EUR";
  none.category = "Storage";
  EXPECT_EQ(estate({none}).error().code, "SY1840");
  EXPECT_EQ(estate({daily}).error().code, "SY1841");
  EXPECT_EQ(estate({Line{}, euros}).error().code, "SY1842");
}

}  // namespace
}  // namespace steelyard
