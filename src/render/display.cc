#include "render/display.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"

namespace steelyard {

bool is_money(CellKind kind) { return kind == CellKind::kMoney || is_signed_money(kind); }
bool is_signed_money(CellKind kind) {
  return kind == CellKind::kChange || kind == CellKind::kSaving;
}
bool is_numeric(CellKind kind) {
  return is_money(kind) || kind == CellKind::kCount || kind == CellKind::kQuantity ||
         kind == CellKind::kShare;
}

namespace {

int currency_column(const Report& report) {
  for (std::size_t i = 0; i < report.columns.size(); ++i) {
    if (report.columns[i].name == "currency") return static_cast<int>(i);
  }
  return -1;
}

const Decimal* decimal_in(const Cell& cell) { return std::get_if<Decimal>(&cell.value); }

/// Sub-unit bills (a few tokens, a few requests) would all read 0.00: they get six decimals.
std::map<std::string, int> decimals_by_currency(const Report& report) {
  std::map<std::string, Decimal> largest;
  const auto look = [&](const std::vector<std::vector<Cell>>& rows) {
    for (const auto& row : rows) {
      const std::string currency = currency_of_row(report, row);
      for (std::size_t c = 0; c < row.size() && c < report.columns.size(); ++c) {
        const Decimal* value = decimal_in(row[c]);
        if (!is_money(report.columns[c].kind) || value == nullptr) continue;
        const Decimal size = value->units < 0 ? -*value : *value;
        largest[currency] = std::max(largest[currency], size);
      }
    }
  };
  look(report.rows);
  look(report.totals);
  const bool tiny = std::all_of(largest.begin(), largest.end(),
                                [](const auto& one) { return one.second.units < kOne; });
  std::map<std::string, int> decimals;
  for (const auto& [currency, size] : largest) {
    const int payable = currency_of(currency).decimals;
    decimals[currency] = tiny && size.units > 0 ? std::max(payable, 6) : payable;
  }
  return decimals;
}

int sign_of(Decimal value) { return value.units > 0 ? 1 : value.units < 0 ? -1 : 0; }

/// Rounds one money column: parts of a currency go by largest remainder when they sum to that
/// currency's total.
void round_column(const Report& report, std::size_t c, const std::map<std::string, int>& decimals,
                  std::vector<std::vector<Decimal>>& rows,
                  std::vector<std::vector<Decimal>>& totals) {
  std::map<std::string, std::vector<std::size_t>> members;
  for (std::size_t r = 0; r < report.rows.size(); ++r) {
    if (decimal_in(report.rows[r][c]) != nullptr) {
      members[currency_of_row(report, report.rows[r])].push_back(r);
    }
  }
  const auto grain = [&](const std::string& currency) {
    const auto found = decimals.find(currency);
    return found == decimals.end() ? 2 : found->second;
  };
  std::map<std::string, Decimal> total_of;
  for (std::size_t t = 0; t < report.totals.size(); ++t) {
    if (const Decimal* value = decimal_in(report.totals[t][c])) {
      const std::string currency = currency_of_row(report, report.totals[t]);
      total_of[currency] = *value;
      totals[t][c] = round(*value, grain(currency));
    }
  }
  for (const auto& [currency, indices] : members) {
    std::vector<Decimal> parts;
    Decimal sum;
    for (std::size_t r : indices) {
      parts.push_back(*decimal_in(report.rows[r][c]));
      sum += parts.back();
    }
    const auto total = total_of.find(currency);
    if (total != total_of.end() && total->second == sum) {
      parts = round_to_total(parts, grain(currency));
    } else {
      for (Decimal& part : parts) part = round(part, grain(currency));
    }
    for (std::size_t i = 0; i < indices.size(); ++i) rows[indices[i]][c] = parts[i];
  }
}

/// Tenths of a per cent, by largest remainder when the shares make up the total's share.
std::vector<std::int64_t> round_shares(const std::vector<double>& shares, double total) {
  std::vector<std::int64_t> tenths(shares.size());
  double sum = 0;
  for (double share : shares) sum += share;
  std::vector<std::pair<double, std::size_t>> remainders;
  std::int64_t given = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const double exact = shares[i] * 1000;
    const bool whole_known = std::fabs(sum - total) < 1e-9;
    tenths[i] = static_cast<std::int64_t>(whole_known ? std::floor(exact) : std::round(exact));
    remainders.emplace_back(-(exact - std::floor(exact)), i);
    given += tenths[i];
  }
  if (std::fabs(sum - total) >= 1e-9) return tenths;
  std::sort(remainders.begin(), remainders.end());
  std::int64_t missing = static_cast<std::int64_t>(std::round(total * 1000)) - given;
  for (std::size_t i = 0; i < remainders.size() && missing > 0; ++i, --missing) {
    ++tenths[remainders[i].second];
  }
  return tenths;
}

std::string percent_text(std::int64_t tenths) {
  const std::int64_t size = tenths < 0 ? -tenths : tenths;
  return (tenths < 0 ? "-" : "") + std::to_string(size / 10) + "." + std::to_string(size % 10) +
         "%";
}

/// Every digit: a quantity has no smallest unit to round to, and a price may be tiny.
std::string quantity_text(Decimal value, bool thousands) {
  std::string text = to_text(value, kScale, thousands);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

/// "1.234567 2" -> "1.23 2".
std::string rounded_series(const std::string& series, int decimals) {
  std::string text;
  for (const std::string& number : split(series, ' ')) {
    Decimal value;
    if (!text.empty()) text += ' ';
    const bool exact = parse_decimal(number, value) == ParseOutcome::kExact;
    text += exact ? quantity_text(round(value, decimals), false) : number;
  }
  return text;
}

/// "2026-07-01", "2026-07-01 12:30" or, with seconds, as it is. For people only: programs get the
/// ISO form.
std::string instant_text(const std::string& iso, bool date_only) {
  if (date_only && iso.size() >= 10) return iso.substr(0, 10);
  if (iso.size() == 20 && iso.ends_with(":00Z")) return iso.substr(0, 10) + " " + iso.substr(11, 5);
  return iso;
}

}  // namespace

std::string currency_of_row(const Report& report, const std::vector<Cell>& row) {
  const int column = currency_column(report);
  if (column >= 0 && static_cast<std::size_t>(column) < row.size() && !row[column].is_null()) {
    return row[column].text();
  }
  return report.provenance.currencies.size() == 1 ? report.provenance.currencies[0] : "";
}

bool lacks_currency_column(const Report& report) {
  const bool money = std::any_of(report.columns.begin(), report.columns.end(),
                                 [](const ReportColumn& c) { return is_money(c.kind); });
  return money && currency_column(report) < 0 && report.provenance.currencies.size() == 1;
}

Display display_of(const Report& report, bool thousands) {
  Display out;
  out.columns = report.columns;
  const std::size_t width = report.columns.size();
  const std::map<std::string, int> decimals = decimals_by_currency(report);
  std::vector<std::vector<Decimal>> rounded(report.rows.size(), std::vector<Decimal>(width));
  std::vector<std::vector<Decimal>> rounded_totals(report.totals.size(),
                                                   std::vector<Decimal>(width));
  std::vector<std::vector<std::int64_t>> tenths(width);
  std::vector<bool> date_only(width, true);
  for (std::size_t c = 0; c < width; ++c) {
    const CellKind kind = report.columns[c].kind;
    if (is_money(kind)) round_column(report, c, decimals, rounded, rounded_totals);
    if (kind == CellKind::kShare) {
      std::vector<double> shares;
      for (const auto& row : report.rows) {
        const double* share = std::get_if<double>(&row[c].value);
        shares.push_back(share != nullptr ? *share : 0);
      }
      const double* total =
          report.totals.size() == 1 ? std::get_if<double>(&report.totals[0][c].value) : nullptr;
      tenths[c] = round_shares(shares, total != nullptr ? *total : -1);
    }
    for (const auto& row : report.rows) {
      const std::string text = kind == CellKind::kInstant ? row[c].text() : "";
      if (!text.empty() && (text.size() < 19 || text.substr(11, 8) != "00:00:00"))
        date_only[c] = false;
    }
  }

  const auto show = [&](const std::vector<Cell>& row, std::size_t c, Decimal value,
                        std::int64_t share_tenths) {
    DisplayCell cell;
    cell.null = row[c].is_null();
    if (cell.null) return cell;
    const CellKind kind = report.columns[c].kind;
    const auto grain = [&] {
      const auto found = decimals.find(currency_of_row(report, row));
      return found == decimals.end() ? 2 : found->second;
    };
    if (is_money(kind) && decimal_in(row[c]) != nullptr) {
      cell.text = to_text(value, grain(), thousands);
      cell.sign = sign_of(value);
      if (is_signed_money(kind) && cell.sign > 0) cell.text = "+" + cell.text;
      return cell;
    }
    if (kind == CellKind::kShare && std::get_if<double>(&row[c].value) != nullptr) {
      cell.fraction = std::get<double>(row[c].value);
      cell.text = percent_text(share_tenths);
      return cell;
    }
    if (const Decimal* quantity = decimal_in(row[c])) {
      cell.text = quantity_text(*quantity, thousands);
    } else if (const auto* count = std::get_if<std::int64_t>(&row[c].value)) {
      cell.text =
          kind == CellKind::kCount && thousands ? with_thousands(*count) : std::to_string(*count);
    } else if (const bool* flag = std::get_if<bool>(&row[c].value)) {
      cell.text = *flag ? "yes" : "no";
      cell.sign = *flag ? 1 : -1;
    } else {
      cell.text = row[c].text();
      if (kind == CellKind::kSeries && !thousands) cell.text = rounded_series(cell.text, grain());
      if (kind == CellKind::kInstant && thousands)
        cell.text = instant_text(cell.text, date_only[c]);
    }
    return cell;
  };

  for (std::size_t r = 0; r < report.rows.size(); ++r) {
    std::vector<DisplayCell> line;
    for (std::size_t c = 0; c < width; ++c) {
      line.push_back(show(report.rows[r], c, rounded[r][c], tenths[c].empty() ? 0 : tenths[c][r]));
    }
    out.rows.push_back(std::move(line));
  }
  for (std::size_t t = 0; t < report.totals.size(); ++t) {
    std::vector<DisplayCell> line;
    for (std::size_t c = 0; c < width; ++c) {
      const double* share = std::get_if<double>(&report.totals[t][c].value);
      line.push_back(
          show(report.totals[t], c, rounded_totals[t][c],
               share != nullptr ? static_cast<std::int64_t>(std::round(*share * 1000)) : 0));
    }
    if (!line.empty() && line[0].null) line[0] = {"total", false, 0, 0};
    out.totals.push_back(std::move(line));
  }
  return out;
}

}  // namespace steelyard
