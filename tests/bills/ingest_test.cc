// Ingest as a user meets it: files on disk go in, versions of the lake come out, and nothing is
// lost, doubled or half done on the way.
#include "bills/ingest.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "bills/delivery_record.h"
#include "lake/lake.h"
#include "store/store.h"

namespace steelyard {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHeader =
    "BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,"
    "BillingPeriodStart,ChargeCategory,ChargeClass,"
    "ChargeDescription,ChargeFrequency,ChargePeriodEnd,ChargePeriodStart,ContractedCost,"
    "EffectiveCost,InvoiceIssuerName,ListCost,"
    "PricingQuantity,PricingUnit,ProviderName,PublisherName,ServiceCategory,ServiceName,ResourceId,"
    "Tags,InvoiceId,SkuMeter,x_Extra\n";

struct Row {
  std::string cost, effective;
  int month = 1, day = 1;
  std::string account = "111122223333";
  std::string resource = "i-1";
};

std::string text_of(const Row& row) {
  const auto time = [](int month, int day, int hour) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "2026-%02d-%02dT%02d:00:00Z", month, day, hour);
    return std::string(buffer);
  };
  return row.cost + "," + row.account + ",Acme,USD," + time(row.month + 1, 1, 0) + "," +
         time(row.month, 1, 0) + ",Usage,,\"an hour, of use\",Usage-Based," +
         time(row.month, row.day, 1) + "," + time(row.month, row.day, 0) + "," + row.cost + "," +
         row.effective + ",AWS," + row.cost + ",1,Hours,AWS,AWS,Compute,Amazon EC2," +
         row.resource + ",\"{\"\"team\"\": \"\"web\"\"}\",,meter,more\n";
}

class IngestTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/sy_ingest_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    root_ = name;
    store_ = local_store(root_ + "/lake");
    options_.now = instant_of({2026, 3, 1});
    options_.engine.threads = 2;
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string write(const std::string& name, const std::vector<Row>& rows,
                    const std::string& header = kHeader) {
    const std::string path = root_ + "/" + name;
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream out(path);
    out << header;
    for (const Row& row : rows) out << text_of(row);
    return path;
  }
  Result<IngestReport> load(std::vector<std::string> paths) {
    options_.paths = std::move(paths);
    options_.now.micros += 1'000'000;
    return ingest(*store_, options_);
  }
  IngestedDelivery only(const Result<IngestReport>& report) {
    EXPECT_TRUE(report) << report.error().code << " " << report.error().what << " "
                        << report.error().where;
    if (!report || report->deliveries.size() != 1) {
      ADD_FAILURE() << "expected one delivery";
      return {};
    }
    return report->deliveries[0];
  }
  /// The charges of the newest version, as the engine sums them.
  std::string total(const std::string& column = "BilledCost") {
    Table table(*store_, "charges");
    auto snapshot = table.snapshot();
    if (!snapshot || snapshot->files.empty()) return "nothing";
    auto engine = open_duckdb({.threads = 1});
    std::string files;
    for (const DataFile& file : snapshot->files)
      files += (files.empty() ? "'" : ", '") + store_->absolute("charges/" + file.path) + "'";
    auto rows = (*engine)->query("SELECT sum(\"" + column + "\"), count(*) FROM read_parquet([" +
                                 files + "], union_by_name=true)");
    return rows ? rows->rows[0][0].text() + " in " + rows->rows[0][1].text() : rows.error().what;
  }

  std::string root_;
  std::unique_ptr<Store> store_;
  IngestOptions options_;
};

TEST_F(IngestTest, KeepsADeliveryWithItsEvidence) {
  const auto told = only(load({write("jan.csv", {{"1.10", "1.00"}, {"2.25", "2.00", 1, 2}})}));
  EXPECT_EQ(told.outcome, "committed");
  EXPECT_EQ(told.version, 0);
  EXPECT_EQ(told.source, "aws-111122223333");
  EXPECT_EQ(told.billing_period, "2026-01");
  EXPECT_EQ(told.rows_in, 2);
  EXPECT_EQ(told.rows_out, 2);
  EXPECT_EQ(to_text(told.sums.at("USD").in.at("BilledCost")), "3.35");
  EXPECT_EQ(to_text(told.sums.at("USD").out.at("EffectiveCost")), "3");
  EXPECT_EQ(told.sums.at("USD").residual.at("BilledCost"), "0");
  EXPECT_EQ(total(), "3.35 in 2");
  EXPECT_EQ(total("EffectiveCost"), "3 in 2");
  Table table(*store_, "charges");
  auto history = table.history();
  ASSERT_TRUE(history);
  auto active = active_deliveries(*history, 0);
  ASSERT_TRUE(active);
  ASSERT_EQ(active->size(), 1U);
  EXPECT_EQ(active->at(0).record.files.at(0).rows, 2);
  EXPECT_EQ(active->at(0).record.content, told.content);
  EXPECT_EQ(Table(*store_, "deliveries").snapshot()->version, 0);
  EXPECT_EQ(Table(*store_, "billing_periods").snapshot()->files.at(0).rows, 1);
}

TEST_F(IngestTest, LoadsTheSameOnceOnly) {
  const std::string jan = write("jan.csv", {{"1.10", "1.00"}, {"2.25", "2.00"}});
  only(load({jan}));
  EXPECT_EQ(only(load({jan})).outcome, "already loaded");
  // Other bytes, same rows: in another order and split over two files.
  fs::remove(jan);
  const auto again =
      only(load({write("p/a.csv", {{"2.25", "2.00"}}), write("p/b.csv", {{"1.10", "1.00"}})}));
  EXPECT_EQ(again.outcome, "already loaded");
  EXPECT_EQ(total(), "3.35 in 2");
}

TEST_F(IngestTest, ReplacesAScopeAndKeepsTheOther) {
  only(load({write("jan.csv", {{"1", "1"}})}));
  only(load({write("feb.csv", {{"5", "5", 2}})}));
  EXPECT_EQ(total(), "6 in 2");
  const auto told = only(load({write("jan2.csv", {{"1.5", "1"}, {"0.25", "0"}})}));
  EXPECT_EQ(told.outcome, "committed");
  EXPECT_EQ(total(), "6.75 in 3");
  Table table(*store_, "charges");
  EXPECT_EQ(table.snapshot(0)->files.size(), 1U);
}

TEST_F(IngestTest, SeparatesTheBillingPeriodsOfOneFile) {
  auto report = load({write("both.csv", {{"1", "1", 1}, {"2", "2", 2}, {"4", "4", 1}})});
  ASSERT_TRUE(report) << report.error().what;
  ASSERT_EQ(report->deliveries.size(), 2U);
  EXPECT_EQ(report->deliveries[0].billing_period, "2026-01");
  EXPECT_EQ(report->deliveries[0].rows_in, 2);
  EXPECT_EQ(report->deliveries[1].billing_period, "2026-02");
  EXPECT_EQ(total(), "7 in 3");
  EXPECT_EQ(load({root_ + "/both.csv"})->deliveries[0].outcome, "already loaded");
}

TEST_F(IngestTest, RefusesToCountAnAccountTwice) {
  only(load({write("jan.csv", {{"1", "1"}})}));
  options_.source = "other";
  auto again = load({write("jan2.csv", {{"2", "2"}})});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "SY1244");
  EXPECT_EQ(total(), "1 in 1");
  options_.allow_overlap = true;
  EXPECT_EQ(only(load({root_ + "/jan2.csv"})).outcome, "committed");
  EXPECT_EQ(total(), "3 in 2");
}

TEST_F(IngestTest, AppendsOnceOnly) {
  only(load({write("a.csv", {{"1", "1"}})}));
  options_.append = true;
  EXPECT_EQ(only(load({write("b.csv", {{"2", "2"}})})).outcome, "committed");
  EXPECT_EQ(total(), "3 in 2");
  EXPECT_EQ(only(load({root_ + "/b.csv"})).outcome, "already loaded");
  EXPECT_EQ(total(), "3 in 2");
}

TEST_F(IngestTest, KeepsTheNewerDeliveryWhicheverComesFirst) {
  options_.delivered = instant_of({2026, 2, 5});
  only(load({write("new.csv", {{"2", "2"}})}));
  options_.delivered = instant_of({2026, 2, 3});
  EXPECT_EQ(only(load({write("old.csv", {{"1", "1"}})})).outcome, "superseded");
  EXPECT_EQ(total(), "2 in 1");
}

TEST_F(IngestTest, SaysWhatADryRunWouldDo) {
  options_.dry_run = true;
  const std::string jan = write("jan.csv", {{"1", "1"}});
  auto told = only(load({jan}));
  EXPECT_EQ(told.outcome, "would add");
  EXPECT_EQ(to_text(told.sums.at("USD").out.at("BilledCost")), "1");
  EXPECT_FALSE(fs::exists(root_ + "/lake/charges"));
  options_.dry_run = false;
  only(load({jan}));
  options_.dry_run = true;
  EXPECT_EQ(only(load({write("jan2.csv", {{"2", "1"}})})).outcome, "would replace v0");
  EXPECT_EQ(total(), "1 in 1");
}

TEST_F(IngestTest, ChangesNothingWhenOneFileIsBad) {
  only(load({write("jan.csv", {{"1", "1"}})}));
  auto bad = load({write("in/feb.csv", {{"1", "1", 2}}),
                   write("in/mar.csv", {{"1", "1", 3}, {"twelve", "1", 3}})});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, "SY1210");
  EXPECT_NE(bad.error().where.find("mar.csv, line 3"), std::string::npos) << bad.error().where;
  EXPECT_EQ(total(), "1 in 1");
  EXPECT_EQ(Table(*store_, "charges").snapshot()->version, 0);
  EXPECT_TRUE(fs::is_empty(root_ + "/lake/_staging"));
}

TEST_F(IngestTest, KeepsDigitsBeyondEighteenAsTextAndNamesTheResidual) {
  const auto told =
      only(load({write("jan.csv", {{"0.0000000072922557592391990000", "1"}, {"1", "1"}})}));
  EXPECT_EQ(told.sums.at("USD").residual.at("BilledCost"), "0.000000000000000000239199");
  EXPECT_EQ(to_text(told.sums.at("USD").out.at("BilledCost")), "1.000000007292255759");
  EXPECT_FALSE(told.warnings.empty());
}

TEST_F(IngestTest, RefusesTwoSetsOfFilesForOneScopeWithoutAnOrder) {
  auto report = load({write("a/jan.csv", {{"1", "1"}}), write("b/jan.csv", {{"2", "2"}})});
  if (report) {
    // Taken as one delivery of two files: then both are in it.
    EXPECT_EQ(report->deliveries.size(), 1U);
    EXPECT_EQ(total(), "3 in 2");
  } else {
    EXPECT_EQ(report.error().code, "SY1243");
    EXPECT_EQ(total(), "nothing");
  }
}

}  // namespace
}  // namespace steelyard
