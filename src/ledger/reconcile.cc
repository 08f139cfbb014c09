#include "ledger/reconcile.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "bills/catalogue.h"
#include "bills/reading.h"
#include "bills/tap.h"
#include "ledger/invoice_pairs.h"
#include "ledger/question.h"

namespace steelyard {
namespace {

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

}  // namespace

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

namespace {

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
  std::int64_t rows = 0, differing = 0, compared_invoices = 0;
  bool unsettled = false;  // money that no issued invoice was held against
  std::map<std::string, Decimal> differences;
  for (const auto& [key, pair] : reconciled->pairs) {
    Decimal difference, tolerance;
    const bool within = is_within(pair, key.currency, difference, tolerance);
    const auto status = status_of(key, pair, within, reconciled->have_invoices);
    const bool compared = pair.has_invoice;
    if (compared && pair.has_charges) ++compared_invoices;
    if (status == "open" || (status == "not yet invoiced" && pair.charged.units != 0))
      unsettled = true;
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
    asked.totals.push_back({{}, false, currency, total.charged, "", {}, {}});
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
  report.provenance.reconciled = differing > 0 ? "no (Δ " + join(open, ", ") + ")"
                                 : compared_invoices == 0 || unsettled ? "unknown"
                                                                       : "yes";
  if (reconciled->pairs.empty()) report.notes.push_back("no charge and no invoice matches");
  report.question = to_json(asked);
  return report;
}

}  // namespace steelyard
