// Which format a file is in: by its columns, never by its name.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "bills/focus_schema.h"
#include "bills/formats.h"
#include "bills/map_aws_cur.h"

namespace steelyard {
namespace {

constexpr std::array<std::string_view, 7> kFormats = {"focus-1.0",  "focus-1.1", "focus-1.2",
                                                      "focus-1.3",  "focus-1.4", "aws-cur-legacy",
                                                      "aws-cur-2.0"};

std::string list_of(const std::vector<std::string>& names, std::size_t limit = 12) {
  std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(limit, names.size())));
  for (std::string& name : shown) name = terminal_safe(name);
  std::string out = join(shown, ", ");
  if (names.size() > limit) out += " and " + std::to_string(names.size() - limit) + " more";
  return out;
}

/// "BilledCost (is `BiledCost` meant?)" for each missing column.
std::vector<std::string> with_near_misses(const std::vector<std::string>& missing,
                                          const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& column : missing) {
    const std::string near = nearest(column, names);
    out.push_back(near.empty() || folded(near) == folded(column)
                      ? column
                      : column + " (is `" + near + "` meant?)");
  }
  return out;
}

tl::unexpected<Error> missing_columns(const FileHead& head, const std::string& format,
                                      const std::vector<std::string>& missing,
                                      const std::vector<std::string>& names,
                                      const std::string& fix) {
  Error error{"SY1221",
              "the file looks like " + format + " but lacks " +
                  (missing.size() == 1 ? "a mandatory column: " : "mandatory columns: ") +
                  list_of(with_near_misses(missing, names), 30),
              head.path,
              fix,
              {}};
  return fail(std::move(error));
}

/// Without these no row of charges means anything, whatever the user forces.
std::vector<std::string> essential_missing(Dataset dataset, const std::vector<std::string>& names) {
  std::vector<std::string> missing;
  if (dataset != Dataset::kCharges) return missing;
  const std::vector<int> match = match_focus_columns(dataset, names);
  for (const std::string_view name :
       {"BilledCost", "EffectiveCost", "BillingCurrency", "BillingPeriodStart", "ChargeCategory",
        "ChargePeriodStart"}) {
    if (match[*focus_position(dataset, name)] < 0) missing.emplace_back(name);
  }
  return missing;
}

}  // namespace

Result<Format> detect_format(const FileHead& head, std::string_view forced) {
  std::vector<std::string> names;
  for (const SourceColumn& column : head.columns) names.push_back(column.name);
  const FocusGuess focus = guess_focus(names);
  const std::string_view cur = guess_aws_cur(names);

  if (!forced.empty() && forced != "focus" && forced != "aws-cur") {
    if (std::find(kFormats.begin(), kFormats.end(), forced) == kFormats.end()) {
      std::vector<std::string> known(kFormats.begin(), kFormats.end());
      const std::string near = nearest(forced, known);
      return fail("SY1222",
                  "there is no format `" + terminal_safe(forced) + "`" +
                      (near.empty() ? "" : "; is " + near + " meant?"),
                  {}, "the formats are " + join(known, ", "));
    }
    if (forced.starts_with("aws-cur")) {
      if (const auto missing = missing_aws_cur(names); !missing.empty())
        return missing_columns(head, std::string(forced), missing, names,
                               "add these columns to the export");
      return Format{std::string(forced), Dataset::kCharges};
    }
    if (const auto missing = essential_missing(focus.dataset, names); !missing.empty())
      return missing_columns(head, std::string(forced), missing, names,
                             "without these columns no row can be read; add them to the export");
    return Format{std::string(forced), focus.dataset};
  }

  if (!cur.empty() && forced != "focus") {
    if (const auto missing = missing_aws_cur(names); !missing.empty())
      return missing_columns(head, std::string(cur), missing, names,
                             "add these columns to the query of the export");
    return Format{std::string(cur), Dataset::kCharges};
  }
  // A few shared names (Tags, Region, ServiceName) do not make a file FOCUS: it must name its money
  // or its own key.
  const std::vector<int> charges = match_focus_columns(Dataset::kCharges, names);
  const auto has = [&](std::string_view name) {
    return charges[*focus_position(Dataset::kCharges, name)] >= 0;
  };
  const bool like_charges = focus.dataset == Dataset::kCharges && has("BilledCost") &&
                            (has("ChargeCategory") || has("BillingPeriodStart"));
  if (focus.missing.empty() || like_charges) {
    const std::string id = "focus-1." + std::to_string(focus.minor);
    if (!focus.missing.empty())
      return missing_columns(
          head, id, focus.missing, names,
          focus.dataset == Dataset::kCharges && essential_missing(focus.dataset, names).empty()
              ? "ask the provider for a complete export, or read it with --format=" + id +
                    ", which leaves these columns empty"
              : "ask the provider for a complete export");
    return Format{id, focus.dataset};
  }
  const bool some = focus.matched > 0 && focus.missing.size() < 12;
  Error error{"SY1220",
              "the columns are of no format that is read here",
              head.path,
              "the formats are FOCUS 1.0 to 1.4 and AWS Cost and Usage Reports, legacy and 2.0",
              {}};
  if (some) {
    error.notes.push_back("nearest is FOCUS " + std::string(table_of(focus.dataset)) +
                          "; it would also need " +
                          list_of(with_near_misses(focus.missing, names)));
  }
  error.notes.push_back("the file has " + std::to_string(names.size()) +
                        " columns: " + list_of(names));
  return fail(std::move(error));
}

Type source_type(const Format& format, const SourceColumn& column) {
  if (format.id.starts_with("aws-cur")) return aws_cur_type(column);
  if (const auto at = focus_position(format.dataset, column.name))
    return focus_columns(format.dataset)[*at].type;
  // Own columns of providers: text, so that the same column has the same type in the CSV and the
  // Parquet of an export. AWS's two maps are known.
  const std::string name = folded(column.name);
  if (name == "xdiscounts" || name == "xcostcategories" || column.declared.starts_with("MAP"))
    return Type::kTextMap;
  return Type::kText;
}

}  // namespace steelyard
