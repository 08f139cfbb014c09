#include "samples/truth.h"

#include <algorithm>

#include "base/text.h"
#include "samples/delivery.h"
#include "samples/source.h"

namespace steelyard::samples {
namespace {

constexpr std::int64_t kHourMicros = 3'600'000'000;

std::string hour_text(std::int64_t hour) { return format_instant({hour * kHourMicros}); }

/// Lines of CSV.
class Csv {
 public:
  explicit Csv(const std::string& header) : text_(header + "\n") {}
  void add(const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) text_ += ',';
      text_ += csv_cell(cells[i], false);
    }
    text_ += '\n';
    ++rows_;
  }
  TextFile file(std::string path, std::string format, std::string month, Instant delivered) const {
    return {std::move(path), std::move(format), std::move(month), text_, rows_, delivered};
  }

 private:
  std::string text_;
  std::int64_t rows_ = 0;
};

std::vector<Charge> all_closing(const Closing& closing) {
  std::vector<Charge> all = closing.always;
  all.insert(all.end(), closing.final.begin(), closing.final.end());
  return all;
}

__int128 to_cents(__int128 amount) {
  constexpr __int128 cent = kUnit / 100;
  const bool negative = amount < 0;
  if (negative) amount = -amount;
  __int128 cents = amount / cent;
  const __int128 rest = amount % cent;
  if (rest * 2 > cent || (rest * 2 == cent && (cents & 1))) ++cents;
  return (negative ? -cents : cents) * cent;
}

struct InvoiceLine {
  int group, category;
  __int128 billed = 0;
  std::int64_t rows = 0;
};

std::vector<InvoiceLine> invoice_lines(const Enterprise& enterprise, const RangeSums& sums,
                                       const Closing& closing) {
  std::vector<InvoiceLine> lines;
  for (int group = 0; group < enterprise.invoice_groups; ++group)
    for (int c = 0; c < kCategories; ++c) {
      const auto key = static_cast<std::size_t>(invoice_key(group, c));
      lines.push_back({group, c, sums.detail[key], sums.detail_rows[key]});
    }
  for (const Charge& charge : all_closing(closing)) {
    InvoiceLine& line = lines[static_cast<std::size_t>(
        invoice_key(enterprise.subjects[charge.subject].invoice_group, category(charge.kind)))];
    line.billed += charge.billed;
    ++line.rows;
  }
  std::erase_if(lines, [](const InvoiceLine& line) { return line.rows == 0; });
  return lines;
}

Provider provider_of_group(int group) {
  return group < 2 ? Provider::kAws : static_cast<Provider>(group - 1);
}

}  // namespace

std::vector<GenTotal> truth_totals(const Enterprise& enterprise, const std::vector<RangeSums>& sums,
                                   const std::vector<Closing>& closings) {
  std::vector<GenTotal> totals;
  for (std::size_t m = 0; m < sums.size(); ++m) {
    ProviderSums providers[kProviders];
    for (int p = 0; p < kProviders; ++p) providers[p] = sums[m].providers[p];
    for (const Charge& charge : all_closing(closings[m]))
      providers[static_cast<int>(enterprise.subjects[charge.subject].provider)].add(charge);
    for (int p = 0; p < kProviders; ++p) {
      if (providers[p].rows == 0) continue;
      const ProviderInfo& provider = info(static_cast<Provider>(p));
      const auto decimal = [](__int128 amount) { return Decimal{amount * (kOne / kUnit)}; };
      totals.push_back({enterprise.month_names[m], std::string(provider.name),
                        std::string(provider.currency), providers[p].rows,
                        decimal(providers[p].billed), decimal(providers[p].effective),
                        decimal(providers[p].list), decimal(providers[p].contracted), Decimal{}});
      if (static_cast<Provider>(p) != Provider::kAws) continue;
      for (const Capacity& capacity : enterprise.capacities)
        if (capacity.first_hour >= enterprise.month_hours[m] &&
            capacity.first_hour < enterprise.month_hours[m + 1])
          totals.back().covering_others +=
              decimal(multiply_e10(kCreditContracted, capacity.credits));
    }
  }
  return totals;
}

std::vector<TextFile> truth_files(const Enterprise& enterprise,
                                  const std::vector<std::unique_ptr<Month>>& months,
                                  const std::vector<RangeSums>& sums,
                                  const std::vector<Closing>& closings, int deliveries) {
  std::vector<TextFile> files;
  const Instant done = plan_delivery(enterprise, *months.back(), deliveries, deliveries).delivered;

  Csv totals("month,provider,currency,basis,rows,amount");
  for (const GenTotal& total : truth_totals(enterprise, sums, closings))
    for (const auto& [basis, amount] : {std::pair{"billed", total.billed},
                                        {"effective", total.effective},
                                        {"list", total.list},
                                        {"contracted", total.contracted}})
      totals.add({total.month, total.provider, total.currency, basis, std::to_string(total.rows),
                  to_text(amount)});
  files.push_back(totals.file("truth/totals.csv", "truth", "", done));

  Csv invoices("month,issuer,invoice_id,currency,rows,billed,payable");
  for (std::size_t m = 0; m < sums.size(); ++m)
    for (int group = 0; group < enterprise.invoice_groups; ++group) {
      __int128 billed = 0;
      std::int64_t rows = 0;
      for (const InvoiceLine& line : invoice_lines(enterprise, sums[m], closings[m]))
        if (line.group == group) billed += line.billed, rows += line.rows;
      if (rows == 0) continue;
      const ProviderInfo& provider = info(provider_of_group(group));
      invoices.add({enterprise.month_names[m], std::string(provider.issuer),
                    invoice_number(enterprise, static_cast<int>(m), group),
                    std::string(provider.currency), std::to_string(rows), e10_text128(billed),
                    e10_text128(to_cents(billed))});
    }
  files.push_back(invoices.file("truth/invoices.csv", "truth", "", done));

  Csv owners(
      "provider,resource_id,sub_account_id,sub_account_name,service,team,business_unit,owner,cost_"
      "center,environment,tagged,begins,ends");
  for (std::size_t s = 0; s < enterprise.resources; ++s) {
    const Subject& subject = enterprise.subjects[s];
    const Team& team = enterprise.teams[subject.team];
    const Account& account = enterprise.accounts[subject.account];
    const TagSet& tags = enterprise.tag_sets[subject.tags_final];
    const bool tagged = std::any_of(tags.begin(), tags.end(), [](const auto& tag) {
      return tag.first == "team" || tag.first == "Team";
    });
    owners.add({std::string(info(subject.provider).name), subject.id, account.id, account.name,
                std::string(services()[subject.service].name), team.name, team.unit, team.owner,
                team.cost_center, account.environment, tagged ? "yes" : "no",
                hour_text(subject.first_hour), hour_text(subject.last_hour)});
  }
  files.push_back(owners.file("truth/owners.csv", "truth", "", done));

  Csv amortisation(
      "commitment_id,name,provider,currency,type,payment,month,hours,recurring,upfront_share,"
      "committed,used,unused,upfront_paid,upfront_refunded");
  for (int c = 0; c < static_cast<int>(enterprise.commitments.size()); ++c) {
    const Commitment& commitment = enterprise.commitments[c];
    for (std::size_t m = 0; m < sums.size(); ++m) {
      const std::int64_t first = std::max(commitment.first_hour, months[m]->first_hour()),
                         last = std::min(commitment.last_hour, months[m]->last_hour());
      if (first >= last) continue;
      __int128 unused = 0;
      for (std::int64_t amount : sums[m].unused_cost[c]) unused += amount;
      const __int128 hours = last - first,
                     committed = hours * (commitment.recurring + commitment.upfront);
      const ProviderInfo& provider = info(commitment.provider);
      amortisation.add({commitment.id, commitment.name, std::string(provider.name),
                        std::string(provider.currency), std::string(type_of(commitment)),
                        std::string(text(commitment.payment)), enterprise.month_names[m],
                        std::to_string(last - first), e10_text128(hours * commitment.recurring),
                        e10_text128(hours * commitment.upfront), e10_text128(committed),
                        e10_text128(committed - unused), e10_text128(unused),
                        commitment.first_hour >= months[m]->first_hour()
                            ? e10_text128(commitment.upfront_total())
                            : "0",
                        commitment.last_hour == last ? e10_text128(commitment.refund()) : "0"});
    }
  }
  files.push_back(amortisation.file("truth/amortisation.csv", "truth", "", done));

  Csv capacity(
      "capacity_id,name,month,credits_before,bought,used,expired,credits_after,needed,billed,"
      "covered,overage");
  for (const std::unique_ptr<Month>& month : months) {
    const Capacity& bought = enterprise.capacities[month->capacity()];
    const std::int64_t needed_before = month->credits_before(0),
                       needed = month->credits_before(month->slots());
    const bool begins = bought.first_hour == month->first_hour(),
               ends = bought.last_hour == month->last_hour();
    const auto left = [&](std::int64_t spent) {
      return std::max<std::int64_t>(0, bought.credits - spent);
    };
    const std::int64_t used = left(needed_before) - left(needed);
    const auto cost = [](std::int64_t credits) {
      return e10_text(multiply_e10(kCreditContracted, credits));
    };
    capacity.add({bought.id, bought.name, enterprise.month_names[month->number()],
                  e10_text(begins ? 0 : left(needed_before)), e10_text(begins ? bought.credits : 0),
                  e10_text(used), e10_text(ends ? left(needed) : 0),
                  e10_text(ends ? 0 : left(needed)), e10_text(needed - needed_before),
                  cost(begins ? bought.credits : 0), cost(used),
                  cost(needed - needed_before - used)});
  }
  files.push_back(capacity.file("truth/capacity.csv", "truth", "", done));

  Csv changes("kind,begins,ends,provider,sub_account_id,sub_account_name,service,factor,label");
  for (const Change& change : enterprise.changes) {
    const Account& account = enterprise.accounts[change.account];
    changes.add({change.kind, hour_text(change.first_hour), hour_text(change.last_hour),
                 std::string(info(account.provider).name), account.id, account.name,
                 change.service >= 0 ? std::string(services()[change.service].name) : "",
                 e10_text(change.factor_per_mille * (kUnit / 1000)), change.label});
  }
  files.push_back(changes.file("truth/changes.csv", "truth", "", done));

  Csv made("month,delivery,of,delivered,final,until");
  for (std::size_t m = 0; m < sums.size(); ++m)
    for (int d = 1; d <= deliveries; ++d) {
      const DeliveryPlan plan = plan_delivery(enterprise, *months[m], d, deliveries);
      made.add({enterprise.month_names[m], std::to_string(d), std::to_string(deliveries),
                format_instant(plan.delivered), plan.final ? "yes" : "no",
                hour_text(months[m]->slot_hour(plan.slots))});
    }
  files.push_back(made.file("truth/deliveries.csv", "truth", "", done));
  return files;
}

std::vector<TextFile> focus_datasets(const Enterprise& enterprise,
                                     const std::vector<std::unique_ptr<Month>>& months,
                                     const std::vector<RangeSums>& sums,
                                     const std::vector<Closing>& closings) {
  std::vector<TextFile> files;
  for (std::size_t m = 0; m < sums.size(); ++m) {
    const std::string& name = enterprise.month_names[m];
    const std::int64_t first = enterprise.month_hours[m], last = enterprise.month_hours[m + 1];
    const std::int64_t issued = last + 24 * 4 + 12;
    const std::string begin = hour_text(first), end = hour_text(last), at = hour_text(issued),
                      due = hour_text(issued + 24 * 30);
    const Instant delivered{issued * kHourMicros};
    const std::string place =
        "/delivered=" + format_instant(delivered) + "/billing_period=" + name + "/";

    Csv details(
        "BilledCost,BillingAccountId,BillingCurrency,BillingPeriodEnd,BillingPeriodStart,"
        "ChargeCategory,InvoiceDetailCreated,InvoiceDetailDescription,InvoiceDetailGrain,"
        "InvoiceDetailId,"
        "InvoiceDetailLastUpdated,InvoiceId,InvoiceIssueDate,InvoiceIssueStatus,InvoiceIssuerName,"
        "PaymentCurrency,PaymentCurrencyBilledCost,PaymentCurrencyInvoiceDetailId,PaymentDueDate,"
        "PaymentTerms,"
        "PurchaseOrderNumber,ReferenceInvoiceId");
    for (const InvoiceLine& line : invoice_lines(enterprise, sums[m], closings[m])) {
      const Provider provider = provider_of_group(line.group);
      const ProviderInfo& who = info(provider);
      const std::string invoice = invoice_number(enterprise, static_cast<int>(m), line.group);
      const std::string id = invoice + "-" + std::to_string(line.category + 1);
      const std::string currency(who.currency), kind(category_name(line.category));
      details.add({e10_text128(line.billed),
                   enterprise.accounts[enterprise.payer[static_cast<int>(provider)]].id,
                   currency,
                   end,
                   begin,
                   kind,
                   at,
                   kind + " of " + name,
                   "{\"ChargeCategory\":\"" + kind + "\"}",
                   id,
                   at,
                   invoice,
                   at,
                   "Issued",
                   std::string(who.issuer),
                   currency,
                   e10_text128(line.billed),
                   id,
                   due,
                   "Net 30",
                   "PO-" + name,
                   invoice});
    }
    files.push_back(details.file("focus-1.4-invoice-detail" + place + "invoice_detail.csv",
                                 "focus-1.4", name, delivered));

    Csv periods(
        "BillingPeriodCreated,BillingPeriodEnd,BillingPeriodLastUpdated,BillingPeriodStart,"
        "BillingPeriodStatus,InvoiceIssuerName");
    for (int p = 0; p < kProviders; ++p)
      periods.add(
          {begin, end, at, begin, "Closed", std::string(info(static_cast<Provider>(p)).issuer)});
    files.push_back(periods.file("focus-1.4-billing-period" + place + "billing_period.csv",
                                 "focus-1.4", name, delivered));

    Csv contracts(
        "BillingCurrency,ContractCommitmentApplicability,ContractCommitmentBenefitCategory,"
        "ContractCommitmentCategory,ContractCommitmentCost,ContractCommitmentCreated,"
        "ContractCommitmentDescription,"
        "ContractCommitmentDiscountPercentage,ContractCommitmentDurationType,"
        "ContractCommitmentFulfillmentInterval,ContractCommitmentId,ContractCommitmentLastUpdated,"
        "ContractCommitmentLifecycleStatus,"
        "ContractCommitmentModel,ContractCommitmentOfferCategory,ContractCommitmentPaymentInterval,"
        "ContractCommitmentPaymentModel,ContractCommitmentPaymentUpfrontPercentage,"
        "ContractCommitmentPeriodEnd,"
        "ContractCommitmentPeriodStart,ContractCommitmentQuantity,ContractCommitmentType,"
        "ContractCommitmentUnit,ContractId,ContractPeriodEnd,ContractPeriodStart,InvoiceIssuerName,"
        "PricingCurrency,"
        "PricingCurrencyContractCommitmentCost,ServiceProviderName");
    for (const Commitment& c : enterprise.commitments) {
      if (c.first_hour >= last) continue;
      const __int128 hours = c.term_end - c.first_hour;
      const __int128 cost = hours * (c.recurring + c.upfront);
      const std::string amount = c.savings_plan ? e10_text128(cost) : "";
      const ProviderInfo& provider = info(c.provider);
      const std::string currency(provider.currency);
      contracts.add({currency,
                     "{}",
                     "Discount",
                     c.savings_plan ? "Spend" : "Usage",
                     amount,
                     hour_text(c.first_hour),
                     c.name,
                     "",
                     "P" + std::to_string(c.years) + "Y",
                     "Hourly",
                     c.id,
                     at,
                     c.last_hour > last ? "Active"
                     : c.exchanged      ? "Superseded"
                     : c.given_back()   ? "Canceled"
                                        : "Expired",
                     "Continuous",
                     "Public",
                     c.payment == Payment::kAllUpfront ? "One-Time" : "Monthly",
                     std::string(text(c.payment)),
                     c.payment == Payment::kNoUpfront    ? "0"
                     : c.payment == Payment::kAllUpfront ? "1"
                                                         : "0.5",
                     hour_text(c.term_end),
                     hour_text(c.first_hour),
                     c.savings_plan ? "" : e10_text128(hours * c.quarters * (kUnit / 4)),
                     std::string(type_of(c)),
                     c.savings_plan ? "" : std::string(unit_of(c)),
                     c.contract,
                     hour_text(c.term_end),
                     hour_text(c.first_hour),
                     std::string(provider.issuer),
                     currency,
                     amount,
                     std::string(provider.name)});
    }
    for (std::size_t k = 0; k < enterprise.capacities.size(); ++k) {
      const Capacity& c = enterprise.capacities[k];
      if (c.first_hour >= last) continue;
      const std::string cost = e10_text(multiply_e10(kCreditContracted, c.credits));
      const bool exhausted = months[m]->capacity() == static_cast<int>(k) &&
                             months[m]->credits_before(months[m]->slots()) >= c.credits;
      contracts.add({"USD",
                     "{}",
                     "Discount",
                     "Spend",
                     cost,
                     hour_text(c.first_hour),
                     c.name,
                     "0.2",
                     "P1Y",
                     "Full Period",
                     c.id,
                     at,
                     c.last_hour <= last ? "Expired"
                     : exhausted         ? "Exhausted"
                                         : "Active",
                     "Continuous",
                     "Negotiated",
                     "One-Time",
                     "All Upfront",
                     "1",
                     hour_text(c.last_hour),
                     hour_text(c.first_hour),
                     e10_text(c.credits),
                     "Capacity",
                     std::string(kVirtualCurrency),
                     c.contract,
                     hour_text(c.last_hour),
                     hour_text(c.first_hour),
                     std::string(info(Provider::kAws).issuer),
                     "USD",
                     cost,
                     std::string(info(Provider::kFjord).name)});
    }
    files.push_back(
        contracts.file("focus-1.4-contract-commitment" + place + "contract_commitment.csv",
                       "focus-1.4", name, delivered));
  }
  return files;
}

}  // namespace steelyard::samples
