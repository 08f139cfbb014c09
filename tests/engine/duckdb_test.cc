#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "engine/engine.h"

namespace steelyard {
namespace {

std::unique_ptr<Engine> open() {
  auto engine = open_duckdb({.threads = 2});
  EXPECT_TRUE(engine) << engine.error().what;
  return std::move(*engine);
}

/// 100,000 rows: n, its text (null for each seventh), n units, and a map of it.
class Numbers : public RowSource {
 public:
  static constexpr std::int64_t kRows = 100'000;
  const std::vector<ColumnSpec>& columns() const override { return columns_; }
  Status restart() override {
    next_ = 0;
    return {};
  }
  Result<std::unique_ptr<Worker>> make_worker(std::span<const std::size_t> projection) override {
    struct Filler : Worker {
      Numbers& source;
      std::vector<std::size_t> projection;
      Filler(Numbers& s, std::span<const std::size_t> p)
          : source(s), projection(p.begin(), p.end()) {}
      Result<std::size_t> fill(std::span<ColumnWriter* const> columns) override {
        const std::int64_t first = source.next_.fetch_add(kBatchRows);
        if (source.fail_at >= 0 && first >= source.fail_at)
          return fail("SY1210", "bad", "f.csv:7", "mend it");
        if (first >= kRows) return std::size_t{0};
        const std::size_t rows = std::min<std::size_t>(kBatchRows, kRows - first);
        for (std::size_t c = 0; c < columns.size(); ++c) {
          for (std::size_t r = 0; r < rows; ++r) {
            const std::int64_t n = first + static_cast<std::int64_t>(r);
            const std::string text = "row number " + std::to_string(n);
            switch (projection[c]) {
              case 0:
                columns[c]->set_integer(r, n);
                break;
              case 1:
                if (n % 7 == 0)
                  columns[c]->set_null(r);
                else
                  columns[c]->set_text(r, text);
                break;
              case 2:
                columns[c]->set_units(r, n);
                break;
              default: {
                const std::pair<std::string_view, std::string_view> entries[] = {{"n", text},
                                                                                 {"none", {}}};
                if (n % 3 == 0)
                  columns[c]->set_null(r);
                else
                  columns[c]->set_map(r, entries);
              }
            }
          }
        }
        return rows;
      }
    };
    return std::make_unique<Filler>(*this, projection);
  }
  std::int64_t fail_at = -1;

 private:
  std::vector<ColumnSpec> columns_ = {
      {"n", Type::kInt64}, {"t", Type::kText}, {"u", Type::kDecimal}, {"m", Type::kTextMap}};
  std::atomic<std::int64_t> next_ = 0;
};

TEST(DuckDb, AnswersWithTypedCells) {
  auto engine = open();
  auto rows = engine->query(
      "SELECT 1::BIGINT AS i, 1.5::DECIMAL(38,18) AS d, 'x' AS t, NULL AS n, TIMESTAMPTZ "
      "'2026-02-03 04:05:06Z' AS w, "
      "true AS b, sum(x) AS h, 2.25::DECIMAL(9,2) AS small, DATE '2026-02-03' AS day, [1,2] AS l, "
      "MAP {'a': 'b'} AS m FROM range(3) t(x)");
  ASSERT_TRUE(rows) << rows.error().what;
  std::vector<std::string> texts;
  for (const Cell& cell : rows->rows.at(0)) texts.push_back(cell.text());
  EXPECT_EQ(texts,
            (std::vector<std::string>{"1", "1.5", "x", "", "2026-02-03T04:05:06Z", "true", "3",
                                      "2.25", "2026-02-03", "[1, 2]", "{\"a\": \"b\"}"}));
}

TEST(DuckDb, ReadsASourceInParallelAndAgain) {
  auto engine = open();
  ASSERT_TRUE(engine->add_source("numbers", std::make_shared<Numbers>()));
  for (int i = 0; i < 2; ++i) {
    auto rows = engine->query(
        "SELECT count(*), count(t), sum(u), max(t), count(m), count(DISTINCT m['n']), sum(n) FROM "
        "numbers()");
    ASSERT_TRUE(rows) << rows.error().what;
    const auto& row = rows->rows.at(0);
    EXPECT_EQ(row[0].text(), "100000");
    EXPECT_EQ(row[1].text(), "85714");
    EXPECT_EQ(std::get<Decimal>(row[2].value).units, Int128{4999950000});
    EXPECT_EQ(row[3].text(), "row number 99999");
    EXPECT_EQ(row[4].text(), "66666");
    EXPECT_EQ(row[5].text(), "66666");
    EXPECT_EQ(row[6].text(), "4999950000");
    auto count = engine->query("SELECT count(*) FROM numbers()");
    ASSERT_TRUE(count) << count.error().what;
    EXPECT_EQ(count->rows[0][0].text(), "100000");
  }
}

TEST(DuckDb, KeepsTheErrorOfASource) {
  auto engine = open();
  auto source = std::make_shared<Numbers>();
  source->fail_at = 20'000;
  ASSERT_TRUE(engine->add_source("numbers", source));
  auto rows = engine->query("SELECT sum(n) FROM numbers()");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, "SY1210");
  EXPECT_EQ(rows.error().where, "f.csv:7");
  EXPECT_EQ(rows.error().fix, "mend it");
}

TEST(DuckDb, CallsAFunctionOnWholeColumns) {
  auto engine = open();
  Function function;
  function.name = "sy_size";
  function.variadic_any = true;
  function.result = Type::kInt64;
  function.call = [](std::span<const ColumnView> arguments, std::size_t rows,
                     ColumnWriter& out) -> Status {
    for (std::size_t r = 0; r < rows; ++r) {
      std::int64_t sum = 0;
      for (const ColumnView& argument : arguments) {
        if (argument.is_null(r)) continue;
        if (argument.type() == Type::kText)
          sum += static_cast<std::int64_t>(argument.text(r).size());
        if (argument.type() == Type::kInt64) sum += argument.integer(r);
        if (argument.type() == Type::kTextMap)
          sum += static_cast<std::int64_t>(argument.entries(r).second);
      }
      out.set_integer(r, sum);
    }
    return {};
  };
  ASSERT_TRUE(engine->add_function(std::move(function)));
  auto rows = engine->query(
      "SELECT sy_size('a longer text than twelve', 5::BIGINT, NULL, MAP {'a': 'b', 'c': 'd'})");
  ASSERT_TRUE(rows) << rows.error().what;
  EXPECT_EQ(rows->rows[0][0].text(), "32");
}

TEST(DuckDb, LocksDown) {
  auto engine = open();
  ASSERT_TRUE(engine->run("CREATE TABLE t AS SELECT 1 AS x"));
  ASSERT_TRUE(engine->lock_down({"/nowhere"}));
  EXPECT_TRUE(engine->query("SELECT x FROM t"));
  for (const char* sql : {"DROP TABLE t", "CREATE TABLE u AS SELECT 1", "COPY t TO '/tmp/x.csv'",
                          "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'",
                          "SET enable_external_access=true", "ATTACH '/tmp/x.db'", "INSTALL httpfs",
                          "SELECT 1; DROP TABLE t", "CHECKPOINT", "SELECT * FROM glob('/etc/*')",
                          "SELECT * FROM read_text('/etc/passwd')", "SELECT getenv('HOME')",
                          "LOAD httpfs", "EXPORT DATABASE '/tmp/x'"}) {
    EXPECT_FALSE(engine->query(sql)) << sql;
  }
}

TEST(DuckDb, SaysWhatIsWrongWithAQuery) {
  auto engine = open();
  auto rows = engine->query("SELECT nothing FROM nowhere");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, "SY1403");
  EXPECT_FALSE(engine->query(""));
}

}  // namespace
}  // namespace steelyard
