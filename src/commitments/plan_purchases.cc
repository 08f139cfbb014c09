// The purchases of a plan as files: CSV, JSON, a shell script.
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

/// A word of the shell, whatever it holds.
std::string shell_word(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// One line of a comment: no line end of the data begins a command.
std::string comment(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return "# " + text + "\n";
}

std::string value_of(const Estate& estate, const PlannedPurchase& purchase,
                     const std::string& column) {
  if (column == estate.card.offers[purchase.holding.offer].size) return purchase.size;
  for (const auto& [name, value] : purchase.holding.scope)
    if (name == column) return value;
  return "";
}

/// The value of the first of these columns that the purchase fixes.
std::string value_of(const Estate& estate, const PlannedPurchase& purchase,
                     std::initializer_list<const char*> columns) {
  for (const char* column : columns)
    if (std::string value = value_of(estate, purchase, column); !value.empty()) return value;
  return "";
}

std::string payment_option(Payment payment) {
  return payment == Payment::kNoUpfront        ? "No Upfront"
         : payment == Payment::kPartialUpfront ? "Partial Upfront"
                                               : "All Upfront";
}

std::string savings_plan(const Estate& estate, const PlannedPurchase& purchase,
                         const std::string& type) {
  const Offer& offer = estate.card.offers[purchase.holding.offer];
  std::string filters;
  if (type == "EC2Instance") {
    const std::string region = value_of(estate, purchase, {"region"});
    const std::string family = value_of(estate, purchase, {"family", "instance_family"});
    if (region.empty() || family.empty()) return "";
    filters = " --filters " + shell_word("name=region,values=" + region) + " " +
              shell_word("name=instanceFamily,values=" + family);
  }
  return "offering=$(aws savingsplans describe-savings-plans-offerings --plan-types " + type +
         " --durations " + std::to_string(offer.term_years * 31'536'000) + " --payment-options " +
         shell_word(payment_option(offer.payment)) + " --currencies " +
         shell_word(estate.card.currency) + filters +
         " --query 'searchResults[0].offeringId' --output text)\n" +
         "buy aws savingsplans create-savings-plan --savings-plan-offering-id \"$offering\" "
         "--commitment " +
         to_text(purchase.holding.amount) +
         (offer.payment == Payment::kPartialUpfront
              ? " --upfront-payment-amount " + to_text(purchase.upfront, 2)
              : "") +
         "\n";
}

std::string reserved_instance(const Estate& estate, const PlannedPurchase& purchase) {
  const Offer& offer = estate.card.offers[purchase.holding.offer];
  const std::string region = value_of(estate, purchase, {"region"});
  std::string type = value_of(estate, purchase, {"instance_type", "type", "size"});
  const std::string family = value_of(estate, purchase, {"family", "instance_family"});
  if (type.find('.') == std::string::npos && !family.empty() && !type.empty())
    type = family + "." + type;
  if (region.empty() || type.find('.') == std::string::npos) return "";
  std::string platform = value_of(estate, purchase, {"platform", "product", "os"});
  if (platform.empty()) platform = "Linux/UNIX";
  const std::string term = std::to_string(offer.term_years * 31'536'000);
  return "offering=$(aws ec2 describe-reserved-instances-offerings --region " + shell_word(region) +
         " --instance-type " + shell_word(type) + " --product-description " + shell_word(platform) +
         " --offering-class " +
         shell_word(offer.offer_class.empty() ? "standard" : offer.offer_class) +
         " --offering-type " + shell_word(payment_option(offer.payment)) + " --min-duration " +
         term + " --max-duration " + term +
         " --no-include-marketplace --filters Name=scope,Values=Region"
         " --query 'ReservedInstancesOfferings[0].ReservedInstancesOfferingId' --output text)\n" +
         "buy aws ec2 purchase-reserved-instances-offering --region " + shell_word(region) +
         " --reserved-instances-offering-id \"$offering\" --instance-count " +
         to_text(purchase.holding.amount) + "\n";
}

/// "" for what the script cannot buy.
std::string command_of(const Estate& estate, const PlannedPurchase& purchase) {
  switch (estate.card.offers[purchase.holding.offer].instrument) {
    case Instrument::kComputeSp:
      return savings_plan(estate, purchase, "Compute");
    case Instrument::kEc2InstanceSp:
      return savings_plan(estate, purchase, "EC2Instance");
    case Instrument::kSageMakerSp:
      return savings_plan(estate, purchase, "SageMaker");
    case Instrument::kDatabaseSp:
      return savings_plan(estate, purchase, "Database");
    case Instrument::kRegionalRi:
      return reserved_instance(estate, purchase);
    default:
      return "";
  }
}

}  // namespace

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
  std::string out = "id,offer,amount,begin,end";
  for (const std::string& column : columns) out += "," + csv_cell(column);
  out += "\n";
  for (const PlannedPurchase& purchase : plan.purchases) {
    const Holding& holding = purchase.holding;
    out += csv_cell(holding.id) + "," + csv_cell(estate.card.offers[holding.offer].name) + "," +
           to_text(holding.amount) + "," + format_instant(holding.begin) + "," +
           format_instant(holding.end);
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

std::string purchases_script(const Estate& estate, const Plan& plan) {
  std::string out =
      "#!/usr/bin/env bash\n"
      "# Buys the commitments of a plan with the AWS command line. Without BUY=yes in the\n"
      "# environment it only looks the offerings up and says what it would run.\n"
      "set -euo pipefail\n"
      "buy() {\n"
      "  if [ \"${BUY:-no}\" = yes ]; then \"$@\"; else printf 'would run:'; printf ' %q' \"$@\"; "
      "printf '\\n'; fi\n"
      "}\n";
  for (const PlannedPurchase& purchase : plan.purchases) {
    const Offer& offer = estate.card.offers[purchase.holding.offer];
    std::string what = purchase.holding.id + ": " + offer.name;
    for (const auto& [column, value] : purchase.holding.scope) what += " " + column + "=" + value;
    if (!purchase.size.empty()) what += " " + purchase.size;
    what += ", " + to_text(purchase.holding.amount) +
            (offer.unit() == CommitmentUnit::kSpend ? " " + estate.card.currency + " an hour" : "");
    out += "\n" + comment(what);
    const std::string command = command_of(estate, purchase);
    if (purchase.step > 0) {
      out += comment("expected on " + format_date(date_of(purchase.holding.begin)) +
                     ": plan again before you buy it");
    } else if (command.empty()) {
      out += comment("not bought by this script: buy it in the provider's console");
    } else {
      out += command;
    }
  }
  return out;
}

}  // namespace steelyard
