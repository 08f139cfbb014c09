#include "samples/delivery.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace steelyard::samples {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::int64_t kHourMicros = 3'600'000'000;
constexpr std::string_view kReport = "enterprise";
constexpr std::string_view kBucket = "sample-billing";

std::string compact(Date date) {
  std::string text = format_date(date);
  std::erase(text, '-');
  return text;
}

std::string uuid(const Enterprise& enterprise, int month, int delivery, std::uint32_t use) {
  const auto w = Random(enterprise.seed)
                     .at(Stream::kInvoice, static_cast<std::uint32_t>(month),
                         static_cast<std::uint32_t>(delivery), 500'000 + use);
  char text[40];
  std::snprintf(text, sizeof text, "%08x-%04x-4%03x-8%03x-%08x%04x", w[0], w[1] >> 16, w[1] & 0xfff,
                w[2] & 0xfff, w[3], w[2] >> 16);
  return text;
}

}  // namespace

DeliveryPlan plan_delivery(const Enterprise& enterprise, const Month& month, int number,
                           int count) {
  DeliveryPlan plan;
  plan.number = number;
  plan.final = number == count;
  plan.slots = month.slots();
  const int days = static_cast<int>((month.last_hour() - month.first_hour()) / 24);
  std::int64_t hour = month.last_hour() + 24 * 4 + 12;
  if (number == count - 1) hour = month.last_hour() + 6;
  if (number < count - 1) {
    const int cut = std::max(1, days * number / (count - 1));
    plan.slots = cut * 24 / enterprise.slot_hours;
    hour = month.first_hour() + cut * 24 + 6;
  }
  plan.delivered = {hour * kHourMicros};
  return plan;
}

DeliveryPaths paths_of(const std::string& folder, const std::string& format,
                       const Enterprise& enterprise, int month, const DeliveryPlan& delivery,
                       GenDeliveryMode mode) {
  DeliveryPaths paths;
  const std::string& name = enterprise.month_names[month];
  if (format.starts_with("focus-")) {
    paths.folder =
        folder + "/delivered=" + format_instant(delivery.delivered) + "/billing_period=" + name;
    paths.file_stem = paths.folder + "/part-";
    return paths;
  }
  paths.id = uuid(enterprise, month, delivery.number, format.ends_with("csv") ? 0 : 1);
  const bool fresh = mode == GenDeliveryMode::kCreateNew;
  if (format.starts_with("aws-cur-legacy")) {
    const Date first = civil_from_days(enterprise.month_hours[month] / 24),
               end = civil_from_days(enterprise.month_hours[month + 1] / 24);
    paths.folder = folder + "/cur/" + std::string(kReport) + "/" + compact(first) + "-" +
                   compact(end) + (fresh ? "/" + paths.id : "");
    paths.file_stem = paths.folder + "/" + std::string(kReport) + "-";
  } else {
    paths.folder = folder + "/cur/" + std::string(kReport) + "/data/BILLING_PERIOD=" + name +
                   (fresh ? "/" + format_instant(delivery.delivered) + "-" + paths.id : "");
    paths.file_stem = paths.folder + "/" + std::string(kReport) + "-0000";
  }
  return paths;
}

std::vector<Manifest> manifests_of(const std::string& folder, const Rendering& rendering,
                                   const Enterprise& enterprise, int month,
                                   const DeliveryPlan& delivery, GenDeliveryMode mode,
                                   const std::vector<std::string>& files) {
  const DeliveryPaths paths = paths_of(folder, rendering.format, enterprise, month, delivery, mode);
  const Date first = civil_from_days(enterprise.month_hours[month] / 24),
             end = civil_from_days(enterprise.month_hours[month + 1] / 24);
  std::vector<std::string> keys;
  for (const std::string& file : files)
    keys.push_back(file.substr(folder.size() + 1));  // a key begins below the bucket
  const std::string account = enterprise.accounts[enterprise.payer[0]].id;
  Json json;
  std::vector<Manifest> manifests;
  const bool fresh = mode == GenDeliveryMode::kCreateNew;
  if (rendering.format.starts_with("aws-cur-legacy")) {
    json["assemblyId"] = paths.id;
    json["account"] = account;
    json["columns"] = Json::array();
    for (const RenderedColumn& column : rendering.columns) {
      const auto slash = column.name.find('/');
      json["columns"].push_back(
          {{"category", slash == std::string::npos ? "" : column.name.substr(0, slash)},
           {"name", slash == std::string::npos ? column.name : column.name.substr(slash + 1)},
           {"type", column.type}});
    }
    json["charset"] = "UTF-8";
    json["compression"] = rendering.csv ? "GZIP" : "Parquet";
    json["contentType"] = rendering.csv ? "text/csv" : "Parquet";
    json["reportId"] = uuid(enterprise, 0, 0, 7);
    json["reportName"] = kReport;
    json["billingPeriod"] = {{"start", compact(first) + "T000000.000Z"},
                             {"end", compact(end) + "T000000.000Z"}};
    json["bucket"] = kBucket;
    json["reportKeys"] = keys;
    json["additionalArtifactKeys"] = Json::array();
    const std::string text = json.dump(2) + "\n";
    const std::string period =
        folder + "/cur/" + std::string(kReport) + "/" + compact(first) + "-" + compact(end);
    if (fresh)
      manifests.push_back(
          {paths.folder + "/" + std::string(kReport) + "-Manifest.json", text, delivery.delivered});
    manifests.push_back(
        {period + "/" + std::string(kReport) + "-Manifest.json", text, delivery.delivered});
    return manifests;
  }
  json["account"] = account;
  json["exportArn"] = "arn:aws:bcm-data-exports:us-east-1:" + account + ":export/" +
                      std::string(kReport) + "-" + uuid(enterprise, 0, 0, 8);
  json["exportName"] = kReport;
  json["executionId"] = paths.id;
  json["billingPeriod"] = {{"start", format_instant(instant_of(first))},
                           {"end", format_instant(instant_of(end))}};
  json["lastUpdated"] = format_instant(delivery.delivered);
  json["bucket"] = kBucket;
  json["compression"] = rendering.csv ? "GZIP" : "PARQUET";
  json["contentType"] = rendering.csv ? "TEXT_OR_CSV" : "PARQUET";
  json["columns"] = Json::array();
  for (const RenderedColumn& column : rendering.columns)
    json["columns"].push_back({{"name", column.name}, {"type", column.type}});
  json["dataFiles"] = Json::array();
  for (const std::string& key : keys)
    json["dataFiles"].push_back("s3://" + std::string(kBucket) + "/" + key);
  json["additionalOutputFiles"] = Json::array();
  const std::string text = json.dump(2) + "\n";
  const std::string metadata = folder + "/cur/" + std::string(kReport) +
                               "/metadata/BILLING_PERIOD=" + enterprise.month_names[month];
  if (fresh)
    manifests.push_back({metadata + "/" + format_instant(delivery.delivered) + "-" + paths.id +
                             "/" + std::string(kReport) + "-Manifest.json",
                         text, delivery.delivered});
  manifests.push_back(
      {metadata + "/" + std::string(kReport) + "-Manifest.json", text, delivery.delivered});
  return manifests;
}

}  // namespace steelyard::samples
