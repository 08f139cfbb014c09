#include "commitments/status_report.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "money/money.h"

namespace steelyard {

namespace {

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;
/// A curve has at most so many days; a longer one has months.
constexpr std::int64_t kMostDays = 62;

Cell share(Decimal part, Decimal whole) {
  return whole == Decimal{} ? Cell{} : Cell{ratio(part, whole)};
}

std::string per_cent(Decimal part, Decimal whole) {
  if (whole == Decimal{}) return "no share";
  char text[64];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * ratio(part, whole));
  return text;
}

class Writer {
 public:
  Writer(const Standing& standing, StatusGrouping by) : standing_(standing), by_(by) {}

  Report write() {
    report_.title = "commitments held, by " + status_groupings()[static_cast<std::size_t>(by_)];
    switch (by_) {
      case StatusGrouping::kPurchase:
        by_purchase();
        break;
      case StatusGrouping::kExpiry:
        by_expiry();
        break;
      default:
        by_group();
        break;
    }
    say_what_it_means();
    report_.notes.insert(report_.notes.end(), standing_.notes.begin(), standing_.notes.end());
    report_.provenance.currencies = {standing_.currency};
    if (standing_.begin < standing_.end) {
      const Instant last{standing_.end.micros - 1};
      report_.provenance.period = day_of(standing_.begin) + "/" +
                                  format_date(civil_from_days(days_from_civil(date_of(last)) + 1));
    }
    report_.provenance.source = standing_.source;
    return std::move(report_);
  }

 private:
  std::string money(Decimal amount) const {
    return to_text(Money{amount, currency_of(standing_.currency)});
  }

  void add(std::vector<Cell> row, bool total = false) {
    row.resize(report_.columns.size());
    (total ? report_.totals : report_.rows).push_back(std::move(row));
  }

  /// Days of the window, or months when there are many.
  std::vector<std::string> buckets() const {
    std::vector<std::string> all;
    if (!(standing_.begin < standing_.end)) return all;
    const std::int64_t first = days_from_civil(date_of(standing_.begin)),
                       last = days_from_civil(date_of({standing_.end.micros - 1}));
    for (std::int64_t day = first; day <= last; ++day) {
      std::string name = format_date(civil_from_days(day));
      if (last - first + 1 > kMostDays) name.resize(7);
      if (all.empty() || all.back() != name) all.push_back(name);
    }
    return all;
  }

  void by_purchase() {
    const bool simulated =
        std::any_of(standing_.held.begin(), standing_.held.end(),
                    [](const HeldRow& row) { return row.simulated.has_value(); });
    const std::vector<std::string> days = buckets();
    const bool curves =
        days.size() > 1 && std::any_of(standing_.held.begin(), standing_.held.end(),
                                       [](const HeldRow& row) { return !row.series.empty(); });
    report_.columns = {
        {"purchase", "purchase", CellKind::kText}, {"kind", "kind", CellKind::kText},
        {"scope", "scope", CellKind::kText},       {"owner", "owner", CellKind::kText},
        {"begin", "begin", CellKind::kInstant},    {"end", "end", CellKind::kInstant},
        {"currency", "", CellKind::kText},         {"an_hour", "an hour", CellKind::kQuantity},
        {"cost", "cost", CellKind::kMoney},        {"used", "used", CellKind::kMoney},
        {"unused", "unused", CellKind::kMoney},    {"utilisation", "utilisation", CellKind::kShare},
        {"avoided", "avoids", CellKind::kMoney},   {"saved", "saves", CellKind::kSaving}};
    if (simulated) {
      report_.columns.push_back({"simulated_used", "simulated used", CellKind::kMoney});
      report_.columns.push_back({"difference", "difference", CellKind::kChange});
    }
    if (curves) report_.columns.push_back({"used_over_time", "used over time", CellKind::kSeries});
    Decimal all_simulated, all_difference;
    for (const HeldRow& row : standing_.held) {
      const Decimal cost = row.used + row.unused;
      std::vector<Cell> cells = {{row.name},
                                 {row.kind},
                                 {row.scope},
                                 {row.owner},
                                 {format_instant(row.begin)},
                                 row.end_known ? Cell{format_instant(row.end)} : Cell{},
                                 {standing_.currency},
                                 {row.fee},
                                 {cost},
                                 {row.used},
                                 {row.unused},
                                 share(row.used, cost),
                                 {row.covered},
                                 {row.covered - cost}};
      if (simulated) {
        cells.push_back(row.simulated ? Cell{*row.simulated} : Cell{});
        cells.push_back(row.simulated ? Cell{*row.simulated - row.used} : Cell{});
        if (row.simulated) {
          all_simulated += *row.simulated;
          all_difference += *row.simulated - row.used;
        }
      }
      if (curves) cells.emplace_back().value = curve_of(row, days);
      add(std::move(cells));
    }
    const Tally& total = standing_.total;
    const Cell none;
    add({{std::string("on demand")},
         none,
         none,
         none,
         none,
         none,
         {standing_.currency},
         none,
         {total.on_demand},
         none,
         none,
         none,
         {total.contracted - total.covered},
         {total.contracted - total.covered - total.on_demand}});
    std::vector<Cell> last = {{std::string("total")},
                              none,
                              none,
                              none,
                              none,
                              none,
                              {standing_.currency},
                              none,
                              {total.cost()},
                              {total.used},
                              {total.unused},
                              share(total.used, total.used + total.unused),
                              {total.contracted},
                              {total.saved()}};
    if (simulated) {
      last.push_back({all_simulated});
      last.push_back({all_difference});
    }
    add(std::move(last), true);
  }

  static std::string curve_of(const HeldRow& row, const std::vector<std::string>& days) {
    std::map<std::string, Decimal> sums;
    for (const auto& [day, used] : row.series) sums[day.substr(0, days[0].size())] += used;
    std::vector<std::string> values;
    for (const std::string& day : days) values.push_back(to_text(sums[day]));
    return join(values, " ");
  }

  void by_group() {
    const bool owners = by_ == StatusGrouping::kOwner;
    for (const std::string& title : standing_.label_titles)
      report_.columns.push_back({title, title, CellKind::kText});
    const std::size_t labels = report_.columns.size();
    report_.columns.push_back({"currency", "", CellKind::kText});
    if (owners) report_.columns.push_back({"owned", "its commitments", CellKind::kMoney});
    for (const ReportColumn& column : std::vector<ReportColumn>{
             {"on_demand_equivalent", "all on demand", CellKind::kMoney},
             {"covered", "covered", CellKind::kMoney},
             {"coverage", "coverage", CellKind::kShare},
             {"used", owners ? "used by it" : "used", CellKind::kMoney},
             {"unused", owners ? "of its unused" : "unused", CellKind::kMoney},
             {"utilisation", "utilisation", CellKind::kShare},
             {"on_demand", "on demand", CellKind::kMoney},
             {"saved", "saves", CellKind::kSaving},
             {"esr", "ESR", CellKind::kShare},
             {"esr_list", "ESR of list", CellKind::kShare}})
      report_.columns.push_back(column);
    const auto row = [&](const std::vector<std::string>& names, const Tally& tally, Decimal owned) {
      std::vector<Cell> cells;
      for (std::size_t i = 0; i < labels; ++i)
        cells.push_back(i < names.size() && !names[i].empty() ? Cell{names[i]} : Cell{});
      cells.push_back({standing_.currency});
      if (owners) cells.push_back({owned});
      // Of an owner: what of its own is unused; who used the rest is another matter.
      const Decimal held = owners ? owned : tally.used + tally.unused;
      for (Cell cell :
           {Cell{tally.contracted}, Cell{tally.covered}, share(tally.covered, tally.contracted),
            Cell{tally.used}, Cell{tally.unused}, share(held - tally.unused, held),
            Cell{tally.on_demand}, Cell{tally.saved()}, share(tally.saved(), tally.contracted),
            share(tally.list - tally.cost(), tally.list)})
        cells.push_back(std::move(cell));
      return cells;
    };
    Tally sum;
    Decimal owned_sum;
    for (const auto& [names, tally] : standing_.groups) {
      const auto owned = standing_.owned.find(names.empty() ? "" : names[0]);
      const Decimal of_it = owned == standing_.owned.end() ? Decimal{} : owned->second;
      owned_sum += of_it;
      sum += tally;
      add(row(names, tally, of_it));
    }
    add(row({"total"}, sum, owned_sum), true);
  }

  void by_expiry() {
    report_.columns = {{"month", "month", CellKind::kText},
                       {"ending", "ending", CellKind::kCount},
                       {"currency", "", CellKind::kText},
                       {"ends", "ends, an hour", CellKind::kMoney},
                       {"share", "of what is held", CellKind::kShare},
                       {"begins", "begins, an hour", CellKind::kMoney},
                       {"left", "held after it, an hour", CellKind::kMoney},
                       {"purchases", "which", CellKind::kText}};
    Decimal now = held_at_end();
    struct Month {
      std::int64_t ending = 0;
      Decimal ends, begins;
      std::vector<std::string> names;
    };
    std::map<std::string, Month> months;
    Month unknown;
    std::string last = month_of(standing_.end);
    for (const HeldRow& row : standing_.held) {
      if (row.end_known && row.end <= standing_.end) continue;
      if (row.begin >= standing_.end) months[month_of(row.begin)].begins += row.fee;
      Month& month = row.end_known ? months[month_of(row.end)] : unknown;
      ++month.ending;
      month.ends += row.fee;
      month.names.push_back(row.name);
      if (row.end_known) last = std::max(last, month_of(row.end));
    }
    Decimal left = now;
    Month sum;
    const auto unless_zero = [](Decimal value) {
      return value == Decimal{} ? Cell{} : Cell{value};
    };
    const auto show = [&](const std::string& name, const Month& month) {
      left += month.begins - month.ends;
      add({{name},
           month.ending == 0 ? Cell{} : Cell{month.ending},
           {standing_.currency},
           unless_zero(month.ends),
           month.ending == 0 ? Cell{} : share(month.ends, now),
           unless_zero(month.begins),
           {left},
           {join(month.names, ", ")}});
      sum.ending += month.ending;
      sum.ends += month.ends;
      sum.begins += month.begins;
    };
    Chart chart;
    chart.title = "held, month by month";
    chart.y = {standing_.currency + " an hour", AxisKind::kNumber, true};
    chart.x = {"", AxisKind::kTime, false};
    ChartSeries steps;
    steps.name = "held";
    steps.steps = true;
    Date date = date_of(standing_.end);
    date.day = 1;
    const auto seconds = [](Date at) { return static_cast<double>(days_from_civil(at)) * 86'400; };
    steps.points.push_back(
        {static_cast<double>(standing_.end.micros) / 1e6, ratio(now, Decimal{kOne})});
    for (std::string name = format_date(date).substr(0, 7); name <= last && !months.empty();
         name = format_date(date).substr(0, 7)) {
      show(name, months[name]);
      if (++date.month > 12) date = {date.year + 1, 1, 1};
      steps.points.push_back({seconds(date), ratio(left, Decimal{kOne})});
    }
    if (unknown.ending > 0) show("not known", unknown);
    if (!report_.rows.empty())
      add({{std::string("total")},
           {sum.ending},
           {standing_.currency},
           {sum.ends},
           {},
           {sum.begins},
           {left}},
          true);
    if (steps.points.size() > 2) {
      chart.series.push_back(std::move(steps));
      report_.charts.push_back(std::move(chart));
    }
  }

  Decimal held_at_end() const {
    Decimal held;
    for (const HeldRow& row : standing_.held)
      if (row.begin < standing_.end && (row.end > standing_.end || !row.end_known)) held += row.fee;
    return held;
  }

  void say_what_it_means() {
    const Tally& total = standing_.total;
    const Decimal fees = total.used + total.unused;
    if (standing_.held.empty()) {
      report_.notes.push_back("nothing is held: " + money(total.on_demand) +
                              " of usage that commitments could cover is on demand");
      return;
    }
    report_.notes.push_back("commitments cost " + money(fees) + ": used " + money(total.used) +
                            ", unused " + money(total.unused) + "; utilisation " +
                            per_cent(total.used, fees));
    report_.notes.push_back("coverage " + per_cent(total.covered, total.contracted) + ": " +
                            money(total.covered) + " of " + money(total.contracted) +
                            " on demand is covered by commitments, " + money(total.on_demand) +
                            " stays on demand");
    report_.notes.push_back(
        "effective savings rate " + per_cent(total.saved(), total.contracted) +
        " of the price on demand: " + money(total.saved()) + " saved by commitments alone; " +
        per_cent(total.list - total.cost(), total.list) +
        " of list: " + money(total.list - total.cost()) + ", negotiated prices included");
    const Decimal held = held_at_end();
    const HeldRow* next = nullptr;
    Decimal within_a_year;
    for (const HeldRow& row : standing_.held) {
      if (!row.end_known || row.end <= standing_.end || row.begin >= standing_.end) continue;
      if (next == nullptr || row.end < next->end) next = &row;
      if (row.end.micros - standing_.end.micros <= 365 * 24 * kMicrosPerHour)
        within_a_year += row.fee;
    }
    if (next != nullptr)
      report_.notes.push_back(next->name + " ends next, on " + day_of(next->end) + "; " +
                              per_cent(within_a_year, held) +
                              " of what is held by the hour ends within a year");
  }

  const Standing& standing_;
  StatusGrouping by_;
  Report report_;
};

}  // namespace

std::string day_of(Instant instant) { return format_date(date_of(instant)); }
std::string month_of(Instant instant) { return day_of(instant).substr(0, 7); }

std::string scope_text(const std::vector<ScopeValue>& scope) {
  std::vector<std::string> parts;
  for (const auto& [column, value] : scope) parts.push_back(column + "=" + value);
  return join(parts, " ");
}

const std::vector<std::string>& status_groupings() {
  static const std::vector<std::string> kNames = {"purchase", "scope", "owner", "hour",
                                                  "day",      "month", "expiry"};
  return kNames;
}

std::optional<StatusGrouping> parse_status_grouping(std::string_view text) {
  const auto& names = status_groupings();
  const auto at = std::find(names.begin(), names.end(), text);
  if (at == names.end()) return std::nullopt;
  return static_cast<StatusGrouping>(at - names.begin());
}

Report status_report(const Standing& standing, StatusGrouping by) {
  return Writer(standing, by).write();
}

}  // namespace steelyard
