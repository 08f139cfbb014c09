#include <algorithm>

#include "base/text.h"
#include "cli/commitments.h"
#include "ledger/where.h"

namespace steelyard {

Result<OwnBillSession> open_own_bill(const Context& context, const CommitmentOptions& options,
                                     bool for_purchases) {
  auto period = optional_period(context, options.period);
  if (!period) return pass(period);
  auto billing_period = optional_period(context, options.billing_period);
  if (!billing_period) return pass(billing_period);
  auto filter = parse_filter(options.where);
  if (!filter) return pass(filter);
  ViewOptions view;
  // Whole months, so that lines which reach over the edges of the period are seen; all of them
  // where offers are looked for.
  if (*period && !for_purchases) {
    view.charge_period = **period;
    view.charge_period->begin.day = 1;
    while (view.charge_period->end.day != 1)
      view.charge_period->end = civil_from_days(days_from_civil(view.charge_period->end) + 1);
  }
  view.billing_period = *billing_period;
  auto session = open_either(context, options.from, options.format, std::move(view));
  if (!session) {
    if (session.error().code == "SY1608") session.error().fix += "; or give --demand=FILE";
    return pass(session);
  }
  auto where = sql_of(*filter, session->charges.schema, Basis::kEffective);
  if (!where) return pass(where);
  OwnBillSession own{std::move(*session), {}};
  own.bill.charges = own.session.charges.view;
  own.bill.where = "(" + *where + ")";
  own.bill.period = *period;
  own.bill.for_purchases = for_purchases;
  if (*billing_period) own.bill.where += " AND " + sql_in_billing_period(**billing_period);
  auto tables = open_tables(context, own.session);
  if (!tables) return pass(tables);
  if (std::find(tables->begin(), tables->end(), "contract_commitments") != tables->end())
    own.bill.contracts = "contract_commitments";
  own.bill.source = own.session.store != nullptr
                        ? "lake v" + std::to_string(own.session.charges.version)
                        : own.session.charges.lake;
  return own;
}

Result<Estate> estate_of_own_bill(const Context& context, const CommitmentOptions& options) {
  if (options.offers.empty() != options.rates.empty())
    if (Status both = needs({{"--offers", &options.offers}, {"--rates", &options.rates}}); !both)
      return pass(both);
  auto own = open_own_bill(context, options, true);
  if (!own) return pass(own);
  return estate_of_bill(*own->session.engine, own->bill,
                        {options.offers, options.rates, options.holdings});
}

}  // namespace steelyard
