// What is held out of the own bill: sums of its charges, tied to each other and to the bill.
#include <set>

#include "base/text.h"
#include "commitments/bill_lines.h"
#include "commitments/status_report.h"
#include "money/money.h"

namespace steelyard {

namespace {

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;

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
    return status_report(standing_, by_);
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
    auto platforms = platforms_of(engine_);
    if (!platforms) return pass(platforms);
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
        if (each.is_of_one_size() && !each.size.empty())
          scope.emplace_back("size", each.size);
        else if (!each.family.empty())
          scope.emplace_back("family", each.family);
        if (platforms->known && each.is_reserved_instance() && !each.platform.empty())
          scope.emplace_back("platform", each.platform);
        if (!each.region.empty()) scope.emplace_back("region", each.region);
      }
      std::sort(scope.begin(), scope.end());
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

}  // namespace

Result<Report> commitment_status(Engine& engine, const OwnBill& bill, StatusGrouping by,
                                 const std::vector<SharingPreference>& sharing) {
  return BillStatus(engine, bill, by).make(sharing);
}

}  // namespace steelyard
