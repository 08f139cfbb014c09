#include "commitments/plan_commands.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "commitments/aws_platform.h"

namespace steelyard {
namespace {

constexpr std::int64_t kSecondsPerYear = 31'536'000;

/// A text within a JMESPath expression.
std::string query_text(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("\\'") : std::string(1, c);
  return out + "'";
}

Commands no_command(std::string reason) { return {"", "", "", std::move(reason)}; }

/// Ids of what is held and exchanged in part.
std::vector<std::string> split_reservations(const Plan& plan) {
  std::vector<std::string> ids;
  for (const PlannedPurchase& purchase : plan.purchases)
    if (purchase.exchanged && std::find(ids.begin(), ids.end(), purchase.exchanges) == ids.end())
      ids.push_back(purchase.exchanges);
  return ids;
}

/// A purchase, and the words that commands want of it.
class Words {
 public:
  Words(const Estate& estate, const Plan& plan, const PlannedPurchase& purchase)
      : estate_(estate),
        plan_(plan),
        purchase_(purchase),
        offer_(estate.card.offers[purchase.holding.offer]) {}

  const Offer& offer() const { return offer_; }
  const std::string& currency() const { return estate_.card.currency; }
  std::string amount() const { return to_text(purchase_.holding.amount); }
  std::string upfront() const { return to_text(round(purchase_.upfront, 0, Rounding::kUp), 0); }
  std::string seconds() const { return std::to_string(offer_.term_years * kSecondsPerYear); }

  /// The value of the first of these columns that the purchase fixes.
  std::string of(std::initializer_list<const char*> columns) const {
    for (const char* column : columns)
      if (std::string value = value_of(estate_, purchase_, column); !value.empty()) return value;
    return "";
  }
  std::string family() const { return of({"family", "instance_family"}); }
  std::string zone() const { return of({"zone", "availability_zone"}); }
  const std::string& exchanges() const { return purchase_.exchanges; }
  const std::optional<Decimal>& exchanged() const { return purchase_.exchanged; }
  /// Its place among the reservations of which the plan exchanges parts, from 1.
  std::string reservation() const {
    const std::vector<std::string> split = split_reservations(plan_);
    const auto at = std::find(split.begin(), split.end(), purchase_.exchanges);
    return std::to_string(at - split.begin() + 1);
  }
  /// Of a zone such as eu-west-1a, where no column says it.
  std::string region() const {
    std::string region = of({"region"});
    if (!region.empty()) return region;
    region = zone();
    const bool plain = std::count(region.begin(), region.end(), '-') == 2 && !region.empty() &&
                       region.back() >= 'a' && region.back() <= 'z';
    return plain ? region.substr(0, region.size() - 1) : "";
  }
  /// m5.2xlarge, db.r6g.large; "" if the plan does not say it all.
  std::string instance_type() const {
    std::string type = of({"instance_type", "type", "size"});
    if (type.ends_with(kSeveralZones)) type.resize(type.size() - kSeveralZones.size());
    if (type.find('.') == std::string::npos && !family().empty() && !type.empty())
      type = family() + "." + type;
    return type.find('.') == std::string::npos ? "" : type;
  }
  /// As the services name their engines: aurora-postgresql, redis.
  std::string engine() const {
    std::string engine = to_lower(of({"engine", "database_engine", "product"}));
    if (engine.empty()) engine = platform();
    std::replace(engine.begin(), engine.end(), ' ', '-');
    return engine;
  }
  /// Of EC2 or RDS, as AWS calls it.
  std::string platform() const {
    std::string platform = of({"platform"});
    if (platform.ends_with(kDedicated)) platform.resize(platform.size() - kDedicated.size());
    return platform;
  }
  bool is_dedicated() const {
    return of({"platform"}).ends_with(kDedicated) || to_lower(of({"tenancy"})) == "dedicated";
  }
  bool is_in_several_zones() const {
    return to_lower(of({"deployment", "multi_az"})).find("multi") != std::string::npos ||
           of({"multi_az"}) == "true" || of({"size"}).ends_with(kSeveralZones);
  }
  /// The same each time, so that a service that knows the name does not sell it twice.
  std::string name() const {
    std::string name = "steelyard-" + format_date(date_of(plan_.at)) + "-";
    for (const char c : purchase_.holding.id)
      name += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
    return name;
  }

 private:
  const Estate& estate_;
  const Plan& plan_;
  const PlannedPurchase& purchase_;
  const Offer& offer_;
};

// ---- AWS

std::string payment_option(Payment payment) {
  return payment == Payment::kNoUpfront        ? "No Upfront"
         : payment == Payment::kPartialUpfront ? "Partial Upfront"
                                               : "All Upfront";
}

Commands savings_plan(const Words& words, const std::string& type) {
  std::string filters;
  if (type == "EC2Instance") {
    if (words.region().empty() || words.family().empty())
      return no_command("the plan names no region and instance family");
    filters = " --filters " + shell_word("name=region,values=" + words.region()) + " " +
              shell_word("name=instanceFamily,values=" + words.family());
  }
  const Payment payment = words.offer().payment;
  return {"aws savingsplans describe-savings-plans-offerings --region us-east-1 --plan-types " +
              type + " --durations " + words.seconds() + " --payment-options " +
              shell_word(payment_option(payment)) + " --currencies " +
              shell_word(words.currency()) + filters +
              " --output json --query 'searchResults[].offeringId'",
          "aws savingsplans create-savings-plan --region us-east-1 --savings-plan-offering-id "
          "\"$offering\" --commitment " +
              words.amount() +
              (payment == Payment::kPartialUpfront ? " --upfront-payment-amount " + words.upfront()
                                                   : "") +
              " --client-token " + words.name()};
}

/// The id of a reserved instance, at the end of its ARN or by itself: 8-4-4-4-12 digits.
std::string reserved_instance_id(const std::string& text) {
  const std::string id = text.substr(text.rfind('/') + 1);  // npos + 1: the whole
  if (id.size() != 36) return "";
  for (std::size_t i = 0; i < id.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool digit = (id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f');
    if (dash ? id[i] != '-' : !digit) return "";
  }
  return id;
}

Commands reserved_instance(const Words& words, bool zonal) {
  const std::string type = words.instance_type();
  if (zonal && words.zone().empty()) return no_command("the plan names no availability zone");
  if (words.region().empty() || type.empty())
    return no_command("the plan names no region and instance type");
  if (type.starts_with("db.") || type.starts_with("cache."))
    return no_command("`" + type + "` is none of EC2's");
  std::string platform = words.platform();
  if (!platform.empty() && !aws_sells(words.offer().instrument, platform))
    return no_command("AWS sells no reserved instance by the platform `" + platform + "`");
  if (platform.empty()) platform = words.of({"product", "os"});
  if (platform.empty()) platform = "Linux/UNIX";
  std::string offering_class = words.offer().offer_class;
  if (offering_class.empty()) offering_class = "standard";
  std::string buy = "purchase-reserved-instances-offering --region " + shell_word(words.region()) +
                    " --reserved-instances-offering-id \"$offering\" --instance-count " +
                    words.amount();
  std::string quote;
  if (!words.exchanges().empty()) {  // AWS counts the instances itself
    const std::string id = reserved_instance_id(words.exchanges());
    if (id.empty()) return no_command("the id of what is exchanged is none of AWS");
    const std::string exchange = "reserved-instances-exchange-quote --region " +
                                 shell_word(words.region()) + " --reserved-instance-ids " +
                                 (words.exchanged() ? "\"$given_up\"" : id) +
                                 " --target-configurations \"OfferingId=$offering\"";
    quote = "aws ec2 get-" + exchange +
            " --output text --query '[IsValidExchange, PaymentDue, ValidationFailureReason]'";
    buy = "accept-" + exchange;
  }
  const std::string scope = zonal ? " --availability-zone " + shell_word(words.zone()) +
                                        " --filters 'Name=scope,Values=Availability Zone'"
                                  : " --filters Name=scope,Values=Region";
  Commands commands{
      "aws ec2 describe-reserved-instances-offerings --region " + shell_word(words.region()) +
          " --instance-type " + shell_word(type) + " --product-description " +
          shell_word(platform) + (words.is_dedicated() ? " --instance-tenancy dedicated" : "") +
          " --offering-class " + shell_word(offering_class) + " --offering-type " +
          shell_word(payment_option(words.offer().payment)) + " --min-duration " + words.seconds() +
          " --max-duration " + words.seconds() + " --no-include-marketplace" + scope +
          " --output json --query 'ReservedInstancesOfferings[].ReservedInstancesOfferingId'",
      "aws ec2 " + buy, quote};
  if (words.exchanged()) {
    commands.reservation = words.reservation();
    commands.part = to_text(*words.exchanged());
  }
  return commands;
}

/// The filter by product finds aurora-mysql for mysql as well: the query chooses.
Commands reserved_database(const Words& words) {
  const std::string type = words.instance_type();
  if (words.region().empty() || type.empty() || words.engine().empty())
    return no_command("the plan names no region, instance class and engine");
  if (const std::string platform = words.platform();
      !platform.empty() && !aws_sells(words.offer().instrument, platform))
    return no_command("AWS sells no reserved instance by the engine `" + platform + "`");
  if (const std::string size = words.of({"size"});
      size.ends_with(kCluster) || size.ends_with(kIoOptimized))
    return no_command("AWS sells none for `" + size + "`: buy as many units of another size");
  const bool several_zones = words.is_in_several_zones();
  return {"aws rds describe-reserved-db-instances-offerings --region " +
              shell_word(words.region()) + " --db-instance-class " + shell_word(type) +
              " --duration " + words.seconds() + " --product-description " +
              shell_word(words.engine()) + " --offering-type " +
              shell_word(payment_option(words.offer().payment)) +
              (several_zones ? " --multi-az" : " --no-multi-az") + " --output json --query " +
              shell_word("ReservedDBInstancesOfferings[?ProductDescription==" +
                         query_text(words.engine()) + "].ReservedDBInstancesOfferingId"),
          "aws rds purchase-reserved-db-instances-offering --region " + shell_word(words.region()) +
              " --reserved-db-instances-offering-id \"$offering\" --reserved-db-instance-id " +
              words.name() + " --db-instance-count " + words.amount()};
}

Commands reserved_cache(const Words& words) {
  const std::string type = words.instance_type();
  if (words.region().empty() || type.empty() || words.engine().empty())
    return no_command("the plan names no region, node type and engine");
  if (const std::string platform = words.platform();
      !platform.empty() && !aws_sells(words.offer().instrument, platform))
    return no_command("AWS sells no reserved node by the engine `" + platform + "`");
  return {"aws elasticache describe-reserved-cache-nodes-offerings --region " +
              shell_word(words.region()) + " --cache-node-type " + shell_word(type) +
              " --duration " + words.seconds() + " --product-description " +
              shell_word(words.engine()) + " --offering-type " +
              shell_word(payment_option(words.offer().payment)) + " --output json --query " +
              shell_word("ReservedCacheNodesOfferings[?ProductDescription==" +
                         query_text(words.engine()) + "].ReservedCacheNodesOfferingId"),
          "aws elasticache purchase-reserved-cache-nodes-offering --region " +
              shell_word(words.region()) +
              " --reserved-cache-nodes-offering-id \"$offering\" --reserved-cache-node-id " +
              words.name() + " --cache-node-count " + words.amount()};
}

/// These two services list all their offerings; the query chooses. Of OpenSearch the command line
/// gives one page at a time.
Commands reserved_search(const Words& words) {
  std::string type = words.instance_type();
  if (words.region().empty() || type.empty())
    return no_command("the plan names no region and instance type");
  if (!type.ends_with(".search")) type += ".search";
  const Payment payment = words.offer().payment;
  const std::string option = payment == Payment::kNoUpfront        ? "NO_UPFRONT"
                             : payment == Payment::kPartialUpfront ? "PARTIAL_UPFRONT"
                                                                   : "ALL_UPFRONT";
  return {"pages aws opensearch describe-reserved-instance-offerings --region " +
              shell_word(words.region()) + " --max-results 100 --output text --query " +
              shell_word("[NextToken, join(' ', ReservedInstanceOfferings[?InstanceType==" +
                         query_text(type) + " && Duration==`" + words.seconds() +
                         "` && PaymentOption=='" + option + "'].ReservedInstanceOfferingId)]"),
          "aws opensearch purchase-reserved-instance-offering --region " +
              shell_word(words.region()) +
              " --reserved-instance-offering-id \"$offering\" --reservation-name " + words.name() +
              " --instance-count " + words.amount()};
}

Commands reserved_warehouse(const Words& words) {
  const std::string type = words.instance_type();
  if (words.region().empty() || type.empty())
    return no_command("the plan names no region and node type");
  return {"aws redshift describe-reserved-node-offerings --region " + shell_word(words.region()) +
              " --output json --query " +
              shell_word("ReservedNodeOfferings[?NodeType==" + query_text(type) +
                         " && Duration==`" + words.seconds() + "` && OfferingType=='" +
                         payment_option(words.offer().payment) +
                         "' && ReservedNodeOfferingType=='Regular'].ReservedNodeOfferingId"),
          "aws redshift purchase-reserved-node-offering --region " + shell_word(words.region()) +
              " --reserved-node-offering-id \"$offering\" --node-count " + words.amount()};
}

// ---- Azure

std::string years(const Offer& offer) { return "P" + std::to_string(offer.term_years) + "Y"; }

/// The subscription or resource group that the purchase is limited to, or "".
std::string azure_scope(const Words& words) {
  std::string scope = words.of({"subscription"});
  if (scope.empty()) return "";
  if (!scope.starts_with("/")) scope = "/subscriptions/" + scope;
  if (const std::string group = words.of({"resource_group"}); !group.empty())
    scope += "/resourceGroups/" + group;
  return scope;
}

Commands azure_reservation(const Words& words) {
  if (words.offer().payment == Payment::kPartialUpfront)
    return no_command("Azure is paid monthly or all upfront");
  const std::string size = words.of({"size", "sku", "instance_type"});
  if (words.region().empty() || !size.starts_with("Standard_"))
    return no_command(
        "the plan names no region and size of virtual machine (Standard_D2s_v5), and only "
        "reservations of these are bought here");
  const std::string scope = azure_scope(words);
  const std::string terms =
      (scope.empty() ? std::string(" --applied-scope-type Shared")
                     : " --applied-scope-type Single --applied-scope " + shell_word(scope)) +
      " --billing-scope \"$billing_scope\" --display-name " + words.name() + " --quantity " +
      words.amount() + " --reserved-resource-type VirtualMachines --sku " + shell_word(size) +
      " --term " + years(words.offer()) + " --billing-plan " +
      (words.offer().payment == Payment::kNoUpfront ? "Monthly" : "Upfront") + " --location " +
      shell_word(words.region()) + " --instance-flexibility " +
      (words.offer().size.empty() ? "Off" : "On");
  return {
      "az reservations reservation-order calculate" + terms +
          " --output json --query properties.reservationOrderId",
      "az reservations reservation-order purchase --reservation-order-id \"$offering\"" + terms};
}

Commands azure_savings_plan(const Words& words) {
  if (words.offer().payment == Payment::kPartialUpfront)
    return no_command("Azure is paid monthly or all upfront");
  const std::string scope = azure_scope(words);
  return {"", "az billing-benefits savings-plan-order-aliases create --order-alias-name " +
                  words.name() + " --display-name " + words.name() +
                  (scope.empty() ? std::string(" --applied-scope-type Shared")
                                 : " --applied-scope-type Single --applied-scope-prop " +
                                       shell_word("{subscription-id:" + scope + "}")) +
                  " --billing-scope-id \"$billing_scope\" --commitment " +
                  shell_word("{amount:" + words.amount() + ",currency-code:" + words.currency() +
                             ",grain:Hourly}") +
                  (words.offer().payment == Payment::kNoUpfront ? " --billing-plan P1M" : "") +
                  " --term " + years(words.offer()) + " --sku Compute_Savings_Plan"};
}

// ---- Google Cloud

/// The type of commitment of a machine series, "" for one that is not known.
std::string commitment_type(const std::string& series) {
  static constexpr std::array<std::pair<const char*, const char*>, 22> kTypes{{
      {"a2", "accelerator-optimized"}, {"a3", "accelerator-optimized-a3"},
      {"c2", "compute-optimized"},     {"c2d", "compute-optimized-c2d"},
      {"c3", "compute-optimized-c3"},  {"c3d", "compute-optimized-c3d"},
      {"c4", "general-purpose-c4"},    {"c4a", "general-purpose-c4a"},
      {"c4d", "general-purpose-c4d"},  {"e2", "general-purpose-e2"},
      {"g2", "graphics-optimized"},    {"h3", "compute-optimized-h3"},
      {"m1", "memory-optimized"},      {"m2", "memory-optimized"},
      {"m3", "memory-optimized-m3"},   {"n1", "general-purpose"},
      {"n2", "general-purpose-n2"},    {"n2d", "general-purpose-n2d"},
      {"n4", "general-purpose-n4"},    {"n4d", "general-purpose-n4d"},
      {"t2d", "general-purpose-t2d"},  {"z3", "storage-optimized-z3"},
  }};
  for (const auto& [name, type] : kTypes)
    if (series == name) return type;
  return "";
}

Commands google_commitment(const Words& words) {
  const std::string type = commitment_type(to_lower(words.family()));
  std::string resource;
  const std::string said = to_lower(words.of({"resource", "meter", "sku"}));
  const bool cores =
      said.find("core") != std::string::npos || said.find("cpu") != std::string::npos;
  const bool memory =
      said.find("ram") != std::string::npos || said.find("memory") != std::string::npos;
  if (words.region().empty() || type.empty() || cores == memory)
    return no_command(
        "the plan names no region, machine series and resource (vCPU or memory) of the "
        "commitment");
  const std::string project = words.of({"project"});
  return {"", "gcloud compute commitments create " + words.name() + " --region " +
                  shell_word(words.region()) +
                  (project.empty() ? "" : " --project " + shell_word(project)) + " --plan " +
                  std::to_string(12 * words.offer().term_years) + "-month --type " + type +
                  " --resources " +
                  (cores ? "vcpu=" + words.amount() : "memory=" + words.amount() + "GB")};
}

}  // namespace

std::string shell_word(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string reservations(const Estate& estate, const Plan& plan) {
  std::string out;
  int number = 0;
  for (const std::string& id : split_reservations(plan)) {
    const std::string at = "[" + std::to_string(++number) + "]=";
    const auto held = std::find_if(
        estate.holdings.begin(), estate.holdings.end(),
        [&](const Holding& holding) { return holding.id == id && holding.end > plan.at; });
    if (held == estate.holdings.end()) continue;
    PlannedPurchase old;
    old.holding = *held;
    const Words words(estate, plan, old);
    out += "  reserved" + at + shell_word(reserved_instance_id(id)) + " units" + at +
           words.amount() + " region" + at + shell_word(words.region()) + " place" + at +
           shell_word(words.zone().empty() ? "Scope=Region" : "AvailabilityZone=" + words.zone()) +
           " shown" + at + "\n";
  }
  return out;
}

Commands commands_of(const Estate& estate, const Plan& plan, const PlannedPurchase& purchase) {
  const Words words(estate, plan, purchase);
  switch (words.offer().instrument) {
    case Instrument::kQuantity:
    case Instrument::kSpend:
      return no_command("it is of no provider");
    case Instrument::kZonalRi:
      return reserved_instance(words, true);
    case Instrument::kRegionalRi:
      return reserved_instance(words, false);
    case Instrument::kRdsRi:
      return reserved_database(words);
    case Instrument::kElastiCacheRi:
      return reserved_cache(words);
    case Instrument::kOpenSearchRi:
      return reserved_search(words);
    case Instrument::kRedshiftRi:
      return reserved_warehouse(words);
    case Instrument::kEc2InstanceSp:
      return savings_plan(words, "EC2Instance");
    case Instrument::kComputeSp:
      return savings_plan(words, "Compute");
    case Instrument::kSageMakerSp:
      return savings_plan(words, "SageMaker");
    case Instrument::kDatabaseSp:
      return savings_plan(words, "Database");
    case Instrument::kAzureReservation:
      return azure_reservation(words);
    case Instrument::kAzureSavingsPlan:
      return azure_savings_plan(words);
    case Instrument::kGcpResourceCud:
      return google_commitment(words);
    case Instrument::kGcpSpendCud:
    case Instrument::kGcpFlexCud:
      return no_command("gcloud has no command for commitments of money: buy it in the console");
  }
  return no_command("its kind is not known");
}

}  // namespace steelyard
