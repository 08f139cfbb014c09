#include <charconv>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"
#include "commitments/simulate_report.h"

namespace steelyard {

namespace {

struct CommitmentOptions {
  std::vector<std::string> question;
  std::string demand, time_column, quantity_column;
  std::string offers, rates, buy, groups, sharing = "organisation", by = "purchase";
  std::string step, cost_of_capital;
};

Result<std::unique_ptr<Engine>> engine_of(const Context& context) {
  auto settings = engine_options(context.common);
  if (!settings) return pass(settings);
  return open_duckdb(*settings);
}

/// SY1604 names the first of these flags that has no value.
Status needs(std::initializer_list<std::pair<std::string_view, const std::string*>> flags) {
  for (const auto& [flag, value] : flags) {
    if (value->empty())
      return fail("SY1604", std::string(flag) + "=FILE is missing", "",
                  "steelyard help commitments shows what the file holds");
  }
  return {};
}

/// "8%" or "0.08".
Result<std::optional<double>> parse_yearly_rate(const std::string& text, const std::string& flag) {
  if (text.empty()) return std::optional<double>();
  std::string_view digits = text;
  const bool percent = digits.ends_with('%');
  if (percent) digits.remove_suffix(1);
  double rate = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rate);
  if (percent) rate /= 100;
  if (error != std::errc() || end != digits.data() + digits.size() || !(rate >= 0 && rate <= 10))
    return bad_value(flag, text, "a yearly rate from 0 to 1000%, such as 8%");
  return std::optional<double>(rate);
}

Result<std::vector<SharingPreference>> sharing_of(Engine& engine,
                                                  const CommitmentOptions& options) {
  SharingPreference preference;
  preference.since = {INT64_MIN};
  const bool grouped = options.sharing.ends_with("-group");
  if (grouped != !options.groups.empty())
    return fail("SY1605",
                grouped ? "--sharing=" + options.sharing + " needs --groups=FILE"
                        : "--groups has no meaning with --sharing=" + options.sharing,
                "", "accounts share within a group with prioritised-group or restricted-group");
  preference.mode = options.sharing == "off"                 ? SharingMode::kOff
                    : options.sharing == "prioritised-group" ? SharingMode::kPrioritisedGroup
                    : options.sharing == "restricted-group"  ? SharingMode::kRestrictedGroup
                                                             : SharingMode::kOrganisation;
  if (grouped) {
    auto groups = read_groups(engine, options.groups);
    if (!groups) return pass(groups);
    preference.groups = std::move(*groups);
  }
  return std::vector<SharingPreference>{std::move(preference)};
}

/// What all questions about demand in files begin with.
struct Given {
  Demand demand;
  RateCard card;
  PoolTable table;
};

Result<Given> read_given(Engine& engine, const CommitmentOptions& options) {
  Given given;
  auto card = read_rate_card(engine, options.offers, options.rates);
  if (!card) return pass(card);
  given.card = std::move(*card);
  DemandFile file;
  file.path = options.demand;
  file.time_column = options.time_column;
  file.quantity_column = options.quantity_column;
  auto demand = read_demand(engine, file);
  if (!demand) return pass(demand);
  given.demand = std::move(*demand);
  auto table = price_pools(given.card, given.demand.pool_columns, given.demand.pools);
  if (!table) {
    table.error().where = table.error().code == "SY1803" ? options.rates : options.demand;
    return pass(table);
  }
  given.table = std::move(*table);
  return given;
}

Result<std::vector<Marginal>> marginals(const Given& given, const Bill& bill,
                                        const std::vector<SharingPreference>& sharing,
                                        const std::string& step_text) {
  Decimal step;
  if (parse_decimal(step_text, step) != ParseOutcome::kExact || step <= Decimal{})
    return bad_value("--step", step_text, "an amount above 0, such as 0.1");
  const auto usage = [&](std::size_t hour, std::span<Decimal> quantity) {
    for (std::size_t p = 0; p < quantity.size(); ++p) {
      quantity[p] = given.demand.quantity(given.demand.row(p)[hour]);
    }
  };
  std::vector<Marginal> steps;
  for (std::size_t h = 0; h < bill.holdings.size(); ++h) {
    auto marginal = marginal_value(given.card, given.table, bill, h, step, usage, sharing);
    if (!marginal) return pass(marginal);
    steps.push_back(*marginal);
  }
  return steps;
}

Result<int> run_simulate(Context& context, const CommitmentOptions& options) {
  if (Status all = needs({{"--demand", &options.demand},
                          {"--offers", &options.offers},
                          {"--rates", &options.rates},
                          {"--buy", &options.buy}});
      !all)
    return pass(all);
  BillQuestion question;
  question.by = *parse_bill_grouping(options.by);
  auto rate = parse_yearly_rate(options.cost_of_capital, "--cost-of-capital");
  if (!rate) return pass(rate);
  question.cost_of_capital = *rate;
  auto engine = engine_of(context);
  if (!engine) return pass(engine);
  auto sharing = sharing_of(**engine, options);
  if (!sharing) return pass(sharing);
  auto given = read_given(**engine, options);
  if (!given) return pass(given);
  auto holdings = read_holdings(**engine, options.buy, given->card, given->demand.first_hour);
  if (!holdings) return pass(holdings);
  auto bill = simulate(given->card, given->table, std::move(*holdings), given->demand, *sharing);
  if (!bill) {
    // What is wrong in an hour is in the demand; a scope that it lacks was bought.
    bill.error().where = bill.error().code == "SY1802" ? options.buy : options.demand;
    return pass(bill);
  }
  if (!options.step.empty()) {
    auto steps = marginals(*given, *bill, *sharing, options.step);
    if (!steps) return pass(steps);
    question.marginal = std::move(*steps);
  }
  Report report = bill_report(given->card, given->table, *bill, question);
  report.provenance.source =
      join({options.demand, options.offers, options.rates, options.buy}, " ");
  if (Status shown = show(context, report); !shown) return pass(shown);
  return 0;
}

}  // namespace

Command commitments_command(CommonOptions&) {
  auto options = std::make_shared<CommitmentOptions>();
  Command command;
  command.name = "commitments";
  command.summary = "What commitments cost and save: reserved instances, savings plans, CUDs.";
  command.description =
      "simulate bills a basket of purchases hour by hour, in the order in which the provider "
      "applies "
      "them, against hourly demand. Each hour is used or lost; nothing is rounded but parts of the "
      "last digit; used and unused sum to the fees, covered and uncovered to the usage.\n\n"
      "--demand is CSV or Parquet with a row for each pool and hour: a time, a quantity, and any "
      "columns that tell pools apart (region, family, size, ...); hours without a row are zero. A "
      "column named account says whose usage it is.\n\n"
      "--offers is CSV with the columns offer (its name), kind, scope (pool columns that a "
      "purchase "
      "fixes, separated by spaces), term_years (1 or 3), payment (no-upfront, partial-upfront, "
      "all-upfront), and if needed size (the pool column of the size bought), upfront_share, "
      "class. "
      "Kinds: " +
      [] {
        std::vector<std::string> names;
        for (const InstrumentTraits& kind : instruments()) names.emplace_back(kind.name);
        return join(names, ", ");
      }() +
      ".\n\n"
      "--rates is CSV with the pool columns (`*` matches any value), on_demand, one column for "
      "each "
      "offer with its price for a unit and hour, upfront payments spread over the term (empty: not "
      "covered), and if needed list, factor (size of a unit), currency.\n\n"
      "--buy is CSV with the columns offer, amount (units, or money an hour for plans), and if "
      "needed "
      "begin, end, owner, id and the pool columns that the offer's scope and size ask for.";
  command.flags = {
      {"--demand", "", "FILE", "Hourly demand, CSV or Parquet", &options->demand},
      {"--time-column", "", "NAME", "Column of the hours [default: the only column of times]",
       &options->time_column},
      {"--quantity-column", "", "NAME", "Column of the quantities [default: found by its name]",
       &options->quantity_column},
      {"--offers", "", "FILE", "What can be committed to", &options->offers},
      {"--rates", "", "FILE", "Prices on demand and under each offer", &options->rates},
      {"--buy", "", "FILE", "The purchases to simulate", &options->buy},
      {"--by", "", "GROUP", "purchase, pool, month, hour or payment [default: purchase]",
       &options->by, bill_groupings()},
      {"--step", "", "AMOUNT",
       "Also what a dollar of the last and of the next step of each purchase avoids",
       &options->step},
      {"--cost-of-capital", "", "RATE",
       "Yearly, such as 8%: payments are also shown at present value", &options->cost_of_capital},
      {"--sharing",
       "",
       "MODE",
       "AWS discount sharing: organisation, prioritised-group, restricted-group or off [default: "
       "organisation]",
       &options->sharing,
       {"organisation", "prioritised-group", "restricted-group", "off"}},
      {"--groups", "", "FILE", "CSV with the columns account and group, for sharing in groups",
       &options->groups},
  };
  command.groups = {FlagGroup::kOutput, FlagGroup::kEngine};
  command.arguments = {"QUESTION", "simulate", &options->question, 1, 1};
  command.examples = {
      {"steelyard commitments simulate --demand=usage.csv --offers=offers.csv --rates=rates.csv "
       "--buy=plan.csv",
       "what this basket would have cost and saved"},
      {"steelyard commitments simulate --demand=usage.csv --offers=offers.csv --rates=rates.csv "
       "--buy=plan.csv --by=payment --cost-of-capital=8%",
       "what is due when, and what that is worth today"},
  };
  command.see_also = {"help output"};
  command.run = [options](Context& context) -> Result<int> {
    if (options->question[0] == "simulate") return run_simulate(context, *options);
    return fail("SY1604", "commitments has no question `" + options->question[0] + "`", "",
                "steelyard commitments simulate");
  };
  return command;
}

}  // namespace steelyard
