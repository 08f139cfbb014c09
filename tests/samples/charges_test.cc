// The identities of amortisation, slot by slot, on the truth itself (formats.md numbers 9, 11, 12).
#include "samples/charges.h"

#include <gtest/gtest.h>

#include <cstring>

namespace steelyard::samples {
namespace {

GenOptions options_of(GenGrain grain, std::int64_t rows, int months) {
  GenOptions options;
  options.rows = rows;
  options.months = months;
  options.grain = grain;
  return options;
}

void expect_commitments_add_up(const Enterprise& enterprise, int month_number) {
  const Month month(enterprise, month_number);
  Month::Scratch scratch;
  std::vector<Charge> charges;
  int with_unused = 0, with_used = 0;
  for (int s = 0; s < month.slots(); s += enterprise.slot_hours == 1 ? 7 : 1) {
    charges.clear();
    month.slot(s, View::kFocus12, scratch, charges);
    for (int c = 0; c < static_cast<int>(enterprise.commitments.size()); ++c) {
      const Commitment& commitment = enterprise.commitments[c];
      const std::int64_t hour = month.slot_hour(s);
      const bool alive = hour >= commitment.first_hour && hour < commitment.last_hour;
      std::int64_t used = 0, unused = 0, recurring = 0, quantity = 0;
      for (const Charge& charge : charges) {
        if (charge.commitment != c) continue;
        if (charge.kind == Kind::kCoveredSp || charge.kind == Kind::kCoveredRi) {
          used += charge.effective;
          quantity += charge.commitment_quantity;
          EXPECT_EQ(charge.billed, 0);
          EXPECT_GT(charge.quantity, 0);
        }
        if (charge.kind == Kind::kUnusedSp || charge.kind == Kind::kUnusedRi) {
          unused += charge.effective;
          quantity += charge.commitment_quantity;
          EXPECT_EQ(charge.billed, 0);
        }
        if (charge.kind == Kind::kRecurringSp || charge.kind == Kind::kRecurringRi) {
          recurring += charge.billed;
          EXPECT_EQ(charge.effective, 0) << "a covering purchase";
        }
      }
      const std::int64_t hours = alive ? enterprise.slot_hours : 0;
      EXPECT_EQ(used + unused, hours * (commitment.recurring + commitment.upfront))
          << commitment.id << " at hour " << hour;
      EXPECT_EQ(recurring, hours * commitment.recurring);
      if (alive && !commitment.savings_plan) {
        EXPECT_NEAR(static_cast<double>(quantity),
                    static_cast<double>(hours * commitment.quarters) * kUnit / 4, 8)
            << "units of a reservation";
      }
      with_unused += unused > 0;
      with_used += used > 0;
    }
  }
  EXPECT_GT(with_unused, 0);
  EXPECT_GT(with_used, 0);
}

TEST(Charges, EachHourOfACommitmentIsUsedOrUnusedToTheLastDigit) {
  const Enterprise enterprise = build_enterprise(options_of(GenGrain::kHourly, 400'000, 1));
  ASSERT_EQ(enterprise.slot_hours, 1);
  ASSERT_GE(enterprise.commitments.size(), 5U);
  expect_commitments_add_up(enterprise, 0);
}

TEST(Charges, EachDayOfACommitmentIsUsedOrUnusedToTheLastDigit) {
  const Enterprise enterprise = build_enterprise(options_of(GenGrain::kDaily, 100'000, 4));
  for (int m = 0; m < 4; ++m) expect_commitments_add_up(enterprise, m);
}

TEST(Charges, PlansOverlapWhenOneEnds) {
  const Enterprise enterprise = build_enterprise(options_of(GenGrain::kDaily, 100'000, 6));
  bool overlap = false;
  for (const Commitment& a : enterprise.commitments)
    for (const Commitment& b : enterprise.commitments)
      overlap |= a.savings_plan && b.savings_plan && a.last_hour > b.first_hour &&
                 a.last_hour < enterprise.month_hours.back() &&
                 b.first_hour > enterprise.month_hours.front();
  EXPECT_TRUE(overlap);
}

bool same(const Charge& a, const Charge& b) {
  return a.subject == b.subject && a.price == b.price && a.commitment == b.commitment &&
         a.tags == b.tags && a.pod == b.pod && a.kind == b.kind && a.late == b.late &&
         a.first_hour == b.first_hour && a.last_hour == b.last_hour && a.quantity == b.quantity &&
         a.list == b.list && a.contracted == b.contracted && a.billed == b.billed &&
         a.effective == b.effective && a.commitment_quantity == b.commitment_quantity &&
         a.upfront == b.upfront && a.unused == b.unused;
}

TEST(Charges, ASlotAloneIsTheSlotInTheWhole) {
  const GenOptions options = options_of(GenGrain::kHourly, 60'000, 2);
  const Enterprise whole = build_enterprise(options);
  const Month month(whole, 1);
  Month::Scratch scratch;
  std::vector<std::vector<Charge>> all(static_cast<std::size_t>(month.slots()));
  for (int s = 0; s < month.slots(); ++s)
    month.slot(s, View::kFocus14, scratch, all[static_cast<std::size_t>(s)]);
  for (int s : {0, 17, 400, month.slots() - 1}) {
    const Enterprise again = build_enterprise(options);
    Month::Scratch fresh;
    std::vector<Charge> alone;
    Month(again, 1).slot(s, View::kFocus14, fresh, alone);
    const auto& expected = all[static_cast<std::size_t>(s)];
    ASSERT_EQ(alone.size(), expected.size());
    for (std::size_t i = 0; i < alone.size(); ++i)
      EXPECT_TRUE(same(alone[i], expected[i])) << "slot " << s << " row " << i;
  }
}

TEST(Charges, PodsOfAHostSumToTheHost) {
  const Enterprise enterprise = build_enterprise(options_of(GenGrain::kDaily, 100'000, 1));
  const Month month(enterprise, 0);
  Month::Scratch scratch;
  std::vector<Charge> whole, split;
  month.slot(3, View::kFocus12, scratch, whole);
  month.slot(3, View::kFocus14, scratch, split);
  EXPECT_GT(split.size(), whole.size());
  ProviderSums a, b;
  for (const Charge& charge : whole) a.add(charge);
  for (const Charge& charge : split) b.add(charge);
  EXPECT_TRUE(a.billed == b.billed && a.effective == b.effective && a.list == b.list &&
              a.contracted == b.contracted);
}

TEST(Charges, PlannedRowsAreTheRowsMade) {
  const Enterprise enterprise = build_enterprise(options_of(GenGrain::kDaily, 50'000, 1));
  const Month month(enterprise, 0);
  const RangeSums sums = month.sum(0, month.slots());
  Month::Scratch scratch;
  for (int v = 0; v < kViews; ++v)
    for (int s = 0; s < month.slots(); ++s) {
      std::vector<Charge> charges;
      month.slot(s, static_cast<View>(v), scratch, charges);
      EXPECT_EQ(sums.slots[static_cast<std::size_t>(s)].rows[v],
                static_cast<std::int64_t>(charges.size()))
          << "view " << v << " slot " << s;
    }
}

TEST(Charges, MultiplyRoundsHalfToEven) {
  EXPECT_EQ(multiply_e10(1, kUnit / 2), 0);
  EXPECT_EQ(multiply_e10(3, kUnit / 2), 2);
  EXPECT_EQ(multiply_e10(-3, kUnit / 2), -2);
  EXPECT_EQ(multiply_e10(5, kUnit / 2), 2);
  EXPECT_EQ(multiply_e10(200'000'000, 671), 13) << "0.02 x 6.71E-8 is 1.3E-9 in a real report";
  EXPECT_EQ(multiply_e10(900'000 * kUnit / 1000, 900 * kUnit), 810'000 * kUnit)
      << "beyond 64 bits on the way";
}

}  // namespace
}  // namespace steelyard::samples
