#include "base/time.h"

#include <charconv>
#include <cstdio>
#include <optional>

#include "base/assert.h"
#include "base/text.h"

namespace steelyard {

namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

constexpr bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

constexpr int days_in_month(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

constexpr bool is_real(int year, int month, int day) {
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month);
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counted from March so that the leap
/// day comes last (H. Hinnant, chrono-compatible low-level date algorithms).
constexpr std::int64_t days_of(int year, int month, int day) {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

/// Reads text from the left; a failed read leaves it where it was.
struct Cursor {
  const char* at;
  const char* end;

  bool done() const { return at == end; }
  bool take(char c) {
    if (at == end || *at != c) return false;
    ++at;
    return true;
  }
  bool take(std::string_view word) {
    if (static_cast<std::size_t>(end - at) < word.size() ||
        std::string_view(at, word.size()) != word) {
      return false;
    }
    at += word.size();
    return true;
  }
  bool is_digit() const { return at != end && static_cast<unsigned char>(*at - '0') < 10; }
  /// Exactly `count` digits.
  bool number(int count, int& out) {
    if (end - at < count) return false;
    int value = 0;
    for (int i = 0; i < count; ++i) {
      const auto d = static_cast<unsigned char>(at[i] - '0');
      if (d > 9) return false;
      value = value * 10 + d;
    }
    at += count;
    out = value;
    return true;
  }
};

/// "9/2/2023", "09/22/2023", "5/1/25": month first, a year of two digits is of this century.
bool parse_american_date(Cursor in, Instant& out) {
  int month = 0, day = 0, year = 0;
  if (!in.number(2, month) && !in.number(1, month)) return false;
  if (!in.take('/')) return false;
  if (!in.number(2, day) && !in.number(1, day)) return false;
  if (!in.take('/')) return false;
  if (!in.number(4, year)) {
    if (!in.number(2, year)) return false;
    year += 2000;
  }
  if (!in.done() || !is_real(year, month, day)) return false;
  out.micros = days_of(year, month, day) * kMicrosPerDay;
  return true;
}

/// "", "Z", "+00:00", " +0000 UTC", " UTC": what may follow a time of day. `seconds` is what lies
/// east of UTC.
bool parse_zone(Cursor& in, int& seconds) {
  seconds = 0;
  if (in.take('Z')) return in.done();
  const bool space = in.take(' ');
  if (!in.done() && (*in.at == '+' || *in.at == '-')) {
    const bool west = *in.at++ == '-';
    int hours = 0, minutes = 0;
    if (!in.number(2, hours)) return false;
    if (in.take(':')) {
      if (!in.number(2, minutes)) return false;
    } else if (in.is_digit() && !in.number(2, minutes)) {
      return false;
    }
    if (hours > 18 || minutes > 59) return false;  // no place on earth is further away
    seconds = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
    // The name only repeats the offset, so that any other offset with it would be a contradiction.
    if (in.take(" UTC") && seconds != 0) return false;
    return in.done();
  }
  if (space) return in.take("UTC") && in.done();
  return in.done();
}

}  // namespace

std::int64_t days_from_civil(Date date) { return days_of(date.year, date.month, date.day); }

Date civil_from_days(std::int64_t days) {
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t march_month = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<int>(day_of_year - (153 * march_month + 2) / 5 + 1);
  const auto month = static_cast<int>(march_month < 10 ? march_month + 3 : march_month - 9);
  const auto year = static_cast<int>(year_of_era + era * 400 + (month <= 2 ? 1 : 0));
  return {year, month, day};
}

Instant instant_of(Date date) { return {days_from_civil(date) * kMicrosPerDay}; }

Date date_of(Instant instant) {
  std::int64_t days = instant.micros / kMicrosPerDay;
  if (instant.micros % kMicrosPerDay < 0) --days;
  return civil_from_days(days);
}

bool parse_instant(std::string_view text, Instant& out) {
  Cursor in{text.data(), text.data() + text.size()};
  int year = 0, month = 0, day = 0;
  if (text.size() < 10 || text[4] != '-') return parse_american_date(in, out);
  if (!in.number(4, year) || !in.take('-') || !in.number(2, month) || !in.take('-') ||
      !in.number(2, day) || !is_real(year, month, day)) {
    return false;
  }
  std::int64_t micros = days_of(year, month, day) * kMicrosPerDay;
  if (in.done()) {
    out.micros = micros;
    return true;
  }
  if (!in.take('T') && !in.take(' ')) return false;
  int hour = 0, minute = 0, second = 0;
  if (!in.number(2, hour) || !in.take(':') || !in.number(2, minute)) return false;
  if (in.take(':')) {
    if (!in.number(2, second)) return false;
    if (in.take('.')) {
      int digits = 0;
      std::int64_t fraction = 0;
      for (; in.is_digit(); ++in.at) {
        if (++digits <= 6) fraction = fraction * 10 + (*in.at - '0');
      }
      if (digits == 0 || digits > 9) return false;
      for (int i = digits; i < 6; ++i) fraction *= 10;
      micros += fraction;
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  int east = 0;
  if (!parse_zone(in, east)) return false;
  micros += ((hour * 60 + minute) * 60 + second - east) * kMicrosPerSecond;
  out.micros = micros;
  return true;
}

std::string format_instant(Instant instant) {
  std::int64_t in_day = instant.micros % kMicrosPerDay;
  if (in_day < 0) in_day += kMicrosPerDay;
  const auto seconds = static_cast<int>(in_day / kMicrosPerSecond);
  const auto micros = static_cast<int>(in_day % kMicrosPerSecond);
  char buffer[48];
  int size = std::snprintf(buffer, sizeof buffer, "T%02d:%02d:%02d", seconds / 3600,
                           seconds / 60 % 60, seconds % 60);
  std::string out =
      format_date(date_of(instant)) + std::string(buffer, static_cast<std::size_t>(size));
  if (micros != 0) {
    size = micros % 1000 == 0 ? std::snprintf(buffer, sizeof buffer, ".%03d", micros / 1000)
                              : std::snprintf(buffer, sizeof buffer, ".%06d", micros);
    out.append(buffer, static_cast<std::size_t>(size));
  }
  return out + "Z";
}

std::string format_date(Date date) {
  char buffer[48];
  const int size =
      std::snprintf(buffer, sizeof buffer, "%04d-%02d-%02d", date.year, date.month, date.day);
  return {buffer, static_cast<std::size_t>(size)};
}

Date first_of_month(Date date, int months_later) {
  const int months = date.year * 12 + date.month - 1 + months_later;
  const int year = (months < 0 ? months - 11 : months) / 12;  // the period before a long one
  return {year, months - 12 * year + 1, 1};
}

// ---- periods ----

namespace {

// Beyond these years a number is a slip of the finger, and nothing below can overflow.
constexpr int kFirstYear = 1900, kLastYear = 9990;

Date plus_days(Date date, std::int64_t days) {
  return civil_from_days(days_from_civil(date) + days);
}

/// Monday is 0. The first day of 1970 was a Thursday.
int weekday(Date date) {
  const std::int64_t days = (days_from_civil(date) + 3) % 7;
  return static_cast<int>(days < 0 ? days + 7 : days);
}

/// The Monday of ISO 8601 week 1: the week that holds 4 January.
Date first_monday(int year) {
  const Date fourth{year, 1, 4};
  return plus_days(fourth, -weekday(fourth));
}

Period months(Date first, int count) { return {first, first_of_month(first, count), {}}; }

/// What was wrong with something that looked like a period; empty while nothing is.
struct Trouble {
  std::string reason;
};

std::optional<Period> refuse(Trouble& trouble, std::string reason) {
  trouble.reason = std::move(reason);
  return std::nullopt;
}

bool is_year(int year, Trouble& trouble) {
  if (year >= kFirstYear && year <= kLastYear) return true;
  trouble.reason = "the year is not between 1900 and 9990";
  return false;
}

std::optional<Period> parse_quarter(Cursor in, Date year_start, Trouble& trouble) {
  int quarter = 0;
  if (!in.number(1, quarter) || !in.done()) return std::nullopt;
  if (quarter < 1 || quarter > 4) return refuse(trouble, "a year has quarters 1 to 4");
  return months(first_of_month(year_start, 3 * (quarter - 1)), 3);
}

std::optional<Period> parse_week(Cursor in, int year, Trouble& trouble) {
  int week = 0;
  if (!in.number(2, week) || !in.done()) return std::nullopt;
  const Date begin = plus_days(first_monday(year), 7 * (week - 1));
  if (week < 1 || begin >= first_monday(year + 1)) {
    return refuse(trouble, std::to_string(year) + " has no week " + std::to_string(week));
  }
  return Period{begin, plus_days(begin, 7), {}};
}

/// "fy26", "fy2026-q2"
std::optional<Period> parse_fiscal(Cursor in, int fiscal_start_month, Trouble& trouble) {
  int year = 0;
  if (!in.number(4, year)) {
    if (!in.number(2, year)) return std::nullopt;
    year += 2000;
  }
  if (!is_year(year, trouble)) return std::nullopt;
  const Date start{fiscal_start_month == 1 ? year : year - 1, fiscal_start_month, 1};
  if (in.done()) return months(start, 12);
  in.take('-');
  return in.take('q') ? parse_quarter(in, start, trouble) : std::nullopt;
}

/// The forms that name their own place in time, in lower case.
std::optional<Period> parse_absolute(std::string_view text, int fiscal_start_month,
                                     Trouble& trouble) {
  Cursor in{text.data(), text.data() + text.size()};
  if (in.take("fy")) return parse_fiscal(in, fiscal_start_month, trouble);
  int year = 0, month = 0, day = 0;
  if (!in.number(4, year)) return std::nullopt;
  if (in.done()) {
    if (!is_year(year, trouble)) return std::nullopt;
    return months({year, 1, 1}, 12);
  }
  const bool dash = in.take('-');
  if (!in.done() && (*in.at == 'q' || *in.at == 'w')) {
    if (!is_year(year, trouble)) return std::nullopt;
    if (in.take('q')) return parse_quarter(in, {year, 1, 1}, trouble);
    in.take('w');
    return parse_week(in, year, trouble);
  }
  if (!dash || !in.number(2, month)) return std::nullopt;
  const bool has_day = in.take('-');
  if ((has_day && !in.number(2, day)) || !in.done()) return std::nullopt;
  if (!is_year(year, trouble)) return std::nullopt;
  if (month < 1 || month > 12) return refuse(trouble, "a year has months 01 to 12");
  if (!has_day) return months({year, month, 1}, 1);
  if (!is_real(year, month, day)) {
    return refuse(trouble, "there is no day " + std::to_string(day) + " in that month");
  }
  const Date date{year, month, day};
  return Period{date, plus_days(date, 1), {}};
}

enum class Unit { kDay, kWeek, kMonth, kQuarter, kYear };

std::optional<Unit> unit_of(std::string_view word) {
  if (word.size() > 1 && word.back() == 's') word.remove_suffix(1);
  if (word == "day") return Unit::kDay;
  if (word == "week") return Unit::kWeek;
  if (word == "month") return Unit::kMonth;
  if (word == "quarter") return Unit::kQuarter;
  if (word == "year") return Unit::kYear;
  return std::nullopt;
}

/// The first day of the day, week, month, quarter or year that is `later` ones after the one of
/// today.
Date start_of(Unit unit, Date today, int later) {
  switch (unit) {
    case Unit::kDay:
      return plus_days(today, later);
    case Unit::kWeek:
      return plus_days(today, 7 * later - weekday(today));
    case Unit::kMonth:
      return first_of_month(today, later);
    case Unit::kQuarter:
      return first_of_month({today.year, (today.month - 1) / 3 * 3 + 1, 1}, 3 * later);
    case Unit::kYear:
      return first_of_month({today.year, 1, 1}, 12 * later);
  }
  return today;
}

/// At most four digits and nothing else, so that no count can reach back before the first year by
/// overflow.
std::optional<int> count_of(std::string_view text) {
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || text.size() > 4 || count < 0) {
    return std::nullopt;
  }
  return count;
}

/// The last `count` whole units before the one of today.
std::optional<Period> last_units(int count, Unit unit, Date today, Trouble& trouble) {
  if (count < 1) return refuse(trouble, "a count starts at 1");
  const std::int64_t days_per_unit[] = {1, 7, 31, 92, 366};
  if (count * days_per_unit[static_cast<int>(unit)] >
      days_from_civil(today) - days_of(kFirstYear, 1, 1)) {
    return refuse(trouble, "it would begin before 1900");
  }
  return Period{start_of(unit, today, -count), start_of(unit, today, 0), {}};
}

/// The forms that depend on today, in lower case.
std::optional<Period> parse_relative(std::string_view text, Date today, int fiscal_start_month,
                                     Trouble& trouble) {
  const Date tomorrow = plus_days(today, 1);
  if (text == "today") return Period{today, tomorrow, {}};
  if (text == "yesterday") return Period{plus_days(today, -1), today, {}};
  if (text == "mtd") return Period{start_of(Unit::kMonth, today, 0), tomorrow, {}};
  if (text == "qtd") return Period{start_of(Unit::kQuarter, today, 0), tomorrow, {}};
  if (text == "ytd") return Period{start_of(Unit::kYear, today, 0), tomorrow, {}};

  if (text.starts_with("since ")) {
    const auto from = parse_absolute(trim(text.substr(6)), fiscal_start_month, trouble);
    if (!from) return std::nullopt;
    if (from->begin > today) return refuse(trouble, "it begins after today");
    return Period{from->begin, tomorrow, {}};
  }
  if (text.starts_with("p") && text.size() > 2) {  // an ISO 8601 duration of one designator
    const auto count = count_of(text.substr(1, text.size() - 2));
    if (!count) return std::nullopt;
    if (text.back() == 'd') return last_units(*count, Unit::kDay, today, trouble);
    if (text.back() == 'w') return last_units(*count * 7, Unit::kDay, today, trouble);
    if (text.back() == 'm') return last_units(*count, Unit::kMonth, today, trouble);
    if (text.back() == 'y') return last_units(*count * 12, Unit::kMonth, today, trouble);
    return std::nullopt;
  }
  if (const auto dash = text.find('-'); dash != std::string_view::npos) {  // "month-1"
    const auto unit = unit_of(text.substr(0, dash));
    const auto count = count_of(text.substr(dash + 1));
    if (!unit || !count) return std::nullopt;
    if (*count == 0) return Period{start_of(*unit, today, 0), start_of(*unit, today, 1), {}};
    auto period = last_units(*count, *unit, today, trouble);
    if (period) period->end = start_of(*unit, today, 1 - *count);
    return period;
  }
  std::vector<std::string> words;
  for (const std::string& word : split(text, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  if (words.size() == 3 && words[0] == "last") words.erase(words.begin());  // "last 12 months"
  if (words.size() != 2) return std::nullopt;
  const auto unit = unit_of(words[1]);
  if (!unit) return std::nullopt;
  if (words[0] == "last") return last_units(1, *unit, today, trouble);
  if (words[0] == "this") {
    return Period{start_of(*unit, today, 0), start_of(*unit, today, 1), {}};
  }
  const auto count = count_of(words[0]);
  return count ? last_units(*count, *unit, today, trouble) : std::nullopt;
}

std::optional<Period> parse_any_period(std::string_view text, Date today, int fiscal_start_month,
                                       Trouble& trouble) {
  const auto dots = text.find("..");
  if (dots == std::string_view::npos) {
    if (auto period = parse_absolute(text, fiscal_start_month, trouble)) return period;
    if (!trouble.reason.empty()) return std::nullopt;
    return parse_relative(text, today, fiscal_start_month, trouble);
  }
  const auto from = parse_absolute(trim(text.substr(0, dots)), fiscal_start_month, trouble);
  const auto to = parse_absolute(trim(text.substr(dots + 2)), fiscal_start_month, trouble);
  if (!from || !to) return std::nullopt;
  if (from->begin >= to->end) return refuse(trouble, "it ends before it begins");
  return Period{from->begin, to->end, {}};
}

/// The shortest form of the grammar that means these days.
std::string label_of(const Period& period) {
  const std::string begin = format_date(period.begin);
  if (period.begin.day == 1) {
    if (first_of_month(period.begin, 1) == period.end) return begin.substr(0, 7);
    if (first_of_month(period.begin, 3) == period.end && period.begin.month % 3 == 1) {
      return begin.substr(0, 4) + "Q" + std::to_string(period.begin.month / 3 + 1);
    }
    if (first_of_month(period.begin, 12) == period.end && period.begin.month == 1) {
      return begin.substr(0, 4);
    }
  }
  const Date last = plus_days(period.end, -1);
  return last == period.begin ? begin : begin + ".." + format_date(last);
}

constexpr const char* kMonthNames[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

Result<Period> parse_period(std::string_view text, Date today, int fiscal_start_month) {
  SY_ASSERT(fiscal_start_month >= 1 && fiscal_start_month <= 12);
  SY_ASSERT(today.year >= kFirstYear && today.year <= kLastYear);
  Trouble trouble;
  const std::string_view asked = trim(text);
  if (auto period = parse_any_period(to_lower(asked), today, fiscal_start_month, trouble)) {
    period->label = asked;
    return *period;
  }
  std::string what = "'" + terminal_safe(fit_width(text, 40)) + "' is not a period";
  if (!trouble.reason.empty()) what += ": " + trouble.reason;
  return fail("SY1010", what, "",
              "write it as 2026, 2026-07, 2026-07-15, 2026Q3, 2026-W31, FY26, FY26-Q2, "
              "2026-07-01..2026-07-15, 'last month', 'this month', month-1, '12 months', mtd, qtd, "
              "ytd, 'since 2026-03' or P30D");
}

Period period_before(const Period& period) {
  Period before;
  before.end = period.begin;
  const int count =
      (period.end.year - period.begin.year) * 12 + period.end.month - period.begin.month;
  if (period.begin.day == 1 && period.end.day == 1 && count > 0) {
    before.begin = first_of_month(period.begin, -count);
  } else {
    before.begin = plus_days(period.begin, -period.days());
  }
  before.label = label_of(before);
  return before;
}

std::string describe(const Period& period) {
  const Date begin = period.begin, last = plus_days(period.end, -1);
  const auto month = [](Date date) { return std::string(" ") + kMonthNames[date.month - 1]; };
  const auto year = [](Date date) { return " " + std::to_string(date.year); };
  std::string out = std::to_string(begin.day);
  if (begin.year != last.year) {
    out += month(begin) + year(begin) + " – " + std::to_string(last.day);
  } else if (begin.month != last.month) {
    out += month(begin) + " – " + std::to_string(last.day);
  } else if (begin.day != last.day) {
    out += "–" + std::to_string(last.day);
  }
  const std::int64_t days = period.days();
  return out + month(last) + year(last) + " (UTC), " + std::to_string(days) +
         (days == 1 ? " day" : " days");
}

std::vector<Date> months_of(const Period& period) {
  std::vector<Date> firsts;
  if (period.begin >= period.end) return firsts;
  for (Date first = first_of_month(period.begin); first < period.end;
       first = first_of_month(first, 1)) {
    firsts.push_back(first);
  }
  return firsts;
}

}  // namespace steelyard
