#include "bills/focus_schema.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"

namespace steelyard {
namespace {

// Versions as bit sets: bit n stands for FOCUS 1.n.
constexpr unsigned kSince0 = 0b11111, kSince1 = 0b11110, kSince2 = 0b11100, kSince3 = 0b11000,
                   kSince4 = 0b10000, kUntil3 = 0b01111;

// Facts of the specification: name, type, versions, mandatory in every version that has the
// dataset, nullable in 1.4.
// clang-format off
constexpr FocusColumn kCharges[] = {
    {"AllocatedMethodDetails", Type::kText, kSince3, false, true},
    {"AllocatedMethodId", Type::kText, kSince3, false, true},
    {"AllocatedResourceId", Type::kText, kSince3, false, true},
    {"AllocatedResourceName", Type::kText, kSince3, false, true},
    {"AllocatedTags", Type::kText, kSince3, false, true},
    {"AvailabilityZone", Type::kText, kSince0, false, true},
    {"BilledCost", Type::kDecimal, kSince0, true, false},
    {"BillingAccountId", Type::kText, kSince0, true, false},
    {"BillingAccountName", Type::kText, kSince0, true, true},
    {"BillingAccountType", Type::kText, kSince2, false, false},
    {"BillingCurrency", Type::kText, kSince0, true, false},
    {"BillingPeriodEnd", Type::kInstant, kSince0, true, false},
    {"BillingPeriodStart", Type::kInstant, kSince0, true, false},
    {"CapacityReservationId", Type::kText, kSince1, false, true},
    {"CapacityReservationStatus", Type::kText, kSince1, false, true},
    {"ChargeCategory", Type::kText, kSince0, true, false},
    {"ChargeClass", Type::kText, kSince0, true, true},
    {"ChargeDescription", Type::kText, kSince0, true, true},
    {"ChargeFrequency", Type::kText, kSince0, false, false},
    {"ChargePeriodEnd", Type::kInstant, kSince0, true, false},
    {"ChargePeriodStart", Type::kInstant, kSince0, true, false},
    {"CommitmentDiscountCategory", Type::kText, kSince0, false, true},
    {"CommitmentDiscountId", Type::kText, kSince0, false, true},
    {"CommitmentDiscountName", Type::kText, kSince0, false, true},
    {"CommitmentDiscountQuantity", Type::kDecimal, kSince1, false, true},
    {"CommitmentDiscountStatus", Type::kText, kSince0, false, true},
    {"CommitmentDiscountType", Type::kText, kSince0, false, true},
    {"CommitmentDiscountUnit", Type::kText, kSince1, false, true},
    {"CommitmentProgramEligibilityDetails", Type::kText, kSince4, false, true},
    {"ConsumedQuantity", Type::kDecimal, kSince0, false, true},
    {"ConsumedUnit", Type::kText, kSince0, false, true},
    {"ContractApplied", Type::kText, kSince3, false, true},
    {"ContractedCost", Type::kDecimal, kSince0, true, false},
    {"ContractedUnitPrice", Type::kDecimal, kSince0, false, true},
    {"EffectiveCost", Type::kDecimal, kSince0, true, false},
    {"HostProviderName", Type::kText, kSince3, false, true},
    {"InvoiceDetailId", Type::kText, kSince4, false, true},
    {"InvoiceId", Type::kText, kSince2, false, true},
    {"InvoiceIssuerName", Type::kText, kSince0, true, false},
    {"ListCost", Type::kDecimal, kSince0, true, false},
    {"ListUnitPrice", Type::kDecimal, kSince0, false, true},
    {"PricingCategory", Type::kText, kSince0, false, true},
    {"PricingCurrency", Type::kText, kSince2, false, false},
    {"PricingCurrencyContractedUnitPrice", Type::kDecimal, kSince2, false, true},
    {"PricingCurrencyEffectiveCost", Type::kDecimal, kSince2, false, false},
    {"PricingCurrencyListUnitPrice", Type::kDecimal, kSince2, false, true},
    {"PricingQuantity", Type::kDecimal, kSince0, true, true},
    {"PricingUnit", Type::kText, kSince0, true, true},
    {"RegionId", Type::kText, kSince0, false, true},
    {"RegionName", Type::kText, kSince0, false, true},
    {"ResourceId", Type::kText, kSince0, false, true},
    {"ResourceName", Type::kText, kSince0, false, true},
    {"ResourceType", Type::kText, kSince0, false, true},
    {"ServiceCategory", Type::kText, kSince0, true, false},
    {"ServiceName", Type::kText, kSince0, true, false},
    {"ServiceProviderName", Type::kText, kSince3, false, false},
    {"ServiceSubcategory", Type::kText, kSince1, false, false},
    {"SkuId", Type::kText, kSince0, false, true},
    {"SkuMeter", Type::kText, kSince1, false, true},
    {"SkuPriceDetails", Type::kText, kSince1, false, true},
    {"SkuPriceId", Type::kText, kSince0, false, true},
    {"SubAccountId", Type::kText, kSince0, false, true},
    {"SubAccountName", Type::kText, kSince0, false, true},
    {"SubAccountType", Type::kText, kSince2, false, true},
    {"Tags", Type::kTextMap, kSince0, false, true},
    {"ProviderName", Type::kText, kUntil3, false, false},
    {"PublisherName", Type::kText, kUntil3, false, false},
};

constexpr FocusColumn kContractCommitments[] = {
    {"BillingCurrency", Type::kText, kSince3, true, true},
    {"ContractCommitmentApplicability", Type::kText, kSince4, false, false},
    {"ContractCommitmentBenefitCategory", Type::kText, kSince4, false, false},
    {"ContractCommitmentCategory", Type::kText, kSince3, true, false},
    {"ContractCommitmentCost", Type::kDecimal, kSince3, true, true},
    {"ContractCommitmentCreated", Type::kInstant, kSince4, false, false},
    {"ContractCommitmentDescription", Type::kText, kSince3, true, true},
    {"ContractCommitmentDiscountPercentage", Type::kDecimal, kSince4, false, true},
    {"ContractCommitmentDurationType", Type::kText, kSince4, false, false},
    {"ContractCommitmentFulfillmentInterval", Type::kText, kSince4, false, false},
    {"ContractCommitmentId", Type::kText, kSince3, true, false},
    {"ContractCommitmentLastUpdated", Type::kInstant, kSince4, false, false},
    {"ContractCommitmentLifecycleStatus", Type::kText, kSince4, false, false},
    {"ContractCommitmentModel", Type::kText, kSince4, false, false},
    {"ContractCommitmentOfferCategory", Type::kText, kSince4, false, false},
    {"ContractCommitmentPaymentInterval", Type::kText, kSince4, false, false},
    {"ContractCommitmentPaymentModel", Type::kText, kSince4, false, false},
    {"ContractCommitmentPaymentUpfrontPercentage", Type::kDecimal, kSince4, false, false},
    {"ContractCommitmentPeriodEnd", Type::kInstant, kSince3, true, false},
    {"ContractCommitmentPeriodStart", Type::kInstant, kSince3, true, false},
    {"ContractCommitmentQuantity", Type::kDecimal, kSince3, true, true},
    {"ContractCommitmentType", Type::kText, kSince3, true, false},
    {"ContractCommitmentUnit", Type::kText, kSince3, true, true},
    {"ContractId", Type::kText, kSince3, true, false},
    {"ContractPeriodEnd", Type::kInstant, kSince3, true, false},
    {"ContractPeriodStart", Type::kInstant, kSince3, true, false},
    {"InvoiceIssuerName", Type::kText, kSince4, false, false},
    {"PricingCurrency", Type::kText, kSince4, false, false},
    {"PricingCurrencyContractCommitmentCost", Type::kDecimal, kSince4, false, true},
    {"ServiceProviderName", Type::kText, kSince4, false, false},
};

constexpr FocusColumn kInvoices[] = {
    {"BilledCost", Type::kDecimal, kSince4, true, false},
    {"BillingAccountId", Type::kText, kSince4, true, false},
    {"BillingCurrency", Type::kText, kSince4, true, false},
    {"BillingPeriodEnd", Type::kInstant, kSince4, true, false},
    {"BillingPeriodStart", Type::kInstant, kSince4, true, false},
    {"ChargeCategory", Type::kText, kSince4, true, false},
    {"InvoiceDetailCreated", Type::kInstant, kSince4, true, false},
    {"InvoiceDetailDescription", Type::kText, kSince4, true, true},
    {"InvoiceDetailGrain", Type::kText, kSince4, true, true},
    {"InvoiceDetailId", Type::kText, kSince4, true, false},
    {"InvoiceDetailLastUpdated", Type::kInstant, kSince4, true, false},
    {"InvoiceId", Type::kText, kSince4, true, false},
    {"InvoiceIssueDate", Type::kInstant, kSince4, true, true},
    {"InvoiceIssueStatus", Type::kText, kSince4, true, false},
    {"InvoiceIssuerName", Type::kText, kSince4, true, false},
    {"PaymentCurrency", Type::kText, kSince4, false, false},
    {"PaymentCurrencyBilledCost", Type::kDecimal, kSince4, false, false},
    {"PaymentCurrencyInvoiceDetailId", Type::kText, kSince4, false, false},
    {"PaymentDueDate", Type::kInstant, kSince4, true, true},
    {"PaymentTerms", Type::kText, kSince4, true, false},
    {"PurchaseOrderNumber", Type::kText, kSince4, false, true},
    {"ReferenceInvoiceId", Type::kText, kSince4, true, false},
};

constexpr FocusColumn kBillingPeriods[] = {
    {"BillingPeriodCreated", Type::kInstant, kSince4, true, false},
    {"BillingPeriodEnd", Type::kInstant, kSince4, true, false},
    {"BillingPeriodLastUpdated", Type::kInstant, kSince4, true, false},
    {"BillingPeriodStart", Type::kInstant, kSince4, true, false},
    {"BillingPeriodStatus", Type::kText, kSince4, true, false},
    {"InvoiceIssuerName", Type::kText, kSince4, true, false},
};
// clang-format on

struct Alias {
  std::string_view name;  ///< folded
  std::string_view column;
};
/// Names of the 1.0 preview (ChargeType, Region, Usage...) and of Oracle's export (InvoiceIssuer,
/// Provider, Publisher, Region).
constexpr Alias kChargeAliases[] = {
    {"chargetype", "ChargeCategory"}, {"invoiceissuer", "InvoiceIssuerName"},
    {"provider", "ProviderName"},     {"publisher", "PublisherName"},
    {"region", "RegionId"},           {"usagequantity", "ConsumedQuantity"},
    {"usageunit", "ConsumedUnit"},
};

using Positions = std::map<std::string, std::size_t, std::less<>>;

Positions positions_of(std::span<const FocusColumn> columns) {
  Positions positions;
  for (std::size_t i = 0; i < columns.size(); ++i) positions.emplace(folded(columns[i].name), i);
  return positions;
}

const Positions& positions(Dataset dataset) {
  static const std::array<Positions, 4> all = {
      positions_of(focus_columns(Dataset::kCharges)),
      positions_of(focus_columns(Dataset::kInvoices)),
      positions_of(focus_columns(Dataset::kContractCommitments)),
      positions_of(focus_columns(Dataset::kBillingPeriods))};
  return all[static_cast<std::size_t>(dataset)];
}

std::optional<std::size_t> alias_position(Dataset dataset, std::string_view folded_name) {
  if (dataset != Dataset::kCharges) return {};
  for (const Alias& alias : kChargeAliases) {
    if (alias.name == folded_name) return positions(dataset).find(folded(alias.column))->second;
  }
  return {};
}

}  // namespace

std::string_view table_of(Dataset dataset) {
  switch (dataset) {
    case Dataset::kCharges:
      return "charges";
    case Dataset::kInvoices:
      return "invoices";
    case Dataset::kContractCommitments:
      return "contract_commitments";
    case Dataset::kBillingPeriods:
      return "billing_periods";
  }
  return "charges";
}

std::span<const FocusColumn> focus_columns(Dataset dataset) {
  switch (dataset) {
    case Dataset::kCharges:
      return kCharges;
    case Dataset::kInvoices:
      return kInvoices;
    case Dataset::kContractCommitments:
      return kContractCommitments;
    case Dataset::kBillingPeriods:
      return kBillingPeriods;
  }
  return kCharges;
}

std::string folded(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (const char c : name) {
    if (c == '_' || c == '-' || c == ' ' || c == '/') continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

bool is_custom(std::string_view name) {
  return name.size() >= 2 && (name[0] == 'x' || name[0] == 'X') && name[1] == '_';
}

std::optional<std::size_t> focus_position(Dataset dataset, std::string_view source_name) {
  if (is_custom(source_name)) return {};
  const std::string name = folded(source_name);
  const Positions& known = positions(dataset);
  if (const auto found = known.find(name); found != known.end()) return found->second;
  return alias_position(dataset, name);
}

std::vector<int> match_focus_columns(Dataset dataset, const std::vector<std::string>& names) {
  const std::span<const FocusColumn> columns = focus_columns(dataset);
  std::vector<int> match(columns.size(), -1);
  std::vector<int> strength(columns.size(), 0);  // 3 exact, 2 another spelling, 1 alias
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto at = focus_position(dataset, names[i]);
    if (!at) continue;
    const std::string_view name = columns[*at].name;
    const int how = names[i] == name ? 3 : folded(names[i]) == folded(name) ? 2 : 1;
    if (how > strength[*at]) {
      strength[*at] = how;
      match[*at] = static_cast<int>(i);
    }
  }
  return match;
}

std::string custom_name(std::string_view source_name, std::vector<std::string>& taken) {
  std::string name = is_custom(source_name) ? "x" : "x_";
  if (is_custom(source_name)) source_name.remove_prefix(1);
  for (const char c : source_name) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || static_cast<unsigned char>(c) >= 0x80;
    name += word ? c : '_';
  }
  const auto in_use = [&](const std::string& candidate) {
    const std::string lower = to_lower(candidate);
    return std::find(taken.begin(), taken.end(), lower) != taken.end() ||
           std::find(std::begin(kReservedColumns), std::end(kReservedColumns), lower) !=
               std::end(kReservedColumns);
  };
  std::string chosen = name;
  for (int n = 2; in_use(chosen); ++n) chosen = name + "_" + std::to_string(n);
  taken.push_back(to_lower(chosen));
  return chosen;
}

FocusGuess guess_focus(const std::vector<std::string>& names) {
  FocusGuess best;
  double best_share = -1;
  for (const Dataset dataset : {Dataset::kCharges, Dataset::kInvoices,
                                Dataset::kContractCommitments, Dataset::kBillingPeriods}) {
    const auto columns = focus_columns(dataset);
    const std::vector<int> match = match_focus_columns(dataset, names);
    FocusGuess guess{.dataset = dataset};
    std::size_t mandatory = 0, present = 0;
    const auto has = [&](std::string_view name) {
      const auto at = focus_position(dataset, name);
      return at && match[*at] >= 0;
    };
    int newest = dataset == Dataset::kCharges               ? 0
                 : dataset == Dataset::kContractCommitments ? 3
                                                            : 4;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (match[i] >= 0) {
        ++guess.matched;
        int since = 0;
        while (!((columns[i].versions >> since) & 1)) ++since;
        newest = std::max(newest, since);
      }
      if (!columns[i].mandatory) continue;
      ++mandatory;
      if (match[i] >= 0) {
        ++present;
      } else {
        guess.missing.emplace_back(columns[i].name);
      }
    }
    if (dataset == Dataset::kCharges) {
      // Who provides: ProviderName until 1.3, ServiceProviderName from 1.3 on; one of them is
      // needed.
      const bool old_name = has("ProviderName"), new_name = has("ServiceProviderName");
      ++mandatory;
      if (old_name || new_name) {
        ++present;
      } else {
        guess.missing.emplace_back("ProviderName");
      }
      if (new_name && !old_name) newest = 4;
    }
    guess.minor = newest;
    // Datasets share names (BillingPeriodStart is in three): without its own key a file is not of
    // the smaller ones; of those left, the one whose mandatory columns are best covered wins,
    // charges on a tie.
    const bool keyed = dataset == Dataset::kInvoices              ? has("InvoiceDetailId")
                       : dataset == Dataset::kContractCommitments ? has("ContractCommitmentId")
                       : dataset == Dataset::kBillingPeriods      ? has("BillingPeriodStatus")
                                                                  : true;
    if (!keyed) continue;
    const double share = static_cast<double>(present) / static_cast<double>(mandatory);
    if (share > best_share) {
      best_share = share;
      best = std::move(guess);
    }
  }
  return best;
}

}  // namespace steelyard
