#include "commitments/bill_lines.h"

#include <map>

#include "base/text.h"
#include "commitments/aws_platform.h"
#include "ledger/views.h"

namespace steelyard {

namespace {

/// "x_line_item_usage_type" and "x_lineItem_UsageType" are one column in two generations of AWS's
/// report.
std::string squeezed(const std::string& name) {
  std::string result;
  for (const char c : to_lower(name))
    if (c != '_') result += c;
  return result;
}

/// The first that is not empty.
std::string first_of(const std::vector<std::string>& texts) {
  std::string sql = "coalesce(";
  for (const std::string& text : texts) sql += "nullif(" + text + ", ''), ";
  return sql + "'')";
}

/// Of a JSON text of FOCUS: the first of these keys that it has, with or without FOCUS's x_.
std::string detail_of(const std::string& json, const std::string& keys) {
  return "regexp_extract(" + json + R"sql(, '"(?:x_)?(?:)sql" + keys +
         R"sql()"\s*:\s*"([^"]+)"', 1))sql";
}

std::string lines_of(const BillColumns& columns, const OwnBill& bill) {
  const std::string meter = first_of(
      {columns.text("SkuMeter"), columns.text("x_UsageType"), columns.text("x_SkuMeterName")});
  // Azure names its machines ServiceType and its database servers ServerSku, in a column of its own
  // before FOCUS 1.2.
  const std::string type =
      first_of({detail_of(columns.text("SkuPriceDetails"), "InstanceType|ServiceType|ServerSku"),
                detail_of(columns.text("x_SkuDetails"), "ServiceType|ServerSku"),
                columns.text("x_product_instance_type"),
                "regexp_extract(" + meter + R"(, ':([a-z0-9-]+\.[a-z0-9.-]+)$', 1))"});
  const std::string usage_type = first_of({columns.text("x_UsageType"), meter});
  const std::string provider =
      first_of({columns.text("ServiceProviderName"), columns.text("HostProviderName"),
                columns.text("InvoiceIssuerName")});
  std::string sql = "SELECT ";
  sql += provider + " AS provider, ";
  sql += "CASE WHEN regexp_matches(lower(" + provider +
         "), 'amazon|^aws') THEN 'aws' WHEN regexp_matches(lower(" + provider +
         "), 'microsoft|azure') THEN 'azure' WHEN regexp_matches(lower(" + provider +
         "), 'google|^gcp') THEN 'gcp' ELSE '' END AS cloud, ";
  sql += columns.text("ServiceName") + " AS service, " + columns.text("RegionId") + " AS region, " +
         type + " || CASE WHEN " + type + " = '' THEN '' ELSE " + aws_deployment_sql(usage_type) +
         " END AS size, " + meter + " AS meter, ";
  sql += first_of({columns.text("PricingUnit"), columns.text("ConsumedUnit")}) + " AS unit, ";
  // Azure's meter has one price, with or without a reservation; its SkuId may tell them apart.
  const std::string sku =
      first_of({columns.text("x_SkuMeterId"), columns.text("SkuId"), columns.text("SkuPriceId")});
  sql += first_of({sku, meter, columns.text("ChargeDescription")}) + " AS sku, " + sku +
         " = '' AS no_sku, ";
  sql += first_of({columns.text("SubAccountId"), columns.text("BillingAccountId")}) +
         " AS account, " + columns.text("x_Operation") + " AS operation, " + usage_type +
         " AS usage_type, lower(" + columns.text("ChargeDescription") + " || ' ' || " +
         detail_of(columns.text("SkuPriceDetails"), "OperatingSystem|DatabaseEngine") +
         ") AS words, ";
  sql += "\"ChargePeriodStart\" AS first, \"ChargePeriodEnd\" AS after, ";
  sql += columns.text("AvailabilityZone") + " AS zone, " + columns.text("CommitmentDiscountId") +
         " AS id, " + columns.text("CommitmentDiscountStatus") + " AS status, ";
  sql += columns.text("ServiceCategory") + " AS category, " + columns.text("PricingCategory") +
         " AS pricing, " + columns.text("ChargeClass") + " AS class, ";
  sql += "coalesce(" + columns.decimal("PricingQuantity") + ", " +
         columns.decimal("ConsumedQuantity") + ") AS q, ";
  sql += columns.decimal("CommitmentDiscountQuantity") + " AS units, ";
  sql += "\"ListCost\" AS list, \"ContractedCost\" AS contracted, \"EffectiveCost\" AS effective, ";
  sql += columns.decimal("ListUnitPrice") + " AS list_price, " +
         columns.decimal("ContractedUnitPrice") + " AS price, " +
         columns.decimal("x_savings_plan_savings_plan_rate") + " AS plan_rate, " +
         columns.text("x_LineItemType") + " AS line_type, ";
  sql += "\"BillingCurrency\" AS currency FROM " + sql_identifier(bill.charges) +
         " WHERE \"ChargeCategory\" = 'Usage' AND " + condition_of(bill);
  return sql;
}

/// A commitment's own lines are those of its purchase and of what nothing used. Their zone is its
/// own, or its region if it is regional (CUR's reservation/AvailabilityZone has either); that of
/// the usage is where it happened to be used.
std::string zones_of(const BillColumns& columns, const OwnBill& bill, const std::string& lines) {
  const std::string zone =
      first_of({columns.text("x_reservation_availability_zone"), columns.text("AvailabilityZone")});
  const std::string words = "lower(" + columns.text("CommitmentDiscountType") + " || ' ' || " +
                            columns.text("ChargeDescription") + ")";
  return "CREATE OR REPLACE TEMP TABLE x_zones AS WITH lines AS (" + lines +
         "), own AS (SELECT \"CommitmentDiscountId\" AS id, " + zone + " AS zone, " + words +
         " AS words FROM " + sql_identifier(bill.charges) +
         " WHERE coalesce(\"CommitmentDiscountId\", '') <> '' AND (\"ChargeCategory\" = 'Purchase' "
         "OR "
         "\"CommitmentDiscountStatus\" = 'Unused') AND " +
         condition_of(bill) + R"(), owned AS (
  SELECT id, count(DISTINCT zone) FILTER (zone <> '') AS zones, max(zone) AS zone,
    bool_or(regexp_matches(words, 'zonal|availability.?zone')) AS zonal,
    bool_or(regexp_matches(words, 'regional')) AS regional
  FROM own GROUP BY id
), used AS (
  SELECT id, count(DISTINCT zone) FILTER (zone <> '') AS zones, max(zone) AS zone,
    count(DISTINCT size) AS sizes
  FROM lines WHERE id <> '' AND status IN ('Used', '') GROUP BY id
), told AS (SELECT coalesce(bool_or(zone <> ''), false) AS zones FROM lines WHERE cloud = 'aws')
SELECT id,
  CASE WHEN owned.zones = 1 AND regexp_matches(owned.zone, '[0-9][a-z]$') THEN owned.zone
       WHEN coalesce(owned.zones, 0) = 0 AND owned.zonal AND used.zones = 1 THEN used.zone
       ELSE '' END AS zone,
  CASE coalesce(owned.zones, 0) WHEN 1 THEN true WHEN 0 THEN coalesce(used.zones, 0) > 1
    OR coalesce(used.sizes, 0) > 1 OR coalesce(owned.regional, false)
    OR coalesce(owned.zonal AND used.zones = 1, false)
    OR coalesce(NOT owned.zonal AND told.zones, false) ELSE false END AS said
FROM owned FULL JOIN used USING (id), told)";
}

// ---- prices of covered lines that state none

/// x_cells.told: what tells the price of lines that are in the report at the public one, ...
constexpr const char *kBySku = "sku", *kByDiscount = "discount", *kByNothing = "public";
/// ... and of those that have none in it.
constexpr const char *kMissingBySku = "missing, sku", *kMissing = "missing";

std::string list_of(const std::vector<std::string>& columns) {
  std::vector<std::string> quoted;
  for (const std::string& column : columns) quoted.push_back(sql_identifier(column));
  return join(quoted, ", ");
}

/// sy_line_cost(price, quantity): what a line costs, in ten decimals as AWS bills it. SQL must not
/// multiply money.
Status add_line_cost(Engine& engine) {
  auto known =
      engine.query("SELECT 1 FROM duckdb_functions() WHERE function_name = 'sy_line_cost'");
  if (!known) return pass(known);
  if (!known->rows.empty()) return {};
  Function function;
  function.name = "sy_line_cost";
  function.parameters = {Type::kDecimal, Type::kDecimal};
  function.result = Type::kDecimal;
  function.handles_nulls = true;
  function.call = [](std::span<const ColumnView> arguments, std::size_t rows,
                     ColumnWriter& result) -> Status {
    constexpr Int128 kGrain = 100'000'000;  // of 10^-10
    for (std::size_t r = 0; r < rows; ++r) {
      if (arguments[0].is_null(r) || arguments[1].is_null(r)) {
        result.set_null(r);
        continue;
      }
      const Decimal grains =
          multiply_divide({arguments[0].units(r)}, {arguments[1].units(r)}, {kGrain * kOne});
      result.set_units(r, grains.units * kGrain);
    }
    return {};
  };
  return engine.add_function(std::move(function));
}

/// A SKU's public price, and its price without a commitment if any usage has none.
struct SkuPrice {
  std::vector<std::string> key;
  bool open = false;      ///< some of its covered lines are at the public price
  bool unpriced = false;  ///< some of them have no price
  std::optional<Decimal> list, negotiated;
};

Result<std::vector<SkuPrice>> sku_prices(Engine& engine) {
  // The newest that is said, else cost by quantity of the newest day.
  const auto newest = [](const std::string& value, const std::string& when) {
    return "max({'t': first, 'p': " + value + "}) FILTER (" + value + " > 0 AND " + when + ")";
  };
  const auto line = [](const std::string& cost, const std::string& when) {
    return "max({'t': first, 'q': line.q, 'c': " + cost + "}) FILTER (line.q > 0 AND " + cost +
           " > 0 AND " + when + ")";
  };
  const std::string kUncovered = "id = '' AND flaw <> 'correction'";
  auto rows =
      engine.query("SELECT " + list_of(price_columns()) +
                   ", open, unpriced, l.p, ll.q, ll.c, n.p, nl.q, nl.c FROM (SELECT " +
                   list_of(price_columns()) +
                   ", bool_or(open = 'public') AS open, bool_or(open = 'none') AS unpriced, " +
                   newest("list_price", "true") + " AS l, " + line("line.l", "true") + " AS ll, " +
                   newest("price", kUncovered) + " AS n, " + line("line.c", kUncovered) +
                   " AS nl FROM x_cells GROUP BY ALL) ORDER BY ALL");
  if (!rows) return pass(rows);
  std::vector<SkuPrice> found;
  for (const auto& row : rows->rows) {
    const std::size_t n = price_columns().size();
    const auto price = [&](std::size_t at) -> std::optional<Decimal> {
      const auto decimal = [&](std::size_t i) { return std::get_if<Decimal>(&row[i].value); };
      if (const auto* said = decimal(at)) return *said;
      if (decimal(at + 1) == nullptr || decimal(at + 2) == nullptr) return std::nullopt;
      return price_behind(*decimal(at + 2), *decimal(at + 1));
    };
    SkuPrice& sku = found.emplace_back();
    for (std::size_t i = 0; i < n; ++i) sku.key.push_back(row[i].text());
    sku.open = std::get<bool>(row[n].value);
    sku.unpriced = std::get<bool>(row[n + 1].value);
    sku.list = price(n + 2);
    sku.negotiated = price(n + 5);
  }
  return found;
}

/// The share of the public price that all of these negotiated prices are, if there is one.
std::optional<Decimal> one_share(const std::vector<const SkuPrice*>& skus) {
  const SkuPrice* largest = nullptr;  // its prices have the most digits
  for (const SkuPrice* sku : skus)
    if (sku->list && sku->negotiated && (largest == nullptr || *sku->list > *largest->list))
      largest = sku;
  if (largest == nullptr) return std::nullopt;
  const Decimal share = price_behind(*largest->negotiated, *largest->list);
  for (const SkuPrice* sku : skus)
    if (sku->list && sku->negotiated && !gives(share, *sku->negotiated, *sku->list))
      return std::nullopt;
  return share;
}

/// AWS's reports have usage under a commitment at the public price, whatever was negotiated; what
/// the commitment saves is seen against the negotiated one. It is that of the same SKU where no
/// commitment covers it; else it follows from the discount of the service's, or of the provider's
/// other usage, if that is one.
/// Azure's have usage under a reservation of a Microsoft Customer Agreement at 0, negotiated and
/// public (and of an Enterprise Agreement that allocates costs): it counts at the prices of the
/// same meter where no reservation covers it, else at what it cost, so that it saves nothing.
Status price_open_lines(Engine& engine) {
  auto skus = sku_prices(engine);
  if (!skus) return pass(skus);
  std::map<std::vector<std::string>, std::vector<const SkuPrice*>> peers;
  const auto service = [](const SkuPrice& sku) {
    return std::vector<std::string>{sku.key[0], sku.key[1]};
  };
  const auto provider = [](const SkuPrice& sku) { return std::vector<std::string>{sku.key[0]}; };
  for (const SkuPrice& sku : *skus) {
    peers[service(sku)].push_back(&sku);
    peers[provider(sku)].push_back(&sku);
  }
  std::map<std::vector<std::string>, std::optional<Decimal>> shares;
  for (const auto& [key, members] : peers) shares.emplace(key, one_share(members));
  std::vector<std::string> values;
  const auto count_at = [&](const SkuPrice& sku, const char* open, const std::string& told,
                            std::optional<Decimal> list, std::optional<Decimal> negotiated) {
    std::vector<std::string> row;
    for (const std::string& word : sku.key) row.push_back(sql_literal(word));
    row.push_back(sql_literal(open));
    row.push_back(sql_literal(told));
    for (const std::optional<Decimal>& price : {list, negotiated})
      row.push_back((price ? to_text(*price) : "NULL") + "::DECIMAL(38,18)");
    values.push_back("(" + join(row, ", ") + ")");
  };
  for (const SkuPrice& sku : *skus) {
    if (sku.unpriced)
      count_at(sku, "none", sku.negotiated ? kMissingBySku : kMissing, sku.list, sku.negotiated);
    if (!sku.open || !sku.list) continue;
    std::optional<Decimal> price = sku.negotiated;
    std::string told = kBySku;
    if (!price) {
      auto share = shares[service(sku)];
      if (!share) share = shares[provider(sku)];
      told = share ? kByDiscount : kByNothing;
      if (share) price = round(multiply(*share, *sku.list), 10);
    }
    if (price && *price >= *sku.list) continue;  // nothing was negotiated
    count_at(sku, "public", told, {}, price);
  }
  if (values.empty()) return {};
  if (Status added = add_line_cost(engine); !added) return added;
  std::string same = "x_cells.open = t.open";
  for (const std::string& column : price_columns())
    same += " AND x_cells." + sql_identifier(column) + " = t." + sql_identifier(column);
  auto priced = engine.run(
      "UPDATE x_cells SET told = t.told, price = coalesce(t.negotiated, x_cells.price), contracted "
      "= coalesce(lines * sy_line_cost(t.negotiated, open_q), CASE t.open WHEN 'none' THEN "
      "effective ELSE stated END), list = CASE WHEN t.open = 'none' AND x_cells.list = 0 THEN "
      "coalesce(lines * sy_line_cost(t.list, open_q), lines * sy_line_cost(t.negotiated, open_q), "
      "effective) ELSE x_cells.list END FROM (VALUES " +
      join(values, ", ") + ") t(" + list_of(price_columns()) +
      ", open, told, list, negotiated) WHERE " + same);
  if (!priced) return pass(priced);
  return {};
}

/// A price is that of one platform: where some of its lines tell it, the others have the same.
Status name_platforms_by_sku(Engine& engine) {
  const std::string columns = list_of(price_columns());
  auto some = engine.query(
      "SELECT count(*)::BIGINT FROM (SELECT 1 FROM x_cells WHERE platform <> '' GROUP BY " +
      columns + " HAVING bool_or(platform LIKE '/%') AND bool_or(platform NOT LIKE '/%'))");
  if (!some) return pass(some);
  if (std::get<std::int64_t>(some->rows[0][0].value) == 0) return {};
  std::string same = "x_cells.platform LIKE '/%'";
  for (const std::string& column : price_columns())
    same += " AND x_cells." + sql_identifier(column) + " = t." + sql_identifier(column);
  auto named = engine.run("UPDATE x_cells SET platform = t.told FROM (SELECT " + columns +
                          ", max(platform) FILTER (platform NOT LIKE '/%') AS told FROM x_cells "
                          "GROUP BY " +
                          columns +
                          " HAVING told IS NOT NULL AND count(DISTINCT "
                          "platform) FILTER (platform NOT LIKE '/%') = 1) t WHERE " +
                          same);
  if (!named) return pass(named);
  return {};
}

}  // namespace

const std::vector<std::string>& price_columns() {
  static const std::vector<std::string> kColumns = {"provider", "service", "region", "family",
                                                    "size",     "meter",   "unit",   "sku"};
  return kColumns;
}

Result<std::set<std::string>> columns_of_view(Engine& engine, const std::string& view) {
  auto rows = engine.query("SELECT column_name FROM (DESCRIBE " + sql_identifier(view) + ")");
  if (!rows) return pass(rows);
  std::set<std::string> names;
  for (const auto& row : rows->rows) names.insert(row[0].text());
  return names;
}

std::string BillColumns::value(const std::string& name, const std::string& type) const {
  std::vector<std::string> found;
  for (const std::string& each : names_)
    if (each == name || (name.starts_with("x_") && squeezed(each) == squeezed(name)))
      found.push_back(sql_identifier(each));
  if (found.empty()) return "CAST(NULL AS " + type + ")";
  return found.size() == 1 ? found[0] : "coalesce(" + join(found, ", ") + ")";
}

Provider provider_named(std::string_view name) {
  const std::string lower = to_lower(name);
  const auto holds = [&](std::string_view word) { return lower.find(word) != std::string::npos; };
  if (holds("amazon") || lower.starts_with("aws")) return Provider::kAws;
  if (holds("microsoft") || holds("azure")) return Provider::kAzure;
  if (holds("google") || lower.starts_with("gcp")) return Provider::kGcp;
  return Provider::kNone;
}

std::string condition_of(const OwnBill& bill) {
  return "(" + bill.where + ")" +
         (bill.period ? " AND " + sql_in_charge_period(*bill.period) : std::string());
}

OwnBill bill_of_offers(const OwnBill& bill) {
  OwnBill all = bill;
  if (all.for_purchases) all.period.reset();
  return all;
}

Status make_cells(Engine& engine, const OwnBill& bill) {
  auto names = columns_of_view(engine, bill.charges);
  if (!names) return pass(names);
  const BillColumns columns(std::move(*names));
  const std::string lines = lines_of(columns, bill);
  const OwnBill all = bill_of_offers(bill);
  if (auto zones = engine.run(zones_of(columns, all, lines_of(columns, all))); !zones)
    return pass(zones);
  // A family is a type without its size: m5 of m5.large, db.r6g of db.r6g.xlarge, Dsv5 of
  // Standard_D2s_v5, n2 of n2-standard-8.
  const std::string family =
      R"(CASE cloud
  WHEN 'aws' THEN regexp_extract(regexp_replace(size, '\.(search|elasticsearch)$', ''), '^(.*)\.[^.]+$', 1)
  WHEN 'azure' THEN replace(regexp_replace(size,
    '^(?:Standard_|Basic_)?([A-Z]+)[0-9]+(?:-[0-9]+)?([a-z]*)(_.*)?$', '\1\2\3'), '_', '')
  ELSE CASE WHEN size <> '' THEN regexp_extract(size, '^([a-z0-9]+)-', 1)
       ELSE lower(regexp_extract(meter, '^([A-Z][A-Z0-9]+) .*(?:Core|Ram)', 1)) END END)";
  const std::string sql = "CREATE OR REPLACE TEMP TABLE x_cells AS WITH lines AS (" + lines +
                          R"(), candidates AS (
  SELECT * EXCLUDE (sku), CASE WHEN cloud = 'aws' AND size <> '' THEN )" +
                          aws_platform_sql("operation", "usage_type", "(words || ' ' || size)") +
                          R"( ELSE '' END AS sold_as,
    CASE WHEN no_sku AND sold_as <> '' THEN sku || ' ' || sold_as ELSE sku END AS sku,
    regexp_matches(lower(unit), '(^|[^a-z])(h|hr|hrs|hours?|s|secs?|seconds?)$')
    AND category IN ('Compute', 'Databases', 'AI and Machine Learning', 'Analytics') AS by_time,
    id <> '' AND status IN ('Used', '') AS covered,
    CASE WHEN covered AND line_type IN ('DiscountedUsage', 'SavingsPlanCoveredUsage')
           AND q IS NOT NULL AND list <> 0 AND contracted = list THEN 'public'
         WHEN covered AND contracted = 0 AND effective <> 0 THEN 'none' ELSE '' END AS open
  FROM lines
  WHERE cloud <> '' AND status <> 'Unused' AND pricing <> 'Dynamic'
    AND (list <> 0 OR contracted <> 0 OR effective <> 0)
), skus AS (SELECT DISTINCT cloud, sku FROM candidates WHERE covered)
SELECT provider, service, region, )" +
                          family + R"( AS family, size, meter, unit, sku, account,
  CASE WHEN sold_as <> '' THEN sold_as WHEN cloud = 'aws' THEN '/' || regexp_replace(meter, ':.*$', '')
       ELSE '' END AS platform, operation <> '' AS coded,
  CASE WHEN zone IN (SELECT zone FROM x_zones) THEN zone ELSE '' END AS zone, first, after,
  CASE WHEN covered THEN id ELSE '' END AS id,
  CASE WHEN class = 'Correction' THEN 'correction' WHEN q IS NULL THEN 'no_quantity'
       WHEN first <> date_trunc('hour', first) OR after <> first + INTERVAL 1 HOUR THEN 'not_hourly'
       ELSE '' END AS flaw,
  open, CASE WHEN open <> '' THEN q END AS open_q, '' AS told,
  count(*) AS lines, sum(q) AS q, sum(list) AS list, sum(contracted) AS contracted,
  sum(contracted) AS stated,
  sum(effective) AS effective, sum(units) AS units,
  max(list_price) AS list_price, max(price) AS price, max(plan_rate) AS plan_rate,
  max({'q': q, 'l': list, 'c': contracted, 'e': effective, 'u': units}) FILTER (q > 0) AS line,
  currency
FROM candidates
WHERE by_time OR covered OR (cloud, sku) IN (SELECT (cloud, sku) FROM skus)
GROUP BY ALL)";
  auto made = engine.run(sql);
  if (!made) return pass(made);
  if (Status named = name_platforms_by_sku(engine); !named) return named;
  return price_open_lines(engine);
}

Result<Platforms> platforms_of(Engine& engine) {
  auto rows = engine.query(
      "SELECT coalesce(bool_or(coded OR several), false), coalesce(bool_or(several OR other), "
      "false) FROM (SELECT bool_or(coded) AS coded, count(DISTINCT platform) > 1 AS several, "
      "bool_or(coded AND platform <> 'Linux/UNIX') AS other FROM x_cells WHERE platform <> '' AND "
      "family <> '' GROUP BY service, region, family)");
  if (!rows) return pass(rows);
  const auto& row = rows->rows[0];
  return Platforms{std::get<bool>(row[0].value), std::get<bool>(row[1].value)};
}

Result<std::vector<std::string>> notes_of_open_lines(Engine& engine, const Currency& currency) {
  auto rows = engine.query("SELECT told, count(DISTINCT (" + list_of(price_columns()) +
                           "))::BIGINT, sum(stated), sum(contracted) FROM x_cells WHERE told <> "
                           "'' GROUP BY ALL ORDER BY ALL");
  if (!rows) return pass(rows);
  std::vector<std::string> notes;
  for (const auto& row : rows->rows) {
    const std::string told = row[0].text();
    const std::int64_t n = std::get<std::int64_t>(row[1].value);
    const std::string skus = with_thousands(n) + (n == 1 ? " SKU" : " SKUs");
    const auto money = [&](std::size_t at) {
      return to_text(Money{std::get<Decimal>(row[at].value), currency});
    };
    if (told == kBySku)
      notes.push_back("usage of " + skus +
                      " under commitments is in the report at the public price, " + money(2) +
                      ": it counts at the price of the same SKU without them, " + money(3));
    else if (told == kByDiscount)
      notes.push_back("commitments cover all usage of " + skus +
                      ", in the report at the public price, " + money(2) +
                      ": it counts with the one discount that all other such usage has, " +
                      money(3));
    else if (told == kMissingBySku)
      notes.push_back("usage of " + skus +
                      " under commitments has no price in the report: it counts at the price of "
                      "the same SKU without them, " +
                      money(3));
    else if (told == kMissing)
      notes.push_back("commitments cover all usage of " + skus +
                      ", and the report has no price of it: it counts at what it cost, " +
                      money(3) + ", so that what they save there is not in these figures");
    else
      notes.push_back("commitments cover all usage of " + skus +
                      ", and no one discount of other usage tells its negotiated price: it counts "
                      "at the public price, " +
                      money(3));
  }
  return notes;
}

bool gives(Decimal price, Decimal cost, Decimal quantity, std::int64_t lines) {
  // Half a unit of 10^-10 of each cost, and a whole one of the quantity, which may be cut.
  const Int128 tolerance = static_cast<Int128>(50'000'000) * lines + price.units / 10'000'000'000;
  const Int128 off = (multiply(price, quantity) - cost).units;
  return off <= tolerance && off >= -tolerance;
}

Decimal price_behind(Decimal cost, Decimal quantity, std::int64_t lines) {
  const Decimal exact = multiply_divide(cost, {kOne}, quantity);
  for (int decimals = 0; decimals < kScale; ++decimals) {
    const Decimal shorter = round(exact, decimals);
    if (shorter != Decimal{} && gives(shorter, cost, quantity, lines)) return shorter;
  }
  return exact;
}

}  // namespace steelyard
