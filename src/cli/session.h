// A session: an engine with the charges of a lake's version, or of files, under a name. A lake's
// figure is shown only after the files behind it were found to be those that the log names.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/cache.h"
#include "cli/command.h"
#include "engine/engine.h"
#include "ledger/reconcile.h"
#include "ledger/views.h"
#include "store/store.h"

namespace steelyard {

struct Session {
  std::unique_ptr<Store> store;  ///< nullptr for files
  std::unique_ptr<Engine> engine;
  FilesView view;  ///< of files
  Charges charges;
  FigureSource source;
};

/// By --threads and --memory.
Result<EngineOptions> engine_options(const CommonOptions& common);
/// The lake's store. SY1608 when there is no lake.
Result<std::unique_ptr<Store>> open_store(const Context& context);
/// The version of the table `charges` that --as-of means; nothing without it.
Result<std::optional<std::int64_t>> version_as_of(const Context& context, Store& store);

/// Opens and verifies; `options.lake` and `options.version` are filled in here unless the version
/// is given.
Result<Session> open_lake(const Context& context, ViewOptions options);
Result<Session> open_files(const Context& context, const std::vector<std::string>& paths,
                           const std::string& format);
/// Files when there are any, else the lake.
Result<Session> open_either(const Context& context, const std::vector<std::string>& paths,
                            const std::string& format, ViewOptions options);
/// The lake's other tables as views, verified as well; returns their names. None for files.
Result<std::vector<std::string>> open_tables(const Context& context, Session& session);

/// Adds what a lake knows beside its charges: its other tables and its earlier deliveries.
Status add_lake(const Context& context, Session& session, ReconcileQuestion& question);

/// "2026-07" -> a period; nothing for "". SY1010.
Result<std::optional<Period>> optional_period(const Context& context, const std::string& text);

}  // namespace steelyard
