#include "bills/delivery_record.h"

#include <nlohmann/json.hpp>

namespace steelyard {

namespace {
using Json = nlohmann::ordered_json;

Json sums_to_json(const std::map<std::string, Decimal>& sums) {
  Json out = Json::object();
  for (const auto& [column, value] : sums) out[column] = to_text(value);
  return out;
}

void sums_from_json(const Json& json, std::map<std::string, Decimal>& out) {
  for (const auto& [column, value] : json.items())
    parse_decimal(value.get<std::string>(), out[column]);
}

std::optional<Instant> instant_from_json(const Json& object, const char* key) {
  const auto found = object.find(key);
  Instant instant;
  if (found == object.end() || found->is_null() ||
      !parse_instant(found->get<std::string>(), instant))
    return std::nullopt;
  return instant;
}
}  // namespace

std::string to_json(const DeliveryRecord& record) {
  Json out;
  out["delivery_id"] = record.delivery_id;
  out["table"] = record.table;
  out["source"] = record.source;
  out["billing_period"] = record.billing_period;
  out["format"] = record.format;
  out["rules"] = record.rules;
  out["reader"] = record.reader;
  out["mode"] = record.mode;
  out["delivered"] = record.delivered ? Json(format_instant(*record.delivered)) : Json(nullptr);
  out["files"] = Json::array();
  for (const DeliveredFile& file : record.files) {
    out["files"].push_back({{"path", file.path}, {"sha256", file.sha256}, {"rows", file.rows}});
  }
  out["rows_in"] = record.rows_in;
  out["rows_out"] = record.rows_out;
  out["rows_derived"] = record.rows_derived;
  out["rows_rejected"] = record.rows_rejected;
  out["content"] = record.content.text();
  out["sums"] = Json::object();
  for (const auto& [currency, sums] : record.sums) {
    out["sums"][currency] = {{"in", sums_to_json(sums.in)},
                             {"out", sums_to_json(sums.out)},
                             {"residual", sums.residual}};
    Json& named = out["sums"][currency]["named"] = Json::object();
    for (const auto& [cost, parts] : sums.named) named[cost] = sums_to_json(parts);
  }
  out["accounts"] = record.accounts;
  out["issuers"] = record.issuers;
  if (record.period_start) out["period_start"] = format_instant(*record.period_start);
  if (record.period_end) out["period_end"] = format_instant(*record.period_end);
  out["periods"] = record.periods;
  out["warnings"] = record.warnings;
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<DeliveryRecord> parse_delivery_record(const std::string& json) {
  try {
    const Json in = Json::parse(json);
    DeliveryRecord record;
    record.delivery_id = in.at("delivery_id");
    record.table = in.at("table");
    record.source = in.at("source");
    record.billing_period = in.at("billing_period");
    record.format = in.at("format");
    record.rules = in.at("rules");
    record.reader = in.at("reader");
    record.mode = in.at("mode");
    record.delivered = instant_from_json(in, "delivered");
    record.period_start = instant_from_json(in, "period_start");
    record.period_end = instant_from_json(in, "period_end");
    record.issuers = in.at("issuers").get<std::vector<std::string>>();
    record.periods = in.at("periods");
    for (const Json& file : in.at("files")) {
      record.files.push_back(
          {file.at("path"), file.at("sha256"), file.at("rows").get<std::int64_t>()});
    }
    record.rows_in = in.at("rows_in");
    record.rows_out = in.at("rows_out");
    record.rows_derived = in.at("rows_derived");
    record.rows_rejected = in.at("rows_rejected");
    if (!ContentHash::parse(in.at("content").get<std::string>(), record.content)) {
      return fail("SY1304", "a delivery's content hash in the log cannot be read");
    }
    for (const auto& [currency, sums] : in.at("sums").items()) {
      sums_from_json(sums.at("in"), record.sums[currency].in);
      sums_from_json(sums.at("out"), record.sums[currency].out);
      for (const auto& [cost, parts] : sums.at("named").items())
        sums_from_json(parts, record.sums[currency].named[cost]);
      record.sums[currency].residual =
          sums.at("residual").get<std::map<std::string, std::string>>();
    }
    record.accounts = in.at("accounts").get<std::vector<std::string>>();
    record.warnings = in.at("warnings").get<std::vector<std::string>>();
    return record;
  } catch (const nlohmann::json::exception& e) {
    return fail("SY1304",
                std::string("the record of a delivery in the log cannot be read: ") + e.what(), "",
                "run `steelyard check` to see which versions are sound");
  }
}

Result<std::vector<ActiveDelivery>> active_deliveries(const std::vector<VersionInfo>& history,
                                                      std::int64_t version) {
  std::vector<ActiveDelivery> active;
  for (const VersionInfo& info : history) {
    if (info.version > version || info.delivery.empty()) continue;
    auto record = parse_delivery_record(info.delivery);
    if (!record) {
      record.error().where = "version " + std::to_string(info.version);
      return pass(record);
    }
    if (record->mode == "replace") {
      std::erase_if(active, [&](const ActiveDelivery& other) {
        return other.record.source == record->source &&
               other.record.billing_period == record->billing_period;
      });
    }
    active.push_back({info.version, info.committed, std::move(*record)});
  }
  return active;
}

}  // namespace steelyard
