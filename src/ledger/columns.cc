#include "ledger/columns.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace steelyard {
namespace {

constexpr std::array kAliases = {
    ColumnAlias{"account", "SubAccountId", "", "account"},
    ColumnAlias{"account_name", "SubAccountName", "", "account name"},
    ColumnAlias{"billing_account", "BillingAccountId", "", "billing account"},
    ColumnAlias{"billing_account_name", "BillingAccountName", "", "billing account name"},
    ColumnAlias{"billing_period", "x_BillingPeriod", "", "billing period"},
    ColumnAlias{"category", "ChargeCategory", "", "charge category"},
    ColumnAlias{"class", "ChargeClass", "", "charge class"},
    ColumnAlias{"commitment", "CommitmentDiscountId", "", "commitment"},
    ColumnAlias{"commitment_status", "CommitmentDiscountStatus", "", "commitment status"},
    ColumnAlias{"commitment_type", "CommitmentDiscountType", "", "commitment type"},
    ColumnAlias{"currency", "BillingCurrency", "", "currency"},
    ColumnAlias{"day", "ChargePeriodStart", "day", "day"},
    ColumnAlias{"delivery", "x_DeliveryId", "", "delivery"},
    ColumnAlias{"description", "ChargeDescription", "", "description"},
    ColumnAlias{"frequency", "ChargeFrequency", "", "frequency"},
    ColumnAlias{"host", "HostProviderName", "", "host"},
    ColumnAlias{"hour", "ChargePeriodStart", "hour", "hour"},
    ColumnAlias{"invoice", "InvoiceId", "", "invoice"},
    ColumnAlias{"issuer", "InvoiceIssuerName", "", "issuer"},
    ColumnAlias{"meter", "SkuMeter", "", "meter"},
    ColumnAlias{"month", "ChargePeriodStart", "month", "month"},
    ColumnAlias{"pricing", "PricingCategory", "", "pricing"},
    ColumnAlias{"pricing_quantity", "PricingQuantity", "", "pricing quantity"},
    ColumnAlias{"pricing_unit", "PricingUnit", "", "pricing unit"},
    ColumnAlias{"provider", "ServiceProviderName", "", "provider"},
    ColumnAlias{"quantity", "ConsumedQuantity", "", "quantity"},
    ColumnAlias{"region", "RegionId", "", "region"},
    ColumnAlias{"region_name", "RegionName", "", "region name"},
    ColumnAlias{"resource", "ResourceId", "", "resource"},
    ColumnAlias{"resource_name", "ResourceName", "", "resource name"},
    ColumnAlias{"resource_type", "ResourceType", "", "resource type"},
    ColumnAlias{"service", "ServiceName", "", "service"},
    ColumnAlias{"service_category", "ServiceCategory", "", "service category"},
    ColumnAlias{"service_subcategory", "ServiceSubcategory", "", "service subcategory"},
    ColumnAlias{"sku", "SkuId", "", "SKU"},
    ColumnAlias{"sku_price", "SkuPriceId", "", "SKU price"},
    ColumnAlias{"source", "x_Source", "", "source"},
    ColumnAlias{"unit", "ConsumedUnit", "", "unit"},
    ColumnAlias{"zone", "AvailabilityZone", "", "zone"},
};

// Names of costs are not aliases of columns to group by; they only make sense in a filter.
constexpr std::array<std::string_view, 5> kCostNames = {"cost", "billed", "effective", "list",
                                                        "contracted"};

const SchemaField* find_field(const std::vector<SchemaField>& schema, std::string_view name) {
  for (const auto& field : schema) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

std::string near_ones(std::string_view name, const std::vector<SchemaField>& schema) {
  std::vector<std::string> friendly, columns;
  for (const auto& alias : kAliases) {
    if (schema.empty() || find_field(schema, alias.column)) friendly.emplace_back(alias.name);
  }
  for (const auto& field : schema) columns.push_back(field.name);
  std::vector<std::string> found;
  for (const auto* candidates : {&friendly, &columns}) {
    auto near = nearest(name, *candidates);
    if (!near.empty()) found.push_back("`" + near + "`");
  }
  const auto lowered = to_lower(name);
  for (const auto* candidates : {&friendly, &columns}) {
    for (const auto& candidate : *candidates) {
      if (found.size() >= 4 || lowered.size() < 3) break;
      const auto quoted = "`" + candidate + "`";
      if (to_lower(candidate).find(lowered) != std::string::npos &&
          std::find(found.begin(), found.end(), quoted) == found.end()) {
        found.push_back(quoted);
      }
    }
  }
  if (found.empty()) return "for a tag write tag:" + std::string(name);
  return "did you mean " + join(found, " or ") + "? For a tag write tag:" + std::string(name);
}

}  // namespace

std::span<const ColumnAlias> column_aliases() { return kAliases; }

Result<Dimension> resolve_dimension(std::string_view asked, const std::vector<SchemaField>& schema,
                                    Basis basis) {
  const auto name = asked;  // not trimmed: a tag's key may begin or end with a space
  Dimension dimension;
  const auto lowered = to_lower(name);
  for (std::string_view prefix : {"tag:", "tags:"}) {
    if (lowered.substr(0, prefix.size()) != prefix) continue;
    dimension.tag = std::string(name.substr(prefix.size()));
    if (dimension.tag.empty()) {
      return fail("SY1502", "a tag needs its key", std::string(name), "write tag:team");
    }
    if (!schema.empty() && !find_field(schema, "Tags")) {
      return fail("SY1501", "these charges have no tags", std::string(name));
    }
    dimension.name = "tag:" + dimension.tag;
    dimension.title = dimension.tag;
    dimension.column = "Tags";
    return dimension;
  }

  std::string column;
  for (const auto& alias : kAliases) {
    if (alias.name != lowered) continue;
    dimension.name = std::string(alias.name);
    dimension.title = std::string(alias.title);
    dimension.grain = std::string(alias.grain);
    column = std::string(alias.column);
  }
  if (column.empty() &&
      std::find(kCostNames.begin(), kCostNames.end(), lowered) != kCostNames.end()) {
    auto named = lowered == "cost" ? Result<Basis>(basis) : parse_basis(lowered);
    if (!named) return pass(named);
    dimension.name = lowered;
    dimension.title = lowered;
    column = std::string(steelyard::column(*named));
  }
  if (column.empty()) {
    for (const auto& field : schema) {
      if (field.name == name) column = field.name;
    }
    for (const auto& field : schema) {
      if (column.empty() && equals_ignoring_case(field.name, name)) column = field.name;
    }
    dimension.name = column;
    dimension.title = column;
  }
  const auto* field = find_field(schema, column);
  if (column.empty() || (!schema.empty() && field == nullptr)) {
    return fail("SY1501", "there is no column `" + std::string(name) + "`", {},
                near_ones(name, schema));
  }
  dimension.column = column;
  dimension.type = field ? field->type : Type::kText;
  if (!dimension.grain.empty()) dimension.type = Type::kText;
  return dimension;
}

Result<std::vector<Dimension>> resolve_dimensions(const std::vector<std::string>& names,
                                                  const std::vector<SchemaField>& schema) {
  std::vector<Dimension> dimensions;
  for (const auto& name : names) {
    auto dimension = resolve_dimension(name, schema);
    if (!dimension) return pass(dimension);
    for (const auto& other : dimensions) {
      if (sql_of(other) == sql_of(*dimension)) {
        return fail("SY1503", "`" + other.name + "` is named twice", name);
      }
    }
    if (dimension->type == Type::kDecimal || dimension->type == Type::kDouble) {
      return fail("SY1504", "`" + dimension->name + "` is an amount, not something to group by",
                  name, "group by a text or a time");
    }
    if (dimension->type == Type::kTextMap && dimension->tag.empty()) {
      return fail("SY1502", "a tag needs its key", name, "write tag:team");
    }
    dimensions.push_back(std::move(*dimension));
  }
  return dimensions;
}

std::string sql_of(const Dimension& dimension) {
  const auto column = sql_identifier(dimension.column);
  if (!dimension.tag.empty()) {
    return "map_extract_value(" + column + ", " + sql_literal(dimension.tag) + ")";
  }
  if (dimension.grain == "hour") return "strftime(" + column + ", '%Y-%m-%dT%H:00:00Z')";
  if (dimension.grain == "day") return "strftime(" + column + ", '%Y-%m-%d')";
  if (dimension.grain == "month") return "strftime(" + column + ", '%Y-%m')";
  return column;
}

}  // namespace steelyard
