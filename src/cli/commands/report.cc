#include <algorithm>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"
#include "ledger/diff.h"
#include "ledger/reconcile.h"
#include "ledger/top.h"
#include "render/table.h"

namespace steelyard {

namespace {

struct ReportOptions {
  std::string basis = "effective", period;
};

/// The newest month of which all is there: the newest billing period that a delivery of charges
/// has.
Result<Period> newest_month(const Charges& charges) {
  std::string newest;
  for (const auto& delivery : charges.deliveries)
    newest = std::max(newest, delivery.record.billing_period);
  Result<Period> period = parse_period(newest, Date{});
  if (!period) return fail("SY1521", "the lake has no billing period to report on");
  return period;
}

/// Six months up to the reported one, for curves and the table of months.
Period months_up_to(const Period& period, int months) {
  return Period{first_of_month(period.begin, 1 - months), period.end,
                "the last " + std::to_string(months) + " months"};
}

Result<std::vector<Report>> pages_of(const Context& context, Session& session, const Period& period,
                                     Basis basis) {
  std::vector<Report> pages;
  const Period months = months_up_to(period, 6);
  const auto ask = [&](std::vector<std::string> by, const Period& span, std::int64_t limit,
                       bool compare, Grain series, std::string title) -> Status {
    TopQuestion question;
    question.by = std::move(by);
    question.basis = basis;
    question.billing_period = span;
    question.limit = limit;
    question.compare = compare;
    question.series = series;
    auto answer = top(*session.engine, session.charges, question);
    if (!answer) return pass(answer);
    answer->title = std::move(title);
    pages.push_back(std::move(*answer));
    return {};
  };
  if (Status done = ask({"provider"}, months, 8, false, Grain::kMonth, "Six months by provider");
      !done)
    return pass(done);
  if (Status done =
          ask({"service"}, period, 8, true, Grain::kDay, "Services, against the month before");
      !done)
    return pass(done);
  if (Status done =
          ask({"account"}, period, 8, true, Grain::kDay, "Accounts, against the month before");
      !done)
    return pass(done);
  DiffQuestion change;
  change.before = period_before(period);
  change.after = period;
  change.billing = true;
  change.basis = basis;
  auto waterfall = diff(*session.engine, session.charges, change);
  if (!waterfall) return pass(waterfall);
  waterfall->title = "What changed since the month before, and why";
  pages.push_back(std::move(*waterfall));
  ReconcileQuestion question;
  auto tables = open_tables(context, session);
  if (!tables) return pass(tables);
  question.have_invoices_view =
      std::find(tables->begin(), tables->end(), "invoices") != tables->end();
  question.billing_period = period;
  auto invoices = reconcile_invoices(*session.engine, session.charges, question);
  if (!invoices) return pass(invoices);
  invoices->title = "Does it tie to the invoices";
  pages.push_back(std::move(*invoices));
  return pages;
}

Result<int> run_report(Context& context, const ReportOptions& options) {
  auto basis = parse_basis(options.basis);
  if (!basis) return pass(basis);
  auto asked = optional_period(context, options.period);
  if (!asked) return pass(asked);
  auto session = open_lake(context, {});
  if (!session) return pass(session);
  Period period;
  if (*asked) {
    period = **asked;
  } else {
    auto newest = newest_month(session->charges);
    if (!newest) return pass(newest);
    period = *newest;
  }
  auto pages = pages_of(context, *session, period, *basis);
  if (!pages) return pass(pages);
  if (Status shown = show(context, *pages, &session->source); !shown) return pass(shown);
  auto format = chosen_format(context.common);
  if (!format || *format != OutputFormat::kTable) return 0;
  const Style style = style_of_place(context.common, 1);
  const std::string month =
      period.label.empty() ? format_date(period.begin).substr(0, 7) : period.label;
  std::string next = render_heading("Next", style);
  next += render_paragraph("steelyard top --by=account,service --billing-period=" + month, style);
  next +=
      render_paragraph("steelyard diff " + format_date(period_before(period).begin).substr(0, 7) +
                           " " + month + " --billing --by=service",
                       style);
  next += render_paragraph("steelyard reconcile --billing-period=" + month, style);
  if (Status written = write_output(next + "\n", context.common); !written) return pass(written);
  return 0;
}

}  // namespace

Command report_command(CommonOptions&) {
  auto options = std::make_shared<ReportOptions>();
  Command command;
  command.name = "report";
  command.summary = "One page: where the money goes, what changed and why, and whether it ties.";
  command.description =
      "Providers over six months, services and accounts against the month before, the change "
      "explained, and the reconciliation, for the "
      "newest billing period or the one that you name.";
  command.flags = {
      {"--billing-period", "", "PERIOD", "The month to report on [default: the newest in the lake]",
       &options->period},
      {"--basis",
       "",
       "COST",
       "billed, effective, list or contracted [default: effective]",
       &options->basis,
       {"billed", "effective", "list", "contracted"}},
  };
  command.groups = {FlagGroup::kLake, FlagGroup::kOutput, FlagGroup::kEngine};
  command.examples = {
      {"steelyard report", "the newest month"},
      {"steelyard report --billing-period=2026-07 -o md --out=july.md", "July, as Markdown"}};
  command.see_also = {"top", "diff", "reconcile", "status"};
  command.run = [options](Context& context) { return run_report(context, *options); };
  return command;
}

}  // namespace steelyard
