// A checkpoint says in Parquet what the JSON log says: the same files, tombstones, columns.
#include "base/text.h"
#include "engine/engine.h"
#include "lake_testing.h"

namespace steelyard::testing {
namespace {

class CheckpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto engine = open_duckdb({.threads = 2, .memory_bytes = 256ULL << 20, .temporary_folder = {}});
    ASSERT_TRUE(engine) << describe(engine.error());
    engine_ = std::move(*engine);
    load(*store_, table_, "2026-07", "aws-1", "a", later(0));
    load(*store_, table_, "2026-07", "gcp-1", "b", later(1));
    load(*store_, table_, "2026-07", "aws-1", "c", later(2));
  }
  std::vector<std::string> rows(const std::string& sql) {
    auto result = engine_->query(sql);
    EXPECT_TRUE(result) << describe(result.error());
    std::vector<std::string> out;
    if (!result) return out;
    for (const auto& row : result->rows) {
      std::vector<std::string> cells;
      for (const Cell& cell : row) cells.push_back(cell.text());
      out.push_back(join(cells, "|"));
    }
    return out;
  }
  std::string from(int version) {
    return " FROM read_parquet(" +
           sql_literal(folder_.path() + "/charges/_delta_log/0000000000000000000" +
                       std::to_string(version) + ".checkpoint.parquet") +
           ")";
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_ = local_store(folder_.path());
  Table table_{*store_, "charges"};
  std::unique_ptr<Engine> engine_;
};

TEST_F(CheckpointTest, ItHoldsTheStateAndTheTombstones) {
  const Status written = table_.checkpoint(*engine_);
  ASSERT_TRUE(written) << describe(written.error());
  EXPECT_EQ(read_bytes(folder_.path() + "/charges/_delta_log/_last_checkpoint"),
            R"({"version":2,"size":5})");
  EXPECT_EQ(rows("SELECT count(*), count(txn), count(\"add\"), count(\"remove\"), "
                 "count(\"metaData\"), count(protocol)" +
                 from(2)),
            (std::vector<std::string>{"5|0|2|1|1|1"}));
  const auto snapshot = table_.snapshot();
  std::vector<std::string> expected;
  for (const DataFile& file : snapshot->files) {
    expected.push_back(file.path + '|' + file.partition.at("x_BillingPeriod") + '|' +
                       file.partition.at("x_Source") + '|' + std::to_string(file.size) + '|' +
                       std::to_string(file.modified_millis) + "|false|" + file.stats + '|' +
                       file.sha256);
  }
  EXPECT_EQ(rows("SELECT \"add\".path, \"add\".\"partitionValues\"['x_BillingPeriod'], "
                 "\"add\".\"partitionValues\"['x_Source'], "
                 "\"add\".size, \"add\".\"modificationTime\", \"add\".\"dataChange\", "
                 "\"add\".stats, \"add\".tags['sha256']" +
                 from(2) + " WHERE \"add\" IS NOT NULL"),
            expected);
  EXPECT_EQ(rows("SELECT \"remove\".path, \"remove\".\"deletionTimestamp\"" + from(2) +
                 " WHERE \"remove\" IS NOT NULL"),
            (std::vector<std::string>{partition_path("2026-07", "aws-1", "a") + '|' +
                                      std::to_string(later(2).micros / 1000)}));
  EXPECT_EQ(rows("SELECT protocol.\"minReaderVersion\", protocol.\"minWriterVersion\"" + from(2) +
                 " WHERE protocol IS NOT NULL"),
            (std::vector<std::string>{"1|2"}));
  const auto definition = rows(
      "SELECT \"metaData\".\"schemaString\", array_to_string(\"metaData\".\"partitionColumns\", "
      "',')" +
      from(2) + " WHERE \"metaData\" IS NOT NULL");
  ASSERT_EQ(definition.size(), 1U);
  EXPECT_NE(
      definition[0].find(
          R"json({"name":"BilledCost","type":"decimal(38,18)","nullable":true,"metadata":{}})json"),
      std::string::npos);
  EXPECT_TRUE(definition[0].ends_with("|x_BillingPeriod,x_Source"));
}

TEST_F(CheckpointTest, TwiceIsAsGoodAsOnce) {
  ASSERT_TRUE(table_.checkpoint(*engine_));
  ASSERT_TRUE(table_.checkpoint(*engine_));
  std::filesystem::remove(folder_.path() +
                          "/charges/_delta_log/00000000000000000002.checkpoint.parquet");
  const Status again = table_.checkpoint(*engine_);
  ASSERT_TRUE(again) << describe(again.error());
  EXPECT_EQ(rows("SELECT count(*)" + from(2)), (std::vector<std::string>{"5"}));
  load(*store_, table_, "2026-08", "aws-1", "d", later(3));
  ASSERT_TRUE(table_.checkpoint(*engine_));
  EXPECT_EQ(rows("SELECT count(*)" + from(3)), (std::vector<std::string>{"6"}));
  EXPECT_EQ(read_bytes(folder_.path() + "/charges/_delta_log/_last_checkpoint"),
            R"({"version":3,"size":6})");
  EXPECT_EQ(table_.snapshot(0)->files.size(), 1U) << "older versions stay readable";
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() + "/_staging"));
}

TEST_F(CheckpointTest, ATableWithoutVersionsHasNone) {
  Table empty(*store_, "invoices");
  EXPECT_TRUE(empty.checkpoint(*engine_));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/invoices"));
}

TEST_F(CheckpointTest, MoreFilesThanOneBatchHolds) {
  Commit commit = replace_commit("2026-08", "aws-1", {}, later(3));
  for (int i = 0; i < 5000; ++i) {
    DataFile file;
    file.path = partition_path("2026-08", "aws-1", "many-" + std::to_string(i));
    file.partition = {{"x_BillingPeriod", "2026-08"}, {"x_Source", "aws-1"}};
    file.sha256 = sha256_hex(file.path);
    put_file(*store_, "charges", file);
    commit.add.push_back(file);
  }
  ASSERT_TRUE(table_.commit(commit));
  const Status written = table_.checkpoint(*engine_);
  ASSERT_TRUE(written) << describe(written.error());
  EXPECT_EQ(rows("SELECT count(\"add\"), count(DISTINCT \"add\".path)" + from(3)),
            (std::vector<std::string>{"5002|5002"}));
}

}  // namespace
}  // namespace steelyard::testing
