#include "cli/parquet.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <mutex>

#include "base/text.h"
#include "engine/engine.h"

namespace steelyard {

namespace {

Type type_of(CellKind kind) {
  switch (kind) {
    case CellKind::kMoney:
    case CellKind::kChange:
    case CellKind::kSaving:
    case CellKind::kQuantity:
      return Type::kDecimal;
    case CellKind::kCount:
      return Type::kInt64;
    case CellKind::kShare:
      return Type::kDouble;
    case CellKind::kInstant:
      return Type::kInstant;
    case CellKind::kFlag:
      return Type::kBool;
    case CellKind::kText:
    case CellKind::kSeries:
      return Type::kText;
  }
  return Type::kText;
}

void set_cell(ColumnWriter& writer, std::size_t row, Type type, const Cell& cell) {
  if (const auto* decimal = std::get_if<Decimal>(&cell.value);
      decimal != nullptr && type == Type::kDecimal) {
    return writer.set_units(row, decimal->units);
  }
  if (const auto* count = std::get_if<std::int64_t>(&cell.value);
      count != nullptr && type == Type::kInt64) {
    return writer.set_integer(row, *count);
  }
  if (const auto* number = std::get_if<double>(&cell.value);
      number != nullptr && type == Type::kDouble) {
    return writer.set_real(row, *number);
  }
  if (const auto* flag = std::get_if<bool>(&cell.value); flag != nullptr && type == Type::kBool) {
    return writer.set_bool(row, *flag);
  }
  Instant instant;
  if (type == Type::kInstant && parse_instant(cell.text(), instant))
    return writer.set_integer(row, instant.micros);
  if (type == Type::kText && !cell.is_null()) return writer.set_text(row, cell.text());
  writer.set_null(row);
}

/// The rows of a report, handed out in batches to one worker after another.
class ReportSource : public RowSource {
 public:
  explicit ReportSource(const Report& report) : report_(report) {
    for (const ReportColumn& column : report.columns)
      columns_.push_back({column.name, type_of(column.kind)});
    const bool named = std::any_of(columns_.begin(), columns_.end(),
                                   [](const ColumnSpec& c) { return c.name == "currency"; });
    if (!named && report.provenance.currencies.size() == 1)
      columns_.push_back({"currency", Type::kText});
  }
  const std::vector<ColumnSpec>& columns() const override { return columns_; }
  Status restart() override {
    next_ = 0;
    return {};
  }
  Result<std::unique_ptr<Worker>> make_worker(std::span<const std::size_t> projection) override {
    return std::make_unique<Reader>(*this,
                                    std::vector<std::size_t>(projection.begin(), projection.end()));
  }

 private:
  class Reader : public Worker {
   public:
    Reader(ReportSource& source, std::vector<std::size_t> projection)
        : source_(source), projection_(std::move(projection)) {}
    Result<std::size_t> fill(std::span<ColumnWriter* const> columns) override {
      std::size_t from, to;
      {
        const std::lock_guard lock(source_.mutex_);
        from = source_.next_;
        to = std::min(source_.report_.rows.size(), from + kBatchRows);
        source_.next_ = to;
      }
      for (std::size_t r = from; r < to; ++r) {
        for (std::size_t i = 0; i < projection_.size(); ++i) {
          const std::size_t c = projection_[i];
          const bool own = c < source_.report_.columns.size();
          set_cell(
              *columns[i], r - from, source_.columns_[c].type,
              own ? source_.report_.rows[r][c] : Cell{source_.report_.provenance.currencies[0]});
        }
      }
      return to - from;
    }

   private:
    ReportSource& source_;
    std::vector<std::size_t> projection_;
  };

  const Report& report_;
  std::vector<ColumnSpec> columns_;
  std::mutex mutex_;
  std::size_t next_ = 0;
};

}  // namespace

Status write_parquet(const Report& report, const std::string& provenance, const std::string& path) {
  EngineOptions options;
  options.threads = 1;  // one thread: the rows keep their order
  auto engine = open_duckdb(options);
  if (!engine) return fail(engine.error());
  if (Status added = (*engine)->add_source("report", std::make_shared<ReportSource>(report));
      !added)
    return added;
  const std::string temporary = path + "." + std::to_string(::getpid()) + ".part";
  auto written = (*engine)->run("COPY (SELECT * FROM report()) TO " + sql_literal(temporary) +
                                " (FORMAT parquet, COMPRESSION zstd, KV_METADATA {steelyard: " +
                                sql_literal(provenance) + "})");
  if (!written) {
    ::unlink(temporary.c_str());
    Error error = written.error();
    return fail("SY1607", "cannot write " + path, path, error.what);
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    ::unlink(temporary.c_str());
    return fail("SY1607", "cannot write " + path, path,
                "look at the folder, its permissions and the disk");
  }
  return {};
}

}  // namespace steelyard
