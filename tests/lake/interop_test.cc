// Other programs read the lake as it is: the Python package deltalake (delta-rs) and chDB
// (delta-kernel-rs) must see at each version the rows and exact sums that we see, also when only
// the checkpoint is left. Skipped by name where a program is not installed;
// tests/interop/setup.sh installs them.
#include <sys/wait.h>

#include <cstdlib>

#include "base/text.h"
#include "engine/engine.h"
#include "lake_testing.h"

namespace steelyard::testing {
namespace {

constexpr int kSkipped = 77;

class InteropTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto engine = open_duckdb({.threads = 2, .memory_bytes = 256ULL << 20, .temporary_folder = {}});
    ASSERT_TRUE(engine) << describe(engine.error());
    engine_ = std::move(*engine);
    commit(0, "2026-06", "aws-1", "a", small_columns(), 1000);
    commit(1, "2026-07", "aws-1", "b", small_columns(), 500);
    commit(2, "2026-07", "gcp & co", "c",
           small_columns() +
               ", 42::BIGINT + i AS x_Count, i * 0.5::DOUBLE AS x_Real, i % 2 = 0 AS x_Even",
           300);
    commit(3, "2026-07", "aws-1", "d", small_columns(), 600);
    const Status checkpointed = table_.checkpoint(*engine_);
    ASSERT_TRUE(checkpointed) << describe(checkpointed.error());
    commit(4, "2026-08", "aws-1", "e", small_columns(), 10);
    write_expectation();
  }

  static std::string small_columns() {
    return "(i * 0.000000000000000001::DECIMAL(38,18) + "
           "1234567890.1::DECIMAL(38,18))::DECIMAL(38,18) AS BilledCost, "
           "TIMESTAMPTZ '2026-07-01 00:00:00+00' + to_hours(i) AS ChargePeriodStart, "
           "MAP {'team': 'web ' || (i % 7)::VARCHAR, 'env': NULL} AS Tags, 'r-' || i::VARCHAR AS "
           "ResourceId";
  }

  void commit(int version, const std::string& period, const std::string& source,
              const std::string& name, const std::string& columns, int rows) {
    auto staging = store_->make_staging();
    ASSERT_TRUE(staging);
    const std::string staged = *staging + "/rows.parquet";
    auto written =
        engine_->run("COPY (SELECT " + columns + " FROM (SELECT range::INTEGER AS i FROM range(" +
                     std::to_string(rows) + "))) TO " + sql_literal(staged) + " (FORMAT PARQUET)");
    ASSERT_TRUE(written) << describe(written.error());
    const std::string content = read_bytes(staged);
    DataFile file;
    file.path = partition_path(period, source, name);
    file.partition = {{"x_BillingPeriod", period}, {"x_Source", source}};
    file.size = static_cast<std::int64_t>(content.size());
    file.rows = rows;
    file.sha256 = sha256_hex(content);
    file.modified_millis = later(version).micros / 1000;
    ASSERT_TRUE(store_->publish(staged, "charges/" + file.path));
    ASSERT_TRUE(store_->discard_staging(*staging));
    Commit commit = replace_commit(period, source, {file}, later(version));
    commit.schema.push_back({"ResourceId", Type::kText});
    if (columns.find("x_Count") != std::string::npos) {
      commit.schema.push_back({"x_Count", Type::kInt64});
      commit.schema.push_back({"x_Real", Type::kDouble});
      commit.schema.push_back({"x_Even", Type::kBool});
    }
    auto committed = table_.commit(commit);
    ASSERT_TRUE(committed) << describe(committed.error());
    ASSERT_EQ(**committed, version);
  }

  /// One line for each version and billing period: version, period, rows, sum.
  void write_expectation() {
    std::string lines;
    for (int version = 0; version <= 4; ++version) {
      const auto snapshot = table_.snapshot(version);
      ASSERT_TRUE(snapshot) << describe(snapshot.error());
      std::map<std::string, std::vector<std::string>> files;
      for (const DataFile& file : snapshot->files) {
        files[file.partition.at("x_BillingPeriod")].push_back(
            sql_literal(store_->absolute("charges/" + file.path)));
      }
      for (const auto& [period, paths] : files) {
        auto sums = engine_->query("SELECT count(*), sum(BilledCost) FROM read_parquet([" +
                                   join(paths, ", ") + "], union_by_name = true)");
        ASSERT_TRUE(sums) << describe(sums.error());
        lines += std::to_string(version) + ' ' + period + ' ' + sums->rows[0][0].text() + ' ' +
                 sums->rows[0][1].text() + '\n';
      }
    }
    write_bytes(folder_.path() + "/expected.txt", lines);
    ASSERT_NE(lines.find("3 2026-07 900 1111111101090.000"), std::string::npos) << lines;
  }

  /// Runs a reader; its arguments are the table's folder and the expectation.
  void run_reader(const std::string& command, const std::string& skipped) {
    const std::string output = folder_.path() + "/output.txt";
    const int status = std::system((command + " '" + folder_.path() + "/charges' '" +
                                    folder_.path() + "/expected.txt' > '" + output + "' 2>&1")
                                       .c_str());
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == kSkipped || WEXITSTATUS(status) == 127) GTEST_SKIP() << skipped;
    EXPECT_EQ(WEXITSTATUS(status), 0) << read_bytes(output);
    EXPECT_NE(read_bytes(output).find("10 sums compared"), std::string::npos) << read_bytes(output);
  }

  static std::string here() { return std::string(STEELYARD_SOURCE) + "/tests/lake"; }
  static std::string installed() { return std::string(STEELYARD_SOURCE) + "/.deps/interop"; }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_ = local_store(folder_.path());
  Table table_{*store_, "charges"};
  std::unique_ptr<Engine> engine_;
};

TEST_F(InteropTest, DeltaLakeForPythonReadsEachVersion) {
  const std::string own = installed() + "/venv/bin/python3";
  const std::string python = std::filesystem::exists(own) ? "'" + own + "'" : "python3";
  run_reader(python + " '" + here() + "/interop_test.py'", "skipped: no deltalake");
}

TEST_F(InteropTest, ChDbReadsEachVersion) {
  run_reader("NODE_PATH='" + installed() + "/node_modules' node '" + here() + "/interop_chdb.cjs'",
             "skipped: no chdb");
}

}  // namespace
}  // namespace steelyard::testing
