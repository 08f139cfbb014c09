#include "samples/rendering.h"

#include <cctype>
#include <set>

#include "base/text.h"

namespace steelyard::samples {
namespace {

/// 't' text as it stands, 'd' a decimal of the truth, 'p' a unit price, 'i' begin or end of the
/// charge, 'b' of the billing period.
struct Focus {
  std::string_view name;
  char form;
  std::string_view sql;
  int from, to;  ///< FOCUS 1.from to 1.to
};

constexpr Focus kFocus[] = {
    {"AllocatedMethodDetails", 't', "CAST(NULL AS VARCHAR)", 3, 4},
    {"AllocatedMethodId", 't', "pod_method", 3, 4},
    {"AllocatedResourceId", 't', "pod_id", 3, 4},
    {"AllocatedResourceName", 't', "pod_name", 3, 4},
    {"AllocatedTags", 't', "pod_tags", 3, 4},
    {"AvailabilityZone", 't', "zone", 0, 4},
    {"BilledCost", 'd', "billed", 0, 4},
    {"BillingAccountId", 't', "billing_account_id", 0, 4},
    {"BillingAccountName", 't', "billing_account_name", 0, 4},
    {"BillingAccountType", 't', "billing_account_type", 2, 4},
    {"BillingCurrency", 't', "currency", 0, 4},
    {"BillingPeriodEnd", 'b', "end", 0, 4},
    {"BillingPeriodStart", 'b', "begin", 0, 4},
    {"CapacityReservationId", 't', "CAST(NULL AS VARCHAR)", 1, 4},
    {"CapacityReservationStatus", 't', "CAST(NULL AS VARCHAR)", 1, 4},
    {"ChargeCategory", 't', "charge_category", 0, 4},
    {"ChargeClass", 't', "charge_class", 0, 4},
    {"ChargeDescription", 't', "coalesce(kind_text, description)", 0, 4},
    {"ChargeFrequency", 't', "frequency", 0, 4},
    {"ChargePeriodEnd", 'i', "end", 0, 4},
    {"ChargePeriodStart", 'i', "begin", 0, 4},
    {"CommitmentDiscountCategory", 't', "commitment_category", 0, 4},
    {"CommitmentDiscountId", 't', "commitment_id", 0, 4},
    {"CommitmentDiscountName", 't', "commitment_name", 0, 4},
    {"CommitmentDiscountQuantity", 'd', "commitment_quantity", 1, 4},
    {"CommitmentDiscountStatus", 't', "commitment_status", 0, 4},
    {"CommitmentDiscountType", 't', "commitment_type", 0, 4},
    {"CommitmentDiscountUnit", 't', "commitment_unit", 1, 4},
    {"CommitmentProgramEligibilityDetails", 't', "CAST(NULL AS VARCHAR)", 4, 4},
    {"ConsumedQuantity", 'd', "consumed", 0, 4},
    {"ConsumedUnit", 't', "CASE WHEN kind <= 2 OR kind = 21 THEN unit END", 0, 4},
    {"ContractApplied", 't', "contract_applied", 3, 4},
    {"ContractedCost", 'd', "contracted", 0, 4},
    {"ContractedUnitPrice", 'p', "contracted_price", 0, 4},
    {"EffectiveCost", 'd', "effective", 0, 4},
    {"HostProviderName", 't', "host_provider", 3, 4},
    {"InvoiceDetailId", 't', "detail_id", 4, 4},
    {"InvoiceId", 't', "invoice_id", 2, 4},
    {"InvoiceIssuerName", 't', "issuer", 0, 4},
    {"ListCost", 'd', "list", 0, 4},
    {"ListUnitPrice", 'p', "list_price", 0, 4},
    {"PricingCategory", 't', "pricing_category", 0, 4},
    {"PricingCurrency", 't', "coalesce(virtual_currency, currency)", 2, 4},
    {"PricingCurrencyContractedUnitPrice", 'p', "priced_contracted_price", 2, 4},
    {"PricingCurrencyEffectiveCost", 'd', "priced", 2, 4},
    {"PricingCurrencyListUnitPrice", 'p', "priced_list_price", 2, 4},
    {"PricingQuantity", 'd', "quantity", 0, 4},
    {"PricingUnit", 't', "unit", 0, 4},
    {"ProviderName", 't', "provider", 0, 3},
    {"PublisherName", 't', "service_provider", 0, 3},
    {"RegionId", 't', "region_id", 0, 4},
    {"RegionName", 't', "region_name", 0, 4},
    {"ResourceId", 't', "resource_id", 0, 4},
    {"ResourceName", 't', "resource_name", 0, 4},
    {"ResourceType", 't', "resource_type", 0, 4},
    {"ServiceCategory", 't', "category", 0, 4},
    {"ServiceName", 't', "service_name", 0, 4},
    {"ServiceProviderName", 't', "service_provider", 3, 4},
    {"ServiceSubcategory", 't', "subcategory", 1, 4},
    {"SkuId", 't', "sku", 0, 4},
    {"SkuMeter", 't', "meter", 1, 4},
    {"SkuPriceDetails", 't', "details", 1, 4},
    {"SkuPriceId", 't', "sku_price", 0, 4},
    {"SubAccountId", 't', "sub_account_id", 0, 4},
    {"SubAccountName", 't', "sub_account_name", 0, 4},
    {"SubAccountType", 't', "sub_account_type", 2, 4},
    {"Tags", 'm', "tags", 0, 4},
};

/// CUR columns. `legacy` "" = not in the legacy report, `name` "" = only there. Forms as above; 'c'
/// cost or quantity: text in CSV, double in Parquet; 'm' a map: JSON in CSV.
struct Cur {
  std::string_view name, legacy;
  char form;
  std::string_view sql;
};

constexpr std::string_view kNull = "CAST(NULL AS VARCHAR)";
constexpr Cur kCur[] = {
    {"bill_bill_type", "bill/BillType", 't',
     "CASE WHEN kind IN (12, 13) THEN 'Refund' WHEN kind IN (7, 8, 18, 19, 20) THEN 'Purchase' "
     "ELSE "
     "'Anniversary' END"},
    {"bill_billing_entity", "bill/BillingEntity", 't', "billing_entity"},
    {"bill_billing_period_end_date", "bill/BillingPeriodEndDate", 'b', "end"},
    {"bill_billing_period_start_date", "bill/BillingPeriodStartDate", 'b', "begin"},
    {"bill_invoice_id", "bill/InvoiceId", 't', "invoice_id"},
    {"bill_invoicing_entity", "bill/InvoicingEntity", 't', "invoicing_entity"},
    {"bill_payer_account_id", "bill/PayerAccountId", 't', "billing_account_id"},
    {"bill_payer_account_name", "", 't', "billing_account_name"},
    {"cost_category", "", 'm', "cost_category"},
    {"discount", "", 'n', ""},
    {"discount_bundled_discount", "discount/BundledDiscount", 'c', "bundled_discount"},
    {"discount_total_discount", "discount/TotalDiscount", 'c', "total_discount"},
    {"identity_line_item_id", "identity/LineItemId", 't', "item_id"},
    {"identity_time_interval", "identity/TimeInterval", 't', "interval_text"},
    {"line_item_availability_zone", "lineItem/AvailabilityZone", 't', "zone"},
    {"line_item_blended_cost", "lineItem/BlendedCost", 'c', "unblended"},
    {"line_item_blended_rate", "lineItem/BlendedRate", 't', "list_price_text"},
    {"line_item_currency_code", "lineItem/CurrencyCode", 't', "currency"},
    {"line_item_legal_entity", "lineItem/LegalEntity", 't', "issuer"},
    {"line_item_line_item_description", "lineItem/LineItemDescription", 't',
     "coalesce(kind_text, description)"},
    {"line_item_line_item_type", "lineItem/LineItemType", 't', "line_item_type"},
    {"line_item_net_unblended_cost", "lineItem/NetUnblendedCost", 'c', "net_unblended"},
    {"line_item_net_unblended_rate", "lineItem/NetUnblendedRate", 't',
     "CASE WHEN kind = 1 THEN list_price_text ELSE contracted_price_text END"},
    {"line_item_normalization_factor", "lineItem/NormalizationFactor", 't', "normalization"},
    {"line_item_normalized_usage_amount", "lineItem/NormalizedUsageAmount", 'c', "normalized"},
    {"line_item_operation", "lineItem/Operation", 't', "coalesce(cur_operation, operation)"},
    {"line_item_product_code", "lineItem/ProductCode", 't', "service_code"},
    {"line_item_resource_id", "lineItem/ResourceId", 't', "coalesce(pod_id, resource_id)"},
    {"line_item_tax_type", "lineItem/TaxType", 't', "CASE WHEN kind = 10 THEN 'USSalesTax' END"},
    {"line_item_unblended_cost", "lineItem/UnblendedCost", 'c', "unblended"},
    {"line_item_unblended_rate", "lineItem/UnblendedRate", 't', "list_price_text"},
    {"line_item_usage_account_id", "lineItem/UsageAccountId", 't', "sub_account_id"},
    {"line_item_usage_account_name", "", 't', "sub_account_name"},
    {"line_item_usage_amount", "lineItem/UsageAmount", 'c', "usage_amount"},
    {"line_item_usage_end_date", "lineItem/UsageEndDate", 'i', "end"},
    {"line_item_usage_start_date", "lineItem/UsageStartDate", 'i', "begin"},
    {"line_item_usage_type", "lineItem/UsageType", 't', "coalesce(cur_usage_type, usage_type)"},
    {"pricing_currency", "pricing/currency", 't', "currency"},
    {"pricing_lease_contract_length", "pricing/LeaseContractLength", 't',
     "CASE WHEN ri_arn IS NOT NULL THEN term END"},
    {"pricing_offering_class", "pricing/OfferingClass", 't', "offering_class"},
    {"pricing_public_on_demand_cost", "pricing/publicOnDemandCost", 'c', "public_cost"},
    {"pricing_public_on_demand_rate", "pricing/publicOnDemandRate", 't',
     "CASE WHEN kind <= 2 THEN list_price_text END"},
    {"pricing_purchase_option", "pricing/PurchaseOption", 't',
     "CASE WHEN ri_arn IS NOT NULL THEN payment END"},
    {"pricing_rate_code", "pricing/RateCode", 't', "sku_price"},
    {"pricing_rate_id", "pricing/RateId", 't', kNull},
    {"pricing_term", "pricing/term", 't', "pricing_term"},
    {"pricing_unit", "pricing/unit", 't', "cur_unit"},
    {"product", "", 'm', "product"},
    {"product_comment", "", 't', kNull},
    {"product_fee_code", "product/feeCode", 't', kNull},
    {"product_fee_description", "product/feeDescription", 't', kNull},
    {"product_from_location", "product/fromLocation", 't', kNull},
    {"product_from_location_type", "product/fromLocationType", 't', kNull},
    {"product_from_region_code", "product/fromRegionCode", 't', kNull},
    {"product_instance_family", "product/instanceFamily", 't', "instance_family"},
    {"product_instance_type", "product/instanceType", 't', "instance_type"},
    {"product_instancesku", "product/instancesku", 't', kNull},
    {"product_location", "product/location", 't', "region_name"},
    {"product_location_type", "product/locationType", 't',
     "CASE WHEN region_id IS NOT NULL THEN 'AWS Region' END"},
    {"product_operation", "product/operation", 't', "operation"},
    {"product_pricing_unit", "", 't', "cur_unit"},
    {"product_product_family", "product/productFamily", 't', "family"},
    {"product_region_code", "product/regionCode", 't', "region_id"},
    {"product_servicecode", "product/servicecode", 't', "service_code"},
    {"product_sku", "product/sku", 't', "sku"},
    {"product_to_location", "product/toLocation", 't', kNull},
    {"product_to_location_type", "product/toLocationType", 't', kNull},
    {"product_to_region_code", "product/toRegionCode", 't', kNull},
    {"product_usagetype", "product/usagetype", 't', "usage_type"},
    {"", "product/ProductName", 't', "service_name"},
    {"reservation_amortized_upfront_cost_for_usage", "reservation/AmortizedUpfrontCostForUsage",
     'c', "ri_upfront_usage"},
    {"reservation_amortized_upfront_fee_for_billing_period",
     "reservation/AmortizedUpfrontFeeForBillingPeriod", 'c', "ri_upfront_period"},
    {"reservation_availability_zone", "reservation/AvailabilityZone", 't', kNull},
    {"reservation_effective_cost", "reservation/EffectiveCost", 'c', "ri_effective"},
    {"reservation_end_time", "reservation/EndTime", 't',
     "CASE WHEN ri_arn IS NOT NULL THEN term_end END"},
    {"reservation_modification_status", "reservation/ModificationStatus", 't',
     "CASE WHEN ri_arn IS NOT NULL THEN 'Original' END"},
    {"reservation_net_amortized_upfront_cost_for_usage",
     "reservation/NetAmortizedUpfrontCostForUsage", 'c', "ri_upfront_usage"},
    {"reservation_net_amortized_upfront_fee_for_billing_period",
     "reservation/NetAmortizedUpfrontFeeForBillingPeriod", 'c', "ri_upfront_period"},
    {"reservation_net_effective_cost", "reservation/NetEffectiveCost", 'c', "ri_effective"},
    {"reservation_net_recurring_fee_for_usage", "reservation/NetRecurringFeeForUsage", 'c',
     "ri_recurring_usage"},
    {"reservation_net_unused_amortized_upfront_fee_for_billing_period",
     "reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod", 'c', "ri_unused_upfront"},
    {"reservation_net_unused_recurring_fee", "reservation/NetUnusedRecurringFee", 'c',
     "ri_unused_recurring"},
    {"reservation_net_upfront_value", "reservation/NetUpfrontValue", 'n', ""},
    {"reservation_normalized_units_per_reservation", "reservation/NormalizedUnitsPerReservation",
     't', kNull},
    {"reservation_number_of_reservations", "reservation/NumberOfReservations", 't',
     "CASE WHEN ri_arn IS NOT NULL THEN reservation_count END"},
    {"reservation_recurring_fee_for_usage", "reservation/RecurringFeeForUsage", 'c',
     "ri_recurring_usage"},
    {"reservation_reservation_a_r_n", "reservation/ReservationARN", 't', "ri_arn"},
    {"reservation_start_time", "reservation/StartTime", 't',
     "CASE WHEN ri_arn IS NOT NULL THEN term_start END"},
    {"reservation_subscription_id", "reservation/SubscriptionId", 't', kNull},
    {"reservation_total_reserved_normalized_units", "reservation/TotalReservedNormalizedUnits", 'c',
     "ri_total_quantity"},
    {"reservation_total_reserved_units", "reservation/TotalReservedUnits", 't', kNull},
    {"reservation_units_per_reservation", "reservation/UnitsPerReservation", 't', kNull},
    {"reservation_unused_amortized_upfront_fee_for_billing_period",
     "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod", 'c', "ri_unused_upfront"},
    {"reservation_unused_normalized_unit_quantity", "reservation/UnusedNormalizedUnitQuantity", 'c',
     "ri_unused_quantity"},
    {"reservation_unused_quantity", "reservation/UnusedQuantity", 'n', ""},
    {"reservation_unused_recurring_fee", "reservation/UnusedRecurringFee", 'c',
     "ri_unused_recurring"},
    {"reservation_upfront_value", "reservation/UpfrontValue", 'n', ""},
    {"resource_tags", "", 'm', "cur_tags"},
    {"", "resourceTags/", 'k', ""},
    {"savings_plan_amortized_upfront_commitment_for_billing_period",
     "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod", 'c', "sp_upfront"},
    {"savings_plan_end_time", "savingsPlan/EndTime", 't',
     "CASE WHEN sp_arn IS NOT NULL THEN term_end END"},
    {"savings_plan_instance_type_family", "savingsPlan/InstanceTypeFamily", 't', kNull},
    {"savings_plan_net_amortized_upfront_commitment_for_billing_period",
     "savingsPlan/NetAmortizedUpfrontCommitmentForBillingPeriod", 'c', "sp_upfront"},
    {"savings_plan_net_recurring_commitment_for_billing_period",
     "savingsPlan/NetRecurringCommitmentForBillingPeriod", 'c', "sp_recurring"},
    {"savings_plan_net_savings_plan_effective_cost", "savingsPlan/NetSavingsPlanEffectiveCost", 'c',
     "sp_effective"},
    {"savings_plan_offering_type", "savingsPlan/OfferingType", 't', "sp_offering"},
    {"savings_plan_payment_option", "savingsPlan/PaymentOption", 't',
     "CASE WHEN sp_arn IS NOT NULL THEN payment END"},
    {"savings_plan_purchase_term", "savingsPlan/PurchaseTerm", 't',
     "CASE WHEN sp_arn IS NOT NULL THEN term END"},
    {"savings_plan_recurring_commitment_for_billing_period",
     "savingsPlan/RecurringCommitmentForBillingPeriod", 'c', "sp_recurring"},
    {"savings_plan_region", "savingsPlan/Region", 't',
     "CASE WHEN sp_arn IS NOT NULL THEN 'Any' END"},
    {"savings_plan_savings_plan_a_r_n", "savingsPlan/SavingsPlanARN", 't', "sp_arn"},
    {"savings_plan_savings_plan_effective_cost", "savingsPlan/SavingsPlanEffectiveCost", 'c',
     "sp_effective"},
    {"savings_plan_savings_plan_rate", "savingsPlan/SavingsPlanRate", 's',
     "CASE WHEN kind = 1 THEN savings_text END"},
    {"savings_plan_start_time", "savingsPlan/StartTime", 't',
     "CASE WHEN sp_arn IS NOT NULL THEN term_start END"},
    {"savings_plan_total_commitment_to_date", "savingsPlan/TotalCommitmentToDate", 'c', "sp_total"},
    {"savings_plan_used_commitment", "savingsPlan/UsedCommitment", 'c', "sp_used"},
    {"split_line_item_actual_usage", "splitLineItem/ActualUsage", 'n', ""},
    {"split_line_item_net_split_cost", "splitLineItem/NetSplitCost", 'c', "split_cost"},
    {"split_line_item_net_unused_cost", "splitLineItem/NetUnusedCost", 'n', ""},
    {"split_line_item_parent_resource_id", "splitLineItem/ParentResourceId", 't',
     "CASE WHEN pod_id IS NOT NULL THEN resource_id END"},
    {"split_line_item_public_on_demand_split_cost", "splitLineItem/PublicOnDemandSplitCost", 'n',
     ""},
    {"split_line_item_public_on_demand_unused_cost", "splitLineItem/PublicOnDemandUnusedCost", 'n',
     ""},
    {"split_line_item_reserved_usage", "splitLineItem/ReservedUsage", 'n', ""},
    {"split_line_item_split_cost", "splitLineItem/SplitCost", 'c', "split_cost"},
    {"split_line_item_split_usage", "splitLineItem/SplitUsage", 'n', ""},
    {"split_line_item_split_usage_ratio", "splitLineItem/SplitUsageRatio", 'n', ""},
    {"split_line_item_unused_cost", "splitLineItem/UnusedCost", 'n', ""},
};

/// "lineItem/UnblendedCost" -> "line_item_unblended_cost", as AWS names Parquet columns.
std::string snake(std::string_view slash) {
  std::string name;
  for (char c : slash) {
    const bool capital = std::isupper(static_cast<unsigned char>(c)) != 0;
    if (capital && !name.empty() && name.back() != '_') name += '_';
    name += c == '/' || c == ':' || c == '-'
                ? '_'
                : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return name;
}

/// 1.25e-7 as a provider may write 0.000000125: the digits, then the place of the first.
std::string exponent_sql(const std::string& text) {
  const std::string digits = "ltrim(replace(" + text + ", '0.', ''), '0')";
  const std::string zeros = "(length(" + text + ") - 2 - length(" + digits + "))";
  return "CASE WHEN " + text + " LIKE '0.00%' THEN left(" + digits + ", 1) || CASE WHEN length(" +
         digits + ") > 1 THEN '.' || substr(" + digits + ", 2) ELSE '' END || 'E-' || CAST(" +
         zeros + " + 1 AS VARCHAR) ELSE " + text + " END";
}

std::string instant_literal(Date date) {
  return "TIMESTAMPTZ '" + format_instant(instant_of(date)) + "'";
}

Rendering focus(std::string_view format, int version, bool csv, Date first, Date end,
                const Dirt& dirt) {
  Rendering result{std::string(format), version >= 3 ? View::kFocus14 : View::kFocus12, csv, {}};
  const auto time_text = [&](const std::string& text) {
    return dirt.no_zone ? "replace(replace(" + text + ", 'T', ' '), 'Z', '')" : text;
  };
  for (const Focus& column : kFocus) {
    if (version < column.from || version > column.to) continue;
    const std::string base(column.sql);
    std::string sql = base;
    if (column.form == 'd' || column.form == 'p') {
      sql = csv ? base + "_text" : base;
      if (csv && dirt.exponent) sql = exponent_sql(sql);
    } else if (column.form == 'i') {
      sql = csv ? time_text(base + "_text") : "\"" + base + "\"";
    } else if (column.form == 'b') {
      const Date date = base == "begin" ? first : end;
      sql = csv ? time_text(sql_literal(format_instant(instant_of(date)))) : instant_literal(date);
    } else if (column.form == 'm') {
      sql = csv ? base + "_json" : base;
    }
    result.columns.push_back({std::string(column.name), sql, ""});
  }
  return result;
}

Rendering cur(std::string_view format, bool legacy, bool csv, const Enterprise& enterprise,
              int month, Date first, Date end, const Dirt& dirt) {
  Rendering result{std::string(format), View::kCur, csv, {}};
  for (const Cur& column : kCur) {
    if ((legacy ? column.legacy : column.name).empty()) continue;
    if (column.form == 'k') {
      std::set<std::string> names;
      for (std::size_t k = 0; k < enterprise.tag_keys.size(); ++k) {
        const TagKey& key = enterprise.tag_keys[k];
        if (key.late && month == 0) continue;
        const std::string name = std::string(column.legacy) + "user:" + key.name;
        // Parquet has one name for all spellings, and the first of them gets it.
        if (csv || names.insert(snake(name)).second)
          result.columns.push_back(
              {csv ? name : snake(name), "tag_" + std::to_string(k), "OptionalString"});
      }
      continue;
    }
    const std::string base(column.sql);
    std::string sql = base, type = legacy ? "OptionalString" : "string";
    switch (column.form) {
      case 'c':
        sql = base + (csv ? "_text" : "_number");
        if (csv && dirt.exponent) sql = exponent_sql(sql);
        type = legacy ? "OptionalBigDecimal" : "double";
        break;
      case 'n':
        sql = csv ? std::string(kNull) : "CAST(NULL AS DOUBLE)";
        if (column.name == "discount" && !csv) sql = "CAST(NULL AS MAP(VARCHAR, DOUBLE))";
        type = legacy ? "OptionalBigDecimal" : "double";
        break;
      case 'i':
        sql = csv ? base + "_millis" : "CAST(\"" + base + "\" AS TIMESTAMP)";
        if (csv && dirt.no_zone) sql = "replace(left(" + sql + ", 19), 'T', ' ')";
        type = legacy ? "DateTime" : "timestamp_milliseconds";
        break;
      case 'b': {
        const std::string text = format_instant(instant_of(base == "begin" ? first : end));
        sql = csv ? sql_literal(dirt.no_zone ? text.substr(0, 10) + " 00:00:00"
                                             : text.substr(0, 19) + ".000Z")
                  : "TIMESTAMP '" + text.substr(0, 10) + " 00:00:00'";
        type = legacy ? "DateTime" : "timestamp_milliseconds";
        break;
      }
      case 'm':
        if (base == "product")
          sql = csv ? "product_json" : "product_map";
        else
          sql = csv ? base + "_json" : base;
        type = "map<string,string>";
        break;
      default:
        break;
    }
    result.columns.push_back({legacy ? (csv ? std::string(column.legacy) : snake(column.legacy))
                                     : std::string(column.name),
                              sql, type});
  }
  return result;
}

}  // namespace

Rendering rendering_of(std::string_view format, const Enterprise& enterprise, int month,
                       const Dirt& dirt) {
  const Date first = civil_from_days(enterprise.month_hours[month] / 24),
             end = civil_from_days(enterprise.month_hours[month + 1] / 24);
  const bool csv = format.ends_with("-csv");
  if (format.starts_with("focus-1.4")) return focus(format, 4, csv, first, end, dirt);
  if (format.starts_with("focus-1.2")) return focus(format, 2, csv, first, end, dirt);
  return cur(format, format.starts_with("aws-cur-legacy"), csv, enterprise, month, first, end,
             dirt);
}

std::string select_of(const Rendering& rendering) {
  std::string sql = "SELECT ";
  for (std::size_t i = 0; i < rendering.columns.size(); ++i) {
    if (i > 0) sql += ", ";
    sql += rendering.columns[i].sql + " AS " + sql_identifier(rendering.columns[i].name);
  }
  return sql +
         " FROM charges() f JOIN subjects s ON f.subject = s.id JOIN prices p ON f.price = p.id "
         "JOIN commitments c ON f.commitment = c.id"
         " JOIN tag_sets t ON f.tag_set = t.id JOIN kinds k ON f.kind = k.id JOIN invoices i ON "
         "f.invoice = i.id JOIN pods d ON f.pod = d.id";
}

}  // namespace steelyard::samples
