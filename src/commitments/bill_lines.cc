#include "commitments/bill_lines.h"

#include "base/text.h"
#include "ledger/views.h"

namespace steelyard {

namespace {

/// An expression for a column that may be absent.
class Columns {
 public:
  explicit Columns(std::set<std::string> names) : names_(std::move(names)) {}
  bool has(const std::string& name) const { return names_.count(name) > 0; }
  std::string text(const std::string& name) const {
    return has(name) ? "coalesce(" + sql_identifier(name) + ", '')" : "''";
  }
  std::string decimal(const std::string& name) const {
    return has(name) ? sql_identifier(name) : "CAST(NULL AS DECIMAL(38,18))";
  }

 private:
  std::set<std::string> names_;
};

/// The first that is not empty.
std::string first_of(const std::vector<std::string>& texts) {
  std::string sql = "coalesce(";
  for (const std::string& text : texts) sql += "nullif(" + text + ", ''), ";
  return sql + "'')";
}

std::string lines_of(const Columns& columns, const OwnBill& bill) {
  const std::string meter = first_of({columns.text("SkuMeter"), columns.text("x_UsageType")});
  const std::string type =
      first_of({"regexp_extract(" + columns.text("SkuPriceDetails") +
                    R"sql(, '"InstanceType"\s*:\s*"([^"]+)"', 1))sql",
                columns.text("x_product_instance_type"),
                "regexp_extract(" + meter + R"(, ':([a-z0-9-]+\.[a-z0-9.-]+)$', 1))"});
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
         type + " AS size, " + meter + " AS meter, ";
  sql += first_of({columns.text("PricingUnit"), columns.text("ConsumedUnit")}) + " AS unit, ";
  sql += first_of({columns.text("SkuId"), columns.text("SkuPriceId"), meter,
                   columns.text("ChargeDescription")}) +
         " AS sku, ";
  sql += first_of({columns.text("SubAccountId"), columns.text("BillingAccountId")}) +
         " AS account, " + columns.text("x_Operation") + " AS operation, ";
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
         columns.decimal("x_savings_plan_savings_plan_rate") + " AS plan_rate, ";
  sql += "\"BillingCurrency\" AS currency FROM " + sql_identifier(bill.charges) +
         " WHERE \"ChargeCategory\" = 'Usage' AND " + condition_of(bill);
  return sql;
}

/// A commitment's own lines are those of its purchase and of what nothing used. Their zone is its
/// own, or its region if it is regional (CUR's reservation/AvailabilityZone has either); that of
/// the usage is where it happened to be used.
std::string zones_of(const Columns& columns, const OwnBill& bill, const std::string& lines) {
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

Status make_cells(Engine& engine, const OwnBill& bill) {
  auto names = columns_of_view(engine, bill.charges);
  if (!names) return pass(names);
  const Columns columns(std::move(*names));
  const std::string lines = lines_of(columns, bill);
  if (auto zones = engine.run(zones_of(columns, bill, lines)); !zones) return pass(zones);
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
  SELECT *, regexp_matches(lower(unit), '(^|[^a-z])(h|hr|hrs|hours?|s|secs?|seconds?)$')
    AND category IN ('Compute', 'Databases', 'AI and Machine Learning', 'Analytics') AS by_time,
    id <> '' AND status IN ('Used', '') AS covered
  FROM lines
  WHERE cloud <> '' AND status <> 'Unused' AND pricing <> 'Dynamic'
    AND (list <> 0 OR contracted <> 0 OR effective <> 0)
), skus AS (SELECT DISTINCT cloud, sku FROM candidates WHERE covered)
SELECT provider, service, region, )" +
                          family + R"( AS family, size, meter, unit, sku, account,
  operation || '/' || regexp_replace(meter, ':.*$', '') AS platform,
  CASE WHEN zone IN (SELECT zone FROM x_zones) THEN zone ELSE '' END AS zone, first, after,
  CASE WHEN covered THEN id ELSE '' END AS id,
  CASE WHEN class = 'Correction' THEN 'correction' WHEN q IS NULL THEN 'no_quantity'
       WHEN first <> date_trunc('hour', first) OR after <> first + INTERVAL 1 HOUR THEN 'not_hourly'
       ELSE '' END AS flaw,
  count(*) AS lines, sum(q) AS q, sum(list) AS list, sum(contracted) AS contracted,
  sum(effective) AS effective, sum(units) AS units,
  max(list_price) AS list_price, max(price) AS price, max(plan_rate) AS plan_rate,
  max({'q': q, 'l': list, 'c': contracted, 'e': effective, 'u': units}) FILTER (q > 0) AS line,
  currency
FROM candidates
WHERE by_time OR covered OR (cloud, sku) IN (SELECT (cloud, sku) FROM skus)
GROUP BY ALL)";
  auto made = engine.run(sql);
  if (!made) return pass(made);
  return {};
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
