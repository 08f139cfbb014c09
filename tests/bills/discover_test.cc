// Deliveries found on disk: manifests of both kinds, files that lack them, and what must not be
// read.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "bills/aws_manifest.h"
#include "bills/formats.h"

namespace steelyard {
namespace {

namespace fs = std::filesystem;

std::string focus_csv(const std::string& month, const std::string& account = "42") {
  std::string header, row;
  for (const FocusColumn& column : focus_columns(Dataset::kCharges)) {
    if (!column.mandatory && column.name != "ProviderName") continue;
    header += (header.empty() ? "" : ",") + std::string(column.name);
    row += header.size() == column.name.size() ? "" : ",";
    row += column.name == "BillingAccountId"     ? account
           : column.name == "ProviderName"       ? "AWS"
           : column.name == "BillingPeriodStart" ? month + "-01T00:00:00Z"
           : column.type == Type::kInstant       ? month + "-02T00:00:00Z"
           : column.type == Type::kDecimal       ? "1.5"
                                                 : "x";
  }
  return header + "\n" + row + "\n";
}

const std::string kCur =
    "line_item_line_item_type,line_item_unblended_cost,line_item_currency_code,line_item_usage_"
    "start_date,bill_billing_period_start_date,product\n"
    "Usage,1.5,USD,2026-07-02T00:00:00Z,2026-07-01T00:00:00Z,{}\n";

class Discover : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = (fs::temp_directory_path() /
             ("steelyard_discover_" + std::to_string(::getpid()) + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name()))
                .string();
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string write(const std::string& path, const std::string& text) {
    const fs::path full = fs::path(root_) / path;
    fs::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary) << text;
    return full.string();
  }
  /// A manifest of Data Exports that names these files of bucket b.
  static std::string export_manifest(const std::string& id, const std::vector<std::string>& keys) {
    std::string files;
    for (const std::string& key : keys)
      files += (files.empty() ? "" : ", ") + json_quote("s3://b/" + key);
    return "{\"executionId\": " + json_quote(id) +
           ", \"columns\": [{\"name\": \"line_item_usage_type\", \"type\": \"string\"}], "
           "\"dataFiles\": [" +
           files + "]}";
  }
  static std::string legacy_manifest(const std::string& id, const std::vector<std::string>& keys) {
    std::string files;
    for (const std::string& key : keys) files += (files.empty() ? "" : ", ") + json_quote(key);
    return "{\"assemblyId\": " + json_quote(id) +
           ", \"account\": \"012345678901\", \"reportName\": \"cur\", \"bucket\": \"b\", "
           "\"columns\": "
           "[{\"category\": \"lineItem\", \"name\": \"UnblendedCost\"}], \"billingPeriod\": "
           "{\"start\": \"20260701T000000.000Z\", \"end\": \"20260801T000000.000Z\"}, "
           "\"reportKeys\": [" +
           files +
           "], \"additionalArtifactKeys\": [{\"artifactType\": \"RedshiftManifest\", \"name\": "
           "\"x\"}]}";
  }
  Discovery found(const std::vector<std::string>& paths) {
    auto discovery = discover(paths);
    EXPECT_TRUE(discovery) << discovery.error().code << " " << discovery.error().what << " "
                           << discovery.error().where << " " << join(discovery.error().notes, "\n");
    return discovery ? *discovery : Discovery{};
  }
  std::string failing(const std::vector<std::string>& paths) {
    auto discovery = discover(paths);
    return discovery ? "ok" : discovery.error().code;
  }

  std::string root_;
};

TEST_F(Discover, AFileAFolderAndAPattern) {
  const std::string july = write("a/2026-07.csv", focus_csv("2026-07")),
                    june = write("a/2026-06.csv", focus_csv("2026-06"));
  EXPECT_EQ(found({july}).deliveries.at(0).files, std::vector<std::string>{july});
  const Discovery folder = found({root_});
  ASSERT_EQ(folder.deliveries.size(), 2u) << "two months are two deliveries";
  EXPECT_EQ(folder.deliveries[0].files, std::vector<std::string>{june});
  EXPECT_EQ(folder.deliveries[0].format->id, "focus-1.0");
  EXPECT_EQ(found({root_ + "/*/2026-07*"}).deliveries.at(0).files, std::vector<std::string>{july});
  EXPECT_EQ(found({root_ + "/a"}).deliveries.size(), 2u);
  EXPECT_EQ(found({july, july, root_}).deliveries.size(), 2u) << "a file named twice is read once";
}

TEST_F(Discover, PartsOfOneMonthAreOneDelivery) {
  write("part-1.csv", focus_csv("2026-07"));
  write("part-2.csv", focus_csv("2026-07"));
  write("part-3.csv", focus_csv("2026-07", "44"));  // of a bill of several accounts
  write("other-account.csv", focus_csv("2026-07", "43"));
  const Discovery discovery = found({root_});
  ASSERT_EQ(discovery.deliveries.size(), 2u);
  EXPECT_EQ(discovery.deliveries[0].files.size() + discovery.deliveries[1].files.size(), 4u);
  EXPECT_NE(discovery.deliveries[0].scope, discovery.deliveries[1].scope);
}

TEST_F(Discover, FoldersOfDeliveriesAreOrderedByTheirTime) {
  write("delivered=2026-08-05T06:00:00Z/billing_period=2026-07/p.csv", focus_csv("2026-07"));
  write("delivered=2026-08-02T06-00-00Z/billing_period=2026-07/p.csv", focus_csv("2026-07"));
  const Discovery discovery = found({root_});
  ASSERT_EQ(discovery.deliveries.size(), 2u);
  EXPECT_EQ(format_instant(*discovery.deliveries[0].delivered), "2026-08-02T06:00:00Z");
  EXPECT_EQ(format_instant(*discovery.deliveries[1].delivered), "2026-08-05T06:00:00Z");
  EXPECT_EQ(discovery.deliveries[1].billing_period, "2026-07");
  EXPECT_EQ(discovery.deliveries[0].scope, discovery.deliveries[1].scope);
  const auto newest = newest_of_each_scope(discovery.deliveries);
  ASSERT_EQ(newest.size(), 1u);
  EXPECT_EQ(newest[0].files, discovery.deliveries[1].files);
}

TEST_F(Discover, PartitionFoldersDoNotSplitADelivery) {
  for (const char* day : {"01", "02", "03"})
    write(std::string("date=2026-07-") + day + "/p.csv", focus_csv("2026-07"));
  EXPECT_EQ(found({root_}).deliveries.size(), 1u)
      << "each day as a delivery would replace the day before";
}

TEST_F(Discover, WhatIsNoBillIsLeftOutWithANoteAndWhatIsAlmostOneIsRefused) {
  write("bill.csv", focus_csv("2026-07"));
  write("README.md", "hello");
  write("weather.csv", "day,rain\n1,2\n");
  write("empty.csv", "");
  write(".hidden/b.csv", focus_csv("2026-06"));
  const Discovery discovery = found({root_});
  ASSERT_EQ(discovery.deliveries.size(), 1u);
  const std::string notes = join(discovery.notes, "\n");
  EXPECT_NE(notes.find("weather.csv"), std::string::npos) << notes;
  EXPECT_NE(notes.find("empty.csv"), std::string::npos) << notes;
  EXPECT_NE(notes.find(".md"), std::string::npos) << notes;
  EXPECT_EQ(failing({root_ + "/weather.csv"}), "SY1220") << "a file that is named must be a bill";

  std::string broken = focus_csv("2026-07");
  broken.replace(broken.find("EffectiveCost"), 13, "EfectiveCost");
  write("almost.csv", broken);
  EXPECT_EQ(failing({root_}), "SY1221")
      << "a bill with a misspelt column must not be skipped in silence";
}

TEST_F(Discover, PathsThatAreNotThere) {
  write("a.txt", "hello");
  EXPECT_EQ(failing({root_ + "/none.csv"}), "SY1230");
  EXPECT_EQ(failing({root_ + "/none-*.csv"}), "SY1230");
  EXPECT_EQ(failing({"s3://bucket/prefix"}), "SY1230");
  EXPECT_EQ(failing({root_}), "SY1233");
}

TEST_F(Discover, DataExportThatKeepsEachRefresh) {
  const std::string base = "exports/cur/";
  const std::string first = "2026-07-05T04-00Z-aaa", second = "2026-07-06T04-00Z-bbb";
  for (const std::string& run : {first, second}) {
    for (const char* part : {"00001", "00002"})
      write("copy/" + base + "data/BILLING_PERIOD=2026-07/" + run + "/cur-" + part + ".csv", kCur);
    const std::string text = export_manifest(
        run.substr(18), {base + "data/BILLING_PERIOD=2026-07/" + run + "/cur-00001.csv",
                         base + "data/BILLING_PERIOD=2026-07/" + run + "/cur-00002.csv"});
    write("copy/" + base + "metadata/BILLING_PERIOD=2026-07/" + run + "/cur-Manifest.json", text);
    write("copy/" + base + "metadata/BILLING_PERIOD=2026-07/cur-Manifest.json",
          text);  // the partition's copy tells of the newest
  }
  write("copy/" + base + "data/BILLING_PERIOD=2026-07/2026-07-07T04-00Z-ccc/cur-00001.csv",
        kCur);  // under way: no manifest yet
  const Discovery discovery = found({root_ + "/copy"});
  ASSERT_EQ(discovery.deliveries.size(), 2u);
  EXPECT_EQ(discovery.deliveries[0].delivery_id, "aaa");
  EXPECT_EQ(discovery.deliveries[1].delivery_id, "bbb");
  EXPECT_EQ(discovery.deliveries[1].files.size(), 2u);
  EXPECT_EQ(discovery.deliveries[1].billing_period, "2026-07");
  EXPECT_EQ(format_instant(*discovery.deliveries[1].delivered), "2026-07-06T04:00:00Z");
  EXPECT_EQ(discovery.deliveries[1].format->id, "aws-cur-2.0");
  EXPECT_EQ(discovery.deliveries[1].columns, std::vector<std::string>{"line_item_usage_type"});
  EXPECT_NE(join(discovery.notes, "\n").find("-ccc"), std::string::npos)
      << "the unfinished refresh is named";
  EXPECT_EQ(newest_of_each_scope(discovery.deliveries).size(), 1u);

  const Discovery data_only = found({root_ + "/copy/exports/cur/data"});
  EXPECT_EQ(data_only.deliveries.size(), 2u) << "the manifests beside the data folder still count";
  const Discovery one =
      found({root_ + "/copy/exports/cur/metadata/BILLING_PERIOD=2026-07/cur-Manifest.json"});
  ASSERT_EQ(one.deliveries.size(), 1u) << "a manifest that is named alone speaks for its files";
  EXPECT_EQ(one.deliveries[0].delivery_id, "bbb");

  fs::remove(root_ + "/copy/" + base + "data/BILLING_PERIOD=2026-07/" + second + "/cur-00002.csv");
  auto broken = discover({root_ + "/copy"});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, "SY1232");
  EXPECT_NE(join(broken.error().notes, "\n").find(second + "/cur-00002.csv"), std::string::npos)
      << join(broken.error().notes, "\n");
}

TEST_F(Discover, AnOlderDeliveryMayBeGone) {
  write("x/data/BILLING_PERIOD=2026-07/2026-07-06T04-00Z-b/f.csv", kCur);
  write("x/metadata/BILLING_PERIOD=2026-07/f-Manifest.json",
        export_manifest("b", {"x/data/BILLING_PERIOD=2026-07/2026-07-06T04-00Z-b/f.csv"}));
  write("x/metadata/BILLING_PERIOD=2026-07/2026-07-05T04-00Z-a/f-Manifest.json",
        export_manifest("a", {"x/data/BILLING_PERIOD=2026-07/2026-07-05T04-00Z-a/f.csv"}));
  const Discovery discovery = found({root_});
  EXPECT_EQ(discovery.deliveries.size(), 1u);
  EXPECT_EQ(discovery.notes.size(), 1u);
}

TEST_F(Discover, DataExportThatOverwrites) {
  write("e/cur/data/BILLING_PERIOD=2026-06/cur-00001.csv", kCur);
  write("e/cur/data/BILLING_PERIOD=2026-07/cur-00001.csv", kCur);
  write("e/cur/data/BILLING_PERIOD=2026-07/cur-00002.csv",
        kCur);  // left over from a longer delivery: named by none
  for (const char* month : {"2026-06", "2026-07"}) {
    write(std::string("e/cur/metadata/BILLING_PERIOD=") + month + "/cur-Manifest.json",
          export_manifest(
              std::string("run-") + month,
              {std::string("other/prefix/cur/data/BILLING_PERIOD=") + month + "/cur-00001.csv"}));
  }
  const Discovery discovery = found({root_});
  ASSERT_EQ(discovery.deliveries.size(), 2u);
  EXPECT_EQ(discovery.deliveries[1].files.size(), 1u);
  EXPECT_EQ(discovery.notes.size(), 1u);
}

TEST_F(Discover, LegacyReportWithAssemblies) {
  const std::string key = "pre/cur/20260701-20260801/";
  for (const char* assembly : {"ea74f90b", "ff000000"}) {
    write(key + assembly + "/cur-1.csv", kCur);
    write(key + assembly + "/cur-Manifest.json",
          legacy_manifest(assembly, {key + assembly + "/cur-1.csv"}));
  }
  write(key + "cur-Manifest.json",
        legacy_manifest("ea74f90b",
                        {key + "ea74f90b/cur-1.csv"}));  // the newest is not the last by name
  write(key + "12345678/cur-1.csv", kCur);
  const Discovery discovery = found({root_});
  ASSERT_EQ(discovery.deliveries.size(), 2u);
  EXPECT_EQ(discovery.deliveries[0].delivery_id, "ff000000");
  EXPECT_EQ(discovery.deliveries[1].delivery_id, "ea74f90b")
      << "the manifest above the assemblies tells which is newest";
  ASSERT_TRUE(discovery.deliveries[0].delivered && discovery.deliveries[1].delivered);
  EXPECT_LT(*discovery.deliveries[0].delivered, *discovery.deliveries[1].delivered);
  EXPECT_EQ(discovery.deliveries[1].billing_period, "2026-07");
  EXPECT_EQ(discovery.deliveries[1].columns, std::vector<std::string>{"lineItem/UnblendedCost"});
  EXPECT_NE(join(discovery.notes, "\n").find("12345678"), std::string::npos);
}

TEST_F(Discover, ManifestAndSizesDisagree) {
  write("x/data/BILLING_PERIOD=2026-07/f.csv", kCur);
  write("x/metadata/BILLING_PERIOD=2026-07/f-Manifest.json",
        R"({"dataFiles": [{"key": "x/data/BILLING_PERIOD=2026-07/f.csv", "size": 7, "rows": 3}]})");
  EXPECT_EQ(failing({root_}), "SY1232");
  write("x/metadata/BILLING_PERIOD=2026-07/f-Manifest.json",
        R"({"dataFiles": [{"key": "x/data/BILLING_PERIOD=2026-07/f.csv", "size": )" +
            std::to_string(kCur.size()) + R"(, "rows": 1}]})");
  EXPECT_EQ(found({root_}).deliveries.at(0).manifest_rows, 1);
  write("x/metadata/BILLING_PERIOD=2026-07/f-Manifest.json", R"({"dataFiles": [{"key": "x/da)");
  EXPECT_EQ(failing({root_}), "SY1232") << "a manifest that broke off in copying";
}

TEST(AwsManifest, BothSpellings) {
  const auto legacy = parse_aws_manifest(
      R"({"assemblyId":"a","account":"1","reportKeys":["p/x.csv.gz"],"billingPeriod":{"start":"20170701T000000.000Z"},
                                            "columns":[{"category":"bill","name":"BillType"}]})",
      "m");
  ASSERT_TRUE(legacy && *legacy);
  EXPECT_EQ((*legacy)->billing_period, "2017-07");
  EXPECT_EQ((*legacy)->columns[0], "bill/BillType");
  const auto other = parse_aws_manifest(
      R"({"executionId":"e","exportName":"n","billingPeriod":"2026-06",
          "dataFiles":[{"s3Uri":"s3://b/p/x.parquet","sizeInBytes":9}]})",
      "m");
  ASSERT_TRUE(other && *other);
  EXPECT_EQ((*other)->files[0].key, "p/x.parquet");
  EXPECT_EQ((*other)->files[0].bytes, 9);
  EXPECT_EQ((*other)->billing_period, "2026-06");
  EXPECT_FALSE(*parse_aws_manifest(R"({"blobs": []})", "m")) << "another provider's manifest";
  EXPECT_FALSE(parse_aws_manifest(R"({"dataFiles": [1]})", "m"));
  EXPECT_FALSE(parse_aws_manifest("", "m"));
}

TEST(AwsManifest, TimesAndPeriodsInPaths) {
  const auto time = [](std::string_view part) {
    const auto instant = time_in_path_part(part);
    return instant ? format_instant(*instant) : "";
  };
  EXPECT_EQ(time("delivered=2026-08-02T06:00:00Z"), "2026-08-02T06:00:00Z");
  EXPECT_EQ(time("delivered=2026-08-02T06%3A00%3A00Z"), "2026-08-02T06:00:00Z");
  EXPECT_EQ(time("2026-06-15T00-00Z-execution"), "2026-06-15T00:00:00Z");
  EXPECT_EQ(time("2024-03-05T11:47:29.218Z-98c6c3d8"), "2024-03-05T11:47:29.218Z");
  EXPECT_EQ(time("20250307T114729Z"), "2025-03-07T11:47:29Z");
  EXPECT_EQ(time("delivered=2026-08-02"), "2026-08-02T00:00:00Z");
  for (const char* not_a_time : {"BILLING_PERIOD=2026-07", "date=2026-07-01", "2026-13-01T00:00Z",
                                 "ea74f90b-e82f", "", "2026", "20260701x"})
    EXPECT_EQ(time(not_a_time), "") << not_a_time;
  EXPECT_EQ(period_in_path_part("BILLING_PERIOD=2026-07"), "2026-07");
  EXPECT_EQ(period_in_path_part("20260701-20260801"), "2026-07");
  EXPECT_EQ(period_in_path_part("date=2026-07-01"), "");
  EXPECT_EQ(period_in_path_part("billing_period=2026-99"), "");
}

}  // namespace
}  // namespace steelyard
