#include "samples/source.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/assert.h"
#include "base/text.h"
#include "base/time.h"

namespace steelyard::samples {
namespace {

using Value = StaticTable::Value;
using Map = StaticTable::Map;

constexpr std::int64_t kHour = 3'600'000'000;
constexpr int kInvoiceKeys = 64;  ///< more than invoice_key() gives

/// Writes backwards into `buffer` of 48; returns the text.
std::string_view write_e10(__int128 amount, char* buffer) {
  char* end = buffer + 48;
  char* at = end;
  const bool negative = amount < 0;
  auto left = static_cast<unsigned __int128>(negative ? -amount : amount);
  std::uint64_t whole = static_cast<std::uint64_t>(left / kUnit),
                fraction = static_cast<std::uint64_t>(left % kUnit);
  if (fraction != 0) {
    int digits = 10;
    while (fraction % 10 == 0) {
      fraction /= 10;
      --digits;
    }
    for (; digits > 0; --digits, fraction /= 10) *--at = static_cast<char>('0' + fraction % 10);
    *--at = '.';
  }
  do {
    *--at = static_cast<char>('0' + whole % 10);
    whole /= 10;
  } while (whole != 0);
  if (negative) *--at = '-';
  return {at, static_cast<std::size_t>(end - at)};
}

std::string json_object(const Map& map) {
  std::string text = "{";
  for (const auto& [key, value] : map) {
    if (text.size() > 1) text += ",";
    text += json_quote(key) + ":" + json_quote(value);
  }
  return text + "}";
}

Value some(std::string_view text) { return text.empty() ? Value{} : Value{std::string(text)}; }

/// Amounts of a charge; each says whether it is there.
enum Amount {
  kQuantity,
  kConsumed,
  kCommitmentQuantity,
  kList,
  kContracted,
  kBilled,
  kEffective,
  kUsageAmount,
  kUnblended,
  kNetUnblended,
  kPublicCost,
  kNormalized,
  kSpEffective,
  kSpTotal,
  kSpUsed,
  kSpRecurring,
  kSpUpfront,
  kRiEffective,
  kRiUpfrontUsage,
  kRiRecurringUsage,
  kRiUpfrontPeriod,
  kRiUnusedUpfront,
  kRiUnusedRecurring,
  kRiUnusedQuantity,
  kRiTotalQuantity,
  kSplitCost,
  kPriced,
  kBundledDiscount,
  kTotalDiscount,
  kAmounts
};
constexpr std::string_view kAmountNames[kAmounts] = {"quantity",
                                                     "consumed",
                                                     "commitment_quantity",
                                                     "list",
                                                     "contracted",
                                                     "billed",
                                                     "effective",
                                                     "usage_amount",
                                                     "unblended",
                                                     "net_unblended",
                                                     "public_cost",
                                                     "normalized",
                                                     "sp_effective",
                                                     "sp_total",
                                                     "sp_used",
                                                     "sp_recurring",
                                                     "sp_upfront",
                                                     "ri_effective",
                                                     "ri_upfront_usage",
                                                     "ri_recurring_usage",
                                                     "ri_upfront_period",
                                                     "ri_unused_upfront",
                                                     "ri_unused_recurring",
                                                     "ri_unused_quantity",
                                                     "ri_total_quantity",
                                                     "split_cost",
                                                     "priced",
                                                     "bundled_discount",
                                                     "total_discount"};

bool amount(const Enterprise& enterprise, const Charge& c, Amount which, std::int64_t& value) {
  const auto give = [&](bool there, std::int64_t v) {
    value = v;
    return there;
  };
  const bool covered =
      c.kind == Kind::kCoveredSp || c.kind == Kind::kCoveredRi || c.kind == Kind::kCoveredCredits;
  switch (which) {
    case kQuantity:
      return give(c.price >= 0, c.quantity);
    case kConsumed:
      return give(c.kind == Kind::kUsage || covered, c.quantity);
    case kCommitmentQuantity:
      return give(c.commitment >= 0 && c.kind != Kind::kUpfrontSp && c.kind != Kind::kUpfrontRi &&
                      c.kind != Kind::kReturnSp && c.kind != Kind::kReturnRi,
                  c.commitment_quantity);
    case kList:
      return give(true, c.list);
    case kContracted:
      return give(true, c.contracted);
    case kBilled:
      return give(true, c.billed);
    case kEffective:
      return give(true, c.effective);
    case kUsageAmount:
      return give(true, c.quantity);
    case kUnblended:
    case kNetUnblended:
      if (c.kind == Kind::kCoveredSp) return give(true, c.list);
      if (c.kind == Kind::kNegation) return give(true, -c.list);
      if (c.kind == Kind::kUsage && which == kUnblended) return give(true, c.list);
      return give(true, c.billed);
    case kPublicCost:
      return give(true, c.kind == Kind::kUsage || covered ? c.list : 0);
    case kNormalized: {
      const bool sized = (c.kind == Kind::kUsage || covered) && c.price >= 0 &&
                         enterprise.prices[c.price].type >= 0;
      return give(sized,
                  sized ? c.quantity / 4 *
                              instance_types()[enterprise.prices[c.price].type].normalized_quarters
                        : 0);
    }
    case kSpEffective:
      return give(c.kind == Kind::kCoveredSp, c.effective);
    case kSpTotal:
      return give(c.kind == Kind::kRecurringSp, c.commitment_quantity);
    case kSpUsed:
      return give(c.kind == Kind::kRecurringSp, c.commitment_quantity - c.unused);
    case kSpRecurring:
      return give(c.kind == Kind::kRecurringSp, c.billed);
    case kSpUpfront:
      return give(c.kind == Kind::kRecurringSp, c.upfront);
    case kRiEffective:
      return give(c.kind == Kind::kCoveredRi, c.effective);
    case kRiUpfrontUsage:
      return give(c.kind == Kind::kCoveredRi, c.upfront);
    case kRiRecurringUsage:
      return give(c.kind == Kind::kCoveredRi, c.effective - c.upfront);
    case kRiUpfrontPeriod:
      return give(c.kind == Kind::kRiFee, c.upfront);
    case kRiUnusedUpfront:
      return give(c.kind == Kind::kRiFee, c.unused_upfront);
    case kRiUnusedRecurring:
      return give(c.kind == Kind::kRiFee, c.unused);
    case kRiUnusedQuantity:
      return give(c.kind == Kind::kRiFee, c.unused_quantity);
    case kRiTotalQuantity: {  // normalized units of all hours that the fee is for
      if (c.kind != Kind::kRiFee) return give(false, 0);
      const std::int64_t quarters =
          enterprise.commitments[static_cast<std::size_t>(c.commitment)].quarters;
      return give(true, quarters * (kUnit / 4) * (c.last_hour - c.first_hour));
    }
    case kSplitCost:
      return give(c.kind == Kind::kPod, c.upfront);
    case kPriced: {
      const std::int64_t credits = c.price >= 0 ? enterprise.prices[c.price].credits : 0;
      return give(true, credits > 0 ? multiply_e10(c.quantity, credits) : c.effective);
    }
    case kBundledDiscount:
      return give(c.kind == Kind::kBundledDiscount, c.billed);
    case kTotalDiscount:
      if (c.kind == Kind::kUsage) return give(c.contracted != c.list, c.contracted - c.list);
      return give(c.kind == Kind::kBundledDiscount, c.billed);
    case kAmounts:
      break;
  }
  return false;
}

enum Field {
  kSubject,
  kPrice,
  kCommitment,
  kTags,
  kKind,
  kInvoice,
  kPod,
  kBegin,
  kEnd,
  kBeginText,
  kEndText,
  kBeginMillis,
  kEndMillis,
  kInterval,
  kItem,
  kContract,
  kFields
};

}  // namespace

void StaticTable::add(std::vector<Value> row) {
  SY_ASSERT(row.size() == columns_.size());
  rows_.push_back(std::move(row));
}

class StaticTable::Reader : public RowSource::Worker {
 public:
  Reader(StaticTable& table, std::span<const std::size_t> projection)
      : table_(table), projection_(projection.begin(), projection.end()) {}
  Result<std::size_t> fill(std::span<ColumnWriter* const> columns) override {
    const std::size_t rows = std::min(kBatchRows, table_.rows_.size() - table_.next_);
    std::vector<std::pair<std::string_view, std::string_view>> entries;
    for (std::size_t c = 0; c < columns.size(); ++c)
      for (std::size_t r = 0; r < rows; ++r) {
        const Value& value = table_.rows_[table_.next_ + r][projection_[c]];
        if (std::holds_alternative<std::monostate>(value))
          columns[c]->set_null(r);
        else if (const auto* number = std::get_if<std::int64_t>(&value))
          columns[c]->set_integer(r, *number);
        else if (const auto* units = std::get_if<Int128>(&value))
          columns[c]->set_units(r, *units);
        else if (const auto* text = std::get_if<std::string>(&value))
          columns[c]->set_text(r, *text);
        else {
          entries.clear();
          for (const auto& [key, text_value] : std::get<Map>(value))
            entries.emplace_back(key, text_value);
          columns[c]->set_map(r, entries);
        }
      }
    table_.next_ += rows;
    return rows;
  }

 private:
  StaticTable& table_;
  std::vector<std::size_t> projection_;
};

Result<std::unique_ptr<RowSource::Worker>> StaticTable::make_worker(
    std::span<const std::size_t> projection) {
  return std::make_unique<Reader>(*this, projection);
}

ChargeSource::ChargeSource(const Enterprise& enterprise) : enterprise_(enterprise) {
  columns_ = {{"subject", Type::kInt64},    {"price", Type::kInt64},
              {"commitment", Type::kInt64}, {"tag_set", Type::kInt64},
              {"kind", Type::kInt64},       {"invoice", Type::kInt64},
              {"pod", Type::kInt64},        {"begin", Type::kInstant},
              {"end", Type::kInstant},      {"begin_text", Type::kText},
              {"end_text", Type::kText},    {"begin_millis", Type::kText},
              {"end_millis", Type::kText},  {"interval_text", Type::kText},
              {"item_id", Type::kText},     {"contract_applied", Type::kText}};
  SY_ASSERT(columns_.size() == kFields);
  for (auto name : kAmountNames) columns_.push_back({std::string(name), Type::kDecimal});
  for (auto name : kAmountNames) columns_.push_back({std::string(name) + "_text", Type::kText});
  for (auto name : kAmountNames) columns_.push_back({std::string(name) + "_number", Type::kDouble});
}

class ChargeSource::Reader : public RowSource::Worker {
 public:
  Reader(const Enterprise& enterprise, const Part& part, std::span<const std::size_t> projection,
         bool idle)
      : enterprise_(enterprise),
        random_(enterprise.seed),
        part_(part),
        projection_(projection.begin(), projection.end()),
        slot_(idle ? part.last_slot : part.first_slot),
        closed_(idle) {}

  Result<std::size_t> fill(std::span<ColumnWriter* const> columns) override {
    while (buffer_.size() - at_ < kBatchRows && (slot_ < part_.last_slot || !closed_)) more();
    const std::size_t rows = std::min(kBatchRows, buffer_.size() - at_);
    for (std::size_t c = 0; c < columns.size(); ++c) write(projection_[c], *columns[c], rows);
    at_ += rows;
    ordinal_ += static_cast<std::uint32_t>(rows);
    return rows;
  }

 private:
  void more() {
    if (at_ > 0) {
      buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
      at_ = 0;
    }
    const std::size_t from = buffer_.size();
    if (slot_ < part_.last_slot) {
      part_.month->slot(slot_++, part_.view, scratch_, buffer_);
    } else {
      for (const Charge& charge : part_.closing)
        show(enterprise_, random_, part_.view, charge, buffer_);
      closed_ = true;
    }
    if (!part_.keeps_late)
      buffer_.erase(std::remove_if(buffer_.begin() + static_cast<std::ptrdiff_t>(from),
                                   buffer_.end(), [](const Charge& c) { return c.late; }),
                    buffer_.end());
  }

  const std::string& hour_text(int form, std::int64_t hour) {
    auto& [known, text] = hours_[form];
    if (known != hour || text.empty()) {
      known = hour;
      const std::string plain = format_instant({hour * kHour});
      text = form < 2 ? plain : plain.substr(0, plain.size() - 1) + ".000Z";
    }
    return text;
  }

  void write(std::size_t column, ColumnWriter& out, std::size_t rows) {
    const Charge* charges = buffer_.data() + at_;
    if (column >= kFields) {
      const std::size_t position = (column - kFields) % kAmounts,
                        form = (column - kFields) / kAmounts;
      const auto which = static_cast<Amount>(position);
      for (std::size_t r = 0; r < rows; ++r) {
        std::int64_t value = 0;
        if (!amount(enterprise_, charges[r], which, value)) {
          out.set_null(r);
        } else if (form == 0) {
          out.set_units(r, static_cast<Int128>(value) * (kOne / kUnit));
        } else if (form == 1) {
          char text[48];
          out.set_text(r, write_e10(value, text));
        } else {
          // One division of two exact doubles gives the nearest double to the decimal; beyond 2^53
          // it must be read from its digits.
          double number = static_cast<double>(value) / 1e10;
          if (value >= (1LL << 53) || value <= -(1LL << 53)) {
            char text[48];
            const std::string_view digits = write_e10(value, text);
            std::from_chars(digits.data(), digits.data() + digits.size(), number);
          }
          out.set_real(r, number);
        }
      }
      return;
    }
    for (std::size_t r = 0; r < rows; ++r) {
      const Charge& c = charges[r];
      switch (static_cast<Field>(column)) {
        case kSubject:
          out.set_integer(r, c.subject);
          break;
        case kPrice:
          out.set_integer(r, c.price);
          break;
        case kCommitment:
          out.set_integer(r, c.commitment);
          break;
        case kTags: {
          // The last delivery has what a team corrected after the fact.
          const Subject& subject = enterprise_.subjects[c.subject];
          const bool corrected =
              part_.final && part_.month->number() > 0 && c.tags == subject.tags_late;
          out.set_integer(r, corrected ? subject.tags_final : c.tags);
          break;
        }
        case kKind:
          out.set_integer(r, static_cast<std::int64_t>(c.kind));
          break;
        case kInvoice:
          out.set_integer(r, part_.final
                                 ? part_.month->number() * kInvoiceKeys +
                                       invoice_key(enterprise_.subjects[c.subject].invoice_group,
                                                   category(c.kind))
                                 : -1);
          break;
        case kPod:
          out.set_integer(r, c.pod);
          break;
        case kBegin:
          out.set_integer(r, c.first_hour * kHour);
          break;
        case kEnd:
          out.set_integer(r, c.last_hour * kHour);
          break;
        case kBeginText:
          out.set_text(r, hour_text(0, c.first_hour));
          break;
        case kEndText:
          out.set_text(r, hour_text(1, c.last_hour));
          break;
        case kBeginMillis:
          out.set_text(r, hour_text(2, c.first_hour));
          break;
        case kEndMillis:
          out.set_text(r, hour_text(3, c.last_hour));
          break;
        case kInterval: {
          const std::string& begin = hour_text(0, c.first_hour);
          out.set_text(r, begin + "/" + hour_text(1, c.last_hour));
          break;
        }
        case kItem: {
          // Unique within one delivery of one month and different in the next, as AWS has it:
          // nobody should use it as a key.
          const auto words = random_.at(
              Stream::kInvoice, ordinal_ + static_cast<std::uint32_t>(r),
              static_cast<std::uint32_t>(part_.first_slot),
              static_cast<std::uint32_t>(part_.month->number() * 64 + part_.delivery) + 1000);
          char text[26];
          unsigned __int128 bits =
              (static_cast<unsigned __int128>((std::uint64_t{words[0]} << 32) | words[1]) << 64) |
              ((std::uint64_t{words[2]} << 32) | words[3]);
          for (char& letter : text) {
            letter = "abcdefghijklmnopqrstuvwxyz234567"[static_cast<unsigned>(bits & 31)];
            bits >>= 5;
          }
          out.set_text(r, {text, sizeof text});
          break;
        }
        case kContract: {
          if (c.commitment < 0 || category(c.kind) == kCategoryPurchase) {
            out.set_null(r);
            break;
          }
          if (const int capacity = c.commitment - capacity_key(enterprise_, 0); capacity >= 0) {
            const Capacity& credits = enterprise_.capacities[capacity];
            char text[48];
            out.set_text(r, "{\"Elements\":[{\"ContractId\":\"" + credits.contract +
                                "\",\"ContractCommitmentId\":\"" + credits.id +
                                "\",\"ContractCommitmentAppliedCost\":" +
                                std::string(write_e10(c.effective, text)) + "}]}");
            break;
          }
          const Commitment& commitment = enterprise_.commitments[c.commitment];
          char text[48];
          std::string json = "{\"Elements\":[{\"ContractId\":\"" + commitment.contract +
                             "\",\"ContractCommitmentId\":\"" + commitment.id + "\",";
          if (commitment.savings_plan)
            json +=
                "\"ContractCommitmentAppliedCost\":" + std::string(write_e10(c.effective, text));
          else
            json += "\"ContractCommitmentAppliedQuantity\":" +
                    std::string(write_e10(c.commitment_quantity, text)) +
                    ",\"ContractCommitmentAppliedUnit\":\"" + std::string(unit_of(commitment)) +
                    "\"";
          out.set_text(r, json + "}]}");
          break;
        }
        case kFields:
          break;
      }
    }
  }

  const Enterprise& enterprise_;
  Random random_;
  const Part& part_;
  std::vector<std::size_t> projection_;
  int slot_;
  bool closed_;
  Month::Scratch scratch_;
  std::vector<Charge> buffer_;
  std::size_t at_ = 0;
  std::uint32_t ordinal_ = 0;
  std::pair<std::int64_t, std::string> hours_[4];
};

Result<std::unique_ptr<RowSource::Worker>> ChargeSource::make_worker(
    std::span<const std::size_t> projection) {
  SY_ASSERT(part_ != nullptr);
  const bool idle = taken_;  // one worker makes all rows, in order
  taken_ = true;
  return std::make_unique<Reader>(enterprise_, *part_, projection, idle);
}

std::string e10_text(std::int64_t amount) {
  char text[48];
  return std::string(write_e10(amount, text));
}
std::string e10_text128(__int128 amount) {
  char text[48];
  return std::string(write_e10(amount, text));
}

std::string_view category_name(int category) {
  constexpr std::string_view kNames[] = {"Usage", "Purchase", "Tax", "Credit", "Adjustment"};
  return kNames[category];
}

std::string invoice_number(const Enterprise& enterprise, int month, int group) {
  const auto words = Random(enterprise.seed)
                         .at(Stream::kInvoice, static_cast<std::uint32_t>(month),
                             static_cast<std::uint32_t>(group));
  const std::uint64_t number = 1'000'000'000 + (std::uint64_t{words[0]} * 997) % 9'000'000'000;
  const std::string text = std::to_string(number);
  return group == 2 ? "E0" + text.substr(0, 8) : text;
}

namespace {
std::shared_ptr<StaticTable> invoice_table(const Enterprise& enterprise) {
  auto table = std::make_shared<StaticTable>(std::vector<ColumnSpec>{
      {"id", Type::kInt64}, {"invoice_id", Type::kText}, {"detail_id", Type::kText}});
  table->add({std::int64_t{-1}, Value{}, Value{}});
  for (int month = 0; month < enterprise.months(); ++month)
    for (int group = 0; group < enterprise.invoice_groups; ++group)
      for (int c = 0; c < kCategories; ++c) {
        const std::string number = invoice_number(enterprise, month, group);
        table->add({std::int64_t{month * kInvoiceKeys + invoice_key(group, c)}, number,
                    number + "-" + std::to_string(c + 1)});
      }
  return table;
}
}  // namespace

std::map<std::string, std::shared_ptr<StaticTable>> wide_tables(const Enterprise& e) {
  std::map<std::string, std::shared_ptr<StaticTable>> tables;
  const auto text = [](std::string name) { return ColumnSpec{std::move(name), Type::kText}; };
  const auto decimal = [](std::string name) { return ColumnSpec{std::move(name), Type::kDecimal}; };
  const ColumnSpec id{"id", Type::kInt64};
  const auto units = [](std::int64_t amount) {
    return Value{static_cast<Int128>(amount) * (kOne / kUnit)};
  };

  auto subjects =
      std::make_shared<StaticTable>(std::vector<ColumnSpec>{id,
                                                            text("provider"),
                                                            text("service_provider"),
                                                            text("host_provider"),
                                                            text("issuer"),
                                                            text("billing_account_id"),
                                                            text("billing_account_name"),
                                                            text("billing_account_type"),
                                                            text("currency"),
                                                            text("sub_account_id"),
                                                            text("sub_account_name"),
                                                            text("sub_account_type"),
                                                            text("region_id"),
                                                            text("region_name"),
                                                            text("zone"),
                                                            text("service_code"),
                                                            text("service_name"),
                                                            text("category"),
                                                            text("subcategory"),
                                                            text("resource_id"),
                                                            text("resource_name"),
                                                            text("resource_type"),
                                                            text("billing_entity"),
                                                            text("invoicing_entity"),
                                                            text("instance_type"),
                                                            text("instance_family"),
                                                            {"product_map", Type::kTextMap},
                                                            text("product_json"),
                                                            {"cost_category", Type::kTextMap},
                                                            text("cost_category_json")});
  for (std::size_t s = 0; s < e.subjects.size(); ++s) {
    const Subject& x = e.subjects[s];
    const ProviderInfo& provider = info(x.provider);
    const Account& account = e.accounts[x.account];
    const Account& payer = e.accounts[e.payer[static_cast<int>(x.provider)]];
    const Service& service = services()[x.service];
    const bool marketplace = !service.vendor.empty();
    const Region* region = x.region >= 0 ? &regions()[x.region] : nullptr;
    const InstanceType* type = x.instance_type >= 0 ? &instance_types()[x.instance_type] : nullptr;
    Map product{{"product_name", std::string(service.name)},
                {"servicename", std::string(service.name)}};
    if (region) product.emplace_back("region", std::string(region->id));
    if (type) product.emplace_back("instance_type_family", std::string(type->family));
    std::sort(product.begin(), product.end());
    const Map cost_category{{"BusinessUnit", e.teams[account.team].unit}};
    subjects->add(
        {static_cast<std::int64_t>(s),
         some(provider.name),
         some(marketplace ? service.vendor : provider.name),
         some(provider.host),
         some(provider.issuer),
         some(payer.id),
         some(payer.name),
         some(provider.account_type),
         some(provider.currency),
         some(account.id),
         some(account.name),
         some(provider.sub_account_type),
         some(region ? region->id : ""),
         some(region ? region->name : ""),
         some(region && x.zone > 0
                  ? std::string(region->id) + (x.provider == Provider::kAws ? "" : "-") +
                        (x.provider == Provider::kAzure
                             ? std::to_string(x.zone)
                             : std::string(1, static_cast<char>('a' + x.zone - 1)))
                  : std::string()),
         some(service.code),
         some(service.name),
         some(service.category),
         some(service.subcategory),
         some(x.id),
         some(x.id.empty() ? std::string() : x.name),
         some(x.id.empty() ? std::string() : x.type),
         some(marketplace ? "AWS Marketplace" : "AWS"),
         some(marketplace ? std::string(service.vendor) + " Ltd." : std::string(provider.issuer)),
         some(type ? type->name : ""),
         some(type ? type->family : ""),
         product,
         json_object(product),
         cost_category,
         json_object(cost_category)});
  }
  tables["subjects"] = subjects;

  auto prices =
      std::make_shared<StaticTable>(std::vector<ColumnSpec>{id,
                                                            text("sku"),
                                                            text("sku_price"),
                                                            text("meter"),
                                                            text("unit"),
                                                            decimal("list_price"),
                                                            text("list_price_text"),
                                                            decimal("contracted_price"),
                                                            text("contracted_price_text"),
                                                            text("details"),
                                                            text("usage_type"),
                                                            text("operation"),
                                                            text("family"),
                                                            text("cur_unit"),
                                                            text("description"),
                                                            text("savings_text"),
                                                            text("normalization"),
                                                            text("virtual_currency"),
                                                            decimal("priced_list_price"),
                                                            text("priced_list_price_text"),
                                                            decimal("priced_contracted_price"),
                                                            text("priced_contracted_price_text")});
  {
    std::vector<Value> none(22);
    none[0] = std::int64_t{-1};
    prices->add(std::move(none));
  }
  for (std::size_t p = 0; p < e.prices.size(); ++p) {
    const Price& x = e.prices[p];
    const Meter* meter = x.meter >= 0 ? &meters()[x.meter] : nullptr;
    const InstanceType* type = x.type >= 0 ? &instance_types()[x.type] : nullptr;
    Map details;
    if (type)
      details = {{"InstanceType", std::string(type->name)},
                 {"x_NormalizationFactor", e10_text(type->normalized_quarters * (kUnit / 4))}};
    const std::string_view counted = x.description.ends_with("hourly fee")   ? "Hours"
                                     : x.description.ends_with("in credits") ? "Credits"
                                                                             : "Count";
    // A discount on the virtual currency is in what one of it costs, not in how many are needed.
    const std::int64_t priced_list = x.credits > 0 ? x.credits : x.list,
                       priced_contracted = x.credits > 0 ? x.credits : x.contracted;
    prices->add({static_cast<std::int64_t>(p),
                 some(x.sku),
                 some(x.sku_price),
                 some(meter ? meter->description : "Fee"),
                 some(meter ? meter->unit : counted),
                 units(x.list),
                 e10_text(x.list),
                 units(x.contracted),
                 e10_text(x.contracted),
                 details.empty() ? Value{} : Value{json_object(details)},
                 some(x.usage_type),
                 some(meter ? meter->operation : ""),
                 some(meter ? meter->family : ""),
                 some(meter                ? meter->cur_unit
                      : counted == "Hours" ? "Hrs"
                                           : counted),
                 some(x.description),
                 x.savings > 0 ? Value{e10_text(x.savings)} : Value{},
                 type ? Value{e10_text(type->normalized_quarters * (kUnit / 4))} : Value{},
                 some(x.credits > 0 ? kVirtualCurrency : ""),
                 units(priced_list),
                 e10_text(priced_list),
                 units(priced_contracted),
                 e10_text(priced_contracted)});
  }
  tables["prices"] = prices;

  auto commitments = std::make_shared<StaticTable>(std::vector<ColumnSpec>{
      id, text("commitment_id"), text("commitment_name"), text("commitment_category"),
      text("commitment_type"), text("commitment_unit"), text("payment"), text("term"),
      text("sp_arn"), text("sp_offering"), text("ri_arn"), text("term_start"), text("term_end"),
      text("ri_units"), text("reservation_count"), text("offering_class")});
  {
    std::vector<Value> none(16);
    none[0] = std::int64_t{-1};
    commitments->add(std::move(none));
  }
  for (std::size_t c = 0; c < e.commitments.size(); ++c) {
    const Commitment& x = e.commitments[c];
    const std::string from = format_instant({x.first_hour * kHour}),
                      to = format_instant({x.term_end * kHour});
    commitments->add(
        {static_cast<std::int64_t>(c), x.id, x.name,
         std::string(x.savings_plan ? "Spend" : "Usage"), std::string(type_of(x)),
         std::string(unit_of(x)), std::string(samples::text(x.payment)),
         std::to_string(x.years) + "yr", x.savings_plan ? Value{x.id} : Value{},
         x.savings_plan ? Value{std::string("ComputeSavingsPlans")} : Value{},
         x.savings_plan ? Value{} : Value{x.id}, from, to,
         x.savings_plan ? Value{} : Value{e10_text(x.quarters * (kUnit / 4))},
         x.savings_plan
             ? Value{}
             : Value{std::to_string(x.quarters /
                                    instance_types()[e.prices[x.price].type].normalized_quarters)},
         x.savings_plan ? Value{} : Value{std::string(x.exchanged ? "convertible" : "standard")}});
  }
  for (std::size_t k = 0; k < e.capacities.size(); ++k) {
    const Capacity& x = e.capacities[k];
    std::vector<Value> row(16);
    row[0] = std::int64_t{capacity_key(e, static_cast<int>(k))};
    row[1] = x.id;
    row[2] = x.name;
    row[3] = std::string("Spend");
    row[4] = std::string("Capacity");
    row[5] = std::string(kVirtualCurrency);
    commitments->add(std::move(row));
  }
  tables["commitments"] = commitments;

  std::vector<ColumnSpec> tag_columns{id,
                                      {"tags", Type::kTextMap},
                                      text("tags_json"),
                                      {"cur_tags", Type::kTextMap},
                                      text("cur_tags_json")};
  for (std::size_t k = 0; k < e.tag_keys.size(); ++k)
    tag_columns.push_back(text("tag_" + std::to_string(k)));
  auto tags = std::make_shared<StaticTable>(std::move(tag_columns));
  for (std::size_t t = 0; t < e.tag_sets.size(); ++t) {
    const TagSet& set = e.tag_sets[t];
    Map cur;
    const auto find = [&](std::string_view key) {
      for (const auto& [name, value] : set)
        if (name == key) return Value{value};
      return Value{};
    };
    for (const auto& [key, value] : set) {
      std::string name = "user_" + to_lower(key);
      for (char& c : name)
        if (c == '-' || c == ':') c = '_';
      cur.emplace_back(name, value);
    }
    std::vector<Value> row{static_cast<std::int64_t>(t), set.empty() ? Value{} : Value{Map(set)},
                           set.empty() ? Value{} : Value{json_object(set)}, cur, json_object(cur)};
    for (const TagKey& key : e.tag_keys) row.push_back(find(key.name));
    tags->add(std::move(row));
  }
  tables["tag_sets"] = tags;

  auto kinds = std::make_shared<StaticTable>(std::vector<ColumnSpec>{
      id, text("charge_category"), text("charge_class"), text("frequency"),
      text("pricing_category"), text("commitment_status"), text("kind_text"),
      text("line_item_type"), text("pricing_term"), text("cur_operation"), text("cur_usage_type")});
  const auto kind = [&](Kind k, std::string_view charge_class, std::string_view frequency,
                        std::string_view pricing, std::string_view status,
                        std::string_view description, std::string_view line_item,
                        std::string_view term, std::string_view operation,
                        std::string_view usage_type) {
    kinds->add({static_cast<std::int64_t>(k), std::string(category_name(category(k))),
                some(charge_class), some(frequency), some(pricing), some(status), some(description),
                some(line_item), some(term), some(operation), some(usage_type)});
  };
  kind(Kind::kUsage, "", "Usage-Based", "Standard", "", "", "Usage", "OnDemand", "", "");
  kind(Kind::kCoveredSp, "", "Usage-Based", "Committed", "Used", "", "SavingsPlanCoveredUsage",
       "OnDemand", "", "");
  kind(Kind::kCoveredRi, "", "Usage-Based", "Committed", "Used", "", "DiscountedUsage", "Reserved",
       "", "");
  kind(Kind::kUnusedSp, "", "Usage-Based", "Committed", "Unused",
       "Unused part of a commitment to spend", "", "", "", "");
  kind(Kind::kUnusedRi, "", "Usage-Based", "Committed", "Unused", "Unused part of a reservation",
       "", "", "", "");
  kind(Kind::kRecurringSp, "", "Recurring", "Standard", "", "", "SavingsPlanRecurringFee", "",
       "ComputeSavingsPlans", "ComputeSP");
  kind(Kind::kRecurringRi, "", "Recurring", "Standard", "", "", "", "", "", "");
  kind(Kind::kUpfrontSp, "", "One-Time", "Standard", "", "", "SavingsPlanUpfrontFee", "",
       "ComputeSavingsPlans", "ComputeSP");
  kind(Kind::kUpfrontRi, "", "One-Time", "Standard", "", "", "Fee", "Reserved", "RunInstances",
       "HeavyUsage");
  kind(Kind::kSubscription, "", "Recurring", "Standard", "", "", "Fee", "", "", "Subscription");
  kind(Kind::kTax, "", "Recurring", "", "", "Tax", "Tax", "", "", "");
  kind(Kind::kCredit, "", "One-Time", "", "", "Migration programme credit", "Credit", "", "", "");
  kind(Kind::kRefund, "Correction", "One-Time", "", "", "Refund of half a month's subscription",
       "Refund", "", "", "Subscription");
  kind(Kind::kCorrection, "Correction", "Usage-Based", "", "",
       "Correction of usage of the month before", "Refund", "", "", "");
  kind(Kind::kRounding, "", "One-Time", "", "", "Rounding of the invoice", "", "", "", "");
  kind(Kind::kNegation, "", "", "", "", "SavingsPlanNegation used by a Savings Plan",
       "SavingsPlanNegation", "OnDemand", "", "");
  kind(Kind::kRiFee, "", "", "", "", "", "RIFee", "Reserved", "RunInstances", "HeavyUsage");
  kind(Kind::kPod, "", "", "", "", "Part of a container host", "Usage", "OnDemand", "EKSPod-EC2",
       "EKS-EC2-vCPU-Hours");
  kind(Kind::kReturnSp, "", "One-Time", "Standard", "",
       "Refund for one-time fee for Savings Plan ID", "Refund", "", "ComputeSavingsPlans",
       "ComputeSP");
  kind(Kind::kReturnRi, "", "One-Time", "Standard", "", "", "Fee", "Reserved", "RunInstances",
       "HeavyUsage");
  kind(Kind::kCapacity, "", "One-Time", "Standard", "", "", "Fee", "", "", "Capacity");
  kind(Kind::kCoveredCredits, "", "Usage-Based", "Committed", "Used", "", "", "", "", "");
  kind(Kind::kUnusedCredits, "", "Usage-Based", "Committed", "Unused", "Credits that expired", "",
       "", "", "");
  kind(Kind::kBundledDiscount, "", "Usage-Based", "", "",
       "Bundled discount on monitoring for accounts that run instances", "BundledDiscount", "", "",
       "");
  tables["kinds"] = kinds;

  auto pods = std::make_shared<StaticTable>(std::vector<ColumnSpec>{
      id, text("pod_id"), text("pod_name"), text("pod_tags"), text("pod_method")});
  {
    std::vector<Value> none(5);
    none[0] = std::int64_t{-1};
    pods->add(std::move(none));
  }
  for (std::size_t p = 0; p < pod_names().size(); ++p) {
    const std::string name(pod_names()[p]);
    Map map;
    if (name != "unallocated")
      map = {{"namespace", name.substr(0, name.find('/'))},
             {"workload", name.substr(name.rfind('/') + 1)}};
    pods->add({static_cast<std::int64_t>(p), "cluster/main/" + name, name,
               map.empty() ? Value{} : Value{json_object(map)}, std::string("cpu-memory-request")});
  }
  tables["pods"] = pods;
  tables["invoices"] = invoice_table(e);
  return tables;
}

}  // namespace steelyard::samples
