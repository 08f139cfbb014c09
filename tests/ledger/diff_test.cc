// The waterfall against plain rows: parts sum to the difference to the last digit, and each part
// means what its formula says.
#include "ledger/diff.h"

#include "ledger/fixture.h"

namespace steelyard::ledger_test {
namespace {

const char* const kParts[] = {"price", "usage",   "mix", "commitments", "new",
                              "gone",  "credits", "tax", "fees",        "rounding"};

Decimal part(const Report& report, const std::string& name, const std::string& currency = "USD") {
  for (const auto& row : report.rows) {
    if (text(report, row, "part") == name && text(report, row, "currency") == currency)
      return money(report, row, "amount");
  }
  ADD_FAILURE() << name;
  return {};
}

DiffQuestion june_to_july() {
  DiffQuestion question;
  question.before = month(6);
  question.after = month(7);
  return question;
}

Charge usage(const std::string& start, const char* sku, const char* quantity, const char* cost) {
  Charge row;
  row.start = start;
  row.sku = sku;
  row.quantity = dec(quantity);
  row.effective = row.billed = row.list = row.contracted = dec(cost);
  return row;
}

TEST(Diff, PartsSumToTheDifferenceForAnyRows) {
  auto duck = engine();
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const auto rows = random_charges(seed, 250);
    const auto charges = load(*duck, rows);
    for (const auto basis : {Basis::kBilled, Basis::kEffective, Basis::kList, Basis::kContracted}) {
      auto question = june_to_july();
      question.basis = basis;
      auto report = diff(*duck, charges, question);
      ASSERT_TRUE(report) << why(report);
      for (const char* currency : {"USD", "EUR"}) {
        Decimal before, after, parts;
        for (const auto& row : rows) {
          if (row.currency == currency)
            (row.start < "2026-07" ? before : after) += cost_of(row, basis);
        }
        EXPECT_EQ(part(*report, "before", currency), before);
        EXPECT_EQ(part(*report, "after", currency), after);
        for (const auto* name : kParts) parts += part(*report, name, currency);
        EXPECT_EQ(to_text(parts), to_text(after - before));
        const auto rounding = part(*report, "rounding", currency);
        EXPECT_LT(rounding.units < 0 ? -rounding.units : rounding.units, 1000)
            << "rounding is a matter of last digits";
      }
    }
  }
}

TEST(Diff, RowsByKeySumToTheTotals) {
  auto duck = engine();
  for (std::uint64_t seed = 20; seed < 24; ++seed) {
    const auto rows = random_charges(seed, 300);
    const auto charges = load(*duck, rows);
    auto question = june_to_july();
    question.by = {"resource", "tag:team"};
    question.limit = 4;
    auto report = diff(*duck, charges, question);
    ASSERT_TRUE(report) << why(report);
    for (const auto& total : report->totals) {
      std::map<std::string, Decimal> sums;
      for (const auto& row : report->rows) {
        if (text(*report, row, "currency") != text(*report, total, "currency")) continue;
        Decimal parts;
        for (const auto* name : kParts) {
          sums[name] += money(*report, row, name);
          parts += money(*report, row, name);
        }
        sums["before"] += money(*report, row, "before");
        sums["after"] += money(*report, row, "after");
        EXPECT_EQ(to_text(parts), to_text(money(*report, row, "change")));
      }
      for (const auto& [name, sum] : sums)
        EXPECT_EQ(to_text(sum), to_text(money(*report, total, name))) << name;
    }
  }
}

TEST(Diff, PriceUsageAndMixAreWhatTheFormulasSay) {
  auto duck = engine();
  // small: 10 h at 1.00 becomes 20 h at 1.10; large: 10 h at 4.00 stays.
  const auto charges = load(
      *duck, {usage("2026-06-01", "small", "10", "10"), usage("2026-06-01", "large", "10", "40"),
              usage("2026-07-01", "small", "20", "22"), usage("2026-07-01", "large", "10", "40")});
  auto report = diff(*duck, charges, june_to_july());
  ASSERT_TRUE(report) << why(report);
  EXPECT_EQ(to_text(part(*report, "price")), "2");   // 20 h x 0.10
  EXPECT_EQ(to_text(part(*report, "usage")), "25");  // 20 h became 30 h at the old average of 2.50
  EXPECT_EQ(to_text(part(*report, "mix")),
            "-15");  // but the ten more are small ones: 10 x (1.00 - 2.50)
  EXPECT_EQ(to_text(part(*report, "rounding")), "0");
  EXPECT_EQ(to_text(part(*report, "after") - part(*report, "before")), "12");
  EXPECT_TRUE(report->findings);
}

TEST(Diff, EachKindOfChargeHasItsOwnPart) {
  auto duck = engine();
  auto gone = usage("2026-06-01", "old", "1", "7");
  auto added = usage("2026-07-01", "fresh", "2", "5");
  auto covered_before = usage("2026-06-01", "vm", "10", "10");
  auto covered_after = usage("2026-07-01", "vm", "10", "10");
  covered_after.commitment = "sp-1";
  covered_after.status = "Used";
  covered_after.effective = dec("6");  // 4 less through the commitment, at the same price and usage
  auto unused = usage("2026-07-01", "vm", "3", "0");
  unused.commitment = "sp-1";
  unused.status = "Unused";
  unused.effective = dec("1");
  auto credit = usage("2026-07-01", "x", "1", "-2.5");
  credit.category = "Credit";
  auto tax = usage("2026-07-01", "x", "1", "0.75");
  tax.category = "Tax";
  tax.quantity.reset();
  auto fee = usage("2026-07-01", "x", "1", "3");
  fee.category = "Purchase";
  const auto charges =
      load(*duck, {gone, added, covered_before, covered_after, unused, credit, tax, fee});
  auto report = diff(*duck, charges, june_to_july());
  ASSERT_TRUE(report) << why(report);
  const std::map<std::string, std::string> expected = {
      {"price", "0"}, {"usage", "0"},   {"mix", "0"},        {"commitments", "-3"},
      {"new", "5"},   {"gone", "-7"},   {"credits", "-2.5"}, {"tax", "0.75"},
      {"fees", "3"},  {"rounding", "0"}};
  for (const auto& [name, amount] : expected)
    EXPECT_EQ(to_text(part(*report, name)), amount) << name;
}

TEST(Diff, ExtremeQuantitiesDoNotStopTheProgram) {
  auto duck = engine();
  const auto charges =
      load(*duck, {usage("2026-06-01", "a", "0.000000000000000001", "99999999999"),
                   usage("2026-07-01", "a", "9999999999999", "1"),
                   usage("2026-06-01", "b", "-1", "3"), usage("2026-07-01", "b", "1", "4")});
  auto report = diff(*duck, charges, june_to_july());
  ASSERT_TRUE(report) << why(report);
  EXPECT_EQ(part(*report, "fees"), part(*report, "after") - part(*report, "before"));
}

TEST(Diff, NothingChangedIsNoFinding) {
  auto duck = engine();
  const auto charges =
      load(*duck, {usage("2026-06-01", "a", "1", "2"), usage("2026-07-01", "a", "1", "2")});
  auto report = diff(*duck, charges, june_to_july());
  ASSERT_TRUE(report) << why(report);
  EXPECT_FALSE(report->findings);
}

}  // namespace
}  // namespace steelyard::ledger_test
