#include "base/text.h"
#include "cli/commitments.h"
#include "cli/output.h"
#include "commitments/exchange.h"
#include "commitments/simulate_report.h"

namespace steelyard {

namespace {

Result<std::vector<Marginal>> marginals(const Estate& estate, const Bill& bill,
                                        const std::vector<SharingPreference>& sharing,
                                        const std::string& step_text) {
  Decimal step;
  if (parse_decimal(step_text, step) != ParseOutcome::kExact || step <= Decimal{})
    return bad_value("--step", step_text, "an amount above 0, such as 0.1");
  const auto usage = [&](std::size_t hour, std::span<Decimal> quantity) {
    for (std::size_t p = 0; p < quantity.size(); ++p) {
      quantity[p] = estate.demand.quantity(estate.demand.row(p)[hour]);
    }
  };
  std::vector<Marginal> steps;
  for (std::size_t h = 0; h < bill.holdings.size(); ++h) {
    auto marginal = marginal_value(estate.card, estate.table, bill, h, step, usage, sharing);
    if (!marginal) return pass(marginal);
    steps.push_back(*marginal);
  }
  return steps;
}

}  // namespace

Result<int> run_commitments_simulate(Context& context, const CommitmentOptions& options) {
  if (Status all = needs({{"--buy", &options.buy}}); !all) return pass(all);
  BillQuestion question;
  if (!options.by.empty()) {
    const auto by = parse_bill_grouping(options.by);
    if (!by) return bad_value("--by", options.by, join(bill_groupings(), ", "));
    question.by = *by;
  }
  auto rate = parse_yearly_rate(options.cost_of_capital, "--cost-of-capital");
  if (!rate) return pass(rate);
  question.cost_of_capital = *rate;
  auto engine = engine_of(context);
  if (!engine) return pass(engine);
  auto sharing = sharing_of(**engine, options);
  if (!sharing) return pass(sharing);
  auto estate = estate_of(context, **engine, options);
  if (!estate) return pass(estate);
  std::vector<Exchange> exchanges;
  auto bought =
      read_holdings(**engine, options.buy, estate->card, estate->demand.first_hour, &exchanges);
  if (!bought) return pass(bought);
  std::vector<Holding> holdings = std::move(estate->holdings);
  for (Exchange& exchange : exchanges) exchange.holding += holdings.size();
  holdings.insert(holdings.end(), bought->begin(), bought->end());
  auto exchanged = apply_exchanges(estate->card, holdings, std::move(exchanges));
  if (!exchanged) return pass(exchanged);
  auto bill = simulate(estate->card, estate->table, std::move(holdings), estate->demand, *sharing);
  if (!bill) {
    // What is wrong in an hour is in the demand; a scope that it lacks was bought.
    bill.error().where = bill.error().code == "SY1802" ? options.buy
                         : options.demand.empty()      ? estate->source
                                                       : options.demand;
    return pass(bill);
  }
  if (!options.step.empty()) {
    auto steps = marginals(*estate, *bill, *sharing, options.step);
    if (!steps) return pass(steps);
    question.marginal = std::move(*steps);
  }
  Report report = bill_report(estate->card, estate->table, *bill, question);
  report.notes.insert(report.notes.end(), exchanged->begin(), exchanged->end());
  report.notes.insert(report.notes.end(), estate->notes.begin(), estate->notes.end());
  report.provenance.source = estate->source + " " + options.buy;
  if (Status shown = show(context, report); !shown) return pass(shown);
  return 0;
}

}  // namespace steelyard
