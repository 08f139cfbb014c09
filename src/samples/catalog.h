// The price list of the invented enterprise's four providers: services, what their meters count,
// instance sizes, regions. Prices are of the order that such services cost; they are nobody's price
// list.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace steelyard::samples {

enum class Provider : std::uint8_t { kAws, kAzure, kGcp, kFjord };
inline constexpr int kProviders = 4;

struct ProviderInfo {
  std::string_view name, issuer, currency, account_type, sub_account_type;
  std::string_view host;   ///< FOCUS HostProviderName
  int contracted_percent;  ///< of the list price
};
const ProviderInfo& info(Provider provider);

struct Service {
  Provider provider;
  std::string_view code;  ///< AWS product code; the others' service id
  std::string_view name;
  std::string_view category, subcategory;  ///< of FOCUS
  std::string_view vendor = {};            ///< of what is bought through a marketplace
};
std::span<const Service> services();
/// Position in services(); the code must be there.
int service_index(std::string_view code);

struct Region {
  Provider provider;
  std::string_view id, name;
  std::string_view prefix;  ///< of AWS usage types: "EUC1-"
  int weight;               ///< how much is deployed there
  int price_percent;        ///< 100 = the list price below
};
std::span<const Region> regions();

enum MeterFlag : unsigned {
  kInstance = 1,  ///< one unit an hour at the price of the instance type
  kWhole = 2,     ///< counts whole things (requests, tokens)
  kSavings = 4,   ///< a commitment to spend (a Savings Plan) covers it
  kReserved = 8,  ///< a reservation of its family covers it
  kTiered = 16,   ///< price falls with the month's volume; the first part is free
  kSteady = 32,   ///< grows slowly instead of following the working day
  kMicro = 64,    ///< counts millionths of the unit
};

struct Meter {
  std::string_view
      usage_type;  ///< "DataTransfer-Out-Bytes"; for kInstance ":" and the type are added
  std::string_view description;  ///< FOCUS SkuMeter
  std::string_view unit;         ///< FOCUS PricingUnit
  std::string_view cur_unit;     ///< pricing/unit of AWS
  std::string_view operation, family;
  std::int64_t price_e10;  ///< in 10^-10 of the currency
  unsigned flags;
  int presence;   ///< chance in a thousand that an hour has a row
  double median;  ///< units an hour
  double sigma;   ///< of ln(units) between resources
  /// Price in the provider's virtual currency, or 0: 1, 1/2 or 1/4, so that what is left of a
  /// capacity always buys an exact quantity.
  std::int64_t credits_e10 = 0;
};

/// The virtual currency of Provider::kFjord, and what one of it costs: list and negotiated.
inline constexpr std::string_view kVirtualCurrency = "Credit";
inline constexpr std::int64_t kCreditList = 30'000'000'000, kCreditContracted = 24'000'000'000;

struct InstanceType {
  Provider provider;
  std::string_view service;  ///< code
  std::string_view name, family;
  int normalized_quarters;  ///< normalization factor x 4
  std::int64_t price_e10;   ///< an hour
  int weight;
  std::string_view successor = {};  ///< name of what replaces it when the next generation comes out
};
std::span<const InstanceType> instance_types();
/// Position of the successor in instance_types(), or -1.
int successor_of(int type);

/// A kind of resource and the meters that each one of it turns.
struct Template {
  std::string_view service;  ///< code
  std::string_view type;     ///< FOCUS ResourceType
  std::string_view id_form;  ///< {a} account, {r} region, {h} hexadecimal name, {n} readable name
  int weight;
  int first_meter, meters;  ///< in meters()
  bool split;               ///< a container host: its charge is also allocated to pods
};
/// The last one of a provider that sells machines is its fleet: many machines, one row an hour.
std::span<const Template> templates(Provider provider);
std::span<const Meter> meters();

}  // namespace steelyard::samples
