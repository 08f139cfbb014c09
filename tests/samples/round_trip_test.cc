// The whole way: the truth, written as a provider would, read back by ingest, summed from the
// lake's own files, equals the truth to the last digit: billed and effective, by month and
// currency.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/text.h"
#include "bills/ingest.h"
#include "lake/lake.h"
#include "samples/gen.h"
#include "store/store.h"

namespace steelyard {
namespace {

namespace fs = std::filesystem;

/// All that a rendering can carry. A report's list and contracted cost have no place for what is
/// not usage; the pricing currency is of FOCUS.
struct Sums {
  Decimal billed, effective, list, contracted;
  bool operator==(const Sums&) const = default;
};
void PrintTo(const Sums& sums, std::ostream* out) {
  *out << "billed " << to_text(sums.billed) << " effective " << to_text(sums.effective) << " list "
       << to_text(sums.list) << " contracted " << to_text(sums.contracted);
}
/// By "month currency".
using Totals = std::map<std::string, Sums>;

struct Case {
  std::string format, folder;
  int deliveries;
  GenDeliveryMode mode = GenDeliveryMode::kCreateNew;
};
void PrintTo(const Case& one, std::ostream* out) { *out << one.format << " x " << one.deliveries; }

/// The cells of a file of the truth that quotes nothing, without its header.
std::vector<std::vector<std::string>> csv_rows(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream cells(line);
    rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
  }
  return rows;
}

class RoundTrip : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    std::string name = GetParam().format + "_" + std::to_string(GetParam().deliveries) +
                       (GetParam().mode == GenDeliveryMode::kOverwrite ? "o" : "");
    root_ = fs::path(testing::TempDir()) /
            ("steelyard_round_" + std::to_string(::getpid()) + "_" + name);
    fs::remove_all(root_);
  }
  void TearDown() override { fs::remove_all(root_); }
  fs::path root_;
};

TEST_P(RoundTrip, TheLakeHoldsTheTruth) {
  const Case& one = GetParam();
  GenOptions options;
  options.rows = 6000;
  options.months = 3;
  options.threads = 1;
  options.rows_per_file = 1500;
  options.deliveries = one.deliveries;
  options.mode = one.mode;
  options.out = (root_ / "bills").string();
  options.formats = {one.format, "truth"};
  auto made = generate(options);
  ASSERT_TRUE(made) << made.error().what;
  const bool aws_only = one.format.starts_with("aws-");
  Totals expected;
  for (const GenTotal& total : made->totals) {
    if (aws_only && total.provider != "AWS") continue;
    Sums& sums = expected[total.month + " " + total.currency];
    sums.billed += total.billed;
    sums.effective += total.effective;
    if (aws_only) {
      // What a purchase covers elsewhere is not in the report: there it is an expense of its own.
      sums.effective += total.covering_others;
    } else {
      sums.list += total.list;
      sums.contracted += total.contracted;
    }
  }
  std::map<std::string, Decimal> expected_credits, found_credits;
  for (const auto& row : csv_rows(root_ / "bills/truth/capacity.csv")) {
    if (aws_only) break;
    EXPECT_EQ(parse_decimal(row.at(8), expected_credits[row.at(2)]), ParseOutcome::kExact);
  }

  auto lake = local_store((root_ / "lake").string());
  IngestOptions ingest_options;
  ingest_options.paths = {(root_ / "bills" / one.folder).string()};
  ingest_options.engine.threads = 1;
  ingest_options.now = instant_of({2026, 11, 20});
  auto read = ingest(*lake, ingest_options);
  ASSERT_TRUE(read) << read.error().code << " " << read.error().what << " " << read.error().where;
  for (const IngestedDelivery& delivery : read->deliveries) {
    EXPECT_EQ(delivery.rows_rejected, 0);
    EXPECT_EQ(delivery.outcome, "committed") << delivery.billing_period;
  }

  auto snapshot = Table(*lake, "charges").snapshot();
  ASSERT_TRUE(snapshot) << snapshot.error().what;
  EngineOptions engine_options;
  engine_options.threads = 1;
  auto engine = open_duckdb(engine_options);
  ASSERT_TRUE(engine);
  Totals found;
  for (const DataFile& file : snapshot->files) {
    auto rows = (*engine)->query(
        "SELECT BillingCurrency, sum(BilledCost), sum(EffectiveCost), sum(ListCost), "
        "sum(ContractedCost), coalesce(sum(" +
        std::string(aws_only ? "0" : "PricingCurrencyEffectiveCost") +
        ") FILTER (PricingCurrency = 'Credit'), 0) FROM read_parquet(" +
        sql_literal(lake->absolute("charges/" + file.path)) +
        ", hive_partitioning=false) GROUP BY 1");
    ASSERT_TRUE(rows) << rows.error().what;
    for (const auto& row : rows->rows) {
      Sums& sums = found[file.partition.at("x_BillingPeriod") + " " + row[0].text()];
      sums.billed += std::get<Decimal>(row[1].value);
      sums.effective += std::get<Decimal>(row[2].value);
      if (aws_only) continue;
      sums.list += std::get<Decimal>(row[3].value);
      sums.contracted += std::get<Decimal>(row[4].value);
      found_credits[file.partition.at("x_BillingPeriod")] += std::get<Decimal>(row[5].value);
    }
  }
  EXPECT_EQ(found, expected);
  EXPECT_EQ(found_credits.size(), expected_credits.size());
  for (const auto& [month, credits] : expected_credits)
    EXPECT_EQ(found_credits[month], credits) << "credits of " << month;
}

INSTANTIATE_TEST_SUITE_P(
    Formats, RoundTrip,
    testing::Values(
        Case{"focus-1.4-parquet", "focus-1.4", 2}, Case{"focus-1.4-csv", "focus-1.4", 3},
        Case{"focus-1.2-parquet", "focus-1.2", 2}, Case{"focus-1.2-csv", "focus-1.2", 2},
        Case{"aws-cur-legacy-csv", "aws-cur-legacy-csv", 1},
        Case{"aws-cur-legacy-csv", "aws-cur-legacy-csv", 2, GenDeliveryMode::kOverwrite},
        Case{"aws-cur-legacy-parquet", "aws-cur-legacy-parquet", 1},
        Case{"aws-cur-2.0-csv", "aws-cur-2.0-csv", 2},
        Case{"aws-cur-2.0-parquet", "aws-cur-2.0-parquet", 2},
        Case{"aws-cur-2.0-parquet", "aws-cur-2.0-parquet", 2, GenDeliveryMode::kOverwrite}),
    [](const auto& info) {
      std::string name = info.param.format + "_" + std::to_string(info.param.deliveries) +
                         (info.param.mode == GenDeliveryMode::kOverwrite ? "_overwrite" : "");
      for (char& c : name)
        if (c == '-' || c == '.') c = '_';
      return name;
    });

}  // namespace
}  // namespace steelyard
