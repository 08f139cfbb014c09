#include "bills/map_aws_cur.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "bills/focus_schema.h"

namespace steelyard {
namespace {

// --- what the columns are
// -------------------------------------------------------------------------------------------

/// Money, prices and quantities, under the names of CUR 2.0.
constexpr std::string_view kDecimals[] = {
    "line_item_unblended_cost",
    "line_item_net_unblended_cost",
    "line_item_blended_cost",
    "line_item_unblended_rate",
    "line_item_net_unblended_rate",
    "line_item_blended_rate",
    "line_item_usage_amount",
    "line_item_normalized_usage_amount",
    "line_item_normalization_factor",
    "pricing_public_on_demand_cost",
    "pricing_public_on_demand_rate",
    "reservation_effective_cost",
    "reservation_net_effective_cost",
    "reservation_amortized_upfront_cost_for_usage",
    "reservation_net_amortized_upfront_cost_for_usage",
    "reservation_amortized_upfront_fee_for_billing_period",
    "reservation_net_amortized_upfront_fee_for_billing_period",
    "reservation_recurring_fee_for_usage",
    "reservation_net_recurring_fee_for_usage",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_net_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "reservation_net_unused_recurring_fee",
    "reservation_unused_quantity",
    "reservation_unused_normalized_unit_quantity",
    "reservation_total_reserved_units",
    "reservation_total_reserved_normalized_units",
    "reservation_upfront_value",
    "reservation_net_upfront_value",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_net_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    "savings_plan_amortized_upfront_commitment_for_billing_period",
    "savings_plan_net_amortized_upfront_commitment_for_billing_period",
    "savings_plan_recurring_commitment_for_billing_period",
    "savings_plan_net_recurring_commitment_for_billing_period",
    "savings_plan_savings_plan_rate",
    "split_line_item_split_cost",
    "split_line_item_net_split_cost",
    "split_line_item_unused_cost",
    "split_line_item_net_unused_cost",
    "split_line_item_public_on_demand_split_cost",
    "split_line_item_public_on_demand_unused_cost",
    "split_line_item_actual_usage",
    "split_line_item_reserved_usage",
    "split_line_item_split_usage",
    "split_line_item_split_usage_ratio",
    "discount_total_discount",
    "discount_bundled_discount"};
constexpr std::string_view kInstants[] = {"bill_billing_period_start_date",
                                          "bill_billing_period_end_date",
                                          "line_item_usage_start_date", "line_item_usage_end_date"};
/// Columns that CUR 2.0 delivers as maps; the legacy report has a column for each key instead.
constexpr std::string_view kMaps[] = {"product", "resource_tags", "cost_category", "discount",
                                      "tags"};
/// The product columns that CUR 2.0 has beside its map: any other product_ column is the legacy
/// report's.
constexpr std::string_view kProductColumns[] = {"product_comment",
                                                "product_fee_code",
                                                "product_fee_description",
                                                "product_from_location",
                                                "product_from_location_type",
                                                "product_from_region_code",
                                                "product_instance_family",
                                                "product_instance_type",
                                                "product_instancesku",
                                                "product_location",
                                                "product_location_type",
                                                "product_operation",
                                                "product_pricing_unit",
                                                "product_product_family",
                                                "product_region_code",
                                                "product_servicecode",
                                                "product_sku",
                                                "product_to_location",
                                                "product_to_location_type",
                                                "product_to_region_code",
                                                "product_usagetype"};
constexpr std::string_view kNeeded[] = {"line_item_line_item_type", "line_item_unblended_cost",
                                        "line_item_currency_code", "line_item_usage_start_date",
                                        "bill_billing_period_start_date"};

template <std::size_t n>
bool one_of(const std::string_view (&list)[n], std::string_view folded_name) {
  return std::any_of(std::begin(list), std::end(list),
                     [&](std::string_view name) { return folded(name) == folded_name; });
}

/// The key of a column that stands for one tag or cost category: "resourceTags/user:Team" ->
/// "user:Team"; "" for other columns.
std::string key_below(std::string_view name, std::string_view slash_prefix,
                      std::string_view snake_prefix) {
  if (name.starts_with(slash_prefix)) return std::string(name.substr(slash_prefix.size()));
  if (name.starts_with(snake_prefix)) return std::string(name.substr(snake_prefix.size()));
  return "";
}
std::string tag_key(std::string_view name) {
  return key_below(name, "resourceTags/", "resource_tags_");
}
std::string category_key(std::string_view name) {
  return key_below(name, "costCategory/", "cost_category_");
}

/// AWS prefixes what a user tagged with "user:" (in names of columns "user_"); FOCUS wants users'
/// keys as users wrote them.
std::string without_user(const std::string& key) {
  return key.starts_with("user:") || key.starts_with("user_") ? key.substr(5) : key;
}

// --- regions
// ---------------------------------------------------------------------------------------------------------

/// Regions as AWS's price list calls them; a report leaves the name out on transfers and on usage
/// without a product.
constexpr std::pair<std::string_view, std::string_view> kRegions[] = {
    {"af-south-1", "Africa (Cape Town)"},
    {"ap-east-1", "Asia Pacific (Hong Kong)"},
    {"ap-northeast-1", "Asia Pacific (Tokyo)"},
    {"ap-northeast-2", "Asia Pacific (Seoul)"},
    {"ap-northeast-3", "Asia Pacific (Osaka)"},
    {"ap-south-1", "Asia Pacific (Mumbai)"},
    {"ap-south-2", "Asia Pacific (Hyderabad)"},
    {"ap-southeast-1", "Asia Pacific (Singapore)"},
    {"ap-southeast-2", "Asia Pacific (Sydney)"},
    {"ap-southeast-3", "Asia Pacific (Jakarta)"},
    {"ap-southeast-4", "Asia Pacific (Melbourne)"},
    {"ca-central-1", "Canada (Central)"},
    {"ca-west-1", "Canada West (Calgary)"},
    {"eu-central-1", "EU (Frankfurt)"},
    {"eu-central-2", "Europe (Zurich)"},
    {"eu-north-1", "EU (Stockholm)"},
    {"eu-south-1", "EU (Milan)"},
    {"eu-south-2", "Europe (Spain)"},
    {"eu-west-1", "EU (Ireland)"},
    {"eu-west-2", "EU (London)"},
    {"eu-west-3", "EU (Paris)"},
    {"il-central-1", "Israel (Tel Aviv)"},
    {"me-central-1", "Middle East (UAE)"},
    {"me-south-1", "Middle East (Bahrain)"},
    {"sa-east-1", "South America (Sao Paulo)"},
    {"us-east-1", "US East (N. Virginia)"},
    {"us-east-2", "US East (Ohio)"},
    {"us-gov-east-1", "AWS GovCloud (US-East)"},
    {"us-gov-west-1", "AWS GovCloud (US-West)"},
    {"us-west-1", "US West (N. California)"},
    {"us-west-2", "US West (Oregon)"}};

/// FOCUS wants a name beside every RegionId and none without: `told` where the report has it, else
/// AWS's name of the region, else the id, which is all that is known then.
std::string region_name_sql(const std::string& id, const std::string& told) {
  std::string known = "CASE " + id;
  for (const auto& [code, name] : kRegions)
    known += " WHEN " + sql_literal(code) + " THEN " + sql_literal(name);
  known += " ELSE " + id + " END";
  return "CASE WHEN " + id + " IS NOT NULL THEN COALESCE(" + told + ", " + known + ") END";
}

// --- services
// --------------------------------------------------------------------------------------------------------

struct ServiceGroup {
  std::string_view category, subcategory;  ///< FOCUS ServiceCategory, ServiceSubcategory
  std::string_view codes;                  ///< lineItem/ProductCode, separated by spaces
};
constexpr ServiceGroup kServices[] = {
    {"Compute", "Virtual Machines",
     "AmazonEC2 AmazonLightsail ComputeSavingsPlans EC2InstanceSavingsPlans AWSOutposts"},
    {"Compute", "Serverless Compute", "AWSLambda"},
    {"Compute", "Containers", "AmazonECS AmazonEKS AmazonECR AmazonECRPublic AWSAppRunner"},
    {"Compute", "End User Computing", "AmazonWorkSpaces AmazonWorkSpacesWeb AmazonAppStream"},
    {"Compute", "Quantum Compute", "AmazonBraket"},
    {"Storage", "Object Storage", "AmazonS3 AmazonGlacier AmazonS3GlacierDeepArchive"},
    {"Storage", "File Storage", "AmazonEFS AmazonFSx"},
    {"Storage", "Backup Storage", "AWSBackup"},
    {"Storage", "Storage Platforms", "AWSStorageGateway"},
    {"Databases", "Relational Databases", "AmazonRDS DatabaseSavingsPlans"},
    {"Databases", "NoSQL Databases",
     "AmazonDynamoDB AmazonDocDB AmazonMCS AmazonNeptune AmazonSimpleDB"},
    {"Databases", "Caching", "AmazonElastiCache AmazonMemoryDB AmazonDAX"},
    {"Databases", "Data Warehouses", "AmazonRedshift"},
    {"Databases", "Time Series Databases", "AmazonTimestream"},
    {"Databases", "Ledger Databases", "AmazonQLDB"},
    {"Networking", "Network Infrastructure", "AmazonVPC AWSDataTransfer"},
    {"Networking", "Network Routing", "AmazonRoute53 AWSGlobalAccelerator"},
    {"Networking", "Content Delivery", "AmazonCloudFront"},
    {"Networking", "Application Networking", "AWSELB AWSCloudMap AWSAppMesh"},
    {"Networking", "Network Connectivity", "AWSDirectConnect"},
    {"Networking", "Network Security", "AWSNetworkFirewall"},
    {"Integration", "API Management", "AmazonApiGateway AWSAppSync"},
    {"Integration", "Messaging", "AWSQueueService AmazonSNS AmazonMQ AWSEvents"},
    {"Integration", "Workflow Orchestration", "AmazonStates AmazonMWAA AmazonSWF"},
    {"Analytics", "Analytics Platforms", "AmazonAthena AmazonDataZone"},
    {"Analytics", "Data Processing", "AWSGlue ElasticMapReduce"},
    {"Analytics", "Streaming Analytics",
     "AmazonKinesis AmazonKinesisAnalytics AmazonKinesisFirehose AmazonMSK"},
    {"Analytics", "Business Intelligence", "AmazonQuickSight"},
    {"Analytics", "Search", "AmazonES AmazonCloudSearch AmazonKendra"},
    {"AI and Machine Learning", "Machine Learning",
     "AmazonSageMaker MachineLearningSavingsPlans AmazonPersonalize AmazonForecast"},
    {"AI and Machine Learning", "Generative AI",
     "AmazonBedrock AmazonBedrockService AmazonBedrockAgentCore AmazonQ"},
    {"AI and Machine Learning", "Natural Language Processing",
     "comprehend translate transcribe AmazonPolly AmazonTextract"},
    {"AI and Machine Learning", "Bots", "AmazonLex"},
    {"AI and Machine Learning", "Other (AI and Machine Learning)", "AmazonRekognition"},
    {"Security", "Threat Detection and Response",
     "AmazonGuardDuty AmazonDetective AmazonMacie awswaf AWSShield"},
    {"Security", "Security Posture Management", "AWSSecurityHub AmazonInspector AmazonInspectorV2"},
    {"Security", "Secret Management", "awskms AWSSecretsManager AWSCertificateManager CloudHSM"},
    {"Identity", "Identity and Access Management", "AmazonCognito AWSDirectoryService"},
    {"Management and Governance", "Observability",
     "AmazonCloudWatch AWSXRay AmazonPrometheus AmazonGrafana"},
    {"Management and Governance", "Compliance", "AWSCloudTrail AWSConfig AWSAuditManager"},
    {"Management and Governance", "Cost Management", "AWSCostExplorer AWSBudgets"},
    {"Management and Governance", "Support",
     "AWSSupportEnterprise AWSSupportBusiness AWSSupportDeveloper AWSDeveloperSupport "
     "AWSEnterpriseOnRamp"},
    {"Management and Governance", "Other (Management and Governance)",
     "AWSSystemsManager AWSServiceCatalog AWSCloudFormation"},
    {"Developer Tools", "Continuous Integration and Deployment",
     "CodeBuild AWSCodePipeline AWSCodeDeploy AWSCodeArtifact"},
    {"Developer Tools", "Source Code Management", "AWSCodeCommit"},
    {"Developer Tools", "Quality Assurance", "AmazonCodeGuru AWSDeviceFarm"},
    {"Web", "Application Platforms", "AWSAmplify AWSElasticBeanstalk"},
    {"Migration", "Data Migration", "AWSDatabaseMigrationSvc AWSDataSync AWSTransfer"},
    {"Migration", "Resource Migration", "AWSApplicationMigrationSvc"},
    {"Media", "Media Streaming",
     "AWSElementalMediaConvert AWSElementalMediaLive AWSElementalMediaPackage "
     "AWSElementalMediaTailor AmazonIVS"},
    {"Media", "Gaming", "AmazonGameLift"},
    {"Internet of Things", "IoT Platforms", "AWSIoT AWSIoTDeviceManagement AWSGreengrass"},
    {"Internet of Things", "IoT Analytics", "AWSIoTAnalytics AWSIoTSiteWise"},
    {"Business Applications", "Productivity and Collaboration",
     "AmazonSES AmazonPinpoint AmazonConnect AmazonChime AmazonWorkMail AmazonWorkDocs"},
};

/// CASE over product codes; `pick` chooses category or subcategory.
std::string service_sql(const std::string& code, const std::string& usage, bool category) {
  const auto word = [&](std::string_view cat, std::string_view sub) {
    return sql_literal(category ? cat : sub);
  };
  std::string out = "CASE";
  if (!usage.empty()) {  // EC2 also bills its disks and network address translation under its own
                         // code.
    out += " WHEN " + code + " = 'AmazonEC2' AND " + usage + " LIKE '%EBS:%' THEN " +
           word("Storage", "Block Storage");
    out += " WHEN " + code + " = 'AmazonEC2' AND " + usage + " LIKE '%NatGateway%' THEN " +
           word("Networking", "Network Infrastructure");
  }
  std::map<std::string, std::string>
      lists;  // by result: one IN list for each category or subcategory
  std::vector<std::string> order;
  for (const ServiceGroup& group : kServices) {
    const std::string result = word(group.category, group.subcategory);
    if (!lists.contains(result)) order.push_back(result);
    for (const std::string& one : split(group.codes, ' '))
      lists[result] += (lists[result].empty() ? "" : ", ") + sql_literal(one);
  }
  for (const std::string& result : order)
    out += " WHEN " + code + " IN (" + lists[result] + ") THEN " + result;
  return out + " ELSE " + word("Other", "Other (Other)") + " END";
}

// --- the rules
// ---------------------------------------------------------------------------------------------------------

/// The columns of one report, asked for by their CUR 2.0 names in whatever spelling they came.
class Report {
 public:
  explicit Report(const std::vector<ColumnSpec>& columns) {
    for (std::size_t i = 0; i < columns.size(); ++i) at_.emplace(folded(columns[i].name), i);
    columns_ = &columns;
  }
  bool has(std::string_view name) const { return at_.contains(folded(name)); }
  std::size_t position(std::string_view name) const { return at_.find(folded(name))->second; }
  /// Quoted identifier, or a typed null.
  std::string column(std::string_view name, Type type) const {
    const auto found = at_.find(folded(name));
    if (found == at_.end()) return "CAST(NULL AS " + std::string(sql_type(type)) + ")";
    return sql_identifier((*columns_)[found->second].name);
  }
  std::string decimal(std::string_view name) const { return column(name, Type::kDecimal); }
  /// Text, null when empty: Parquet deliveries have '' where CSV has nothing.
  std::string text(std::string_view name) const {
    return has(name) ? "NULLIF(" + column(name, Type::kText) + ", '')" : column(name, Type::kText);
  }
  /// A product attribute: a column of the legacy report, an entry of the map in 2.0.
  std::string product(std::string_view attribute) const {
    const std::string name = "product_" + std::string(attribute);
    const bool map = has("product") && (*columns_)[position("product")].type == Type::kTextMap;
    if (has(name) && !map) return text(name);
    const std::string entry =
        "NULLIF(" + column("product", Type::kTextMap) + "[" + sql_literal(attribute) + "], '')";
    if (map) return has(name) ? "COALESCE(" + text(name) + ", " + entry + ")" : entry;
    return "CAST(NULL AS VARCHAR)";
  }
  /// The net figure (after negotiated discounts) where the report has one, else the gross one.
  std::string net_or(std::string_view net, std::string_view gross) const {
    return has(net) ? "COALESCE(" + decimal(net) + ", " + decimal(gross) + ")" : decimal(gross);
  }

 private:
  std::map<std::string, std::size_t> at_;
  const std::vector<ColumnSpec>* columns_ = nullptr;
};

const std::string kZero = "CAST(0 AS DECIMAL(38,18))";

std::string first_of(const std::vector<std::string>& candidates) {
  std::vector<std::string> known;
  for (const std::string& candidate : candidates) {
    if (!candidate.starts_with("CAST(NULL")) known.push_back(candidate);
  }
  if (known.empty()) return candidates.back();
  return known.size() == 1 ? known[0] : "COALESCE(" + join(known, ", ") + ")";
}

/// A map of text made of columns, one key each; null when every value is empty.
std::string map_of_columns(
    const std::vector<std::pair<std::string, std::string>>& keys_and_columns) {
  std::string entries;
  for (const auto& [key, column] : keys_and_columns) {
    entries += (entries.empty() ? "" : ", ") + std::string("{'k': ") + sql_literal(key) +
               ", 'v': NULLIF(" + column + ", '')}";
  }
  std::string any;
  for (const auto& [key, column] : keys_and_columns)
    any += (any.empty() ? "" : ", ") + std::string("NULLIF(") + column + ", '')";
  return "CASE WHEN COALESCE(" + any +
         ") IS NULL THEN CAST(NULL AS MAP(VARCHAR, VARCHAR)) ELSE map_from_entries(list_filter([" +
         entries + "], lambda e: e.v IS NOT NULL)) END";
}

/// The tag map of CUR 2.0 without the user prefix, unless two keys would become one.
std::string map_without_user(const std::string& map) {
  const std::string bare = "regexp_replace(e.key, '^user[:_]', '')";
  const std::string keys = "list_transform(map_entries(" + map + "), lambda e: " + bare + ")";
  return "CASE WHEN " + map + " IS NULL THEN NULL WHEN len(list_distinct(" + keys +
         ")) = cardinality(" + map + ") THEN map_from_entries(list_transform(map_entries(" + map +
         "), lambda e: {'k': " + bare + ", 'v': e.value})) ELSE " + map + " END";
}

}  // namespace

std::string_view guess_aws_cur(const std::vector<std::string>& names) {
  std::set<std::string> folds;
  bool slash = false, maps = false, wide_products = false, tag_columns = false;
  for (const std::string& name : names) {
    folds.insert(folded(name));
    slash |= name.starts_with("lineItem/");
    maps |= name == "product" || name == "resource_tags" || name == "cost_category" ||
            name == "discount";
    wide_products |= name.starts_with("product_") && !one_of(kProductColumns, folded(name));
    tag_columns |= !tag_key(name).empty();
  }
  if (!folds.contains("lineitemlineitemtype") && !folds.contains("lineitemunblendedcost"))
    return "";
  if (slash) return "aws-cur-legacy";
  if (maps || folds.contains("billpayeraccountname") || folds.contains("lineitemusageaccountname"))
    return "aws-cur-2.0";
  return wide_products || tag_columns ? "aws-cur-legacy" : "aws-cur-2.0";
}

std::vector<std::string> missing_aws_cur(const std::vector<std::string>& names) {
  std::vector<std::string> missing;
  for (const std::string_view needed : kNeeded) {
    if (std::none_of(names.begin(), names.end(),
                     [&](const std::string& name) { return folded(name) == folded(needed); }))
      missing.emplace_back(needed);
  }
  return missing;
}

Type aws_cur_type(const SourceColumn& column) {
  const std::string name = folded(column.name);
  if (one_of(kDecimals, name)) return Type::kDecimal;
  if (one_of(kInstants, name)) return Type::kInstant;
  if (one_of(kMaps, name)) return Type::kTextMap;
  return Type::kText;
}

Result<Mapping> map_aws_cur(const Format& format, const std::vector<ColumnSpec>& columns) {
  std::vector<std::string> names;
  for (const ColumnSpec& column : columns) names.push_back(column.name);
  if (const auto missing = missing_aws_cur(names); !missing.empty())
    return fail("SY1221", "the report lacks mandatory columns: " + join(missing, ", "), {},
                "add these columns to the export");
  const Report cur(columns);

  // Conditions on a row.
  const std::string type = cur.column("line_item_line_item_type", Type::kText);
  const auto is = [&](std::string_view value) { return type + " = " + sql_literal(value); };
  const std::string ri_arn = cur.text("reservation_reservation_a_r_n"),
                    sp_arn = cur.text("savings_plan_savings_plan_a_r_n");
  const std::string code = cur.text("line_item_product_code"),
                    operation = cur.text("line_item_operation");
  const std::string description = cur.text("line_item_line_item_description"),
                    usage_type = cur.text("line_item_usage_type");
  // Without the amortised columns a commitment cannot be spread: its rows then keep what was
  // billed, in both costs.
  const bool has_sp = cur.has("savings_plan_savings_plan_effective_cost") &&
                      cur.has("savings_plan_total_commitment_to_date") &&
                      cur.has("savings_plan_used_commitment");
  const bool has_ri = cur.has("reservation_effective_cost") &&
                      cur.has("reservation_unused_amortized_upfront_fee_for_billing_period") &&
                      cur.has("reservation_unused_recurring_fee");

  std::string split_row = "FALSE";
  if (cur.has("line_item_operation"))
    split_row = "COALESCE(" + operation + " IN ('EKSPod-EC2', 'ECSTask-EC2'), FALSE)";
  if (cur.has("split_line_item_parent_resource_id"))
    split_row = "(" + cur.text("split_line_item_parent_resource_id") + " IS NOT NULL" +
                (split_row == "FALSE" ? "" : " OR " + split_row) + ")";
  const bool may_split = split_row != "FALSE";
  const std::string sp_refund = is("Refund") + " AND " + code + " = 'ComputeSavingsPlans' AND " +
                                description +
                                " LIKE 'Refund for one-time fee for Savings Plan ID%'";
  const std::string ri_upfront = is("Fee") + " AND " + ri_arn + " IS NOT NULL";

  // Costs. Every CASE ends in what was billed, so a type of line item that nobody has seen yet is
  // kept with its money.
  const std::string gross = cur.decimal("line_item_unblended_cost");
  const std::string billed = cur.net_or("line_item_net_unblended_cost", "line_item_unblended_cost");
  const std::string list =
      cur.has("pricing_public_on_demand_cost")
          ? "COALESCE(" + cur.decimal("pricing_public_on_demand_cost") + ", " + gross + ")"
          : gross;
  const std::string sp_cost = cur.net_or("savings_plan_net_savings_plan_effective_cost",
                                         "savings_plan_savings_plan_effective_cost");
  const std::string ri_cost =
      cur.net_or("reservation_net_effective_cost", "reservation_effective_cost");
  const std::string ri_unused =
      "(COALESCE(" +
      cur.net_or("reservation_net_unused_amortized_upfront_fee_for_billing_period",
                 "reservation_unused_amortized_upfront_fee_for_billing_period") +
      ", " + kZero + ") + COALESCE(" +
      cur.net_or("reservation_net_unused_recurring_fee", "reservation_unused_recurring_fee") +
      ", " + kZero + "))";
  const std::string sp_unused =
      "(COALESCE(" + cur.decimal("savings_plan_total_commitment_to_date") + ", " + kZero +
      ") - COALESCE(" + cur.decimal("savings_plan_used_commitment") + ", " + kZero + "))";
  const auto when = [](const std::string& condition, const std::string& value) {
    return " WHEN " + condition + " THEN " + value;
  };

  // Purchases whose cost reaches EffectiveCost through the usage that they cover.
  std::vector<std::string> covering_conditions;
  if (has_sp)
    covering_conditions = {is("SavingsPlanRecurringFee"), is("SavingsPlanUpfrontFee"),
                           "(" + sp_refund + ")"};
  if (has_ri)
    covering_conditions.insert(covering_conditions.end(), {is("RIFee"), "(" + ri_upfront + ")"});
  const std::string covering =
      covering_conditions.empty() ? "FALSE" : "(" + join(covering_conditions, " OR ") + ")";

  std::string unused = "CASE", derives;
  if (has_ri) unused += when(is("RIFee"), ri_unused);
  if (has_sp) unused += when(is("SavingsPlanRecurringFee"), sp_unused);
  unused += " ELSE " + kZero + " END";

  Mapping mapping;
  mapping.format = format;
  mapping.provider_name = "AWS";
  if (has_sp || has_ri)
    mapping.expand = "CASE WHEN " + unused + " <> " + kZero + " THEN [0, 1] ELSE [0] END";
  const bool expands = !mapping.expand.empty();
  const auto by_part = [&](const std::string& derived, const std::string& source) {
    return expands ? "CASE WHEN \"x_part\" = 1 THEN " + derived + " ELSE " + source + " END"
                   : source;
  };

  std::string no_bill = may_split ? when(split_row, kZero) : "";
  if (has_sp)
    no_bill += when(type + " IN ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')", kZero);
  const std::string billed_cost =
      no_bill.empty() ? billed : "CASE" + no_bill + " ELSE " + billed + " END";

  std::string effective = "CASE" + (may_split ? when(split_row, kZero) : std::string());
  if (has_sp)
    effective += when(is("SavingsPlanCoveredUsage"), "COALESCE(" + sp_cost + ", " + kZero + ")") +
                 when(is("SavingsPlanNegation"), kZero);
  if (has_ri) effective += when(is("DiscountedUsage"), "COALESCE(" + ri_cost + ", " + kZero + ")");
  if (covering != "FALSE") effective += when(covering, kZero);
  effective = effective == "CASE" ? billed : effective + " ELSE " + billed + " END";

  // A purchase is listed and contracted at what it costs, as in every FOCUS bill; its derived row
  // is not listed again.
  const std::string no_price = (may_split ? when(split_row, kZero) : std::string()) +
                               (has_sp ? when(is("SavingsPlanNegation"), kZero) : std::string());
  const std::string usage_like =
      type + " IN ('Usage', 'SavingsPlanCoveredUsage', 'DiscountedUsage')";
  const std::string list_cost = "CASE" + no_price +
                                when(usage_like + " OR " + is("FlatRateSubscription"), list) +
                                " ELSE " + billed + " END";
  const std::string contracted_cost =
      "CASE" + no_price + when(is("DiscountedUsage"), list) + " ELSE " + billed + " END";

  // Words.
  const std::string category =
      "CASE" +
      when(type + " IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')", "'Usage'") +
      when(type +
               " IN ('RIFee', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee', 'Fee', "
               "'FlatRateSubscription')",
           "'Purchase'") +
      when(is("Tax"), "'Tax'") + when(is("Credit"), "'Credit'") +
      when(is("Refund"), "CASE WHEN " +
                             (cur.has("line_item_tax_type")
                                  ? cur.text("line_item_tax_type") + " IS NOT NULL THEN 'Tax' WHEN "
                                  : "") +
                             "(" + sp_refund + ") OR " + ri_arn +
                             " IS NOT NULL THEN 'Purchase' ELSE 'Usage' END") +
      " ELSE 'Adjustment' END";
  const std::string period_start = cur.column("bill_billing_period_start_date", Type::kInstant);
  const std::string charge_start =
      first_of({cur.column("line_item_usage_start_date", Type::kInstant), period_start});
  const std::string before_period =
      cur.column("line_item_usage_start_date", Type::kInstant) + " < " + period_start;
  const std::string correction =
      "CASE WHEN " + before_period +
      (cur.has("bill_bill_type")
           ? " OR (" + is("Refund") + " AND " + cur.text("bill_bill_type") + " = 'Refund')"
           : "") +
      " THEN 'Correction' END";
  const std::string frequency =
      "CASE" +
      when(type + " IN ('RIFee', 'SavingsPlanRecurringFee', 'FlatRateSubscription')",
           "'Recurring'") +
      when(type + " IN ('SavingsPlanUpfrontFee', 'Fee', 'Credit', 'Refund')", "'One-Time'") +
      " ELSE 'Usage-Based' END";
  const std::string pricing_category =
      "CASE" + when(type + " IN ('DiscountedUsage', 'SavingsPlanCoveredUsage')", "'Committed'") +
      (cur.has("line_item_usage_type")
           ? when(is("Usage") + " AND " + usage_type + " LIKE '%SpotUsage%'", "'Dynamic'")
           : std::string()) +
      when(type +
               " IN ('Usage', 'RIFee', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee', 'Fee', "
               "'FlatRateSubscription')",
           "'Standard'") +
      when(is("Tax"), "NULL") + " ELSE 'Other' END";
  const std::string is_sp = type +
                            " IN ('SavingsPlanCoveredUsage', 'SavingsPlanNegation', "
                            "'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee')";
  const std::string commitment = first_of({"CASE WHEN " + is_sp + " THEN " + sp_arn +
                                           " ELSE COALESCE(" + ri_arn + ", " + sp_arn + ") END"});
  const std::string by_commitment_sp =
      sp_arn + " IS NOT NULL AND (" + is_sp + " OR " + ri_arn + " IS NULL)";
  const auto commitment_word = [&](const std::string& sp, const std::string& ri) {
    return "CASE" + when(by_commitment_sp, sp) + when(ri_arn + " IS NOT NULL", ri) + " END";
  };
  const std::string normalized = cur.decimal("line_item_normalized_usage_amount");
  const std::string amount = cur.decimal("line_item_usage_amount");
  const std::string currency = cur.text("line_item_currency_code");
  const std::string ri_quantity =
      "CASE" + when(is("DiscountedUsage"), first_of({normalized, amount})) +
      when(is("RIFee"),
           by_part(first_of({cur.decimal("reservation_unused_normalized_unit_quantity"),
                             cur.decimal("reservation_unused_quantity")}),
                   first_of({cur.decimal("reservation_total_reserved_normalized_units"),
                             cur.decimal("reservation_total_reserved_units")}))) +
      " END";
  const std::string sp_quantity =
      "CASE" +
      when(is("SavingsPlanCoveredUsage"), cur.decimal("savings_plan_savings_plan_effective_cost")) +
      when(is("SavingsPlanRecurringFee"),
           by_part(sp_unused, cur.decimal("savings_plan_total_commitment_to_date"))) +
      " END";
  const std::string quantity_is_usage =
      type + " IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')";
  const std::string priced = type +
                             " NOT IN ('Tax', 'Credit', 'Refund', 'SavingsPlanNegation') AND " +
                             type + " NOT LIKE '%Discount'";
  // FOCUS wants a unit beside every quantity; of a fee the report often says none.
  const std::string unit = first_of({cur.text("pricing_unit"), "'Units'"});
  const std::string marketplace = cur.has("bill_billing_entity")
                                      ? cur.text("bill_billing_entity") + " = 'AWS Marketplace'"
                                      : "FALSE";
  const std::string issuer = "COALESCE(" + cur.text("bill_invoicing_entity") + ", " +
                             cur.text("bill_billing_entity") + ", 'Amazon Web Services, Inc.')";
  const std::string resource = cur.text("line_item_resource_id");
  const std::string region = first_of({cur.product("region_code"), cur.product("region")});
  const std::string parent = cur.text("split_line_item_parent_resource_id");

  // Tags: one map whatever the report's form; keys that occur twice after the prefix is gone keep
  // it.
  std::set<std::size_t> used;
  const auto use = [&](std::string_view name) {
    if (cur.has(name)) used.insert(cur.position(name));
  };
  const auto map_sql = [&](std::string_view map_name, const auto& key_of,
                           bool strip) -> std::string {
    if (cur.has(map_name) && columns[cur.position(map_name)].type == Type::kTextMap) {
      use(map_name);
      const std::string map = cur.column(map_name, Type::kTextMap);
      return strip ? map_without_user(map) : map;
    }
    std::vector<std::pair<std::string, std::string>> entries;
    std::map<std::string, int> times;
    for (const ColumnSpec& column : columns) {
      if (const std::string key = key_of(column.name); !key.empty()) ++times[without_user(key)];
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string key = key_of(columns[i].name);
      if (key.empty() || columns[i].type != Type::kText) continue;
      used.insert(i);
      const std::string bare = without_user(key);
      entries.emplace_back(strip && times[bare] == 1 ? bare : key, sql_identifier(columns[i].name));
    }
    std::sort(entries.begin(), entries.end());
    return entries.empty() ? "" : map_of_columns(entries);
  };
  const std::string tags = map_sql("resource_tags", tag_key, true);
  const std::string categories = map_sql("cost_category", category_key, false);
  const std::string discounts =
      map_sql("discount", [](std::string_view) { return std::string(); }, false);

  const std::map<std::string_view, std::string> rules = {
      {"AllocatedMethodId",
       may_split ? "CASE WHEN " + split_row + " THEN 'AWS split cost allocation' END" : ""},
      {"AllocatedResourceId",
       may_split ? "CASE WHEN " + split_row + " THEN " + resource + " END" : ""},
      {"AvailabilityZone", cur.text("line_item_availability_zone")},
      {"BilledCost", by_part(kZero, billed_cost)},
      {"BillingAccountId", cur.text("bill_payer_account_id")},
      {"BillingAccountName", cur.text("bill_payer_account_name")},
      {"BillingCurrency", currency},
      {"BillingPeriodEnd", cur.column("bill_billing_period_end_date", Type::kInstant)},
      {"BillingPeriodStart", period_start},
      {"ChargeCategory", by_part("'Usage'", category)},
      {"ChargeClass", correction},
      {"ChargeDescription", description},
      {"ChargeFrequency", by_part("'Usage-Based'", frequency)},
      {"ChargePeriodEnd", first_of({cur.column("line_item_usage_end_date", Type::kInstant),
                                    cur.column("bill_billing_period_end_date", Type::kInstant)})},
      {"ChargePeriodStart", charge_start},
      {"CommitmentDiscountCategory", commitment_word("'Spend'", "'Usage'")},
      {"CommitmentDiscountId", commitment},
      {"CommitmentDiscountQuantity", commitment_word(sp_quantity, ri_quantity)},
      {"CommitmentDiscountStatus",
       "CASE WHEN " + commitment + " IS NULL THEN NULL" +
           (expands ? when("\"x_part\" = 1", "'Unused'") : std::string()) +
           when(type + " IN ('SavingsPlanCoveredUsage', 'DiscountedUsage')", "'Used'") + " END"},
      {"CommitmentDiscountType",
       commitment_word(first_of({cur.text("savings_plan_offering_type"), "'Savings Plan'"}),
                       "'Reserved Instance'")},
      {"CommitmentDiscountUnit",
       commitment_word(
           "CASE WHEN " + sp_quantity + " IS NOT NULL THEN " + currency + " END",
           "CASE WHEN " + ri_quantity + " IS NOT NULL THEN " +
               (cur.has("line_item_normalized_usage_amount") ? "'Normalized Units'" : "'Hours'") +
               " END")},
      {"ConsumedQuantity", "CASE WHEN " + quantity_is_usage + " THEN " + amount + " END"},
      {"ConsumedUnit",
       "CASE WHEN " + quantity_is_usage + " AND " + amount + " IS NOT NULL THEN " + unit + " END"},
      {"ContractedCost", by_part(kZero, contracted_cost)},
      {"ContractedUnitPrice",
       "CASE" + (may_split ? when(split_row, "NULL") : std::string()) +
           when(type + " IN ('Usage', 'SavingsPlanCoveredUsage')",
                cur.net_or("line_item_net_unblended_rate", "line_item_unblended_rate")) +
           " END"},
      {"EffectiveCost", by_part(unused, effective)},
      {"HostProviderName", "CASE WHEN " + marketplace + " THEN NULL ELSE 'AWS' END"},
      {"InvoiceId", cur.text("bill_invoice_id")},
      {"InvoiceIssuerName", issuer},
      {"ListCost", by_part(kZero, list_cost)},
      {"ListUnitPrice", "CASE WHEN " + quantity_is_usage + " THEN " +
                            cur.decimal("pricing_public_on_demand_rate") + " END"},
      {"PricingCategory", by_part("'Committed'", pricing_category)},
      {"PricingCurrency", first_of({cur.text("pricing_currency"), currency})},
      {"PricingQuantity", "CASE WHEN " + priced + " THEN " + amount + " END"},
      {"PricingUnit",
       "CASE WHEN " + priced + " AND " + amount + " IS NOT NULL THEN " + unit + " END"},
      {"RegionId", region},
      {"RegionName",
       region_name_sql(region, cur.has("product_location_type")
                                   ? "CASE WHEN " + cur.product("location_type") +
                                         " = 'AWS Region' THEN " + cur.product("location") + " END"
                                   : cur.product("location"))},
      {"ResourceId",
       "CASE" +
           (may_split ? when(split_row + " AND " + parent + " IS NOT NULL", parent)
                      : std::string()) +
           when(covering == "FALSE" ? "FALSE" : covering, first_of({commitment, resource})) +
           " ELSE " + resource + " END"},
      {"ServiceCategory",
       service_sql(code, cur.has("line_item_usage_type") ? usage_type : "", true)},
      {"ServiceName", first_of({cur.product("product_name"), cur.product("servicename"),
                                cur.product("servicecode"), code, "'AWS'"})},
      {"ServiceProviderName",
       "CASE WHEN " + marketplace + " THEN " +
           first_of({cur.text("line_item_legal_entity"), "'AWS Marketplace'"}) + " ELSE 'AWS' END"},
      {"ServiceSubcategory",
       service_sql(code, cur.has("line_item_usage_type") ? usage_type : "", false)},
      {"SkuId", cur.product("sku")},
      {"SkuMeter", usage_type},
      {"SkuPriceId", "CASE WHEN " + is("Tax") + " THEN NULL ELSE " +
                         first_of({cur.text("pricing_rate_code"), "CAST(NULL AS VARCHAR)"}) +
                         " END"},
      {"SubAccountId", cur.text("line_item_usage_account_id")},
      {"SubAccountName", cur.text("line_item_usage_account_name")},
      {"Tags", tags},
  };
  for (const FocusColumn& column : focus_columns(Dataset::kCharges)) {
    if (!(column.versions & kFocus14)) continue;
    const auto rule = rules.find(column.name);
    std::string sql = rule == rules.end() ? "" : rule->second;
    if (sql.empty()) sql = "CAST(NULL AS " + std::string(sql_type(column.type)) + ")";
    mapping.columns.push_back({{std::string(column.name), column.type}, sql});
  }

  // Columns that are in a FOCUS column as they are need not be kept twice; every other one is kept
  // under x_.
  for (const std::string_view name :
       {"bill_payer_account_id", "bill_payer_account_name", "line_item_currency_code",
        "bill_billing_period_end_date", "bill_billing_period_start_date",
        "line_item_line_item_description", "line_item_availability_zone", "bill_invoice_id",
        "line_item_usage_account_id", "line_item_usage_account_name"}) {
    use(name);
  }
  std::vector<MappedColumn> custom;
  std::vector<std::string> taken;
  const auto keep = [&](const std::string& name, Type column_type, const std::string& sql) {
    custom.push_back({{custom_name(name, taken), column_type}, sql});
  };
  // The names under which AWS's own FOCUS export has them, so that both exports of an account
  // answer the same questions.
  if (!categories.empty()) keep("CostCategories", Type::kTextMap, categories);
  if (!discounts.empty()) keep("Discounts", Type::kTextMap, discounts);
  for (const auto& [name, from] : {std::pair{"LineItemType", "line_item_line_item_type"},
                                   std::pair{"Operation", "line_item_operation"},
                                   std::pair{"ServiceCode", "line_item_product_code"},
                                   std::pair{"UsageType", "line_item_usage_type"}}) {
    if (!cur.has(from)) continue;
    use(from);
    keep(name, Type::kText, cur.text(from));
  }
  if (expands)
    custom.push_back({{"x_Derivation", Type::kText},
                      "CASE WHEN \"x_part\" = 1 THEN 'unused part of a commitment' END"});
  std::vector<std::size_t> rest;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!used.contains(i)) rest.push_back(i);
  }
  std::sort(rest.begin(), rest.end(),
            [&](std::size_t a, std::size_t b) { return names[a] < names[b]; });
  for (const std::size_t i : rest) {
    // A derived row repeats no figure of its source row: sums over these columns are sums over the
    // report.
    const std::string sql = sql_identifier(names[i]);
    keep(names[i], columns[i].type, columns[i].type == Type::kDecimal ? by_part("NULL", sql) : sql);
  }
  std::sort(custom.begin(), custom.end(), [](const MappedColumn& a, const MappedColumn& b) {
    return a.field.name < b.field.name;
  });
  mapping.columns.insert(mapping.columns.end(), custom.begin(), custom.end());

  // What must come out, from the report alone. BilledCost: all that was billed. EffectiveCost: the
  // amortised cost of AWS's dashboards in one expression, unused parts included, where the row
  // rules above split it in two rows.
  std::string amortised = "CASE";
  if (has_sp) {
    amortised += when(is("SavingsPlanCoveredUsage"), sp_cost) +
                 when(is("SavingsPlanRecurringFee"), sp_unused) +
                 when(is("SavingsPlanNegation"), kZero) + when(is("SavingsPlanUpfrontFee"), kZero);
  }
  if (has_ri)
    amortised += when(is("DiscountedUsage"), ri_cost) + when(is("RIFee"), ri_unused) +
                 when(is("Fee") + " AND " + ri_arn + " <> ''", kZero);
  if (has_sp) amortised += when(sp_refund, kZero);
  amortised = amortised == "CASE" ? billed : amortised + " ELSE " + billed + " END";
  mapping.control_in = {{"BilledCost", billed},
                        {"EffectiveCost", amortised},
                        {"ListCost", list_cost},
                        {"ContractedCost", contracted_cost}};
  if (has_sp) {
    const std::string pair = type + " IN ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')" +
                             (may_split ? " AND NOT " + split_row : "");
    mapping.residuals.push_back(
        {"savings plan usage and its negation", "BilledCost",
         "CASE WHEN " + pair + " THEN " + billed + " ELSE " + kZero + " END"});
  }
  if (may_split) {
    mapping.residuals.push_back(
        {"split cost allocation rows", "BilledCost",
         "CASE WHEN " + split_row + " THEN " + billed + " ELSE " + kZero + " END"});
    mapping.residuals.push_back(
        {"split cost allocation rows", "EffectiveCost",
         "CASE WHEN " + split_row + " THEN " + amortised + " ELSE " + kZero + " END"});
  }
  return mapping;
}

}  // namespace steelyard
