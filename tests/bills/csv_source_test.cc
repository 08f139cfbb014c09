// The CSV reader without an engine: what each kind of file becomes, and that threads and block
// sizes change nothing.
#include "bills/csv_source.h"

#include <gtest/gtest.h>
#include <isa-l/igzip_lib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "bills/csv_scan.h"
#include "fake_writer.h"

namespace steelyard {
namespace {

using testing::drain;
using Table = std::vector<std::vector<std::string>>;

std::string gzip(std::string_view text) {
  std::string out(text.size() + 4096, '\0');
  isal_zstream stream;
  isal_deflate_init(&stream);
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<std::uint32_t>(text.size());
  stream.next_out = reinterpret_cast<std::uint8_t*>(out.data());
  stream.avail_out = static_cast<std::uint32_t>(out.size());
  EXPECT_EQ(isal_deflate(&stream), COMP_OK);
  out.resize(stream.total_out);
  return out;
}

class CsvSource : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("steelyard_csv_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(std::string_view bytes, const std::string& name = "bill.csv") {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path;
  }

  /// Opens a file with types by column name: names that end in Cost are decimals, in Time instants,
  /// in Tags maps.
  Result<std::shared_ptr<RowSource>> open(const std::string& path, const ReadLimits& limits = {},
                                          std::size_t block = 2 << 20) {
    auto kind = look_at_file(path);
    if (!kind) return pass(kind);
    auto head = read_csv_head(path, kind->container, limits);
    if (!head) return pass(head);
    CsvPlan plan;
    plan.path = path;
    plan.container = kind->container;
    plan.bytes = kind->bytes;
    for (const std::string& name : delivered_names(head->names)) {
      Type type = Type::kText;
      if (name.ends_with("Cost")) type = Type::kDecimal;
      if (name.ends_with("Time")) type = Type::kInstant;
      if (name.ends_with("Tags")) type = Type::kTextMap;
      if (name.ends_with("Count")) type = Type::kInt64;
      if (name.ends_with("Flag")) type = Type::kBool;
      plan.columns.push_back({name, type});
    }
    plan.head = std::move(*head);
    plan.columns.push_back({std::string(kSourceRow), Type::kInt64});
    plan.columns.push_back({std::string(kSourceDecimals), Type::kText});
    plan.limits = limits;
    plan.block_bytes = block;
    plan.outcome = outcome_ = std::make_shared<ReadOutcome>();
    return make_csv_source(std::move(plan));
  }

  /// All columns with one worker; the last two cells of a row are its line and the rounded
  /// decimals.
  Result<Table> read(std::string_view bytes, const ReadLimits& limits = {}) {
    auto source = open(write(bytes), limits);
    if (!source) return pass(source);
    return read_all(**source, 1);
  }

  static Result<Table> read_all(RowSource& source, int workers) {
    if (auto started = source.restart(); !started) return pass(started);
    std::vector<std::size_t> projection(source.columns().size());
    for (std::size_t i = 0; i < projection.size(); ++i) projection[i] = i;
    std::vector<Table> tables(static_cast<std::size_t>(workers));
    std::vector<Status> ends(static_cast<std::size_t>(workers));
    std::vector<std::jthread> threads;
    std::vector<std::unique_ptr<RowSource::Worker>> made;
    for (int w = 0; w < workers; ++w) {
      auto worker = source.make_worker(projection);
      if (!worker) return pass(worker);
      made.push_back(std::move(*worker));
    }
    for (std::size_t w = 0; w < made.size(); ++w) {
      threads.emplace_back([&, w] { ends[w] = drain(source, *made[w], projection, tables[w]); });
    }
    threads.clear();
    Table all;
    for (std::size_t w = 0; w < made.size(); ++w) {
      if (!ends[w]) return pass(ends[w]);
      all.insert(all.end(), tables[w].begin(), tables[w].end());
    }
    return all;
  }

  void expect_error(std::string_view bytes, const std::string& code, const std::string& part,
                    const ReadLimits& limits = {}) {
    auto rows = read(bytes, limits);
    ASSERT_FALSE(rows) << "read " << rows->size() << " rows of " << bytes.substr(0, 100);
    EXPECT_EQ(rows.error().code, code) << rows.error().what;
    EXPECT_NE((rows.error().what + " | " + rows.error().where).find(part), std::string::npos)
        << rows.error().what << " | " << rows.error().where;
  }

  std::filesystem::path folder_;
  std::shared_ptr<ReadOutcome> outcome_;
};

TEST_F(CsvSource, ReadsTypedCellsAndLines) {
  auto rows = read(
      "Name,BilledCost,StartTime,ItemCount,PaidFlag\r\nweb,-0.0000001250,2023-11-13T10:00Z,12,"
      "TRUE\n\"a \"\"b\"\"\",9.984E-7,9/2/2023,,0\r\n");
  ASSERT_TRUE(rows) << rows.error().what;
  EXPECT_EQ(*rows,
            (Table{{"web", "-0.000000125", "2023-11-13T10:00:00Z", "12", "true", "2", "(null)"},
                   {"a \"b\"", "0.0000009984", "2023-09-02T00:00:00Z", "(null)", "false", "3",
                    "(null)"}}));
  EXPECT_EQ(outcome_->rows_read, 2);
}

TEST_F(CsvSource, ReadsTheTimesOfRealBills) {
  auto rows = read(
      "ATime\n09/22/2023\n5/1/25\n2024-09-01 00:00:00\n2019-02-01 00:00:00 +0000 UTC\n2022-08-01 "
      "03:00:00+00:00\n2023-11-01T00:00:00.000Z\n2026-01-01T02:00:00+02:00\n");
  ASSERT_TRUE(rows) << rows.error().what << rows.error().where;
  std::vector<std::string> times;
  for (const auto& row : *rows) times.push_back(row[0]);
  EXPECT_EQ(times, (std::vector<std::string>{"2023-09-22T00:00:00Z", "2025-05-01T00:00:00Z",
                                             "2024-09-01T00:00:00Z", "2019-02-01T00:00:00Z",
                                             "2022-08-01T03:00:00Z", "2023-11-01T00:00:00Z",
                                             "2026-01-01T00:00:00Z"}));
}

TEST_F(CsvSource, NullIsEmptyOrTheWordInCapitalsOrSmall) {
  auto rows = read("a,BilledCost\nNULL,null\nnull,NULL\n\"\",\"\"\n\"NULL\",\"NULL\"\nNull,1\n,\n");
  ASSERT_TRUE(rows) << rows.error().what;
  Table expected;
  for (int i = 0; i < 4; ++i)
    expected.push_back({"(null)", "(null)", std::to_string(i + 2), "(null)"});
  expected.push_back({"Null", "1", "6", "(null)"});
  expected.push_back({"(null)", "(null)", "7", "(null)"});
  EXPECT_EQ(*rows, expected);
}

TEST_F(CsvSource, LinesStayRightAcrossQuotedNewlinesAndBlankLines) {
  auto rows = read("\xef\xbb\xbf\"a\",b\n\"1\n2\r\n3\",x\n\n   \ny,\"z\n\"\nlast,row");
  ASSERT_TRUE(rows) << rows.error().what;
  EXPECT_EQ(*rows, (Table{{"1\n2\r\n3", "x", "2", "(null)"},
                          {"y", "z\n", "7", "(null)"},
                          {"last", "row", "9", "(null)"}}));
}

TEST_F(CsvSource, SkipsRepeatedHeadersAndCountsThem) {
  auto rows = read("a,b\r\n1,2\r\na,b\r\n3,4\na,b\n");
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->size(), 2U);
  EXPECT_EQ(outcome_->repeated_headers, 2);
  EXPECT_EQ(outcome_->rows_read, 2);
}

TEST_F(CsvSource, KeepsTheTextOfDecimalsThatAreRounded) {
  auto rows = read(
      "Name,BilledCost,ListCost\nx,0.0000000072922557592391990000,1\ny,2,0.1234567890123456785\nz,"
      "1.5000000000000000000000,-0.1234567890123456775\n");
  ASSERT_TRUE(rows) << rows.error().what;
  EXPECT_EQ((*rows)[0][1], "0.000000007292255759");
  EXPECT_EQ((*rows)[0][4], R"({"BilledCost":"0.0000000072922557592391990000"})");
  EXPECT_EQ((*rows)[1][2], "0.123456789012345678");
  EXPECT_EQ((*rows)[1][4], R"({"ListCost":"0.1234567890123456785"})");
  EXPECT_EQ((*rows)[2][1], "1.5");
  EXPECT_EQ(outcome_->rounded_cells, 3);
}

TEST_F(CsvSource, DecimalNotesDoNotNeedTheirColumns) {
  auto source = open(write("BilledCost,a\n0.00000000000000000001,x\n1,y\n"));
  ASSERT_TRUE(source);
  const std::vector<std::size_t> projection = {3, 1, 3};
  auto worker = (*source)->make_worker(projection);
  ASSERT_TRUE(worker);
  Table rows;
  ASSERT_TRUE(drain(**source, **worker, projection, rows));
  const std::string note = R"({"BilledCost":"0.00000000000000000001"})";
  EXPECT_EQ(rows, (Table{{note, "x", note}, {"(null)", "y", "(null)"}}));
}

TEST_F(CsvSource, AColumnThatIsAskedForTwiceIsCountedOnce) {
  auto source = open(write("BilledCost,a\n0.00000000000000000001,x\n"));
  ASSERT_TRUE(source);
  const std::vector<std::size_t> projection = {0, 3, 0};
  auto worker = (*source)->make_worker(projection);
  ASSERT_TRUE(worker);
  Table rows;
  ASSERT_TRUE(drain(**source, **worker, projection, rows));
  EXPECT_EQ(rows, (Table{{"0", R"({"BilledCost":"0.00000000000000000001"})", "0"}}));
  EXPECT_EQ(outcome_->rounded_cells, 1);
}

TEST_F(CsvSource, AnEmptyProjectionCountsRows) {
  auto source = open(write("BilledCost,a\nbad,x\n1,y\n1,y\n"));
  ASSERT_TRUE(source);
  auto worker = (*source)->make_worker({});
  ASSERT_TRUE(worker);
  auto filled = (*worker)->fill({});
  ASSERT_TRUE(filled);
  EXPECT_EQ(*filled, 3U);
  filled = (*worker)->fill({});
  EXPECT_EQ(*filled, 0U);
}

TEST_F(CsvSource, ReadsTags) {
  auto rows = read(
      "Tags\n\"{\"\"application\"\": \"\"BrightLens\"\", \"\"n\"\": 4, \"\"x\"\": null}\"\n"
      "\"\"\"tagA\"\": \"\"valueA\"\",\"\"tagB\"\": \"\"\"\"\"\n{}\nNULL\nsome words\n");
  ASSERT_TRUE(rows) << rows.error().what;
  std::vector<std::string> tags;
  for (const auto& row : *rows) tags.push_back(row[0]);
  EXPECT_EQ(tags,
            (std::vector<std::string>{"application=BrightLens; n=4; x=(null)",
                                      "tagA=valueA; tagB=", "", "(null)", "(unread)=some words"}));
  EXPECT_EQ(outcome_->unread_maps, 1);
}

TEST_F(CsvSource, SniffsSemicolonAndTab) {
  for (const char delimiter : {';', '\t'}) {
    const std::string d(1, delimiter);
    auto rows = read("Name" + d + "BilledCost\n\"a,b" + d + "c\"" + d + "1.5\n");
    ASSERT_TRUE(rows) << rows.error().what;
    EXPECT_EQ((*rows)[0][0], "a,b" + d + "c");
    EXPECT_EQ((*rows)[0][1], "1.5");
  }
  expect_error("Name;BilledCost\nx;12,5\n", "SY1210", "`12,5`");
}

TEST_F(CsvSource, QuotesInTheMidstOfACellAreText) {
  auto rows = read("a,b\n5\" pipe,it\"s \"quoted\"\n \"x\",\"y\" \n");
  ASSERT_TRUE(rows) << rows.error().what;
  EXPECT_EQ(*rows, (Table{{"5\" pipe", "it\"s \"quoted\"", "2", "(null)"},
                          {" \"x\"", "y", "3", "(null)"}}));
  expect_error("a,b\n1,2\n\"x\"y,3\n", "SY1214", "line 3, column a");
  expect_error("a,b\n1,2\n\"x,3\n4,5\n", "SY1214", "line 3");
  expect_error("a,\"b\n1,2\n", "SY1214", "header");
}

TEST_F(CsvSource, NamesTheFirstBadCell) {
  expect_error("Name,BilledCost\nx,1\ny,abc\n", "SY1210", "line 3, column BilledCost");
  expect_error("Name,BilledCost\nx,1234567890123456789012.5\n", "SY1210", "20 integer digits");
  expect_error("Name,BilledCost\nx,1e-40\n", "SY1210", "`1e-40`");
  expect_error("Name,BilledCost\nx,0x10\n", "SY1210", "`0x10`");
  expect_error("Name,BilledCost\nx,NaN\n", "SY1210", "`NaN`");
  expect_error("Name,StartTime\nx,2023-02-30\n", "SY1211", "`2023-02-30`");
  expect_error("Name,ItemCount\nx,1.5\n", "SY1210", "whole");
  expect_error("Name,PaidFlag\nx,maybe\n", "SY1210", "true nor false");
  expect_error("a,b\n1\n", "SY1213", "1 fields");
  expect_error("a,b\n1,2,3\n", "SY1213", "3 fields");
  expect_error("a,b\n1,2\n1,\xff\xfe\n", "SY1212", "line 3, column b");
  expect_error(std::string_view("a,b\n1,2\n1,x\0y\n", 15), "SY1212", "NUL");
  expect_error("Name,BilledCost\nx,\x1b[31mred\n", "SY1210", "red");
  auto rows = read("Name,BilledCost\nx,\x1b[31mred\n");
  EXPECT_EQ(rows.error().what.find('\x1b'), std::string::npos);
  rows = read("Name,BilledCost\nx," + std::string(5000, 'z') + "\n");
  EXPECT_LT(rows.error().what.size(), 200U);
}

TEST_F(CsvSource, FortyDigitDecimalsAreReadOrNamed) {
  auto rows = read(
      "BilledCost\n0.1234567890123456789012345678901234560000\n12345678901234567890."
      "123456789012345678\n");
  ASSERT_TRUE(rows) << rows.error().what;
  EXPECT_EQ((*rows)[0][0], "0.123456789012345679");
  EXPECT_EQ((*rows)[1][0], "12345678901234567890.123456789012345678");
  EXPECT_EQ(outcome_->rounded_cells, 1);
}

TEST_F(CsvSource, LeavesOutRowsWithinTheLimitOnly) {
  ReadLimits limits;
  limits.max_rejected_rows = 3;
  const std::string bytes = "Name,BilledCost\na,1\nb,bad\nc\nd,4\ne,\"12,5\"\n";
  auto rows = read(bytes, limits);
  ASSERT_TRUE(rows) << rows.error().what;
  EXPECT_EQ(*rows, (Table{{"a", "1", "2", "(null)"}, {"d", "4", "5", "(null)"}}));
  EXPECT_EQ(outcome_->rows_read, 5);
  EXPECT_EQ(outcome_->rejected_rows, 3);
  ASSERT_EQ(outcome_->rejected.size(), 3U);
  EXPECT_EQ(outcome_->rejected[0].line, 3);
  EXPECT_EQ(outcome_->rejected[0].reason, "BilledCost: `bad` is not a decimal number");
  EXPECT_EQ(outcome_->rejected[2].reason, "BilledCost: `12,5` is not a decimal number");
  limits.max_rejected_rows = 2;
  rows = read(bytes, limits);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, "SY1210");
}

TEST_F(CsvSource, RefusesHeadersThatAreNone) {
  expect_error("", "SY1201", "empty");
  expect_error("\xef\xbb\xbf\r\n \n", "SY1201", "blank");
  expect_error("a,b,a\n1,2,3\n", "SY1203", "`a` is there twice");
  expect_error("a,,c\n1,2,3\n", "SY1203", "column 2");
  expect_error("a,\xff\n1,2\n", "SY1203", "UTF-8");
  expect_error(std::string_view("a\0b\0c\n", 6), "SY1202", "neither");
  expect_error("PK\x03\x04zzzz", "SY1202", "ZIP");
  expect_error(
      "\xff\xfe"
      "a",
      "SY1202", "UTF-16");
  expect_error("<?xml version=\"1.0\"?><Error/>", "SY1202", "XML");
  expect_error("{\"a\": 1}", "SY1202", "JSON");
  ReadLimits few;
  few.max_columns = 3;
  expect_error("a,b,c,d\n1,2,3,4\n", "SY1215", "3 columns", few);
  auto missing = look_at_file((folder_ / "none.csv").string());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "SY1205");
  auto is_folder = look_at_file(folder_.string());
  ASSERT_FALSE(is_folder);
  EXPECT_EQ(is_folder.error().code, "SY1205");
}

TEST_F(CsvSource, RefusesWhatMayNotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "skipped: root may read everything";
  const std::string path = write("a\n1\n");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  auto kind = look_at_file(path);
  ASSERT_FALSE(kind);
  EXPECT_EQ(kind.error().code, "SY1231");
}

TEST_F(CsvSource, AHeaderAloneIsNoRows) {
  for (const char* bytes : {"a,b", "a,b\n", "a,b\r\n\r\n"}) {
    auto rows = read(bytes);
    ASSERT_TRUE(rows) << rows.error().what;
    EXPECT_TRUE(rows->empty());
  }
}

TEST_F(CsvSource, NamesThatDifferOnlyByCaseAreDelivered) {
  auto source = open(write(" user:Team ,user:team,x_sourcerow,user:team (2)\na,b,c,d\n"));
  ASSERT_TRUE(source);
  std::vector<std::string> names;
  for (const ColumnSpec& column : (*source)->columns()) names.push_back(column.name);
  EXPECT_EQ(names, (std::vector<std::string>{"user:Team", "user:team (3)", "x_sourcerow (2)",
                                             "user:team (2)", "x_SourceRow", "x_SourceDecimals"}));
}

TEST_F(CsvSource, HoldsEveryLimit) {
  ReadLimits limits;
  limits.max_cell_bytes = 10;
  expect_error("a,b\n1,12345678901\n", "SY1215", "cell", limits);
  limits = {};
  limits.max_record_bytes = 20;
  expect_error("a,b\n1,1234567890123456789012345\n", "SY1215", "record", limits);
  // A record that does not fit any block: the reader itself stops.
  auto source = open(write("a,b\n1,\"" + std::string(100000, 'x') + "\"\n"), limits, 256);
  ASSERT_TRUE(source);
  auto rows = read_all(**source, 2);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, "SY1215");
}

TEST_F(CsvSource, ReadsGzipWithSeveralMembersAndPadding) {
  const std::string one = gzip("a,b\n1,2\n3,"), two = gzip("4\n5,6\n");
  for (const std::string& bytes : {one + two, one + two + std::string(700, '\0')}) {
    auto rows = read(bytes);
    ASSERT_TRUE(rows) << rows.error().what;
    ASSERT_EQ(rows->size(), 3U);
    EXPECT_EQ((*rows)[1][1], "4");
  }
  expect_error(one + two + "rubbish", "SY1206", "followed");
  expect_error(gzip(""), "SY1201", "blank");
  std::string archive = std::string(257, 'x') + "ustar" + std::string(300, 'x');
  expect_error(gzip(archive), "SY1202", "tar");
}

TEST_F(CsvSource, DamagedGzipIsNeverReadToTheEnd) {
  std::mt19937 random(7);
  std::string text = "Name,BilledCost\n";
  for (int i = 0; i < 5000; ++i)
    text +=
        "name" + std::to_string(random() % 1000) + "," + std::to_string(random() % 100000) + "\n";
  const std::string good = gzip(text);
  ASSERT_EQ(read(good)->size(), 5000U);
  for (const std::size_t size :
       {good.size() - 1, good.size() - 8, good.size() - 9, good.size() / 2, std::size_t{20},
        std::size_t{10}, std::size_t{4}, std::size_t{2}}) {
    expect_error(good.substr(0, size), "SY1206", "gzip");
  }
  std::string bad_crc = good;
  bad_crc[bad_crc.size() - 6] ^= 1;
  expect_error(bad_crc, "SY1206", "checksum");
  std::string bad_size = good;
  bad_size[bad_size.size() - 2] ^= 1;
  expect_error(bad_size, "SY1206", "checksum");
  for (int i = 0; i < 200; ++i) {
    std::string damaged = good;
    damaged[18 + random() % (damaged.size() - 18)] ^= static_cast<char>(1 << random() % 8);
    EXPECT_FALSE(read(damaged)) << i;
  }
}

TEST_F(CsvSource, ABombIsRefused) {
  std::string rows;
  while (rows.size() < 4 << 20)
    rows += std::string(20000, '1') + ",2\n";  // few rows: the fake writer is slow
  const std::string some = gzip(rows);
  std::string bomb = gzip("a,b\n");
  for (int i = 0; i < 20; ++i) bomb += some;
  ReadLimits limits;
  limits.max_expansion = static_cast<std::int64_t>(rows.size() / some.size()) - 2;
  ASSERT_GT(limits.max_expansion, 10);
  expect_error(bomb, "SY1215", "times its size", limits);
}

// --- The same rows, whatever the blocks, threads and instructions: against a reader that is simple
// enough to trust.

Table simple_reader(std::string_view text) {
  Table rows;
  std::vector<std::string> row;
  std::string cell;
  bool quoted = false, was_quoted = false, any = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        cell += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell += '"';
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == ',' || c == '\n') {
      if (c == '\n' && !was_quoted && cell.ends_with('\r')) cell.pop_back();
      row.push_back(!was_quoted && cell.empty() ? "(null)" : cell.empty() ? "(null)" : cell);
      cell.clear();
      was_quoted = any = false;
      if (c == '\n') rows.push_back(std::exchange(row, {}));
    } else if (c == '"' && !any) {
      quoted = was_quoted = true;
    } else if (!(c == '\r' && was_quoted)) {
      cell += c;
    }
    any = any || (c != ',' && c != '\n') || quoted;
    if (c == ',' || (c == '\n' && !quoted)) any = quoted;
  }
  return rows;
}

std::string nasty_cell(std::mt19937& random) {
  static const std::vector<std::string> kCells = {"",
                                                  "\"\"",
                                                  "x",
                                                  "\"a,b\"",
                                                  "\"line\nbreak\"",
                                                  "\"crlf\r\nbreak\"",
                                                  "\"say \"\"hi\"\"\"",
                                                  "\"\"\"\"",
                                                  "\"\"\"\"\"\"",
                                                  "5\" pipe",
                                                  "\"{\"\"k\"\": \"\"v\"\"}\"",
                                                  "ąćę",
                                                  "\"日本語,テスト\"",
                                                  "<script>alert(1)</script>",
                                                  "'; DROP TABLE charges;--",
                                                  "=1+1",
                                                  "undefined",
                                                  "nil",
                                                  "None",
                                                  "0099999999999",
                                                  "123456789012",
                                                  "-0",
                                                  "1E2",
                                                  "\"\n\n\n\"",
                                                  "  spaces  ",
                                                  "\\",
                                                  "\"\\\"",
                                                  "\xe2\x80\xae"
                                                  "rtl",
                                                  "👩‍👩‍👧",
                                                  "%s%n",
                                                  "../../etc/passwd",
                                                  "\"ends with quote\"\"\"",
                                                  "\"\"\"begins\"",
                                                  "a'b",
                                                  "\t"};
  if (random() % 8 == 0) return std::string(random() % 300, 'L');
  return kCells[random() % kCells.size()];
}

TEST_F(CsvSource, BlocksThreadsAndInstructionsChangeNothing) {
  std::mt19937 random(20260701);
  for (int round = 0; round < 40; ++round) {
    const std::size_t columns = 2 + random() % 5;
    const bool clean =
        round % 3 == 0;  // without stray quotes the fast path must carry the whole file
    std::string text, header;
    for (std::size_t c = 0; c < columns; ++c) header += (c > 0 ? ",c" : "c") + std::to_string(c);
    const std::size_t rows = random() % 400;
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < columns; ++c) {
        std::string cell = nasty_cell(random);
        if (clean && cell.front() != '"') std::erase(cell, '"');
        text += (c > 0 ? "," : "") + cell;
      }
      text += random() % 4 == 0 ? "\r\n" : "\n";
    }
    // A record of empty or blank cells only in a way that could be taken for a blank line does not
    // occur: there are two columns.
    Table expected = simple_reader(text);
    ASSERT_EQ(expected.size(), rows);
    std::int64_t line = 2;
    {
      // Lines: count newlines of each record by its text.
      for (auto& row : expected) {
        row.push_back(std::to_string(line));
        row.push_back("(null)");
        std::size_t newlines = 0;
        for (std::size_t c = 0; c < columns; ++c)
          newlines += static_cast<std::size_t>(std::count(row[c].begin(), row[c].end(), '\n'));
        line += static_cast<std::int64_t>(newlines) + 1;
      }
    }
    std::sort(expected.begin(), expected.end());
    if (random() % 2 == 0 && text.ends_with('\n')) text.pop_back();
    const std::string bytes = header + "\n" + text;
    const std::string path = write(round % 2 == 0 ? bytes : gzip(bytes));
    for (const int workers : {1, 2, 4}) {
      use_portable_scan(workers == 2);
      auto source = open(path, {}, 32 + random() % 3000);
      ASSERT_TRUE(source) << source.error().what;
      for (int again = 0; again < 2; ++again) {
        auto got = read_all(**source, workers);
        ASSERT_TRUE(got) << got.error().what << " " << got.error().where;
        std::sort(got->begin(), got->end());
        ASSERT_EQ(*got, expected) << "round " << round << ", workers " << workers;
        EXPECT_EQ(outcome_->rows_read, static_cast<std::int64_t>(rows));
      }
    }
    use_portable_scan(false);
  }
}

TEST_F(CsvSource, TheSameErrorWhateverTheThreads) {
  std::string text = "Name,BilledCost\n";
  for (int i = 2; i <= 3000; ++i) {
    const bool bad = i == 1234 || i == 1240 || i > 2000;
    text += "name," + std::string(bad ? "bad" + std::to_string(i) : "1.25") + "\n";
  }
  const std::string path = write(text);
  for (int round = 0; round < 30; ++round) {
    auto source = open(path, {}, 64 + static_cast<std::size_t>(round) * 37);
    ASSERT_TRUE(source);
    auto rows = read_all(**source, 1 + round % 4);
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().what, "`bad1234` is not a decimal number");
    EXPECT_NE(rows.error().where.find("line 1234, column BilledCost"), std::string::npos);
  }
}

TEST_F(CsvSource, AScanMayBeLeftInTheMidst) {
  std::string text = "a,b\n";
  for (int i = 0; i < 20000; ++i) text += "1,2\n";
  auto source = open(write(text), {}, 1024);
  ASSERT_TRUE(source);
  const std::vector<std::size_t> projection = {0};
  testing::FakeWriter writer(Type::kText);
  ColumnWriter* const pointer = &writer;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE((*source)->restart());
    auto worker = (*source)->make_worker(projection);
    ASSERT_TRUE(worker);
    auto filled = (*worker)->fill(std::span<ColumnWriter* const>(&pointer, 1));
    ASSERT_TRUE(filled);
    EXPECT_EQ(*filled, kBatchRows);
  }
  EXPECT_EQ(read_all(**source, 2)->size(), 20000U);
}

}  // namespace
}  // namespace steelyard
