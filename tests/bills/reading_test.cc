// Files opened in the real engine: CSV and Parquet give the same typed relation, and what cannot be
// read is named.
#include "bills/reading.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace steelyard {
namespace {

namespace fs = std::filesystem;

Type by_name(const SourceColumn& column) {
  const std::string name = to_lower(column.name);
  if (name.ends_with("cost") || name.ends_with("price") || name.ends_with("quantity"))
    return Type::kDecimal;
  if (name.ends_with("start") || name.ends_with("end") || name.ends_with("time"))
    return Type::kInstant;
  if (name == "tags") return Type::kTextMap;
  if (name.ends_with("count")) return Type::kInt64;
  if (name.ends_with("flag")) return Type::kBool;
  return Type::kText;
}

class Reading : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("steelyard_reading_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    EngineOptions options;
    options.threads = 2;
    auto engine = open_duckdb(options);
    ASSERT_TRUE(engine) << engine.error().what;
    engine_ = std::move(*engine);
  }
  void TearDown() override {
    engine_.reset();
    fs::remove_all(folder_);
  }

  std::string write(std::string_view bytes, const std::string& name) {
    const fs::path path = folder_ / name;
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path;
  }
  std::string parquet(const std::string& select, const std::string& name = "bill.parquet") {
    const std::string path = folder_ / name;
    auto done = engine_->run("COPY (" + select + ") TO " + sql_literal(path) + " (FORMAT parquet)");
    EXPECT_TRUE(done) << done.error().what;
    return path;
  }

  /// "a|b|c" for each row of `SELECT <list> FROM file`, in the order of the source rows.
  Result<std::vector<std::string>> rows(const std::string& path, const std::string& list,
                                        const ReadLimits& limits = {}, bool ordered = true) {
    auto file = open_file(*engine_, path, "f" + std::to_string(++opened_), by_name, limits);
    if (!file) return pass(file);
    outcome_ = file->outcome;
    auto result = engine_->query("SELECT " + list + " FROM " + file->from +
                                 (ordered ? " ORDER BY \"x_SourceRow\"" : ""));
    if (!result) return pass(result);
    std::vector<std::string> lines;
    for (const auto& row : result->rows) {
      std::string line;
      for (const Cell& cell : row)
        line += (line.empty() ? "" : "|") + (cell.is_null() ? "~" : cell.text());
      lines.push_back(line);
    }
    return lines;
  }

  void expect_rows(const std::string& path, const std::string& list,
                   const std::vector<std::string>& expected) {
    auto got = rows(path, list);
    ASSERT_TRUE(got) << got.error().code << " " << got.error().what << " " << got.error().where;
    EXPECT_EQ(*got, expected);
  }
  void expect_error(const std::string& path, const std::string& code, const std::string& part,
                    const ReadLimits& limits = {}) {
    auto got = rows(path, "*", limits);
    ASSERT_FALSE(got) << "it was read: " << got->size() << " rows";
    EXPECT_EQ(got.error().code, code) << got.error().what;
    EXPECT_NE((got.error().what + " | " + got.error().where).find(part), std::string::npos)
        << got.error().what << " | " << got.error().where;
  }

  fs::path folder_;
  std::unique_ptr<Engine> engine_;
  std::shared_ptr<ReadOutcome> outcome_;
  int opened_ = 0;
};

TEST_F(Reading, CsvInTheEngine) {
  const std::string path = write(
      "Name,BilledCost,ChargePeriodStart,Tags,ItemCount,PaidFlag\n"
      "web,0.0000000072922557592391990000,2024-09-01 00:00:00,\"{\"\"env\"\": "
      "\"\"prod\"\"}\",7,true\n"
      "NULL,-1.5,2024-09-01T02:00:00+02:00,,,\n",
      "bill.csv");
  expect_rows(path, "*",
              {"web|0.000000007292255759|2024-09-01T00:00:00Z|{\"env\": \"prod\"}|7|true|2|"
               "{\"BilledCost\":\"0.0000000072922557592391990000\"}",
               "~|-1.5|2024-09-01T00:00:00Z|~|~|~|3|~"});
  EXPECT_EQ(outcome_->rows_read, 2);
  EXPECT_EQ(outcome_->rounded_cells, 1);
}

TEST_F(Reading, HeadsOfBothKinds) {
  auto csv = read_head(write("a, b \n1,NULL\n\"x,y\",2\n", "h.csv"));
  ASSERT_TRUE(csv) << csv.error().what;
  EXPECT_EQ(csv->container, Container::kCsv);
  ASSERT_EQ(csv->columns.size(), 2U);
  EXPECT_EQ(csv->columns[1].name, "b");
  EXPECT_EQ(csv->sample, (std::vector<std::vector<std::string>>{{"1", ""}, {"x,y", "2"}}));
  EXPECT_EQ(csv->rows, -1);
  const std::string path =
      parquet("SELECT 1.5::DOUBLE AS cost, 'x' AS name, NULL::DECIMAL(20,9) AS d FROM range(150)");
  for (Engine* engine : {engine_.get(), static_cast<Engine*>(nullptr)}) {
    auto head = read_head(path, {}, engine);
    ASSERT_TRUE(head) << head.error().what;
    EXPECT_EQ(head->container, Container::kParquet);
    EXPECT_EQ(head->rows, 150);
    ASSERT_EQ(head->columns.size(), 3U);
    EXPECT_EQ(head->columns[0].declared, "DOUBLE");
    EXPECT_EQ(head->columns[2].declared, "DECIMAL(20,9)");
    ASSERT_EQ(head->sample.size(), 100U);
    EXPECT_EQ(head->sample[7], (std::vector<std::string>{"1.5", "x", ""}));
  }
}

TEST_F(Reading, ParquetMoneyOfEveryTypeIsTheSameMoney) {
  const std::string path = parquet(
      "SELECT 0.1::DOUBLE AS a_cost, 0.1::FLOAT AS b_cost, '0.1' AS c_cost, 0.1::DECIMAL(9,2) AS "
      "d_cost, "
      "0.1::DECIMAL(38,20) AS e_cost, 7::INTEGER AS f_cost, 7::UBIGINT AS g_cost, "
      "0.1::DECIMAL(38,10) AS h_cost, "
      "'9.984E-7' AS i_cost, ''::VARCHAR AS j_cost, NULL::DOUBLE AS k_cost "
      "UNION ALL SELECT 149976632.64980844, -0.5, '1e+3', -0.01, 0.12345678901234567891, -7, 0, 1, "
      "'NULL', 'null', 1e-20");
  expect_rows(path, "*",
              {"0.1|0.1|0.1|0.1|0.1|7|7|0.1|0.0000009984|~|~|1|~",
               "149976632.64980844|-0.5|1000|-0.01|0.123456789012345679|-7|0|1|~|~|0|2|"
               "{\"e_cost\":\"0.12345678901234567891\",\"k_cost\":\"1e-20\"}"});
  EXPECT_EQ(outcome_->rounded_cells, 2);
  EXPECT_EQ(outcome_->rows_read, 2);
}

TEST_F(Reading, ParquetTimesTagsAndTheRest) {
  const std::string path = parquet(
      "SELECT TIMESTAMP '2024-09-01 01:02:03.5' AS a_start, TIMESTAMPTZ '2024-09-01 01:00:00+02' "
      "AS b_start, "
      "DATE '2024-09-01' AS c_start, '09/01/2024' AS d_start, TIMESTAMP_NS '2024-09-01 00:00:00' "
      "AS e_start, "
      "TIMESTAMP_MS '2024-09-01 00:00:00' AS f_start, '12' AS a_count, 12::SMALLINT AS b_count, "
      "12.0::DOUBLE AS c_count, "
      "'yes' AS a_flag, true AS b_flag, [1, 2] AS list, 2.5::DOUBLE AS number, ''::VARCHAR AS "
      "empty, encode('é') AS bytes");
  expect_rows(path, "* EXCLUDE (\"x_SourceRow\", \"x_SourceDecimals\")",
              {"2024-09-01T01:02:03.500Z|2024-08-31T23:00:00Z|2024-09-01T00:00:00Z|2024-09-01T00:"
               "00:00Z|2024-09-01T00:00:00Z|"
               "2024-09-01T00:00:00Z|12|12|12|true|true|[1,2]|2.5||é"});
  const std::vector<std::pair<std::string, std::string>> tags = {
      {"MAP {'env': 'prod', 'n': NULL}", "{\"env\": \"prod\", \"n\": null}"},
      {"MAP {'n': 5}", "{\"n\": \"5\"}"},
      {"[{'key': 'env', 'value': 'prod'}, {'key': 'env', 'value': 'dev'}]",
       "{\"env#1\": \"prod\", \"env\": \"dev\"}"},
      {"{'env': 'prod', 'team': NULL}", "{\"env\": \"prod\"}"},
      {"'{\"env\": \"prod\"}'", "{\"env\": \"prod\"}"},
      {"'\"env\": \"prod\"'", "{\"env\": \"prod\"}"},
      {"''", "~"},
      {"NULL::VARCHAR", "~"},
  };
  for (const auto& [sql, expected] : tags)
    expect_rows(parquet("SELECT " + sql + " AS tags"), "tags", {expected});
}

TEST_F(Reading, ParquetRowsAreNumberedFromOne) {
  const std::string path = parquet("SELECT i::VARCHAR AS name FROM range(300000) t(i)");
  auto got = rows(path,
                  "count(*), min(\"x_SourceRow\"), max(\"x_SourceRow\"), "
                  "sum(CASE WHEN name::BIGINT + 1 <> \"x_SourceRow\" THEN 1 ELSE 0 END)",
                  {}, false);
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(*got, (std::vector<std::string>{"300000|1|300000|0"}));
}

TEST_F(Reading, ParquetOfTheWrongTypeIsNamed) {
  expect_error(parquet("SELECT true AS BilledCost"), "SY1216", "BOOLEAN");
  expect_error(parquet("SELECT 'a'::BLOB AS BilledCost"), "SY1216", "column BilledCost");
  expect_error(parquet("SELECT [1.5] AS BilledCost"), "SY1216", "DECIMAL(38,18)");
  expect_error(parquet("SELECT DATE '2024-01-01' AS BilledCost"), "SY1216", "DATE");
  expect_error(parquet("SELECT 5 AS ChargePeriodStart"), "SY1216", "INTEGER");
  expect_error(parquet("SELECT 5 AS Tags"), "SY1216", "INTEGER");
  expect_error(parquet("SELECT '1' AS BilledCost UNION ALL SELECT 'abc'"), "SY1210",
               "row 2, column BilledCost");
  expect_error(parquet("SELECT 'nan'::DOUBLE AS BilledCost"), "SY1210", "nan");
  expect_error(parquet("SELECT 1e30::DOUBLE AS BilledCost"), "SY1210", "20 integer digits");
  expect_error(parquet("SELECT 'yesterday' AS StartTime"), "SY1211", "yesterday");
}

TEST_F(Reading, ParquetRowsMayBeLeftOutToo) {
  const std::string path = parquet(
      "SELECT * FROM (VALUES ('1', 'a'), ('x', 'b'), ('3', 'c'), ('y', 'd')) t(BilledCost, name)");
  ReadLimits limits;
  limits.max_rejected_rows = 2;
  auto got = rows(path, "*", limits);
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(*got, (std::vector<std::string>{"1|a|1|~", "3|c|3|~"}));
  EXPECT_EQ(outcome_->rejected_rows, 2);
  ASSERT_EQ(outcome_->rejected.size(), 2U);
  EXPECT_EQ(outcome_->rejected[0].reason, "BilledCost: `x` is not a decimal number");
  limits.max_rejected_rows = 1;
  expect_error(path, "SY1210", "is not a decimal number", limits);
}

TEST_F(Reading, DamagedParquetAndBombs) {
  const std::string path = parquet("SELECT i AS a, i::VARCHAR AS b FROM range(5000) t(i)");
  std::ifstream in(path, std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
  expect_error(write(good.substr(0, good.size() / 2), "half.parquet"), "SY1206", "half.parquet");
  expect_error(write(good.substr(0, good.size() - 1), "less.parquet"), "SY1206", "less.parquet");
  expect_error(write("PAR1", "four.parquet"), "SY1206", "four.parquet");
  const std::string bomb = folder_ / "bomb.parquet";
  auto made = engine_->run("COPY (SELECT 1 AS a FROM range(5000000)) TO " + sql_literal(bomb) +
                           " (FORMAT parquet, ROW_GROUP_SIZE 5000000)");
  ASSERT_TRUE(made) << made.error().what;
  ASSERT_LT(fs::file_size(bomb), 5000U);
  expect_error(bomb, "SY1215", "5,000,000 rows");
  ReadLimits few;
  few.max_columns = 1;
  expect_error(path, "SY1215", "columns", few);
}

TEST_F(Reading, PathsWithPatternsAreOnlyPaths) {
  const std::string path = parquet("SELECT 1 AS a", "b*[x]? 'q'.parquet");
  parquet("SELECT 2 AS a", "bill [x]y 'q'.parquet");
  expect_rows(path, "a", {"1"});
}

TEST_F(Reading, NamesThatNeedQuotes) {
  expect_rows(
      write("at,\"say \"\"hi\"\"\",tags/DevRel\\x,user:Team,user:team\n1,2,3,4,5\n", "q.csv"), "*",
      {"1|2|3|4|5|2|~"});
  expect_rows(parquet("SELECT 1 AS \"say \"\"hi\"\"\", 2 AS x_SourceRow, 3 AS file_row_number",
                      "q.parquet"),
              "*", {"1|2|3|1|~"});
}

TEST_F(Reading, OneQueryMayReadAFileSeveralTimesAtOnce) {
  std::string text = "Name,BilledCost\n";
  for (int i = 0; i < 60000; ++i) text += "name" + std::to_string(i) + ",1.25\n";
  auto file = open_file(*engine_, write(text, "twice.csv"), "twice", by_name);
  ASSERT_TRUE(file) << file.error().what;
  const std::string from = file->from;
  for (int round = 0; round < 20; ++round) {
    auto both =
        engine_->query("SELECT sum(\"BilledCost\"), count(DISTINCT name) FROM (SELECT * FROM " +
                       from + " UNION ALL SELECT * FROM " + from + ")");
    ASSERT_TRUE(both) << both.error().what;
    ASSERT_EQ(both->rows[0][0].text(), "150000") << round;
    ASSERT_EQ(both->rows[0][1].text(), "60000") << round;
    auto joined = engine_->query("SELECT count(*) FROM " + from + " a JOIN " + from +
                                 " b USING (name) JOIN " + from + " c USING (name)");
    ASSERT_TRUE(joined) << joined.error().what;
    ASSERT_EQ(joined->rows[0][0].text(), "60000") << round;
  }
}

TEST_F(Reading, RealBillsAreReadWhole) {
  const char* named = std::getenv("STEELYARD_DATA");
  const fs::path data =
      named != nullptr ? fs::path(named) : fs::path(STEELYARD_SOURCE) / ".." / "shared" / "data";
  if (!fs::exists(data)) GTEST_SKIP() << "skipped: no shared data";
  const std::vector<std::pair<std::string, std::string>> files = {
      {"focus/focus_sample_1.0_1000rows.csv", "1000"},
      {"aws/legacy_cur/cur_legacy_2023-11_anonymised_1281rows.csv", "1281"},
      {"azure/ea_anonymised_27rows.csv", "27"},
  };
  for (const auto& [path, count] : files) {
    auto got = rows((data / path).string(), "count(*)", {}, false);
    ASSERT_TRUE(got) << path << ": " << got.error().what << " " << got.error().where;
    ASSERT_EQ(got->size(), 1U) << path;
    EXPECT_EQ(got->front(), count) << path;
  }
}

}  // namespace
}  // namespace steelyard
