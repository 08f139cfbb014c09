#include "base/text.h"
#include "cli/commitments.h"
#include "cli/output.h"
#include "commitments/commitment_status.h"

namespace steelyard {

Result<int> run_commitments_status(Context& context, const CommitmentOptions& options) {
  StatusGrouping by = StatusGrouping::kPurchase;
  if (!options.by.empty()) {
    const auto named = parse_status_grouping(options.by);
    if (!named) return bad_value("--by", options.by, join(status_groupings(), ", "));
    by = *named;
  }
  auto engine = engine_of(context);
  if (!engine) return pass(engine);
  auto sharing = sharing_of(**engine, options);
  if (!sharing) return pass(sharing);
  Report report;
  if (options.demand.empty()) {
    for (const auto& [flag, value] : {std::pair{"--offers", &options.offers},
                                      {"--rates", &options.rates},
                                      {"--holdings", &options.holdings}}) {
      if (!value->empty())
        return fail("SY1605", std::string(flag) + " belongs to --demand here", "",
                    "the bill says what is held; leave the flag out or give --demand=FILE");
    }
    auto own = open_own_bill(context, options, false);
    if (!own) return pass(own);
    auto made = commitment_status(*own->session.engine, own->bill, by, *sharing);
    if (!made) return pass(made);
    report = std::move(*made);
    report.provenance.version = own->session.charges.version;
    auto billed = optional_period(context, options.billing_period);
    if (!billed) return pass(billed);
    report.provenance.reconciled = reconciled_by_log(own->session.charges, *billed);
  } else {
    if (Status all = needs({{"--holdings", &options.holdings}}); !all) return pass(all);
    auto estate = estate_of(context, **engine, options);
    if (!estate) return pass(estate);
    auto made = commitment_status(*estate, by, *sharing);
    if (!made) {
      made.error().where = made.error().code == "SY1802" ? options.holdings : options.demand;
      return pass(made);
    }
    report = std::move(*made);
  }
  if (Status shown = show(context, report); !shown) return pass(shown);
  return 0;
}

}  // namespace steelyard
