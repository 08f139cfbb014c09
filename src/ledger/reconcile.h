// Reconcile: is the bill right? Charges against invoices, and the accounting identities that a bill
// must keep.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "ledger/report.h"
#include "ledger/views.h"

namespace steelyard {

struct ReconcileQuestion {
  std::string invoices_file;  ///< "" = the lake's table `invoices` if the engine has that view
  bool have_invoices_view = false;
  std::optional<Period> billing_period;
  /// What the log says of earlier deliveries (all_deliveries); empty without a lake.
  std::vector<ActiveDelivery> history;
};

/// Per issuer, invoice and currency: billed cost of the charges, the invoice, their difference, the
/// FOCUS tolerance, the residual by name. A file is FOCUS Invoice Detail or has columns invoice_id,
/// currency, amount[, issuer]. Without invoices the charges alone are shown with "no invoice".
/// SY1550 the file is neither, SY1551 a cell is not an amount.
Result<Report> reconcile_invoices(Engine& engine, const Charges& charges,
                                  const ReconcileQuestion& question);

/// Identities 1 to 19 of accounting (docs/concepts/reconciliation.md): rows tested, failing, amount
/// concerned; or why it cannot be tested. `findings` only for failures of exact identities.
Result<Report> test_identities(Engine& engine, const Charges& charges,
                               const ReconcileQuestion& question);

}  // namespace steelyard
