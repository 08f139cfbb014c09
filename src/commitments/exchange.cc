#include "commitments/exchange.h"

#include <algorithm>

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

/// How many units make up an amount of money, whole.
Decimal units_for(Decimal money, Decimal of_unit) {
  return round(multiply_divide(money, {kOne}, of_unit, Rounding::kUp), 0, Rounding::kUp);
}

class Exchanger {
 public:
  Exchanger(const RateCard& card, std::vector<Holding>& holdings)
      : card_(card), holdings_(holdings) {}

  Result<std::string> apply(const Exchange& exchange) {
    auto at = find(exchange);
    if (!at) return pass(at);
    Holding &before = holdings_[*at], &after = holdings_[exchange.holding];
    if (Status fits = check_kinds(card_, exchange, before, after); !fits) return pass(fits);
    if (Status fits = check_times(exchange, before, after); !fits) return pass(fits);
    after.end = before.end;
    const Offer &old_offer = card_.offers[before.offer], &new_offer = card_.offers[after.offer];
    Holding rest = before;
    rest.begin = after.begin;
    const Decimal left = price_of_term(rest), value = price_of_term(after);
    const Decimal paid = multiply(left, old_offer.upfront_share);
    const Decimal upfront = multiply(value, new_offer.upfront_share);
    if (value < left || upfront < paid) {
      Holding unit = after;
      unit.amount = {kOne};
      const Decimal of_unit = price_of_term(unit);
      Decimal units = units_for(left, of_unit);
      if (new_offer.upfront_share != Decimal{})
        units = std::max(units, units_for(paid, multiply(of_unit, new_offer.upfront_share)));
      const std::string what =
          value < left ? "it is worth " + money(value) + " to its end, `" + exchange.of +
                             "` is still worth " + money(left)
                       : "its upfront part is " + money(upfront) + ", that of `" + exchange.of +
                             "` for the same time is paid already: " + money(paid);
      return refuse(exchange, what, "exchange it for " + to_text(units) + " or more");
    }
    after.paid_before = paid;
    if (after.owner.empty()) after.owner = before.owner;
    before.end = after.begin;
    before.handed_on = paid;
    return name_of(holdings_, exchange.holding) + " takes the place of " + exchange.of + " on " +
           format_date(date_of(after.begin)) + ": worth " + money(value) +
           " to its end for what was still worth " + money(left) + "; " + money(upfront - paid) +
           " is due upfront then";
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

  Result<std::size_t> find(const Exchange& exchange) const {
    std::vector<std::size_t> found;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < holdings_.size(); ++i) {
      if (i == exchange.holding || holdings_[i].id.empty()) continue;
      ids.push_back(holdings_[i].id);
      if (holdings_[i].id == exchange.of) found.push_back(i);
    }
    if (found.size() == 1) return found[0];
    if (found.size() > 1)
      return refuse(exchange,
                    std::to_string(found.size()) + " purchases have the id `" + exchange.of + "`",
                    "give each an id of its own");
    const std::string near = nearest(exchange.of, ids);
    return refuse(exchange, "there is no `" + exchange.of + "` to exchange",
                  ids.empty()    ? "give what is held an id"
                  : near.empty() ? "there are " + join(ids, ", ")
                                 : "did you mean " + near + "?");
  }

  static Status check_times(const Exchange& exchange, const Holding& before, const Holding& after) {
    if (after.begin <= before.begin || after.begin.micros + kLastDay > before.end.micros)
      return refuse(exchange,
                    "`" + exchange.of + "` lasts from " + format_instant(before.begin) + " to " +
                        format_instant(before.end) + "; it cannot be exchanged on " +
                        format_instant(after.begin),
                    "let the new one begin within that time, a day before its end at the latest");
    if (exchange.end && *exchange.end != before.end)
      return refuse(exchange,
                    "it ends on " + format_instant(*exchange.end) + ", `" + exchange.of + "` on " +
                        format_instant(before.end),
                    "both end together: leave `end` empty");
    return {};
  }

  const RateCard& card_;
  std::vector<Holding>& holdings_;
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

Result<std::vector<std::string>> apply_exchanges(const RateCard& card,
                                                 std::vector<Holding>& holdings,
                                                 std::vector<Exchange> exchanges) {
  std::stable_sort(exchanges.begin(), exchanges.end(), [&](const Exchange& a, const Exchange& b) {
    return holdings[a.holding].begin < holdings[b.holding].begin;
  });
  std::vector<Holding> changed = holdings;
  Exchanger exchanger(card, changed);
  std::vector<std::string> sentences;
  for (const Exchange& exchange : exchanges) {
    auto sentence = exchanger.apply(exchange);
    if (!sentence) return pass(sentence);
    sentences.push_back(std::move(*sentence));
  }
  holdings = std::move(changed);
  return sentences;
}

}  // namespace steelyard
