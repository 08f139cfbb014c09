// The purchases of a plan as CSV and JSON.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "commitments/plan_report.h"

namespace steelyard {
namespace {

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

}  // namespace

std::string value_of(const Estate& estate, const PlannedPurchase& purchase,
                     const std::string& column) {
  if (column == estate.card.offers[purchase.holding.offer].size) return purchase.size;
  for (const auto& [name, value] : purchase.holding.scope)
    if (name == column) return value;
  return "";
}

std::string purchases_csv(const Estate& estate, const Plan& plan) {
  std::vector<std::string> columns;
  const auto add = [&](const std::string& column) {
    if (!column.empty() && std::find(columns.begin(), columns.end(), column) == columns.end())
      columns.push_back(column);
  };
  for (const PlannedPurchase& purchase : plan.purchases) {
    const Offer& offer = estate.card.offers[purchase.holding.offer];
    for (const auto& [column, value] : purchase.holding.scope) add(column);
    add(offer.size);
  }
  const bool exchanges =
      std::any_of(plan.purchases.begin(), plan.purchases.end(),
                  [](const PlannedPurchase& purchase) { return !purchase.exchanges.empty(); });
  const bool parts =
      std::any_of(plan.purchases.begin(), plan.purchases.end(),
                  [](const PlannedPurchase& purchase) { return purchase.exchanged.has_value(); });
  std::string out = "id,offer,amount,begin,end";
  if (exchanges) out += ",exchanges";
  if (parts) out += ",exchanges_amount";
  for (const std::string& column : columns) out += "," + csv_cell(column);
  out += "\n";
  for (const PlannedPurchase& purchase : plan.purchases) {
    const Holding& holding = purchase.holding;
    out += csv_cell(holding.id) + "," + csv_cell(estate.card.offers[holding.offer].name) + "," +
           to_text(holding.amount) + "," + format_instant(holding.begin) + "," +
           format_instant(holding.end);
    if (exchanges) out += "," + csv_cell(purchase.exchanges);
    if (parts) out += "," + (purchase.exchanged ? to_text(*purchase.exchanged) : std::string());
    for (const std::string& column : columns)
      out += "," + csv_cell(value_of(estate, purchase, column));
    out += "\n";
  }
  return out;
}

std::string purchases_json(const Estate& estate, const Plan& plan) {
  nlohmann::ordered_json out;
  out["schema_version"] = 1;
  out["at"] = format_instant(plan.at);
  out["currency"] = estate.card.currency;
  out["purchases"] = nlohmann::ordered_json::array();
  for (const PlannedPurchase& purchase : plan.purchases) {
    const Holding& holding = purchase.holding;
    const Offer& offer = estate.card.offers[holding.offer];
    nlohmann::ordered_json item;
    item["id"] = holding.id;
    item["offer"] = offer.name;
    item["kind"] = traits(offer.instrument).name;
    item["term_years"] = offer.term_years;
    item["payment"] = name(offer.payment);
    item["scope"] = nlohmann::ordered_json::object();
    for (const auto& [column, value] : holding.scope) item["scope"][column] = value;
    if (!purchase.size.empty()) item["size"] = purchase.size;
    item["amount"] = to_text(holding.amount);
    if (!purchase.exchanges.empty()) item["exchanges"] = purchase.exchanges;
    if (purchase.exchanged) item["exchanges_amount"] = to_text(*purchase.exchanged);
    item["begin"] = format_instant(holding.begin);
    item["end"] = format_instant(holding.end);
    item["upfront"] = to_text(purchase.upfront);
    item["fee_per_hour"] = to_text(fee_per_hour(holding));
    item["cost"] = to_text(purchase.fee);
    item["avoided"] = to_text(purchase.avoided);
    out["purchases"].push_back(std::move(item));
  }
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace steelyard
