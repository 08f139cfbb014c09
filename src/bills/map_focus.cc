// FOCUS 1.0 to 1.3 as FOCUS 1.4: columns keep their values; what 1.4 renamed is renamed, what it
// removed is kept under x_, what did not exist yet is null. The one repair is the letter case of
// fixed vocabularies ("Usage-based"), and x_Repairs says what the source wrote.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "bills/focus_schema.h"
#include "bills/formats.h"
#include "bills/map_aws_cur.h"

namespace steelyard {
namespace {

struct Vocabulary {
  std::string_view column;
  std::vector<std::string_view> values;
};
const std::vector<Vocabulary>& vocabularies() {
  static const std::vector<Vocabulary> all = {
      {"CapacityReservationStatus", {"Used", "Unused"}},
      {"ChargeCategory", {"Usage", "Purchase", "Tax", "Credit", "Adjustment"}},
      {"ChargeClass", {"Correction"}},
      {"ChargeFrequency", {"One-Time", "Recurring", "Usage-Based"}},
      {"CommitmentDiscountCategory", {"Spend", "Usage"}},
      {"CommitmentDiscountStatus", {"Used", "Unused"}},
      {"PricingCategory", {"Standard", "Dynamic", "Committed", "Other"}},
  };
  return all;
}

const Vocabulary* vocabulary_of(std::string_view column) {
  for (const Vocabulary& vocabulary : vocabularies()) {
    if (vocabulary.column == column) return &vocabulary;
  }
  return nullptr;
}

std::string list_sql(const Vocabulary& vocabulary, bool lower) {
  std::string out = "(";
  for (const std::string_view value : vocabulary.values) {
    if (out.size() > 1) out += ", ";
    out += sql_literal(lower ? to_lower(value) : std::string(value));
  }
  return out + ")";
}

/// The value in the specification's spelling; anything else stays as it is, for conformance to
/// name.
std::string in_right_case(const std::string& sql, const Vocabulary& vocabulary) {
  std::string out = "CASE WHEN " + sql + " IN " + list_sql(vocabulary, false) + " THEN " + sql;
  for (const std::string_view value : vocabulary.values) {
    out += " WHEN lower(" + sql + ") = " + sql_literal(to_lower(value)) + " THEN " +
           sql_literal(value);
  }
  return out + " ELSE " + sql + " END";
}

std::string is_wrong_case(const std::string& sql, const Vocabulary& vocabulary) {
  return "(" + sql + " NOT IN " + list_sql(vocabulary, false) + " AND lower(" + sql + ") IN " +
         list_sql(vocabulary, true) + ")";
}

/// {"ChargeFrequency":"Usage-based"} or null. Such a text differs from a fixed word only in case,
/// so it needs no escaping.
std::string repairs_sql(const std::vector<std::pair<std::string, const Vocabulary*>>& repaired) {
  std::string any, parts;
  for (const auto& [sql, vocabulary] : repaired) {
    const std::string wrong = is_wrong_case(sql, *vocabulary);
    any += (any.empty() ? "" : " OR ") + wrong;
    parts += ", CASE WHEN " + wrong + " THEN '\"" + std::string(vocabulary->column) + "\":\"' || " +
             sql + " || '\"' END";
  }
  return "CASE WHEN " + any + " THEN '{' || concat_ws(','" + parts + ") || '}' END";
}

}  // namespace

std::string source_relation(const Mapping& mapping, std::string_view from) {
  if (mapping.expand.empty()) return std::string(from);
  // BIGINT, since that is the only integer that functions and columns of ours know.
  return "(SELECT *, unnest(CAST(" + mapping.expand + " AS BIGINT[])) AS \"x_part\" FROM " +
         std::string(from) + ")";
}

Result<Mapping> map_to_focus(const Format& format, const std::vector<ColumnSpec>& columns) {
  if (format.id.starts_with("aws-cur")) return map_aws_cur(format, columns);
  if (!format.id.starts_with("focus-")) {
    return fail("SY1222", "there is no format `" + terminal_safe(format.id) + "`", {},
                "the formats are focus-1.0 to focus-1.4, aws-cur-legacy and aws-cur-2.0");
  }
  std::vector<std::string> names;
  for (const ColumnSpec& column : columns) names.push_back(column.name);
  const std::span<const FocusColumn> schema = focus_columns(format.dataset);
  const std::vector<int> match = match_focus_columns(format.dataset, names);
  const auto source = [&](std::string_view column) -> std::string {
    const auto at = focus_position(format.dataset, column);
    if (!at || match[*at] < 0) return "";
    return sql_identifier(names[static_cast<std::size_t>(match[*at])]);
  };

  Mapping mapping;
  mapping.format = format;
  std::vector<bool> used(columns.size(), false);
  std::vector<std::pair<std::string, const Vocabulary*>> repaired;
  std::vector<MappedColumn> custom;
  std::vector<std::string> taken;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    const FocusColumn& column = schema[i];
    const std::string name(column.name);
    std::string sql = source(name);
    if (match[i] >= 0) used[static_cast<std::size_t>(match[i])] = true;
    if (!(column.versions & kFocus14)) {
      if (!sql.empty()) custom.push_back({{custom_name(name, taken), column.type}, sql});
      continue;
    }
    if (const Vocabulary* vocabulary = vocabulary_of(name); vocabulary != nullptr && !sql.empty()) {
      repaired.emplace_back(sql, vocabulary);
      sql = in_right_case(sql, *vocabulary);
    }
    if (name == "ServiceProviderName" && format.dataset == Dataset::kCharges) {
      const std::string provider = source("ProviderName");
      sql = sql.empty()        ? provider
            : provider.empty() ? sql
                               : "COALESCE(" + sql + ", " + provider + ")";
    }
    if (sql.empty()) sql = "CAST(NULL AS " + std::string(sql_type(column.type)) + ")";
    mapping.columns.push_back({{name, column.type}, sql});
  }
  if (!repaired.empty()) custom.push_back({{"x_Repairs", Type::kText}, repairs_sql(repaired)});

  // Collisions are settled in the order of the source's names, so that the order of a file's
  // columns does not matter.
  std::vector<std::size_t> rest;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!used[i]) rest.push_back(i);
  }
  std::sort(rest.begin(), rest.end(),
            [&](std::size_t a, std::size_t b) { return names[a] < names[b]; });
  for (const std::size_t i : rest)
    custom.push_back({{custom_name(names[i], taken), columns[i].type}, sql_identifier(names[i])});
  std::sort(custom.begin(), custom.end(), [](const MappedColumn& a, const MappedColumn& b) {
    return a.field.name < b.field.name;
  });
  mapping.columns.insert(mapping.columns.end(), custom.begin(), custom.end());

  for (const std::string_view cost :
       {"BilledCost", "EffectiveCost", "ListCost", "ContractedCost"}) {
    if (const std::string sql = source(cost); !sql.empty())
      mapping.control_in.emplace_back(std::string(cost), sql);
  }
  return mapping;
}

}  // namespace steelyard
