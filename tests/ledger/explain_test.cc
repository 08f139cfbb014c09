// Any figure of any report leads to the lines whose sum it is, and a changed line is noticed.
#include "ledger/explain.h"

#include "ledger/diff.h"
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

/// Explains one amount of a report; the sum of its lines, or of its items, is what it must be.
void expect_explained(Engine& engine, const Charges& charges, const Report& report,
                      ExplainOptions options, Decimal amount) {
  options.limit = 2;
  auto lines = explain(engine, charges, report.question, options);
  ASSERT_TRUE(lines) << why(lines) << "\nrow " << options.row << " " << options.column;
  EXPECT_EQ(money(*lines, lines->totals[0], "amount"), amount);
  Decimal listed;
  for (const auto& row : lines->rows) listed += money(*lines, row, "amount");
  EXPECT_EQ(listed, amount);
  // Items lead on to the lines behind their change.
  auto scope = scope_of(lines->question);
  ASSERT_TRUE(scope) << why(scope);
  if (scope->rows == 0) return;
  for (const char* column : {"change", "before"}) {
    ExplainOptions further;
    further.row = 0;
    further.column = column;
    auto of_item = explain(engine, charges, lines->question, further);
    ASSERT_TRUE(of_item) << why(of_item) << "\n" << lines->question;
    EXPECT_EQ(money(*of_item, of_item->totals[0], "amount"), money(*lines, lines->rows[0], column));
    EXPECT_GT(of_item->provenance.rows, 0);
  }
}

TEST(Explain, EveryPartOfADifferenceLeadsToWhatItIsMadeOf) {
  auto duck = engine();
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const auto charges = load(*duck, random_charges(seed, 150));
    DiffQuestion question;
    question.before = month(6);
    question.after = month(7);
    question.billing = seed == 2;
    question.basis = seed == 2 ? Basis::kBilled : Basis::kEffective;
    question.where = *parse_filter("not (account=12 and cost>1000)");
    auto whole = diff(*duck, charges, question);
    ASSERT_TRUE(whole) << why(whole);
    for (std::size_t i = 0; i < whole->rows.size(); ++i) {
      ExplainOptions options;
      options.row = static_cast<std::int64_t>(i);
      expect_explained(*duck, charges, *whole, options, money(*whole, whole->rows[i], "amount"));
    }
    question.by = {"region", "tag:team"};
    question.limit = 1;
    auto by = diff(*duck, charges, question);
    ASSERT_TRUE(by) << why(by);
    const auto check = [&](const std::vector<Cell>& row, ExplainOptions options) {
      for (const auto& column : by->columns) {
        if (column.kind != CellKind::kMoney && column.kind != CellKind::kChange) continue;
        options.column = column.name;
        options.currency = *text(*by, row, "currency");
        expect_explained(*duck, charges, *by, options, money(*by, row, column.name));
      }
    };
    for (std::size_t i = 0; i < by->rows.size(); ++i) {
      ExplainOptions options;
      options.row = static_cast<std::int64_t>(i);
      check(by->rows[i], options);
    }
    for (const auto& total : by->totals) check(total, {});
  }
}

TEST(Explain, TheAmountsOfAComparisonAreExplainedToo) {
  auto duck = engine();
  const auto charges = load(*duck, random_charges(9, 200));
  TopQuestion question;
  question.by = {"service"};
  question.limit = 2;
  question.compare = true;
  for (const bool billing : {false, true}) {
    question.period = billing ? std::optional<Period>() : month(7);
    question.billing_period = billing ? month(7) : std::optional<Period>();
    auto report = top(*duck, charges, question);
    ASSERT_TRUE(report) << why(report);
    for (std::size_t i = 0; i < report->rows.size(); ++i) {
      ExplainOptions options;
      options.row = static_cast<std::int64_t>(i);
      for (const char* column : {"", "before", "change"}) {
        options.column = column;
        expect_explained(*duck, charges, *report, options,
                         money(*report, report->rows[i], *column ? column : "effective_cost"));
      }
      options.column = "price";
      auto none = explain(*duck, charges, report->question, options);
      ASSERT_FALSE(none);
      EXPECT_EQ(none.error().code, "SY1542");
      EXPECT_EQ(none.error().fix, "it has before, change");
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
