// The tables of offers, rates and holdings as files.
#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "commitments/checks.h"
#include "commitments/exchange.h"
#include "commitments/offer.h"
#include "commitments/simulate.h"
#include "commitments/text_table.h"

namespace steelyard {
namespace {

Result<Decimal> number(const TextTable& table, std::size_t row, const std::string& column) {
  const std::string text = table.cell(row, column);
  Decimal value;
  switch (parse_decimal(text, value)) {
    case ParseOutcome::kExact:
      return value;
    case ParseOutcome::kRounded:
      return table.bad(row, column, "`" + text + "` has more than 18 decimals",
                       "write at most 18: nothing is rounded silently");
    case ParseOutcome::kTooLarge:
    case ParseOutcome::kNotNumber:
      break;
  }
  return table.bad(row, column, "`" + text + "` is not a number",
                   "write it as 1234.56, without separators or a currency");
}

std::vector<std::string> word_list(const std::string& text) {
  std::vector<std::string> words;
  for (std::string word : split(text, ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  return words;
}

Status read_kind(const TextTable& table, std::size_t row, Offer& offer) {
  const std::string text = table.cell(row, "kind");
  std::vector<std::string> names;
  for (const InstrumentTraits& known : instruments()) {
    names.emplace_back(known.name);
    if (known.name != text) continue;
    offer.instrument = known.instrument;
    return {};
  }
  const std::string near = nearest(text, names);
  return table.bad(
      row, "kind", "`" + text + "` is no kind of commitment",
      near.empty() ? "write one of " + join(names, ", ") : "did you mean " + near + "?");
}

Status read_payment(const TextTable& table, std::size_t row, Offer& offer) {
  const std::string text = table.cell(row, "payment");
  for (const Payment payment :
       {Payment::kNoUpfront, Payment::kPartialUpfront, Payment::kAllUpfront}) {
    if (text != name(payment)) continue;
    offer.payment = payment;
    offer.upfront_share = {static_cast<int>(payment) * (kOne / 2)};
    if (table.cell(row, "upfront_share").empty()) return {};
    auto share = number(table, row, "upfront_share");
    if (!share) return pass(share);
    offer.upfront_share = *share;
    return {};
  }
  return table.bad(row, "payment", "`" + text + "` is no payment option",
                   "write no-upfront, partial-upfront or all-upfront");
}

Result<Offer> read_offer(const TextTable& table, std::size_t row) {
  Offer offer;
  offer.name = table.cell(row, "offer");
  offer.size = table.cell(row, "size");
  offer.offer_class = table.cell(row, "class");
  offer.scope = word_list(table.cell(row, "scope"));
  if (auto status = read_kind(table, row, offer); !status) return pass(status);
  if (auto status = read_payment(table, row, offer); !status) return pass(status);
  const std::string term = table.cell(row, "term_years");
  if (term != "1" && term != "3")
    return table.bad(row, "term_years", "`" + term + "` is no term", "write 1 or 3");
  offer.term_years = term == "1" ? 1 : 3;
  return offer;
}

/// Which columns of rates.csv are what.
struct RateColumns {
  std::vector<std::size_t> pool;   ///< positions of RateCard::columns
  std::vector<std::size_t> price;  ///< positions of the offers
};

Result<RateColumns> sort_columns(const TextTable& table, RateCard& card) {
  static const std::set<std::string_view> kOwn = {"on_demand", "list", "factor", "currency"};
  RateColumns columns;
  columns.price.resize(card.offers.size());
  std::vector<bool> found(card.offers.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string& column = table.columns[i];
    if (const auto offer = card.find_offer(column)) {
      columns.price[*offer] = i;
      found[*offer] = true;
    } else if (!kOwn.count(column)) {
      card.columns.push_back(column);
      columns.pool.push_back(i);
    }
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i]) continue;
    const std::string near = nearest(card.offers[i].name, card.columns);
    return fail(table.code, "the file has no column for offer `" + card.offers[i].name + "`",
                table.path,
                near.empty() ? "add a column of this name with its price for each pool"
                             : "did you mean the column `" + near + "`?");
  }
  return columns;
}

Result<Rate> read_rate(const TextTable& table, std::size_t row, const RateColumns& columns) {
  Rate rate;
  for (const std::size_t at : columns.pool) rate.key.push_back(table.rows[row][at]);
  auto on_demand = number(table, row, "on_demand");
  if (!on_demand) return pass(on_demand);
  rate.on_demand = rate.list = *on_demand;
  for (const auto& [column, value] :
       {std::pair{"list", &rate.list}, std::pair{"factor", &rate.factor}}) {
    if (table.cell(row, column).empty()) continue;
    auto given = number(table, row, column);
    if (!given) return pass(given);
    *value = *given;
  }
  for (const std::size_t at : columns.price) {
    rate.price.emplace_back();
    if (table.rows[row][at].empty()) continue;
    auto price = number(table, row, table.columns[at]);
    if (!price) return pass(price);
    rate.price.back() = *price;
  }
  return rate;
}

/// The error of a check, with its place.
tl::unexpected<Error> placed(Error error, std::string where) {
  error.where = std::move(where);
  return fail(std::move(error));
}

Result<Instant> read_hour(const TextTable& table, std::size_t row, const std::string& column) {
  const std::string text = table.cell(row, column);
  Instant instant;
  if (parse_instant(text, instant)) return instant;
  return table.bad(row, column, "`" + text + "` is not a time",
                   "write it as 2026-07-01T00:00:00Z, or as a date");
}

Result<Purchase> read_purchase(const TextTable& table, std::size_t row, const RateCard& card,
                               Instant window_begin) {
  static const std::set<std::string_view> kOwn = {
      "offer", "amount", "begin", "end", "owner", "id", "exchanges", "exchanges_amount"};
  Purchase purchase;
  const std::string text = table.cell(row, "offer");
  const auto offer = card.find_offer(text);
  if (!offer) {
    std::vector<std::string> names;
    for (const Offer& known : card.offers) names.push_back(known.name);
    const std::string near = nearest(text, names);
    const std::string fix =
        near.empty() ? "it has " + join(names, ", ") : "did you mean " + near + "?";
    return table.bad(row, "offer", "`" + text + "` is not in the table of offers",
                     names.empty()         ? "it has none: give --offers and --rates"
                     : card.origin.empty() ? fix
                                           : fix + (near.empty() ? "; " : " ") + card.origin);
  }
  purchase.offer = *offer;
  auto amount = number(table, row, "amount");
  if (!amount) return pass(amount);
  purchase.amount = *amount;
  purchase.begin = window_begin;
  if (!table.cell(row, "begin").empty()) {
    auto begin = read_hour(table, row, "begin");
    if (!begin) return pass(begin);
    purchase.begin = *begin;
  }
  if (!table.cell(row, "end").empty()) {
    auto end = read_hour(table, row, "end");
    if (!end) return pass(end);
    purchase.end = *end;
  }
  purchase.owner = table.cell(row, "owner");
  purchase.id = table.cell(row, "id");
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (kOwn.count(table.columns[i]) || table.rows[row][i].empty()) continue;
    purchase.values.emplace_back(table.columns[i], table.rows[row][i]);
  }
  return purchase;
}

/// What a row takes the place of: ids, and how much of each, with semicolons between several.
Status read_exchanges(const TextTable& table, std::size_t row, const Purchase& purchase,
                      std::size_t holding, std::vector<Exchange>& exchanges) {
  const std::string ids = table.cell(row, "exchanges"),
                    amounts = table.cell(row, "exchanges_amount");
  if (ids.empty() && amounts.empty()) return {};
  if (ids.empty())
    return table.bad(row, "exchanges_amount", "an amount to exchange, but not of what",
                     "write the id of what is held into `exchanges`");
  const std::vector<std::string> of = split(ids, ';');
  const std::vector<std::string> parts = split(amounts, ';');
  if (!amounts.empty() && parts.size() != of.size())
    return table.bad(row, "exchanges_amount",
                     std::to_string(parts.size()) + " amounts for " + std::to_string(of.size()) +
                         " ids in `exchanges`",
                     "write one for each, nothing between two semicolons for all of it");
  for (std::size_t i = 0; i < of.size(); ++i) {
    Exchange exchange{
        holding, std::string(trim(of[i])), {}, purchase.end, table.place(row, "exchanges")};
    const std::string text = amounts.empty() ? "" : std::string(trim(parts[i]));
    Decimal amount;
    if (!text.empty()) {
      if (parse_decimal(text, amount) != ParseOutcome::kExact)
        return table.bad(row, "exchanges_amount", "`" + text + "` is not a number",
                         "write how many units are exchanged, or nothing for all of them");
      exchange.amount = amount;
      exchange.where = table.place(row, "exchanges_amount");
    }
    exchanges.push_back(std::move(exchange));
  }
  return {};
}

}  // namespace

Result<RateCard> read_rate_card(Engine& engine, const std::string& offers_path,
                                const std::string& rates_path) {
  auto offers = read_text_table(engine, offers_path, "SY1801");
  if (!offers) return pass(offers);
  if (auto status = offers->needs({"offer", "kind", "scope", "term_years", "payment"}); !status)
    return pass(status);
  auto rates = read_text_table(engine, rates_path, "SY1801");
  if (!rates) return pass(rates);
  if (auto status = rates->needs({"on_demand"}); !status) return pass(status);
  RateCard card;
  for (std::size_t row = 0; row < offers->rows.size(); ++row) {
    auto offer = read_offer(*offers, row);
    if (!offer) return pass(offer);
    if (card.find_offer(offer->name))
      return offers->bad(row, "offer", "`" + offer->name + "` is named twice",
                         "name each offer once");
    card.offers.push_back(std::move(*offer));
  }
  auto columns = sort_columns(*rates, card);
  if (!columns) return pass(columns);
  for (std::size_t i = 0; i < card.offers.size(); ++i) {
    if (auto status = check_offer(card, i); !status)
      return placed(std::move(status.error()), offers->place(i));
  }
  std::map<std::vector<std::string>, std::size_t> rows;
  for (std::size_t row = 0; row < rates->rows.size(); ++row) {
    auto rate = read_rate(*rates, row, *columns);
    if (!rate) return pass(rate);
    if (const auto [first, is_new] = rows.try_emplace(rate->key, row); !is_new)
      return fail(
          rates->code,
          "the same pool stands here and in line " + std::to_string(rates->lines[first->second]),
          rates->place(row), "keep one row of rates for it");
    if (auto status = check_rate(card, *rate); !status)
      return placed(std::move(status.error()), rates->place(row));
    const std::string currency = rates->cell(row, "currency");
    if (row == 0 && !currency.empty()) card.currency = currency;
    if (!currency.empty() && currency != card.currency)
      return rates->bad(
          row, "currency",
          "`" + currency + "` after " + card.currency + ": two currencies in one file",
          "keep one table of rates for each currency");
    card.rates.push_back(std::move(*rate));
  }
  return card;
}

Result<std::vector<Holding>> read_holdings(Engine& engine, const std::string& path,
                                           const RateCard& card, Instant window_begin,
                                           std::vector<Exchange>* exchanges) {
  auto table = read_text_table(engine, path, "SY1804");
  if (!table) return pass(table);
  if (auto status = table->needs({"offer", "amount"}); !status) return pass(status);
  if (table->rows.size() > kMaxPurchases)
    return fail(table->code, "more than " + std::to_string(kMaxPurchases) + " purchases", path,
                "add up those that are alike");
  std::vector<Holding> holdings;
  std::vector<Exchange> found;
  std::map<std::string, std::size_t> rows;  // of each id
  for (std::size_t row = 0; row < table->rows.size(); ++row) {
    auto purchase = read_purchase(*table, row, card, window_begin);
    if (!purchase) return pass(purchase);
    if (const auto [first, is_new] = rows.try_emplace(purchase->id, row);
        !is_new && !purchase->id.empty())
      return table->bad(row, "id",
                        "`" + purchase->id + "` is the id of line " +
                            std::to_string(table->lines[first->second]) + " as well",
                        "name each purchase once, or leave its id empty");
    auto holding = make_holding(card, *purchase);
    if (!holding) return placed(std::move(holding.error()), table->place(row));
    if (Status read = read_exchanges(*table, row, *purchase, holdings.size(), found); !read)
      return pass(read);
    holdings.push_back(std::move(*holding));
  }
  if (exchanges != nullptr) {
    *exchanges = std::move(found);
  } else if (auto applied = apply_exchanges(card, holdings, std::move(found)); !applied) {
    return pass(applied);
  }
  return holdings;
}

Result<std::map<std::string, std::string>> read_groups(Engine& engine, const std::string& path) {
  auto table = read_text_table(engine, path, "SY1804");
  if (!table) return pass(table);
  if (auto status = table->needs({"account", "group"}); !status) return pass(status);
  std::map<std::string, std::string> groups;
  for (std::size_t row = 0; row < table->rows.size(); ++row) {
    const std::string account = table->cell(row, "account");
    if (groups.emplace(account, table->cell(row, "group")).second) continue;
    return table->bad(row, "account", "`" + account + "` is in two groups",
                      "an account is in one group at most");
  }
  return groups;
}

std::optional<SharingMode> parse_sharing_mode(std::string_view text) {
  if (text == "organisation") return SharingMode::kOrganisation;
  if (text == "prioritised-group") return SharingMode::kPrioritisedGroup;
  if (text == "restricted-group") return SharingMode::kRestrictedGroup;
  if (text == "off") return SharingMode::kOff;
  return std::nullopt;
}

Result<std::vector<SharingPreference>> read_sharing(
    Engine& engine, const std::string& path, const std::map<std::string, std::string>& groups) {
  auto table = read_text_table(engine, path, "SY1804");
  if (!table) return pass(table);
  if (auto status = table->needs({"since", "mode"}); !status) return pass(status);
  std::vector<SharingPreference> preferences;
  for (std::size_t row = 0; row < table->rows.size(); ++row) {
    SharingPreference& preference = preferences.emplace_back();
    const std::string since = table->cell(row, "since"), mode = table->cell(row, "mode");
    if (since.empty()) preference.since = {INT64_MIN};
    if (!since.empty() && !parse_instant(since, preference.since))
      return table->bad(row, "since", "`" + since + "` is not a time", "write it as 2026-07-01");
    const auto known = parse_sharing_mode(mode);
    if (!known)
      return table->bad(row, "mode", "`" + mode + "` is no way of sharing",
                        "it is organisation, prioritised-group, restricted-group or off");
    preference.mode = *known;
    const bool grouped =
        *known == SharingMode::kPrioritisedGroup || *known == SharingMode::kRestrictedGroup;
    if (grouped && groups.empty())
      return table->bad(row, "mode", "sharing in groups needs the groups", "give --groups=FILE");
    if (grouped) preference.groups = groups;
    for (const std::string& account : word_list(table->cell(row, "excluded")))
      preference.excluded.insert(account);
  }
  std::stable_sort(preferences.begin(), preferences.end(),
                   [](const auto& a, const auto& b) { return a.since < b.since; });
  return preferences;
}

}  // namespace steelyard
