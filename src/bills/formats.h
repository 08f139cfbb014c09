// Formats: what kind of bill a file is, what its columns mean, and how they become FOCUS 1.4.
// A Mapping is data: for each column of the lake one SQL expression over the typed source columns. It adds nothing and loses nothing:
// every source column is mapped to a FOCUS column, or kept under its own name with x_.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bills/reading.h"
#include "lake/lake.h"

namespace steelyard {

enum class Dataset { kCharges, kInvoices, kContractCommitments, kBillingPeriods };
/// The lake's table: "charges", "invoices", "contract_commitments", "billing_periods".
std::string_view table_of(Dataset dataset);

struct Format {
  std::string id;                    ///< "focus-1.0" ... "focus-1.4", "aws-cur-legacy", "aws-cur-2.0"
  Dataset dataset = Dataset::kCharges;
  bool operator==(const Format&) const = default;
};

/// A column of a FOCUS dataset: the schema is data, for documentation, checks and readers alike.
struct FocusColumn {
  std::string_view name;
  Type type;                         ///< kText, kDecimal, kInstant, kTextMap (Tags only); JSON objects stay kText
  unsigned versions;                 ///< bit n: present in FOCUS 1.n
  bool mandatory;                    ///< in 1.0-1.4: a file without it is refused (SY1221)
  bool nullable;                     ///< in 1.4
};
std::span<const FocusColumn> focus_columns(Dataset dataset);

/// Version of the mapping rules; part of the evidence of each delivery.
inline constexpr std::string_view kRulesVersion = "1";

/// By the columns present (formats.md 1.2): SY1220 when it is none of them, naming the nearest and what is missing; `forced` ("--format")
/// overrides. SY1221 mandatory column missing, SY1222 unknown version or format name.
Result<Format> detect_format(const FileHead& head, std::string_view forced = {});

/// The type each source column must be read as.
Type source_type(const Format& format, const SourceColumn& column);

struct MappedColumn {
  SchemaField field;                 ///< name and type in the lake
  std::string sql;                   ///< over the columns of OpenFile::from
};
struct Mapping {
  Format format;
  std::vector<MappedColumn> columns; ///< FOCUS columns first, in the order of focus_columns(), then x_ columns by name; no partition columns
  std::string expand;                ///< "" or a lateral join that makes further rows (the unused part of a commitment): `x_part` is 0 for source rows
  std::string provider_name;         ///< constant provider or "" when rows say it
};
/// Column names as the source has them, also in the other spellings that formats.md lists (lower case, snake case, aliases).
Result<Mapping> map_to_focus(const Format& format, const std::vector<ColumnSpec>& columns);

/// One delivery: files of one source and one scope that came together.
struct Delivery {
  std::string source;                ///< "" = derive from content
  std::optional<Format> format;
  std::vector<std::string> files;    ///< absolute paths, sorted
  std::string manifest;              ///< path or ""
  std::string delivery_id;           ///< the provider's (assembly, execution) or ""
  std::optional<Instant> delivered;  ///< the provider's time of delivery when it tells
  std::string billing_period;        ///< "2026-07" or "" = from content
  std::vector<std::string> columns;  ///< that the manifest promises; empty = unknown
  std::int64_t manifest_rows = -1;
};

/// Sorts what the paths name (files, folders, globs, S3-style layouts on disk) into deliveries. AWS manifests, legacy and 2.0, create-new and
/// overwrite, are the commit record: only the files they name are read; data without a finished manifest is left out with a note. Files that are
/// not bills are left out with a note. SY1230 path does not exist, SY1231 no permission, SY1232 manifest and files disagree (which files,
/// what is missing), SY1233 nothing to read.
struct Discovery {
  std::vector<Delivery> deliveries;  ///< by source, period, time of delivery
  std::vector<std::string> notes;
};
Result<Discovery> discover(const std::vector<std::string>& paths, std::string_view forced_format = {});

}  // namespace steelyard
