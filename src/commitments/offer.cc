#include "commitments/offer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

#include "base/assert.h"
#include "base/text.h"
#include "commitments/checks.h"

namespace steelyard {
namespace {

using enum CommitmentUnit;

// Ranks: AWS applies reserved instances before plans, zonal before regional ones, EC2 Instance
// Savings Plans before Compute Savings Plans (EC2 user guide "How Reserved Instances are applied";
// Savings Plans user guide "Understanding how Savings Plans apply"). Azure applies reservations
// before savings plans ("How saving plan discount is applied"). Google Cloud applies resource-based
// before spend-based and these before flexible commitments.
constexpr std::array<InstrumentTraits, 17> kInstruments = {{
    {Instrument::kQuantity, "quantity", "Quantity", Provider::kNone, kQuantity, 0},
    {Instrument::kSpend, "spend", "Spend", Provider::kNone, kSpend, 3},
    {Instrument::kZonalRi, "zonal-ri", "Zonal Reserved Instance", Provider::kAws, kQuantity, 0},
    {Instrument::kRegionalRi, "regional-ri", "Regional Reserved Instance", Provider::kAws,
     kQuantity, 1},
    {Instrument::kRdsRi, "rds-ri", "RDS Reserved Instance", Provider::kAws, kQuantity, 1},
    {Instrument::kElastiCacheRi, "elasticache-ri", "ElastiCache reserved node", Provider::kAws,
     kQuantity, 1},
    {Instrument::kOpenSearchRi, "opensearch-ri", "OpenSearch Reserved Instance", Provider::kAws,
     kQuantity, 1},
    {Instrument::kRedshiftRi, "redshift-ri", "Redshift reserved node", Provider::kAws, kQuantity,
     1},
    {Instrument::kEc2InstanceSp, "ec2-instance-sp", "EC2 Instance Savings Plan", Provider::kAws,
     kSpend, 2},
    {Instrument::kComputeSp, "compute-sp", "Compute Savings Plan", Provider::kAws, kSpend, 3},
    {Instrument::kSageMakerSp, "sagemaker-sp", "SageMaker Savings Plan", Provider::kAws, kSpend, 3},
    {Instrument::kDatabaseSp, "database-sp", "Database Savings Plan", Provider::kAws, kSpend, 3},
    {Instrument::kAzureReservation, "azure-reservation", "Azure reservation", Provider::kAzure,
     kQuantity, 0},
    {Instrument::kAzureSavingsPlan, "azure-savings-plan", "Azure savings plan", Provider::kAzure,
     kSpend, 3},
    {Instrument::kGcpResourceCud, "gcp-resource-cud", "Resource-based CUD", Provider::kGcp,
     kQuantity, 0},
    {Instrument::kGcpSpendCud, "gcp-spend-cud", "Spend-based CUD", Provider::kGcp, kSpend, 2},
    {Instrument::kGcpFlexCud, "gcp-flex-cud", "Flexible CUD", Provider::kGcp, kSpend, 3},
}};

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;
constexpr std::int64_t kMicrosPerDay = 24 * kMicrosPerHour;

std::optional<std::size_t> index_of(const std::vector<std::string>& names, std::string_view name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<std::size_t>(at - names.begin());
}

bool matches(const std::string& cell, std::string_view value) {
  return cell == "*" || cell == value;
}

/// The value that a list of (column, value) gives a column, or nullptr.
const std::string* value_of(const std::vector<ScopeValue>& values, std::string_view column) {
  for (const auto& [name, value] : values) {
    if (name == column) return &value;
  }
  return nullptr;
}

std::string shown(const std::vector<ScopeValue>& values) {
  std::vector<std::string> parts;
  for (const auto& [column, value] : values) parts.push_back(column + "=" + value);
  return parts.empty() ? "any" : join(parts, ", ");
}

bool same_prices(const Rate& a, const Rate& b) {
  return a.on_demand == b.on_demand && a.list == b.list && a.factor == b.factor &&
         a.price == b.price;
}

/// The rates that a purchase may be of, without those that a more specific row hides.
std::vector<const Rate*> rates_within(const RateCard& card, std::size_t offer,
                                      const std::vector<ScopeValue>& values) {
  std::map<std::vector<std::string>, std::pair<std::ptrdiff_t, const Rate*>> found;
  for (const Rate& rate : card.rates) {
    std::vector<std::string> key = rate.key;
    bool within = true;
    for (std::size_t i = 0; i < key.size() && within; ++i) {
      const std::string* value = value_of(values, card.columns[i]);
      if (value == nullptr) continue;
      within = matches(key[i], *value);
      key[i] = *value;
    }
    if (!within) continue;
    const auto stars = std::count(rate.key.begin(), rate.key.end(), "*");
    const auto [at, is_new] = found.try_emplace(std::move(key), stars, &rate);
    if (!is_new && stars < at->second.first) at->second = {stars, &rate};
  }
  std::vector<const Rate*> rates;
  for (const auto& [key, entry] : found) {
    if (entry.second->price[offer]) rates.push_back(entry.second);
  }
  return rates;
}

tl::unexpected<Error> refuse(std::string what, std::string fix) {
  return fail("SY1804", std::move(what), {}, std::move(fix));
}

/// What one unit of a quantity offer is and costs. `by_size`: a unit of size 1, for any of the
/// sizes.
Status set_unit(const RateCard& card, const std::vector<const Rate*>& rates, bool by_size,
                Holding& holding) {
  const Rate& first = *rates.front();
  const Decimal price = *first.price[holding.offer];
  const Offer& offer = card.offers[holding.offer];
  for (const Rate* rate : rates) {
    const Decimal other = *rate->price[holding.offer];
    const bool same = by_size ? compare_fractions(other, rate->factor, price, first.factor) == 0
                              : other == price && rate->factor == first.factor;
    if (same) continue;
    const auto of_size = [](Decimal amount, const Rate& of) {
      return to_text(amount) + " for a size of " + to_text(of.factor);
    };
    return refuse("the rates of `" + offer.name + "` differ within the purchase: " +
                      of_size(price, first) + ", " + of_size(other, *rate),
                  offer.size.empty()
                      ? "make its scope narrower, or name the offer's size column in offers.csv"
                      : "say which `" + offer.size + "` is bought");
  }
  holding.factor = by_size ? Decimal{kOne} : first.factor;
  holding.price = by_size ? multiply_divide(price, {kOne}, first.factor) : price;
  return {};
}

}  // namespace

std::span<const InstrumentTraits> instruments() { return kInstruments; }

const InstrumentTraits& traits(Instrument instrument) {
  const InstrumentTraits& found = kInstruments[static_cast<std::size_t>(instrument)];
  SY_ASSERT(found.instrument == instrument);
  return found;
}

std::string_view name(Payment payment) {
  switch (payment) {
    case Payment::kNoUpfront:
      return "no-upfront";
    case Payment::kPartialUpfront:
      return "partial-upfront";
    case Payment::kAllUpfront:
      return "all-upfront";
  }
  return "";
}

std::optional<std::size_t> RateCard::find_offer(std::string_view offer_name) const {
  for (std::size_t i = 0; i < offers.size(); ++i) {
    if (offers[i].name == offer_name) return i;
  }
  return std::nullopt;
}

Status check_offer(const RateCard& card, std::size_t index) {
  const Offer& offer = card.offers[index];
  const auto bad = [&](const std::string& what, std::string fix) {
    return fail("SY1801", "offer `" + offer.name + "`: " + what, {}, std::move(fix));
  };
  if (offer.name.empty()) return bad("it has no name", "name each offer once");
  if (*card.find_offer(offer.name) != index) return bad("named twice", "name each offer once");
  if (index_of(card.columns, offer.name))
    return bad("a pool column has the same name", "give the offer another name");
  if (offer.term_years != 1 && offer.term_years != 3)
    return bad("a term of " + std::to_string(offer.term_years) + " years", "write 1 or 3");
  const std::set<std::string> columns(offer.scope.begin(), offer.scope.end());
  if (columns.size() != offer.scope.size())
    return bad("its scope names a column twice", "name each pool column once");
  if (!offer.size.empty()) {
    if (offer.unit() == CommitmentUnit::kSpend)
      return bad("a plan has no size", "leave `size` empty");
    if (offer.instrument == Instrument::kZonalRi)
      return bad("a zonal reserved instance covers no other size",
                 "leave `size` empty, and name the column in its scope");
    if (columns.count(offer.size))
      return bad("`" + offer.size + "` is in its scope and its size",
                 "a column of the scope fixes the size: leave `size` empty");
    if (!index_of(card.columns, offer.size))
      return bad("its size `" + offer.size + "` is no pool column of the rates",
                 "name one of " + join(card.columns, ", "));
  }
  const Decimal share = offer.upfront_share;
  const bool fits = offer.payment == Payment::kNoUpfront ? share == Decimal{}
                    : offer.payment == Payment::kAllUpfront
                        ? share == Decimal{kOne}
                        : share > Decimal{} && share.units < kOne;
  if (!fits)
    return bad(std::string(name(offer.payment)) + " with an upfront share of " + to_text(share),
               "0 for no-upfront, 1 for all-upfront, between them for partial-upfront");
  return {};
}

Status check_rate(const RateCard& card, const Rate& rate) {
  const auto bad = [&](const std::string& what, std::string fix) {
    return fail("SY1801", what, {}, std::move(fix));
  };
  SY_ASSERT(rate.key.size() == card.columns.size() && rate.price.size() == card.offers.size());
  for (const auto& [price, column] :
       {std::pair{rate.on_demand, "on_demand"}, std::pair{rate.list, "list"}}) {
    if (price < Decimal{} || price > kMaxPrice)
      return bad("`" + std::string(column) + "` is " + to_text(price),
                 "a price lies between 0 and " + to_text(kMaxPrice));
  }
  if (rate.factor < kMinFactor || rate.factor > kMaxFactor)
    return bad("`factor` is " + to_text(rate.factor),
               "a factor lies between " + to_text(kMinFactor) + " and " + to_text(kMaxFactor));
  for (std::size_t i = 0; i < card.offers.size(); ++i) {
    if (!rate.price[i]) continue;
    if (*rate.price[i] <= Decimal{} || *rate.price[i] > kMaxPrice)
      return bad("`" + card.offers[i].name + "` is " + to_text(*rate.price[i]),
                 "a price is above 0 and at most " + to_text(kMaxPrice) +
                     "; leave the cell empty where the offer does not apply");
  }
  return {};
}

Status check_rate_card(const RateCard& card) {
  for (std::size_t i = 0; i < card.offers.size(); ++i) {
    if (auto status = check_offer(card, i); !status) return status;
  }
  for (const Rate& rate : card.rates) {
    if (auto status = check_rate(card, rate); !status) return status;
  }
  return {};
}

Result<PoolTable> price_pools(const RateCard& card, std::vector<std::string> columns,
                              std::vector<std::vector<std::string>> keys) {
  const auto position = [&](const std::string& column,
                            const std::string& of) -> Result<std::size_t> {
    if (const auto at = index_of(columns, column)) return *at;
    return fail("SY1802", "the demand has no column `" + column + "`, which is " + of, {},
                "its pool columns are " + join(columns, ", ") +
                    ": add the column to the demand, or take it out of the tables of offers and "
                    "rates");
  };
  std::vector<std::size_t> places;
  for (const std::string& column : card.columns) {
    auto place = position(column, "a pool column of the rates");
    if (!place) return pass(place);
    places.push_back(*place);
  }
  for (const Offer& offer : card.offers) {
    for (const std::string& column : offer.scope) {
      auto place = position(column, "in the scope of offer `" + offer.name + "`");
      if (!place) return pass(place);
    }
  }
  // Rows without a star are found at once; those with one are tried in turn, fewest stars first.
  std::map<std::vector<std::string>, std::size_t> exact;
  std::vector<std::pair<std::ptrdiff_t, std::size_t>> starred;
  for (std::size_t i = 0; i < card.rates.size(); ++i) {
    const auto& key = card.rates[i].key;
    const auto stars = std::count(key.begin(), key.end(), "*");
    if (stars == 0) exact.try_emplace(key, i);
    if (stars > 0) starred.emplace_back(stars, i);
  }
  std::sort(starred.begin(), starred.end());
  const auto shown_pool = [&](const std::vector<std::string>& cells) {
    std::vector<ScopeValue> values;
    for (std::size_t i = 0; i < cells.size(); ++i) values.emplace_back(card.columns[i], cells[i]);
    return shown(values);
  };
  const auto account = index_of(columns, "account");
  PoolTable table;
  for (auto& key : keys) {
    SY_ASSERT(key.size() == columns.size());
    std::vector<std::string> wanted;
    for (const std::size_t place : places) wanted.push_back(key[place]);
    std::optional<std::size_t> found;
    if (const auto at = exact.find(wanted); at != exact.end()) found = at->second;
    std::ptrdiff_t stars = 0;  // of the row that was found
    for (std::size_t i = 0; i < starred.size() && (!found || starred[i].first == stars); ++i) {
      const Rate& rate = card.rates[starred[i].second];
      if (!std::equal(rate.key.begin(), rate.key.end(), wanted.begin(), matches)) continue;
      if (found && !same_prices(rate, card.rates[*found]))
        return fail("SY1803",
                    "two rows of rates say as much about the pool " + shown_pool(wanted) + ": `" +
                        join(card.rates[*found].key, ",") + "` and `" + join(rate.key, ",") + "`",
                    {}, "add a row of its own for it");
      stars = starred[i].first;
      if (!found) found = starred[i].second;
    }
    if (!found)
      return fail("SY1803", "no rate for the pool " + shown_pool(wanted), {},
                  "add a row to the table of rates, or one with `*`");
    Pool pool;
    if (account) pool.account = key[*account];
    pool.key = std::move(key);
    pool.rate = *found;
    table.pools.push_back(std::move(pool));
  }
  table.columns = std::move(columns);
  return table;
}

Result<Holding> make_holding(const RateCard& card, const Purchase& purchase) {
  SY_ASSERT(purchase.offer < card.offers.size());
  const Offer& offer = card.offers[purchase.offer];
  Holding holding;
  holding.id = purchase.id;
  holding.offer = purchase.offer;
  holding.owner = purchase.owner;
  holding.amount = purchase.amount;
  holding.begin = purchase.begin;
  holding.end = purchase.end.value_or(end_of_term(offer, purchase.begin));
  for (const std::string& column : offer.scope) {
    const std::string* value = value_of(purchase.values, column);
    if (value == nullptr)
      return refuse("`" + offer.name + "` is bought for one `" + column + "`, but none is given",
                    "fill the column `" + column + "`");
  }
  const bool by_size = !offer.size.empty() && value_of(purchase.values, offer.size) == nullptr;
  for (const auto& [column, value] : purchase.values) {
    if (column != offer.size) holding.scope.emplace_back(column, value);
  }
  std::sort(holding.scope.begin(), holding.scope.end());
  const auto rates = rates_within(card, purchase.offer, purchase.values);
  if (rates.empty())
    return refuse("no rate of `" + offer.name + "` for " + shown(purchase.values),
                  "look at the spelling, or add the price to the table of rates");
  if (offer.unit() == CommitmentUnit::kQuantity) {
    if (auto status = set_unit(card, rates, by_size, holding); !status) return pass(status);
  }
  if (holding.amount < Decimal{} || holding.amount > kMaxQuantity)
    return refuse("an amount of " + to_text(holding.amount),
                  "an amount lies between 0 and " + to_text(kMaxQuantity));
  if (holding.price > kMaxPrice || fee_per_hour(holding) > kMaxQuantity ||
      multiply(holding.amount, holding.factor) > kMaxQuantity)
    return refuse("an amount of " + to_text(holding.amount) + " is beyond the limit",
                  "its fee and its size in an hour are at most " + to_text(kMaxQuantity));
  if (holding.begin.micros % kMicrosPerHour != 0 || holding.end.micros % kMicrosPerHour != 0)
    return refuse("from " + format_instant(holding.begin) + " to " + format_instant(holding.end) +
                      " is not in whole hours",
                  "commitments apply by the hour: write the first hour and the one after the last");
  if (holding.end <= holding.begin)
    return refuse("it ends at " + format_instant(holding.end) + ", not after it begins",
                  "leave `end` empty for a whole term");
  if (holding.end.micros - holding.begin.micros > kMaxTermHours * kMicrosPerHour)
    return refuse("it ends at " + format_instant(holding.end), "it lasts for at most 100 years");
  const std::int64_t hours = (holding.end.micros - holding.begin.micros) / kMicrosPerHour;
  if (multiply(fee_per_hour(holding), {hours * kOne}) > kMaxTermPrice)
    return refuse("an amount of " + to_text(holding.amount) + " is beyond the limit",
                  "a term's price is at most " + to_text(kMaxTermPrice));
  return holding;
}

Decimal fee_per_hour(const Holding& holding) { return multiply(holding.amount, holding.price); }

bool covers(const RateCard& card, const Offer& offer, const Pool& pool) {
  const auto index = static_cast<std::size_t>(&offer - card.offers.data());
  return !pool.late && card.rates[pool.rate].price[index].has_value();
}

bool covers(const RateCard& card, const Holding& holding, const PoolTable& table,
            const Pool& pool) {
  if (pool.late || !card.rates[pool.rate].price[holding.offer]) return false;
  return std::all_of(holding.scope.begin(), holding.scope.end(), [&](const ScopeValue& wanted) {
    const auto at = index_of(table.columns, wanted.first);
    return at && pool.key[*at] == wanted.second;
  });
}

std::vector<std::vector<ScopeValue>> scopes_of(const RateCard& card, const PoolTable& table,
                                               std::size_t offer) {
  std::set<std::vector<ScopeValue>> found;
  for (const Pool& pool : table.pools) {
    if (!card.rates[pool.rate].price[offer]) continue;
    std::vector<ScopeValue> values;
    for (const std::string& column : card.offers[offer].scope) {
      values.emplace_back(column, pool.key[*index_of(table.columns, column)]);
    }
    const bool filled = std::none_of(values.begin(), values.end(),
                                     [](const ScopeValue& value) { return value.second.empty(); });
    if (filled) found.insert(std::move(values));
  }
  return {found.begin(), found.end()};
}

Instant end_of_term(const Offer& offer, Instant begin) {
  const Provider provider = traits(offer.instrument).provider;
  if (provider == Provider::kAws || provider == Provider::kNone)
    return {begin.micros + std::int64_t{365} * offer.term_years * kMicrosPerDay};
  Date date = date_of(begin);
  const std::int64_t time_of_day = begin.micros - instant_of(date).micros;
  date.year += offer.term_years;
  if (date.month == 2 && date.day == 29) date.day = 28;
  return {instant_of(date).micros + time_of_day};
}

std::optional<Decimal> aws_normalisation_factor(std::string_view instance_type) {
  const std::size_t dot = instance_type.rfind('.');
  const std::string_view size =
      dot == std::string_view::npos ? instance_type : instance_type.substr(dot + 1);
  std::string_view family = dot == std::string_view::npos ? "" : instance_type.substr(0, dot);
  if (const auto prefix = family.rfind('.'); prefix != std::string_view::npos)
    family = family.substr(prefix + 1);  // db.r5.large, cache.m5.large
  static const std::map<std::string_view, Int128> kSmall = {
      {"nano", kOne / 4},   {"micro", kOne / 2}, {"small", kOne},
      {"medium", 2 * kOne}, {"large", 4 * kOne}, {"xlarge", 8 * kOne}};
  if (const auto at = kSmall.find(size); at != kSmall.end()) return Decimal{at->second};
  if (size == "metal") {
    static const std::map<std::string_view, int> kMetal = {
        {"a1", 32},   {"m5zn", 96},  {"z1d", 96},   {"c6g", 128},  {"c6gd", 128}, {"i3", 128},
        {"m6g", 128}, {"m6gd", 128}, {"r6g", 128},  {"r6gd", 128}, {"x2gd", 128}, {"c5n", 144},
        {"c5", 192},  {"c5d", 192},  {"i3en", 192}, {"m5", 192},   {"m5d", 192},  {"m5dn", 192},
        {"m5n", 192}, {"r5", 192},   {"r5b", 192},  {"r5d", 192},  {"r5dn", 192}, {"r5n", 192}};
    if (family.starts_with("u-")) return Decimal{896 * kOne};
    const auto at = kMetal.find(family);
    if (at == kMetal.end()) return std::nullopt;
    return Decimal{at->second * kOne};
  }
  int multiple = 0;
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), multiple);
  if (error != std::errc() || std::string_view(end, size.data() + size.size()) != "xlarge" ||
      multiple < 2 || multiple > 999)
    return std::nullopt;
  return Decimal{8 * multiple * kOne};
}

bool aws_is_size_flexible(std::string_view family, std::string_view platform,
                          std::string_view tenancy) {
  for (const std::string_view rigid : {"g4ad", "g4dn", "g5", "g5g", "inf1"}) {
    if (equals_ignoring_case(family, rigid)) return false;
  }
  const bool linux_unix =
      equals_ignoring_case(platform, "Linux/UNIX") || equals_ignoring_case(platform, "Linux");
  const bool shared =
      equals_ignoring_case(tenancy, "default") || equals_ignoring_case(tenancy, "shared");
  return linux_unix && shared;
}

int compare_fractions(Decimal a, Decimal b, Decimal c, Decimal d) {
  SY_ASSERT(a.units >= 0 && b.units > 0 && c.units >= 0 && d.units > 0);
  Int128 p = a.units, q = b.units, r = c.units, s = d.units;
  // By continued fractions: where the whole parts agree, the inverses of the rests decide.
  for (int sign = 1;; sign = -sign) {
    const Int128 left = p / q, right = r / s;
    if (left != right) return left < right ? -sign : sign;
    p %= q;
    r %= s;
    if (p == 0 || r == 0) return p == r ? 0 : p == 0 ? -sign : sign;
    std::swap(p, q);
    std::swap(r, s);
  }
}

}  // namespace steelyard
