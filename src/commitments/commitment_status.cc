#include "commitments/commitment_status.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "base/assert.h"
#include "base/text.h"
#include "commitments/bill_lines.h"
#include "money/money.h"

namespace steelyard {

namespace {

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;
/// A curve has at most so many days; a longer one has months.
constexpr std::int64_t kMostDays = 62;

struct Tally {
  Decimal list, contracted;         ///< on demand equivalent of all coverable usage
  Decimal covered_list, covered;    ///< of what commitments paid for
  Decimal used, unused, on_demand;  ///< cost
  Decimal cost() const { return used + unused + on_demand; }
  Decimal saved() const { return contracted - cost(); }
  Tally& operator+=(const Tally& other) {
    list += other.list;
    contracted += other.contracted;
    covered_list += other.covered_list;
    covered += other.covered;
    used += other.used;
    unused += other.unused;
    on_demand += other.on_demand;
    return *this;
  }
};

struct HeldRow {
  std::string name, kind, owner, scope;
  Instant begin, end;
  bool end_known = true;
  Decimal fee;  ///< an hour
  Decimal used, unused, covered;
  std::optional<Decimal> simulated;       ///< used, as the simulator would have it
  std::map<std::string, Decimal> series;  ///< used by day
};

/// All that the reports are made of, from whichever source.
struct Standing {
  std::string currency, source;
  Instant begin, end;  ///< of the usage
  std::vector<std::string> label_titles;
  std::map<std::vector<std::string>, Tally> groups;
  std::map<std::string, Decimal> owned;  ///< cost of commitments by owner
  std::vector<HeldRow> held;
  Tally total;
  std::vector<std::string> notes;
};

Cell share(Decimal part, Decimal whole) {
  return whole == Decimal{} ? Cell{} : Cell{ratio(part, whole)};
}

std::string per_cent(Decimal part, Decimal whole) {
  if (whole == Decimal{}) return "no share";
  char text[64];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * ratio(part, whole));
  return text;
}

std::string day_of(Instant instant) { return format_date(date_of(instant)); }
std::string month_of(Instant instant) { return day_of(instant).substr(0, 7); }

std::string scope_text(const std::vector<ScopeValue>& scope) {
  std::vector<std::string> parts;
  for (const auto& [column, value] : scope) parts.push_back(column + "=" + value);
  return join(parts, " ");
}

// ---- reports

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
      if (curves) cells.push_back({curve_of(row, days)});
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

// ---- from the bill

std::optional<Decimal> decimal(const Cell& cell) {
  const auto* value = std::get_if<Decimal>(&cell.value);
  return value == nullptr ? std::nullopt : std::optional<Decimal>(*value);
}

Decimal amount(const Cell& cell) { return decimal(cell).value_or(Decimal{}); }

/// The hour, day or month that a line lies in; its whole period if it is longer.
std::string time_label(StatusGrouping by, const std::string& first, const std::string& after) {
  const std::string form = by == StatusGrouping::kHour  ? "'%Y-%m-%dT%H:00:00Z'"
                           : by == StatusGrouping::kDay ? "'%Y-%m-%d'"
                                                        : "'%Y-%m'";
  const auto label = [&](const std::string& time) {
    return "strftime(" + time + ", " + form + ")";
  };
  return "CASE WHEN " + label(first) + " = " + label(after + " - INTERVAL 1 MICROSECOND") +
         " THEN " + label(first) + " ELSE strftime(" + first + ", '%Y-%m-%d') || '/' || strftime(" +
         after + ", '%Y-%m-%d') END";
}

class BillStatus {
 public:
  BillStatus(Engine& engine, const OwnBill& bill, StatusGrouping by)
      : engine_(engine), bill_(bill), by_(by) {}

  Result<Report> make(const std::vector<SharingPreference>& sharing) {
    standing_.source = bill_.source;
    auto estate = estate_of_bill(engine_, bill_, {});
    if (!estate && (!estate.error().code.starts_with("SY18") || estate.error().code == "SY1842"))
      return pass(estate);
    if (Status found = window(estate ? &*estate : nullptr); !found) return pass(found);
    auto held = held_commitments(engine_, bill_, standing_.begin, standing_.end);
    if (!held) return pass(held);
    if (held->empty() && !estate && estate.error().code == "SY1840") return pass(estate);
    if (Status same = one_currency(*held); !same) return pass(same);
    simulated_ = estate.has_value();
    if (estate) {
      standing_.notes = estate->notes;
    } else {
      auto priced = notes_of_open_lines(engine_, currency_of(standing_.currency));
      if (!priced) return pass(priced);
      standing_.notes = std::move(*priced);
      standing_.notes.push_back("what the simulator would have used is not known: " +
                                estate.error().what);
    }
    if (Status read = commitments(*held); !read) return pass(read);
    if (Status read = usage(); !read) return pass(read);
    if (Status read = unused(); !read) return pass(read);
    if (Status tied = tie(); !tied) return pass(tied);
    if (estate)
      if (Status compared = compare(*estate, sharing); !compared) return pass(compared);
    return Writer(standing_, by_).write();
  }

 private:
  std::string money(Decimal amount) const {
    return to_text(Money{amount, currency_of(standing_.currency)});
  }

  Status window(const Estate* estate) {
    if (estate != nullptr && estate->demand.hours > 0) {
      standing_.begin = estate->demand.first_hour;
      standing_.end = estate->demand.hour(estate->demand.hours);
      return {};
    }
    auto rows = engine_.query(
        "SELECT min(date_trunc('hour', first)), max(after) FROM (SELECT first, after FROM x_cells "
        "UNION ALL SELECT \"ChargePeriodStart\", \"ChargePeriodEnd\" FROM " +
        sql_identifier(bill_.charges) +
        " WHERE \"ChargeCategory\" = 'Usage' AND coalesce(\"CommitmentDiscountId\", '') <> '' "
        "AND " +
        condition_of(bill_) + ")");
    if (!rows) return pass(rows);
    parse_instant(rows->rows[0][0].text(), standing_.begin);
    parse_instant(rows->rows[0][1].text(), standing_.end);
    standing_.end.micros +=
        (kMicrosPerHour - standing_.end.micros % kMicrosPerHour) % kMicrosPerHour;
    return {};
  }

  /// SY1842.
  Status one_currency(const std::vector<HeldCommitment>& held) {
    auto rows = engine_.query("SELECT DISTINCT currency FROM x_cells ORDER BY 1");
    if (!rows) return pass(rows);
    std::set<std::string> currencies;
    for (const auto& row : rows->rows) currencies.insert(row[0].text());
    for (const HeldCommitment& each : held)
      if (each.instrument) currencies.insert(each.currency);
    if (currencies.size() > 1)
      return fail("SY1842",
                  "commitments and usage that they could cover are in several currencies: " +
                      join({currencies.begin(), currencies.end()}, ", "),
                  bill_.source, "choose one: --where=currency=" + *currencies.begin());
    standing_.currency = currencies.empty() ? "USD" : *currencies.begin();
    return {};
  }

  Status commitments(const std::vector<HeldCommitment>& held) {
    std::map<std::string, std::map<std::string, Decimal>> series;
    auto rows = engine_.query(
        "SELECT id, strftime(first, '%Y-%m-%d'), sum(effective) FROM x_cells WHERE id <> '' GROUP "
        "BY ALL");
    if (!rows) return pass(rows);
    for (const auto& row : rows->rows) series[row[0].text()][row[1].text()] += amount(row[2]);
    for (const HeldCommitment& each : held) {
      if (!each.instrument) {
        if (!simulated_)  // else the estate names it
          standing_.notes.push_back(each.name + " (" + each.type +
                                    ") is not applied hour by hour and stands in no figure: used " +
                                    money(each.used) + ", unused " + money(each.unused));
        continue;
      }
      HeldRow row;
      row.name = each.name;
      row.kind = std::string(traits(*each.instrument).name) + "-" +
                 std::to_string(each.term_years) + "y-" + std::string(name(each.payment));
      row.owner = each.owner;
      std::vector<ScopeValue> scope;
      if (!each.spend || *each.instrument == Instrument::kEc2InstanceSp) {
        if (!each.family.empty()) scope.emplace_back("family", each.family);
        if (!each.region.empty()) scope.emplace_back("region", each.region);
      }
      row.scope = scope_text(scope);
      row.begin = each.begin;
      row.end = each.end;
      row.end_known = each.end_known;
      row.fee = each.fee;
      row.used = each.used;
      row.unused = each.unused;
      row.covered = each.covered;
      row.series = std::move(series[each.id]);
      hourly_.insert(each.id);
      standing_.total.unused += each.unused;
      if (by_ == StatusGrouping::kOwner) standing_.owned[each.owner] += each.used + each.unused;
      standing_.held.push_back(std::move(row));
      commitments_.push_back(each);
    }
    return {};
  }

  Status usage() {
    std::string labels;
    switch (by_) {
      case StatusGrouping::kScope:
        labels = "provider, service, region, family";
        standing_.label_titles = {"provider", "service", "region", "family"};
        break;
      case StatusGrouping::kOwner:
        labels = "account";
        standing_.label_titles = {"account"};
        break;
      case StatusGrouping::kHour:
      case StatusGrouping::kDay:
      case StatusGrouping::kMonth:
        labels = time_label(by_, "first", "after");
        standing_.label_titles = {status_groupings()[static_cast<std::size_t>(by_)]};
        break;
      default:
        labels = "''";
        standing_.label_titles = {"all"};
    }
    auto rows = engine_.query(
        "SELECT " + labels +
        ", sum(list), sum(contracted), sum(list) FILTER (id <> ''), sum(contracted) FILTER (id <> "
        "''), sum(effective) FILTER (id <> ''), sum(effective) FILTER (id = '') FROM x_cells GROUP "
        "BY ALL ORDER BY ALL");
    if (!rows) return pass(rows);
    for (const auto& row : rows->rows) {
      std::vector<std::string> names;
      const std::size_t n = standing_.label_titles.size();
      for (std::size_t i = 0; i < n; ++i) names.push_back(row[i].text());
      Tally tally;
      tally.list = amount(row[n]);
      tally.contracted = amount(row[n + 1]);
      tally.covered_list = amount(row[n + 2]);
      tally.covered = amount(row[n + 3]);
      tally.used = amount(row[n + 4]);
      tally.on_demand = amount(row[n + 5]);
      standing_.groups[names] += tally;
      standing_.total += tally;
    }
    return {};
  }

  /// Where what was wasted belongs: its time, its owner, or where it could have been used.
  Status unused() {
    const bool by_time = by_ == StatusGrouping::kHour || by_ == StatusGrouping::kDay ||
                         by_ == StatusGrouping::kMonth;
    if (by_time) {
      auto rows = engine_.query(
          "SELECT " + time_label(by_, "\"ChargePeriodStart\"", "\"ChargePeriodEnd\"") +
          ", \"CommitmentDiscountId\", sum(\"EffectiveCost\") FROM " +
          sql_identifier(bill_.charges) +
          " WHERE \"ChargeCategory\" = 'Usage' AND \"CommitmentDiscountStatus\" = 'Unused' AND " +
          condition_of(bill_) + " GROUP BY ALL");
      if (!rows) return pass(rows);
      for (const auto& row : rows->rows)
        if (hourly_.count(row[1].text()) > 0)
          standing_.groups[{row[0].text()}].unused += amount(row[2]);
      return {};
    }
    for (const HeldCommitment& each : commitments_) {
      if (each.unused == Decimal{} && by_ != StatusGrouping::kOwner) continue;
      std::vector<std::string> names = {""};
      if (by_ == StatusGrouping::kOwner) names = {each.owner};
      if (by_ == StatusGrouping::kScope) {
        const InstrumentTraits& kind = traits(*each.instrument);
        names =
            kind.unit == CommitmentUnit::kQuantity
                ? std::vector<std::string>{each.provider, each.service, each.region, each.family}
                : std::vector<std::string>{each.provider, "any of " + std::string(kind.title), "",
                                           ""};
      }
      standing_.groups[names].unused += each.unused;
    }
    return {};
  }

  /// The same sums on other ways: commitments one by one, groups, and the bill as a whole.
  Status tie() {
    Decimal used, unused;
    for (const HeldRow& row : standing_.held) used += row.used;
    for (const auto& [names, tally] : standing_.groups) unused += tally.unused;
    auto lines = engine_.query(
        "SELECT \"CommitmentDiscountId\", sum(\"EffectiveCost\") FROM " +
        sql_identifier(bill_.charges) +
        " WHERE \"ChargeCategory\" = 'Usage' AND \"CommitmentDiscountStatus\" = 'Unused' AND " +
        condition_of(bill_) + " GROUP BY 1");
    if (!lines) return pass(lines);
    Decimal unused_lines;
    for (const auto& row : lines->rows)
      if (hourly_.count(row[0].text()) > 0) unused_lines += amount(row[1]);
    auto rows =
        engine_.query("SELECT sum(\"EffectiveCost\") FROM " + sql_identifier(bill_.charges) +
                      " WHERE \"BillingCurrency\" = " + sql_literal(standing_.currency) + " AND " +
                      condition_of(bill_));
    if (!rows) return pass(rows);
    const Tally& total = standing_.total;
    const Decimal whole = amount(rows->rows[0][0]);
    standing_.notes.push_back("effective cost of all charges " + money(whole) + " = used " +
                              money(total.used) + " + unused " + money(total.unused) +
                              " + on demand that could be covered " + money(total.on_demand) +
                              " + all else " + money(whole - total.cost()));
    if (used != total.used)
      standing_.notes.push_back("commitments also paid for lines that are not such usage: " +
                                money(used - total.used));
    if (unused != total.unused || unused_lines != total.unused)
      return fail("SY1806",
                  "unused " + to_text(total.unused) + " by commitment, " + to_text(unused) +
                      " by group, " + to_text(unused_lines) + " in lines that say so",
                  bill_.source, "please report this");
    // Without an upfront payment the fees that were billed are what was used and unused.
    Decimal billed, cost;
    for (const HeldCommitment& each : commitments_) {
      if (each.payment != Payment::kNoUpfront || each.recurring == Decimal{}) continue;
      billed += each.recurring;
      cost += each.used + each.unused;
    }
    if (billed != Decimal{})
      standing_.notes.push_back("fees billed for commitments without upfront payment " +
                                money(billed) + ", used and unused of them " + money(cost) +
                                ": difference " + money(billed - cost));
    return {};
  }

  /// What the simulator would have used of each commitment.
  Status compare(const Estate& estate, const std::vector<SharingPreference>& sharing) {
    if (estate.holdings.empty()) return {};
    auto simulated = simulate(estate.card, estate.table, estate.holdings, estate.demand, sharing);
    if (!simulated) return pass(simulated);
    std::size_t next = 0;
    Decimal ours, theirs;
    for (HeldRow& row : standing_.held) {
      if (next == estate.holdings.size()) break;
      const Holding& holding = estate.holdings[next];
      if (holding.id != row.name || holding.begin != row.begin || holding.owner != row.owner)
        continue;
      row.simulated = simulated->by_holding[next++].used;
      ours += *row.simulated;
      theirs += row.used;
    }
    standing_.notes.push_back("the provider used " + money(theirs) +
                              " of the commitments; by the documented order and the rates found " +
                              money(ours) + " would have been used: difference " +
                              money(ours - theirs));
    return {};
  }

  Engine& engine_;
  const OwnBill& bill_;
  StatusGrouping by_;
  bool simulated_ = false;
  Standing standing_;
  std::set<std::string> hourly_;  ///< ids of the commitments that count
  std::vector<HeldCommitment> commitments_;
};

// ---- from an estate

class EstateStatus {
 public:
  EstateStatus(const Estate& estate, StatusGrouping by) : estate_(estate), by_(by) {}

  Result<Report> make(const std::vector<SharingPreference>& sharing) {
    std::map<std::pair<std::size_t, std::string>, Decimal> series;
    const auto look = [&](const HourBill& hour) {
      const std::string day = day_of(hour.hour);
      for (const Piece& piece : hour.pieces) series[{piece.holding, day}] += piece.cost;
      if (is_time()) by_hour(hour);
    };
    auto bill =
        simulate(estate_.card, estate_.table, estate_.holdings, estate_.demand, sharing, look);
    if (!bill) return pass(bill);
    standing_.currency = estate_.card.currency;
    standing_.source = estate_.source;
    standing_.notes = estate_.notes;
    standing_.begin = estate_.demand.first_hour;
    standing_.end = estate_.demand.hour(estate_.demand.hours);
    for (std::size_t h = 0; h < bill->holdings.size(); ++h) {
      const Holding& holding = bill->holdings[h];
      const HoldingTotal& total = bill->by_holding[h];
      HeldRow row;
      row.name = holding.id.empty() ? std::to_string(h + 1) : holding.id;
      row.kind = estate_.card.offers[holding.offer].name;
      row.owner = holding.owner;
      row.scope = scope_text(holding.scope);
      row.begin = holding.begin;
      row.end = holding.end;
      row.fee = fee_per_hour(holding);
      row.used = total.used;
      row.unused = total.unused;
      row.covered = total.covered_on_demand;
      for (const auto& [key, used] : series)
        if (key.first == h) row.series[key.second] += used;
      standing_.held.push_back(std::move(row));
      if (by_ == StatusGrouping::kOwner) standing_.owned[holding.owner] += total.fee;
    }
    if (is_time()) {
      standing_.label_titles = {status_groupings()[static_cast<std::size_t>(by_)]};
    } else {
      by_pool(*bill);
    }
    for (const auto& [names, tally] : standing_.groups) standing_.total += tally;
    return Writer(standing_, by_).write();
  }

 private:
  bool is_time() const {
    return by_ == StatusGrouping::kHour || by_ == StatusGrouping::kDay ||
           by_ == StatusGrouping::kMonth;
  }

  const Rate& rate_of(std::size_t pool) const {
    return estate_.card.rates[estate_.table.pools[pool].rate];
  }

  void by_hour(const HourBill& hour) {
    std::string label = by_ == StatusGrouping::kHour  ? format_instant(hour.hour)
                        : by_ == StatusGrouping::kDay ? day_of(hour.hour)
                                                      : month_of(hour.hour);
    Tally& tally = standing_.groups[{std::move(label)}];
    tally.contracted += hour.on_demand_equivalent;
    tally.covered += hour.on_demand_equivalent - hour.total_on_demand;
    tally.used += hour.fees - hour.total_unused;
    tally.unused += hour.total_unused;
    tally.on_demand += hour.total_on_demand;
    for (std::size_t p = 0; p < hour.usage.size(); ++p) {
      tally.list += multiply(hour.usage[p], rate_of(p).list);
      tally.covered_list += multiply(hour.usage[p] - hour.uncovered[p], rate_of(p).list);
    }
  }

  void by_pool(const Bill& bill) {
    std::vector<std::size_t> places;
    const auto& columns = estate_.table.columns;
    std::set<std::string> wanted;
    if (by_ == StatusGrouping::kOwner) {
      wanted.insert("account");
    } else if (by_ == StatusGrouping::kScope) {
      for (const Offer& offer : estate_.card.offers)
        wanted.insert(offer.scope.begin(), offer.scope.end());
      if (wanted.empty()) wanted.insert(columns.begin(), columns.end());
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (wanted.count(columns[i]) == 0) continue;
      places.push_back(i);
      standing_.label_titles.push_back(columns[i]);
    }
    if (standing_.label_titles.empty())
      standing_.label_titles = {by_ == StatusGrouping::kOwner ? "account" : "all"};
    for (std::size_t p = 0; p < bill.by_pool.size(); ++p) {
      const PoolTotal& total = bill.by_pool[p];
      std::vector<std::string> names;
      for (const std::size_t place : places) names.push_back(estate_.table.pools[p].key[place]);
      if (names.empty()) names = {""};
      Tally& tally = standing_.groups[std::move(names)];
      tally.contracted += total.on_demand_equivalent;
      tally.covered += total.on_demand_equivalent - total.on_demand;
      tally.list += multiply(total.usage, rate_of(p).list);
      tally.covered_list += multiply(total.covered, rate_of(p).list);
      tally.used += total.commitment_cost;
      tally.on_demand += total.on_demand;
    }
    for (std::size_t h = 0; h < bill.holdings.size(); ++h) {
      const Holding& holding = bill.holdings[h];
      std::vector<std::string> names;
      if (by_ == StatusGrouping::kOwner) {
        names = {holding.owner};
      } else {
        for (const std::string& title : standing_.label_titles) {
          const auto at = std::find_if(holding.scope.begin(), holding.scope.end(),
                                       [&](const auto& value) { return value.first == title; });
          names.push_back(at == holding.scope.end() ? "" : at->second);
        }
      }
      standing_.groups[std::move(names)].unused += bill.by_holding[h].unused;
    }
  }

  const Estate& estate_;
  StatusGrouping by_;
  Standing standing_;
};

}  // namespace

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

Result<Report> commitment_status(Engine& engine, const OwnBill& bill, StatusGrouping by,
                                 const std::vector<SharingPreference>& sharing) {
  return BillStatus(engine, bill, by).make(sharing);
}

Result<Report> commitment_status(const Estate& estate, StatusGrouping by,
                                 const std::vector<SharingPreference>& sharing) {
  return EstateStatus(estate, by).make(sharing);
}

}  // namespace steelyard
