// Time is UTC. An instant is a count of microseconds since 1970 (what Parquet and DuckDB keep); a
// period is half open. Nothing here reads the clock: today is an argument.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace steelyard {

struct Instant {
  std::int64_t micros = 0;
  auto operator<=>(const Instant&) const = default;
};

struct Date {
  int year = 1970, month = 1, day = 1;
  auto operator<=>(const Date&) const = default;
};

std::int64_t days_from_civil(Date date);
Date civil_from_days(std::int64_t days);
Instant instant_of(Date date);
Date date_of(Instant instant);

/// Every form that was seen in a real bill: "2023-11-01T00:00:00.000Z", "2024-09-01 00:00:00"
/// (naive = UTC), "2023-11-13T10:00Z", "2022-08-01 03:00:00+00:00", "2019-02-01 00:00:00 +0000
/// UTC", "2026-01-01", "09/22/2023", "9/2/2023", "5/1/25" (month first). An offset is applied.
/// False if it is none of these or not a real date. No allocation; used once per cell.
bool parse_instant(std::string_view text, Instant& out);

/// "2026-07-01T00:00:00Z", with fractional seconds only when there are some.
std::string format_instant(Instant instant);
std::string format_date(Date date);

/// A half-open range of days [begin, end) in UTC.
struct Period {
  Date begin, end;
  std::string label;  ///< as asked for: "2026-07", "last month"
  bool operator==(const Period& other) const { return begin == other.begin && end == other.end; }
  std::int64_t days() const { return days_from_civil(end) - days_from_civil(begin); }
};

/// The grammar of `--period`: 2026, 2026-07, 2026-07-15, 2026Q3, 2026-W31, FY26, FY26-Q2,
/// 2026-07-01..2026-07-15 (last day included), "last month", "this month", month-1, "12 months",
/// mtd, qtd, ytd, "since 2026-03", P30D. SY1010 with examples if it is none of them.
/// `fiscal_start_month` is the first month of a fiscal year that is named after the year in which
/// it ends.
Result<Period> parse_period(std::string_view text, Date today, int fiscal_start_month = 1);
/// The period of the same kind just before: the month before a month, n days before n days.
Period period_before(const Period& period);
/// "1–31 Jul 2026 (UTC), 31 days".
std::string describe(const Period& period);
/// The first days of the months that touch the period.
std::vector<Date> months_of(const Period& period);
Date first_of_month(Date date, int months_later = 0);

}  // namespace steelyard
