// Small markets for tests of commitments: offers, rates and usage written in place.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "commitments/simulate.h"

namespace steelyard::commitments_test {

inline Decimal number(std::string_view text) {
  Decimal value;
  EXPECT_EQ(parse_decimal(text, value), ParseOutcome::kExact) << text;
  return value;
}

inline Instant at(std::string_view text) {
  Instant instant;
  EXPECT_TRUE(parse_instant(text, instant)) << text;
  return instant;
}

template <class T>
std::string why(const Result<T>& result) {
  if (result) return "";
  const Error& error = result.error();
  return error.code + " " + error.what + " [" + error.where + "] " + error.fix;
}

/// One hour of usage under a table of rates that is written by columns.
class Market {
 public:
  explicit Market(std::vector<std::string> columns) : columns_(std::move(columns)) {
    card.columns = columns_;
  }

  /// Adds an offer; rates that exist do not have it.
  std::size_t offer(std::string name, Instrument instrument, std::vector<std::string> scope,
                    int term_years = 1, std::string size = {}) {
    Offer added;
    added.name = std::move(name);
    added.instrument = instrument;
    added.scope = std::move(scope);
    added.term_years = term_years;
    added.size = std::move(size);
    card.offers.push_back(added);
    for (Rate& rate : card.rates) rate.price.resize(card.offers.size());
    return card.offers.size() - 1;
  }

  /// A pool with its own rate; prices by offer name; returns the pool's index.
  std::size_t pool(std::vector<std::string> key, std::string_view on_demand,
                   const std::map<std::string, std::string>& prices, std::string_view quantity,
                   std::string_view factor = "1", std::string_view list = {}) {
    Rate rate;
    rate.key = key;
    rate.on_demand = number(on_demand);
    rate.list = list.empty() ? rate.on_demand : number(list);
    rate.factor = number(factor);
    rate.price.resize(card.offers.size());
    for (const auto& [offer, price] : prices) rate.price[*card.find_offer(offer)] = number(price);
    card.rates.push_back(std::move(rate));
    keys.push_back(std::move(key));
    usage.push_back(number(quantity));
    return keys.size() - 1;
  }

  std::size_t buy(std::string_view offer, std::string_view amount,
                  std::vector<ScopeValue> values = {}, std::string owner = {},
                  std::string id = {}) {
    Purchase purchase;
    purchase.offer = *card.find_offer(offer);
    purchase.amount = number(amount);
    purchase.values = std::move(values);
    purchase.begin = begin;
    purchase.owner = std::move(owner);
    purchase.id = std::move(id);
    auto holding = make_holding(card, purchase);
    EXPECT_TRUE(holding) << why(holding);
    if (holding) holdings.push_back(*holding);
    return holdings.size() - 1;
  }

  PoolTable table() const {
    auto priced = price_pools(card, columns_, keys);
    EXPECT_TRUE(priced) << why(priced);
    return priced ? *priced : PoolTable{};
  }

  /// The bill of one hour.
  Bill bill(std::vector<SharingPreference> sharing = {}, std::optional<Instant> hour = {}) const {
    const auto fill = [&](std::size_t, std::span<Decimal> quantity) {
      std::copy(usage.begin(), usage.end(), quantity.begin());
    };
    auto result =
        simulate(card, table(), holdings, hour.value_or(begin), 1, fill, std::move(sharing));
    EXPECT_TRUE(result) << why(result);
    return result ? *result : Bill{};
  }

  RateCard card;
  std::vector<std::vector<std::string>> keys;
  std::vector<Decimal> usage;
  std::vector<Holding> holdings;
  Instant begin = at("2026-07-01");

 private:
  std::vector<std::string> columns_;
};

inline Decimal covered(const Bill& bill, std::size_t holding, std::size_t pool) {
  for (const CoverTotal& cover : bill.covers) {
    if (cover.holding == holding && cover.pool == pool) return cover.quantity;
  }
  return {};
}

}  // namespace steelyard::commitments_test
