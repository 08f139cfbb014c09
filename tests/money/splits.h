// Properties of the two ways in which money is split, for as many random vectors as the caller has
// time for.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "money/decimal.h"
#include "money/oracle.h"

namespace steelyard {

/// Parts sum to the whole, have the whole's sign, differ from the true share by less than one
/// grain, and nothing falls to weight 0; who gets the last units is judged by schoolbook remainders
/// for the smaller vectors.
inline void check_apportion(int vectors, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (int n = 0; n < vectors; ++n) {
    const int decimals_of[] = {0, 2, 3, 18};
    const int decimals = decimals_of[random() % 4];
    Int128 grain = 1;
    for (int i = decimals; i < kScale; ++i) grain *= 10;
    const Decimal whole{oracle::random_units(random, 30) / grain * grain};
    std::vector<Decimal> weights(1 + random() % 12);
    for (Decimal& weight : weights) {
      const Int128 units = oracle::random_units(random, random() % 4 == 0 ? 37 : 3);
      weight = {random() % 5 == 0 ? 0 : units < 0 ? -units : units};
    }
    weights[random() % weights.size()].units += 1;
    const std::vector<Decimal> parts = apportion(whole, weights, decimals);
    ASSERT_EQ(parts.size(), weights.size());

    Decimal sum;
    oracle::Digits weight_sum = "0";
    for (const Decimal weight : weights) {
      weight_sum = oracle::add(weight_sum, oracle::digits_of(weight.units));
    }
    std::vector<oracle::Digits> rests;
    std::vector<bool> up;
    const oracle::Digits count = oracle::digits_of(whole.units / grain);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      sum += parts[i];
      ASSERT_EQ(parts[i].units % grain, 0);
      if (weights[i].units == 0) {
        ASSERT_EQ(parts[i].units, 0);
      }
      ASSERT_TRUE(parts[i].units == 0 || (parts[i].units < 0) == (whole.units < 0));
      const auto [share, rest] =
          oracle::divide(oracle::multiply(count, oracle::digits_of(weights[i].units)), weight_sum);
      const oracle::Digits got = oracle::digits_of(parts[i].units / grain);
      ASSERT_TRUE(got == share || got == oracle::add(share, "1"));
      rests.push_back(rest);
      up.push_back(got != share);
    }
    ASSERT_EQ(sum, whole);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      for (std::size_t j = 0; j < parts.size(); ++j) {
        if (!up[i] || up[j]) continue;  // i was given a unit and j was not: i must come first
        const int order = oracle::compare(rests[i], rests[j]);
        ASSERT_TRUE(order > 0 || (order == 0 && i < j));
      }
    }
  }
}

/// Shown parts sum to the shown total, and each is its part rounded up or down.
inline void check_round_to_total(int vectors, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (int n = 0; n < vectors; ++n) {
    const int decimals_of[] = {0, 2, 3};
    const int decimals = decimals_of[random() % 3];
    Int128 grain = 1;
    for (int i = decimals; i < kScale; ++i) grain *= 10;
    std::vector<Decimal> parts(random() % 20);
    Decimal total;
    for (Decimal& part : parts) {
      part = {oracle::random_units(random, random() % 2 == 0 ? 36 : 19)};
      if (random() % 4 == 0) part.units = part.units / (grain / 2) * (grain / 2);  // ties
      total += part;
    }
    const std::vector<Decimal> shown = round_to_total(parts, decimals);
    ASSERT_EQ(shown.size(), parts.size());
    Decimal sum;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      sum += shown[i];
      ASSERT_EQ(shown[i].units % grain, 0);
      const Int128 moved = shown[i].units - parts[i].units;
      ASSERT_TRUE(moved < grain && -moved < grain);
      if (parts[i].units % grain == 0) {
        ASSERT_EQ(moved, 0);
      }
    }
    ASSERT_EQ(to_text(sum, decimals), to_text(total, decimals));
    ASSERT_EQ(to_text(sum, decimals), to_text(sum, 18).substr(0, to_text(sum, decimals).size()));
  }
}

}  // namespace steelyard
