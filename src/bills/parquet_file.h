// A Parquet file as a relation of typed columns: the engine reads it, and where a writer chose a
// type that cannot hold money (double, text) the value goes through the same parser as a CSV cell,
// so that both exports of one bill give the same lake.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "bills/reading.h"
#include "engine/engine.h"

namespace steelyard {

/// Columns, rows and up to 100 rows of text. SY1206 damaged, SY1215 the footer promises absurdly
/// much for the size of the file.
Result<FileHead> read_parquet_head(Engine& engine, const std::string& path, std::int64_t bytes,
                                   const ReadLimits& limits);

/// `head` is what read_parquet_head said. SY1216 a column cannot become what it is to be.
Result<OpenFile> open_parquet(Engine& engine, FileHead head, const std::string& relation_name,
                              const std::function<Type(const SourceColumn&)>& type_of,
                              const ReadLimits& limits);

}  // namespace steelyard
