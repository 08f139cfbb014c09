// The tables of offers, rates and holdings as a person writes them, and what is wrong in them.
#include "commitments/offer.h"

#include <gtest/gtest.h>

#include "commitments/fixture.h"

namespace steelyard::commitments_test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOffers =
    "offer,kind,scope,size,term_years,payment,upfront_share,class\n"
    "compute-1y,compute-sp,,,1,no-upfront,,\n"
    "ri-3y,regional-ri,region family,size,3,partial-upfront,0.52,convertible\n"
    "zonal-1y,zonal-ri,zone family size,,1,all-upfront,,standard\n";

constexpr const char* kRates =
    "region,family,size,factor,on_demand,compute-1y,ri-3y,zonal-1y,currency\n"
    "us-east-1,m5,large,4,0.096,0.07,0.04,0.06,USD\n"
    "us-east-1,m5,xlarge,8,0.192,0.14,0.08,0.12,USD\n"
    "*,lambda,*,,0.0000166667,0.0000141667,,,USD\n"
    "*,*,*,,1,,,,\n";

class OfferTables : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / ("steelyard_offers_" + std::string(info->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    auto engine = open_duckdb({});
    ASSERT_TRUE(engine);
    engine_ = std::move(*engine);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  Result<RateCard> read(const std::string& offers = kOffers, const std::string& rates = kRates) {
    return read_rate_card(*engine_, file("offers.csv", offers), file("rates.csv", rates));
  }
  /// "SY1801 what [file, line, column] fix" with the folder left out.
  std::string told(const Error& error) {
    std::string text = error.code + " " + error.what + " [" + error.where + "] " + error.fix;
    const std::string prefix = folder_.string() + "/";
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }
  std::string error_of(const std::string& offers, const std::string& rates = kRates) {
    auto card = read(offers, rates);
    return card ? "" : told(card.error());
  }
  std::string error_of_holdings(const std::string& text) {
    auto card = read();
    EXPECT_TRUE(card) << why(card);
    auto holdings = read_holdings(*engine_, file("holdings.csv", text), *card, at("2026-07-01"));
    return holdings ? "" : told(holdings.error());
  }

  fs::path folder_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(OfferTables, AreReadAsTheyAreWritten) {
  auto card = read();
  ASSERT_TRUE(card) << why(card);
  ASSERT_EQ(card->offers.size(), 3u);
  EXPECT_EQ(card->columns, (std::vector<std::string>{"region", "family", "size"}));
  EXPECT_EQ(card->currency, "USD");
  const Offer& ri = card->offers[1];
  EXPECT_EQ(ri.instrument, Instrument::kRegionalRi);
  EXPECT_EQ(ri.scope, (std::vector<std::string>{"region", "family"}));
  EXPECT_EQ(ri.size, "size");
  EXPECT_EQ(ri.term_years, 3);
  EXPECT_EQ(to_text(ri.upfront_share), "0.52");
  EXPECT_EQ(ri.offer_class, "convertible");
  EXPECT_EQ(to_text(card->offers[0].upfront_share), "0");
  EXPECT_EQ(to_text(card->offers[2].upfront_share), "1");
  ASSERT_EQ(card->rates.size(), 4u);
  EXPECT_EQ(to_text(card->rates[2].on_demand), "0.0000166667");
  EXPECT_EQ(to_text(card->rates[2].factor), "1");
  EXPECT_FALSE(card->rates[2].price[1]);
  EXPECT_TRUE(check_rate_card(*card));
}

TEST_F(OfferTables, TheMostSpecificRowOfRatesCounts) {
  auto card = read();
  ASSERT_TRUE(card) << why(card);
  auto table = price_pools(*card, {"account", "zone", "region", "family", "size"},
                           {{"A", "us-east-1a", "us-east-1", "m5", "large"},
                            {"A", "", "eu-west-1", "lambda", ""},
                            {"B", "", "eu-west-1", "m5", "large"}});
  ASSERT_TRUE(table) << why(table);
  EXPECT_EQ(table->pools[0].rate, 0u);
  EXPECT_EQ(table->pools[1].rate, 2u);
  EXPECT_EQ(table->pools[2].rate, 3u);
  EXPECT_EQ(table->pools[2].account, "B");
}

TEST_F(OfferTables, RowsThatSayAsMuchMustSayTheSame) {
  const std::string offers = "offer,kind,scope,term_years,payment\nx,spend,,1,no-upfront\n";
  const auto price_of = [&](const std::string& rows) {
    auto card = read(offers, "region,family,on_demand,x\n" + rows);
    EXPECT_TRUE(card) << why(card);
    auto table = price_pools(*card, {"region", "family"}, {{"eu", "m5"}});
    return table ? to_text(card->rates[table->pools[0].rate].on_demand)
                 : table.error().code + " " + table.error().what;
  };
  EXPECT_EQ(price_of("eu,*,1,0.5\n*,m5,2,0.5\n"),
            "SY1803 two rows of rates say as much about the pool region=eu, family=m5: `eu,*` and "
            "`*,m5`");
  EXPECT_EQ(price_of("eu,*,1,0.5\n*,m5,1,0.5\n"), "1");
  EXPECT_EQ(price_of("eu,*,1,0.5\n*,m5,2,0.5\neu,m5,3,0.5\n"), "3");
  EXPECT_EQ(price_of("*,*,4,0.5\neu,*,1,0.5\nus,*,2,0.5\n"), "1");
}

TEST_F(OfferTables, WhatCanBeBoughtFollowsThePools) {
  auto card = read();
  ASSERT_TRUE(card) << why(card);
  auto table = price_pools(*card, {"zone", "region", "family", "size"},
                           {{"b", "us-east-1", "m5", "large"},
                            {"a", "us-east-1", "m5", "large"},
                            {"a", "us-east-1", "m5", "xlarge"},
                            {"a", "us-east-1", "lambda", ""}});
  ASSERT_TRUE(table) << why(table);
  EXPECT_EQ(scopes_of(*card, *table, 0), (std::vector<std::vector<ScopeValue>>{{}}));
  EXPECT_EQ(scopes_of(*card, *table, 1),
            (std::vector<std::vector<ScopeValue>>{{{"region", "us-east-1"}, {"family", "m5"}}}));
  EXPECT_EQ(scopes_of(*card, *table, 2).size(), 3u);
  EXPECT_TRUE(covers(*card, card->offers[0], table->pools[3]));
  EXPECT_FALSE(covers(*card, card->offers[1], table->pools[3]));
}

TEST_F(OfferTables, HoldingsResolveTheirUnitPriceAndTerm) {
  auto card = read();
  ASSERT_TRUE(card) << why(card);
  auto holdings = read_holdings(*engine_,
                                file("holdings.csv",
                                     "offer,amount,begin,end,owner,id,region,family,size,zone\n"
                                     "compute-1y,2.5,,,,,,,,\n"
                                     "ri-3y,4,2026-08-01,,A,x,us-east-1,m5,large,\n"
                                     "ri-3y,16,2026-08-01,2027-01-01,,,us-east-1,m5,,\n"
                                     "zonal-1y,1,,,,,us-east-1,m5,xlarge,us-east-1a\n"),
                                *card, at("2026-07-01"));
  ASSERT_TRUE(holdings) << why(holdings);
  const auto shown = [&](const Holding& h) {
    return to_text(fee_per_hour(h)) + " size " + to_text(h.factor) + " " +
           format_instant(h.begin).substr(0, 10) + ".." + format_instant(h.end).substr(0, 10);
  };
  EXPECT_EQ(shown((*holdings)[0]), "2.5 size 1 2026-07-01..2027-07-01");
  EXPECT_EQ(shown((*holdings)[1]), "0.16 size 4 2026-08-01..2029-07-31");
  EXPECT_EQ((*holdings)[1].owner, "A");
  EXPECT_EQ((*holdings)[1].scope,
            (std::vector<ScopeValue>{{"family", "m5"}, {"region", "us-east-1"}}));
  EXPECT_EQ(shown((*holdings)[2]), "0.16 size 1 2026-08-01..2027-01-01");  // 16 units of size
  EXPECT_EQ(shown((*holdings)[3]), "0.12 size 8 2026-07-01..2027-07-01");
}

TEST_F(OfferTables, ErrorsOfOffersNameTheLine) {
  const std::string head = "offer,kind,scope,term_years,payment,size,upfront_share\n";
  const std::string rates = "family,on_demand,x\nm5,1,0.5\n";
  EXPECT_EQ(error_of("offer,kind,scope,payment\n", rates),
            "SY1801 the file has no column `term_years` [offers.csv] it has offer, kind, scope, "
            "payment");
  EXPECT_EQ(error_of(head + "x,compute-ps,,1,no-upfront,,\n", rates),
            "SY1801 `compute-ps` is no kind of commitment [offers.csv, line 2, column `kind`] did "
            "you mean compute-sp?");
  EXPECT_EQ(error_of(head + "x,spend,,2,no-upfront,,\n", rates),
            "SY1801 `2` is no term [offers.csv, line 2, column `term_years`] write 1 or 3");
  EXPECT_EQ(error_of(head + "x,spend,,1,AllUpfront,,\n", rates),
            "SY1801 `AllUpfront` is no payment option [offers.csv, line 2, column `payment`] write "
            "no-upfront, partial-upfront or all-upfront");
  EXPECT_EQ(error_of(head + "x,spend,,1,no-upfront,,\nx,spend,,1,no-upfront,,\n", rates),
            "SY1801 `x` is named twice [offers.csv, line 3, column `offer`] name each offer once");
  EXPECT_EQ(
      error_of(head + "x,spend,,1,partial-upfront,,1\n", rates),
      "SY1801 offer `x`: partial-upfront with an upfront share of 1 [offers.csv, line 2] 0 for "
      "no-upfront, 1 for all-upfront, between them for partial-upfront");
  EXPECT_EQ(error_of(head + "x,quantity,family,1,no-upfront,sise,\n", rates),
            "SY1801 offer `x`: its size `sise` is no pool column of the rates [offers.csv, line 2] "
            "name one of family");
  EXPECT_EQ(error_of(head + "x,spend,,1,no-upfront,family,\n", rates),
            "SY1801 offer `x`: a plan has no size [offers.csv, line 2] leave `size` empty");
  EXPECT_EQ(error_of(head + "x,zonal-ri,zone,1,no-upfront,family,\n", rates),
            "SY1801 offer `x`: a zonal reserved instance covers no other size [offers.csv, line 2] "
            "leave `size` empty, and name the column in its scope");
  EXPECT_EQ(
      error_of(head + "y,spend,,1,no-upfront,,\n", rates),
      "SY1801 the file has no column for offer `y` [rates.csv] add a column of this name with "
      "its price for each pool");
}

TEST_F(OfferTables, ErrorsOfRatesNameTheLine) {
  const std::string offers = "offer,kind,scope,term_years,payment\nx,spend,,1,no-upfront\n";
  EXPECT_EQ(error_of(offers, "family,price,x\nm5,1,0.5\n"),
            "SY1801 the file has no column `on_demand` [rates.csv] it has family, price, x");
  EXPECT_EQ(error_of(offers, "family,on_demand,x\nm5,1,0.5\nr5,1 USD,0.5\n"),
            "SY1801 `1 USD` is not a number [rates.csv, line 3, column `on_demand`] write it as "
            "1234.56, without separators or a currency");
  EXPECT_EQ(error_of(offers, "family,on_demand,x\nm5,1,0.1234567890123456789\n"),
            "SY1801 `0.1234567890123456789` has more than 18 decimals [rates.csv, line 2, column "
            "`x`] write at most 18: nothing is rounded silently");
  EXPECT_EQ(
      error_of(offers, "family,on_demand,x\nm5,1,0\n"),
      "SY1801 `x` is 0 [rates.csv, line 2] a price is above 0 and at most 10000000; leave the "
      "cell empty where the offer does not apply");
  EXPECT_EQ(error_of(offers, "family,on_demand,x\nm5,-1,\n"),
            "SY1801 `on_demand` is -1 [rates.csv, line 2] a price lies between 0 and 10000000");
  EXPECT_EQ(error_of(offers, "family,on_demand,x,factor\nm5,1,0.5,0\n"),
            "SY1801 `factor` is 0 [rates.csv, line 2] a factor lies between 0.000001 and 10000");
  EXPECT_EQ(error_of(offers, "family,on_demand,x,currency\nm5,1,0.5,EUR\nr5,1,0.5,USD\n"),
            "SY1801 `USD` after EUR: two currencies in one file [rates.csv, line 3, column "
            "`currency`] keep one table of rates for each currency");
  EXPECT_EQ(error_of(offers, "family,on_demand,x\nm5,1,0.5\nr5,1,0.5\nm5,2,0.5\n"),
            "SY1801 the same pool stands here and in line 2 [rates.csv, line 4] keep one row of "
            "rates for it");
  EXPECT_EQ(error_of(offers, "family,on_demand,x\nm5,1\n").substr(0, 6), "SY1213");
}

TEST_F(OfferTables, ErrorsOfHoldingsNameTheLine) {
  const std::string head = "offer,amount,begin,end,region,family,size,zone\n";
  EXPECT_EQ(error_of_holdings(head + "compute-1y,1,,,,,,\ncompute-3y,1,,,,,,\n"),
            "SY1804 `compute-3y` is not in the table of offers [holdings.csv, line 3, column "
            "`offer`] did you mean compute-1y?");
  EXPECT_EQ(error_of_holdings(head + "compute-1y,much,,,,,,\n"),
            "SY1804 `much` is not a number [holdings.csv, line 2, column `amount`] write it as "
            "1234.56, without separators or a currency");
  EXPECT_EQ(error_of_holdings(head + "compute-1y,1,soon,,,,,\n"),
            "SY1804 `soon` is not a time [holdings.csv, line 2, column `begin`] write it as "
            "2026-07-01T00:00:00Z, or as a date");
  EXPECT_EQ(error_of_holdings(head + "compute-1y,-1,,,,,,\n"),
            "SY1804 an amount of -1 [holdings.csv, line 2] an amount lies between 0 and "
            "10000000000");
  EXPECT_EQ(
      error_of_holdings(head + "compute-1y,1,2026-07-01T00:30:00Z,,,,,\n").substr(0, 87),
      "SY1804 from 2026-07-01T00:30:00Z to 2027-07-01T00:30:00Z is not in whole hours [holding");
  EXPECT_EQ(error_of_holdings(head + "compute-1y,1,2026-07-01,2026-07-01,,,,\n"),
            "SY1804 it ends at 2026-07-01T00:00:00Z, not after it begins [holdings.csv, line 2] "
            "leave `end` empty for a whole term");
  EXPECT_EQ(
      error_of_holdings(head + "compute-1y,1,,2999-01-01,,,,\n"),
      "SY1804 it ends at 2999-01-01T00:00:00Z [holdings.csv, line 2] it lasts for at most 100 "
      "years");
  EXPECT_EQ(error_of_holdings(head + "ri-3y,1,,,us-east-1,,large,\n"),
            "SY1804 `ri-3y` is bought for one `family`, but none is given [holdings.csv, line 2] "
            "fill the column `family`");
  EXPECT_EQ(error_of_holdings(head + "ri-3y,1,,,us-east-1,m6,large,\n"),
            "SY1804 no rate of `ri-3y` for region=us-east-1, family=m6, size=large [holdings.csv, "
            "line 2] look at the spelling, or add the price to the table of rates");
  EXPECT_EQ(error_of_holdings("offer\ncompute-1y\n"),
            "SY1804 the file has no column `amount` [holdings.csv] it has offer");
}

TEST_F(OfferTables, GroupsOfAccounts) {
  auto groups = read_groups(*engine_, file("groups.csv", "account,group\nA,web\nB,web\n"));
  ASSERT_TRUE(groups) << why(groups);
  EXPECT_EQ(groups->at("B"), "web");
  groups = read_groups(*engine_, file("groups.csv", "account,group\nA,web\nA,db\n"));
  EXPECT_EQ(
      told(groups.error()),
      "SY1804 `A` is in two groups [groups.csv, line 3, column `account`] an account is in one "
      "group at most");
}

TEST(Offers, SizesWhosePricesAreNotInProportionMustBeNamed) {
  Market market({"family", "size"});
  market.offer("ri", Instrument::kRegionalRi, {"family"}, 1, "size");
  market.offer("plain", Instrument::kQuantity, {"family"});
  market.pool({"m5", "large"}, "1", {{"ri", "0.4"}, {"plain", "0.4"}}, "1", "4");
  market.pool({"m5", "xlarge"}, "2", {{"ri", "0.81"}, {"plain", "0.8"}}, "1", "8");
  const auto refusal = [&](std::size_t offer, std::vector<ScopeValue> values) {
    auto holding =
        make_holding(market.card, {offer, {kOne}, std::move(values), market.begin, {}, "", ""});
    return holding ? "" : holding.error().what + ": " + holding.error().fix;
  };
  EXPECT_EQ(refusal(0, {{"family", "m5"}}),
            "the rates of `ri` differ within the purchase: 0.4 for a size of 4, 0.81 for a size of "
            "8: say which `size` is bought");
  EXPECT_EQ(refusal(0, {{"family", "m5"}, {"size", "xlarge"}}), "");
  EXPECT_EQ(refusal(1, {{"family", "m5"}}),
            "the rates of `plain` differ within the purchase: 0.4 for a size of 4, 0.8 for a size "
            "of 8: make its scope narrower, or name the offer's size column in offers.csv");
}

TEST(Offers, PoolsWithoutARateOrAColumnAreNamed) {
  Market market({"family"});
  market.offer("zonal", Instrument::kZonalRi, {"zone", "family"});
  market.pool({"m5"}, "1", {{"zonal", "0.5"}}, "1");
  const auto error = [&](std::vector<std::string> columns,
                         std::vector<std::vector<std::string>> keys) {
    auto table = price_pools(market.card, std::move(columns), std::move(keys));
    return table ? "" : table.error().code + " " + table.error().what;
  };
  EXPECT_EQ(error({"family", "zone"}, {{"m5", "a"}}), "");
  EXPECT_EQ(error({"family", "zone"}, {{"m5", "a"}, {"r5", "a"}}),
            "SY1803 no rate for the pool family=r5");
  EXPECT_EQ(error({"family"}, {{"m5"}}),
            "SY1802 the demand has no column `zone`, which is in the scope of offer `zonal`");
  EXPECT_EQ(error({"zone"}, {{"a"}}),
            "SY1802 the demand has no column `family`, which is a pool column of the rates");
}

TEST(Offers, AHandMadeCardIsCheckedToo) {
  Market market({"family"});
  market.offer("x", Instrument::kSpend, {});
  market.pool({"m5"}, "1", {{"x", "0.5"}}, "1");
  EXPECT_TRUE(check_rate_card(market.card));
  market.card.offers[0].term_years = 2;
  EXPECT_EQ(check_rate_card(market.card).error().what, "offer `x`: a term of 2 years");
  market.card.offers[0].term_years = 1;
  market.card.offers[0].scope = {"family", "family"};
  EXPECT_EQ(check_rate_card(market.card).error().what, "offer `x`: its scope names a column twice");
  market.card.offers[0].scope = {};
  market.card.offers[0].name = "family";
  EXPECT_EQ(check_rate_card(market.card).error().what,
            "offer `family`: a pool column has the same name");
}

}  // namespace
}  // namespace steelyard::commitments_test
