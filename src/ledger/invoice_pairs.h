// The charges of a bill beside its invoices, invoice by invoice. Behind the ledger's door.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/result.h"
#include "engine/engine.h"
#include "ledger/reconcile.h"
#include "ledger/views.h"
#include "money/decimal.h"

namespace steelyard {

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

struct Reconciled {
  Pairs pairs;
  bool have_invoices = false;
};

/// All invoices of the question with their charges, and the charges of invoices that are not there.
Result<Reconciled> pair_up(Engine& engine, const Charges& charges,
                           const ReconcileQuestion& question);

/// Whether the charges are the invoice within the tolerance of FOCUS; sets both out arguments.
bool is_within(const InvoicePair& pair, const std::string& currency, Decimal& difference,
               Decimal& tolerance);

}  // namespace steelyard
