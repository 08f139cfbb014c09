// Any text as a table in TOML: it is refused with a line, or each cell says what the parser
// understood: a number digit by digit, a time to the second.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/time.h"
#include "commitments/text_table.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace {

using namespace steelyard;

void must(bool holds) {
  if (!holds) std::abort();
}

void compare(const std::string& cell, const toml::node& value) {
  if (const auto* text = value.as_string()) return must(cell == trim(text->get()));
  if (const auto* truth = value.as_boolean()) return must(cell == (**truth ? "true" : "false"));
  Decimal number;
  if (const auto* integer = value.as_integer()) {
    // A number of another base is left to the reader of the cell, who refuses it.
    if (parse_decimal(cell, number) == ParseOutcome::kNotNumber)
      return must(cell.find_first_of("xob") != std::string::npos);
    return must(number.units == Int128{integer->get()} * kOne);
  }
  if (const auto* real = value.as_floating_point()) {
    if (parse_decimal(cell, number) == ParseOutcome::kNotNumber)
      return must(cell.find("inf") != std::string::npos || cell.find("nan") != std::string::npos);
    return must(std::strtod(cell.c_str(), nullptr) == real->get());
  }
  Instant instant;
  if (const auto* date = value.as_date()) {
    if (!parse_instant(cell, instant)) return must((*date)->year < 1);
    const Date day = date_of(instant);
    return must(day.year == (*date)->year && day.month == (*date)->month &&
                day.day == (*date)->day);
  }
  if (const auto* time = value.as_date_time()) {
    if (!parse_instant(cell, instant)) return;
    const auto& [day, clock, offset] = time->get();
    const std::int64_t minutes = clock.hour * 60 + clock.minute - (offset ? offset->minutes : 0);
    const std::int64_t seconds = minutes * 60 + clock.second;
    const std::int64_t days = days_from_civil({day.year, day.month, day.day});
    must(instant.micros == (days * 86'400 + seconds) * 1'000'000 + clock.nanosecond / 1000);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string path = std::filesystem::temp_directory_path() /
                                  ("steelyard_fuzz" + std::to_string(::getpid()) + ".toml");
  static Engine& engine = *open_duckdb({.threads = 1})->release();
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::ofstream(path, std::ios::binary) << text;
  const auto table = read_text_table(engine, path, "SY1804");
  if (!table) {
    must(table.error().code == "SY1804" && table.error().where.starts_with(path));
    must(!table.error().what.empty() && !table.error().fix.empty());
    return 0;
  }
  const toml::parse_result parsed = toml::parse(text);
  must(parsed.succeeded() && parsed.table().size() == 1);
  const toml::array& rows = *parsed.table().begin()->second.as_array();
  must(rows.size() == table->rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    must(table->rows[row].size() == table->columns.size());
    std::size_t filled = 0;
    for (const auto& [name, value] : *rows[row].as_table()) {
      compare(table->cell(row, name.str()), value);
      filled += !table->cell(row, name.str()).empty();
    }
    for (const std::string& cell : table->rows[row]) filled -= !cell.empty();
    must(filled == 0);
  }
  return 0;
}
