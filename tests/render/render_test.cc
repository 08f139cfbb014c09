// One report, many outputs: rounded parts sum to the rounded total, data cannot break out of its
// place, figures are never cut.
#include "render/render.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "render/spark.h"

namespace steelyard {
namespace {

Decimal dec(std::string_view text) {
  Decimal value;
  EXPECT_EQ(parse_decimal(text, value), ParseOutcome::kExact);
  return value;
}

Report small_report() {
  Report report;
  report.title = "Effective cost by team";
  report.columns = {{"team", "team", CellKind::kText},
                    {"effective_cost", "effective", CellKind::kMoney},
                    {"share", "share", CellKind::kShare}};
  report.rows = {{Cell{std::string("web")}, Cell{dec("33.333333333333333333")}, Cell{1.0 / 3}},
                 {Cell{std::string("data")}, Cell{dec("33.333333333333333333")}, Cell{1.0 / 3}},
                 {Cell{}, Cell{dec("33.333333333333333334")}, Cell{1.0 / 3}}};
  report.totals = {{Cell{}, Cell{dec("100")}, Cell{1.0}}};
  report.provenance = {"effective", {"USD"}, "2026-07-01/2026-08-01", "lake v4", 4, 1234,
                       "yes",       "1"};
  report.question = "{}";
  return report;
}

std::string plain(const Report& report) { return render(report, OutputFormat::kPlain, Style{}); }

TEST(RenderTest, PartsThatAreShownSumToTheTotalThatIsShown) {
  const std::string text = plain(small_report());
  EXPECT_NE(text.find("web\t33.33\t33.4%\tUSD"), std::string::npos) << text;
  EXPECT_NE(text.find("data\t33.33\t33.3%\tUSD"), std::string::npos) << text;
  EXPECT_NE(text.find("\t33.34\t33.3%\tUSD"), std::string::npos) << text;
  EXPECT_NE(text.find("total\t100.00\t100.0%\tUSD"), std::string::npos) << text;
}

TEST(RenderTest, EachCurrencyIsRoundedInItsOwnGrainAndToItsOwnTotal) {
  Report report = small_report();
  report.columns = {{"currency", "currency", CellKind::kText}, {"cost", "cost", CellKind::kMoney}};
  report.rows = {{Cell{std::string("JPY")}, Cell{dec("10.4")}},
                 {Cell{std::string("JPY")}, Cell{dec("10.4")}},
                 {Cell{std::string("USD")}, Cell{dec("1.005")}},
                 {Cell{std::string("USD")}, Cell{dec("1.005")}}};
  report.totals = {{Cell{std::string("JPY")}, Cell{dec("20.8")}},
                   {Cell{std::string("USD")}, Cell{dec("2.01")}}};
  report.provenance.currencies = {"JPY", "USD"};
  const std::string text = plain(report);
  EXPECT_NE(text.find("JPY\t11\nJPY\t10\nUSD\t1.01\nUSD\t1.00\nJPY\t21\nUSD\t2.01\n"),
            std::string::npos)
      << text;
}

TEST(RenderTest, AmountsBelowOneUnitKeepSixDecimals) {
  Report report = small_report();
  report.rows = {{Cell{std::string("tokens")}, Cell{dec("0.000123")}, Cell{1.0}}};
  report.totals = {{Cell{}, Cell{dec("0.000123")}, Cell{1.0}}};
  EXPECT_NE(plain(report).find("tokens\t0.000123"), std::string::npos);
}

TEST(RenderTest, JsonAndCsvAreExactAndNameTheCurrency) {
  const std::string json = render(small_report(), OutputFormat::kJson, Style{});
  EXPECT_NE(json.find("\"effective_cost\": \"33.333333333333333334\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"currency\": \"USD\""), std::string::npos);
  EXPECT_NE(json.find("\"schema_version\": 1"), std::string::npos);
  EXPECT_NE(json.find("\"team\": null"), std::string::npos);
  const std::string csv = render(small_report(), OutputFormat::kCsv, Style{});
  EXPECT_TRUE(csv.starts_with("team,effective_cost,share,currency\r\nweb,33.333333333333333333,"))
      << csv;
  EXPECT_EQ(csv.find("total"), std::string::npos)
      << "a total among the rows would be added up twice";
}

TEST(RenderTest, DataCannotBreakOutOfItsPlace) {
  Report report = small_report();
  report.rows[0][0] = Cell{std::string("=1+1\t\x1b[2J|\n\xff\"")};
  EXPECT_NE(render(report, OutputFormat::kCsv, Style{}).find("'=1+1"), std::string::npos);
  Style raw;
  raw.raw = true;
  EXPECT_EQ(render(report, OutputFormat::kCsv, raw).find("'=1+1"), std::string::npos);
  for (const OutputFormat format :
       {OutputFormat::kTable, OutputFormat::kPlain, OutputFormat::kMarkdown, OutputFormat::kJson}) {
    const std::string text = render(report, format, Style{});
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << static_cast<int>(format);
    EXPECT_EQ(text.find('\xff'), std::string::npos) << static_cast<int>(format);
  }
  const std::string markdown = render(report, OutputFormat::kMarkdown, Style{});
  EXPECT_NE(markdown.find("\\|"), std::string::npos) << markdown;
  // A negative amount is a number, not a formula.
  report.rows[0][1] = Cell{dec("-5")};
  EXPECT_NE(render(report, OutputFormat::kCsv, Style{}).find(",-5,"), std::string::npos);
}

TEST(RenderTest, NarrowTerminalsLosePicturesAndNamesButNeverDigits) {
  Report report = small_report();
  report.rows[0][0] = Cell{
      std::string("a very long name of a team that nobody can read in a narrow terminal window")};
  report.rows[0][1] = Cell{dec("1234567890.125")};
  for (int width = 40; width <= 120; ++width) {
    Style style;
    style.width = width;
    const std::string text = render(report, OutputFormat::kTable, style);
    EXPECT_NE(text.find("1,234,567,890.12"), std::string::npos) << text;
    const auto lines = split(text, '\n');
    for (std::size_t i = 0; i < 10 && i < lines.size(); ++i)
      EXPECT_LE(display_width(lines[i]), width) << lines[i];
  }
}

TEST(RenderTest, WithoutWideCharactersEveryByteIsAscii) {
  Report report = small_report();
  report.rows[0][0] = Cell{std::string("Zürich – 東京")};
  report.columns.push_back({"series", "trend", CellKind::kSeries});
  for (auto& row : report.rows) row.push_back(Cell{std::string("1 2 3")});
  report.totals[0].push_back(Cell{});
  report.notes = {"Δ is small…"};
  Style style;
  style.unicode = false;
  for (const char c : render(report, OutputFormat::kTable, style))
    ASSERT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST(RenderTest, ColourIsOnlyThereWhenAskedForAndNeverMovesAColumn) {
  Style coloured;
  coloured.color = true;
  std::string text = render(small_report(), OutputFormat::kTable, coloured);
  EXPECT_NE(text.find("\x1b["), std::string::npos);
  std::string bare;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
    } else {
      bare += text[i];
    }
  }
  EXPECT_EQ(bare, render(small_report(), OutputFormat::kTable, Style{}));
}

TEST(RenderTest, EveryOutputSaysWhereItsFiguresComeFrom) {
  Style style;
  style.width = 200;
  style.figure = "abc";
  for (const OutputFormat format :
       {OutputFormat::kTable, OutputFormat::kPlain, OutputFormat::kMarkdown}) {
    const std::string text = render(small_report(), format, style);
    EXPECT_NE(text.find("basis=effective currency=USD period=2026-07-01/2026-08-01 source=lake v4 "
                        "rows=1,234 reconciled=yes rules=1"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("abc"), std::string::npos);
  }
  for (const OutputFormat format : {OutputFormat::kJson, OutputFormat::kJsonLines}) {
    const std::string text = render(small_report(), format, style);
    EXPECT_NE(text.find("\"provenance\": {\"basis\": \"effective\""), std::string::npos) << text;
    EXPECT_NE(text.find("\"figure\": \"abc\""), std::string::npos);
  }
}

TEST(SparkTest, PicturesHaveTheWidthAskedForAndAZeroBaseLine) {
  const std::vector<double> values = {0, 50, 100};
  EXPECT_EQ(sparkline(values, 10, true), "▁▅█");
  EXPECT_EQ(sparkline(values, 10, false), "_+#");
  EXPECT_EQ(display_width(sparkline(std::vector<double>(31, 2.0), 24, true)), 24);
  EXPECT_EQ(sparkline({}, 10, true), "");
  EXPECT_EQ(bar(0.5, 10, true), "█████     ");
  EXPECT_EQ(bar(2, 4, false), "####");
  EXPECT_EQ(display_width(bar(0.333, 10, true)), 10);
}

}  // namespace
}  // namespace steelyard
