#include <algorithm>
#include <map>

#include "base/text.h"
#include "commitments/aws_platform.h"
#include "commitments/bill_lines.h"

namespace steelyard {

namespace {

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;

/// The last hour's end may lag behind: providers bring usage up to two days late.
constexpr std::int64_t kLagHours = 48;

using Row = std::map<std::string, Cell>;

Result<std::vector<Row>> rows_of(Engine& engine, const std::string& sql) {
  auto rows = engine.query(sql);
  if (!rows) return pass(rows);
  std::vector<Row> named;
  for (auto& row : rows->rows) {
    Row& out = named.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i)
      out.emplace(rows->columns[i].name, std::move(row[i]));
  }
  return named;
}

std::string text(const Row& row, const std::string& name) {
  const auto at = row.find(name);
  return at == row.end() ? "" : at->second.text();
}

Decimal amount(const Row& row, const std::string& name) {
  const auto at = row.find(name);
  const auto* value = at == row.end() ? nullptr : std::get_if<Decimal>(&at->second.value);
  return value == nullptr ? Decimal{} : *value;
}

/// The whole hour in which the time lies.
std::optional<Instant> hour(const Row& row, const std::string& name) {
  Instant instant;
  if (!parse_instant(text(row, name), instant)) return std::nullopt;
  instant.micros -= instant.micros % kMicrosPerHour;
  return instant;
}

std::int64_t hours_between(Instant begin, Instant end) {
  return std::max<std::int64_t>(0, (end.micros - begin.micros) / kMicrosPerHour);
}

bool holds(std::string_view words, std::string_view word) {
  return words.find(word) != std::string_view::npos;
}

/// From a bill's own words, lower case: "p3y", "3yr", "3 year".
int term_in(std::string_view words) {
  for (const int years : {1, 3}) {
    const std::string n = std::to_string(years);
    for (const std::string& word : {"p" + n + "y", n + "yr", n + " year", n + "-year"})
      if (holds(words, word)) return years;
  }
  return 0;
}

std::optional<Payment> payment_in(std::string_view words) {
  if (holds(words, "no upfront") || holds(words, "noupfront")) return Payment::kNoUpfront;
  if (holds(words, "partial upfront") || holds(words, "partialupfront"))
    return Payment::kPartialUpfront;
  if (holds(words, "all upfront") || holds(words, "allupfront") || holds(words, "paid at once"))
    return Payment::kAllUpfront;
  return std::nullopt;
}

/// By provider, unit and the words of the type, the service and the description.
std::optional<Instrument> instrument_of(Provider provider, bool spend, std::string_view words) {
  switch (provider) {
    case Provider::kAws:
      if (spend) {
        if (holds(words, "ec2instance") || holds(words, "ec2 instance"))
          return Instrument::kEc2InstanceSp;
        if (holds(words, "sagemaker") || holds(words, "machinelearning") ||
            holds(words, "machine learning"))
          return Instrument::kSageMakerSp;
        if (holds(words, "database")) return Instrument::kDatabaseSp;
        return Instrument::kComputeSp;
      }
      if (holds(words, "rds") || holds(words, "relational database")) return Instrument::kRdsRi;
      if (holds(words, "elasticache")) return Instrument::kElastiCacheRi;
      if (holds(words, "opensearch") || holds(words, "elasticsearch"))
        return Instrument::kOpenSearchRi;
      if (holds(words, "redshift")) return Instrument::kRedshiftRi;
      return Instrument::kRegionalRi;
    case Provider::kAzure:
      return spend ? Instrument::kAzureSavingsPlan : Instrument::kAzureReservation;
    case Provider::kGcp:
      if (!spend) return Instrument::kGcpResourceCud;
      return holds(words, "flex") ? Instrument::kGcpFlexCud : Instrument::kGcpSpendCud;
    case Provider::kNone:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string charges_sql(const OwnBill& bill, const BillColumns& columns) {
  const std::string units = columns.decimal("CommitmentDiscountQuantity");
  std::string sql = R"(WITH held AS (SELECT *, "ChargeCategory" = 'Purchase' AS buys,
  "ChargeCategory" = 'Usage' AND coalesce("CommitmentDiscountStatus", 'Used') <> 'Unused' AS uses,
  "ChargeCategory" = 'Usage' AND "CommitmentDiscountStatus" = 'Unused' AS wastes,
  "ChargeCategory" = 'Purchase' AND "ChargeFrequency" = 'Recurring' AS recurs,
  CASE WHEN buys OR wastes THEN )" +
                    aws_platform_sql("(" + aws_known_code_sql(columns.text("x_Operation")) + ")",
                                     columns.text("x_UsageType"),
                                     "lower(" + columns.text("CommitmentDiscountType") +
                                         " || ' ' || " + columns.text("ChargeDescription") + ")") +
                    R"( ELSE '' END AS own_platform
  FROM )" + sql_identifier(bill.charges) +
                    " WHERE coalesce(\"CommitmentDiscountId\", '') <> '' AND " +
                    condition_of(bill) + ")\nSELECT \"CommitmentDiscountId\" AS id";
  const auto add = [&](const std::string& expression, const std::string& name) {
    sql += ",\n  " + expression + " AS " + name;
  };
  const auto newest = [&](const std::string& name, const std::string& as,
                          const std::string& when = "true") {
    add("max(" + columns.value(name) + ") FILTER (" + when + ")", as);
  };
  add("string_agg(DISTINCT own_platform, '|' ORDER BY own_platform) FILTER (own_platform <> '')",
      "own_platforms");
  newest("ServiceProviderName", "provider");
  newest("CommitmentDiscountName", "name");
  newest("CommitmentDiscountType", "type");
  newest("CommitmentDiscountCategory", "category");
  newest("CommitmentDiscountUnit", "unit");
  newest("BillingCurrency", "currency");
  newest("SubAccountId", "buyer", "buys");
  newest("SubAccountId", "waster", "wastes");
  newest("ServiceName", "bought_service", "buys");
  newest("ServiceName", "used_service", "uses");
  newest("ServiceName", "wasted_service", "wastes");
  newest("RegionId", "own_region", "buys OR wastes");
  newest("ChargeDescription", "recurring_words", "recurs");
  newest("ChargeDescription", "bought_words", "buys AND \"BilledCost\" > 0");
  newest("ChargeDescription", "wasted_words", "wastes");
  newest("SkuMeter", "own_meter", "buys OR wastes");
  newest("x_UsageType", "own_type", "buys OR wastes");
  newest("x_savings_plan_start_time", "plan_begin");
  newest("x_savings_plan_end_time", "plan_end");
  newest("x_savings_plan_purchase_term", "plan_term");
  newest("x_savings_plan_payment_option", "plan_payment");
  newest("x_savings_plan_region", "plan_region");
  newest("x_savings_plan_instance_type_family", "plan_family");
  newest("x_reservation_start_time", "reserved_begin");
  newest("x_reservation_end_time", "reserved_end");
  newest("x_pricing_lease_contract_length", "lease_term");
  newest("x_pricing_purchase_option", "lease_payment");
  newest("x_pricing_offering_class", "offering_class");
  newest("x_SkuTerm", "months");
  add("min(\"ChargePeriodStart\") FILTER (buys AND \"ChargeFrequency\" = 'One-Time' AND "
      "\"BilledCost\" > 0)",
      "paid");
  add("min(\"ChargePeriodStart\") FILTER (uses OR wastes OR recurs)", "first");
  add("max(\"ChargePeriodEnd\") FILTER (uses OR wastes OR recurs)", "after");
  add("coalesce(sum(\"EffectiveCost\") FILTER (uses), 0)", "used");
  add("coalesce(sum(\"EffectiveCost\") FILTER (wastes), 0)", "unused");
  add("coalesce(sum(\"ContractedCost\") FILTER (uses), 0)", "covered");
  add("coalesce(sum(\"EffectiveCost\") FILTER (buys), 0)", "unspread");
  add("sum(" + units + ") FILTER (uses OR wastes)", "units");
  add("coalesce(sum(\"BilledCost\") FILTER (buys), 0)", "billed");
  add("coalesce(sum(\"BilledCost\") FILTER (recurs), 0)", "recurring");
  add("coalesce(sum(date_diff('hour', \"ChargePeriodStart\", \"ChargePeriodEnd\")) FILTER "
      "(recurs), 0)::BIGINT",
      "recurring_hours");
  return sql + "\nFROM held GROUP BY 1 ORDER BY 1";
}

/// The newest state of each contract of commitments that discount.
std::string contracts_sql(const OwnBill& bill, const std::set<std::string>& columns) {
  std::string order;
  for (const char* name : {"ContractCommitmentLastUpdated", "x_BillingPeriod", "x_DeliveryId"})
    if (columns.count(name) > 0)
      order += (order.empty() ? "" : ", ") + sql_identifier(name) + " DESC";
  if (order.empty()) order = "1";
  return "SELECT * FROM " + sql_identifier(bill.contracts) +
         " QUALIFY row_number() OVER (PARTITION BY \"ContractCommitmentId\" ORDER BY " + order +
         ") = 1";
}

/// What the covered lines say of where the commitment applies: the only value of each, or ""; and
/// what they cost on demand beyond what they state.
Result<std::map<std::string, Row>> scopes(Engine& engine) {
  auto rows = rows_of(engine, R"(SELECT id,
  CASE WHEN count(DISTINCT region) = 1 THEN max(region) ELSE '' END AS region,
  CASE WHEN count(DISTINCT family) = 1 THEN max(family) ELSE '' END AS family,
  CASE WHEN count(DISTINCT size) = 1 THEN max(size) ELSE '' END AS size,
  CASE WHEN count(DISTINCT platform) = 1 THEN max(platform) ELSE '' END AS platform,
  sum(contracted - stated) AS beyond
FROM x_cells WHERE id <> '' GROUP BY id)");
  if (!rows) return pass(rows);
  std::map<std::string, Row> by_id;
  for (Row& row : *rows) by_id.emplace(text(row, "id"), row);
  return by_id;
}

/// Of each commitment: its zone, and whether the bill tells that it has one or none.
Result<std::map<std::string, Row>> zones(Engine& engine) {
  auto rows = rows_of(engine, "SELECT id, zone, said::VARCHAR AS said FROM x_zones");
  if (!rows) return pass(rows);
  std::map<std::string, Row> by_id;
  for (Row& row : *rows) by_id.emplace(text(row, "id"), row);
  return by_id;
}

/// Families, or sizes, of each region of the coverable usage.
Result<std::set<std::pair<std::string, std::string>>> known_of(Engine& engine,
                                                               const std::string& column) {
  auto rows = engine.query("SELECT DISTINCT region, " + column + " FROM x_cells WHERE " + column +
                           " <> ''");
  if (!rows) return pass(rows);
  std::set<std::pair<std::string, std::string>> found;
  for (const auto& row : rows->rows) found.emplace(row[0].text(), row[1].text());
  return found;
}

/// The one family (or size) of the region that the words name, as a word of its own; else "".
/// m5.large names the family m5.
std::string named_in(std::string_view words, const std::string& region,
                     const std::set<std::pair<std::string, std::string>>& known, bool families) {
  const std::string_view joins = families ? "_." : "_.-";
  std::set<std::string> found;
  std::string word;
  const bool twice = holds(words, "multi-az");
  const auto look = [&] {
    for (const auto& [where, name] : known) {
      const bool is_twice = name.ends_with(kSeveralZones);
      const std::string plain =
          to_lower(name.substr(0, name.size() - (is_twice ? kSeveralZones.size() : 0)));
      const bool meant =
          is_twice ? twice : !twice || known.count({where, name + std::string(kSeveralZones)}) == 0;
      const bool is_it = word == plain || (families && word.starts_with(plain + "."));
      if (where == region && meant && is_it) found.insert(name);
    }
    word.clear();
  };
  for (const char c : words) {
    const bool inside = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || holds(joins, {&c, 1});
    if (inside) {
      word += c;
    } else {
      look();
    }
  }
  look();
  return found.size() == 1 ? *found.begin() : "";
}

/// Of the platforms that a commitment's own lines name: the one, dedicated if one line says so; ""
/// if they are several.
std::string one_platform(const std::string& platforms) {
  std::string found;
  for (const std::string& each : split(platforms, '|')) {
    const bool same =
        each == found + std::string(kDedicated) || found == each + std::string(kDedicated);
    if (!found.empty() && each != found && !same) return "";
    if (each.size() > found.size()) found = each;
  }
  return found;
}

/// The account in a commitment's own name: arn:aws:savingsplans::123456789012:savingsplan/...,
/// projects/shop/regions/...; else "".
std::string owner_in(const std::string& id) {
  if (id.starts_with("arn:")) {
    const std::vector<std::string> parts = split(id, ':');
    return parts.size() > 4 ? parts[4] : "";
  }
  if (id.starts_with("projects/")) return split(id, '/')[1];
  return "";
}

/// What is read first: contract, then the report's own columns.
std::optional<Instant> first_known(const Row& contract, const std::string& contract_name,
                                   const Row& charge, std::initializer_list<const char*> names) {
  if (const auto at = hour(contract, contract_name)) return at;
  for (const char* name : names)
    if (const auto at = hour(charge, name)) return at;
  return std::nullopt;
}

bool has_ended(const std::string& status) {
  return status == "Canceled" || status == "Superseded" || status == "Expired" ||
         status == "Exhausted";
}

void set_terms(const Row& charge, const Row& contract, HeldCommitment& held) {
  const std::string words =
      to_lower(text(contract, "ContractCommitmentDurationType") + " " + text(charge, "plan_term") +
               " " + text(charge, "lease_term") + " " + text(charge, "recurring_words") + " " +
               text(charge, "bought_words") + " " + held.name);
  const std::string months = text(charge, "months");  // of Azure
  held.term_years = months == "12" ? 1 : months == "36" ? 3 : term_in(words);
  if (held.term_years == 0 && held.begin_known && held.end_known)
    held.term_years = hours_between(held.begin, held.end) > 2 * 8'760 ? 3 : 1;
  if (held.term_years == 0) {
    held.term_years = 1;
    held.unclear.push_back("term");
  }
  const std::string paid = to_lower(
      text(contract, "ContractCommitmentPaymentModel") + " " + text(charge, "plan_payment") + " " +
      text(charge, "lease_payment") + " " + text(charge, "recurring_words") + " " +
      text(charge, "bought_words") + " " + held.name);
  const auto payment = payment_in(paid);
  const std::int64_t hours =
      std::max<std::int64_t>(0, std::atoll(text(charge, "recurring_hours").c_str()));
  const Decimal monthly =
      hours == 0 ? Decimal{} : multiply_divide(amount(charge, "recurring"), {kOne}, {hours * kOne});
  const bool bought = hours > 0 || amount(charge, "billed") != Decimal{};
  if (!payment && !bought) held.unclear.push_back("payment");
  Decimal share = held.fee == Decimal{}
                      ? Decimal{}
                      : round({kOne - multiply_divide(monthly, {kOne}, held.fee).units}, 4);
  share = std::clamp(share, Decimal{}, Decimal{kOne});
  held.payment = payment.value_or(share == Decimal{} || !bought ? Payment::kNoUpfront
                                  : share == Decimal{kOne}      ? Payment::kAllUpfront
                                                                : Payment::kPartialUpfront);
  held.upfront_share = held.payment == Payment::kNoUpfront            ? Decimal{}
                       : held.payment == Payment::kAllUpfront         ? Decimal{kOne}
                       : share == Decimal{} || share == Decimal{kOne} ? Decimal{kOne / 2}
                                                                      : share;
}

/// Where nothing else tells when it ends, its term does from the day on which it was paid.
void set_end_by_payment(const Row& charge, HeldCommitment& held) {
  const auto paid = hour(charge, "paid");
  const bool term_known =
      std::find(held.unclear.begin(), held.unclear.end(), "term") == held.unclear.end();
  if (held.end_known || !held.instrument || !paid || !term_known || *paid > held.begin) return;
  Offer offer;
  offer.instrument = *held.instrument;
  offer.term_years = held.term_years;
  held.end = end_of_term(offer, *paid);
  held.begin = *paid;
  held.begin_known = held.end_known = true;
}

}  // namespace

bool HeldCommitment::is_of_one_size() const {
  return instrument == Instrument::kZonalRi || instrument == Instrument::kOpenSearchRi ||
         instrument == Instrument::kRedshiftRi || one_platform_size;
}

bool HeldCommitment::is_reserved_instance() const {
  return instrument && traits(*instrument).provider == Provider::kAws &&
         traits(*instrument).unit == CommitmentUnit::kQuantity;
}

Result<std::vector<HeldCommitment>> held_commitments(Engine& engine, const OwnBill& bill,
                                                     Instant window_begin, Instant window_end) {
  auto columns = columns_of_view(engine, bill.charges);
  if (!columns) return pass(columns);
  auto charges = rows_of(engine, charges_sql(bill, BillColumns(std::move(*columns))));
  if (!charges) return pass(charges);
  std::map<std::string, Row> contracts;
  if (!bill.contracts.empty()) {
    auto names = columns_of_view(engine, bill.contracts);
    if (!names) return pass(names);
    auto rows = rows_of(engine, contracts_sql(bill, *names));
    if (!rows) return pass(rows);
    for (Row& row : *rows) contracts.emplace(text(row, "ContractCommitmentId"), std::move(row));
  }
  auto where = scopes(engine);
  if (!where) return pass(where);
  auto zone_of = zones(engine);
  if (!zone_of) return pass(zone_of);
  auto families = known_of(engine, "family"), sizes = known_of(engine, "size");
  if (!families) return pass(families);
  if (!sizes) return pass(sizes);

  std::vector<HeldCommitment> all;
  std::set<std::pair<std::string, std::string>> billed_in;  // provider, currency
  for (const Row& charge : *charges) {
    const std::string id = text(charge, "id");
    const auto contract_at = contracts.find(id);
    const Row contract = contract_at == contracts.end() ? Row{} : contract_at->second;
    HeldCommitment held;
    held.id = id;
    held.name = text(charge, "name");
    if (held.name.empty()) held.name = text(contract, "ContractCommitmentDescription");
    if (held.name.empty()) held.name = id;
    held.provider = text(charge, "provider");
    held.type = text(charge, "type");
    held.currency = text(charge, "currency");
    held.unit = text(charge, "unit");
    held.owner = text(charge, "buyer");
    if (held.owner.empty()) held.owner = text(charge, "waster");
    if (held.owner.empty()) held.owner = owner_in(id);
    held.spend = text(charge, "category") == "Spend";
    held.used = amount(charge, "used");
    held.unused = amount(charge, "unused");
    held.covered = amount(charge, "covered");
    held.recurring = amount(charge, "recurring");
    billed_in.emplace(held.provider, held.currency);

    const std::string words = to_lower(
        held.type + " " + text(charge, "bought_service") + " " +
        (held.spend ? ""
                    : text(charge, "used_service") + " " + text(charge, "wasted_service") + " ") +
        text(charge, "recurring_words") + " " + text(charge, "bought_words") + " " +
        text(charge, "wasted_words") + " " + text(charge, "own_type") + " " +
        text(charge, "own_meter"));
    if (to_lower(text(charge, "offering_class")) == "convertible") held.offer_class = "convertible";
    const std::string interval = text(contract, "ContractCommitmentFulfillmentInterval");
    if (interval.empty() || interval == "Hourly")
      held.instrument = instrument_of(provider_named(held.provider), held.spend, words);

    const auto begin = first_known(contract, "ContractCommitmentPeriodStart", charge,
                                   {"plan_begin", "reserved_begin"});
    const auto end =
        first_known(contract, "ContractCommitmentPeriodEnd", charge, {"plan_end", "reserved_end"});
    const auto first = hour(charge, "first"), after = hour(charge, "after");
    held.begin = begin ? *begin : first && *first > window_begin ? *first : window_begin;
    held.begin_known = begin || (first && *first > window_begin);
    held.end = end.value_or(std::max(window_end, after.value_or(window_end)));
    held.end_known = end.has_value();
    if (after && *after < window_end && *after < held.end &&
        (has_ended(text(contract, "ContractCommitmentLifecycleStatus")) ||
         hours_between(*after, window_end) > kLagHours)) {
      held.ended_early = held.end_known;
      held.end = *after;
      held.end_known = true;
    }

    // Charges that no amortisation has spread are what was billed.
    const Decimal cost = held.used + held.unused;
    const std::int64_t hours =
        hours_between(std::max(held.begin, window_begin), std::min(held.end, window_end));
    if (hours > 0) {
      held.fee = price_behind(cost, {hours * kOne}, hours);
      held.units =
          held.spend ? held.fee : price_behind(amount(charge, "units"), {hours * kOne}, hours);
    }
    if (cost == Decimal{} && amount(charge, "unspread") != Decimal{})
      held.unclear.push_back("its cost by the hour");

    const auto scope = where->find(id);
    if (scope != where->end()) {
      held.region = text(scope->second, "region");
      held.family = text(scope->second, "family");
      held.size = text(scope->second, "size");
      held.platform = text(scope->second, "platform");
      held.covered += amount(scope->second, "beyond");
    }
    held.service = text(charge, "used_service");
    if (held.service.empty()) held.service = text(charge, "bought_service");
    if (held.service.empty()) held.service = text(charge, "wasted_service");
    if (held.region.empty()) held.region = text(charge, "own_region");
    const std::string plan_region = text(charge, "plan_region");
    if (!plan_region.empty() && plan_region != "Any") held.region = plan_region;
    if (const std::string family = text(charge, "plan_family"); !family.empty())
      held.family = family;
    if (!held.spend && held.family.empty())
      held.family = named_in(words + " " + to_lower(held.name), held.region, *families, true);
    if (held.instrument == Instrument::kRegionalRi) {
      const auto zone = zone_of->find(id);
      if (zone != zone_of->end()) held.zone = text(zone->second, "zone");
      if (!held.zone.empty()) held.instrument = Instrument::kZonalRi;
      if (zone == zone_of->end() || text(zone->second, "said") != "true")
        held.unclear.push_back("zone");
    }
    const std::string own_platform = one_platform(text(charge, "own_platforms"));
    if (held.platform.empty()) held.platform = own_platform;
    if (held.instrument == Instrument::kRegionalRi || held.instrument == Instrument::kRdsRi)
      held.one_platform_size =
          !aws_covers_other_sizes(held.instrument == Instrument::kRdsRi, held.family,
                                  held.platform.starts_with('/') ? own_platform : held.platform);
    if (held.is_of_one_size() && held.size.empty())
      held.size = named_in(words + " " + to_lower(held.name), held.region, *sizes, false);
    set_terms(charge, contract, held);
    set_end_by_payment(charge, held);
    all.push_back(std::move(held));
  }

  // Contracts that begin after the charges: queued.
  for (const auto& [id, contract] : contracts) {
    const auto begin = hour(contract, "ContractCommitmentPeriodStart"),
               end = hour(contract, "ContractCommitmentPeriodEnd");
    HeldCommitment held;
    held.provider = text(contract, "ServiceProviderName");
    held.currency = text(contract, "BillingCurrency");
    if (!begin || !end || *begin < window_end || *end <= *begin ||
        has_ended(text(contract, "ContractCommitmentLifecycleStatus")) ||
        billed_in.count({held.provider, held.currency}) == 0)
      continue;
    held.id = id;
    held.name = text(contract, "ContractCommitmentDescription");
    if (held.name.empty()) held.name = id;
    held.type = text(contract, "ContractCommitmentType");
    held.spend = text(contract, "ContractCommitmentCategory") == "Spend";
    held.unit = text(contract, "ContractCommitmentUnit");
    held.owner = owner_in(id);
    held.begin = *begin;
    held.end = *end;
    const std::string interval = text(contract, "ContractCommitmentFulfillmentInterval");
    if (interval.empty() || interval == "Hourly")
      held.instrument = instrument_of(provider_named(held.provider), held.spend,
                                      to_lower(held.type + " " + held.name));
    const Decimal hours{hours_between(*begin, *end) * kOne};
    held.fee = multiply_divide(amount(contract, "ContractCommitmentCost"), {kOne}, hours);
    held.units =
        held.spend ? held.fee
                   : multiply_divide(amount(contract, "ContractCommitmentQuantity"), {kOne}, hours);
    set_terms({}, contract, held);
    all.push_back(std::move(held));
  }
  std::stable_sort(all.begin(), all.end(), [](const HeldCommitment& a, const HeldCommitment& b) {
    return std::tie(a.begin, a.id) < std::tie(b.begin, b.id);
  });
  return all;
}

}  // namespace steelyard
