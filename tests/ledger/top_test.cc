// Top against an oracle of plain maps: every amount, the order, the rest in "other", the totals,
// the series.
#include <algorithm>

#include "ledger/top.h"

#include "ledger/fixture.h"

namespace steelyard::ledger_test {
namespace {

using Keys = std::vector<Text>;

struct Expected {
  Decimal amount, before;
  std::int64_t rows = 0;
};

std::map<std::string, std::map<Keys, Expected>> oracle(
    const std::vector<Charge>& rows, const std::function<Keys(const Charge&)>& keys, Basis basis,
    const std::string& month, const std::string& before) {
  std::map<std::string, std::map<Keys, Expected>> result;
  for (const auto& row : rows) {
    const bool now = month.empty() || row.start.substr(0, 7) == month;
    const bool earlier = !before.empty() && row.start.substr(0, 7) == before;
    if (!now && !earlier) continue;
    auto& expected = result[row.currency.value_or("")][keys(row)];
    if (now) expected.amount += cost_of(row, basis);
    if (now) ++expected.rows;
    if (earlier) expected.before += cost_of(row, basis);
  }
  return result;
}

TEST(Top, EveryRowEqualsTheOracle) {
  auto duck = engine();
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto rows = random_charges(seed, 400);
    const auto charges = load(*duck, rows);
    for (const auto basis : {Basis::kBilled, Basis::kEffective, Basis::kList, Basis::kContracted}) {
      TopQuestion question;
      question.by = {"service", "tag:team"};
      question.basis = basis;
      question.period = month(7);
      question.compare = true;
      question.limit = 0;
      auto report = top(*duck, charges, question);
      ASSERT_TRUE(report) << why(report);
      const auto expected = oracle(
          rows, [](const Charge& row) { return Keys{row.service, tag_of(row, "team")}; }, basis,
          "2026-07", "2026-06");
      const auto cost = std::string(name(basis)) + "_cost";
      std::size_t count = 0;
      for (const auto& [currency, groups] : expected) count += groups.size();
      ASSERT_EQ(report->rows.size(), count);
      for (const auto& row : report->rows) {
        const auto& group =
            expected.at(*text(*report, row, "currency"))
                .at({text(*report, row, "service"), text(*report, row, "tag:team")});
        EXPECT_EQ(to_text(money(*report, row, cost)), to_text(group.amount));
        EXPECT_EQ(to_text(money(*report, row, "before")), to_text(group.before));
        EXPECT_EQ(to_text(money(*report, row, "change")), to_text(group.amount - group.before));
        EXPECT_EQ(*text(*report, row, "rows"), std::to_string(group.rows));
      }
    }
  }
}

TEST(Top, OtherAndTotalsHoldTheRest) {
  auto duck = engine();
  const auto rows = random_charges(42, 500);
  const auto charges = load(*duck, rows);
  for (std::int64_t limit = 1; limit < 8; ++limit) {
    TopQuestion question;
    question.by = {"resource", "sku"};
    question.limit = limit;
    auto report = top(*duck, charges, question);
    ASSERT_TRUE(report) << why(report);
    std::map<std::string, Decimal> sums;
    Decimal last;
    std::string currency;
    std::int64_t place = 0;
    for (const auto& row : report->rows) {
      const auto here = *text(*report, row, "currency");
      const auto amount = money(*report, row, "effective_cost");
      sums[here] += amount;
      place = here == currency ? place + 1 : 1;
      if (place > 1 && place <= limit) {
        EXPECT_LE(amount, last);
      } else if (place == limit + 1) {
        EXPECT_EQ(text(*report, row, "resource")->substr(0, 7), "other (");
      }
      currency = here;
      last = amount;
    }
    ASSERT_EQ(report->totals.size(), 2U);
    for (const auto& total : report->totals) {
      Decimal all;
      const auto here = *text(*report, total, "currency");
      for (const auto& row : rows) {
        if (row.currency == here) all += row.effective;
      }
      EXPECT_EQ(money(*report, total, "effective_cost"), all);
      EXPECT_EQ(sums[here], all);
    }
  }
}

TEST(Top, SeriesSumToTheirRows) {
  auto duck = engine();
  const auto rows = random_charges(3, 500);
  const auto charges = load(*duck, rows);
  for (const auto grain : {Grain::kDay, Grain::kMonth}) {
    TopQuestion question;
    question.by = {"service", "account"};
    question.period = Period{{2026, 6, 1}, {2026, 8, 1}, "two months"};
    question.series = grain;
    question.limit = 3;
    auto report = top(*duck, charges, question);
    ASSERT_TRUE(report) << why(report);
    auto all = report->rows;
    all.insert(all.end(), report->totals.begin(), report->totals.end());
    for (const auto& row : all) {
      Decimal sum;
      const auto values = split(*text(*report, row, "series"), ' ');
      EXPECT_EQ(values.size(), grain == Grain::kDay ? 61U : 2U);
      for (const auto& value : values) sum += dec(value);
      EXPECT_EQ(to_text(sum), to_text(money(*report, row, "effective_cost")));
    }
  }
}

TEST(Top, TheSameQuestionGivesTheSameTextWhateverTheOrderOfRows) {
  auto duck = engine();
  auto rows = random_charges(9, 300);
  TopQuestion question;
  question.by = {"service", "region", "day"};
  question.limit = 5;
  auto first = top(*duck, load(*duck, rows), question);
  std::reverse(rows.begin(), rows.end());
  auto second = top(*duck, load(*duck, rows), question);
  ASSERT_TRUE(first && second) << why(first) << why(second);
  EXPECT_EQ(first->question, second->question);
}

TEST(Top, WithoutKeysThereIsOneRowPerCurrency) {
  auto duck = engine();
  const auto charges = load(*duck, random_charges(5, 100));
  TopQuestion question;
  question.by = {};
  auto report = top(*duck, charges, question);
  ASSERT_TRUE(report) << why(report);
  EXPECT_EQ(report->rows.size(), 2U);
  EXPECT_EQ(money(*report, report->rows[0], "effective_cost"),
            money(*report, report->totals[0], "effective_cost"));
}

TEST(Top, MistakesAreNamed) {
  auto duck = engine();
  const auto charges = load(*duck, random_charges(5, 10));
  const auto code = [&](std::vector<std::string> by, bool compare = false) {
    TopQuestion question;
    question.by = std::move(by);
    question.compare = compare;
    auto report = top(*duck, charges, question);
    return report ? std::string("none") : report.error().code;
  };
  EXPECT_EQ(code({"servcie"}), "SY1501");
  EXPECT_EQ(code({"tag:"}), "SY1502");
  EXPECT_EQ(code({"service", "ServiceName"}), "SY1503");
  EXPECT_EQ(code({"BilledCost"}), "SY1504");
  EXPECT_EQ(code({"service"}, true), "SY1505");
  TopQuestion question;
  question.by = {"tag:teem"};
  auto report = top(*duck, charges, question);
  ASSERT_TRUE(report);
  ASSERT_EQ(report->notes.size(), 2U);
  EXPECT_NE(report->notes[1].find("tag:team"), std::string::npos) << report->notes[1];
}

TEST(Top, ATotalThatIsNotWhatWasDeliveredIsNotShown) {
  auto duck = engine();
  Charge row;
  row.effective = dec("10");
  auto charges = load(*duck, {row});
  charges.version = 3;
  charges.currencies = {"USD"};
  ActiveDelivery delivery;
  delivery.record.billing_period = "2026-07";
  delivery.record.sums["USD"].out["EffectiveCost"] = dec("10");
  charges.deliveries = {delivery};
  EXPECT_TRUE(top(*duck, charges, {}));
  charges.deliveries[0].record.sums["USD"].out["EffectiveCost"] = dec("10.000000000000000001");
  auto report = top(*duck, charges, {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, "SY1530");
  TopQuestion some;
  some.where = *parse_filter("service=S3");
  EXPECT_TRUE(top(*duck, charges, some))
      << "a filtered question says nothing about whole deliveries";
}

}  // namespace
}  // namespace steelyard::ledger_test
