#include "ledger/reconcile.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "bills/catalogue.h"
#include "bills/reading.h"
#include "bills/tap.h"
#include "ledger/question.h"

namespace steelyard {
namespace {

struct InvoiceKey {
  std::string issuer, invoice, currency;
  auto operator<=>(const InvoiceKey&) const = default;
};

/// Both sides of one invoice.
struct InvoicePair {
  Decimal charged, invoiced;
  std::int64_t rows = 0;
  bool has_charges = false, has_invoice = false, open = false, has_categories = false;
  std::map<std::string, std::pair<Decimal, Decimal>> categories;  ///< charged, invoiced
};
using Pairs = std::map<InvoiceKey, InvoicePair>;

bool has_field(const std::vector<SchemaField>& schema, std::string_view name) {
  return std::any_of(schema.begin(), schema.end(),
                     [&](const SchemaField& field) { return field.name == name; });
}

Status add_charges(Engine& engine, const Charges& charges, const ReconcileQuestion& question,
                   Pairs& pairs) {
  const auto column = [&](const char* name) {
    return has_field(charges.schema, name) ? "coalesce(" + sql_identifier(name) + ", '')"
                                           : std::string("''");
  };
  const auto where = question.billing_period ? sql_in_billing_period(*question.billing_period)
                                             : std::string("true");
  auto answer =
      engine.query("SELECT " + column("InvoiceIssuerName") + ", " + column("InvoiceId") + ", " +
                   column("BillingCurrency") + ", " + column("ChargeCategory") +
                   ", count(*), sum(\"BilledCost\") FROM " + sql_identifier(charges.view) +
                   " WHERE " + where + " GROUP BY 1, 2, 3, 4");
  if (!answer) return pass(answer);
  for (const auto& row : answer->rows) {
    auto& pair = pairs[{row[0].text(), row[1].text(), row[2].text()}];
    pair.has_charges = true;
    pair.rows += integer_of(row[4]);
    pair.charged += decimal_of(row[5]);
    pair.categories[row[3].text()].first += decimal_of(row[5]);
  }
  return {};
}

/// Rows (issuer, invoice, currency, category, status, amount); a null issuer is found by the
/// invoice's id.
void add_invoices(const Rows& invoices, Pairs& pairs) {
  const Pairs charged = pairs;
  for (const auto& row : invoices.rows) {
    InvoiceKey key{row[0].text(), row[1].text(), row[2].text()};
    if (row[0].is_null()) {
      for (const auto& [other, pair] : charged) {
        if (other.invoice == key.invoice && other.currency == key.currency)
          key.issuer = other.issuer;
      }
    }
    auto& pair = pairs[key];
    if (!pair.has_invoice) pair.open = true;
    pair.has_invoice = true;
    pair.open = pair.open && row[4].text() == "Open";
    pair.invoiced += decimal_of(row[5]);
    if (row[3].is_null()) continue;
    pair.has_categories = true;
    pair.categories[row[3].text()].second += decimal_of(row[5]);
  }
}

/// "Invoice ID", "invoice_id" and "InvoiceId" are one name.
std::string squeezed(std::string_view name) {
  std::string result;
  for (char c : to_lower(name)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) result += c;
  }
  return result;
}

Result<Rows> read_invoice_file(Engine& engine, const std::string& path,
                               const std::optional<Period>& billing_period) {
  auto head = read_head(path);
  if (!head) return pass(head);
  // FOCUS Invoice Detail and the simple list differ in names only.
  static const std::map<std::string, std::vector<std::string>> kNames = {
      {"invoice", {"invoiceid", "invoice", "invoicenumber"}},
      {"currency", {"billingcurrency", "currency", "currencycode"}},
      {"amount", {"billedcost", "amount", "total"}},
      {"issuer", {"invoiceissuername", "issuer"}},
      {"category", {"chargecategory"}},
      {"status", {"invoiceissuestatus"}},
      {"period", {"billingperiodstart"}}};
  std::map<std::string, std::string> columns;
  for (const auto& [role, names] : kNames) {
    for (const auto& name : names) {
      for (const auto& column : head->columns) {
        if (!columns.count(role) && squeezed(column.name) == name) columns[role] = column.name;
      }
    }
  }
  for (const char* needed : {"invoice", "currency", "amount"}) {
    if (columns.count(needed)) continue;
    return fail("SY1550",
                "the file has no column for the " + std::string(needed) +
                    (std::string_view(needed) == "invoice" ? "'s id" : ""),
                path,
                "take FOCUS Invoice Detail, or a CSV file with invoice_id, currency, amount and, "
                "if you like, issuer");
  }
  // A source is registered for good, so each reading has its own name.
  auto taken = engine.query(
      "SELECT count(DISTINCT function_name) FROM duckdb_functions() WHERE function_name LIKE "
      "'ledger_invoices_%'");
  if (!taken) return pass(taken);
  const auto name = "ledger_invoices_" + taken->rows[0][0].text();
  auto file = open_file(engine, path, name, [&](const SourceColumn& column) {
    if (column.name == columns["amount"]) return Type::kDecimal;
    return columns.count("period") && column.name == columns["period"] ? Type::kInstant
                                                                       : Type::kText;
  });
  if (!file) return pass(file);
  const auto text = [&](const char* role) {
    return columns.count(role) ? sql_identifier(columns[role])
                               : std::string("CAST(NULL AS VARCHAR)");
  };
  std::string where = "true";
  if (columns.count("status")) where += " AND " + text("status") + " IS DISTINCT FROM 'Voided'";
  if (columns.count("period") && billing_period) {
    where += " AND " + billing_period_sql(sql_identifier(columns["period"])) +
             " IN (SELECT m FROM (VALUES ('')";
    for (const auto& month : months_of(*billing_period))
      where += ", (" + sql_literal(format_date(month).substr(0, 7)) + ")";
    where += ") months(m))";
  }
  auto answer =
      engine.query("SELECT " + text("issuer") + ", coalesce(" + text("invoice") +
                   ", ''), coalesce(" + text("currency") + ", ''), " + text("category") + ", max(" +
                   text("status") + "), sum(" + sql_identifier(columns["amount"]) + ") FROM " +
                   file->from + " WHERE " + where + " GROUP BY 1, 2, 3, 4");
  if (!answer && answer.error().code == "SY1210") {
    auto error = answer.error();
    error.code = "SY1551";
    error.fix = "write amounts as 1234.56";
    return fail(std::move(error));
  }
  return answer;
}

Result<Rows> read_invoice_view(Engine& engine, const std::optional<Period>& billing_period) {
  const auto where =
      billing_period ? " AND " + sql_in_billing_period(*billing_period) : std::string();
  return engine.query(
      "SELECT coalesce(\"InvoiceIssuerName\", ''), coalesce(\"InvoiceId\", ''), "
      "coalesce(\"BillingCurrency\", ''), \"ChargeCategory\", "
      "max(\"InvoiceIssueStatus\"), sum(\"BilledCost\") FROM invoices WHERE \"InvoiceIssueStatus\" "
      "IS DISTINCT FROM 'Voided'" +
      where + " GROUP BY 1, 2, 3, 4");
}

/// The difference by name: what the invoice says otherwise, category by category where it has them.
std::string residual_of(const InvoicePair& pair, Decimal difference, bool within) {
  if (difference.units == 0) return "";
  std::vector<std::string> names;
  if (pair.has_categories) {
    for (const auto& [category, amounts] : pair.categories) {
      const auto rest = amounts.first - amounts.second;
      if (rest.units != 0)
        names.push_back((category.empty() ? "no category" : category) + " " + to_text(rest));
    }
    return (within ? "rounding: " : "") + join(names, "; ");
  }
  if (within) return "rounding " + to_text(difference);
  for (const auto& [category, amounts] : pair.categories) {
    if (amounts.first == difference)
      return "the invoice leaves out " + category + " " + to_text(difference);
  }
  return "not explained " + to_text(difference);
}

struct Reconciled {
  Pairs pairs;
  bool have_invoices = false;
};

Result<Reconciled> pair_up(Engine& engine, const Charges& charges,
                           const ReconcileQuestion& question) {
  Reconciled result;
  if (auto added = add_charges(engine, charges, question, result.pairs); !added) return pass(added);
  if (!question.invoices_file.empty() || question.have_invoices_view) {
    auto invoices =
        question.invoices_file.empty()
            ? read_invoice_view(engine, question.billing_period)
            : read_invoice_file(engine, question.invoices_file, question.billing_period);
    if (!invoices) return pass(invoices);
    add_invoices(*invoices, result.pairs);
    result.have_invoices = true;
  }
  return result;
}

bool is_within(const InvoicePair& pair, const std::string& currency, Decimal& difference,
               Decimal& tolerance) {
  difference = pair.charged - pair.invoiced;
  tolerance = rounding_variance_tolerance(currency_of(currency), pair.rows);
  return !(difference > tolerance) && !(-difference > tolerance);
}

std::string status_of(const InvoiceKey& key, const InvoicePair& pair, bool within,
                      bool have_invoices) {
  if (!pair.has_invoice)
    return key.invoice.empty() ? "not yet invoiced"
           : have_invoices     ? "invoice is missing"
                               : "no invoices to compare";
  if (!pair.has_charges) return "no charges for it";
  if (pair.charged == pair.invoiced) return pair.open ? "ties, still open" : "ties";
  if (pair.open) return "open";
  return within ? "within tolerance" : "differs";
}

}  // namespace

Result<Report> reconcile_invoices(Engine& engine, const Charges& charges,
                                  const ReconcileQuestion& question) {
  auto reconciled = pair_up(engine, charges, question);
  if (!reconciled) return pass(reconciled);
  Report report;
  report.title = "charges against invoices";
  report.columns = {
      {"issuer", "issuer", CellKind::kText},           {"invoice", "invoice", CellKind::kText},
      {"currency", "currency", CellKind::kText},       {"rows", "rows", CellKind::kCount},
      {"charges", "charges", CellKind::kMoney},        {"invoiced", "invoice", CellKind::kMoney},
      {"difference", "difference", CellKind::kChange}, {"tolerance", "tolerance", CellKind::kMoney},
      {"status", "status", CellKind::kText},           {"residual", "residual", CellKind::kText}};
  Question asked;
  asked.command = "reconcile";
  asked.lake = charges.lake;
  asked.version = charges.version;
  asked.by = {"issuer", "invoice"};
  asked.basis = Basis::kBilled;
  asked.billing_period = question.billing_period;
  asked.options = question.invoices_file;
  struct Total {
    std::int64_t rows = 0;
    Decimal charged, invoiced;
  };
  std::map<std::string, Total> totals;
  std::int64_t rows = 0, differing = 0;
  std::map<std::string, Decimal> differences;
  for (const auto& [key, pair] : reconciled->pairs) {
    Decimal difference, tolerance;
    const bool within = is_within(pair, key.currency, difference, tolerance);
    const auto status = status_of(key, pair, within, reconciled->have_invoices);
    const bool compared = pair.has_invoice;
    const bool finding =
        status == "differs" || status == "invoice is missing" || status == "no charges for it";
    if (finding) {
      report.findings = true;
      ++differing;
      differences[key.currency] += difference;
    }
    report.rows.push_back({key.issuer.empty() ? Cell{} : Cell{key.issuer},
                           key.invoice.empty() ? Cell{} : Cell{key.invoice},
                           {key.currency},
                           {pair.rows},
                           {pair.charged},
                           compared ? Cell{pair.invoiced} : Cell{},
                           compared ? Cell{difference} : Cell{},
                           {tolerance},
                           {status},
                           compared ? Cell{residual_of(pair, difference, within)} : Cell{}});
    Figure figure;
    figure.keys = {key.issuer.empty() ? std::optional<std::string>() : key.issuer,
                   key.invoice.empty() ? std::optional<std::string>() : key.invoice};
    figure.currency = key.currency;
    figure.amount = pair.charged;
    asked.figures.push_back(std::move(figure));
    auto& total = totals[key.currency];
    total.rows += pair.rows;
    total.charged += pair.charged;
    total.invoiced += pair.invoiced;
    rows += pair.rows;
  }
  std::vector<std::string> open;
  for (const auto& [currency, total] : totals) {
    const bool compared = reconciled->have_invoices;
    report.totals.push_back({{std::string("total")},
                             {},
                             {currency},
                             {total.rows},
                             {total.charged},
                             compared ? Cell{total.invoiced} : Cell{},
                             compared ? Cell{total.charged - total.invoiced} : Cell{},
                             {},
                             {},
                             {}});
    asked.totals.push_back({{}, false, true, currency, total.charged, ""});
    report.provenance.currencies.push_back(currency);
  }
  for (const auto& [currency, difference] : differences)
    open.push_back(to_text(difference, currency_of(currency).decimals, true) + " " + currency);
  if (!reconciled->have_invoices) {
    report.notes.push_back(
        "there are no invoices to compare with: ingest FOCUS Invoice Detail, or give --invoices "
        "FILE with invoice_id, currency, amount");
  }
  report.notes.push_back(
      "the tolerance is the larger of 100 of the smallest unit and half a unit times the square "
      "root of the rows (FOCUS 1.4)");
  auto currencies = std::move(report.provenance.currencies);
  report.provenance = provenance_of(charges, Basis::kBilled, {}, question.billing_period);
  report.provenance.currencies = std::move(currencies);
  report.provenance.rows = rows;
  report.provenance.reconciled = !reconciled->have_invoices ? "unknown"
                                 : differing == 0           ? "yes"
                                                            : "no (Δ " + join(open, ", ") + ")";
  report.question = to_json(asked);
  return report;
}

// ----------------------------------------------------------------------------------------------------------------
// identities

namespace {

/// A rule on single rows.
struct RowRule {
  const char* id;
  char kind;  ///< X exact, T with tolerance, Q a question of quality
  const char* name;
  std::vector<const char*> needs;  ///< columns
  std::string tested, failing;     ///< conditions
  std::string amount;              ///< what is at stake in a failing row
};

const std::string kUsage = "\"ChargeCategory\" = 'Usage'";
const std::string kCovered = "\"CommitmentDiscountId\" IS NOT NULL";
const std::string kUncovered = "\"CommitmentDiscountId\" IS NULL";

std::vector<RowRule> row_rules() {
  const std::string list = "sy_product_class(\"ListUnitPrice\", \"PricingQuantity\", \"ListCost\")";
  const std::string contracted =
      "sy_product_class(\"ContractedUnitPrice\", \"PricingQuantity\", \"ContractedCost\")";
  const std::string positive =
      "\"ListCost\" >= 0 AND \"ContractedCost\" >= 0 AND \"EffectiveCost\" >= 0";
  const auto differ = [](const std::string& a, const std::string& b) {
    return a + " IS DISTINCT FROM " + b;
  };
  const auto coupled = [](const char* id, const char* name, const char* a, const char* b) {
    const auto x = sql_identifier(a), y = sql_identifier(b);
    return RowRule{id,
                   'X',
                   name,
                   {a, b},
                   "true",
                   "(" + x + " IS NULL) <> (" + y + " IS NULL)",
                   "\"BilledCost\""};
  };
  return {
      {"1",
       'T',
       "list cost = list price x quantity, to a millionth",
       {"ListUnitPrice", "PricingQuantity"},
       list + " IS NOT NULL",
       list + " = 2",
       "\"ListCost\""},
      {"1",
       'Q',
       "list cost = list price x quantity, to the last digit",
       {"ListUnitPrice", "PricingQuantity"},
       list + " IS NOT NULL",
       list + " > 0",
       "\"ListCost\""},
      {"2",
       'T',
       "contracted cost = contracted price x quantity, to a millionth",
       {"ContractedUnitPrice", "PricingQuantity"},
       contracted + " IS NOT NULL",
       contracted + " = 2",
       "\"ContractedCost\""},
      {"2",
       'Q',
       "contracted cost = contracted price x quantity, to the last digit",
       {"ContractedUnitPrice", "PricingQuantity"},
       contracted + " IS NOT NULL",
       contracted + " > 0",
       "\"ContractedCost\""},
      {"3",
       'X',
       "effective = billed for tax and credits",
       {"ChargeCategory"},
       "\"ChargeCategory\" IN ('Tax', 'Credit')",
       differ("\"EffectiveCost\"", "\"BilledCost\""),
       "\"EffectiveCost\" - \"BilledCost\""},
      {"3",
       'X',
       "effective = billed for usage that no commitment covers",
       {"ChargeCategory", "CommitmentDiscountId"},
       kUsage + " AND " + kUncovered,
       differ("\"EffectiveCost\"", "\"BilledCost\""),
       "\"EffectiveCost\" - \"BilledCost\""},
      {"3",
       'X',
       "effective = billed for purchases that cover nothing",
       {"ChargeCategory", "CommitmentDiscountId"},
       "\"ChargeCategory\" = 'Purchase' AND " + kUncovered,
       differ("\"EffectiveCost\"", "\"BilledCost\""),
       "\"EffectiveCost\" - \"BilledCost\""},
      {"4",
       'X',
       "effective = 0 for the purchase of a commitment",
       {"ChargeCategory", "CommitmentDiscountId"},
       "\"ChargeCategory\" = 'Purchase' AND " + kCovered,
       "\"EffectiveCost\" <> 0",
       "\"EffectiveCost\""},
      {"4",
       'X',
       "billed = 0 for usage that a commitment covers",
       {"ChargeCategory", "CommitmentDiscountId"},
       kUsage + " AND " + kCovered,
       "\"BilledCost\" <> 0",
       "\"BilledCost\""},
      {"5",
       'Q',
       "list is not below contracted",
       {},
       positive,
       "\"ListCost\" < \"ContractedCost\"",
       "\"ContractedCost\" - \"ListCost\""},
      {"5",
       'Q',
       "contracted is not below effective",
       {},
       positive,
       "\"ContractedCost\" < \"EffectiveCost\"",
       "\"EffectiveCost\" - \"ContractedCost\""},
      {"6",
       'X',
       "prices are not negative",
       {"ListUnitPrice", "ContractedUnitPrice"},
       "\"ListUnitPrice\" IS NOT NULL OR \"ContractedUnitPrice\" IS NOT NULL",
       "\"ListUnitPrice\" < 0 OR \"ContractedUnitPrice\" < 0",
       "\"ListCost\""},
      {"6",
       'Q',
       "quantity and list cost have one sign",
       {"PricingQuantity"},
       "\"PricingQuantity\" <> 0 AND \"ListCost\" <> 0",
       "(\"PricingQuantity\" < 0) <> (\"ListCost\" < 0)",
       "\"ListCost\""},
      coupled("6", "pricing unit where there is a pricing quantity", "PricingQuantity",
              "PricingUnit"),
      coupled("6", "consumed unit where there is a consumed quantity", "ConsumedQuantity",
              "ConsumedUnit"),
      coupled("6", "region id where there is a region name", "RegionId", "RegionName"),
      {"6",
       'X',
       "a commitment's usage says whether it was used",
       {"ChargeCategory", "CommitmentDiscountId", "CommitmentDiscountStatus"},
       kUsage + " AND " + kCovered,
       "\"CommitmentDiscountStatus\" IS NULL",
       "\"EffectiveCost\""},
      {"8",
       'X',
       "a charge ends after it begins",
       {"ChargePeriodStart", "ChargePeriodEnd"},
       "true",
       "\"ChargePeriodStart\" >= \"ChargePeriodEnd\"",
       "\"BilledCost\""},
      {"8",
       'Q',
       "a charge begins within its billing period",
       {"ChargePeriodStart", "BillingPeriodStart", "BillingPeriodEnd", "ChargeClass"},
       "\"ChargeClass\" IS DISTINCT FROM 'Correction'",
       "\"ChargePeriodStart\" < \"BillingPeriodStart\" OR \"ChargePeriodStart\" >= "
       "\"BillingPeriodEnd\"",
       "\"BilledCost\""},
      {"8",
       'Q',
       "a correction is of an earlier time",
       {"ChargePeriodStart", "BillingPeriodStart", "ChargeClass"},
       "\"ChargeClass\" = 'Correction'",
       "\"ChargePeriodStart\" >= \"BillingPeriodStart\"",
       "\"BilledCost\""},
      {"11",
       'X',
       "the unused part of a commitment has itself as resource and nothing consumed",
       {"CommitmentDiscountStatus", "CommitmentDiscountId", "ResourceId", "ConsumedQuantity"},
       kUsage + " AND \"CommitmentDiscountStatus\" = 'Unused'",
       "\"ResourceId\" IS DISTINCT FROM \"CommitmentDiscountId\" OR \"ConsumedQuantity\" IS NOT "
       "NULL",
       "\"EffectiveCost\""},
  };
}

/// price x quantity against cost: 0 equal to the last digit, 1 within a millionth, 2 beyond. SQL
/// must not multiply money.
Status add_product_class(Engine& engine) {
  auto known = engine.query(
      "SELECT count(*) FROM duckdb_functions() WHERE function_name = 'sy_product_class'");
  if (!known) return pass(known);
  if (integer_of(known->rows[0][0]) > 0) return {};
  Function function;
  function.name = "sy_product_class";
  function.parameters = {Type::kDecimal, Type::kDecimal, Type::kDecimal};
  function.result = Type::kInt64;
  function.handles_nulls = true;
  function.call = [](std::span<const ColumnView> arguments, std::size_t rows,
                     ColumnWriter& result) -> Status {
    constexpr Int128 kMillionth = kOne / 1'000'000;
    for (std::size_t r = 0; r < rows; ++r) {
      if (arguments[0].is_null(r) || arguments[1].is_null(r) || arguments[2].is_null(r)) {
        result.set_null(r);
        continue;
      }
      const Decimal price{arguments[0].units(r)}, quantity{arguments[1].units(r)},
          cost{arguments[2].units(r)};
      // A product beyond DECIMAL(38,18) cannot equal a cost.
      const double size = static_cast<double>(price.units) * static_cast<double>(quantity.units) /
                          static_cast<double>(kOne);
      if (size > 9e37 || size < -9e37) {
        result.set_integer(r, 2);
        continue;
      }
      bool exact = false;
      const auto difference = multiply(price, quantity, &exact).units - cost.units;
      const bool close = difference <= kMillionth && difference >= -kMillionth;
      result.set_integer(r, difference == 0 && exact ? 0 : close ? 1 : 2);
    }
    return {};
  };
  return engine.add_function(std::move(function));
}

class Identities {
 public:
  Identities(Engine& engine, const Charges& charges, const ReconcileQuestion& question)
      : engine_(engine), charges_(charges), question_(question) {}

  Result<Report> run() {
    report_.title = "accounting identities";
    report_.columns = {
        {"id", "id", CellKind::kText},          {"class", "class", CellKind::kText},
        {"check", "check", CellKind::kText},    {"currency", "currency", CellKind::kText},
        {"rows", "tested", CellKind::kCount},   {"failing", "failing", CellKind::kCount},
        {"amount", "amount", CellKind::kMoney}, {"ok", "ok", CellKind::kFlag},
        {"note", "note", CellKind::kText}};
    if (auto added = add_product_class(engine_); !added) return pass(added);
    where_ = question_.billing_period ? sql_in_billing_period(*question_.billing_period) : "true";
    if (auto tested = test_rows(); !tested) return pass(tested);
    if (auto tested = test_exchange_rates(); !tested) return pass(tested);
    if (auto tested = test_commitments(); !tested) return pass(tested);
    if (auto tested = test_aws(); !tested) return pass(tested);
    add_untestable("14", 'X', "actual and amortised bills of one reservation agree",
                   "needs both Azure exports of the same month in one question");
    if (auto tested = test_utilisation(); !tested) return pass(tested);
    if (auto tested = test_invoices(); !tested) return pass(tested);
    if (auto tested = test_billing_periods(); !tested) return pass(tested);
    add_untestable("19", 'X', "a closed period does not change",
                   "compare versions: steelyard diff --versions=A,B --billing-period=MONTH");
    std::stable_sort(report_.rows.begin(), report_.rows.end(), [](const auto& a, const auto& b) {
      return std::stoi(a[0].text()) < std::stoi(b[0].text());
    });
    report_.provenance = provenance_of(charges_, Basis::kBilled, {}, question_.billing_period);
    report_.provenance.basis = "";
    report_.provenance.currencies = currencies_;
    report_.provenance.rows = rows_;
    report_.notes.push_back(
        "class X must hold exactly, T within its tolerance, Q is a question of quality; only X "
        "sets the exit code");
    Question asked;
    asked.command = "identities";
    asked.lake = charges_.lake;
    asked.version = charges_.version;
    asked.basis = Basis::kBilled;
    asked.billing_period = question_.billing_period;
    report_.question = to_json(asked);
    return std::move(report_);
  }

 private:
  bool has(const char* name) const { return has_field(charges_.schema, name); }

  void add(const char* id, char kind, const std::string& name, const std::string& currency,
           std::int64_t tested, std::int64_t failing, Decimal amount,
           const std::string& note = "") {
    if (tested == 0) return add_untestable(id, kind, name, "no such charges", currency);
    report_.rows.push_back({{std::string(id)},
                            {std::string(1, kind)},
                            {name},
                            {currency},
                            {tested},
                            {failing},
                            {amount},
                            {failing == 0},
                            note.empty() ? Cell{} : Cell{note}});
    if (kind == 'X' && failing > 0) report_.findings = true;
  }

  void add_untestable(const char* id, char kind, const std::string& name, const std::string& why,
                      const std::string& currency = "") {
    report_.rows.push_back({{std::string(id)},
                            {std::string(1, kind)},
                            {name},
                            currency.empty() ? Cell{} : Cell{currency},
                            {},
                            {},
                            {},
                            {},
                            {"not testable: " + why}});
  }

  const char* missing_column(const std::vector<const char*>& needs) const {
    for (const auto* column : needs) {
      if (!has(column)) return column;
    }
    return nullptr;
  }

  /// All rules on rows in one pass.
  Status test_rows() {
    const auto rules = row_rules();
    std::vector<const RowRule*> asked;
    std::string sql = "SELECT coalesce(\"BillingCurrency\", ''), count(*)";
    for (const auto& rule : rules) {
      if (missing_column(rule.needs)) continue;
      asked.push_back(&rule);
      const auto failing = "(" + rule.tested + ") AND (" + rule.failing + ")";
      sql += ", count(*) FILTER (WHERE " + rule.tested + "), count(*) FILTER (WHERE " + failing +
             "), sum(" + rule.amount + ") FILTER (WHERE " + failing + ")";
    }
    auto answer = engine_.query(sql + " FROM " + sql_identifier(charges_.view) + " WHERE " +
                                where_ + " GROUP BY 1 ORDER BY 1");
    if (!answer) return pass(answer);
    for (const auto& row : answer->rows) {
      currencies_.push_back(row[0].text());
      rows_ += integer_of(row[1]);
    }
    for (const auto& rule : rules) {
      if (const auto* missing = missing_column(rule.needs)) {
        add_untestable(rule.id, rule.kind, rule.name,
                       "these charges have no " + std::string(missing));
        continue;
      }
      const auto at = 2 + 3 * static_cast<std::size_t>(
                                  std::find(asked.begin(), asked.end(), &rule) - asked.begin());
      for (const auto& row : answer->rows) {
        add(rule.id, rule.kind, rule.name, row[0].text(), integer_of(row[at]),
            integer_of(row[at + 1]), decimal_of(row[at + 2]));
      }
    }
    return {};
  }

  /// One rate of exchange per invoice and pair of currencies.
  Status test_exchange_rates() {
    const char* name = "one rate of exchange per invoice and pair of currencies";
    if (missing_column({"PricingCurrency", "PricingCurrencyEffectiveCost"})) {
      add_untestable("7", 'T', name, "these charges have no PricingCurrencyEffectiveCost");
      return {};
    }
    const std::string rows = " FROM " + sql_identifier(charges_.view) + " WHERE " + where_ +
                             " AND \"PricingCurrency\" <> \"BillingCurrency\" AND "
                             "\"PricingCurrencyEffectiveCost\" <> 0 AND \"EffectiveCost\" <> 0";
    const std::string key = "coalesce(\"InvoiceId\", ''), \"BillingCurrency\", \"PricingCurrency\"";
    auto sums = engine_.query("SELECT " + key +
                              ", sum(\"EffectiveCost\"), sum(\"PricingCurrencyEffectiveCost\")" +
                              rows + " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3");
    if (!sums) return pass(sums);
    std::string values;
    for (const auto& row : sums->rows) {
      const auto priced = decimal_of(row[4]);
      if (priced.units == 0) continue;
      const auto rate = multiply_divide(decimal_of(row[3]), {kOne}, priced);
      values += std::string(values.empty() ? "" : ", ") + "(" + sql_literal(row[0].text()) + ", " +
                sql_literal(row[1].text()) + ", " + sql_literal(row[2].text()) + ", CAST('" +
                to_text(rate) + "' AS DECIMAL(38,18)))";
    }
    if (values.empty()) {
      add_untestable("7", 'T', name, "all charges are priced in their billing currency");
      return {};
    }
    auto answer = engine_.query(
        "SELECT c, count(*), count(*) FILTER (WHERE k = 2), sum(amount) FILTER (WHERE k = 2) FROM "
        "(SELECT r.c AS c, \"EffectiveCost\" AS amount, "
        "sy_product_class(\"PricingCurrencyEffectiveCost\", r.rate, \"EffectiveCost\") AS k FROM "
        "(SELECT *" +
        rows + ") x JOIN (VALUES " + values +
        ") r(i, c, p, rate) ON coalesce(x.\"InvoiceId\", '') = r.i AND x.\"BillingCurrency\" = r.c "
        "AND x.\"PricingCurrency\" = r.p) GROUP BY c ORDER BY c");
    if (!answer) return pass(answer);
    for (const auto& row : answer->rows)
      add("7", 'T', name, row[0].text(), integer_of(row[1]), integer_of(row[2]),
          decimal_of(row[3]));
    return {};
  }

  /// What a commitment cost and what its usage was charged with, per period and over what the bill
  /// shows of its life. A hundredth is left to rounding.
  Status test_commitments() {
    const char* hourly = "a commitment's used and unused cost is its fee in each period";
    const char* quantities =
        "a commitment's used and unused quantity is what was committed in each period";
    const char* life = "no commitment has amortised more than was billed for it";
    const char* moved = "amortisation moves cost, it does not make any";
    if (missing_column({"CommitmentDiscountId", "ChargePeriodStart", "ChargePeriodEnd"})) {
      for (const auto& [id, name] : {std::pair{"9", hourly}, std::pair{"10", life},
                                     std::pair{"11", quantities}, std::pair{"12", moved}}) {
        add_untestable(id, 'T', name, "these charges have no commitments");
      }
      return {};
    }
    const std::string rows =
        " FROM " + sql_identifier(charges_.view) + " WHERE " + where_ + " AND " + kCovered;
    const auto used = [](const std::string& column) {
      return "coalesce(sum(" + column + ") FILTER (WHERE " + kUsage + "), 0)";
    };
    const auto bought = [](const std::string& column) {
      return "coalesce(sum(" + column + ") FILTER (WHERE \"ChargeCategory\" = 'Purchase'), 0)";
    };
    const bool has_quantity = has("CommitmentDiscountQuantity");
    const std::string quantity =
        has_quantity ? "\"CommitmentDiscountQuantity\"" : "CAST(NULL AS DECIMAL(38,18))";
    // Periods in which the fee itself recurs: an upfront share is not in these lines, so
    // commitments with one are left to identity 10. A purchase before these charges is known only
    // from the table of contract commitments.
    auto terms = engine_.query(
        "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'contract_commitments' AND "
        "column_name IN ('ContractCommitmentId', 'ContractCommitmentPaymentModel')");
    if (!terms) return pass(terms);
    const bool have_terms = integer_of(terms->rows[0][0]) == 2;
    const std::string without_upfront =
        have_terms ? " AND \"CommitmentDiscountId\" NOT IN (SELECT \"ContractCommitmentId\" FROM "
                     "contract_commitments WHERE "
                     "\"ContractCommitmentPaymentModel\" <> 'No Upfront' AND "
                     "\"ContractCommitmentId\" IS NOT NULL)"
                   : "";
    const std::string one_time = has("ChargeFrequency")
                                     ? "count(*) FILTER (WHERE \"ChargeCategory\" = 'Purchase' AND "
                                       "\"ChargeFrequency\" = 'One-Time')"
                                     : "0";
    const std::string periods =
        "SELECT coalesce(\"BillingCurrency\", '') AS c, " + used("\"EffectiveCost\"") + " - " +
        bought("\"BilledCost\"") + " AS d, " + used(quantity) + " - " + bought(quantity) +
        " AS q, count(" + quantity + ") FILTER (WHERE \"ChargeCategory\" = 'Purchase') AS nq" +
        rows + without_upfront +
        " GROUP BY c, \"CommitmentDiscountId\", \"ChargePeriodStart\", \"ChargePeriodEnd\" HAVING "
        "count(*) FILTER (WHERE " +
        kUsage + ") > 0 AND count(*) FILTER (WHERE \"ChargeCategory\" = 'Purchase') > 0 AND " +
        one_time + " = 0";
    auto answer = engine_.query("SELECT c, d, q, nq FROM (" + periods + ") ORDER BY c");
    if (!answer) return pass(answer);
    struct Tally {
      std::int64_t tested = 0, failing = 0, quantities = 0, wrong_quantities = 0;
      Decimal amount;
    };
    std::map<std::string, Tally> tallies;
    for (const auto& currency : currencies_) tallies[currency];
    for (const auto& row : answer->rows) {
      auto& tally = tallies[row[0].text()];
      Decimal subunit{kOne};
      for (int i = currency_of(row[0].text()).decimals; i > 0; --i) subunit.units /= 10;
      const auto difference = decimal_of(row[1]);
      ++tally.tested;
      if (difference > subunit || -difference > subunit) {
        ++tally.failing;
        tally.amount += difference;
      }
      if (integer_of(row[3]) == 0) continue;
      ++tally.quantities;
      if (decimal_of(row[2]).units != 0) ++tally.wrong_quantities;
    }
    for (const auto& [currency, tally] : tallies) {
      const bool maybe_upfront = tally.failing > 0 && tally.amount.units > 0 && !have_terms;
      add("9", 'T', hourly, currency, tally.tested, tally.failing, tally.amount,
          maybe_upfront ? "more than the fee: perhaps a share of what was paid before; load the "
                          "contract commitments to tell"
                        : "");
      add("11", 'T', quantities, currency, tally.quantities, tally.wrong_quantities, {});
    }
    auto lives = engine_.query(
        "SELECT c, count(*), count(*) FILTER (WHERE d < -0.01), sum(d) FILTER (WHERE d < -0.01), "
        "sum(d) FROM (SELECT coalesce(\"BillingCurrency\", '') AS c, " +
        bought("\"BilledCost\"") + " - " + used("\"EffectiveCost\"") + " AS d" + rows +
        " GROUP BY c, \"CommitmentDiscountId\" HAVING count(*) FILTER (WHERE \"ChargeCategory\" = "
        "'Purchase') > 0) GROUP BY c ORDER BY c");
    if (!lives) return pass(lives);
    if (lives->rows.empty())
      add_untestable("10", 'Q', life, "the purchases of the commitments are not in these charges");
    for (const auto& row : lives->rows) {
      add("10", 'Q', life, row[0].text(), integer_of(row[1]), integer_of(row[2]),
          decimal_of(row[3]),
          "not yet amortised: " + to_text(decimal_of(row[4])) + " " + row[0].text() +
              (integer_of(row[2]) > 0
                   ? "; a fee that was paid before these charges explains less than 0"
                   : ""));
    }
    auto both = engine_.query(
        "SELECT coalesce(\"BillingCurrency\", ''), count(*), sum(\"EffectiveCost\") - "
        "sum(\"BilledCost\") FROM " +
        sql_identifier(charges_.view) + " WHERE " + where_ + " GROUP BY 1 ORDER BY 1");
    if (!both) return pass(both);
    for (const auto& row : both->rows) {
      const auto moved_amount = decimal_of(row[2]);
      add("12", 'Q', moved, row[0].text(), integer_of(row[1]), 0, moved_amount,
          moved_amount.units == 0 ? "effective = billed over all charges"
                                  : "effective less billed; 0 only when whole lives of all "
                                    "commitments are in the bill");
    }
    return {};
  }

  /// Of an AWS cost and usage report: covered usage and its negation cancel.
  Status test_aws() {
    const char* name = "savings plan usage and its negation cancel";
    if (missing_column({"x_LineItemType", "x_line_item_unblended_cost", "CommitmentDiscountId"})) {
      add_untestable("13", 'X', name, "these charges are not from an AWS cost and usage report");
      return {};
    }
    auto answer = engine_.query(
        "SELECT c, count(*), count(*) FILTER (WHERE d <> 0), sum(d) FROM (SELECT "
        "coalesce(\"BillingCurrency\", '') AS c, sum(\"x_line_item_unblended_cost\") AS d FROM " +
        sql_identifier(charges_.view) + " WHERE " + where_ +
        " AND \"x_LineItemType\" IN ('SavingsPlanCoveredUsage', 'SavingsPlanNegation') GROUP BY c, "
        "\"CommitmentDiscountId\", \"x_BillingPeriod\") GROUP BY c ORDER BY c");
    if (!answer) return pass(answer);
    if (answer->rows.empty()) add_untestable("13", 'X', name, "no savings plan was used");
    for (const auto& row : answer->rows)
      add("13", 'X', name, row[0].text(), integer_of(row[1]), integer_of(row[2]),
          decimal_of(row[3]));
    return {};
  }

  Status test_utilisation() {
    const char* name = "utilisation = used / (used + unused)";
    if (missing_column({"CommitmentDiscountId", "CommitmentDiscountStatus"})) {
      add_untestable("15", 'Q', name, "these charges have no CommitmentDiscountStatus");
      return {};
    }
    auto answer = engine_.query(
        "SELECT coalesce(\"BillingCurrency\", ''), count(*), sum(\"EffectiveCost\") FILTER (WHERE "
        "\"CommitmentDiscountStatus\" = 'Used'), sum(\"EffectiveCost\") FROM " +
        sql_identifier(charges_.view) + " WHERE " + where_ + " AND " + kUsage + " AND " + kCovered +
        " GROUP BY 1 ORDER BY 1");
    if (!answer) return pass(answer);
    if (answer->rows.empty()) add_untestable("15", 'Q', name, "no commitment was used");
    for (const auto& row : answer->rows) {
      const auto whole = decimal_of(row[3]);
      const auto note =
          whole.units == 0
              ? std::string("no cost")
              : to_text(round(multiply_divide(decimal_of(row[2]), {100 * kOne}, whole), 2), 2) +
                    " % used";
      add("15", 'Q', name, row[0].text(), integer_of(row[1]), 0, whole - decimal_of(row[2]), note);
    }
    return {};
  }

  Status test_invoices() {
    const char* name =
        "billed cost of an invoice's charges is the invoice, within the FOCUS tolerance";
    auto reconciled = pair_up(engine_, charges_, question_);
    if (!reconciled) return pass(reconciled);
    const char* exact = "billed cost of an invoice's charges is the invoice, to the last digit";
    if (!reconciled->have_invoices) {
      add_untestable("16", 'T', name, "no invoices were loaded");
      add_untestable("17", 'Q', exact, "no invoices were loaded");
      return {};
    }
    struct Tally {
      std::int64_t tested = 0, beyond = 0, inexact = 0;
      Decimal beyond_amount, inexact_amount;
    };
    std::map<std::string, Tally> tallies;
    for (const auto& [key, pair] : reconciled->pairs) {
      if (!pair.has_invoice || !pair.has_charges || pair.open) continue;
      auto& tally = tallies[key.currency];
      Decimal difference, tolerance;
      ++tally.tested;
      if (!is_within(pair, key.currency, difference, tolerance)) {
        ++tally.beyond;
        tally.beyond_amount += difference;
      }
      if (difference.units != 0) {
        ++tally.inexact;
        tally.inexact_amount += difference;
      }
    }
    if (tallies.empty()) {
      add_untestable("16", 'T', name, "no invoice has charges here");
      add_untestable("17", 'Q', exact, "no invoice has charges here");
    }
    for (const auto& [currency, tally] : tallies) {
      add("16", 'T', name, currency, tally.tested, tally.beyond, tally.beyond_amount);
      add("17", 'Q', exact, currency, tally.tested, tally.inexact, tally.inexact_amount);
    }
    return {};
  }

  /// Each issuer and period of the charges has its billing period.
  Status test_billing_periods() {
    const char* name = "each issuer and period of the charges has one billing period";
    auto columns = engine_.query(
        "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'billing_periods' AND "
        "column_name IN ('InvoiceIssuerName', 'BillingPeriodStart', 'x_Source')");
    if (!columns) return pass(columns);
    if (integer_of(columns->rows[0][0]) < 3 ||
        missing_column({"InvoiceIssuerName", "BillingPeriodStart"})) {
      add_untestable("18", 'X', name, "there is no table of billing periods");
      return {};
    }
    // A period that the provider tells of stands beside the one that was derived from the
    // deliveries; only the provider's is counted then.
    auto answer = engine_.query(
        "SELECT count(*), count(*) FILTER (WHERE told <> 1 AND (told > 1 OR derived <> 1)) FROM "
        "(SELECT c.i, c.s, count(b.i) FILTER (WHERE NOT b.derived) AS told, "
        "count(b.i) FILTER (WHERE b.derived) AS derived FROM (SELECT DISTINCT "
        "\"InvoiceIssuerName\" AS i, \"BillingPeriodStart\" AS s FROM " +
        sql_identifier(charges_.view) + " WHERE " + where_ +
        ") c LEFT JOIN (SELECT \"InvoiceIssuerName\" AS i, \"BillingPeriodStart\" AS s, "
        "\"x_Source\" = " +
        sql_literal(kDerivedSource) +
        " AS derived FROM billing_periods) b ON c.i IS NOT DISTINCT FROM b.i AND c.s = b.s GROUP "
        "BY c.i, c.s)");
    if (!answer) return pass(answer);
    add("18", 'X', name, "", integer_of(answer->rows[0][0]), integer_of(answer->rows[0][1]), {});
    return {};
  }

  Engine& engine_;
  const Charges& charges_;
  const ReconcileQuestion& question_;
  Report report_;
  std::string where_;
  std::vector<std::string> currencies_;
  std::int64_t rows_ = 0;
};

}  // namespace

Result<Report> test_identities(Engine& engine, const Charges& charges,
                               const ReconcileQuestion& question) {
  return Identities(engine, charges, question).run();
}

}  // namespace steelyard
