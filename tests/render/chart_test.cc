// Pictures: as kept in tests/render/pictures (STEELYARD_UPDATE=1 writes them anew; look at the
// difference), within their width, without losing a peak, and safe whatever the data say.
#include "render/chart.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "base/text.h"
#include "base/time.h"
#include "render/chart_scale.h"

namespace steelyard {
namespace {

namespace fs = std::filesystem;

double seconds(int year, int month) {
  return static_cast<double>(days_from_civil({year, month, 1})) * 86'400;
}

/// Convex, lowest at 42 with 61, as a cost curve is.
Chart cost_curve() {
  Chart chart;
  chart.title = "Cost of holding more or less";
  chart.x.title = "commitment, USD an hour";
  chart.y.title = "cost, USD an hour";
  ChartSeries cost{"cost", {}, false};
  for (int x = 0; x <= 100; x += 2)
    cost.points.push_back({1.0 * x, 61 + std::abs(x - 42) * 0.2 + (x - 42) * (x - 42) * 0.013});
  chart.series = {cost};
  chart.marks = {{"now 10.00", {10, cost.points[5].y}}, {"best 42.00", {42, 61}}};
  chart.levels = {{"no purchases cost less: 60.80", 60.8}};
  return chart;
}

Chart duration_curve() {
  Chart chart;
  chart.title = "Hours by demand";
  chart.kind = ChartKind::kCoverage;
  chart.x = {"share of the hours", AxisKind::kShare};
  chart.y.title = "units";
  ChartSeries demand{"demand", {}, true};
  for (int hour = 0; hour < 500; ++hour) {
    const double share = hour / 499.0;
    demand.points.push_back({share, 1000 * std::pow(1 - share, 3) + 420 * (1 - share * 0.4)});
  }
  chart.series = {demand};
  chart.levels = {{"held 200", 200}, {"held and proposed 380", 380}};
  return chart;
}

Chart expiry_ladder() {
  Chart chart;
  chart.title = "What is held, and when it ends";
  chart.kind = ChartKind::kStack;
  chart.x = {"", AxisKind::kTime};
  chart.y.title = "USD an hour";
  chart.series = {
      {"compute-3y", {{seconds(2026, 7), 12}, {seconds(2028, 2), 0}}, true},
      {"compute-1y", {{seconds(2026, 7), 7.5}, {seconds(2027, 1), 4}, {seconds(2027, 5), 0}}, true},
      {"r5 Ireland",
       {{seconds(2026, 10), 3}, {seconds(2027, 10), 0}, {seconds(2029, 1), 0}},
       true}};
  return chart;
}

Chart regrets() {
  Chart chart;
  chart.title = "Saved, since the begin";
  chart.x = {"", AxisKind::kTime};
  chart.y = {"share of on demand", AxisKind::kShare, true};
  for (const double slope : {0.09, 0.05, 0.12}) {
    ChartSeries& series = chart.series.emplace_back();
    series.name = "policy " + std::to_string(chart.series.size());
    for (int week = 0; week < 104; ++week)
      series.points.push_back(
          {seconds(2022, 2) + week * 604'800.0,
           slope * (1 - std::exp(-week / 20.0)) + 0.02 * std::sin(week / 9.0 + slope * 50)});
  }
  return chart;
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void expect_kept(const std::string& name, const std::string& text) {
  const fs::path path = fs::path(STEELYARD_SOURCE) / "tests/render/pictures" / name;
  if (std::getenv("STEELYARD_UPDATE") != nullptr) std::ofstream(path, std::ios::binary) << text;
  EXPECT_EQ(read(path), text) << name;
}

Style place(int width, bool unicode, bool color = false) {
  Style style;
  style.width = width;
  style.unicode = unicode;
  style.color = color;
  return style;
}

TEST(ChartTest, PicturesAreAsKept) {
  const std::pair<const char*, Chart> charts[] = {{"cost", cost_curve()},
                                                  {"coverage", duration_curve()},
                                                  {"ladder", expiry_ladder()},
                                                  {"regrets", regrets()}};
  for (const auto& [name, chart] : charts) {
    Report report;
    report.title = chart.title;
    report.charts = {chart};
    expect_kept(std::string(name) + ".svg", svg_of(report));
    for (const bool unicode : {true, false}) {
      std::string page;
      for (const int width : {40, 80, 120}) page += picture_of(chart, place(width, unicode)) + "\n";
      expect_kept(std::string(name) + (unicode ? ".txt" : ".ascii.txt"), page);
      for (const std::string& line : split(page, '\n')) {
        EXPECT_TRUE(unicode || line.find_first_not_of(
                                   "\n !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~") == std::string::npos)
            << line;
      }
    }
  }
}

TEST(ChartTest, NoLineIsWiderThanItsPlace) {
  for (const Chart& chart : {cost_curve(), duration_curve(), expiry_ladder(), regrets()})
    for (const int width : {40, 41, 57, 80, 100, 120, 400})
      for (const bool unicode : {true, false})
        for (const std::string& line : split(picture_of(chart, place(width, unicode)), '\n'))
          EXPECT_LE(display_width(line), width) << line;
}

TEST(ChartTest, ColoursTellCurvesApartAndSignsWhereThereAreNone) {
  const std::string coloured = picture_of(regrets(), place(80, true, true));
  for (const char* code : {"\x1b[36m", "\x1b[33m", "\x1b[35m"})
    EXPECT_NE(coloured.find(code), std::string::npos);
  EXPECT_EQ(coloured.find("×"), std::string::npos);
  const std::string plain = picture_of(regrets(), place(80, true));
  for (const char* sign : {"•", "+", "×"}) EXPECT_NE(plain.find(sign), std::string::npos) << plain;
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
}

TEST(ChartTest, NoPeakIsLostAmongManyPoints) {
  std::vector<ChartPoint> points;
  for (int i = 0; i < 1'000'000; ++i) points.push_back({1.0 * i, 0});
  points[123'456].y = 7;
  points[765'432].y = -3;
  const auto kept = thinned(points, {0, 999'999}, 100);
  EXPECT_LE(kept.size(), 400u);
  double low = 0, high = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    low = std::min(low, kept[i].y);
    high = std::max(high, kept[i].y);
    EXPECT_TRUE(i == 0 || kept[i - 1].x < kept[i].x);
  }
  EXPECT_EQ(low, -3);
  EXPECT_EQ(high, 7);
  EXPECT_EQ(kept.front().x, 0);
  EXPECT_EQ(kept.back().x, 999'999);
  // A step of one hour in a stack of three years is seen too.
  Chart chart;
  chart.kind = ChartKind::kStack;
  chart.series = {{"one", points, true}};
  EXPECT_EQ(layers_at(chart, 120'000, 130'000).back(), 7);
}

TEST(ChartTest, TicksAreRound) {
  const auto texts = [](ChartAxis axis, Range range, std::size_t most) {
    std::vector<std::string> found;
    for (const Tick& tick : ticks_of(axis, range, most)) found.push_back(tick.text);
    return join(found, " ");
  };
  const ChartAxis number{"", AxisKind::kNumber}, share{"", AxisKind::kShare},
      time{"", AxisKind::kTime};
  EXPECT_EQ(texts(number, {0, 10}, 5), "0 2 4 6 8 10");
  EXPECT_EQ(texts(number, {-0.03, 0.04}, 7), "-0.03 -0.02 -0.01 0.00 0.01 0.02 0.03 0.04");
  EXPECT_EQ(texts(number, {0, 60'000}, 3), "0 20 k 40 k 60 k");
  EXPECT_EQ(texts(number, {0, 3e9}, 3), "0 1 G 2 G 3 G");
  EXPECT_EQ(texts(share, {0, 1}, 4), "0% 50% 100%");
  EXPECT_EQ(texts(share, {0, 0.01}, 5), "0.0% 0.2% 0.4% 0.6% 0.8% 1.0%");
  EXPECT_EQ(texts(time, {seconds(2022, 2), seconds(2024, 2)}, 5),
            "2022-07 2023-01 2023-07 2024-01");
  EXPECT_EQ(texts(time, {seconds(2022, 2), seconds(2022, 2) + 86'400}, 5),
            "02-01 00:00 02-01 06:00 02-01 12:00 02-01 18:00 02-02 00:00");
  EXPECT_EQ(texts(time, {seconds(2000, 1), seconds(2040, 1)}, 3), "2000 2010 2020 2030 2040");
}

TEST(ChartTest, AnAxisBeginsAndEndsWithATick) {
  for (double low = -0.5; low < 0.5; low += 0.0137)
    for (double high = low + 0.01; high < 1; high += 0.0731)
      for (const std::size_t most : {5, 6, 7}) {
        Chart chart;
        chart.series = {{"", {{0, low}, {1, high}}}};
        const Range y = frame_of(chart, most).y;
        const auto ticks = ticks_of(chart.y, y, most);
        ASSERT_GE(ticks.size(), 2u);
        EXPECT_LE(ticks.size(), most + 1);
        EXPECT_NEAR(ticks.front().at, y.low, 1e-9);
        EXPECT_NEAR(ticks.back().at, y.high, 1e-9) << low << " " << high;
        EXPECT_LE(y.low, low + 1e-9);
        EXPECT_GE(y.high, high - 1e-9);
      }
}

TEST(ChartTest, WhatCannotBeDrawnIsLeftOut) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
  Chart chart = cost_curve();
  const std::string before = picture_of(chart, place(80, true));
  chart.series[0].points.insert(chart.series[0].points.begin() + 3, {{5, nan}, {5, inf}, {nan, 1}});
  chart.marks.push_back({"never", {nan, nan}});
  chart.levels.push_back({"beyond", -inf});
  EXPECT_EQ(picture_of(chart, place(80, true)), before);
  chart.series.clear();
  chart.marks.clear();
  EXPECT_NE(picture_of(chart, place(80, true)).find("no data"), std::string::npos);
  for (const ChartKind kind : {ChartKind::kLines, ChartKind::kCoverage, ChartKind::kStack})
    for (const AxisKind axis : {AxisKind::kNumber, AxisKind::kTime, AxisKind::kShare})
      for (const double x : {0.0, -1.0, 1e-300, 1e99, 1e11})
        for (const double y : {0.0, 5.0, 1e-300, 1e99}) {
          Chart odd;
          odd.kind = kind;
          odd.x.kind = axis;
          odd.series = {{"one point", {{x, y}}, true},
                        {"two", {{x, y}, {std::nextafter(x, inf), y}}}};
          odd.levels = {{"level", y}};
          Report report;
          report.charts = {odd};
          EXPECT_FALSE(picture_of(odd, place(40, false)).empty());
          EXPECT_EQ(svg_of(report).find("nan"), std::string::npos);
        }
}

/// Parsed by an XML parser that is not ours.
void expect_well_formed(const std::string& svg, const std::string& name) {
  const fs::path path =
      fs::temp_directory_path() / ("steelyard_" + name + "_" + std::to_string(::getpid()) + ".svg");
  std::ofstream(path, std::ios::binary) << svg;
  const std::string command =
      "python3 -c 'import sys, xml.etree.ElementTree as t\n"
      "root = t.parse(sys.argv[1]).getroot()\n"
      "assert root.tag == \"{http://www.w3.org/2000/svg}svg\", root.tag\n"
      "tags = {e.tag.split(\"}\")[1] for e in root.iter()}\n"
      "allowed = set(\"svg title style rect g text line path circle\".split())\n"
      "assert tags <= allowed, tags\n"
      "assert not any(k.startswith(\"on\") or \"href\" in k for e in root.iter() for k in "
      "e.attrib)' " +
      path.string();
  EXPECT_EQ(std::system(command.c_str()), 0) << name;
  fs::remove(path);
}

TEST(ChartTest, HostileTextStaysText) {
  if (std::system("python3 -c '' 2>/dev/null") != 0) GTEST_SKIP() << "skipped: no python3";
  const std::string hostile =
      "</title><script>alert(1)</script> \" ' & ]]> \x1b[31m\x07\xff\xfe \xef\xbf\xbf "
      "\xe2\x80\xae" +
      std::string(200, 'w');
  for (Chart chart : {cost_curve(), duration_curve(), expiry_ladder(), regrets()}) {
    chart.title = chart.x.title = chart.y.title = hostile;
    for (ChartSeries& series : chart.series) series.name = hostile;
    for (ChartMark& mark : chart.marks) mark.name = hostile;
    for (ChartLevel& level : chart.levels) level.name = hostile;
    Report report;
    report.title = hostile;
    report.charts = {chart, chart};
    const std::string svg = svg_of(report);
    expect_well_formed(svg, "hostile");
    EXPECT_EQ(svg.find("<script"), std::string::npos);
    for (const bool unicode : {true, false})
      for (const std::string& line : split(picture_of(chart, place(60, unicode)), '\n')) {
        EXPECT_EQ(line.find_first_of("\x1b\x07\xff"), std::string::npos);
        EXPECT_EQ(line, terminal_safe(line));
      }
    const std::string json = render(report, OutputFormat::kJson, place(80, true));
    EXPECT_NE(json.find("\"charts\": ["), std::string::npos);
    EXPECT_EQ(json.find('\x1b'), std::string::npos);
  }
}

}  // namespace
}  // namespace steelyard
