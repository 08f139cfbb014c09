#include <charconv>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/commitments.h"
#include "cli/session.h"
#include "commitments/simulate_report.h"

namespace steelyard {

Result<std::unique_ptr<Engine>> engine_of(const Context& context) {
  auto settings = engine_options(context.common);
  if (!settings) return pass(settings);
  return open_duckdb(*settings);
}

Status needs(std::initializer_list<std::pair<std::string_view, const std::string*>> flags) {
  for (const auto& [flag, value] : flags) {
    if (value->empty())
      return fail("SY1604", std::string(flag) + "=FILE is missing", "",
                  "steelyard help commitments shows what the file holds");
  }
  return {};
}

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
  const bool in_file = options.sharing.ends_with(".csv") || options.sharing.ends_with(".toml");
  const bool grouped = options.sharing.ends_with("-group");
  if (!in_file && grouped != !options.groups.empty())
    return fail("SY1605",
                grouped ? "--sharing=" + options.sharing + " needs --groups=FILE"
                        : "--groups has no meaning with --sharing=" + options.sharing,
                "", "accounts share within a group with prioritised-group or restricted-group");
  std::map<std::string, std::string> groups;
  if (!options.groups.empty()) {
    auto read = read_groups(engine, options.groups);
    if (!read) return pass(read);
    groups = std::move(*read);
  }
  if (in_file) return read_sharing(engine, options.sharing, groups);
  const auto mode = parse_sharing_mode(options.sharing);
  if (!mode)
    return bad_value(
        "--sharing", options.sharing,
        "organisation, prioritised-group, restricted-group, off, or a .csv or .toml of "
        "since and mode");
  SharingPreference preference;
  preference.since = {INT64_MIN};
  preference.mode = *mode;
  preference.groups = std::move(groups);
  return std::vector<SharingPreference>{std::move(preference)};
}

Result<Estate> estate_of(const Context& context, Engine& engine, const CommitmentOptions& options) {
  if (options.demand.empty()) return estate_of_own_bill(context, options);
  for (const auto& [flag, given] : {std::pair{"--from", !options.from.empty()},
                                    {"--period", !options.period.empty()},
                                    {"--billing-period", !options.billing_period.empty()},
                                    {"--where", !options.where.empty()}}) {
    if (given)
      return fail("SY1605", std::string(flag) + " is for bills, not for --demand", "",
                  "leave one of them out");
  }
  if (Status all = needs({{"--offers", &options.offers}, {"--rates", &options.rates}}); !all)
    return pass(all);
  EstateFiles files;
  files.demand.path = options.demand;
  files.demand.time_column = options.time_column;
  files.demand.quantity_column = options.quantity_column;
  files.demand.late_after_hours = options.late_after;
  files.offers = options.offers;
  files.rates = options.rates;
  files.holdings = options.holdings;
  return read_estate(engine, files);
}

namespace {

/// A list named or asked for at the wrong question would be read and change nothing. The back-test
/// looks at its own flags; what a person may have set for good, such as --risk, is no matter.
Status check_flags(const CommitmentOptions& options) {
  struct Flag {
    const char* name;
    bool given;
    const char* question;
  };
  for (const Flag& flag : {Flag{"--buy", !options.buy.empty(), "simulate"},
                           {"--step", !options.step.empty(), "simulate"},
                           {"--purchases", !options.purchases.empty(), "plan"},
                           {"--policy", !options.policy.empty(), "backtest"},
                           {"--begin", !options.begin.empty(), "backtest"},
                           {"--discount", !options.discount.empty(), "backtest"},
                           {"--plan-discount", !options.plan_discount.empty(), "backtest"}})
    if (flag.given && options.question[0] != flag.question)
      return fail("SY1605",
                  std::string(flag.name) + " is for commitments " + flag.question + ", not for " +
                      options.question[0],
                  "",
                  flag.name == std::string_view("--buy")
                      ? "what is held or queued already is --holdings"
                      : "leave it out");
  if (options.question[0] == "plan" && !options.by.empty())
    return fail("SY1605", "--by has no meaning for a plan, whose rows are purchases", "",
                "leave it out");
  return {};
}

}  // namespace

Command commitments_command(CommonOptions&) {
  auto options = std::make_shared<CommitmentOptions>();
  Command command;
  command.name = "commitments";
  command.summary = "What commitments cost and save: reserved instances, savings plans, CUDs.";
  command.description =
      "status says what is held, out of the own bill or of --holdings: coverage, utilisation, "
      "effective savings rate, what was wasted and what ends when.\n\n"
      "simulate bills a basket of purchases hour by hour, in the order in which the provider "
      "applies "
      "them, against hourly demand. Each hour is used or lost; nothing is rounded but parts of the "
      "last digit; used and unused sum to the fees, covered and uncovered to the usage.\n\n"
      "Without --demand the usage, prices and commitments are those of the own bill: of the lake, "
      "or of the files named with --from. Offers and their rates are those of commitments in any "
      "of its "
      "months, whatever --period says of the usage. What the bill does not say is named with its "
      "money; --offers with --rates, and --holdings, say it instead.\n\n"
      "plan says what to buy now and what to expect to buy later, over all offers in all their "
      "scopes and beside what is held. What usage may become is learnt from the demand's history, "
      "in "
      "several scenarios; the notes say how near the best the plan is proved to be, what it "
      "assumes "
      "and what would make it wrong. --purchases writes the list.\n\n"
      "backtest follows policies through the past: at each date a policy sees what was before it, "
      "buys, and pays to the end of the term. Regret is what it paid beyond the best purchases at "
      "the same dates in hindsight. With --discount the demand alone is enough; else --offers, "
      "--rates and --offer say what each pool may buy.\n\n"
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
      "--buy and --holdings are CSV, or TOML with a [[purchase]] for each, with the columns offer, "
      "amount (units, or money an hour for "
      "plans), and if "
      "needed "
      "begin, end, owner, id, exchanges (id of a convertible reserved instance whose place it "
      "takes), exchanges_amount (how many of its units; all if empty) "
      "and the pool columns that the offer's scope and size ask for.";
  std::vector<std::string> groupings = bill_groupings();
  groupings.emplace_back("policy");
  command.flags = {
      {"--demand", "", "FILE", "Hourly demand, CSV or Parquet", &options->demand},
      {"--time-column", "", "NAME", "Column of the hours [default: the only column of times]",
       &options->time_column},
      {"--quantity-column", "", "NAME", "Column of the quantities [default: found by its name]",
       &options->quantity_column},
      {"--offers", "", "FILE", "What can be committed to", &options->offers},
      {"--rates", "", "FILE", "Prices on demand and under each offer", &options->rates},
      {"--holdings", "", "FILE", "What is held and queued already", &options->holdings},
      {"--buy", "", "FILE", "The purchases to simulate", &options->buy},
      {"--by",
       "",
       "GROUP",
       "simulate: purchase, pool, month, hour or payment [default: purchase]; status: purchase, "
       "scope, owner, hour, day, month or expiry [default: purchase]; backtest: policy or purchase "
       "[default: policy]",
       &options->by,
       {},
       groupings},
      {"--from", "", "FILE", "Without --demand: this bill instead of the lake; may be repeated",
       &options->from},
      {"--format", "", "FORMAT", "Take the bill to be of this format instead of looking",
       &options->format},
      {"--period", "-p", "PERIOD", "Usage of the bill in this period (steelyard help periods)",
       &options->period},
      {"--billing-period", "", "PERIOD", "Charges billed in these months, whenever they were used",
       &options->billing_period},
      {"--where", "", "FILTER", "Only charges for which this holds (steelyard help filters)",
       &options->where},
      {"--step", "", "AMOUNT",
       "Also what a dollar of the last and of the next step of each purchase avoids",
       &options->step},
      {"--cost-of-capital", "", "RATE",
       "Yearly, such as 8%: payments are also shown at present value", &options->cost_of_capital},
      {"--sharing",
       "",
       "MODE",
       "AWS discount sharing: organisation, prioritised-group, restricted-group, off, or a file "
       "with "
       "the columns since and mode where it changes [default: organisation]",
       &options->sharing,
       {},
       {"organisation", "prioritised-group", "restricted-group", "off"}},
      {"--late-after", "", "HOURS",
       "Usage that its column `arrived` says came later than this is not covered (Azure: 48)",
       &options->late_after},
      {"--risk",
       "",
       "WEIGHT",
       "How much the worst quarter of the scenarios counts: neutral (0), balanced (0.25), averse "
       "(0.75), or a share [default: balanced]",
       &options->risk,
       {},
       {"neutral", "balanced", "averse"}},
      {"--budget", "", "AMOUNT",
       "At most so much upfront now and within the next three months, for the other rungs of "
       "ladders",
       &options->budget},
      {"--max-lock-in", "", "AMOUNT",
       "At most so much owed in future fees after the purchases, what is held included, and so "
       "after "
       "each later purchase",
       &options->max_lock_in},
      {"--max-unused", "", "SHARE",
       "At most so much of all commitments goes unused over the year ahead, also if any one family "
       "fades away, such as 10%",
       &options->max_unused},
      {"--horizon", "", "TIME", "Months or years to plan for [default: the longest term]",
       &options->horizon},
      {"--max-term", "", "YEARS", "The longest term to commit to", &options->max_term, {"1", "3"}},
      {"--max-break-even", "", "MONTHS",
       "Only what costs no more than so many months of the same usage on demand",
       &options->max_break_even},
      {"--purchases", "", "FILE",
       "Also write the purchases: .csv (for --buy), .json, or .sh (a script for aws, az and "
       "gcloud)",
       &options->purchases},
      {"--groups", "", "FILE", "CSV with the columns account and group, for sharing in groups",
       &options->groups},
      {"--policy",
       "",
       "NAMES",
       "backtest: these policies only, separated by commas [default: all but plan, ours first]",
       &options->policy,
       {},
       backtest_policies()},
      {"--every",
       "",
       "STEP",
       "backtest: a decision each week, month (730 hours) or so many days [default: week]",
       &options->every,
       {},
       {"week", "month"}},
      {"--begin", "", "DATE",
       "backtest: the first decision; what lies before is only learnt from [default: after a year, "
       "but at most a third of the data]",
       &options->begin},
      {"--term-hours", "", "HOURS",
       "backtest: how long a purchase lasts [default: the offer's term, else 8760]",
       &options->term_hours},
      {"--discount", "", "SHARE", "backtest: what each pool's own commitment is off, such as 40%",
       &options->discount},
      {"--plan-discount", "", "SHARE",
       "backtest: beside --discount, what a plan over all pools is off, such as 28%",
       &options->plan_discount},
      {"--offer", "", "NAMES",
       "backtest: the offer that each pool buys; of several the first that covers it",
       &options->offer},
  };
  command.groups = {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine};
  command.arguments = {"QUESTION", "status, simulate, plan or backtest", &options->question, 1, 1};
  command.examples = {
      {"steelyard commitments status --where=currency=USD",
       "what is held, how well it was used, and what ends when"},
      {"steelyard commitments status --by=expiry", "the ladder: what ends in which month"},
      {"steelyard commitments simulate --demand=usage.csv --offers=offers.csv --rates=rates.csv "
       "--buy=plan.csv",
       "what this basket would have cost and saved"},
      {"steelyard commitments simulate --demand=usage.csv --offers=offers.csv --rates=rates.csv "
       "--buy=plan.csv --by=payment --cost-of-capital=8%",
       "what is due when, and what that is worth today"},
      {"steelyard commitments plan --where=currency=USD --purchases=plan.csv",
       "what to buy now, as a list that --buy reads"},
      {"steelyard commitments simulate --period='last month' --where=currency=USD --buy=basket.csv",
       "what rows without `begin` would have saved on last month's bill, beside what is held"},
      {"steelyard commitments backtest --demand=usage.csv --discount=40%",
       "what each policy would have saved, had it been followed"},
  };
  command.see_also = {"help output"};
  command.run = [options](Context& context) -> Result<int> {
    if (options->question[0] == "backtest") return run_commitments_backtest(context, *options);
    for (const auto& [question, run] : {std::pair("plan", &run_commitments_plan),
                                        {"status", &run_commitments_status},
                                        {"simulate", &run_commitments_simulate}}) {
      if (options->question[0] != question) continue;
      if (Status sound = check_flags(*options); !sound) return pass(sound);
      return run(context, *options);
    }
    return fail("SY1604", "commitments has no question `" + options->question[0] + "`", "",
                "steelyard commitments status, simulate, plan or backtest");
  };
  return command;
}

}  // namespace steelyard
