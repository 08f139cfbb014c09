#include "ledger/question.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace steelyard {
namespace {

using Json = nlohmann::json;  // keys in order of the alphabet: canonical
constexpr int kSchema = 1;

using Keys = std::vector<std::optional<std::string>>;

Json json_of(const Keys& keys) {
  Json json = Json::array();
  for (const auto& key : keys) json.push_back(key ? Json(*key) : Json(nullptr));
  return json;
}

Keys keys_of(const Json& json) {
  Keys keys;
  for (const auto& key : json) {
    if (key.is_null()) {
      keys.emplace_back();
    } else {
      keys.emplace_back(key.get<std::string>());
    }
  }
  return keys;
}

Decimal amount_of(const Json& json) {
  Decimal amount;
  if (parse_decimal(json.get<std::string>(), amount) != ParseOutcome::kExact)
    throw std::runtime_error("amount");
  return amount;
}

Json json_of(const Figure& figure) {
  Json json;
  json["amount"] = to_text(figure.amount);
  json["currency"] = figure.currency;
  json["keys"] = json_of(figure.keys);
  if (figure.other) json["other"] = true;
  if (!figure.part.empty()) json["part"] = figure.part;
  for (const auto& [part, amount] : figure.columns) json["columns"][part] = to_text(amount);
  if (!figure.item.empty()) json["item"] = json_of(figure.item);
  return json;
}

Figure figure_of(const Json& json) {
  Figure figure;
  figure.amount = amount_of(json.at("amount"));
  figure.currency = json.at("currency").get<std::string>();
  figure.keys = keys_of(json.at("keys"));
  figure.other = json.value("other", false);
  figure.part = json.value("part", std::string());
  const auto columns = json.value("columns", Json::object());
  for (const auto& [part, amount] : columns.items()) figure.columns[part] = amount_of(amount);
  if (json.contains("item")) figure.item = keys_of(json.at("item"));
  return figure;
}

std::optional<Period> period_of(const Json& json, const char* name) {
  const auto text = json.value(name, std::string());
  if (text.empty()) return {};
  const auto parts = split(text, '/');
  Instant begin, end;
  if (parts.size() != 2 || !parse_instant(parts[0], begin) || !parse_instant(parts[1], end))
    throw std::runtime_error("period");
  return Period{date_of(begin), date_of(end), text};
}

}  // namespace

std::string to_json(const Question& question) {
  Json json;
  json["schema"] = kSchema;
  json["command"] = question.command;
  json["lake"] = question.lake;
  json["version"] = question.version;
  if (question.version_before >= 0) json["version_before"] = question.version_before;
  json["by"] = question.by;
  json["basis"] = std::string(name(question.basis));
  if (question.period) json["period"] = period_text(question.period);
  if (question.billing_period) json["billing_period"] = period_text(question.billing_period);
  if (question.before) json["before"] = period_text(question.before);
  if (!question.where.empty()) json["where"] = question.where;
  if (!question.options.empty()) json["options"] = question.options;
  json["limit"] = question.limit;
  json["figures"] = Json::array();
  for (const auto& figure : question.figures) {
    if (json["figures"].size() >= kMaxFigures) break;
    json["figures"].push_back(json_of(figure));
  }
  json["totals"] = Json::array();
  for (const auto& figure : question.totals) json["totals"].push_back(json_of(figure));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Question> parse_question(std::string_view text) {
  try {
    const auto json = Json::parse(text);
    if (json.at("schema").get<int>() != kSchema)
      return fail("SY1540", "the question was kept by another version of Steelyard", {},
                  "ask the question again");
    Question question;
    question.command = json.at("command").get<std::string>();
    question.lake = json.at("lake").get<std::string>();
    question.version = json.at("version").get<std::int64_t>();
    question.version_before = json.value("version_before", std::int64_t{-1});
    question.by = json.at("by").get<std::vector<std::string>>();
    auto basis = parse_basis(json.at("basis").get<std::string>());
    if (!basis) return pass(basis);
    question.basis = *basis;
    question.period = period_of(json, "period");
    question.billing_period = period_of(json, "billing_period");
    question.before = period_of(json, "before");
    question.where = json.value("where", std::string());
    question.options = json.value("options", std::string());
    question.limit = json.at("limit").get<std::int64_t>();
    for (const auto& figure : json.at("figures")) question.figures.push_back(figure_of(figure));
    for (const auto& figure : json.at("totals")) question.totals.push_back(figure_of(figure));
    return question;
  } catch (const std::exception& error) {
    return fail("SY1540", std::string("the kept question cannot be read: ") + error.what(), {},
                "ask the question again");
  }
}

std::string period_text(const std::optional<Period>& period) {
  return period ? format_date(period->begin) + "/" + format_date(period->end) : std::string();
}

Result<std::string> sql_of_selection(const std::optional<Period>& period,
                                     const std::optional<Period>& billing_period,
                                     const Filter& where, const std::vector<SchemaField>& schema,
                                     Basis basis) {
  auto condition = sql_of(where, schema, basis);
  if (!condition) return condition;
  if (billing_period) *condition = sql_in_billing_period(*billing_period) + " AND " + *condition;
  if (period) *condition = sql_in_charge_period(*period) + " AND " + *condition;
  return condition;
}

std::string cost_sql(Basis basis) { return sql_identifier(column(basis)); }

std::string currency_sql(const Charges& charges) {
  if (charges.currencies.size() == 1)
    return "CAST(" + sql_literal(charges.currencies.front()) + " AS VARCHAR)";
  return "coalesce(\"BillingCurrency\", '')";
}

Decimal decimal_of(const Cell& cell) {
  const auto* value = std::get_if<Decimal>(&cell.value);
  return value ? *value : Decimal{};
}

std::int64_t integer_of(const Cell& cell) {
  const auto* value = std::get_if<std::int64_t>(&cell.value);
  return value ? *value : 0;
}

std::optional<std::string> text_of(const Cell& cell) {
  if (cell.is_null()) return {};
  return cell.text();
}

Provenance provenance_of(const Charges& charges, Basis basis, const std::optional<Period>& period,
                         const std::optional<Period>& billing_period) {
  Provenance provenance;
  provenance.basis = std::string(name(basis));
  provenance.period = period_text(period ? period : billing_period);
  provenance.version = charges.version;
  provenance.source =
      charges.version >= 0 ? "lake v" + std::to_string(charges.version) : charges.lake;
  provenance.reconciled =
      period && !billing_period ? "unknown" : reconciled_by_log(charges, billing_period);
  provenance.rules = charges.deliveries.empty() ? std::string(kRulesVersion)
                                                : charges.deliveries.back().record.rules;
  return provenance;
}

std::string other_label(std::int64_t rows) { return "other (" + with_thousands(rows) + " more)"; }

}  // namespace steelyard
