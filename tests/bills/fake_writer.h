// A ColumnWriter that keeps what it is given as text, so that a test can compare rows without an
// engine.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "engine/engine.h"

namespace steelyard::testing {

class FakeWriter final : public ColumnWriter {
 public:
  explicit FakeWriter(Type type) : type_(type), cells_(kBatchRows, "(not set)") {}
  void set_null(std::size_t row) override { cells_.at(row) = "(null)"; }
  void set_bool(std::size_t row, bool value) override { cells_.at(row) = value ? "true" : "false"; }
  void set_integer(std::size_t row, std::int64_t value) override {
    cells_.at(row) = type_ == Type::kInstant ? format_instant({value}) : std::to_string(value);
  }
  void set_real(std::size_t row, double value) override { cells_.at(row) = std::to_string(value); }
  void set_units(std::size_t row, Int128 units) override {
    cells_.at(row) = to_text(Decimal{units});
  }
  void set_text(std::size_t row, std::string_view value) override {
    cells_.at(row) = std::string(value);
  }
  void set_map(std::size_t row,
               std::span<const std::pair<std::string_view, std::string_view>> entries) override {
    std::string text;
    for (const auto& [key, value] : entries) {
      text += (text.empty() ? "" : "; ") + std::string(key) + "=" +
              (value.data() == nullptr ? "(null)" : std::string(value));
    }
    cells_.at(row) = text;
  }
  const std::string& cell(std::size_t row) const { return cells_.at(row); }
  void forget() { std::fill(cells_.begin(), cells_.end(), "(not set)"); }

 private:
  Type type_;
  std::vector<std::string> cells_;
};

/// Drains one worker; rows are in the order of `projection`.
inline Status drain(RowSource& source, RowSource::Worker& worker,
                    const std::vector<std::size_t>& projection,
                    std::vector<std::vector<std::string>>& rows) {
  std::vector<std::unique_ptr<FakeWriter>> writers;
  std::vector<ColumnWriter*> pointers;
  for (const std::size_t column : projection) {
    writers.push_back(std::make_unique<FakeWriter>(source.columns()[column].type));
    pointers.push_back(writers.back().get());
  }
  while (true) {
    auto filled = worker.fill(pointers);
    if (!filled) return fail(filled.error());
    if (*filled == 0) return {};
    for (std::size_t r = 0; r < *filled; ++r) {
      auto& row = rows.emplace_back();
      for (auto& writer : writers) row.push_back(writer->cell(r));
    }
    for (auto& writer : writers) writer->forget();
  }
}

}  // namespace steelyard::testing
