// The same rules on files of real rates, where they are at hand: AWS's worked example as data, its
// normalisation factors, and an invented estate under Google's published prices.
#include <gtest/gtest.h>

#include "bills/reading.h"
#include "commitments/fixture.h"
#include "commitments/shared_data.h"

namespace steelyard::commitments_test {
namespace {

std::string rates_file(const std::string& name) {
  const char* named = std::getenv("STEELYARD_DATA");
  return (named ? std::string(named) : std::string(STEELYARD_SOURCE) + "/../shared/data") +
         "/rates/" + name;
}

#define SY_NEEDS_RATES(name)                      \
  if (!std::filesystem::exists(rates_file(name))) \
  GTEST_SKIP() << "skipped: no shared data " << (name)

/// All cells of a CSV as text.
std::vector<std::vector<std::string>> cells_of(const std::string& path) {
  auto engine = open_duckdb({});
  EXPECT_TRUE(engine);
  auto file = open_file(**engine, path, "cells", [](const SourceColumn&) { return Type::kText; });
  EXPECT_TRUE(file) << why(file);
  std::string columns;
  for (const ColumnSpec& column : file->columns) {
    columns += (columns.empty() ? "" : ", ") + ("\"" + column.name + "\"");
  }
  auto rows =
      (*engine)->query("SELECT " + columns + " FROM " + file->from + " ORDER BY \"x_SourceRow\"");
  EXPECT_TRUE(rows) << why(rows);
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows->rows) {
    cells.emplace_back();
    for (const Cell& cell : row) cells.back().push_back(cell.text());
  }
  return cells;
}

TEST(SharedRates, AwsWorkedExampleAsData) {
  SY_NEEDS_RATES("aws_sp_application_example.csv");
  Market market({"usage", "family"});
  market.offer("compute", Instrument::kComputeSp, {});
  market.offer("ec2", Instrument::kEc2InstanceSp, {"family"});
  market.offer("ri", Instrument::kRegionalRi, {"usage"});
  for (const auto& row : cells_of(rates_file("aws_sp_application_example.csv"))) {
    std::map<std::string, std::string> prices = {{"compute", row[3]}};
    if (!row[4].empty()) prices["ec2"] = row[4];
    if (row[5] == "r5") prices["ri"] = "0.5";
    market.pool({row[0], row[5]}, row[2], prices, row[1]);
  }
  const std::string r5 = market.keys[0][0];
  const auto on_demand =
      [&](const std::vector<std::tuple<std::string, std::string, std::vector<ScopeValue>>>&
              basket) {
        market.holdings.clear();
        for (const auto& [offer, amount, scope] : basket) market.buy(offer, amount, scope);
        return market.bill();
      };
  EXPECT_EQ(to_text(on_demand({}).on_demand, 2), "59.10");
  const Bill all = on_demand({{"compute", "50", {}}});
  EXPECT_EQ(to_text(all.by_holding[0].used), "47.125");
  EXPECT_EQ(to_text(all.on_demand), "0");
  EXPECT_EQ(to_text(on_demand({{"compute", "2", {}}}).on_demand, 2), "56.24");
  EXPECT_EQ(to_text(on_demand({{"compute", "19.60", {}}}).on_demand, 2), "32.70");
  EXPECT_EQ(
      to_text(on_demand({{"compute", "18.20", {}}, {"ri", "2", {{"usage", r5}}}}).on_demand, 2),
      "32.70");
  const Bill two = on_demand({{"compute", "16.80", {}}, {"ec2", "3", {{"family", "r5"}}}});
  EXPECT_EQ(to_text(two.on_demand, 2), "32.70");
  EXPECT_EQ(to_text(two.by_holding[1].used), "2.4");
}

TEST(SharedRates, NormalisationFactorsAreThoseThatAwsPublishes) {
  SY_NEEDS_RATES("aws_ri_normalization_factors.csv");
  int checked = 0;
  for (const auto& row : cells_of(rates_file("aws_ri_normalization_factors.csv"))) {
    std::string type = row[0];
    if (type == "u-*.metal") type = "u-12tb1.metal";
    const auto factor = aws_normalisation_factor(type);
    ASSERT_TRUE(factor) << type;
    EXPECT_EQ(*factor, number(row[1])) << type;
    ++checked;
  }
  EXPECT_EQ(checked, 45);
}

/// Snowflake's demand of three years as one pool under one offer: the integer optima that are known
/// for it, from level to savings.
TEST(SharedDemand, ShavedIceAtItsBestLevelsSavesWhatIsKnown) {
  SY_NEEDS_SHARED_DATA();
  auto total = aggregate(shaved_ice(), {});
  ASSERT_TRUE(total) << why(total);
  struct Known {
    std::size_t last_hours;
    const char *price, *level, *savings;
  };
  for (const Known& known :
       {Known{26280, "0.6", "1533", "24.778710"}, Known{8760, "0.72", "2093", "21.830996"},
        Known{1440, "0.6", "2480", "33.136648"}}) {
    const Demand window = hours_of(*total, total->hours - known.last_hours, total->hours);
    Market market({});
    market.offer("q", Instrument::kQuantity, {}, 3);
    market.pool({}, "1", {{"q", known.price}}, "0");
    market.begin = window.first_hour;
    market.buy("q", known.level);
    auto bill = simulate(market.card, market.table(), market.holdings, window);
    ASSERT_TRUE(bill) << why(bill);
    const Decimal percent =
        multiply_divide(bill->savings(), {100 * kOne}, bill->on_demand_equivalent);
    EXPECT_EQ(to_text(percent, 6), known.savings) << known.level;
  }
}

TEST(SharedRates, GoogleEstateIsConservedUnderPublishedPrices) {
  SY_NEEDS_RATES("gcp_compute_ondemand_cud_2026-07-30.csv.gz");
  Market market({"machine", "region"});
  market.offer("cud-3y", Instrument::kGcpResourceCud, {"machine", "region"}, 3);
  market.offer("flex", Instrument::kGcpFlexCud, {});
  const Decimal hours = number("730");
  std::size_t pools = 0;
  for (const auto& row : cells_of(rates_file("gcp_compute_ondemand_cud_2026-07-30.csv.gz"))) {
    if (row[1] != "europe-west1" || row[6].empty() || pools == 200) continue;
    const Decimal hourly = multiply_divide(number(row[6]), {kOne}, hours);
    const Decimal flexible = multiply(number(row[2]), number("0.72"));
    market.pool({row[0], row[1]}, row[2],
                {{"cud-3y", to_text(hourly)}, {"flex", to_text(flexible)}},
                std::to_string(1 + pools % 7));
    if (pools++ % 3 == 0) market.buy("cud-3y", "2", {{"machine", row[0]}, {"region", row[1]}});
  }
  ASSERT_GT(pools, 50u);
  market.buy("flex", "100");
  const Bill bill = market.bill();
  Decimal used;
  for (const CoverTotal& cover : bill.covers) used += cover.cost;
  EXPECT_EQ(used + bill.unused, bill.fees);
  EXPECT_GT(bill.savings(), Decimal{});
  EXPECT_LT(bill.savings(), bill.on_demand_equivalent);
}

}  // namespace
}  // namespace steelyard::commitments_test
