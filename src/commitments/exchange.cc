#include "commitments/exchange.h"

#include <algorithm>
#include <map>
#include <span>

#include "base/text.h"
#include "commitments/payments.h"

namespace steelyard {
namespace {

constexpr std::int64_t kMicrosPerHour = 3'600'000'000, kLastDay = 24 * kMicrosPerHour;

std::string name_of(const std::vector<Holding>& holdings, std::size_t i) {
  return holdings[i].id.empty() ? std::to_string(i + 1) : holdings[i].id;
}

/// Of a zone such as eu-west-1a if no region is said; "" if neither is.
std::string region_of(const Holding& holding) {
  std::string zone;
  for (const auto& [column, value] : holding.scope) {
    if (column == "region") return value;
    if (column == "zone") zone = value;
  }
  const bool named = zone.size() > 1 && zone.back() >= 'a' && zone.back() <= 'z';
  return named ? zone.substr(0, zone.size() - 1) : zone;
}

/// What an old one is worth from a date to its end, and how much of that is paid.
struct Worth {
  Decimal left, paid;

  Worth operator+(const Worth& other) const { return {left + other.left, paid + other.paid}; }
  Worth operator-(const Worth& other) const { return {left - other.left, paid - other.paid}; }
};
Worth worth_of(const RateCard& card, const Holding& holding) {
  const Decimal left = price_of_term(holding);
  return {left, multiply(left, card.offers[holding.offer].upfront_share)};
}

/// The fewest whole units of `after`, whose begin and end are set, that are worth so much.
Decimal units_worth(const RateCard& card, const Worth& worth, Holding after) {
  const auto units_for = [](Decimal money, Decimal of_unit) {
    return round(multiply_divide(money, {kOne}, of_unit, Rounding::kUp), 0, Rounding::kUp);
  };
  after.amount = {kOne};
  const Worth unit = worth_of(card, after);
  const Decimal units = units_for(worth.left, unit.left);
  return unit.paid == Decimal{} ? units : std::max(units, units_for(worth.paid, unit.paid));
}

/// What is left of a holding from a date on without some of its units; nothing is due for it then.
Holding rest_of(const RateCard& card, Holding holding, Instant when, Decimal without) {
  holding.begin = when;
  holding.amount -= without;
  holding.handed_on = {};
  holding.paid_before = worth_of(card, holding).paid;
  return holding;
}

class Exchanger {
 public:
  /// At most so many holdings will be added for what is left of others.
  Exchanger(const RateCard& card, std::vector<Holding>& holdings, std::size_t rests)
      : card_(card), holdings_(holdings), given_(holdings.size()) {
    holdings_.reserve(holdings.size() + rests);  // so that references stay
  }

  /// All exchanges for one new holding.
  Result<std::string> apply(std::span<const Exchange> exchanges) {
    const Exchange& first = exchanges[0];
    Holding& after = holdings_[first.holding];
    Worth worth;
    std::vector<std::string> sources, quoted;
    bool is_one = true;
    for (const Exchange& exchange : exchanges) {
      auto at = find(exchange, after.begin);
      if (!at) return pass(at);
      Holding& before = holdings_[*at];
      if (Status fits = check_kinds(card_, exchange, before, after); !fits) return pass(fits);
      if (Status fits = check_times(exchange, before, after, sources.empty()); !fits)
        return pass(fits);
      if (Status fits = check_amount(exchange, before, after.begin); !fits) return pass(fits);
      const Decimal amount = exchange.amount.value_or(before.amount);
      const bool whole = amount == before.amount && before.begin != after.begin;
      const std::string part = whole ? "" : to_text(amount) + " of ";
      is_one = sources.empty() && (whole || amount == Decimal{kOne});
      sources.push_back(part + exchange.of);
      quoted.push_back(part + "`" + exchange.of + "`");
      after.end = before.end;
      if (after.owner.empty()) after.owner = before.owner;
      worth = worth + take(exchange, before, after.begin, amount);
    }
    const Worth value = worth_of(card_, after);
    if (value.left < worth.left || value.paid < worth.paid) {
      const std::string old = join(quoted, " and "), is = is_one ? " is" : " are",
                        what = value.left < worth.left
                                   ? "it is worth " + money(value.left) + " to its end, " + old +
                                         is + " still worth " + money(worth.left)
                                   : "its upfront part is " + money(value.paid) + ", that of " +
                                         old +
                                         " for the same time is paid already: " + money(worth.paid);
      return refuse(first, what,
                    "exchange it for " + to_text(units_worth(card_, worth, after)) + " or more");
    }
    after.paid_before = worth.paid;
    return name_of(holdings_, first.holding) + " takes the place of " + join(sources, " and ") +
           " on " + format_date(date_of(after.begin)) + ": worth " + money(value.left) +
           " to its end for what was still worth " + money(worth.left) + "; " +
           money(value.paid - worth.paid) + " is due upfront then";
  }

  /// Those of which nothing is left are none.
  void drop_empty_rests() {
    const auto rests = holdings_.begin() + static_cast<std::ptrdiff_t>(given_);
    holdings_.erase(std::remove_if(rests, holdings_.end(),
                                   [](const Holding& rest) { return rest.amount == Decimal{}; }),
                    holdings_.end());
  }

  static Status check_kinds(const RateCard& card, const Exchange& exchange, const Holding& before,
                            const Holding& after) {
    const Offer &old_offer = card.offers[before.offer], &new_offer = card.offers[after.offer];
    for (const Offer* offer : {&old_offer, &new_offer})
      if (!is_convertible(*offer))
        return refuse(exchange, "`" + offer->name + "` is no convertible reserved instance of EC2",
                      "only these are exchanged, for each other: the offer's kind is regional-ri "
                      "or zonal-ri, its class convertible");
    if (old_offer.term_years != new_offer.term_years)
      return refuse(exchange,
                    "`" + old_offer.name + "` has a term of " +
                        std::to_string(old_offer.term_years) + ", `" + new_offer.name + "` of " +
                        std::to_string(new_offer.term_years) + " years",
                    "exchange it for an offer of the same term");
    const std::string from = region_of(before), to = region_of(after);
    if (!from.empty() && !to.empty() && from != to)
      return refuse(exchange, "`" + exchange.of + "` is of " + from + ", not of " + to,
                    "a reserved instance stays in its region");
    if (old_offer.upfront_share != Decimal{} && new_offer.upfront_share == Decimal{})
      return refuse(
          exchange,
          "`" + exchange.of + "` was paid upfront in part, `" + new_offer.name + "` is not",
          "exchange it for an offer with partial or all upfront payment");
    return {};
  }

 private:
  std::string money(Decimal amount) const {
    return to_text(amount, 2, true) + " " + card_.currency;
  }

  static tl::unexpected<Error> refuse(const Exchange& exchange, std::string what, std::string fix) {
    return fail("SY1807", std::move(what), exchange.where, std::move(fix));
  }

  /// The one of this id that is in force then; or, to say what is wrong with it, the last one.
  Result<std::size_t> find(const Exchange& exchange, Instant when) const {
    std::vector<std::size_t> found, in_force;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < holdings_.size(); ++i) {
      const Holding& holding = holdings_[i];
      if (i == exchange.holding || holding.id.empty()) continue;
      if (i < given_) ids.push_back(holding.id);
      const bool is_empty_rest = i >= given_ && holding.amount == Decimal{};
      if (holding.id != exchange.of || is_empty_rest) continue;
      found.push_back(i);
      const bool has_begun = holding.begin < when || (i >= given_ && holding.begin == when);
      if (has_begun && when < holding.end) in_force.push_back(i);
    }
    if (in_force.size() > 1)
      return refuse(
          exchange,
          std::to_string(in_force.size()) + " purchases have the id `" + exchange.of + "`",
          "give each an id of its own");
    if (in_force.size() == 1) return in_force[0];
    if (const auto at = gone_.find(exchange.of); at != gone_.end() && at->second <= when)
      return refuse(exchange,
                    "nothing is left of `" + exchange.of + "` on " + format_instant(when) +
                        ": the last of it was exchanged on " + format_instant(at->second),
                    "exchange what took its place, or give up fewer in the exchanges before");
    if (!found.empty()) return found.back();
    const std::string near = nearest(exchange.of, ids);
    return refuse(exchange, "there is no `" + exchange.of + "` to exchange",
                  ids.empty()    ? "give what is held an id"
                  : near.empty() ? "there are " + join(ids, ", ")
                                 : "did you mean " + near + "?");
  }

  /// The first of several that are exchanged together sets the end.
  Status check_times(const Exchange& exchange, const Holding& before, const Holding& after,
                     bool first) const {
    const bool is_rest = &before >= holdings_.data() + given_;
    if (after.begin < before.begin || (after.begin == before.begin && !is_rest) ||
        after.begin.micros + kLastDay > before.end.micros)
      return refuse(exchange,
                    "`" + exchange.of + "` lasts from " + format_instant(before.begin) + " to " +
                        format_instant(before.end) + "; it cannot be exchanged on " +
                        format_instant(after.begin),
                    "let the new one begin within that time, a day before its end at the latest");
    if (!first && before.end != after.end)
      return refuse(exchange,
                    "`" + exchange.of + "` ends on " + format_instant(before.end) +
                        ", what is exchanged with it on " + format_instant(after.end),
                    "exchange those together that end together, the others by themselves");
    if (exchange.end && *exchange.end != before.end)
      return refuse(exchange,
                    "it ends on " + format_instant(*exchange.end) + ", `" + exchange.of + "` on " +
                        format_instant(before.end),
                    "both end together: leave `end` empty");
    return {};
  }

  static Status check_amount(const Exchange& exchange, const Holding& before, Instant when) {
    if (!exchange.amount) return {};
    if (*exchange.amount <= Decimal{} || round(*exchange.amount, 0) != *exchange.amount)
      return refuse(exchange,
                    to_text(*exchange.amount) + " of `" + exchange.of +
                        "` cannot be exchanged: a reservation is split into whole units",
                    "write a whole number above 0, or none for all that are left");
    if (*exchange.amount > before.amount)
      return refuse(exchange,
                    to_text(*exchange.amount) + " of `" + exchange.of +
                        "` cannot be exchanged on " + format_instant(when) + ": it has " +
                        to_text(before.amount) + " then",
                    "exchange at most " + to_text(before.amount) +
                        ", or write no number for all that are left");
    return {};
  }

  /// Splits off what is given up; the rest is of the same id.
  Worth take(const Exchange& exchange, Holding& before, Instant when, Decimal amount) {
    const Holding all = rest_of(card_, before, when, {}),
                  rest = rest_of(card_, before, when, amount);
    const Worth given = worth_of(card_, all) - worth_of(card_, rest);
    if (rest.amount == Decimal{}) gone_[exchange.of] = when;
    if (before.begin == when) {  // the rest of another exchange on that day
      before = rest;
      return given;
    }
    before.end = when;
    before.handed_on = all.paid_before;
    if (rest.amount != Decimal{}) holdings_.push_back(rest);
    return given;
  }

  const RateCard& card_;
  std::vector<Holding>& holdings_;
  std::size_t given_;                    ///< holdings; behind them stand rests
  std::map<std::string, Instant> gone_;  ///< ids of which nothing is left, since when
};

}  // namespace

bool is_convertible(const Offer& offer) {
  return (offer.instrument == Instrument::kRegionalRi ||
          offer.instrument == Instrument::kZonalRi) &&
         offer.offer_class == "convertible";
}

bool may_be_exchanged(const RateCard& card, const Holding& before, const Holding& after) {
  if (before.offer == after.offer && before.scope == after.scope) return false;
  return static_cast<bool>(Exchanger::check_kinds(card, {}, before, after));
}

Decimal units_in_exchange(const RateCard& card, const Holding& before, Decimal units,
                          const Holding& after) {
  const Worth worth = worth_of(card, rest_of(card, before, after.begin, {})) -
                      worth_of(card, rest_of(card, before, after.begin, units));
  Holding until = after;
  until.end = before.end;
  return units_worth(card, worth, until);
}

Result<std::vector<std::string>> apply_exchanges(const RateCard& card,
                                                 std::vector<Holding>& holdings,
                                                 std::vector<Exchange> exchanges) {
  // By date; of one date those that say how many before those that take what is left.
  std::vector<std::vector<Exchange>> together;
  std::map<std::size_t, std::size_t> of_holding;
  for (Exchange& exchange : exchanges) {
    const auto [at, added] = of_holding.try_emplace(exchange.holding, together.size());
    if (added) together.emplace_back();
    together[at->second].push_back(std::move(exchange));
  }
  const auto place = [&](const std::vector<Exchange>& group) {
    return std::pair(holdings[group[0].holding].begin,
                     std::any_of(group.begin(), group.end(),
                                 [](const Exchange& exchange) { return !exchange.amount; }));
  };
  std::stable_sort(together.begin(), together.end(),
                   [&](const auto& a, const auto& b) { return place(a) < place(b); });
  std::vector<Holding> changed = holdings;
  Exchanger exchanger(card, changed, exchanges.size());
  std::vector<std::string> sentences;
  for (const std::vector<Exchange>& group : together) {
    auto sentence = exchanger.apply(group);
    if (!sentence) return pass(sentence);
    sentences.push_back(std::move(*sentence));
  }
  exchanger.drop_empty_rests();
  holdings = std::move(changed);
  return sentences;
}

}  // namespace steelyard
