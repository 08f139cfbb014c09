// Two deliveries of one month: each changed line gets its class, and the classes sum to the
// difference.
#include <algorithm>

#include "ledger/diff.h"
#include "ledger/explain.h"
#include "ledger/lake_fixture.h"
#include "ledger/top.h"

namespace steelyard::ledger_test {
namespace {

class VersionsTest : public LakeTest {
 protected:
  std::map<std::string, std::string> classes(VersionDiffQuestion question = {}) {
    if (question.before < 0) {
      question.before = 0;
      question.after = 1;
    }
    auto report = diff_versions(*engine_, *store_, question);
    EXPECT_TRUE(report) << why(report);
    std::map<std::string, std::string> result;
    if (!report) return result;
    Decimal sum;
    for (const auto& row : report->rows) {
      result[*text(*report, row, "class")] = *text(*report, row, "lines_before") + " " +
                                             *text(*report, row, "lines_after") + " " +
                                             to_text(money(*report, row, "change"));
      sum += money(*report, row, "change");
    }
    if (!report->totals.empty()) {
      EXPECT_EQ(money(*report, report->totals[0], "change"), sum);
    }
    EXPECT_EQ(report->findings, !report->rows.empty());
    return result;
  }
  using Classes = std::map<std::string, std::string>;

  /// Explains every amount of a comparison; the states of the lines behind each row, as "was is".
  Classes explained(const VersionDiffQuestion& question) {
    Classes states;
    auto report = diff_versions(*engine_, *store_, question);
    EXPECT_TRUE(report) << why(report);
    if (!report) return states;
    ViewOptions newest;
    newest.version = question.after;
    const auto charges = open(newest);
    const auto check = [&](const std::vector<Cell>& row, ExplainOptions options) {
      options.store = store_.get();
      for (const char* column : {"change", "before"}) {
        options.column = column;
        options.currency = *text(*report, row, "currency");
        auto lines = explain(*engine_, charges, report->question, options);
        EXPECT_TRUE(lines) << why(lines) << "\n" << report->question;
        if (!lines) continue;
        EXPECT_EQ(money(*lines, lines->totals[0], "amount"), money(*report, row, column));
        Decimal listed;
        std::string seen;
        for (const auto& line : lines->rows) {
          listed += money(*lines, line, "amount");
          EXPECT_TRUE(text(*lines, line, "file")) << "each line has its file";
          seen += (seen.empty() ? "" : " ") + *text(*lines, line, "state");
        }
        EXPECT_EQ(listed, money(*report, row, column));
        if (options.column == "change" && options.row >= 0)
          states[*text(*report, row, "class")] = seen;
      }
    };
    // Each explanation compares the versions again, so not all of many rows.
    for (std::size_t i = 0; i < std::min<std::size_t>(report->rows.size(), 9); ++i) {
      ExplainOptions options;
      options.row = static_cast<std::int64_t>(i);
      check(report->rows[i], options);
    }
    for (const auto& total : report->totals) check(total, {});
    return states;
  }
};

TEST_F(VersionsTest, EveryClassIsToldApart) {
  std::vector<Line> lines(8);
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i].resource = "i-" + std::to_string(i);
  load("a.csv", focus_csv(lines));
  auto later = lines;
  later[0].team = "data";                        // retag
  later[1].cost = "0.9";                         // re-rate
  later[2].effective = "0.4";                    // restated amortisation
  later[3].quantity = "2", later[3].cost = "2";  // restated usage
  later[4].description = "renamed";              // relabelled
  later.erase(later.begin() + 5);                // removed
  Line late;
  late.resource = "i-late", late.cost = "0.25";
  later.push_back(late);
  Line refund;
  refund.category = "Credit", refund.cost = "-3", refund.resource = "";
  later.push_back(refund);
  Line tax;
  tax.category = "Tax", tax.cost = "0.7", tax.resource = "";
  later.push_back(tax);
  load("b.csv", focus_csv(later));
  EXPECT_EQ(classes(), (Classes{{"retag", "1 1 0"},
                                {"re-rate", "1 1 -0.1"},
                                {"restated amortisation", "1 1 -0.6"},
                                {"restated usage", "1 1 1"},
                                {"relabelled", "1 1 0"},
                                {"removed", "1 0 -1"},
                                {"late usage", "0 1 0.25"},
                                {"refund", "0 1 -3"},
                                {"late charge", "0 1 0.7"}}));
  VersionDiffQuestion question;
  question.before = 0, question.after = 1;
  question.basis = Basis::kBilled;
  EXPECT_EQ(classes(question).at("restated amortisation"), "1 1 0");
  question.where = *parse_filter("resource=i-1");
  EXPECT_EQ(classes(question), (Classes{{"re-rate", "1 1 -0.1"}}));
  question.where = {};
  EXPECT_EQ(explained(question), (Classes{{"retag", "was is"},
                                          {"re-rate", "was is"},
                                          {"restated amortisation", "was is"},
                                          {"restated usage", "was is"},
                                          {"relabelled", "was is"},
                                          {"removed", "went"},
                                          {"late usage", "came"},
                                          {"refund", "came"},
                                          {"late charge", "came"}}));
}

TEST_F(VersionsTest, ABillThatGetsItsInvoiceSaysNothingElse) {
  std::vector<Line> lines(3);
  for (auto& line : lines) line.invoice = "";
  lines[1].day = 2, lines[2].day = 3;
  load("a.csv", focus_csv(lines));
  for (auto& line : lines) line.invoice = "INV-7";
  lines[2].team = "data";
  load("b.csv", focus_csv(lines));
  EXPECT_EQ(classes(), (Classes{{"invoiced", "2 2 0"}, {"retag", "1 1 0"}}));
}

TEST_F(VersionsTest, OrderAndCopiesOfLinesAreNoChange) {
  std::vector<Line> lines(6);
  lines[3].day = 2, lines[4].day = 3;
  load("a.csv", focus_csv(lines));
  std::reverse(lines.begin(), lines.end());
  Line more;
  more.day = 9;
  lines.push_back(more);
  load("b.csv", focus_csv(lines));
  EXPECT_EQ(classes(), (Classes{{"late usage", "0 1 1"}}));
}

TEST_F(VersionsTest, OneOfSeveralEqualLinesThatLeavesIsOneRemovedLine) {
  load("a.csv", focus_csv(std::vector<Line>(4)));
  load("b.csv", focus_csv(std::vector<Line>(3)));
  EXPECT_EQ(classes(), (Classes{{"removed", "1 0 -1"}}));
}

TEST_F(VersionsTest, OtherMonthsAreNotTouched) {
  load("a.csv", focus_csv(std::vector<Line>(2)));
  auto august = std::vector<Line>(3);
  for (auto& line : august) line.month = 8;
  load("b.csv", focus_csv(august));
  august[0].cost = "5";
  load("c.csv", focus_csv(august));
  VersionDiffQuestion question;
  question.before = 1, question.after = 2;
  EXPECT_EQ(classes(question), (Classes{{"re-rate", "1 1 4"}}));
  question.before = 2;
  EXPECT_EQ(classes(question), Classes{});
}

TEST_F(VersionsTest, RandomDeliveriesSumToTheDifferenceOfTheirTotals) {
  std::mt19937_64 random(5);
  const auto some = [&] {
    std::vector<Line> lines(60);
    for (auto& line : lines) {
      line.resource = "i-" + std::to_string(random() % 9);
      line.sku = "sku-" + std::to_string(random() % 3);
      line.cost = to_text(Decimal{static_cast<Int128>(random() % 100000)});
      line.effective = to_text(Decimal{static_cast<Int128>(random() % 100000)});
      line.quantity = std::to_string(random() % 3 + 1);
      line.team = random() % 2 ? "web" : "data";
      line.day = 1 + static_cast<int>(random() % 3);
      line.category = random() % 8 ? "Usage" : "Credit";
    }
    return lines;
  };
  load("0.csv", focus_csv(some()));
  for (int i = 1; i < 4; ++i) {
    load(std::to_string(i) + ".csv", focus_csv(some()));
    VersionDiffQuestion question;
    question.before = i - 1;
    question.after = i;
    question.by = {"tag:team", "sku"};
    auto report = diff_versions(*engine_, *store_, question);
    ASSERT_TRUE(report) << why(report);
    Decimal totals[2];
    for (int side = 0; side < 2; ++side) {
      ViewOptions options;
      options.version = i - 1 + side;
      auto whole = top(*engine_, open(options), {});
      ASSERT_TRUE(whole) << why(whole);
      totals[side] = money(*whole, whole->totals[0], "effective_cost");
    }
    Decimal sum;
    for (const auto& row : report->rows) sum += money(*report, row, "change");
    EXPECT_EQ(to_text(sum), to_text(totals[1] - totals[0]));
    if (i == 3) {
      EXPECT_FALSE(explained(question).empty());
    }
  }
}

}  // namespace
}  // namespace steelyard::ledger_test
