#include "commitments/own_bill.h"

#include <algorithm>
#include <map>

#include "base/assert.h"
#include "base/text.h"
#include "commitments/aws_platform.h"
#include "commitments/bill_lines.h"
#include "money/money.h"

namespace steelyard {

namespace {

using Key = std::vector<std::string>;  ///< values of price_columns()

std::string list_of(const std::vector<std::string>& columns) {
  std::vector<std::string> quoted;
  for (const std::string& column : columns) quoted.push_back(sql_identifier(column));
  return join(quoted, ", ");
}

std::size_t place_of(const std::string& column) {
  const auto& columns = price_columns();
  const auto at = std::find(columns.begin(), columns.end(), column);
  SY_ASSERT(at != columns.end());
  return static_cast<std::size_t>(at - columns.begin());
}

const std::string& value_of(const Key& key, const std::string& column) {
  return key[place_of(column)];
}

std::optional<Decimal> decimal(const Cell& cell) {
  const auto* value = std::get_if<Decimal>(&cell.value);
  return value == nullptr ? std::nullopt : std::optional<Decimal>(*value);
}

std::int64_t integer(const Cell& cell) {
  const auto* value = std::get_if<std::int64_t>(&cell.value);
  return value == nullptr ? 0 : *value;
}

std::string count_of(std::int64_t n, const std::string& what) {
  return with_thousands(n) + " " + what + (n == 1 ? "" : "s");
}

/// "a, b (3 times)": each text once, in the order of its first place.
std::string each_once(const std::vector<std::string>& texts) {
  std::map<std::string, std::size_t> times;
  for (const std::string& text : texts) ++times[text];
  std::vector<std::string> parts;
  for (const std::string& text : texts) {
    std::size_t& count = times[text];
    if (count > 0)
      parts.push_back(count == 1 ? text : text + " (" + std::to_string(count) + " times)");
    count = 0;
  }
  return join(parts, ", ");
}

/// How pools are covered by a commitment in the newest day of it.
struct Cover {
  std::string id, platform;
  Key key;
  Decimal quantity, cost, units;
  std::optional<Decimal> stated;  ///< rate as the bill states it
};

class Reader {
 public:
  Reader(Engine& engine, const OwnBill& bill) : engine_(engine), bill_(bill) {}

  Status usage() {
    if (Status made = make_cells(engine_, bill_); !made) return made;
    if (Status sound = check_cells(); !sound) return sound;
    std::vector<std::string> columns = price_columns();
    auto zonal = engine_.query("SELECT count(*)::BIGINT FROM x_zones WHERE zone <> ''");
    if (!zonal) return pass(zonal);
    if (integer(zonal->rows[0][0]) > 0) columns.insert(columns.begin(), "zone");
    auto platforms = platforms_of(engine_);
    if (!platforms) return pass(platforms);
    by_platform_ = *platforms;
    if (by_platform_.known) columns.insert(columns.begin(), "platform");
    columns.insert(columns.begin(), "account");
    std::string select = "SELECT first AS t, sum(q) AS q";
    for (std::size_t i = 0; i < columns.size(); ++i)
      select += ", " + sql_identifier(columns[i]) + " AS p" + std::to_string(i);
    select += " FROM x_cells WHERE flaw = '' GROUP BY ALL HAVING sum(q) > 0";
    auto demand = demand_of_query(engine_, select, columns, bill_.source);
    if (!demand) return pass(demand);
    estate.demand = std::move(*demand);
    estate.source = bill_.source;
    return name_negative_hours();
  }

  Status held() {
    auto found = held_commitments(engine_, bill_, window_begin(), window_end());
    if (!found) return pass(found);
    held_ = std::move(*found);
    return name_straddling_lines();
  }

  /// Prices on demand of each price key, and the rates that commitments gave.
  Status found_card() {
    estate.card.columns = price_columns();
    estate.card.currency = currency_;
    estate.card.origin =
        "offers are those of commitments in the bill, others come with --offers and --rates";
    if (Status priced = prices(); !priced) return priced;
    priced_in_period_ = estate.card.rates.size();
    known_ = held_;
    if (bill_.for_purchases && bill_.period)
      if (Status looked = look_beyond_period(); !looked) return looked;
    drop_unpriced();
    make_offers();
    if (Status rated = rates(); !rated) return rated;
    name_what_has_no_rate();
    if (Status added = add_platforms(); !added) return added;
    return check_rate_card(estate.card);
  }

  Status price() {
    auto table = price_pools(estate.card, estate.demand.pool_columns, estate.demand.pools);
    if (!table) return pass(table);
    estate.table = std::move(*table);
    compare_with_bill();
    return {};
  }

  /// Names offers that have rates for less usage than others of their kind: a plan cannot choose
  /// them for the rest, whatever they would cost there.
  void name_narrow_offers() {
    const std::vector<Decimal> on_demand = pools_on_demand();
    const auto& offers = estate.card.offers;
    const auto has_rate = [&](std::size_t pool, std::size_t offer) {
      return estate.card.rates[estate.table.pools[pool].rate].price[offer].has_value();
    };
    const auto alike = [&](const Offer& a, const Offer& b) {
      return a.instrument == b.instrument &&
             a.name.ends_with(kOneSize) == b.name.ends_with(kOneSize);
    };
    std::vector<std::string> narrow;
    for (std::size_t offer = 0; offer < offers.size(); ++offer) {
      std::int64_t own = 0, all = 0;
      Decimal of_own, of_all;
      for (std::size_t pool = 0; pool < on_demand.size(); ++pool) {
        bool kind = false;
        for (std::size_t other = 0; other < offers.size() && !kind; ++other)
          kind = alike(offers[other], offers[offer]) && has_rate(pool, other);
        if (!kind) continue;
        ++all;
        of_all += on_demand[pool];
        if (!has_rate(pool, offer)) continue;
        ++own;
        of_own += on_demand[pool];
      }
      if (own == all) continue;
      const std::string amount = money(of_own);
      narrow.push_back(offers[offer].name + " has rates for " + with_thousands(own) + " of " +
                       count_of(all, "pool") + ", " + amount.substr(0, amount.rfind(' ')) + " of " +
                       money(of_all) + " on demand");
    }
    if (!narrow.empty())
      note(join(narrow, "; ") +
           ": the rest was covered by commitments of their kind with another term or payment only, "
           "so these cannot be chosen for it; --offers and --rates can say their rates");
  }

  void hold() {
    std::vector<std::string> without_term, without_begin, without_end;
    for (const HeldCommitment& held : held_) {
      if (!held.instrument) {
        note(held.name + " (" + held.type + ") is not applied hour by hour: " +
             money(held.used + held.unused, held.currency) + " of it " + kOutside);
        continue;
      }
      const auto offer = offer_for(held);
      const bool has_amount = held.fee > Decimal{} && held.units > Decimal{};
      const auto scope = offer ? scope_of(held, *offer) : std::nullopt;
      if (!scope || !has_amount) {
        note(held.name + ": " +
             (!offer        ? "the rates have no offer of its kind, term and payment"
              : !has_amount ? "the bill does not say how much it is"
                            : "the bill does not say what it covers") +
             "; " + money(held.used + held.unused, held.currency) + " of it " + kOutside);
        continue;
      }
      if (!held.begin_known) without_begin.push_back(held.name);
      if (!held.end_known) without_end.push_back(held.name);
      std::vector<std::string> unclear = held.unclear;
      if (by_platform_.known && held.is_reserved_instance() && held.platform.empty())
        unclear.emplace_back("platform");
      if (!unclear.empty()) without_term.push_back(held.name + " " + join(unclear, " and "));
      estate.holdings.push_back(holding_of(held, *offer, *scope));
    }
    if (!without_begin.empty())
      note("when these began is not in the bill, so they count from its first hour: " +
           each_once(without_begin));
    if (!without_end.empty())
      note("when these end is not in the bill, so they count to its last hour: " +
           each_once(without_end));
    if (!without_term.empty()) note("not in the bill: " + each_once(without_term));
  }

  Instant window_begin() const { return estate.demand.first_hour; }
  Instant window_end() const { return estate.demand.hour(estate.demand.hours); }

  Estate estate;

 private:
  static constexpr const char* kOutside = "stays outside";
  static constexpr const char* kOneSize = "-one-size";

  void note(std::string sentence) { estate.notes.push_back(std::move(sentence)); }
  std::string money(Decimal amount, const std::string& currency) const {
    return to_text(Money{amount, currency_of(currency)});
  }
  std::string money(Decimal amount) const { return money(amount, currency_); }

  /// SY1840, SY1841, SY1842, and notes of what cannot be counted by the hour.
  Status check_cells() {
    auto rows = engine_.query(
        "SELECT currency, flaw, sum(lines)::BIGINT, sum(contracted), min(after - first)::VARCHAR "
        "FROM x_cells GROUP BY ALL ORDER BY ALL");
    if (!rows) return pass(rows);
    if (rows->rows.empty())
      return fail("SY1840", "the bill has no usage that a commitment could cover", bill_.source,
                  "usage of AWS, Microsoft or Google Cloud that is counted by time is looked for; "
                  "look at the period and the filter, or give --demand=FILE");
    std::map<std::string, Decimal> by_currency;
    std::int64_t hourly = 0;
    for (const auto& row : rows->rows) {
      const Decimal sum = decimal(row[3]).value_or(Decimal{});
      by_currency[row[0].text()] += sum;
      if (!row[1].text().empty()) continue;
      hourly += integer(row[2]);
      billed_ += sum;
    }
    if (by_currency.size() > 1) {
      std::vector<std::string> sums;
      for (const auto& [currency, sum] : by_currency) sums.push_back(money(sum, currency));
      return fail(
          "SY1842",
          "usage that commitments could cover is in several currencies: " + join(sums, ", "),
          bill_.source, "choose one: --where=currency=" + by_currency.begin()->first);
    }
    currency_ = by_currency.begin()->first;
    for (const auto& row : rows->rows) {
      const std::string flaw = row[1].text();
      if (flaw.empty()) continue;
      const std::string what = count_of(integer(row[2]), "line") + ", " +
                               money(decimal(row[3]).value_or(Decimal{})) + " on demand";
      if (flaw == "not_hourly" && hourly == 0)
        return fail("SY1841",
                    "usage that commitments could cover is not by the hour: " + what +
                        "; the shortest lasts " + row[4].text(),
                    bill_.source,
                    "commitments are used or lost in each hour: ask the provider for hourly "
                    "export, or give --demand=FILE");
      note((flaw == "not_hourly"   ? "usage that is not by the hour is left out: "
            : flaw == "correction" ? "corrections of usage are left out: "
                                   : "usage without a quantity is left out: ") +
           what);
    }
    if (hourly == 0)
      return fail("SY1840", "the bill has no usage with a quantity that a commitment could cover",
                  bill_.source, "give --demand=FILE");
    return {};
  }

  Status name_negative_hours() {
    auto rows = engine_.query(
        "SELECT count(*)::BIGINT, sum(c) FROM (SELECT sum(q) AS s, sum(contracted) AS c FROM "
        "x_cells WHERE flaw = '' GROUP BY first, account, zone, " +
        list_of(price_columns()) + ") WHERE s <= 0");
    if (!rows) return pass(rows);
    if (const std::int64_t hours = integer(rows->rows[0][0]); hours > 0)
      note(count_of(hours, "hour") + " of a pool with zero or less in sum counts as zero: " +
           money(decimal(rows->rows[0][1]).value_or(Decimal{})) + " on demand");
    return {};
  }

  /// A commitment's unused part may stand in one line a month; one that reaches over an edge of the
  /// period is not in it.
  Status name_straddling_lines() {
    if (!bill_.period) return {};
    const std::string begin = sql_literal(format_date(bill_.period->begin)) + "::TIMESTAMPTZ",
                      end = sql_literal(format_date(bill_.period->end)) + "::TIMESTAMPTZ";
    auto rows = engine_.query(
        "SELECT count(*)::BIGINT, sum(\"EffectiveCost\") FROM " + sql_identifier(bill_.charges) +
        " WHERE \"CommitmentDiscountStatus\" = 'Unused' AND (" + bill_.where +
        ") AND \"ChargePeriodStart\" < " + end + " AND \"ChargePeriodEnd\" > " + begin +
        " AND (\"ChargePeriodStart\" < " + begin + " OR \"ChargePeriodEnd\" > " + end + ")");
    if (!rows) return pass(rows);
    if (const std::int64_t lines = integer(rows->rows[0][0]); lines > 0)
      note(count_of(lines, "line") + " of unused commitments, " +
           money(decimal(rows->rows[0][1]).value_or(Decimal{})) +
           ", reach over the edges of the period, so that amounts of these commitments are wrong: "
           "choose whole billing periods");
    return {};
  }

  /// Adds the rates of the price keys that have none yet; the number of those whose price varied.
  Result<std::int64_t> add_prices() {
    // Of each kind of line: the newest price that is said, and cost and quantity of the newest.
    const auto newest = [](const std::string& price, const std::string& when) {
      return "max({'t': first, 'p': " + price + "}) FILTER (" + price + " > 0 AND " + when + ")";
    };
    const auto largest = [](const std::string& cost, const std::string& when) {
      return "max({'t': first, 'q': line.q, 'c': " + cost + "}) FILTER (line.q > 0 AND " + cost +
             " > 0 AND " + when + ")";
    };
    auto rows = engine_.query(
        "SELECT " + list_of(price_columns()) +
        ", varied, a.p, al.q, al.c, b.p, bl.q, bl.c, l.p, ll.q, ll.c FROM (SELECT " +
        list_of(price_columns()) + ", count(DISTINCT price) FILTER (id = '')::BIGINT AS varied, " +
        newest("price", "id = ''") + " AS a, " + largest("line.c", "id = ''") + " AS al, " +
        newest("price", "true") + " AS b, " + largest("line.c", "true") + " AS bl, " +
        newest("list_price", "true") + " AS l, " + largest("line.l", "true") +
        " AS ll FROM x_cells WHERE flaw = '' GROUP BY ALL) ORDER BY ALL");
    if (!rows) return pass(rows);
    std::set<Key> known;
    for (const Rate& rate : estate.card.rates) known.insert(rate.key);
    std::int64_t varied = 0;
    for (const auto& row : rows->rows) {
      const std::size_t n = price_columns().size();
      Rate rate;
      for (std::size_t i = 0; i < n; ++i) rate.key.push_back(row[i].text());
      // At n + 1: said uncovered, cost uncovered, said covered, cost covered, said list, cost list.
      const auto said_or_found = [&](std::size_t at) -> std::optional<Decimal> {
        if (const auto said = decimal(row[at])) return said;
        const auto quantity = decimal(row[at + 1]), cost = decimal(row[at + 2]);
        if (!quantity || !cost) return std::nullopt;
        return price_behind(*cost, *quantity);
      };
      auto price = said_or_found(n + 1);
      if (!price) price = said_or_found(n + 4);
      auto list = said_or_found(n + 7);
      if (!price) price = list;
      if (!price || *price <= Decimal{} || known.count(rate.key) > 0) continue;
      rate.on_demand = *price;
      rate.list = list.value_or(*price);
      varied += integer(row[n]) > 1;
      estate.card.rates.push_back(std::move(rate));
    }
    return varied;
  }

  Status prices() {
    auto added = add_prices();
    if (!added) return pass(added);
    const std::int64_t varied = *added;
    auto priced = notes_of_open_lines(engine_, currency_of(currency_));
    if (!priced) return pass(priced);
    for (std::string& sentence : *priced) note(std::move(sentence));
    if (varied > 0)
      note("the price on demand of " + count_of(varied, "SKU") +
           " varied in the period: the newest counts for all of it");
    return {};
  }

  /// What is bought is found in all months: offers, rates and what each commitment is. Usage and
  /// what is held in it stay those of the period. Remakes x_cells.
  Status look_beyond_period() {
    OwnBill all = bill_of_offers(bill_);
    all.where = "(" + all.where + ") AND \"BillingCurrency\" = " + sql_literal(currency_);
    if (Status made = make_cells(engine_, all); !made) return made;
    if (auto added = add_prices(); !added) return pass(added);
    auto window = engine_.query("SELECT min(first), max(after) FROM x_cells WHERE flaw = ''");
    if (!window) return pass(window);
    Instant begin = window_begin(), end = window_end();
    parse_instant(window->rows[0][0].text(), begin);
    parse_instant(window->rows[0][1].text(), end);
    auto found = held_commitments(engine_, all, begin, end);
    if (!found) return pass(found);
    known_ = std::move(*found);
    for (HeldCommitment& held : held_)
      for (const HeldCommitment& known : known_)
        if (known.id == held.id) held = with_amounts_of(held, known);
    return {};
  }

  /// A commitment as all months tell it, as much of it as the period has.
  static HeldCommitment with_amounts_of(const HeldCommitment& held, HeldCommitment known) {
    known.fee = held.fee;
    known.units = held.units;
    known.used = held.used;
    known.unused = held.unused;
    known.covered = held.covered;
    known.recurring = held.recurring;
    return known;
  }

  /// Leaves pools without a price on demand out of the demand, with their money.
  void drop_unpriced() {
    std::set<Key> priced;
    for (const Rate& rate : estate.card.rates) priced.insert(rate.key);
    Demand kept = estate.demand;
    kept.pools.clear();
    kept.counts.clear();
    std::vector<std::string> dropped;
    for (std::size_t pool = 0; pool < estate.demand.pools.size(); ++pool) {
      const auto& key = estate.demand.pools[pool];
      const auto prices = static_cast<std::ptrdiff_t>(price_columns().size());
      if (priced.count(Key(key.end() - prices, key.end())) == 0) {
        dropped.push_back(estate.demand.name(pool));
        continue;
      }
      kept.pools.push_back(key);
      const auto row = estate.demand.row(pool);
      kept.counts.insert(kept.counts.end(), row.begin(), row.end());
    }
    if (dropped.empty()) return;
    note("no price on demand can be found for " +
         count_of(static_cast<std::int64_t>(dropped.size()), "pool") +
         ", which are left out: " + join(dropped, ", "));
    estate.demand = std::move(kept);
  }

  static std::string offer_name(const HeldCommitment& held) {
    std::string name = std::string(traits(*held.instrument).name) + "-" +
                       std::to_string(held.term_years) + "y-" +
                       std::string(steelyard::name(held.payment));
    if (!held.offer_class.empty()) name += "-" + held.offer_class;
    return name + (held.one_platform_size ? kOneSize : "");
  }

  /// One for each kind, term, payment and class that is held.
  void make_offers() {
    std::map<std::string, Offer> offers;
    for (const HeldCommitment& held : known_) {
      if (!held.instrument) continue;
      Offer offer;
      offer.name = offer_name(held);
      offer.instrument = *held.instrument;
      offer.term_years = held.term_years;
      offer.payment = held.payment;
      offer.upfront_share = held.upfront_share;
      offer.offer_class = held.offer_class;
      if (held.is_of_one_size()) {
        offer.scope = {held.zone.empty() ? "region" : "zone", "size"};
      } else if (offer.unit() == CommitmentUnit::kQuantity) {
        offer.scope = {"region", "family"};
        offer.size = "size";
      } else if (*held.instrument == Instrument::kEc2InstanceSp) {
        offer.scope = {"region", "family"};
      }
      if (by_platform_.asked && held.is_reserved_instance()) offer.scope.emplace_back("platform");
      offers.emplace(offer.name, std::move(offer));
    }
    for (auto& [name, offer] : offers) estate.card.offers.push_back(std::move(offer));
    for (Rate& rate : estate.card.rates) rate.price.resize(estate.card.offers.size());
  }

  /// The offer of its kind, term and payment that fits best: by its class, by whether it covers
  /// other sizes, and by whether it has a rate where the commitment applies.
  std::optional<std::size_t> offer_for(const HeldCommitment& held) const {
    std::optional<std::size_t> found;
    int best = -1;
    for (std::size_t i = estate.card.offers.size(); i-- > 0;) {
      const Offer& offer = estate.card.offers[i];
      if (offer.instrument != *held.instrument || offer.term_years != held.term_years ||
          offer.payment != held.payment)
        continue;
      const bool one_size = offer.size.empty() && offer.unit() == CommitmentUnit::kQuantity;
      const int fit = 4 * (offer.offer_class == held.offer_class) +
                      2 * (one_size == held.is_of_one_size()) + has_rate_for(held, i);
      if (fit < best || (fit == best && offer.name > estate.card.offers[*found].name)) continue;
      best = fit;
      found = i;
    }
    return found;
  }

  bool has_rate_for(const HeldCommitment& held, std::size_t offer) const {
    const auto scope = scope_of(held, offer);
    if (!scope) return false;
    Holding holding;
    holding.offer = offer;
    holding.scope = *scope;
    return std::any_of(estate.table.pools.begin(), estate.table.pools.end(), [&](const Pool& pool) {
      return steelyard::covers(estate.card, holding, estate.table, pool);
    });
  }

  /// The covers of the newest day of each commitment and price.
  Result<std::vector<Cover>> covers() {
    auto rows = engine_.query(
        "SELECT id, platform, " + list_of(price_columns()) +
        ", m.q, m.e, m.u, r.r FROM (SELECT id, platform, " + list_of(price_columns()) +
        ", max({'t': date_trunc('day', first), 'q': line.q, 'e': line.e, 'u': line.u}) FILTER "
        "(line.q > 0 AND line.e > 0) AS m, max({'t': first, 'r': plan_rate}) FILTER (plan_rate > "
        "0) AS r FROM x_cells WHERE flaw = '' AND id <> '' GROUP BY ALL) WHERE m IS "
        "NOT NULL ORDER BY ALL");
    if (!rows) return pass(rows);
    std::vector<Cover> found;
    for (const auto& row : rows->rows) {
      Cover cover;
      cover.id = row[0].text();
      cover.platform = row[1].text();
      std::size_t at = 2;
      for (; at < 2 + price_columns().size(); ++at) cover.key.push_back(row[at].text());
      cover.quantity = *decimal(row[at]);
      cover.cost = *decimal(row[at + 1]);
      cover.units = decimal(row[at + 2]).value_or(Decimal{});
      cover.stated = decimal(row[at + 3]);
      found.push_back(std::move(cover));
    }
    return found;
  }

  /// Fills the prices of the offers, commitment by commitment: later ones write over earlier ones.
  Status rates() {
    auto found = covers();
    if (!found) return pass(found);
    std::map<std::string, std::vector<const Cover*>> by_commitment;
    for (const Cover& cover : *found) by_commitment[cover.id].push_back(&cover);
    std::map<Key, std::size_t> row_of;
    for (std::size_t r = 0; r < estate.card.rates.size(); ++r)
      row_of.emplace(estate.card.rates[r].key, r);
    std::set<std::pair<std::size_t, std::size_t>> changed;
    std::map<std::pair<std::size_t, std::size_t>, const Cover*> last_cover;
    const auto set = [&](std::size_t row, std::size_t offer, Decimal price) {
      auto& cell = estate.card.rates[row].price[offer];
      if (cell && *cell != price) changed.emplace(row, offer);
      cell = price;
    };
    for (const HeldCommitment& held : known_) {
      if (!held.instrument) continue;
      const std::size_t offer = *offer_for(held);
      const auto& mine = by_commitment[held.id];
      if (traits(*held.instrument).unit == CommitmentUnit::kSpend) {
        for (const Cover* cover : mine) {
          const auto row = row_of.find(cover->key);
          if (row == row_of.end()) continue;
          const auto& cell = estate.card.rates[row->second].price[offer];
          const Cover*& before = last_cover[{row->second, offer}];
          const Decimal price = cover->stated.value_or(price_behind(cover->cost, cover->quantity));
          // The same rate seen in a larger line has more of its digits.
          if (!cover->stated && cell && gives(*cell, cover->cost, cover->quantity)) continue;
          if (cell && before != nullptr && gives(price, before->cost, before->quantity))
            estate.card.rates[row->second].price[offer] = price;
          set(row->second, offer, price);
          before = cover;
        }
        continue;
      }
      if (held.units <= Decimal{}) continue;
      // All pools of the family: those that were covered, and those that follow by their size, if
      // sizes are covered in proportion.
      const Decimal unit = multiply_divide(held.fee, {kOne}, held.units);
      bool proportional = true;
      std::set<std::string> platforms, services;
      std::map<std::size_t, Decimal> factors;
      for (const Cover* cover : mine) {
        const auto row = row_of.find(cover->key);
        if (row == row_of.end()) continue;
        const auto known = aws_units_of(value_of(cover->key, "size"));
        const Decimal factor = cover->units > Decimal{}
                                   ? price_behind(cover->units, cover->quantity)
                                   : known.value_or(Decimal{kOne});
        proportional = proportional && known && *known == factor;
        factors.emplace(row->second, factor);
        platforms.insert(cover->platform);
        services.insert(value_of(cover->key, "service"));
      }
      if (mine.empty()) {
        platforms = platforms_of_unused(held);
        for (const Rate& rate : estate.card.rates)
          if (value_of(rate.key, "region") == held.region &&
              value_of(rate.key, "service") == held.service)
            services = {held.service};
      }
      for (std::size_t r = 0; r < estate.card.rates.size() && proportional; ++r) {
        const Rate& rate = estate.card.rates[r];
        if (value_of(rate.key, "region") != held.region ||
            value_of(rate.key, "family") != held.family ||
            (held.is_of_one_size() && value_of(rate.key, "size") != held.size) ||
            provider_named(value_of(rate.key, "provider")) != Provider::kAws ||
            (!services.empty() && services.count(value_of(rate.key, "service")) == 0))
          continue;
        if (platforms.count(platform_of(rate.key)) == 0) continue;
        if (const auto factor = aws_units_of(value_of(rate.key, "size")))
          factors.emplace(r, *factor);
      }
      for (const auto& [row, factor] : factors) {
        estate.card.rates[row].factor = factor;
        set(row, offer, multiply(unit, factor));
      }
      if (!proportional && factors.size() == 1) fixed_size_.insert(held.id);
    }
    if (!changed.empty())
      note("commitments of one kind gave different rates to " +
           count_of(static_cast<std::int64_t>(changed.size()), "SKU") +
           ": the rate of the one that began last counts for new purchases");
    return {};
  }

  /// Adds the platform to the keys of the rates, so that a scope may name it.
  Status add_platforms() {
    if (!by_platform_.known) return {};
    auto rows = engine_.query("SELECT DISTINCT " + list_of(price_columns()) +
                              ", platform FROM x_cells ORDER BY ALL");
    if (!rows) return pass(rows);
    std::map<Key, std::vector<std::string>> platforms;
    for (const auto& row : rows->rows) {
      Key key;
      for (std::size_t i = 0; i < price_columns().size(); ++i) key.push_back(row[i].text());
      platforms[std::move(key)].push_back(row.back().text());
    }
    std::vector<Rate> all;
    for (const Rate& rate : estate.card.rates)
      for (const std::string& platform : platforms[rate.key]) {
        all.push_back(rate);
        all.back().key.push_back(platform);
      }
    estate.card.rates = std::move(all);
    estate.card.columns.emplace_back("platform");
    return {};
  }

  /// Of a commitment that covered nothing: its own, else the only one of its family.
  std::set<std::string> platforms_of_unused(const HeldCommitment& held) {
    if (!held.platform.empty()) return {held.platform};
    std::set<std::string> found;
    for (const Rate& rate : estate.card.rates)
      if (value_of(rate.key, "region") == held.region &&
          value_of(rate.key, "family") == held.family)
        found.insert(platform_of(rate.key));
    return found.size() == 1 ? found : std::set<std::string>();
  }

  /// Of a price, which is that of one platform.
  std::string platform_of(const Key& key) {
    if (platforms_.empty()) {
      auto rows = engine_.query("SELECT " + list_of(price_columns()) +
                                ", max(platform) FROM x_cells GROUP BY ALL");
      if (rows)
        for (const auto& row : rows->rows) {
          Key each;
          for (std::size_t i = 0; i < price_columns().size(); ++i) each.push_back(row[i].text());
          platforms_.emplace(std::move(each), row.back().text());
        }
    }
    const auto at = platforms_.find(key);
    return at == platforms_.end() ? "" : at->second;
  }

  void name_what_has_no_rate() {
    std::int64_t without = 0;
    for (std::size_t r = 0; r < priced_in_period_; ++r) {
      const auto& prices = estate.card.rates[r].price;
      without += std::none_of(prices.begin(), prices.end(),
                              [](const auto& price) { return price.has_value(); });
    }
    if (without > 0)
      note("no commitment has covered " + count_of(without, "SKU") + " of " +
           with_thousands(static_cast<std::int64_t>(priced_in_period_)) +
           " yet, so the bill tells no rate for them and nothing covers them here; --offers and "
           "--rates can");
  }

  /// The values of the offer's scope, as far as the bill tells them all.
  std::optional<std::vector<ScopeValue>> scope_of(const HeldCommitment& held,
                                                  std::size_t offer) const {
    std::vector<std::string> columns = estate.card.offers[offer].scope;
    if (fixed_size_.count(held.id) > 0 || held.one_platform_size) columns.emplace_back("size");
    if (by_platform_.known && held.is_reserved_instance()) columns.emplace_back("platform");
    std::vector<ScopeValue> scope;
    for (const std::string& column : columns) {
      if (column == "platform" && held.platform.empty()) continue;
      const std::string value = column == "region"     ? held.region
                                : column == "family"   ? held.family
                                : column == "size"     ? held.size
                                : column == "zone"     ? held.zone
                                : column == "platform" ? held.platform
                                : column == "service"  ? held.service
                                : column == "provider" ? held.provider
                                                       : "";
      if (value.empty()) return std::nullopt;
      scope.emplace_back(column, value);
    }
    std::sort(scope.begin(), scope.end());
    scope.erase(std::unique(scope.begin(), scope.end()), scope.end());
    return scope;
  }

  Holding holding_of(const HeldCommitment& held, std::size_t offer,
                     std::vector<ScopeValue> scope) const {
    Holding holding;
    holding.id = held.name;
    holding.offer = offer;
    holding.owner = held.owner;
    holding.begin = held.begin;
    holding.end = held.end;
    holding.amount = held.spend ? held.fee : held.units;
    holding.scope = std::move(scope);
    // Of one size it is a number of machines, if the bill's units are normalized.
    const auto units = held.is_of_one_size() ? aws_units_of(held.size) : std::nullopt;
    const Decimal machines = units ? multiply_divide(held.units, {kOne}, *units) : Decimal{};
    if (units && machines.units % kOne == 0 && multiply(machines, *units) == held.units) {
      holding.amount = machines;
      holding.factor = *units;
      for (const Pool& pool : estate.table.pools)
        if (steelyard::covers(estate.card, holding, estate.table, pool))
          holding.factor = estate.card.rates[pool.rate].factor;
    }
    if (!held.spend) holding.price = multiply_divide(held.fee, {kOne}, holding.amount);
    return holding;
  }

  /// What the usage of each pool costs at the prices taken.
  std::vector<Decimal> pools_on_demand() const {
    std::vector<Decimal> costs;
    for (std::size_t pool = 0; pool < estate.demand.pools.size(); ++pool) {
      Int128 sum = 0;
      for (const std::int64_t count : estate.demand.row(pool)) sum += count;
      costs.push_back(multiply(estate.demand.quantity(sum),
                               estate.card.rates[estate.table.pools[pool].rate].on_demand));
    }
    return costs;
  }

  /// What all usage costs at the prices taken, and what the bill says.
  void compare_with_bill() {
    Decimal priced;
    for (const Decimal cost : pools_on_demand()) priced += cost;
    note("all of this usage on demand: " + money(priced) + " at these prices, " + money(billed_) +
         " by the lines of the bill; difference " + money(priced - billed_));
  }

  Engine& engine_;
  const OwnBill& bill_;
  std::string currency_;
  Decimal billed_;  ///< what the bill's lines say that all usage costs on demand
  std::vector<HeldCommitment> held_;
  std::vector<HeldCommitment> known_;  ///< whose offers and rates count: those of all months
  std::size_t priced_in_period_ = 0;   ///< so many of the first rates
  std::set<std::string> fixed_size_;   ///< commitments that cover the size they name only
  Platforms by_platform_;
  std::map<Key, std::string> platforms_;
};

}  // namespace

Result<Estate> estate_of_bill(Engine& engine, const OwnBill& bill, const OwnBillFiles& files) {
  Reader reader(engine, bill);
  if (Status read = reader.usage(); !read) return pass(read);
  if (Status read = reader.held(); !read) return pass(read);
  Estate& estate = reader.estate;
  if (files.rates.empty()) {
    if (Status found = reader.found_card(); !found) return pass(found);
  } else {
    auto card = read_rate_card(engine, files.offers, files.rates);
    if (!card) return pass(card);
    estate.card = std::move(*card);
    estate.source += " " + files.offers + " " + files.rates;
  }
  if (Status priced = reader.price(); !priced) {
    priced.error().where = files.rates.empty() ? bill.source : files.rates;
    return pass(priced);
  }
  if (files.rates.empty() && bill.for_purchases) reader.name_narrow_offers();
  if (files.holdings.empty()) {
    reader.hold();
  } else {
    auto holdings = read_holdings(engine, files.holdings, estate.card, reader.window_begin());
    if (!holdings) return pass(holdings);
    estate.holdings = std::move(*holdings);
    estate.source += " " + files.holdings;
  }
  return std::move(reader.estate);
}

}  // namespace steelyard
