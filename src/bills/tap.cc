#include "bills/tap.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstring>

#include "base/assert.h"
#include "base/text.h"

namespace steelyard {

namespace {

constexpr std::array<Basis, kCosts> kBases = {Basis::kBilled, Basis::kEffective, Basis::kList,
                                              Basis::kContracted};
constexpr std::int64_t kDayMicros = 86'400'000'000;

constexpr std::string_view kCorrection = "Correction";  ///< of ChargeClass

void add_exactly(Int128& sum, Int128 value) {
  SY_ASSERT(!__builtin_add_overflow(sum, value, &sum));
}

/// A bijection of 64 bits, so that the second half of a row's state does not repeat the first.
std::uint64_t mixed(std::uint64_t h) {
  h ^= h >> 32;
  h *= 0x9FB21C651E98DF25ULL;
  h ^= h >> 28;
  return h;
}

/// Adds the residuals of one row's x_SourceDecimals:
/// {"BilledCost":"0.0000000072922557592391990000", ...}.
void add_residuals(std::string_view json, TapSums& sums) {
  for (int c = 0; c < kCosts; ++c) {
    const std::string key = "\"" + std::string(column(kBases[static_cast<std::size_t>(c)])) + "\"";
    std::size_t at = json.find(key);
    if (at == std::string_view::npos) continue;
    at = json.find('"', at + key.size());
    const std::size_t end = at == std::string_view::npos ? at : json.find('"', at + 1);
    if (end == std::string_view::npos) continue;
    Decimal value;
    Int128 residual = 0;
    parse_decimal(json.substr(at + 1, end - at - 1), value, residual);
    add_exactly(sums.residual_e36[c], residual);
  }
}

}  // namespace

std::string billing_period_label(Instant start) {
  return format_date(date_of({start.micros + kDayMicros})).substr(0, 7);
}

std::string billing_period_sql(const std::string& start) {
  return "strftime((" + start + " + INTERVAL 1 DAY), '%Y-%m')";
}

void TapPeriod::merge(const TapPeriod& other) {
  rows_in += other.rows_in;
  rows_out += other.rows_out;
  content.add(other.content);
  for (const auto& [currency, theirs] : other.sums) {
    TapSums& ours = sums[currency];
    for (int c = 0; c < kCosts; ++c) {
      ours.in[c] += theirs.in[c];
      ours.out[c] += theirs.out[c];
      add_exactly(ours.residual_e36[c], theirs.residual_e36[c]);
    }
    ours.named.resize(std::max(ours.named.size(), theirs.named.size()));
    for (std::size_t n = 0; n < theirs.named.size(); ++n) ours.named[n] += theirs.named[n];
  }
  accounts.insert(other.accounts.begin(), other.accounts.end());
  providers.insert(other.providers.begin(), other.providers.end());
  issuers.insert(other.issuers.begin(), other.issuers.end());
  if (end.micros == 0) start = other.start, end = other.end;
  first_charge = std::min(first_charge, other.first_charge);
  last_charge = std::max(last_charge, other.last_charge);
  for (int c = 0; c < kCosts; ++c) null_costs[c] += other.null_costs[c];
  list_below_contracted += other.list_below_contracted;
  contracted_below_effective += other.contracted_below_effective;
  outside_period += other.outside_period;
}

Tap::Tap(std::vector<Input> inputs, std::int64_t file_index)
    : inputs_(std::move(inputs)), file_index_(file_index) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const std::string& name = inputs_[i].name;
    const int at = static_cast<int>(i);
    // What a row says does not depend on how its export spells a column.
    const std::string folded = to_lower(name);
    seeds_.push_back(XXH3_64bits(folded.data(), folded.size()));
    if (name == "BillingPeriodStart") period_start_ = at;
    if (name == "BillingPeriodEnd") period_end_ = at;
    if (name == "ChargePeriodStart") charge_start_ = at;
    if (name == "BillingCurrency") currency_ = at;
    if (name == "ServiceProviderName") provider_ = at;
    if (name == "BillingAccountId") account_ = at;
    if (name == "InvoiceIssuerName") issuer_ = at;
    if (name == "ChargeClass") {
      charge_class_ = at;
      correction_ = XXH3_64bits_withSeed(kCorrection.data(), kCorrection.size(), seeds_[i]);
    }
    if (name == "x_SourceDecimals") decimals_ = at;
    if (name == "x_part") part_ = at;
    if (name.starts_with("residual_")) named_.push_back(at);
    for (int c = 0; c < kCosts; ++c) {
      const std::string cost(column(kBases[static_cast<std::size_t>(c)]));
      if (name == cost) out_[c] = at;
      if (name == "in_" + cost) in_[c] = at;
    }
  }
}

namespace {

/// Hashes a column of text; neighbouring rows often hold the very same string, so its hash is kept.
template <class OnNew>
void hash_column(const ColumnView& view, std::uint64_t seed, std::size_t rows, ColumnWriter& result,
                 const OnNew& on_new) {
  const auto* cells = static_cast<const std::uint64_t*>(view.data_);
  std::uint64_t hash = 0, first = 0, second = 0;
  bool known = false;
  for (std::size_t r = 0; r < rows; ++r) {
    if (view.is_null(r)) {
      result.set_null(r);
      continue;
    }
    if (!known || cells[r * 2] != first || cells[r * 2 + 1] != second) {
      const std::string_view text = view.text(r);
      hash = XXH3_64bits_withSeed(text.data(), text.size(), seed);
      first = cells[r * 2];
      second = cells[r * 2 + 1];
      known = true;
      on_new(hash, text);
    }
    result.set_integer(r, static_cast<std::int64_t>(hash));
  }
}

/// The two small functions that hash text on its way to a tap: pure, so that the engine may call
/// them on dictionaries.
Function text_function(
    const std::string& name,
    std::function<Status(std::span<const ColumnView>, std::size_t, ColumnWriter&)> call) {
  Function function;
  function.name = name;
  function.parameters = {Type::kText, Type::kInt64};
  function.result = Type::kInt64;
  function.call = std::move(call);
  return function;
}

}  // namespace

Status Tap::install(Engine& engine, const std::string& name) {
  name_ = name;
  auto hash = engine.add_function(text_function(
      name + "_hash",
      [](std::span<const ColumnView> arguments, std::size_t rows, ColumnWriter& result) -> Status {
        const auto seed = rows > 0 ? static_cast<std::uint64_t>(arguments[1].integer(0)) : 0;
        hash_column(arguments[0], seed, rows, result, [](std::uint64_t, std::string_view) {});
        return {};
      }));
  if (!hash) return hash;
  auto intern = engine.add_function(text_function(
      name + "_intern",
      [this](std::span<const ColumnView> arguments, std::size_t rows,
             ColumnWriter& result) -> Status {
        const auto seed = rows > 0 ? static_cast<std::uint64_t>(arguments[1].integer(0)) : 0;
        return this->intern(arguments[0], seed, rows, result);
      }));
  if (!intern) return intern;
  Function function;
  function.name = name;
  function.variadic_any = true;
  function.result = Type::kInt64;
  function.is_volatile = true;
  function.call = [this](std::span<const ColumnView> arguments, std::size_t rows,
                         ColumnWriter& result) { return take(arguments, rows, result); };
  return engine.add_function(std::move(function));
}

Status Tap::intern(const ColumnView& column, std::uint64_t seed, std::size_t rows,
                   ColumnWriter& result) {
  constexpr std::size_t kRecent =
      256;  // a batch repeats few values; most are found here without a lock
  std::uint64_t recent[kRecent] = {};
  hash_column(column, seed, rows, result, [&](std::uint64_t hash, std::string_view text) {
    if (recent[hash % kRecent] == hash) return;
    recent[hash % kRecent] = hash;
    const std::lock_guard lock(texts_mutex_);
    texts_.try_emplace(hash, text);
  });
  return {};
}

std::string Tap::text_of(std::uint64_t hash) {
  if (hash == 0) return {};
  const std::lock_guard lock(texts_mutex_);
  const auto found = texts_.find(hash);
  SY_ASSERT(found != texts_.end());
  return found->second;
}

std::string Tap::call_sql() const {
  std::string sql = name_ + "(";
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const int at = static_cast<int>(i);
    const std::string column = sql_identifier(inputs_[i].name);
    if (i > 0) sql += ", ";
    if (inputs_[i].type != Type::kText || at == decimals_) {
      sql += column;
    } else {
      const bool role = at == currency_ || at == provider_ || at == account_ || at == issuer_;
      sql += name_ + (role ? "_intern(" : "_hash(") + column + ", " +
             std::to_string(static_cast<std::int64_t>(seeds_[i])) + "::BIGINT)";
    }
  }
  return sql + ")";
}

std::int64_t Tap::period_count() {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(periods_.size());
}

Status Tap::take(std::span<const ColumnView> arguments, std::size_t rows, ColumnWriter& result) {
  std::uint64_t low[kBatchRows], high[kBatchRows];
  SY_ASSERT(rows <= kBatchRows && arguments.size() == inputs_.size());
  std::memset(low, 0, rows * sizeof low[0]);
  std::memset(high, 0, rows * sizeof high[0]);
  const auto add = [&](std::size_t row, std::uint64_t hash) {
    low[row] += hash;
    high[row] += mixed(hash);
  };

  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!inputs_[i].hashed) continue;
    const ColumnView& view = arguments[i];
    const std::uint64_t seed = seeds_[i];
    switch (view.type()) {
      case Type::kText:
        for (std::size_t r = 0; r < rows; ++r) {
          if (view.is_null(r)) continue;
          const std::string_view text = view.text(r);
          add(r, XXH3_64bits_withSeed(text.data(), text.size(), seed));
        }
        break;
      case Type::kDecimal:
        for (std::size_t r = 0; r < rows; ++r) {
          if (view.is_null(r)) continue;
          const Int128 units = view.units(r);
          add(r, XXH3_64bits_withSeed(&units, 16, seed));
        }
        break;
      case Type::kInstant:
      case Type::kInt64:
        for (std::size_t r = 0; r < rows; ++r) {
          if (view.is_null(r)) continue;
          const std::int64_t number = view.integer(r);
          if (inputs_[i].type == Type::kText) {  // hashed already
            add(r, static_cast<std::uint64_t>(number));
            continue;
          }
          add(r, XXH3_64bits_withSeed(&number, 8, seed));
        }
        break;
      case Type::kBool:
        for (std::size_t r = 0; r < rows; ++r) {
          if (!view.is_null(r)) add(r, XXH3_64bits_withSeed(view.boolean(r) ? "t" : "f", 1, seed));
        }
        break;
      case Type::kDouble:
        for (std::size_t r = 0; r < rows; ++r) {
          if (view.is_null(r)) continue;
          const double number = view.real(r);
          add(r, XXH3_64bits_withSeed(&number, 8, seed));
        }
        break;
      case Type::kTextMap:
        for (std::size_t r = 0; r < rows; ++r) {
          if (view.is_null(r)) continue;
          const auto [offset, length] = view.entries(r);
          std::uint64_t sum = seed;  // a map without entries is not null
          for (std::size_t e = offset; e < offset + length; ++e) {
            const std::string_view key = view.keys().text(e);
            std::uint64_t hash = XXH3_64bits_withSeed(key.data(), key.size(), seed);
            if (!view.values().is_null(e)) {
              const std::string_view value = view.values().text(e);
              hash = XXH3_64bits_withSeed(value.data(), value.size(), hash);
            }
            sum += mixed(hash);
          }
          add(r, sum);
        }
        break;
      case Type::kOther:
        if (view.data_ == nullptr) break;
        for (std::size_t r = 0; r < rows; ++r) {
          // An untyped NULL constant has no content; anything else must have been given a type by
          // the mapping.
          if (!view.is_null(r))
            return fail("SY1241",
                        "column " + inputs_[i].name + " has a type that cannot be hashed");
        }
        break;
    }
  }

  const auto expect = [&](int column, Type type) -> Status {
    if (column < 0 || rows == 0) return {};
    const auto at = static_cast<std::size_t>(column);
    if (arguments[at].type() == type || arguments[at].type() == Type::kOther) return {};
    return fail("SY1241", "column " + inputs_[at].name + " does not have the type " +
                              std::string(sql_type(type)));
  };
  for (int c = 0; c < kCosts; ++c) {
    if (auto fits = expect(out_[c], Type::kDecimal); !fits) return fits;
    if (auto fits = expect(in_[c], Type::kDecimal); !fits) return fits;
  }
  for (const int column : named_) {
    if (auto fits = expect(column, Type::kDecimal); !fits) return fits;
  }
  for (const int column : {period_start_, period_end_, charge_start_}) {
    if (auto fits = expect(column, Type::kInstant); !fits) return fits;
  }
  for (const int column : {currency_, provider_, account_, issuer_, charge_class_}) {
    if (auto fits = expect(column, Type::kInt64); !fits) return fits;
  }
  if (auto fits = expect(decimals_, Type::kText); !fits) return fits;

  std::map<std::string, TapPeriod> local;
  TapPeriod* period = nullptr;
  std::int64_t rows_in = 0;
  TapSums* sums = nullptr;
  std::int64_t period_key = INT64_MIN;
  std::uint64_t currency_key = 0, owner_key = 0, issuer_key = 0;
  constexpr std::size_t kRecent =
      256;  // pairs of provider and account that this batch has noted already
  std::uint64_t recent[kRecent] = {};
  const auto view_at = [&](int column) -> const ColumnView& {
    return arguments[static_cast<std::size_t>(column)];
  };
  const auto hash_at = [&](int column, std::size_t r) -> std::uint64_t {
    return column < 0 || view_at(column).is_null(r)
               ? 0
               : static_cast<std::uint64_t>(view_at(column).integer(r));
  };
  for (std::size_t r = 0; r < rows; ++r) {
    std::int64_t start = 0;
    if (period_start_ >= 0) {
      if (view_at(period_start_).is_null(r)) {
        return fail("SY1242", "a row has no BillingPeriodStart, so it belongs to no bill", "",
                    "repair the file, or ask its provider for a complete export");
      }
      start = view_at(period_start_).integer(r);
    }
    const std::uint64_t currency = hash_at(currency_, r), provider = hash_at(provider_, r),
                        account = hash_at(account_, r), issuer = hash_at(issuer_, r);
    const bool new_period = period == nullptr || start != period_key;
    if (new_period) {
      period = &local[period_start_ < 0 ? "all" : billing_period_label({start})];
      period_key = start;
      std::memset(recent, 0, sizeof recent);
    }
    if (new_period || currency != currency_key) {
      sums = &period->sums[text_of(currency)];
      sums->named.resize(named_.size());
      currency_key = currency;
    }
    const std::uint64_t owner = mixed(provider) + account;
    if (new_period || (owner != owner_key && recent[owner % kRecent] != owner)) {
      recent[owner % kRecent] = owner;
      period->accounts.insert(text_of(provider) + "/" + text_of(account));
      period->providers.insert(text_of(provider));
    }
    owner_key = owner;
    if (new_period || issuer != issuer_key) {
      period->issuers.insert(text_of(issuer));
      issuer_key = issuer;
    }
    if (period->end.micros == 0 && period_end_ >= 0 && !view_at(period_end_).is_null(r)) {
      period->start = {start};
      period->end = {view_at(period_end_).integer(r)};
    }
    const bool derived = part_ >= 0 && !view_at(part_).is_null(r) && view_at(part_).integer(r) != 0;
    ++period->rows_out;
    if (!derived) ++period->rows_in, ++rows_in;
    Int128 out[kCosts] = {0, 0, 0, 0};
    for (int c = 0; c < kCosts; ++c) {
      if (out_[c] >= 0) {
        if (view_at(out_[c]).is_null(r)) {
          ++period->null_costs[c];
        } else {
          out[c] = view_at(out_[c]).units(r);
          add_exactly(sums->out[c].units, out[c]);
        }
      }
      if (in_[c] >= 0 && !derived && !view_at(in_[c]).is_null(r))
        add_exactly(sums->in[c].units, view_at(in_[c]).units(r));
    }
    for (std::size_t n = 0; n < named_.size() && !derived; ++n) {
      if (!view_at(named_[n]).is_null(r))
        add_exactly(sums->named[n].units, view_at(named_[n]).units(r));
    }
    if (out_[0] >= 0) {
      const bool positive = out[2] >= 0;
      if (positive ? out[2] < out[3] : out[2] > out[3]) ++period->list_below_contracted;
      if (positive ? out[3] < out[1] : out[3] > out[1]) ++period->contracted_below_effective;
    }
    if (charge_start_ >= 0 && !view_at(charge_start_).is_null(r)) {
      const Instant charge{view_at(charge_start_).integer(r)};
      period->first_charge = std::min(period->first_charge, charge);
      period->last_charge = std::max(period->last_charge, charge);
      const bool after = period_end_ >= 0 && !view_at(period_end_).is_null(r) &&
                         charge.micros >= view_at(period_end_).integer(r);
      const bool correction = charge_class_ >= 0 && hash_at(charge_class_, r) == correction_;
      if ((charge.micros < start || after) && !correction) ++period->outside_period;
    }
    if (decimals_ >= 0 && !derived && !view_at(decimals_).is_null(r))
      add_residuals(view_at(decimals_).text(r), *sums);
    const std::uint64_t state[2] = {low[r], high[r]};
    const XXH128_hash_t hash = XXH3_128bits(state, sizeof state);
    period->content.add((static_cast<unsigned __int128>(hash.high64) << 64) | hash.low64);
    result.set_integer(r, file_index_);
  }
  rows_in_.fetch_add(rows_in, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  for (const auto& [label, seen] : local) periods_[label].merge(seen);
  return {};
}

}  // namespace steelyard
