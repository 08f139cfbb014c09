// The identities of amortisation, slot by slot, on the truth itself (formats.md numbers 9, 11, 12).
#include "samples/charges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "base/time.h"

namespace steelyard::samples {
namespace {

GenOptions options_of(GenGrain grain, std::int64_t rows, int months) {
  GenOptions options;
  options.rows = rows;
  options.months = months;
  options.grain = grain;
  return options;
}

/// Returns how often something was unused.
int expect_commitments_add_up(const Enterprise& enterprise, int month_number) {
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
      // Billed ahead for the month, or with each slot.
      const std::int64_t first = std::max(commitment.first_hour, month.first_hour());
      const std::int64_t due = !commitment.monthly ? hours
                               : hour == first
                                   ? std::min(commitment.last_hour, month.last_hour()) - first
                                   : 0;
      EXPECT_EQ(recurring, due * commitment.recurring) << commitment.id << " at hour " << hour;
      if (!alive) {
        EXPECT_EQ(quantity, 0) << "before it was bought or after it was given back";
      }
      if (alive && !commitment.savings_plan) {
        EXPECT_NEAR(static_cast<double>(quantity),
                    static_cast<double>(hours * commitment.quarters) * kUnit / 4, 8)
            << "units of a reservation";
      }
      with_unused += unused > 0;
      with_used += used > 0;
    }
  }
  EXPECT_GT(with_used, 0);
  return with_unused;
}

TEST(Charges, EachHourOfACommitmentIsUsedOrUnusedToTheLastDigit) {
  const Enterprise enterprise = build_enterprise(options_of(GenGrain::kHourly, 400'000, 1));
  ASSERT_EQ(enterprise.slot_hours, 1);
  ASSERT_GE(enterprise.commitments.size(), 5U);
  EXPECT_GT(expect_commitments_add_up(enterprise, 0), 0);
}

TEST(Charges, EachDayOfACommitmentIsUsedOrUnusedToTheLastDigit) {
  const Enterprise enterprise = build_enterprise(options_of(GenGrain::kDaily, 100'000, 4));
  // In the middle the reservation that is too large is exchanged.
  EXPECT_GT(expect_commitments_add_up(enterprise, 0), 0);
  for (int m = 1; m < 4; ++m) expect_commitments_add_up(enterprise, m);
}

TEST(Charges, TagsAndPricesGrowWithTheEnterprise) {
  std::size_t keys_before = 0, prices_before = 0;
  const std::pair<std::int64_t, int> sizes[] = {{12'000, 3}, {200'000, 6}, {800'000, 1}};
  for (const auto& [rows, months] : sizes) {
    const Enterprise enterprise = build_enterprise(options_of(GenGrain::kDaily, rows, months));
    std::map<std::string, int> used;
    std::map<int, int> by_account;
    int untagged = 0, aws = 0;
    for (std::size_t s = 0; s < enterprise.resources; ++s) {
      const Subject& subject = enterprise.subjects[s];
      untagged += subject.tags_late == 0;
      for (const auto& [key, value] : enterprise.tag_sets[subject.tags_late]) ++used[key];
      if (subject.provider != Provider::kAws) continue;
      ++aws;
      ++by_account[subject.account];
    }
    std::size_t late = 0;
    for (const TagKey& key : enterprise.tag_keys) {
      late += key.late;
      if (!key.late) continue;
      for (std::size_t s = 0; s < enterprise.resources; ++s)
        for (const auto& [name, value] : enterprise.tag_sets[enterprise.subjects[s].tags_early])
          ASSERT_NE(name, key.name) << "before it is activated";
    }
    EXPECT_GE(late, 2U);
    EXPECT_GE(enterprise.tag_keys.size(), 5U);
    EXPECT_LE(enterprise.tag_keys.size(), 200U);
    EXPECT_GT(enterprise.tag_keys.size(), keys_before);
    EXPECT_GT(enterprise.prices.size(), prices_before);
    keys_before = enterprise.tag_keys.size();
    prices_before = enterprise.prices.size();
    const double share = static_cast<double>(untagged) / static_cast<double>(enterprise.resources);
    EXPECT_GT(share, 0.3) << rows;
    EXPECT_LT(share, 0.6) << rows;
    // The account that is used most has more than its even share by far.
    int most = 0;
    for (const auto& [account, count] : by_account) most = std::max(most, count);
    EXPECT_GT(most * static_cast<int>(by_account.size()), 2 * aws) << rows;
    if (rows < 200'000) continue;
    EXPECT_GT(used["project"], 2 * used["backup"]) << "the first of the further keys, the fourth";
    EXPECT_GT(used["project"], 0);
    EXPECT_GT(used["Stack"], 0) << "another spelling of a key";
  }
  EXPECT_EQ(keys_before, 200U);
  EXPECT_GE(prices_before, 300U);
}

/// Used and unused parts of what Microsoft and Google sold; each covers its own provider's usage.
TEST(Charges, EachProviderHasCommitmentsThatAreUsedAndUnused) {
  for (const std::uint64_t seed : {1, 2}) {
    GenOptions options = options_of(GenGrain::kDaily, 20'000, 3);
    options.seed = seed;
    const Enterprise enterprise = build_enterprise(options);
    std::set<std::pair<std::string_view, Kind>> found;
    for (int m = 0; m < 3; ++m) {
      const Month month(enterprise, m);
      Month::Scratch scratch;
      std::vector<Charge> charges;
      for (int s = 0; s < month.slots(); ++s) month.slot(s, View::kFocus12, scratch, charges);
      for (const Charge& charge : charges) {
        if (charge.commitment < 0 || charge.commitment >= capacity_key(enterprise, 0)) continue;
        const Commitment& commitment = enterprise.commitments[charge.commitment];
        found.insert({type_of(commitment), charge.kind});
        ASSERT_EQ(enterprise.subjects[charge.subject].provider, commitment.provider);
        EXPECT_EQ(charge.list, charge.price < 0 ? 0
                                                : multiply_e10(enterprise.prices[charge.price].list,
                                                               charge.quantity));
      }
    }
    for (const auto& expected : std::set<std::pair<std::string_view, Kind>>{
             {"Reservation", Kind::kUpfrontRi},
             {"Reservation", Kind::kRecurringRi},
             {"Reservation", Kind::kCoveredRi},
             {"Reservation", Kind::kUnusedRi},
             {"Resource-Based Commitment", Kind::kRecurringRi},
             {"Resource-Based Commitment", Kind::kCoveredRi},
             {"Resource-Based Commitment", Kind::kUnusedRi},
             {"Spend-Based Commitment", Kind::kRecurringSp},
             {"Spend-Based Commitment", Kind::kCoveredSp}})
      EXPECT_TRUE(found.contains(expected))
          << "seed " << seed << ": " << expected.first << " " << static_cast<int>(expected.second);
  }
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

/// Over its whole life, or until it is given back, what was paid is what its time cost.
TEST(Charges, WhatIsGivenBackIsPaidBackForTheTimeThatDoesNotCome) {
  const Enterprise enterprise = build_enterprise(options_of(GenGrain::kDaily, 100'000, 4));
  int returned = 0, exchanged = 0;
  std::vector<std::int64_t> paid(enterprise.commitments.size()), cost(paid.size());
  for (int m = 0; m < 4; ++m) {
    const Month month(enterprise, m);
    Month::Scratch scratch;
    std::vector<Charge> charges;
    for (int s = 0; s < month.slots(); ++s) month.slot(s, View::kFocus12, scratch, charges);
    for (const Charge& charge : charges) {
      if (charge.commitment < 0 || charge.commitment >= static_cast<int>(paid.size())) continue;
      paid[charge.commitment] += charge.billed;
      cost[charge.commitment] += charge.effective;
      if (charge.kind != Kind::kReturnSp && charge.kind != Kind::kReturnRi) continue;
      const Commitment& commitment = enterprise.commitments[charge.commitment];
      EXPECT_LT(charge.billed, 0);
      EXPECT_EQ(charge.effective, 0);
      EXPECT_EQ(charge.last_hour, commitment.last_hour);
      EXPECT_EQ(-charge.billed, commitment.upfront * (commitment.term_end - commitment.last_hour));
      EXPECT_EQ(charge.list, multiply_e10(enterprise.prices[charge.price].list, charge.quantity));
      ++(commitment.exchanged ? exchanged : returned);
    }
  }
  EXPECT_EQ(returned, 2);
  EXPECT_EQ(exchanged, 1);
  for (std::size_t c = 0; c < paid.size(); ++c) {
    const Commitment& commitment = enterprise.commitments[c];
    if (commitment.first_hour >= enterprise.month_hours.front() && commitment.given_back()) {
      EXPECT_EQ(paid[c], cost[c]) << commitment.name << ": bought and returned in the bill";
    }
  }
}

/// Credits are drawn down in order to exactly nothing, then usage is billed; what is left at the
/// end of a year expires.
TEST(Charges, ACapacityCoversUntilNothingIsLeft) {
  GenOptions options = options_of(GenGrain::kDaily, 60'000, 26);
  const Enterprise enterprise = build_enterprise(options);
  ASSERT_EQ(enterprise.capacities.size(), 3U);
  std::vector<std::int64_t> bought(3), used(3), expired(3), billed(3), cost(3);
  bool ran_out = false;
  for (int m = 0; m < 24; ++m) {
    const Month month(enterprise, m);
    if (m % 12 == 0) ran_out = false;
    Month::Scratch scratch;
    std::vector<Charge> charges;
    for (int s = 0; s < month.slots(); ++s) month.slot(s, View::kFocus14, scratch, charges);
    for (const Charge& charge : charges) {
      const std::int64_t credits = charge.price < 0 ? 0 : enterprise.prices[charge.price].credits;
      if (charge.kind == Kind::kUsage && credits > 0) ran_out = true;
      if (charge.commitment < capacity_key(enterprise, 0)) continue;
      const int k = charge.commitment - capacity_key(enterprise, 0);
      EXPECT_EQ(k, m / 12);
      billed[k] += charge.billed;
      cost[k] += charge.effective;
      if (charge.kind == Kind::kCapacity) {
        bought[k] += charge.commitment_quantity;
        EXPECT_EQ(enterprise.subjects[charge.subject].provider, Provider::kAws);
        EXPECT_EQ(charge.effective, 0);
      } else if (charge.kind == Kind::kCoveredCredits) {
        EXPECT_FALSE(ran_out) << "covered after usage was billed";
        EXPECT_EQ(enterprise.subjects[charge.subject].provider, Provider::kFjord);
        EXPECT_EQ(charge.billed, 0);
        EXPECT_EQ(charge.commitment_quantity, multiply_e10(charge.quantity, credits));
        // To the last digit: no rest is rounded away.
        EXPECT_TRUE(static_cast<__int128>(enterprise.prices[charge.price].contracted) *
                        charge.quantity ==
                    static_cast<__int128>(charge.effective) * kUnit);
        EXPECT_EQ(charge.effective, multiply_e10(kCreditContracted, charge.commitment_quantity));
        used[k] += charge.commitment_quantity;
      } else {
        ASSERT_EQ(charge.kind, Kind::kUnusedCredits);
        EXPECT_EQ(charge.last_hour, enterprise.capacities[k].last_hour);
        expired[k] += charge.commitment_quantity;
      }
    }
    if (m % 12 == 11) {
      EXPECT_EQ(ran_out, m == 11);
    }
  }
  for (int k = 0; k < 2; ++k) {
    EXPECT_EQ(bought[k], enterprise.capacities[k].credits);
    EXPECT_EQ(bought[k], used[k] + expired[k]);
    EXPECT_EQ(billed[k], cost[k]) << "all that was paid is somebody's cost in the end";
  }
  EXPECT_EQ(expired[0], 0);
  EXPECT_GT(expired[1], 0);
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

/// Machine hours of a month by (first generation's family, generation), whoever runs them.
std::map<int, double> machines_by_generation(const Enterprise& enterprise, int month_number) {
  std::vector<int> generation(instance_types().size(), 0);
  for (int t = 0; t < static_cast<int>(generation.size()); ++t)
    if (const int next = successor_of(t); next >= 0) generation[next] = generation[t] + 1;
  const Month month(enterprise, month_number);
  Month::Scratch scratch;
  std::vector<Charge> charges;
  for (int s = 0; s < month.slots(); ++s) month.slot(s, View::kFocus12, scratch, charges);
  std::map<int, double> hours;
  for (const Charge& charge : charges) {
    if (charge.kind != Kind::kUsage && charge.kind != Kind::kCoveredRi &&
        charge.kind != Kind::kCoveredSp)
      continue;
    const int type = enterprise.prices[charge.price].type;
    if (type < 0) continue;
    const bool replaced = generation[type] > 0 || successor_of(type) >= 0;
    hours[replaced ? generation[type] : -1] += static_cast<double>(charge.quantity) / kUnit;
  }
  return hours;
}

/// A first generation is gone 74 weeks after the beginning at the latest, and work goes on.
TEST(Charges, MachinesAreReplacedGenerationByGeneration) {
  for (const std::uint64_t seed : {1, 2}) {
    GenOptions options = options_of(GenGrain::kDaily, 200'000, 24);
    options.seed = seed;
    const Enterprise enterprise = build_enterprise(options);
    auto first = machines_by_generation(enterprise, 0),
         middle = machines_by_generation(enterprise, 9),
         last = machines_by_generation(enterprise, 23);
    EXPECT_GT(first[0], 0) << seed;
    EXPECT_GT(middle[1], first[1]) << seed;
    EXPECT_EQ(first[2], 0) << seed << ": not out yet";
    EXPECT_EQ(last[0], 0) << seed;
    EXPECT_GT(last[2], middle[2]) << seed;
    EXPECT_GT(last[1] + last[2], (first[0] + first[1]) / 3) << seed;
  }
}

/// Before and after: the generations of a fleet are all its machines.
TEST(Charges, TheGenerationsOfAFleetAreAllOfIt) {
  const Enterprise enterprise = build_enterprise(options_of(GenGrain::kHourly, 300'000, 18));
  for (const Fleet& fleet : enterprise.fleets)
    for (std::size_t k = 1; k < fleet.migrations.size(); ++k)
      EXPECT_GE(fleet.migrations[k].first_hour, fleet.migrations[k - 1].last_hour);
  for (std::int64_t hour = enterprise.month_hours.front(); hour < enterprise.month_hours.back();
       hour += 7 * 24 + 5)
    for (int f = 0; f < static_cast<int>(enterprise.fleets.size()); ++f) {
      std::int64_t sum = 0;
      Line line{};
      line.fleet = f;
      for (; line.generation <= static_cast<int>(enterprise.fleets[f].migrations.size());
           ++line.generation) {
        const std::int64_t machines = machine_hours(enterprise, line, hour, 1);
        EXPECT_GE(machines, 0);
        sum += machines;
      }
      const std::int64_t level =
          enterprise.fleets[f]
              .levels[static_cast<std::size_t>((hour - enterprise.month_hours.front()) / (7 * 24))];
      EXPECT_EQ(sum == 0, level == 0);
      EXPECT_LE(sum, level * 103 / 100 / 1'000'000 + 1);
      // A day is its hours.
      if (f == 0) {
        std::int64_t hours = 0;
        line.generation = 0;
        for (int h = 0; h < 24; ++h)
          hours += machine_hours(enterprise, line, hour / 24 * 24 + h, 1);
        EXPECT_EQ(machine_hours(enterprise, line, hour / 24 * 24, 24), hours);
      }
    }
}

TEST(Charges, AnAccountThatIsClosedRunsNothing) {
  const Enterprise enterprise = build_enterprise(options_of(GenGrain::kDaily, 100'000, 12));
  std::set<int> closed;
  std::int64_t ran = 0;
  for (int m = 0; m < 12; ++m) {
    const Month month(enterprise, m);
    Month::Scratch scratch;
    std::vector<Charge> charges;
    for (int s = 0; s < month.slots(); ++s) month.slot(s, View::kFocus12, scratch, charges);
    for (const Charge& charge : charges) {
      if (charge.kind != Kind::kUsage) continue;
      const int account = enterprise.subjects[charge.subject].account;
      const std::int64_t closes = enterprise.accounts[account].closes;
      if (closes == INT64_MAX) continue;
      closed.insert(account);
      ++ran;
      EXPECT_LE(charge.last_hour, closes);
    }
  }
  EXPECT_GT(ran, 0);
  EXPECT_GE(closed.size(), 1U);
}

TEST(Charges, NightsWeekendsAndTheEndOfTheYearAreQuiet) {
  const auto at = [](Date date, int hour) { return busy(days_from_civil(date) * 24 + hour); };
  EXPECT_EQ(at({2026, 5, 5}, 14), 1000) << "a Tuesday";
  EXPECT_EQ(at({2026, 5, 5}, 2), 400);
  EXPECT_EQ(at({2026, 5, 9}, 14), 700) << "a Saturday";
  EXPECT_EQ(at({2026, 5, 1}, 14), 700) << "a holiday";
  EXPECT_EQ(at({2026, 12, 24}, 14), 1000);
  EXPECT_EQ(at({2026, 12, 25}, 14), 560);
  EXPECT_EQ(at({2026, 12, 29}, 14), 800) << "a Tuesday";
  for (const Date date : {Date{2026, 5, 5}, Date{2026, 5, 9}, Date{2026, 12, 29}}) {
    std::int64_t sum = 0;
    for (int h = 0; h < 24; ++h) sum += at(date, h);
    EXPECT_EQ(sum / 24, busy_day(days_from_civil(date) * 24));
  }
}

/// Who bought for a pool that died holds on to it until the term ends; what was bought again was
/// sized by what ran then.
TEST(Charges, CommitmentsOutliveWhatTheyWereBoughtFor) {
  const Enterprise enterprise = build_enterprise(options_of(GenGrain::kDaily, 200'000, 24));
  std::vector<double> used(enterprise.commitments.size()), unused(used.size());
  for (int m = 0; m < 24; ++m) {
    const Month month(enterprise, m);
    Month::Scratch scratch;
    std::vector<Charge> charges;
    for (int s = 0; s < month.slots(); ++s) month.slot(s, View::kFocus12, scratch, charges);
    for (const Charge& charge : charges) {
      if (charge.commitment < 0 || charge.commitment >= static_cast<int>(used.size())) continue;
      const bool wasted = charge.kind == Kind::kUnusedSp || charge.kind == Kind::kUnusedRi;
      (wasted ? unused : used)[charge.commitment] += static_cast<double>(charge.effective);
    }
  }
  int wasted = 0, again = 0;
  double all_used = 0, all = 0;
  for (std::size_t c = 0; c < used.size(); ++c) {
    all_used += used[c];
    all += used[c] + unused[c];
    wasted += !enterprise.commitments[c].savings_plan && unused[c] > used[c];
    again += enterprise.commitments[c].first_hour > enterprise.month_hours.front() + 24 * 280;
  }
  EXPECT_GE(wasted, 1);
  EXPECT_GE(again, 2);
  EXPECT_GT(all_used, all * 0.7);
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
