// AWS delivery manifests: the commit record of a delivery, written only after all of its files. Two
// kinds: of the legacy Cost and Usage Report (assemblyId, reportKeys) and of Data Exports
// (executionId, dataFiles), both in any field spelling that was seen.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace steelyard {

struct AwsManifest {
  struct File {
    std::string key;                     ///< in the bucket, without "s3://bucket/"
    std::int64_t bytes = -1, rows = -1;  ///< when the manifest tells
  };
  bool data_export = false;
  std::string id;  ///< assembly or execution, or ""
  std::string name, account;
  std::string billing_period;  ///< "2026-07" or ""
  std::optional<Instant> delivered;
  std::vector<std::string> columns;  ///< as the files' header has them
  std::vector<File> files;
};

/// Is this the name of a manifest: "...Manifest.json" in any case.
bool is_manifest_name(std::string_view file_name);

/// Nothing when the text is a JSON object of another kind; SY1232 when it is no JSON (a copy that
/// broke off) or its fields have wrong types.
Result<std::optional<AwsManifest>> parse_aws_manifest(std::string_view text,
                                                      const std::string& where);

/// "2026-07-05T11-47-29Z", "20260705T114729.000Z", "2026-07-05T11:47:29.218Z-98c6c3d8" (a folder of
/// an execution), "delivered=2026-07-05T00:00Z".
std::optional<Instant> time_in_path_part(std::string_view part);

/// "BILLING_PERIOD=2026-07", "billing_period=2026-07", "x_BillingPeriod=2026-07",
/// "20260701-20260801" -> "2026-07"; else "".
std::string period_in_path_part(std::string_view part);

}  // namespace steelyard
