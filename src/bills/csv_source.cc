#include "bills/csv_source.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/assert.h"
#include "base/text.h"
#include "base/time.h"
#include "bills/cell.h"
#include "bills/csv_blocks.h"
#include "bills/csv_map.h"
#include "bills/csv_scan.h"
#include "money/decimal.h"

namespace steelyard {
namespace {

constexpr std::size_t kChunkRows =
    256;  // the bytes of so many records stay in a core's cache while columns are converted
constexpr std::size_t kRejectedKept = 100;

/// Instants repeat in a bill (the same hours for thousands of rows): the last text of each of 256
/// kinds is remembered.
class InstantCache {
 public:
  bool parse(std::string_view text, std::int64_t& micros) {
    if (text.size() < 16 || text.size() > kBytes) {
      Instant instant;
      const bool good = parse_instant(text, instant);
      micros = instant.micros;
      return good;
    }
    std::uint64_t a, b;
    std::memcpy(&a, text.data(), 8);
    std::memcpy(&b, text.data() + 8, 8);
    const std::uint64_t mixed = (a ^ (b * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL;
    Entry& entry = entries_[mixed >> 56];
    if (entry.size == text.size() && std::memcmp(entry.text, text.data(), text.size()) == 0) {
      micros = entry.micros;
      return true;
    }
    Instant instant;
    if (!parse_instant(text, instant)) return false;
    entry.size = static_cast<std::uint8_t>(text.size());
    std::memcpy(entry.text, text.data(), text.size());
    micros = entry.micros = instant.micros;
    return true;
  }

 private:
  static constexpr std::size_t kBytes = 31;
  struct Entry {
    std::int64_t micros = 0;
    char text[kBytes];
    std::uint8_t size = 0;
  };
  std::array<Entry, 256> entries_;
};

/// A scan's figures, gathered by each worker and handed over block by block.
struct Counts {
  std::int64_t rows = 0, rounded = 0, repeated_headers = 0, unread_maps = 0;
};

/// A column to be converted. `writer` is its place among the engine's writers, or kCheckOnly.
constexpr std::size_t kCheckOnly = ~static_cast<std::size_t>(0);
struct Slot {
  std::size_t column = 0;
  Type type = Type::kText;
  std::size_t writer = kCheckOnly;
  bool counts = true;  ///< false for the second copy of a column, whose cells were counted
  std::unique_ptr<InstantCache> instants;
};

struct Row {
  const std::uint32_t* ends = nullptr;  ///< of its cells
  std::uint32_t begin = 0;
  std::int64_t line = 0;
};

/// Goes through one block record by record and converts cells; no threads, no input.
class BlockParser {
 public:
  BlockParser(const CsvPlan& plan, std::span<const std::size_t> projection) : plan_(plan) {
    const std::size_t cells = plan.head.names.size();
    std::vector<std::size_t> writer_of(cells + 2, kCheckOnly);
    for (std::size_t i = 0; i < projection.size(); ++i) {
      SY_ASSERT(projection[i] < cells + 2);
      // An engine that asks for a column twice gets the second copy through `copies_`.
      if (writer_of[projection[i]] == kCheckOnly) {
        writer_of[projection[i]] = i;
      } else {
        copies_.push_back({projection[i], i});
      }
    }
    row_writer_ = writer_of[cells];
    notes_writer_ = writer_of[cells + 1];
    const bool check_all = plan.limits.max_rejected_rows > 0;
    const bool all_decimals = notes_writer_ != kCheckOnly;
    for (std::size_t c = 0; c < cells; ++c) {
      const Type type = plan.columns[c].type;
      if (writer_of[c] == kCheckOnly && !check_all && !(all_decimals && type == Type::kDecimal))
        continue;
      slots_.push_back(make_slot(c, type, writer_of[c]));
    }
    for (const auto& [column, writer] : copies_) {
      if (column >= cells) continue;
      slots_.push_back(make_slot(column, plan.columns[column].type, writer));
      slots_.back().counts = false;
    }
  }

  void start(const CsvBlock& block) {
    data_ = block.data.data();
    size_ = block.size;
    index_records(data_, size_, plan_.head.delimiter, index_);
    record_ = 0;
    begin_ = 0;
    line_ = block.first_line;
    check_text_ =
        (!index_.ascii && !is_utf8(data_, size_)) || std::memchr(data_, 0, size_) != nullptr;
  }
  bool at_end() const { return record_ == index_.records.size(); }

  /// Up to `most` records into `rows_`. A record that is none stops it (or is rejected, through
  /// `on_reject`).
  template <class OnReject>
  Status gather(std::size_t most, const OnReject& on_reject) {
    rows_.clear();
    const std::size_t cells = plan_.head.names.size();
    while (rows_.size() < most && !at_end()) {
      const std::uint32_t first = record_ == 0 ? 0 : index_.records[record_ - 1];
      const std::uint32_t count = index_.records[record_] - first;
      const std::uint32_t end = index_.ends[first + count - 1];
      const Row row{index_.ends.data() + first, begin_, line_};
      const std::string_view record(data_ + begin_, end - begin_);
      ++record_;
      begin_ = end + 1;
      line_ += 1;
      if (index_.quoted_newlines > 0) line_ += std::count(record.begin(), record.end(), '\n');
      if (count == 1 && trim(record).empty()) continue;  // blank line
      if (record.size() <= plan_.head.header_record.size() + 1 && is_header(record)) {
        ++counts_.repeated_headers;
        continue;
      }
      ++counts_.rows;
      if (count == cells &&
          static_cast<std::int64_t>(record.size()) <= plan_.limits.max_record_bytes) {
        rows_.push_back(row);
        continue;
      }
      const Trouble trouble = count != cells ? wrong_count(count, record) : too_large_record();
      if (auto go_on = on_reject(row, trouble, std::string_view()); !go_on) return go_on;
    }
    return {};
  }

  /// The first trouble of the gathered rows, by line and column.
  template <class OnTrouble>
  Status check(const OnTrouble& on_trouble) {
    std::size_t kept = 0;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      bool good = true;
      for (Slot& slot : slots_) {
        Trouble trouble;
        if (convert(slot, r, r + 1, 0, nullptr, trouble)) continue;
        good = false;
        if (auto go_on = on_trouble(rows_[r], trouble, plan_.columns[slot.column].name); !go_on)
          return go_on;
        break;
      }
      if (good) rows_[kept++] = rows_[r];
    }
    rows_.resize(kept);
    return {};
  }

  /// Writes the gathered rows from row `to` on. False: a cell does not fit, find it by check().
  bool write(std::span<ColumnWriter* const> writers, std::size_t to) {
    notes_.clear();
    for (Slot& slot : slots_) {
      Trouble trouble;
      ColumnWriter* writer = slot.writer == kCheckOnly ? nullptr : writers[slot.writer];
      counting_ = slot.counts;
      const bool good = convert(slot, 0, rows_.size(), to, writer, trouble);
      counting_ = false;
      if (!good) return false;
    }
    const std::size_t cells = plan_.head.names.size();
    if (row_writer_ != kCheckOnly) write_lines(*writers[row_writer_], to);
    if (notes_writer_ != kCheckOnly) write_notes(*writers[notes_writer_], to);
    for (const auto& [column, writer] : copies_) {
      if (column == cells) write_lines(*writers[writer], to);
      if (column == cells + 1) write_notes(*writers[writer], to);
    }
    return true;
  }

  std::size_t rows() const { return rows_.size(); }
  Counts take_counts() { return std::exchange(counts_, {}); }

 private:
  static Slot make_slot(std::size_t column, Type type, std::size_t writer) {
    Slot slot{column, type, writer, true, nullptr};
    if (type == Type::kInstant) slot.instants = std::make_unique<InstantCache>();
    return slot;
  }

  bool is_header(std::string_view record) const {
    if (record.ends_with('\r')) record.remove_suffix(1);
    return record == plan_.head.header_record;
  }

  Trouble wrong_count(std::uint32_t count, std::string_view record) const {
    return {"SY1213",
            "the record has " + std::to_string(count) + " fields, the header has " +
                std::to_string(plan_.head.names.size()) + ": " + shown(record),
            "look for a line that was cut off, or for a delimiter in a cell without quotes"};
  }
  Trouble too_large_record() const {
    return {"SY1215",
            "the record is larger than " + std::to_string(plan_.limits.max_record_bytes) + " bytes",
            "look for a quote which is never closed"};
  }

  std::string_view raw_cell(const Row& row, std::size_t column) const {
    const std::uint32_t begin = column == 0 ? row.begin : row.ends[column - 1] + 1;
    std::uint32_t end = row.ends[column];
    if (column + 1 == plan_.head.names.size() && end > begin && data_[end - 1] == '\r') --end;
    return {data_ + begin, end - begin};
  }

  /// The cell's text without quotes; false with the trouble.
  bool text_of(const Row& row, std::size_t column, std::string_view& text, Trouble& trouble) {
    const std::string_view raw = raw_cell(row, column);
    if (static_cast<std::int64_t>(raw.size()) > plan_.limits.max_cell_bytes) [[unlikely]] {
      trouble = {
          "SY1215",
          "the cell is larger than " + std::to_string(plan_.limits.max_cell_bytes) + " bytes",
          "look for a quote which is never closed"};
      return false;
    }
    if (raw.empty() || raw.front() != '"') {
      text = raw;
      return true;
    }
    if (plain_quoted(raw)) {
      text = raw.substr(1, raw.size() - 2);
      return true;
    }
    if (cell_text(raw, scratch_, text)) return true;
    trouble = {"SY1214", "text follows a closing quote: " + shown(raw),
               "double the quotes that are part of the text"};
    return false;
  }

  bool good_text(std::string_view text, Trouble& trouble) const {
    if (!check_text_) return true;
    if (std::memchr(text.data(), 0, text.size()) != nullptr) {
      trouble = {"SY1212", "the cell holds a NUL byte: " + shown(text),
                 "the file is damaged: download it again"};
      return false;
    }
    if (is_utf8(text.data(), text.size())) return true;
    trouble = {"SY1212", "the text is not UTF-8: " + shown(text), "save the file as UTF-8"};
    return false;
  }

  /// Converts rows [from, until) of one column; writes to `to` and on when there is a writer.
  bool convert(Slot& slot, std::size_t from, std::size_t until, std::size_t to,
               ColumnWriter* writer, Trouble& trouble) {
    switch (slot.type) {
      case Type::kDecimal:
        return convert_decimals(slot, from, until, to, writer, trouble);
      case Type::kInstant:
        return each(slot, from, until, to, writer, trouble,
                    [&](std::size_t at, std::string_view text) {
                      std::int64_t micros = 0;
                      if (!slot.instants->parse(trim_blanks(text), micros)) {
                        trouble = not_a_time(text);
                        return false;
                      }
                      if (writer != nullptr) writer->set_integer(at, micros);
                      return true;
                    });
      case Type::kInt64:
        return each(slot, from, until, to, writer, trouble,
                    [&](std::size_t at, std::string_view text) {
                      std::int64_t value = 0;
                      if (!parse_integer(text, value)) {
                        trouble = not_a_whole_number(text);
                        return false;
                      }
                      if (writer != nullptr) writer->set_integer(at, value);
                      return true;
                    });
      case Type::kBool:
        return each(slot, from, until, to, writer, trouble,
                    [&](std::size_t at, std::string_view text) {
                      bool value = false;
                      if (!parse_bool(text, value)) {
                        trouble = not_a_bool(text);
                        return false;
                      }
                      if (writer != nullptr) writer->set_bool(at, value);
                      return true;
                    });
      case Type::kDouble:
        return each(slot, from, until, to, writer, trouble,
                    [&](std::size_t at, std::string_view text) {
                      text = trim_blanks(text);
                      double value = 0;
                      const auto [end, error] =
                          std::from_chars(text.data(), text.data() + text.size(), value);
                      if (error != std::errc() || end != text.data() + text.size()) {
                        trouble = not_a_number(text, ParseOutcome::kNotNumber);
                        return false;
                      }
                      if (writer != nullptr) writer->set_real(at, value);
                      return true;
                    });
      case Type::kTextMap:
        return each(slot, from, until, to, writer, trouble,
                    [&](std::size_t at, std::string_view text) {
                      if (!good_text(text, trouble)) return false;
                      if (writer == nullptr) return true;
                      if (!map_.read(text) && counting_) ++counts_.unread_maps;
                      writer->set_map(at, map_.entries());
                      return true;
                    });
      case Type::kText:
      case Type::kOther:
        break;
    }
    return each(slot, from, until, to, writer, trouble, [&](std::size_t at, std::string_view text) {
      if (!good_text(text, trouble)) return false;
      if (writer != nullptr) writer->set_text(at, text);
      return true;
    });
  }

  bool convert_decimals(Slot& slot, std::size_t from, std::size_t until, std::size_t to,
                        ColumnWriter* writer, Trouble& trouble) {
    std::size_t row = from;
    return each(slot, from, until, to, writer, trouble, [&](std::size_t at, std::string_view text) {
      text = trim_blanks(text);
      Decimal value;
      const ParseOutcome outcome = parse_decimal(text, value);
      if (outcome != ParseOutcome::kExact) [[unlikely]] {
        if (outcome != ParseOutcome::kRounded) {
          trouble = not_a_number(text, outcome);
          return false;
        }
        row = at - to + from;
        if (counting_) note_rounded(row, slot.column, text);
      }
      if (writer != nullptr) writer->set_units(at, value.units);
      return true;
    });
  }

  template <class OnText>
  bool each(const Slot& slot, std::size_t from, std::size_t until, std::size_t to,
            ColumnWriter* writer, Trouble& trouble, const OnText& on_text) {
    for (std::size_t r = from; r < until; ++r, ++to) {
      std::string_view text;
      if (!text_of(rows_[r], slot.column, text, trouble)) return false;
      if (is_null_text(text)) {
        if (writer != nullptr) writer->set_null(to);
      } else if (!on_text(to, text)) {
        return false;
      }
    }
    return true;
  }

  void note_rounded(std::size_t row, std::size_t column, std::string_view text) {
    ++counts_.rounded;
    if (notes_writer_ == kCheckOnly) return;
    notes_.resize(rows_.size());
    std::string& note = notes_[row];
    note += note.empty() ? "{" : ",";
    note += json_quote(plan_.columns[column].name) + ":" + json_quote(text);
  }

  void write_lines(ColumnWriter& writer, std::size_t to) {
    for (std::size_t r = 0; r < rows_.size(); ++r) writer.set_integer(to + r, rows_[r].line);
  }
  void write_notes(ColumnWriter& writer, std::size_t to) {
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      if (notes_.empty() || notes_[r].empty()) {
        writer.set_null(to + r);
      } else {
        writer.set_text(to + r, notes_[r] + "}");
      }
    }
  }

  const CsvPlan& plan_;
  std::vector<Slot> slots_;
  std::vector<std::pair<std::size_t, std::size_t>> copies_;
  std::size_t row_writer_ = kCheckOnly, notes_writer_ = kCheckOnly;

  const char* data_ = nullptr;
  std::size_t size_ = 0;
  CsvIndex index_;
  std::size_t record_ = 0;
  std::uint32_t begin_ = 0;
  std::int64_t line_ = 0;
  bool check_text_ = false, counting_ = false;

  std::vector<Row> rows_;
  std::vector<std::string> notes_;
  std::string scratch_;
  MapText map_;
  Counts counts_;
};

Error placed(const CsvPlan& plan, const Row& row, const Trouble& trouble, std::string_view column) {
  std::string where = plan.path + ", line " + std::to_string(row.line);
  if (!column.empty()) where += ", column " + terminal_safe(column);
  return Error{trouble.code, trouble.what, where, trouble.fix, {}};
}

/// One pass over the file. A source that begins again makes a new one; workers of the old one keep
/// theirs.
class Scan {
 public:
  Scan(std::shared_ptr<const CsvPlan> plan, std::unique_ptr<ByteStream> bytes)
      : plan_(std::move(plan)), reader_(plan_->path, std::move(bytes), block_options(*plan_)) {}

  const CsvPlan& plan() const { return *plan_; }
  BlockReader& reader() { return reader_; }
  void retire() {
    const std::lock_guard lock(plan_->outcome->mutex);
    retired_ = true;
  }

  void add(const Counts& counts) {
    const std::lock_guard lock(plan_->outcome->mutex);
    if (retired_) return;
    ReadOutcome& outcome = *plan_->outcome;
    outcome.rows_read += counts.rows;
    outcome.rounded_cells += counts.rounded;
    outcome.repeated_headers += counts.repeated_headers;
    outcome.unread_maps += counts.unread_maps;
  }

  /// Takes note of a row that is left out; fails when there are too many.
  Status reject(const Row& row, const Trouble& trouble, std::string_view column) {
    std::string reason =
        column.empty() ? trouble.what : terminal_safe(column) + ": " + trouble.what;
    const std::lock_guard lock(plan_->outcome->mutex);
    ++rejected_;
    if (first_rejected_.line == 0 || row.line < first_rejected_.line)
      first_rejected_ = {row.line, reason};
    if (!retired_) {
      ReadOutcome& outcome = *plan_->outcome;
      ++outcome.rejected_rows;
      const auto place = std::upper_bound(
          outcome.rejected.begin(), outcome.rejected.end(), row.line,
          [](std::int64_t line, const RejectedRow& other) { return line < other.line; });
      outcome.rejected.insert(place, {row.line, std::move(reason)});
      if (outcome.rejected.size() > kRejectedKept) outcome.rejected.pop_back();
    }
    if (rejected_ <= plan_->limits.max_rejected_rows) return {};
    Error error = placed(*plan_, row, trouble, column);
    error.notes.push_back("more than " + std::to_string(plan_->limits.max_rejected_rows) +
                          " rows would have to be left out; the first: line " +
                          std::to_string(first_rejected_.line) + ", " + first_rejected_.reason);
    return fail(std::move(error));
  }

  /// The error to report when one was found in block `number`: one of an earlier block comes first.
  Error settle(std::int64_t number, Error error, std::span<const std::size_t> projection) {
    if (plan_->limits.max_rejected_rows > 0) return reader_.end_with(std::move(error));
    for (const auto& block : reader_.unfinished_before(number)) {
      BlockParser parser(*plan_, projection);
      parser.start(*block);
      if (auto earlier = check_rest(parser); !earlier)
        return reader_.end_with(std::move(earlier.error()));
    }
    return reader_.end_with(std::move(error));
  }

  /// The first trouble from where the parser is to the end of its block.
  Status check_rest(BlockParser& parser) {
    const auto stop = [&](const Row& row, const Trouble& trouble,
                          std::string_view column) -> Status {
      return fail(placed(*plan_, row, trouble, column));
    };
    while (!parser.at_end()) {
      Status gathered = parser.gather(kChunkRows, stop);
      if (auto checked = parser.check(stop); !checked) return checked;
      if (!gathered) return gathered;
    }
    return {};
  }

 private:
  static BlockOptions block_options(const CsvPlan& plan) {
    BlockOptions options;
    options.delimiter = plan.head.delimiter;
    options.skip_bytes = plan.head.body_offset;
    options.first_line = plan.head.body_line;
    options.block_bytes = plan.block_bytes;
    options.max_record_bytes = plan.limits.max_record_bytes;
    return options;
  }

  const std::shared_ptr<const CsvPlan> plan_;
  // Under the outcome's mutex:
  bool retired_ = false;
  std::int64_t rejected_ = 0;
  RejectedRow first_rejected_;
  BlockReader reader_;
};

class CsvWorker : public RowSource::Worker {
 public:
  CsvWorker(std::shared_ptr<Scan> scan, std::span<const std::size_t> projection)
      : scan_(std::move(scan)),
        projection_(projection.begin(), projection.end()),
        parser_(scan_->plan(), projection) {
    scan_->reader().add_taker();
  }
  ~CsvWorker() override {
    if (block_ != nullptr) scan_->reader().finish(block_);
    scan_->reader().remove_taker();
  }

  Result<std::size_t> fill(std::span<ColumnWriter* const> columns) override {
    if (failure_) return fail(*failure_);
    std::size_t rows = 0;
    while (rows < kBatchRows) {
      if (block_ == nullptr) {
        auto next = scan_->reader().take();
        if (!next) return failed(INT64_MAX, next.error());
        if (*next == nullptr) break;
        block_ = std::move(*next);
        parser_.start(*block_);
      }
      if (auto filled = fill_chunk(columns, rows); !filled)
        return failed(block_->number, filled.error());
      if (parser_.at_end()) {
        scan_->add(parser_.take_counts());
        scan_->reader().finish(block_);
        block_ = nullptr;
      }
    }
    return rows;
  }

 private:
  Status fill_chunk(std::span<ColumnWriter* const> columns, std::size_t& rows) {
    const bool may_reject = scan_->plan().limits.max_rejected_rows > 0;
    const auto on_trouble = [&](const Row& row, const Trouble& trouble,
                                std::string_view column) -> Status {
      if (may_reject) return scan_->reject(row, trouble, column);
      return fail(placed(scan_->plan(), row, trouble, column));
    };
    Status gathered = parser_.gather(std::min(kChunkRows, kBatchRows - rows), on_trouble);
    if (may_reject || !gathered) {
      // Rows before a broken record may be broken too, and then come first.
      if (auto checked = parser_.check(on_trouble); !checked) return checked;
      if (!gathered) return gathered;
    }
    if (!parser_.write(columns, rows)) {
      auto checked = parser_.check(on_trouble);
      SY_ASSERT(!checked);
      return checked;
    }
    rows += parser_.rows();
    return {};
  }

  tl::unexpected<Error> failed(std::int64_t number, const Error& error) {
    failure_ = scan_->settle(number, error, projection_);
    return fail(*failure_);
  }

  std::shared_ptr<Scan> scan_;
  std::vector<std::size_t> projection_;
  BlockParser parser_;
  std::shared_ptr<CsvBlock> block_;
  std::optional<Error> failure_;
};

class CsvSource : public RowSource {
 public:
  explicit CsvSource(CsvPlan plan) : plan_(std::make_shared<const CsvPlan>(std::move(plan))) {}

  const std::vector<ColumnSpec>& columns() const override { return plan_->columns; }

  Result<std::unique_ptr<Worker>> make_worker(std::span<const std::size_t> projection) override {
    const std::lock_guard lock(mutex_);
    if (scan_ == nullptr) {
      auto bytes = open_bytes(plan_->path, plan_->container, plan_->limits);
      if (!bytes) return pass(bytes);
      scan_ = std::make_shared<Scan>(plan_, std::move(*bytes));
    }
    return std::unique_ptr<Worker>(std::make_unique<CsvWorker>(scan_, projection));
  }

  Status restart() override {
    const std::lock_guard lock(mutex_);
    if (scan_ != nullptr) scan_->retire();
    scan_ = nullptr;
    plan_->outcome->begin();
    return {};
  }

  double progress() const override {
    const std::lock_guard lock(mutex_);
    if (scan_ == nullptr || plan_->bytes <= 0) return 0;
    const double done = static_cast<double>(scan_->reader().bytes_consumed());
    return std::min(1.0, done / static_cast<double>(plan_->bytes));
  }

 private:
  const std::shared_ptr<const CsvPlan> plan_;
  mutable std::mutex mutex_;
  std::shared_ptr<Scan> scan_;
};

}  // namespace

std::shared_ptr<RowSource> make_csv_source(CsvPlan plan) {
  SY_ASSERT(plan.columns.size() == plan.head.names.size() + 2);
  SY_ASSERT(plan.outcome != nullptr);
  return std::make_shared<CsvSource>(std::move(plan));
}

}  // namespace steelyard
