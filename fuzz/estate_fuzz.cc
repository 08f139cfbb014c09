// Any cells in the tables of an estate (offers, rates, holdings, sharing and lines of usage, with a
// line of dashes between them): they are refused with a code, a place and a way out, or what was
// read keeps the promises of its readers, and each hour of its bill adds up to the last digit.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include "base/text.h"
#include "commitments/offer.h"
#include "commitments/simulate.h"

namespace {

using namespace steelyard;

void must(bool holds) {
  if (!holds) std::abort();
}

void must_help(const Error& error) {
  must(error.code.starts_with("SY180") && error.code != "SY1806");
  must(!error.what.empty() && !error.fix.empty());
}
void must_point(const Error& error, const std::string& folder) {
  must_help(error);
  must(error.where.starts_with(folder));
}

using Lines = std::vector<std::vector<std::string>>;

Lines cells_of(std::string_view part) {
  Lines lines;
  for (const std::string& line : split(std::string(part), '\n'))
    if (!line.empty()) lines.push_back(split(line, ','));
  return lines;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E ? '?' : c;
  }
  return out + "\"";
}

/// In TOML, which needs no engine.
void write(const std::string& path, const Lines& lines) {
  std::ofstream out(path, std::ios::binary);
  for (std::size_t row = 1; row < lines.size(); ++row) {
    std::map<std::string, std::string> cells;  // a name is there once
    for (std::size_t i = 0; i < std::min(lines[row].size(), lines[0].size()); ++i)
      cells.emplace(quoted(lines[0][i]), quoted(lines[row][i]));
    out << "[[row]]\n";
    for (const auto& [name, cell] : cells) out << name << " = " << cell << "\n";
  }
}

void bill(const RateCard& card, const std::vector<Holding>& holdings, const Lines& lines,
          const std::vector<SharingPreference>& sharing) {
  if (lines.empty() || lines[0].size() < 2) return;
  // hour, pool columns, quantity
  const std::vector<std::string> columns(lines[0].begin() + 1, lines[0].end() - 1);
  std::vector<UsageRow> rows;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    UsageRow row;
    if (lines[i].size() != lines[0].size() || !parse_instant(lines[i][0], row.time)) return;
    row.key.assign(lines[i].begin() + 1, lines[i].end() - 1);
    if (parse_decimal(lines[i].back(), row.quantity) != ParseOutcome::kExact) return;
    rows.push_back(std::move(row));
  }
  Instant begin;
  must(parse_instant("2026-01-01", begin));
  const auto usage = gather_usage(rows, {begin, {begin.micros + 30 * 3'600'000'000}});
  if (!usage) return must_help(usage.error());
  const auto billed = simulate(card, columns, holdings, *usage, sharing, [](const HourBill& hour) {
    must(check_conservation(hour).has_value());
  });
  if (!billed) return must_help(billed.error());
  Decimal used, covered;
  for (const HoldingTotal& total : billed->by_holding) {
    used += total.used;
    covered += total.covered_on_demand;
  }
  must(billed->fees == used + billed->unused);
  must(billed->on_demand_equivalent == covered + billed->on_demand);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string folder = [] {
    const auto made =
        std::filesystem::temp_directory_path() / ("steelyard_fuzz" + std::to_string(::getpid()));
    std::filesystem::create_directories(made);
    return made.string() + "/";
  }();
  static Engine& engine = *open_duckdb({.threads = 1})->release();
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<Lines> parts;
  for (const char* name : {"offers.toml", "rates.toml", "holdings.toml", "sharing.toml", ""}) {
    const std::size_t end = text.find("----\n");
    parts.push_back(cells_of(text.substr(0, end)));
    if (*name != '\0') write(folder + name, parts.back());
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 5);
  }
  const auto card = read_rate_card(engine, folder + "offers.toml", folder + "rates.toml");
  if (!card) return must_point(card.error(), folder), 0;
  must(check_rate_card(*card).has_value());
  Instant begin;
  must(parse_instant("2026-01-01", begin));
  auto holdings = read_holdings(engine, folder + "holdings.toml", *card, begin);
  if (!holdings) {
    must_point(holdings.error(), folder);
    holdings.emplace();
  }
  for (const Holding& holding : *holdings) {
    must(holding.begin < holding.end && holding.amount >= Decimal{});
    must(holding.begin.micros % 3'600'000'000 == 0 && holding.end.micros % 3'600'000'000 == 0);
  }
  auto sharing = read_sharing(engine, folder + "sharing.toml", {{"a", "x"}, {"b", "x"}});
  if (!sharing) {
    must_point(sharing.error(), folder);
    sharing.emplace();
  }
  bill(*card, *holdings, parts[4], *sharing);
  return 0;
}
