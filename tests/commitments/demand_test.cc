// Demand from files: what is read is exact, what is missing is zero, what is wrong is named with
// its row; and real data of three years gives the same matrix from CSV and from Parquet.
#include "commitments/demand.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/text.h"
#include "commitments/shared_data.h"

namespace steelyard {
namespace {

namespace fs = std::filesystem;
using Values = std::vector<std::int64_t>;

class DemandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("steelyard_demand_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    auto engine = open_duckdb({});
    ASSERT_TRUE(engine) << engine.error().what;
    engine_ = std::move(*engine);
  }
  void TearDown() override {
    engine_.reset();
    fs::remove_all(folder_);
  }

  Result<Demand> read(std::string_view text, DemandFile file = {}) {
    file.path = folder_ / "demand.csv";
    std::ofstream(file.path, std::ios::binary) << text;
    return read_demand(*engine_, file);
  }
  /// "SY1822 at row 3", so that a test says where the reader points.
  static std::string complaint(const Result<Demand>& result) {
    if (result) return "none";
    const auto row = result.error().where.rfind(" row ");
    return result.error().code +
           (row == std::string::npos ? "" : " at" + result.error().where.substr(row));
  }
  static Values values(std::span<const std::int64_t> row) { return {row.begin(), row.end()}; }

  fs::path folder_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(DemandTest, AMissingHourIsZeroAndTheOrderOfRowsDoesNotMatter) {
  auto demand = read(
      "hour,region,type,usage\n"
      "2026-01-01 03:00:00,eu,a,2.5\n"
      "2026-01-01 00:00:00,us,b,7\n"
      "2026-01-01 00:00:00,eu,a,1\n"
      "2026-01-01 01:00:00,eu,a,0.25\n");
  ASSERT_TRUE(demand) << demand.error().what;
  EXPECT_EQ(format_instant(demand->first_hour), "2026-01-01T00:00:00Z");
  EXPECT_EQ(demand->hours, 4u);
  EXPECT_EQ(demand->decimals, 2);
  EXPECT_EQ(demand->pool_columns, (std::vector<std::string>{"region", "type"}));
  ASSERT_EQ(demand->pools.size(), 2u);
  EXPECT_EQ(demand->name(0), "eu/a");
  EXPECT_EQ(values(demand->row(0)), (Values{100, 25, 0, 250}));
  EXPECT_EQ(values(demand->row(1)), (Values{700, 0, 0, 0}));
  EXPECT_EQ(to_text(demand->quantity(375)), "3.75");
}

TEST_F(DemandTest, ColumnsMayBeNamedAndRowsOfFinerPoolsSummed) {
  const DemandFile by_region{.time_column = "t",
                             .quantity_column = "n",
                             .pool_columns = {"region"},
                             .repeats = Repeats::kSum};
  auto demand =
      read("t,region,type,n\n2026-01-01T00:00:00Z,1,a,2\n2026-01-01T00:00:00Z,1,b,3\n", by_region);
  ASSERT_TRUE(demand) << demand.error().what;
  EXPECT_EQ(values(demand->row(0)), Values{5});
}

TEST_F(DemandTest, WhatIsWrongIsNamedWithItsRow) {
  const std::string head = "hour,type,usage\n2026-01-01 00:00:00,a,1\n";
  EXPECT_EQ(complaint(read(head + "2026-01-01 01:00:00,a,-1\n")), "SY1822 at row 3");
  EXPECT_EQ(complaint(read(head + "2026-01-01 01:00:00,a,\n")), "SY1822 at row 3");
  EXPECT_EQ(complaint(read(head + "2026-01-01 01:30:00,a,1\n")), "SY1821 at row 3");
  EXPECT_EQ(complaint(read(head + ",a,1\n")), "SY1821 at row 3");
  EXPECT_EQ(complaint(read(head + "2026-01-01 02:00:00,b,1\n2026-01-01 00:00:00,a,1\n")),
            "SY1823 at row 4");
  const DemandFile named{.quantity_column = "usage"};
  EXPECT_EQ(read(head + "2026-01-01 01:00:00,a,many\n", named).error().code, "SY1210");
  // The column is known by its other cells, and no other column of numbers takes its place.
  const std::string sized = "hour,size,usage\n2026-01-01 00:00:00,4,1\n";
  const auto told = [](const Result<Demand>& demand) {
    return demand ? "read" : demand.error().code + " " + demand.error().what + demand.error().where;
  };
  const auto holds = [&](const std::string& rows, const std::string& words) {
    const std::string text = told(read(sized + rows));
    EXPECT_NE(text.find(words), std::string::npos) << text;
  };
  holds("2026-01-01 01:00:00,4,many\n", "SY1210 `many` is not a decimal number");
  holds("2026-01-01 01:00:00,4,many\n", "line 3, column usage");
  holds("soon,4,1\n", "SY1211 `soon` is not a date or time");
  holds("soon,4,1\n", "line 3, column hour");
  EXPECT_EQ(read("hour,type,usage\n").error().what, "the file has no rows");
  EXPECT_EQ(read("a,b\nx,1\n").error().code, "SY1820");
  EXPECT_EQ(read(head, {.time_column = "when"}).error().code, "SY1820");
  EXPECT_EQ(read("hour,usage,cost\n2026-01-01 00:00:00,1,2\n").error().code, "SY1820");
}

TEST_F(DemandTest, WhatCannotBeHeldExactlyIsRefused) {
  const std::string head = "hour,type,usage\n2026-01-01 00:00:00,a,";
  EXPECT_EQ(complaint(read(head + "9999999999.123456789012345678\n")), "SY1824");
  EXPECT_EQ(complaint(read(head + "1\n2126-01-01 00:00:00,a,1\n", {.max_cells = 1000})), "SY1824");
}

TEST_F(DemandTest, EachFileIsReadAlthoughAnEngineHasReadAnother) {
  const auto values_of = [&](const std::string& name, const std::string& text) {
    const std::string path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    auto demand = read_demand(*engine_, {.path = path});
    EXPECT_TRUE(demand) << demand.error().what;
    return demand ? values(demand->row(0)) : Values{};
  };
  EXPECT_EQ(values_of("a.csv", "hour,usage\n2026-01-01 00:00:00,1\n"), Values{1});
  EXPECT_EQ(values_of("b.csv", "hour,usage\n2026-01-01 00:00:00,2\n"), Values{2});
  EXPECT_EQ(values_of("c.csv", "hour,quantity\n2026-01-01 00:00:00,3\n"), Values{3});
}

TEST_F(DemandTest, TimesBeyondTheCalendarAreRefused) {
  const std::string path = folder_ / "demand.parquet";
  const auto read_times = [&](const std::string& times) {
    auto made = engine_->run("COPY (SELECT unnest([" + times +
                             "])::TIMESTAMPTZ AS hour, 1 AS quantity) TO " + sql_literal(path) +
                             " (FORMAT parquet)");
    EXPECT_TRUE(made) << made.error().what;
    return complaint(read_demand(*engine_, {.path = path, .time_column = "hour"}));
  };
  EXPECT_EQ(read_times("'2026-01-01', '2026-01-02'"), "none");
  EXPECT_EQ(read_times("'2026-01-01', 'infinity'"), "SY1821 at row 2");
  EXPECT_EQ(read_times("'-infinity', '2026-01-01', 'infinity'"), "SY1821 at row 1");
  EXPECT_EQ(read_times("'290000-01-01 (BC)', '290000-01-01'"), "SY1821 at row 1");
}

TEST_F(DemandTest, AggregatesAreSumsOverTheColumnsLeftOut) {
  auto demand = read(
      "hour,region,type,usage\n2026-01-01 00:00:00,eu,a,1\n2026-01-01 00:00:00,us,a,2\n"
      "2026-01-01 01:00:00,us,b,4\n");
  ASSERT_TRUE(demand) << demand.error().what;
  auto types = aggregate(*demand, {"type"});
  ASSERT_TRUE(types);
  ASSERT_EQ(types->pools.size(), 2u);
  EXPECT_EQ(values(types->row(0)), (Values{3, 0}));
  EXPECT_EQ(values(types->row(1)), (Values{0, 4}));
  EXPECT_EQ(values(aggregate(*demand, {})->row(0)), (Values{3, 4}));
  EXPECT_EQ(aggregate(*demand, {"size"}).error().code, "SY1820");
  EXPECT_EQ(values(hours_of(*demand, 1, 2).row(2)), Values{4});
}

TEST_F(DemandTest, ThreeYearsOfRealDemandAreTheSameFromCsvAndParquet) {
  SY_NEEDS_SHARED_DATA();
  const Demand& parquet = shaved_ice();
  EXPECT_EQ(parquet.pools.size(), 47u);
  EXPECT_EQ(parquet.hours, 26'280u);
  EXPECT_EQ(parquet.decimals, 0);
  EXPECT_EQ(format_instant(parquet.first_hour), "2021-02-01T00:00:00Z");
  auto csv = read_demand(*engine_, {.path = shaved_ice_csv()});
  ASSERT_TRUE(csv) << csv.error().what;
  EXPECT_EQ(csv->pool_columns, (std::vector<std::string>{"REGION_NUM", "INSTANCE_TYPE"}));
  EXPECT_EQ(csv->pools, parquet.pools);
  EXPECT_EQ(csv->counts, parquet.counts);
}

}  // namespace
}  // namespace steelyard
