// Questions to a lake: views over versions, conservation, status from the log, and check that finds
// what was changed.
#include "ledger/check.h"
#include "ledger/explain.h"
#include "ledger/lake_fixture.h"
#include "ledger/reconcile.h"
#include "ledger/status.h"
#include "ledger/top.h"

namespace steelyard::ledger_test {
namespace {

using LakeQuestions = LakeTest;

TEST_F(LakeQuestions, AnOldVersionStillGivesItsOldAnswer) {
  load("a.csv", focus_csv({{.cost = "1.5"}, {.cost = "2"}}));
  load("b.csv", focus_csv({{.cost = "10"}}));
  ViewOptions old;
  old.version = 0;
  auto before = top(*engine_, open(old), {});
  ASSERT_TRUE(before) << why(before);
  EXPECT_EQ(to_text(money(*before, before->totals[0], "effective_cost")), "3.5");
  EXPECT_EQ(before->provenance.version, 0);
  auto after = top(*engine_, open(), {});
  ASSERT_TRUE(after) << why(after);
  EXPECT_EQ(to_text(money(*after, after->totals[0], "effective_cost")), "10");
  EXPECT_EQ(after->provenance.source, "lake v1");
  EXPECT_NE(figure_id(before->question), figure_id(after->question));
}

TEST_F(LakeQuestions, PruningByPeriodChangesNoAnswer) {
  for (int month = 5; month < 9; ++month) {
    std::vector<Line> lines(3);
    for (int i = 0; i < 3; ++i) {
      lines[static_cast<std::size_t>(i)].month = month;
      lines[static_cast<std::size_t>(i)].day = 1 + 9 * i;
      lines[static_cast<std::size_t>(i)].cost = std::to_string(month) + "." + std::to_string(i);
    }
    load("m" + std::to_string(month) + ".csv", focus_csv(lines));
  }
  TopQuestion question;
  question.period = month(7);
  const auto all = top(*engine_, open(), question);
  ViewOptions pruned;
  pruned.charge_period = question.period;
  const auto some = open(pruned);
  const auto same = top(*engine_, some, question);
  ASSERT_TRUE(all && same) << why(all) << why(same);
  EXPECT_EQ(all->question, same->question);
  question.period.reset();
  question.billing_period = month(6);
  ViewOptions billing;
  billing.billing_period = question.billing_period;
  const auto one = open(billing);
  EXPECT_EQ(one.files.size(), 1U);
  const auto june = top(*engine_, one, question);
  ASSERT_TRUE(june) << why(june);
  EXPECT_EQ(to_text(money(*june, june->totals[0], "effective_cost")), "18.3");
}

TEST_F(LakeQuestions, ExplainNamesFileAndLine) {
  load("bill.csv", focus_csv({{.cost = "1", .resource = "i-1"}, {.cost = "7", .resource = "i-2"}}));
  const auto charges = open();
  TopQuestion question;
  question.by = {"resource"};
  auto report = top(*engine_, charges, question);
  ASSERT_TRUE(report) << why(report);
  ExplainOptions options;
  options.row = 0;
  auto lines = explain(*engine_, charges, report->question, options);
  ASSERT_TRUE(lines) << why(lines);
  ASSERT_EQ(lines->rows.size(), 1U);
  EXPECT_EQ(text(*lines, lines->rows[0], "file"), root_ + "/bill.csv");
  EXPECT_EQ(text(*lines, lines->rows[0], "line"), "3");
  EXPECT_EQ(text(*lines, lines->rows[0], "resource"), "i-2");
  auto scope = scope_of(report->question);
  ASSERT_TRUE(scope);
  EXPECT_EQ(scope->version, 0);
  EXPECT_EQ(scope->rows, 2);
}

TEST_F(LakeQuestions, StatusTellsOfEachScopeFromTheLogAlone) {
  auto empty = lake_status(*store_, options_.now);
  ASSERT_TRUE(empty) << why(empty);
  EXPECT_TRUE(empty->rows.empty());
  load("a.csv", focus_csv({{.cost = "1"}}));
  load("b.csv", focus_csv({{.cost = "2"}, {.cost = "3"}}));
  load("c.csv", focus_csv({{.cost = "4", .month = 8}}));
  std::filesystem::remove_all(root_ + "/lake/charges/x_BillingPeriod=2026-07");
  auto report = lake_status(*store_, {options_.now.micros + 3 * 86'400'000'000LL});
  ASSERT_TRUE(report) << why(report);
  ASSERT_EQ(report->rows.size(), 2U);
  const auto& july = report->rows[0];
  EXPECT_EQ(text(*report, july, "billing_period"), "2026-07");
  EXPECT_EQ(text(*report, july, "deliveries"), "2");
  EXPECT_EQ(text(*report, july, "rows"), "2");
  EXPECT_EQ(text(*report, july, "version"), "1");
  EXPECT_EQ(to_text(money(*report, july, "billed_cost")), "5");
  EXPECT_EQ(text(*report, july, "age_days"), "3");
  EXPECT_EQ(text(*report, july, "reconciled"), "unknown");
}

TEST_F(LakeQuestions, CheckHoldsAndFindsAChangedFile) {
  load("a.csv", focus_csv({{.cost = "1"}, {.cost = "2", .currency = "EUR"}}));
  load("b.csv", focus_csv({{.cost = "4", .month = 8}}));
  auto report = check_lake(*engine_, *store_, {});
  ASSERT_TRUE(report) << why(report);
  EXPECT_FALSE(report->findings);
  std::set<std::string> checks;
  for (const auto& row : report->rows) {
    checks.insert(*text(*report, row, "check"));
    EXPECT_EQ(text(*report, row, "ok"), "true")
        << *text(*report, row, "check") << " " << *text(*report, row, "expected") << " "
        << *text(*report, row, "found");
  }
  for (const char* name : {"file hashes", "rows", "sum of BilledCost", "sum of EffectiveCost",
                           "sum of ListCost", "sum of ContractedCost", "content"}) {
    EXPECT_TRUE(checks.count(name)) << name;
  }

  // The same table with one cost changed by its last digit, written over the file.
  Table table(*store_, "charges");
  auto snapshot = table.snapshot();
  ASSERT_TRUE(snapshot);
  const auto file = store_->absolute("charges/" + snapshot->files[0].path);
  const auto copy = root_ + "/copy.parquet";
  auto changed = engine_->run(
      "COPY (SELECT * REPLACE (EffectiveCost + CAST('0.000000000000000001' AS DECIMAL(38,18)) AS "
      "EffectiveCost) FROM read_parquet(" +
      sql_literal(file) + ", hive_partitioning=false)) TO " + sql_literal(copy) +
      " (FORMAT parquet)");
  ASSERT_TRUE(changed) << why(changed);
  std::filesystem::rename(copy, file);
  auto fresh = engine();
  auto damaged = check_lake(*fresh, *store_, {});
  ASSERT_TRUE(damaged) << why(damaged);
  EXPECT_TRUE(damaged->findings);
  std::set<std::string> failed;
  for (const auto& row : damaged->rows) {
    if (text(*damaged, row, "ok") == "false") failed.insert(*text(*damaged, row, "check"));
  }
  EXPECT_EQ(failed, (std::set<std::string>{"content", "file hashes", "sum of EffectiveCost"}));
  std::filesystem::remove(file);
  auto missing = check_lake(*fresh, *store_, {});
  ASSERT_TRUE(missing) << why(missing);
  EXPECT_TRUE(missing->findings);
}

TEST_F(LakeQuestions, InvoicesTieOrTheDifferenceHasAName) {
  load("a.csv", focus_csv({{.cost = "100"},
                           {.cost = "8", .category = "Tax", .resource = ""},
                           {.cost = "50", .invoice = "INV-2"},
                           {.cost = "3", .invoice = "INV-3"},
                           {.cost = "1", .invoice = ""}}));
  ReconcileQuestion question;
  auto alone = reconcile_invoices(*engine_, open(), question);
  ASSERT_TRUE(alone) << why(alone);
  EXPECT_FALSE(alone->findings);
  EXPECT_EQ(alone->provenance.reconciled, "unknown");
  question.invoices_file = write(
      "invoices.csv", "Invoice ID,currency,Amount\nINV-1,USD,100\nINV-2,USD,49.50\nINV-4,USD,7\n");
  auto report = reconcile_invoices(*engine_, open(), question);
  ASSERT_TRUE(report) << why(report);
  std::map<std::string, std::string> seen;
  for (const auto& row : report->rows) {
    seen[text(*report, row, "invoice").value_or("")] = text(*report, row, "status").value_or("") +
                                                       " / " +
                                                       text(*report, row, "residual").value_or("");
  }
  // Tax is 8, more than the tolerance of 1.00; half a dollar is within it.
  EXPECT_EQ(seen, (std::map<std::string, std::string>{
                      {"", "not yet invoiced / "},
                      {"INV-1", "differs / the invoice leaves out Tax 8"},
                      {"INV-2", "within tolerance / rounding 0.5"},
                      {"INV-3", "invoice is missing / "},
                      {"INV-4", "no charges for it / not explained -7"}}));
  EXPECT_TRUE(report->findings);
  auto identities = test_identities(*engine_, open(), question);
  ASSERT_TRUE(identities) << why(identities);
  for (std::size_t i = 0; i < report->rows.size(); ++i) {
    ExplainOptions options;
    options.row = static_cast<std::int64_t>(i);
    const auto lines = explain(*engine_, open(), report->question, options);
    ASSERT_TRUE(lines) << why(lines);
    EXPECT_EQ(money(*lines, lines->totals[0], "amount"),
              money(*report, report->rows[i], "charges"));
  }
  question.invoices_file = write("wrong.csv", "a,b\n1,2\n");
  auto wrong = reconcile_invoices(*engine_, open(), question);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, "SY1550");
  question.invoices_file =
      write("comma.csv", "invoice_id,currency,amount\nINV-1,USD,100\nINV-2,USD,\"1,5\"\n");
  auto comma = reconcile_invoices(*engine_, open(), question);
  ASSERT_FALSE(comma);
  EXPECT_EQ(comma.error().code, "SY1551") << why(comma);
  EXPECT_NE(comma.error().where.find("comma.csv"), std::string::npos) << comma.error().where;
}

TEST_F(LakeQuestions, TheLogAloneTellsWhetherAMonthTies) {
  load("a.csv", focus_csv({{.cost = "100"}, {.cost = "8", .invoice = "INV-2"}}));
  const auto invoices = [](const char* second) {
    return std::string(
               "BilledCost,BillingAccountId,BillingCurrency,BillingPeriodEnd,BillingPeriodStart,"
               "ChargeCategory,InvoiceDetailCreated,InvoiceDetailDescription,"
               "InvoiceDetailGrain,InvoiceDetailId,InvoiceDetailLastUpdated,InvoiceId,"
               "InvoiceIssueDate,InvoiceIssueStatus,InvoiceIssuerName,PaymentDueDate,"
               "PaymentTerms,ReferenceInvoiceId\n100,111122223333,USD,2026-08-01T00:00:00Z,2026-07-"
               "01T00:00:00Z,Usage,2026-08-02T00:00:00Z,use,,d1,"
               "2026-08-02T00:00:00Z,INV-1,2026-08-02T00:00:00Z,Issued,AWS,2026-09-01T00:00:00Z,30 "
               "days,INV-1\n") +
           second +
           ",111122223333,USD,2026-08-01T00:00:00Z,2026-07-01T00:00:00Z,Usage,2026-08-02T00:00:00Z,"
           "use,,d2,2026-08-02T00:00:00Z,INV-2,2026-08-02T00:00:00Z,"
           "Issued,AWS,2026-09-01T00:00:00Z,30 days,INV-2\n";
  };
  EXPECT_EQ(reconciled_by_log(open(), {}), "unknown");
  load("invoices.csv", invoices("8"));
  EXPECT_EQ(reconciled_by_log(open(), {}), "yes");
  EXPECT_EQ(reconciled_by_log(open(), month(7)), "yes");
  EXPECT_EQ(reconciled_by_log(open(), month(6)), "unknown");
  ASSERT_TRUE(open_other_tables(*engine_, *store_));
  ReconcileQuestion question;
  question.have_invoices_view = true;
  auto report = reconcile_invoices(*engine_, open(), question);
  ASSERT_TRUE(report) << why(report);
  EXPECT_FALSE(report->findings);
  EXPECT_EQ(report->provenance.reconciled, "yes");
  auto identities = test_identities(*engine_, open(), question);
  ASSERT_TRUE(identities) << why(identities);
  load("invoices2.csv", invoices("10"));
  EXPECT_EQ(reconciled_by_log(open(), {}), "no (Δ -2.00 USD)");
}

TEST_F(LakeQuestions, IdentitiesAreTestedOrSaidNotToBe) {
  load("a.csv",
       focus_csv(
           {{.cost = "100"},
            {.cost = "8", .effective = "7", .category = "Tax", .resource = ""},
            {.cost = "0", .effective = "4", .list = "6", .commitment = "sp-1", .status = "Used"},
            {.cost = "5",
             .effective = "0",
             .list = "5",
             .category = "Purchase",
             .resource = "sp-1",
             .commitment = "sp-1"}}));
  ReconcileQuestion question;
  auto report = test_identities(*engine_, open(), question);
  ASSERT_TRUE(report) << why(report);
  std::map<std::string, std::string> seen;
  std::set<std::string> ids;
  for (const auto& row : report->rows) {
    ids.insert(*text(*report, row, "id"));
    seen[*text(*report, row, "check")] = text(*report, row, "rows").value_or("-") + " " +
                                         text(*report, row, "failing").value_or("-") + " " +
                                         text(*report, row, "note").value_or("");
  }
  EXPECT_EQ(ids.size(), 19U);
  EXPECT_EQ(seen["effective = billed for tax and credits"], "1 1 ");
  EXPECT_EQ(seen["effective = billed for usage that no commitment covers"], "1 0 ");
  EXPECT_EQ(seen["billed = 0 for usage that a commitment covers"], "1 0 ");
  EXPECT_EQ(seen["effective = 0 for the purchase of a commitment"], "1 0 ");
  EXPECT_EQ(seen["a commitment's used and unused cost is its fee in each period"], "1 1 ");
  EXPECT_EQ(seen["no commitment has amortised more than was billed for it"],
            "1 0 not yet amortised: 1 USD");
  EXPECT_EQ(seen["savings plan usage and its negation cancel"],
            "- - not testable: these charges are not from an AWS cost and usage report");
  EXPECT_TRUE(report->findings) << "tax that is amortised breaks an exact identity";
}

TEST(Sample, TheOfficialSampleFailsAsOftenAsWasCountedByHand) {
  const char* env = std::getenv("STEELYARD_DATA");
  const std::string data = env ? env : std::string(STEELYARD_SOURCE) + "/../shared/data";
  const auto path =
      std::filesystem::weakly_canonical(data + "/focus/focus_sample_1.0_1000rows.csv").string();
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "skipped: no shared data";
  auto duck = engine();
  auto view = open_files_as_charges(*duck, {path}, "", {});
  ASSERT_TRUE(view) << why(view);
  const auto charges = charges_of_files(*view, path);
  auto report = test_identities(*duck, charges, {});
  ASSERT_TRUE(report) << why(report);
  std::map<std::string, std::string> seen;
  for (const auto& row : report->rows) {
    seen[*text(*report, row, "check")] = text(*report, row, "rows").value_or("-") + " " +
                                         text(*report, row, "failing").value_or("-");
  }
  // Counted by an independent script over the same file.
  EXPECT_EQ(seen["list cost = list price x quantity, to the last digit"], "999 490");
  EXPECT_EQ(seen["list cost = list price x quantity, to a millionth"], "999 25");
  EXPECT_EQ(seen["contracted cost = contracted price x quantity, to the last digit"], "993 38");
  EXPECT_EQ(seen["contracted cost = contracted price x quantity, to a millionth"], "993 17");
  auto spend = top(*duck, charges, {});
  ASSERT_TRUE(spend) << why(spend);
  ExplainOptions options;
  options.row = 0;
  auto lines = explain(*duck, charges, spend->question, options);
  ASSERT_TRUE(lines) << why(lines);
  EXPECT_EQ(text(*lines, lines->rows[0], "file"), path);
}

}  // namespace
}  // namespace steelyard::ledger_test
