// Any figure of any report leads to the lines whose sum it is, and a changed line is noticed.
#include "ledger/explain.h"

#include "ledger/fixture.h"
#include "ledger/top.h"

namespace steelyard::ledger_test {
namespace {

TEST(Explain, EveryRowOfATopLeadsToLinesThatSumToIt) {
  auto duck = engine();
  const auto rows = random_charges(77, 300);
  const auto charges = load(*duck, rows);
  const std::vector<std::vector<std::string>> all = {
      {"service", "tag:team"}, {"resource", "category", "day"}, {"month"}, {"tag:a \"b\" key"}, {}};
  for (const auto& by : all) {
    TopQuestion question;
    question.by = by;
    question.limit = 4;
    question.where = *parse_filter("not (category=Tax and cost>1)");
    question.period = month(7);
    auto report = top(*duck, charges, question);
    ASSERT_TRUE(report) << why(report);
    for (std::size_t i = 0; i < report->rows.size(); ++i) {
      ExplainOptions options;
      options.row = static_cast<std::int64_t>(i);
      options.limit = 3;
      auto lines = explain(*duck, charges, report->question, options);
      ASSERT_TRUE(lines) << why(lines) << "\n" << report->question;
      EXPECT_EQ(money(*lines, lines->totals[0], "amount"),
                money(*report, report->rows[i], "effective_cost"));
      EXPECT_EQ(std::to_string(lines->provenance.rows), *text(*report, report->rows[i], "rows"));
      Decimal listed;
      for (const auto& row : lines->rows) listed += money(*lines, row, "amount");
      EXPECT_EQ(listed, money(*lines, lines->totals[0], "amount"));
      options.files_only = true;
      auto files = explain(*duck, charges, report->question, options);
      ASSERT_TRUE(files) << why(files);
      Decimal summed;
      for (const auto& row : files->rows) summed += money(*files, row, "amount");
      EXPECT_EQ(summed, listed);
    }
    for (const auto& total : report->totals) {
      ExplainOptions options;
      options.currency = *text(*report, total, "currency");
      auto lines = explain(*duck, charges, report->question, options);
      ASSERT_TRUE(lines) << why(lines);
      EXPECT_EQ(money(*lines, lines->totals[0], "amount"), money(*report, total, "effective_cost"));
    }
  }
}

TEST(Explain, AChangedLineStopsIt) {
  auto duck = engine();
  const auto charges = load(*duck, random_charges(78, 50));
  auto report = top(*duck, charges, {});
  ASSERT_TRUE(report);
  ASSERT_TRUE(
      duck->run("UPDATE charges SET EffectiveCost = EffectiveCost + CAST('0.000000000000000001' AS "
                "DECIMAL(38,18)) WHERE x_SourceRow = 2"));
  ExplainOptions usd;
  usd.currency = "USD";
  ExplainOptions eur;
  eur.currency = "EUR";
  auto first = explain(*duck, charges, report->question, usd);
  auto second = explain(*duck, charges, report->question, eur);
  ASSERT_NE(first.has_value(), second.has_value()) << "one of the two currencies was changed";
  EXPECT_EQ(first ? second.error().code : first.error().code, "SY1541");
}

TEST(Explain, IdsAreShortStableAndTellQuestionsApart) {
  EXPECT_EQ(figure_id("").size(), 10U);
  EXPECT_EQ(figure_id("abc"), figure_id("abc"));
  EXPECT_NE(figure_id("abc"), figure_id("abd"));
  // SHA-256 of "abc" begins ba7816bf 8f01cfea; in base32 that is xj4bnp4pahh6...
  EXPECT_EQ(figure_id("abc"), "xj4bnp4pah");
}

TEST(Explain, WhatIsNotAQuestionIsRefused) {
  auto duck = engine();
  const auto charges = load(*duck, random_charges(78, 5));
  for (const char* text : {"", "{}", "[]", "{\"schema\":1}", "null", "{\"schema\":2}"}) {
    auto lines = explain(*duck, charges, text, {});
    ASSERT_FALSE(lines) << text;
    EXPECT_EQ(lines.error().code, "SY1540");
    EXPECT_FALSE(scope_of(text));
  }
  auto report = top(*duck, charges, {});
  ASSERT_TRUE(report);
  ExplainOptions options;
  options.row = 1000;
  auto lines = explain(*duck, charges, report->question, options);
  ASSERT_FALSE(lines);
  EXPECT_EQ(lines.error().code, "SY1542");
}

}  // namespace
}  // namespace steelyard::ledger_test
