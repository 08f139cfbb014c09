#include "base/time.h"

#include <gtest/gtest.h>

#include <ctime>
#include <random>

namespace steelyard {
namespace {

std::string instant(std::string_view text) {
  Instant out;
  return parse_instant(text, out) ? format_instant(out) : "refused";
}

TEST(Dates, AgreeWithTheSystemsCalendarForFiveThousandYears) {
  for (std::int64_t day = days_from_civil({1, 1, 1}); day < days_from_civil({5000, 1, 1}); ++day) {
    const std::time_t seconds = day * 86'400;
    std::tm expected;
    ASSERT_NE(gmtime_r(&seconds, &expected), nullptr);
    const Date date = civil_from_days(day);
    ASSERT_EQ(date, (Date{expected.tm_year + 1900, expected.tm_mon + 1, expected.tm_mday}));
    ASSERT_EQ(days_from_civil(date), day);
  }
}

TEST(Dates, RoundDownBefore1970) {
  EXPECT_EQ(date_of({-1}), (Date{1969, 12, 31}));
  EXPECT_EQ(format_instant({-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(date_of(instant_of({1969, 12, 31})), (Date{1969, 12, 31}));
}

TEST(ParseInstant, ReadsEveryFormSeenInBills) {
  EXPECT_EQ(instant("2023-11-01T00:00:00.000Z"), "2023-11-01T00:00:00Z");
  EXPECT_EQ(instant("2024-09-01 00:00:00"), "2024-09-01T00:00:00Z");
  EXPECT_EQ(instant("2023-11-13T10:00Z"), "2023-11-13T10:00:00Z");
  EXPECT_EQ(instant("2022-08-01 03:00:00+00:00"), "2022-08-01T03:00:00Z");
  EXPECT_EQ(instant("2019-02-01 00:00:00 +0000 UTC"), "2019-02-01T00:00:00Z");
  EXPECT_EQ(instant("2024-09-01 00:00:00 UTC"), "2024-09-01T00:00:00Z");
  EXPECT_EQ(instant("2026-01-01"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(instant("09/22/2023"), "2023-09-22T00:00:00Z");
  EXPECT_EQ(instant("9/2/2023"), "2023-09-02T00:00:00Z");
  EXPECT_EQ(instant("5/1/25"), "2025-05-01T00:00:00Z");
  EXPECT_EQ(instant("12/31/99"), "2099-12-31T00:00:00Z");
  EXPECT_EQ(instant("2024-02-29T23:59:59.5Z"), "2024-02-29T23:59:59.500Z");
  EXPECT_EQ(instant("2024-02-29T23:59:59.123456789Z"), "2024-02-29T23:59:59.123456Z");
  EXPECT_EQ(instant("2024-05-01T00:00:00.0000000Z"), "2024-05-01T00:00:00Z");
  EXPECT_EQ(instant("2024-05-01T00:00"), "2024-05-01T00:00:00Z");
}

TEST(ParseInstant, AppliesOffsets) {
  EXPECT_EQ(instant("2024-01-01T00:30:00+05:30"), "2023-12-31T19:00:00Z");
  EXPECT_EQ(instant("2024-01-01T00:30:00-08:00"), "2024-01-01T08:30:00Z");
  EXPECT_EQ(instant("2024-03-01T00:00:00+0100"), "2024-02-29T23:00:00Z");
  EXPECT_EQ(instant("2024-03-01T00:00:00+01"), "2024-02-29T23:00:00Z");
  EXPECT_EQ(instant("2024-03-01 00:00:00 -0700"), "2024-03-01T07:00:00Z");
}

TEST(ParseInstant, RefusesTheRest) {
  for (const char* text : {"",
                           " ",
                           "2023",
                           "2023-11",
                           "2023-11-1",
                           "2023-02-29",
                           "2100-02-29",
                           "2024-02-30",
                           "2024-04-31",
                           "2024-13-01",
                           "2024-00-10",
                           "2024-01-00",
                           "0000-01-01",
                           "2024-01-01T",
                           "2024-01-01T1",
                           "2024-01-01T10",
                           "2024-01-01T24:00:00Z",
                           "2024-01-01T10:60:00Z",
                           "2024-01-01T10:00:60Z",
                           "2024-01-01T10:00:00.Z",
                           "2024-01-01T10:00:00.0000000000Z",
                           "2024-01-01T10:00:00X",
                           "2024-01-01T10:00:00ZZ",
                           "2024-01-01T10:00:00+",
                           "2024-01-01T10:00:00+1",
                           "2024-01-01T10:00:00+25:00",
                           "2024-01-01T10:00:00+01:60",
                           "2024-01-01T10:00:00+01:00 UTC",
                           "2024-01-01 10:00:00 PST",
                           "2024-01-01 10:00:00 ",
                           " 2024-01-01",
                           "2024-01-01 ",
                           "2024/01/01",
                           "22/09/2023",
                           "13/1/25",
                           "2/29/2023",
                           "0/1/2023",
                           "9/2/123",
                           "9/2/20235",
                           "9//2023",
                           "/9/2023",
                           "9-2-2023",
                           "20240101",
                           "-024-01-01",
                           "2024-01-01T-1:00:00Z",
                           "1700000000",
                           "NULL",
                           "2024-1-01 "}) {
    EXPECT_EQ(instant(text), "refused") << text;
  }
  EXPECT_EQ(instant(std::string_view("2024-01-01\0", 11)), "refused");
}

TEST(ParseInstant, ReadsBackWhatIsWritten) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 100'000; ++i) {
    const auto range = static_cast<std::uint64_t>(instant_of({9999, 12, 31}).micros);
    Instant given{static_cast<std::int64_t>(random() % range)}, back;
    if (i % 2 == 0) given.micros -= given.micros % 3'600'000'000;
    ASSERT_TRUE(parse_instant(format_instant(given), back)) << format_instant(given);
    ASSERT_EQ(given, back);
  }
}

constexpr Date kToday{2026, 7, 15};  // a Wednesday

std::string period(std::string_view text, Date today = kToday, int fiscal_start_month = 1) {
  const auto result = parse_period(text, today, fiscal_start_month);
  if (!result) return result.error().code + " " + result.error().what;
  EXPECT_EQ(result->label, text);
  return format_date(result->begin) + "/" + format_date(result->end);
}

TEST(ParsePeriod, ReadsWhatNamesItsOwnTime) {
  EXPECT_EQ(period("2026"), "2026-01-01/2027-01-01");
  EXPECT_EQ(period("2026-07"), "2026-07-01/2026-08-01");
  EXPECT_EQ(period("2026-12"), "2026-12-01/2027-01-01");
  EXPECT_EQ(period("2026-07-15"), "2026-07-15/2026-07-16");
  EXPECT_EQ(period("2024-02-29"), "2024-02-29/2024-03-01");
  EXPECT_EQ(period("2024-02"), "2024-02-01/2024-03-01");
  EXPECT_EQ(period("2026Q3"), "2026-07-01/2026-10-01");
  EXPECT_EQ(period("2026-q4"), "2026-10-01/2027-01-01");
  EXPECT_EQ(period("2026-07-01..2026-07-15"), "2026-07-01/2026-07-16");
  EXPECT_EQ(period("2026-07-01 .. 2026-07-15"), "2026-07-01/2026-07-16");
  EXPECT_EQ(period("2026-01..2026Q2"), "2026-01-01/2026-07-01");
  EXPECT_EQ(period("2026-07-15..2026-07-15"), "2026-07-15/2026-07-16");
}

TEST(ParsePeriod, KnowsIsoWeeks) {
  EXPECT_EQ(period("2026-W31"), "2026-07-27/2026-08-03");
  EXPECT_EQ(period("2026W31"), "2026-07-27/2026-08-03");
  EXPECT_EQ(period("2026-w01"), "2025-12-29/2026-01-05");
  EXPECT_EQ(period("2020-W53"), "2020-12-28/2021-01-04");
  EXPECT_EQ(period("2021-W01"), "2021-01-04/2021-01-11");
  EXPECT_EQ(period("2024-W01"), "2024-01-01/2024-01-08");
  EXPECT_EQ(period("2025-W53"), "SY1010 '2025-W53' is not a period: 2025 has no week 53");
  EXPECT_EQ(period("2026-W00"), "SY1010 '2026-W00' is not a period: 2026 has no week 0");
  // strftime's %G-W%V is another implementation of the same standard.
  for (std::int64_t day = days_from_civil({1990, 1, 1}); day < days_from_civil({2060, 1, 1});
       ++day) {
    const std::time_t seconds = day * 86'400;
    std::tm date;
    gmtime_r(&seconds, &date);
    char week[16];
    std::strftime(week, sizeof week, "%G-W%V", &date);
    const auto result = parse_period(week, kToday);
    ASSERT_TRUE(result) << week;
    ASSERT_LE(days_from_civil(result->begin), day) << week;
    ASSERT_GT(days_from_civil(result->end), day) << week;
    ASSERT_EQ(result->days(), 7);
  }
}

TEST(ParsePeriod, NamesFiscalYearsAfterTheYearTheyEndIn) {
  EXPECT_EQ(period("FY26"), "2026-01-01/2027-01-01");
  EXPECT_EQ(period("FY2026"), "2026-01-01/2027-01-01");
  EXPECT_EQ(period("FY26", kToday, 10), "2025-10-01/2026-10-01");
  EXPECT_EQ(period("FY26-Q2", kToday, 10), "2026-01-01/2026-04-01");
  EXPECT_EQ(period("fy26q1", kToday, 7), "2025-07-01/2025-10-01");
  EXPECT_EQ(period("FY26-Q4", kToday, 2), "2025-11-01/2026-02-01");
  EXPECT_EQ(period("FY26-Q2"), "2026-04-01/2026-07-01");
  for (int start = 1; start <= 12; ++start) {  // four quarters make the year, and years touch
    const auto year = parse_period("FY26", kToday, start),
               next = parse_period("FY27", kToday, start);
    const auto first = parse_period("FY26-Q1", kToday, start);
    ASSERT_TRUE(year && next && first);
    EXPECT_EQ(year->end, next->begin);
    EXPECT_EQ(first->begin, year->begin);
    Date end = first->end;
    for (const char* quarter : {"FY26-Q2", "FY26-Q3", "FY26-Q4"}) {
      const auto part = parse_period(quarter, kToday, start);
      ASSERT_TRUE(part);
      EXPECT_EQ(part->begin, end);
      end = part->end;
    }
    EXPECT_EQ(end, year->end);
  }
}

TEST(ParsePeriod, CountsFromToday) {
  EXPECT_EQ(period("last month"), "2026-06-01/2026-07-01");
  EXPECT_EQ(period("this month"), "2026-07-01/2026-08-01");
  EXPECT_EQ(period("Last Month"), "2026-06-01/2026-07-01");
  EXPECT_EQ(period("last year"), "2025-01-01/2026-01-01");
  EXPECT_EQ(period("last quarter"), "2026-04-01/2026-07-01");
  EXPECT_EQ(period("this week"), "2026-07-13/2026-07-20");
  EXPECT_EQ(period("last week"), "2026-07-06/2026-07-13");
  EXPECT_EQ(period("month-1"), "2026-06-01/2026-07-01");
  EXPECT_EQ(period("month-0"), "2026-07-01/2026-08-01");
  EXPECT_EQ(period("month-13"), "2025-06-01/2025-07-01");
  EXPECT_EQ(period("quarter-2"), "2026-01-01/2026-04-01");
  EXPECT_EQ(period("12 months"), "2025-07-01/2026-07-01");
  EXPECT_EQ(period("last 12 months"), "2025-07-01/2026-07-01");
  EXPECT_EQ(period("1 month"), "2026-06-01/2026-07-01");
  EXPECT_EQ(period("mtd"), "2026-07-01/2026-07-16");
  EXPECT_EQ(period("qtd"), "2026-07-01/2026-07-16");
  EXPECT_EQ(period("ytd"), "2026-01-01/2026-07-16");
  EXPECT_EQ(period("qtd", {2026, 6, 30}), "2026-04-01/2026-07-01");
  EXPECT_EQ(period("since 2026-03"), "2026-03-01/2026-07-16");
  EXPECT_EQ(period("since 2026-07-15"), "2026-07-15/2026-07-16");
  EXPECT_EQ(period("P30D"), "2026-06-15/2026-07-15");
  EXPECT_EQ(period("P2W"), "2026-07-01/2026-07-15");
  EXPECT_EQ(period("P3M"), "2026-04-01/2026-07-01");
  EXPECT_EQ(period("P1Y"), "2025-07-01/2026-07-01");
  EXPECT_EQ(period("today"), "2026-07-15/2026-07-16");
  EXPECT_EQ(period("yesterday", {2024, 3, 1}), "2024-02-29/2024-03-01");
  EXPECT_EQ(period("last month", {2024, 3, 31}), "2024-02-01/2024-03-01");
  EXPECT_EQ(period("month-1", {2026, 1, 31}), "2025-12-01/2026-01-01");
}

TEST(ParsePeriod, SaysWhatIsWrong) {
  EXPECT_EQ(period("2026-13"), "SY1010 '2026-13' is not a period: a year has months 01 to 12");
  EXPECT_EQ(period("2026-02-29"),
            "SY1010 '2026-02-29' is not a period: there is no day 29 in that month");
  EXPECT_EQ(period("2026Q5"), "SY1010 '2026Q5' is not a period: a year has quarters 1 to 4");
  EXPECT_EQ(period("1026"), "SY1010 '1026' is not a period: the year is not between 1900 and 9990");
  EXPECT_EQ(period("2026-07..2026-06"),
            "SY1010 '2026-07..2026-06' is not a period: it ends before it begins");
  EXPECT_EQ(period("since 2027"), "SY1010 'since 2027' is not a period: it begins after today");
  EXPECT_EQ(period("0 months"), "SY1010 '0 months' is not a period: a count starts at 1");
  EXPECT_EQ(period("9999 years"),
            "SY1010 '9999 years' is not a period: it would begin before 1900");
  EXPECT_EQ(period("9999999999 months"), "SY1010 '9999999999 months' is not a period");
  for (const char* text : {"",
                           "july",
                           "2026-7",
                           "26",
                           "2026-07-1",
                           "2026Q",
                           "2026-W3",
                           "FY",
                           "FY6",
                           "last",
                           "last moon",
                           "..",
                           "2026..",
                           "..2026",
                           "month-",
                           "month--1",
                           "P",
                           "PD",
                           "P1H",
                           "-1 months",
                           "since",
                           "since last month",
                           "monthly in 2025",
                           "2026 07",
                           "2026Q33",
                           "20260701"}) {
    const auto result = parse_period(text, kToday);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, "SY1010");
    EXPECT_NE(result.error().fix.find("2026-W31"), std::string::npos);
  }
  EXPECT_EQ(period("\x1b[31m"), "SY1010 '\\x1b[31m' is not a period");
}

TEST(PeriodBefore, OfCenturiesMayBeginBeforeTheFirstYear) {
  const Period before = period_before(parse_period("1900..4000", kToday).value());
  EXPECT_EQ(before.begin, (Date{-201, 1, 1}));
  EXPECT_EQ(before.end, (Date{1900, 1, 1}));
  EXPECT_EQ(first_of_month({0, 1, 31}), (Date{0, 1, 1}));
  EXPECT_EQ(first_of_month({0, 1, 31}, -1), (Date{-1, 12, 1}));
  EXPECT_EQ(first_of_month({0, 1, 31}, -12), (Date{-1, 1, 1}));
}

TEST(PeriodBefore, IsOfTheSameKind) {
  const auto before = [](const char* text) {
    const Period result = period_before(parse_period(text, kToday).value());
    return result.label + " " + format_date(result.begin) + "/" + format_date(result.end);
  };
  EXPECT_EQ(before("2026-03"), "2026-02 2026-02-01/2026-03-01");
  EXPECT_EQ(before("2026-01"), "2025-12 2025-12-01/2026-01-01");
  EXPECT_EQ(before("2026Q1"), "2025Q4 2025-10-01/2026-01-01");
  EXPECT_EQ(before("2026"), "2025 2025-01-01/2026-01-01");
  EXPECT_EQ(before("2026-07-15"), "2026-07-14 2026-07-14/2026-07-15");
  EXPECT_EQ(before("mtd"), "2026-06-16..2026-06-30 2026-06-16/2026-07-01");
  EXPECT_EQ(before("2026-W31"), "2026-07-20..2026-07-26 2026-07-20/2026-07-27");
}

TEST(Describe, NamesTheDaysInUtc) {
  const auto described = [](const char* text) {
    return describe(parse_period(text, kToday).value());
  };
  EXPECT_EQ(described("2026-07"), "1–31 Jul 2026 (UTC), 31 days");
  EXPECT_EQ(described("2026-07-15"), "15 Jul 2026 (UTC), 1 day");
  EXPECT_EQ(described("2026Q3"), "1 Jul – 30 Sep 2026 (UTC), 92 days");
  EXPECT_EQ(described("12 months"), "1 Jul 2025 – 30 Jun 2026 (UTC), 365 days");
  EXPECT_EQ(described("2024"), "1 Jan – 31 Dec 2024 (UTC), 366 days");
  EXPECT_EQ(described("2024-02"), "1–29 Feb 2024 (UTC), 29 days");
}

TEST(MonthsOf, TouchesEveryMonth) {
  const auto months = [](const char* text) {
    std::string out;
    for (const Date month : months_of(parse_period(text, kToday).value()))
      out += format_date(month) + " ";
    return out;
  };
  EXPECT_EQ(months("2026-07"), "2026-07-01 ");
  EXPECT_EQ(months("2025-12-31..2026-02-01"), "2025-12-01 2026-01-01 2026-02-01 ");
  EXPECT_EQ(months("2026-07-15"), "2026-07-01 ");
  EXPECT_TRUE(months_of({{2026, 7, 1}, {2026, 7, 1}, ""}).empty());
}

}  // namespace
}  // namespace steelyard
