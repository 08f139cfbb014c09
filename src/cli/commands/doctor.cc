#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/text.h"
#include "bills/formats.h"
#include "cli/cache.h"
#include "cli/commands.h"
#include "cli/errors.h"
#include "cli/output.h"
#include "cli/session.h"

namespace steelyard {

namespace fs = std::filesystem;

namespace {

struct Finding {
  std::string subject, found;
  bool ok = true;
  std::string advice;
};

Finding folder_space(const std::string& subject, const fs::path& folder) {
  std::error_code error;
  fs::path existing = fs::absolute(folder, error);
  while (!fs::exists(existing, error) && existing.has_relative_path())
    existing = existing.parent_path();
  const fs::space_info space = fs::space(existing, error);
  if (error)
    return {subject, "unknown", false, "cannot ask for the free space of " + existing.string()};
  constexpr std::uint64_t kLittle = 1ULL << 30;
  const bool writable = ::access(existing.c_str(), W_OK) == 0;
  std::string advice;
  if (space.available < kLittle) advice = "less than 1 GiB is free";
  if (!writable) advice = "not writable for this user";
  return {subject, folder.string() + ", " + human_bytes(space.available) + " free", advice.empty(),
          advice};
}

std::vector<Finding> lake_findings(Context& context) {
  auto store = open_store(context);
  if (!store)
    return {
        {"lake", context.lake_folder() + ": none yet", true, "steelyard ingest PATH... makes one"}};
  std::vector<Finding> findings;
  for (const char* name : {"charges", "invoices", "contract_commitments"}) {
    Table table(**store, name);
    auto snapshot = table.snapshot();
    if (!snapshot) {
      findings.push_back(
          {std::string("table ") + name, snapshot.error().what, false, snapshot.error().fix});
      continue;
    }
    if (snapshot->version < 0) continue;
    std::int64_t bytes = 0, missing = 0;
    for (const DataFile& file : snapshot->files) {
      bytes += file.size;
      if (auto info = (*store)->stat(std::string(name) + "/" + file.path);
          !info || info->size != file.size)
        ++missing;
    }
    findings.push_back({std::string("table ") + name,
                        "version " + std::to_string(snapshot->version) + ", " +
                            with_thousands(static_cast<std::int64_t>(snapshot->files.size())) +
                            (snapshot->files.size() == 1 ? " file, " : " files, ") +
                            human_bytes(static_cast<std::uint64_t>(bytes)),
                        missing == 0,
                        missing == 0
                            ? ""
                            : std::to_string(missing) +
                                  " files are missing or of another size: run steelyard check"});
  }
  return findings;
}

Finding cache_finding() {
  const std::string folder = cache_folder();
  if (folder.empty())
    return {"cache", "none", false,
            "set HOME or XDG_CACHE_HOME: without a cache explain cannot find figures"};
  std::error_code error;
  std::int64_t figures = 0;
  for (fs::directory_iterator entry(fs::path(folder) / "figures", error), end;
       !error && entry != end; entry.increment(error))
    ++figures;
  Finding finding = folder_space("cache", folder);
  finding.found += ", " + with_thousands(figures) + " figures remembered";
  return finding;
}

Result<int> run_doctor(Context& context) {
  std::vector<Finding> findings = {
      {"steelyard", STEELYARD_VERSION ", rules " + std::string(kRulesVersion), true, ""},
  };
  auto settings = engine_options(context.common);
  if (!settings) return pass(settings);
  auto engine = open_duckdb(*settings);
  findings.push_back({"engine",
                      "DuckDB " + duckdb_version() + ", " +
                          std::to_string(std::thread::hardware_concurrency()) + " threads, " +
                          human_bytes(settings->memory_bytes) + " memory",
                      engine.has_value(), engine ? "" : engine.error().what});
  for (const Setting& setting : context.settings)
    findings.push_back(
        {"setting " + setting.key, setting.value + ", by " + setting.origin, true, ""});
  findings.push_back(
      folder_space("temporary files", fs::path(settings->temporary_folder).parent_path()));
  findings.push_back(cache_finding());
  findings.push_back(folder_space("lake's disk", context.lake_folder()));
  for (Finding& finding : lake_findings(context)) findings.push_back(std::move(finding));
  Report report;
  report.title = "doctor";
  report.columns = {{"subject", "subject", CellKind::kText},
                    {"found", "found", CellKind::kText},
                    {"ok", "ok", CellKind::kFlag},
                    {"advice", "advice", CellKind::kText}};
  for (Finding& finding : findings) {
    report.rows.push_back({Cell{finding.subject}, Cell{finding.found}, Cell{finding.ok},
                           finding.advice.empty() ? Cell{std::string()} : Cell{finding.advice}});
    report.findings = report.findings || !finding.ok;
  }
  if (Status shown = show(context, report); !shown) return pass(shown);
  return report.findings ? kExitFindings : kExitOk;
}

}  // namespace

Command doctor_command(CommonOptions&) {
  Command command;
  command.name = "doctor";
  command.summary =
      "Is everything that Steelyard needs in order: versions, disk, memory, cache, lake.";
  command.description =
      "Looks at the engine, the folders for temporary files and the cache, and at whether the "
      "files that the newest version names are "
      "there. Does not read them: that is check. Ends with exit code 1 when something is wrong.";
  command.groups = {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine};
  command.examples = {{"steelyard doctor", "when something seems wrong"},
                      {"steelyard doctor --lake=/data/lake -o json", "for a report of a fault"}};
  command.see_also = {"check", "version"};
  command.run = run_doctor;
  return command;
}

}  // namespace steelyard
