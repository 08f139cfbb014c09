#include "bills/aws_manifest.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace steelyard {
namespace {

using Json = nlohmann::json;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// `count` digits at `at`, moving past them; -1 when they are not there.
int number_at(std::string_view text, std::size_t& at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_digit(text[at + i])) return -1;
    value = value * 10 + (text[at + i] - '0');
  }
  at += count;
  return value;
}

bool skip(std::string_view text, std::size_t& at, std::string_view any_of) {
  if (at < text.size() && any_of.find(text[at]) != std::string_view::npos) {
    ++at;
    return true;
  }
  return false;
}

std::string text_field(const Json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = object.find(name);
    if (found != object.end() && found->is_string()) return found->get<std::string>();
  }
  return "";
}

std::int64_t count_field(const Json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = object.find(name);
    if (found != object.end() && found->is_number_integer()) {
      const auto value = found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX
                             ? -1
                             : found->get<std::int64_t>();
      return value < 0 ? -1 : value;
    }
  }
  return -1;
}

/// "s3://bucket/a/b" -> "a/b"; a leading slash goes too.
std::string key_of(std::string text) {
  if (text.starts_with("s3://")) {
    const std::size_t slash = text.find('/', 5);
    text = slash == std::string::npos ? "" : text.substr(slash + 1);
  }
  while (text.starts_with("/")) text.erase(0, 1);
  return text;
}

/// "20170701T000000.000Z", "2026-07-01", "2026-07" -> "2017-07".
std::string month_of(std::string_view text) {
  std::size_t at = 0;
  const int year = number_at(text, at, 4);
  skip(text, at, "-");
  const int month = number_at(text, at, 2);
  if (year < 1970 || month < 1 || month > 12) return "";
  return std::to_string(year) + (month < 10 ? "-0" : "-") + std::to_string(month);
}

tl::unexpected<Error> broken(const std::string& where, const std::string& what) {
  return fail("SY1232", "the manifest " + what, where,
              "copy the delivery again; the manifest is written last, so an unfinished copy lacks "
              "or breaks it");
}

/// Columns are strings, {"category": "lineItem", "name": "UnblendedCost"} or {"name":
/// "line_item_unblended_cost", "type": "double"}.
void read_columns(const Json& list, AwsManifest& manifest) {
  if (!list.is_array()) return;
  for (const Json& column : list) {
    if (column.is_string()) manifest.columns.push_back(column.get<std::string>());
    if (!column.is_object()) continue;
    const std::string category = text_field(column, {"category"}),
                      name = text_field(column, {"name", "columnName"});
    if (!name.empty()) manifest.columns.push_back(category.empty() ? name : category + "/" + name);
  }
}

bool read_files(const Json& list, AwsManifest& manifest) {
  if (!list.is_array()) return false;
  for (const Json& file : list) {
    AwsManifest::File next;
    if (file.is_string()) {
      next.key = key_of(file.get<std::string>());
    } else if (file.is_object()) {
      next.key = key_of(text_field(file, {"key", "s3Uri", "s3_uri", "uri", "url", "path", "name"}));
      next.bytes = count_field(
          file, {"size", "sizeInBytes", "sizeBytes", "bytes", "byteCount", "contentLength"});
      next.rows = count_field(file, {"rows", "rowCount", "recordCount", "records"});
    }
    if (next.key.empty()) return false;
    manifest.files.push_back(std::move(next));
  }
  return true;
}

}  // namespace

bool is_manifest_name(std::string_view file_name) {
  return to_lower(file_name).ends_with("manifest.json");
}

std::optional<Instant> time_in_path_part(std::string_view part) {
  if (const std::size_t equals = part.find('='); equals != std::string_view::npos) {
    if (part.substr(0, equals) != "delivered") return {};
    part.remove_prefix(equals + 1);
  }
  std::string decoded(part);
  for (std::size_t at = 0; (at = decoded.find("%3A", at)) != std::string::npos;)
    decoded.replace(at, 3, ":");
  const std::string_view text = decoded;
  std::size_t at = 0;
  const int year = number_at(text, at, 4);
  const bool dashes = skip(text, at, "-");
  const int month = number_at(text, at, 2);
  if (year < 1970 || month < 1 || (dashes && !skip(text, at, "-"))) return {};
  const int day = number_at(text, at, 2);
  if (day < 1) return {};
  std::string plain = decoded.substr(0, 4);
  const auto two = [](int value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  plain += "-" + two(month) + "-" + two(day);
  int hour = 0, minute = 0, second = 0;
  std::string fraction;
  if (skip(text, at, "T")) {
    hour = number_at(text, at, 2);
    skip(text, at, ":-");
    minute = number_at(text, at, 2);
    if (hour < 0 || minute < 0) return {};
    std::size_t ahead = at;
    skip(text, ahead, ":-");
    if (const int seconds = number_at(text, ahead, 2); seconds >= 0) {
      second = seconds;
      at = ahead;
      if (at + 1 < text.size() && text[at] == '.' && is_digit(text[at + 1])) {
        fraction = ".";
        for (++at; at < text.size() && is_digit(text[at]); ++at) fraction += text[at];
      }
    }
    skip(text, at, "Z");
  }
  if (at < text.size() && text[at] != '-' && text[at] != '_') return {};
  plain += "T" + two(hour) + ":" + two(minute) + ":" + two(second) + fraction + "Z";
  Instant instant;
  if (!parse_instant(plain, instant)) return {};
  return instant;
}

std::string period_in_path_part(std::string_view part) {
  const std::size_t equals = part.find('=');
  if (equals != std::string_view::npos) {
    const std::string key = to_lower(part.substr(0, equals));
    if (key != "billing_period" && key != "x_billingperiod") return "";
    return month_of(part.substr(equals + 1));
  }
  if (part.size() == 17 && part[8] == '-') {
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (i != 8 && !is_digit(part[i])) return "";
    }
    return month_of(part);
  }
  return "";
}

Result<std::optional<AwsManifest>> parse_aws_manifest(std::string_view text,
                                                      const std::string& where) {
  if (text.size() > (std::size_t{64} << 20)) return broken(where, "is larger than 64 MiB");
  try {
    const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
    if (json.is_discarded()) return broken(where, "is not complete JSON");
    if (!json.is_object()) return std::optional<AwsManifest>();
    AwsManifest manifest;
    const auto legacy = json.find("reportKeys");
    auto files = json.find("dataFiles");
    if (files == json.end()) files = json.find("data_files");
    manifest.data_export = files != json.end();
    if (legacy == json.end() && files == json.end()) return std::optional<AwsManifest>();
    const Json& list = manifest.data_export ? *files : *legacy;
    if (!read_files(list, manifest))
      return broken(where, std::string("has ") +
                               (manifest.data_export ? "dataFiles" : "reportKeys") +
                               " that name no files");
    manifest.id = text_field(json, {"assemblyId", "executionId", "execution_id", "executionID"});
    manifest.name = text_field(json, {"reportName", "exportName", "export_name", "name"});
    manifest.account = text_field(json, {"account", "accountId"});
    if (const auto columns = json.find("columns"); columns != json.end())
      read_columns(*columns, manifest);
    if (const auto period = json.find("billingPeriod"); period != json.end()) {
      manifest.billing_period = month_of(period->is_object()   ? text_field(*period, {"start"})
                                         : period->is_string() ? period->get<std::string>()
                                                               : "");
    }
    const std::string when = text_field(
        json, {"executionTime", "executionTimestamp", "deliveredAt", "createdAt", "lastUpdated"});
    if (Instant instant; !when.empty() && parse_instant(when, instant))
      manifest.delivered = instant;
    return std::optional<AwsManifest>(std::move(manifest));
  } catch (const std::exception& problem) {
    return broken(where, std::string("cannot be read: ") + terminal_safe(problem.what()));
  }
}

}  // namespace steelyard
