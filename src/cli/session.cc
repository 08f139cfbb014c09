#include "cli/session.h"

#include <algorithm>

#include <unistd.h>

#include <filesystem>

#include "base/text.h"
#include "bills/ingest.h"
#include "cli/progress.h"

namespace steelyard {

namespace fs = std::filesystem;

namespace {

std::string absolute_path(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  return error ? path : absolute.string();
}

/// Hashes what the cache does not know yet. SY1310.
Status verify(const Context& context, Store& store, const Table& table, const Snapshot& snapshot) {
  const std::unique_ptr<VerificationCache> cache = open_verification_cache();
  Progress progress(context.common, "verify");
  return verify_files(store, table, snapshot, cache.get(),
                      [&](std::int64_t done, std::int64_t all) {
                        progress.report({.phase = "hashing", .done = done, .all = all});
                      });
}

}  // namespace

Result<EngineOptions> engine_options(const CommonOptions& common) {
  EngineOptions options;
  if (common.threads) {
    if (*common.threads < 1 || *common.threads > 1024) {
      return bad_value("--threads", std::to_string(*common.threads), "a number from 1 to 1024");
    }
    options.threads = static_cast<int>(*common.threads);
  }
  if (!common.memory.empty()) {
    Result<std::uint64_t> bytes = parse_bytes(common.memory, "--memory");
    if (!bytes) return pass(bytes);
    options.memory_bytes = *bytes;
  }
  std::error_code error;
  const fs::path temporary = fs::temp_directory_path(error);
  if (!error)
    options.temporary_folder = (temporary / ("steelyard-" + std::to_string(::getpid()))).string();
  return options;
}

Result<std::unique_ptr<Store>> open_store(const Context& context) {
  const std::string folder = context.lake_folder();
  std::error_code error;
  bool any = false;
  for (const char* table : {"charges", "invoices", "contract_commitments"}) {
    any = any || fs::is_directory(fs::path(folder) / table / "_delta_log", error);
  }
  if (!any) {
    return fail("SY1608", "there is no lake in " + folder, absolute_path(folder),
                "steelyard ingest PATH... makes one; --lake=DIR names another place");
  }
  return local_store(absolute_path(folder));
}

Result<std::optional<std::int64_t>> version_as_of(const Context& context, Store& store) {
  std::string text = context.common.as_of;
  if (text.empty()) return std::optional<std::int64_t>();
  if (text[0] == 'v') text.erase(0, 1);
  if (!text.empty() && text.size() < 16 &&
      text.find_first_not_of("0123456789") == std::string::npos) {
    return std::optional<std::int64_t>(std::stoll(text));
  }
  Instant instant;
  if (!parse_instant(text, instant)) {
    return bad_value("--as-of", context.common.as_of,
                     "a version such as 41 or v41, a day such as 2026-07-31, or a time");
  }
  // A day means all that was known when it ended.
  if (text.size() <= 10) instant.micros += 86'400'000'000LL - 1;
  Result<std::int64_t> version = Table(store, "charges").version_at(instant);
  if (!version) return pass(version);
  return std::optional<std::int64_t>(*version);
}

Result<Session> open_lake(const Context& context, ViewOptions options) {
  Session session;
  auto store = open_store(context);
  if (!store) return pass(store);
  session.store = std::move(*store);
  options.lake = context.lake_folder();
  if (!options.version) {
    auto version = version_as_of(context, *session.store);
    if (!version) return pass(version);
    options.version = *version;
  }
  auto engine_settings = engine_options(context.common);
  if (!engine_settings) return pass(engine_settings);
  auto engine = open_duckdb(*engine_settings);
  if (!engine) return pass(engine);
  session.engine = std::move(*engine);
  auto charges = open_charges(*session.engine, *session.store, options);
  if (!charges) {
    // What cannot be opened may be damaged: then the file that differs is the answer, not the
    // engine's words about it.
    Table table(*session.store, "charges");
    if (auto snapshot = table.snapshot(options.version); snapshot) {
      Status verified = verify(context, *session.store, table, *snapshot);
      if (!verified) return pass(verified);
    }
    return pass(charges);
  }
  session.charges = std::move(*charges);
  Snapshot read;
  read.version = session.charges.version;
  read.files = session.charges.files;
  Status verified = verify(context, *session.store, Table(*session.store, "charges"), read);
  if (!verified) return pass(verified);
  session.source.lake = absolute_path(context.lake_folder());
  return session;
}

Result<std::vector<std::string>> open_tables(const Context& context, Session& session) {
  if (session.store == nullptr) return std::vector<std::string>();
  return open_other_tables(*session.engine, *session.store,
                           [&](const Table& table, const Snapshot& snapshot) {
                             return verify(context, *session.store, table, snapshot);
                           });
}

Result<Session> open_files(const Context& context, const std::vector<std::string>& paths,
                           const std::string& format) {
  Session session;
  auto engine_settings = engine_options(context.common);
  if (!engine_settings) return pass(engine_settings);
  auto engine = open_duckdb(*engine_settings);
  if (!engine) return pass(engine);
  session.engine = std::move(*engine);
  for (const std::string& path : paths) session.source.files.push_back(absolute_path(path));
  session.source.format = format;
  auto view = open_files_as_charges(*session.engine, session.source.files, format, ReadLimits{});
  if (!view) return pass(view);
  session.view = std::move(*view);
  session.charges = charges_of_files(session.view, join(paths, " "));
  return session;
}

Result<Session> open_either(const Context& context, const std::vector<std::string>& paths,
                            const std::string& format, ViewOptions options) {
  if (paths.empty()) return open_lake(context, std::move(options));
  if (!context.common.as_of.empty())
    return fail("SY1605", "--as-of is for the lake, not for files", "", "leave one out");
  return open_files(context, paths, format);
}

Status add_lake(const Context& context, Session& session, ReconcileQuestion& question) {
  auto tables = open_tables(context, session);
  if (!tables) return pass(tables);
  question.have_invoices_view =
      std::find(tables->begin(), tables->end(), "invoices") != tables->end();
  auto history = all_deliveries(*session.store, session.charges.version);
  if (!history) return pass(history);
  question.history = std::move(*history);
  return {};
}

Result<std::optional<Period>> optional_period(const Context& context, const std::string& text) {
  if (text.empty()) return std::optional<Period>();
  Result<Date> today = context.today();
  if (!today) return pass(today);
  Result<int> fiscal_year = fiscal_start(context.common);
  if (!fiscal_year) return pass(fiscal_year);
  Result<Period> period = parse_period(text, *today, *fiscal_year);
  if (!period) return pass(period);
  return std::optional<Period>(*period);
}

}  // namespace steelyard
