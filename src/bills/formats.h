// Formats: what kind of bill a file is, what its columns mean, and how they become FOCUS 1.4.
// A Mapping is data: for each column of the lake one SQL expression over the typed source columns.
// It adds nothing and loses nothing: every source column is mapped to a FOCUS column, or kept under
// its own name with x_.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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
  std::string id;  ///< "focus-1.0" ... "focus-1.4", "aws-cur-legacy", "aws-cur-2.0"
  Dataset dataset = Dataset::kCharges;
  bool operator==(const Format&) const = default;
};

/// A column of a FOCUS dataset: the schema is data, for documentation, checks and readers alike.
struct FocusColumn {
  std::string_view name;
  Type type;          ///< kText, kDecimal, kInstant, kTextMap (Tags only); JSON objects stay kText
  unsigned versions;  ///< bit n: present in FOCUS 1.n
  bool mandatory;     ///< in 1.0-1.4: a file without it is refused (SY1221)
  bool nullable;      ///< in 1.4
};
/// The columns of FOCUS 1.4 in the order of the specification (by name; 65 for charges), then those
/// that 1.4 removed.
std::span<const FocusColumn> focus_columns(Dataset dataset);
/// The bit of FocusColumn::versions that makes a column one of the lake's.
inline constexpr unsigned kFocus14 = 1u << 4;

/// Version of the mapping rules; part of the evidence of each delivery.
inline constexpr std::string_view kRulesVersion = "1";

/// By the columns present (docs/reference/formats.md): SY1220 when it is none of them, naming the
/// nearest and what is missing; `forced` ("--format") overrides. SY1221 mandatory column missing,
/// SY1222 unknown version or format name.
Result<Format> detect_format(const FileHead& head, std::string_view forced = {});

/// The type each source column must be read as.
Type source_type(const Format& format, const SourceColumn& column);

struct MappedColumn {
  SchemaField field;  ///< name and type in the lake
  std::string sql;    ///< over the columns of OpenFile::from
};
/// Money of the source that a rule leaves out of a cost on purpose: in = out + the sum of its
/// residuals, to the last digit.
struct NamedResidual {
  std::string name;    ///< "savings plan negation"
  std::string column;  ///< FOCUS cost column
  std::string sql;     ///< decimal over the source columns, on rows with x_part = 0
};
struct Mapping {
  Format format;
  std::vector<MappedColumn>
      columns;  ///< FOCUS columns of 1.4 in the order of focus_columns(), then x_ columns by name;
                ///< no partition columns, none of reading's
  std::string expand;  ///< "" or SQL over the source columns that gives the parts of a row: [0], or
                       ///< [0, 1] where a derived row (the unused part of a commitment) follows it.
                       ///< Read the source through source_relation(): its "x_part" is 0 for source
                       ///< rows, of which none is lost or doubled, and 1 for derived rows
  std::string provider_name;  ///< constant provider or "" when rows say it
  /// FOCUS cost column -> decimal SQL over the source columns whose sum over the source rows
  /// (x_part = 0) must equal the sum of the mapped column over all rows, plus the named residuals.
  /// For FOCUS sources it is the column itself. For AWS CUR, BilledCost is (net) unblended cost and
  /// EffectiveCost the amortised cost as AWS's own dashboards define it, written apart from the row
  /// rules so that each proves the other.
  std::vector<std::pair<std::string, std::string>> control_in;
  std::vector<NamedResidual> residuals;
};
/// What the mapped columns are selected from: `from` itself, or with x_part when the mapping
/// derives rows. A streaming step, not a join.
std::string source_relation(const Mapping& mapping, std::string_view from);

/// Column names as the source has them, also in the other spellings that docs/reference/formats.md
/// lists (lower case, snake case, aliases).
Result<Mapping> map_to_focus(const Format& format, const std::vector<ColumnSpec>& columns);

/// One delivery: files of one source and one scope that came together.
struct Delivery {
  std::string source;  ///< "" = derive from content
  std::optional<Format> format;
  std::vector<std::string> files;    ///< absolute paths, sorted
  std::string manifest;              ///< path or ""
  std::string delivery_id;           ///< the provider's (assembly, execution) or ""
  std::optional<Instant> delivered;  ///< the provider's time of delivery when it tells
  std::string billing_period;        ///< "2026-07" or "" = from content
  std::vector<std::string> columns;  ///< that the manifest promises; empty = unknown
  std::int64_t manifest_rows = -1;
  std::string scope;  ///< deliveries of equal scope are of the same charges: a later one replaces
                      ///< an earlier
};

/// Sorts what the paths name (files, folders, globs, S3-style layouts on disk) into deliveries. AWS
/// manifests, legacy and 2.0, create-new and overwrite, are the commit record: only the files they
/// name are read; data without a finished manifest is left out with a note. Files that are not
/// bills are left out with a note. SY1230 path does not exist, SY1231 no permission, SY1232
/// manifest and files disagree (which files, what is missing), SY1233 nothing to read.
struct Discovery {
  std::vector<Delivery> deliveries;  ///< by source, period, time of delivery
  std::vector<std::string> notes;
};
/// What is known of a delivery whose manifest and files disagree.
struct PartialDelivery {
  std::string account, billing_period;
  std::vector<std::string> files;  ///< those that are there
};
/// With SY1232 `partial` tells what is there, when it is asked for.
Result<Discovery> discover(const std::vector<std::string>& paths,
                           std::string_view forced_format = {}, PartialDelivery* partial = nullptr);
/// Of each scope the last delivery: what one reads to know today's figures without a lake.
std::vector<Delivery> newest_of_each_scope(const std::vector<Delivery>& deliveries);

}  // namespace steelyard
