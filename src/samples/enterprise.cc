#include "samples/enterprise.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/assert.h"
#include "base/time.h"

namespace steelyard::samples {
namespace {

constexpr std::string_view kTeamNames[] = {
    "checkout",      "catalog",          "search",         "payments",
    "identity",      "fulfilment",       "pricing",        "recommendations",
    "data-platform", "machine-learning", "analytics",      "observability",
    "edge",          "mobile",           "security",       "build",
    "customer-care", "warehouse",        "fraud",          "content",
    "partners",      "finance-systems",  "people-systems", "research"};
constexpr std::string_view kUnits[] = {"commerce", "platform", "logistics", "corporate"};
constexpr std::string_view kOwners[] = {"a.berg",    "b.costa",  "c.dubois", "d.eriksen",
                                        "e.fischer", "f.garcia", "g.haas",   "h.ito",
                                        "i.jansen",  "k.lund",   "l.moreau", "m.novak"};
constexpr std::string_view kEnvironments[] = {"prod", "prod", "prod", "staging", "dev"};
constexpr std::string_view kWords[] = {"api",    "worker", "ingest", "report",  "cache", "sync",
                                       "export", "index",  "events", "session", "image", "batch",
                                       "audit",  "queue",  "feed",   "stream"};

constexpr std::string_view kKeyWords[] = {
    "project",    "component", "tier",     "backup",   "schedule", "compliance",  "data-class",
    "contact",    "stack",     "release",  "customer", "feature",  "budget",      "expiry",
    "created-by", "ticket",    "language", "cluster",  "source",   "region-owner"};

/// Weights of 1 to n as often things are named: 1/i^s.
std::vector<std::int64_t> zipf(int n, double s) {
  std::vector<std::int64_t> weights;
  for (int i = 1; i <= n; ++i)
    weights.push_back(std::max<std::int64_t>(1, static_cast<std::int64_t>(1e6 / std::pow(i, s))));
  return weights;
}

std::string hexadecimal(std::uint32_t a, std::uint32_t b) {
  char text[24];
  std::snprintf(text, sizeof text, "0%08x%08x", a, b);
  return text;
}

std::string sku_code(Words words) {
  std::string code;
  std::uint64_t bits = (std::uint64_t{words[0]} << 32) | words[1];
  for (int i = 0; i < 13; ++i, bits /= 30) code += "ABCDEFGHJKMNPQRSTUVWXYZ2345679"[bits % 30];
  return code;
}

/// A position drawn by weights; `word` decides.
template <class Weights>
int pick(const Weights& weights, std::uint32_t word) {
  std::uint32_t sum = 0;
  for (auto weight : weights) sum += static_cast<std::uint32_t>(weight);
  std::uint32_t left = below(word, sum);
  int i = 0;
  for (auto weight : weights) {
    if (left < static_cast<std::uint32_t>(weight)) return i;
    left -= static_cast<std::uint32_t>(weight);
    ++i;
  }
  return 0;
}

constexpr std::int64_t kWeek = 7 * 24;
constexpr std::int64_t kMachine = 1'000'000;  ///< of Fleet::levels

bool is_holiday(Date date) {
  return (date.month == 12 && (date.day == 25 || date.day == 26)) ||
         (date.month == 1 && date.day == 1) || (date.month == 5 && date.day == 1);
}

/// Per mille of a usual day of its kind.
std::int64_t season(Date date) { return date.month == 12 && date.day >= 25 ? 800 : 1000; }

bool is_free(std::int64_t day, Date date) {
  return (day + 3) % 7 >= 5 || is_holiday(date);  // 1970-01-01 was a Thursday
}

/// Standard normal by Box and Muller.
double normal(std::uint32_t a, std::uint32_t b) {
  return std::sqrt(-2 * std::log(unit(a))) * std::cos(6.283185307179586 * unit(b));
}

std::string replace(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

class Builder {
 public:
  explicit Builder(const GenOptions& options) : options_(options), random_(options.seed) {}

  Enterprise build() {
    make_calendar();
    make_teams();
    make_accounts();
    make_tag_keys();
    make_changes();
    make_closures();
    make_fleets();
    make_resources();
    make_forgotten();
    make_platform();
    result_.resources = result_.subjects.size();
    make_pairs();
    make_subscriptions();
    make_commitments();
    make_other_commitments();
    renew_commitments();
    make_capacities();
    return std::move(result_);
  }

 private:
  void make_calendar() {
    result_.seed = options_.seed;
    const bool hourly =
        options_.grain == GenGrain::kHourly ||
        (options_.grain == GenGrain::kAuto && options_.rows / options_.months >= 1'000'000);
    result_.slot_hours = hourly ? 1 : 24;
    for (int m = 0; m <= options_.months; ++m) {
      const Date month = first_of_month(options_.first_month, m);
      result_.month_hours.push_back(days_from_civil(month) * 24);
      if (m < options_.months) result_.month_names.push_back(format_date(month).substr(0, 7));
    }
  }

  std::int64_t begin() const { return result_.month_hours.front(); }
  std::int64_t end() const { return result_.month_hours.back(); }
  std::int64_t to_slot(std::int64_t hour) const {
    const std::int64_t g = result_.slot_hours;
    return hour >= 0 ? hour / g * g : (hour - g + 1) / g * g;
  }

  void make_teams() {
    const int count = options_.rows < 20'000 ? 8 : static_cast<int>(std::size(kTeamNames));
    for (int i = 0; i < count; ++i)
      result_.teams.push_back({std::string(kTeamNames[i]),
                               std::string(kUnits[i * std::size(kUnits) / count]),
                               std::string(kOwners[i % std::size(kOwners)]) + "@example.com",
                               "CC-" + std::to_string(4100 + 10 * i)});
  }

  void make_accounts() {
    const std::int64_t monthly = options_.rows / options_.months;
    const int aws = static_cast<int>(std::clamp<std::int64_t>(8 + monthly / 2500, 10, 10'000));
    const int others = std::clamp(aws / 10, 2, 400);
    const int counts[kProviders] = {aws, others, others, 3};
    for (int p = 0; p < kProviders; ++p) {
      result_.payer[p] = static_cast<int>(result_.accounts.size());
      for (int i = 0; i < counts[p]; ++i) {
        const auto words = random_.at(Stream::kAccount, static_cast<std::uint32_t>(p),
                                      static_cast<std::uint32_t>(i));
        const int team = (i * 7 + p) % static_cast<int>(result_.teams.size());
        const auto environment =
            kEnvironments[(i + static_cast<int>(below(words[0], 2))) % std::size(kEnvironments)];
        Account account{static_cast<Provider>(p),
                        {},
                        {},
                        team,
                        std::string(environment),
                        p == 1 ? 190 : (i % 3 == 1 ? 62 : 0),
                        static_cast<Provider>(p) == Provider::kFjord
                            ? 144
                            : static_cast<int>(below(words[3], 801)) - 200};
        account.name =
            i == 0 ? "organisation-billing" : result_.teams[team].name + "-" + account.environment;
        if (i >= static_cast<int>(result_.teams.size())) account.name += "-" + std::to_string(i);
        char id[64];
        if (p == 0) {
          // Account ids have leading zeros now and then: a reader that takes them for numbers loses
          // those.
          std::snprintf(id, sizeof id, "%012llu",
                        static_cast<unsigned long long>(i % 9 == 4 ? words[1]
                                                                   : words[1] * 137ULL + words[2]));
        } else if (p == 1) {
          std::snprintf(id, sizeof id, "%08x-%04x-4%03x-a%03x-%08x%04x", words[0], words[1] >> 16,
                        words[1] & 0xfff, words[2] & 0xfff, words[3], words[2] >> 16);
        } else {
          std::snprintf(id, sizeof id, "%s-%05u", result_.teams[team].name.c_str(),
                        below(words[1], 100'000));
        }
        account.id = id;
        result_.accounts.push_back(std::move(account));
      }
    }
    for (int p = 0; p < kProviders; ++p)
      zipf_[p] = zipf(counts[p] - 1, 1.1);  // the payer's own account runs nothing
  }

  /// Five keys that all teams agree on, and with size more: 200 at most. The further ones carry a
  /// team's name. Every tenth is the one before it in another spelling.
  void make_tag_keys() {
    result_.tag_keys = {{"team", false}, {"Team", false},       {"env", false},
                        {"app", false},  {"cost-center", true}, {"owner", true}};
    const int agreed = static_cast<int>(result_.tag_keys.size());
    const int count =
        static_cast<int>(std::clamp<std::int64_t>(options_.rows / options_.months / 3000, 0, 194));
    constexpr int words = static_cast<int>(std::size(kKeyWords));
    for (int i = 0; i < count; ++i) {
      std::string name(kKeyWords[i % words]);
      if (i >= words) name = std::string(kTeamNames[i / words - 1]) + ":" + name;
      if (i % 10 == 9) {
        name = result_.tag_keys.back().name;
        name[0] = static_cast<char>(name[0] - 'a' + 'A');
      }
      result_.tag_keys.push_back({std::move(name), i % 3 == 2});
    }
    further_keys_ = zipf(count, 1.1);
    first_further_key_ = agreed;
  }

  int tag_set(TagSet tags) {
    std::sort(tags.begin(), tags.end());
    const auto [at, fresh] =
        tag_index_.try_emplace(tags, static_cast<int>(result_.tag_sets.size()));
    if (fresh) result_.tag_sets.push_back(std::move(tags));
    return at->second;
  }

  /// Some keys are activated for billing in the second month: rows before lack them. The retagged
  /// team corrects itself in final deliveries.
  void make_tags(Subject& subject, std::uint32_t index) {
    const auto words = random_.at(Stream::kTags, index);
    if (result_.tag_sets.empty()) result_.tag_sets.push_back({});
    if (tag_index_.empty()) tag_index_[{}] = 0;
    const Team& team = result_.teams[subject.team];
    const Account& account = result_.accounts[subject.account];
    TagSet tags;
    const TagKey* further = nullptr;
    std::string value;
    if (below(words[0], 1000) >= 360) {
      const int spelling =
          static_cast<int>(below(words[1], 20));  // keys and values differ in case, as they do
      tags.emplace_back(spelling == 0 ? "Team" : "team", spelling == 1 ? "unknown" : team.name);
      if (below(words[2], 10) < 8)
        tags.emplace_back("env", spelling == 2 ? "Prod" : account.environment);
      if (below(words[2] * 31, 10) < 4)
        tags.emplace_back("app", std::string(kWords[pick(values_, words[3])]));
      if (!further_keys_.empty()) {
        const auto more = random_.at(Stream::kTags, index, 1);
        if (below(more[0], 10) < 6)
          further = &result_.tag_keys[first_further_key_ + pick(further_keys_, more[1])];
        if (further)
          value = std::string(kWords[pick(values_, more[2])]) + "-" +
                  std::to_string(1 + below(more[3], 3));
        if (further && !further->late) tags.emplace_back(further->name, value);
      }
    }
    subject.tags_early = tag_set(tags);
    if (!tags.empty() && below(words[1] * 77, 10) < 6)
      tags.emplace_back("cost-center", team.cost_center);
    if (further && further->late) tags.emplace_back(further->name, value);
    subject.tags_late = subject.tags_final = tag_set(tags);
    if (subject.team == retagged_ && below(words[3] * 13, 10) < 7) {
      std::erase_if(tags,
                    [](const auto& tag) { return tag.first == "team" || tag.first == "Team"; });
      tags.emplace_back("team", team.name);
      tags.emplace_back("owner", team.owner);
      subject.tags_final = tag_set(tags);
    }
  }

  int price_of(int meter, int type, int region, int tier, Provider provider) {
    const auto key = std::array<int, 4>{meter, type, region, tier};
    const auto [at, fresh] = price_index_.try_emplace(key, static_cast<int>(result_.prices.size()));
    if (!fresh) return at->second;
    const Meter& m = meters()[meter];
    const Region& r = regions()[region];
    std::int64_t list = type >= 0 ? instance_types()[type].price_e10 : m.price_e10;
    if (m.flags & kTiered) list = tier == 0 ? 0 : tier == 1 ? list : list * 9 / 10;
    list = (list * r.price_percent + 50) / 100;
    Price price{meter, type, region, tier, provider, list, list, 0, {}, {}, {}, {}};
    price.contracted = multiply_e10(list, info(provider).contracted_percent * (kUnit / 100));
    price.credits = m.credits_e10;
    if (m.flags & kSavings)
      price.savings = multiply_e10(list, (m.flags & kInstance ? 66 : 83) * (kUnit / 100));
    const auto words =
        random_.at(Stream::kPrice, static_cast<std::uint32_t>(meter),
                   static_cast<std::uint32_t>(type + 1), static_cast<std::uint32_t>(region));
    price.sku = sku_code(words);
    price.sku_price = price.sku + (provider == Provider::kAws ? ".JRTCKXETXF." : ".") +
                      "6YS6EN2CT" + std::to_string(tier + 1);
    price.usage_type = std::string(r.prefix) + std::string(m.usage_type);
    price.description = std::string(m.description);
    if (type >= 0) {
      price.usage_type += ":" + std::string(instance_types()[type].name);
      price.description += " " + std::string(instance_types()[type].name);
    }
    price.description += " in " + std::string(r.name);
    result_.prices.push_back(std::move(price));
    return at->second;
  }

  /// The type of machine that a resource of a service begins with, of the first generation.
  /// `standing`: one of middle size that has a successor.
  int first_type(std::string_view service, std::uint32_t word, bool standing = false) const {
    std::vector<int> weights;
    // A small enterprise does not rent what would be half of its bill.
    const std::int64_t dearest =
        std::max<std::int64_t>(50, options_.rows / options_.months / 2000) * (kUnit / 10);
    for (const InstanceType& type : instance_types())
      weights.push_back(
          type.service == service && type.price_e10 <= dearest &&
                  (!standing || (!type.successor.empty() && type.normalized_quarters <= 64))
              ? type.weight
              : 0);
    return pick(weights, word);
  }

  /// When the machines of an account in a region go over to the next generations. The first of them
  /// came out 30 to 70 weeks before the first month, the next ones each 70 to 130 weeks later, in
  /// other regions than the provider's first up to 16 weeks later than there. An account begins 4
  /// to 52 weeks after that, half by its habit and half by chance, and needs 6 to 36 weeks.
  std::vector<Fleet::Migration> migrations(int account, int region, int type) const {
    int family = 0, first_region = 0;
    while (instance_types()[family].family != instance_types()[type].family) ++family;
    while (regions()[first_region].provider != regions()[region].provider) ++first_region;
    const auto at = [&](std::uint32_t what, int which, int generation) {
      return random_.at(Stream::kLife, what, static_cast<std::uint32_t>(which),
                        static_cast<std::uint32_t>(family * 16 + generation));
    };
    const auto habit = random_.at(Stream::kLife, 0, static_cast<std::uint32_t>(account));
    std::vector<Fleet::Migration> result;
    std::int64_t out = 0, free_from = INT64_MIN;
    for (int k = 0; (type = successor_of(type)) >= 0; ++k) {
      out += k == 0 ? std::int64_t{-30} - below(at(1, 0, k)[0], 41)
                    : std::int64_t{70} + below(at(1, 0, k)[0], 61);
      const std::int64_t delay = region == first_region ? 0 : below(at(2, region, k)[0], 17);
      const auto own = at(3, account * 64 + region, k);
      const std::int64_t lag = 4 + (below(habit[0], 49) + below(own[0], 49)) / 2;
      const std::int64_t first = std::max(free_from, begin() + (out + delay + lag) * kWeek);
      free_from = first + (6 + below(own[1], 31)) * kWeek;
      result.push_back({first, free_from});
    }
    return result;
  }

  /// What is added, and from when to when it runs.
  struct Resource {
    Provider provider;
    int which;  ///< of the provider's templates
    int account, team, region;
    std::int64_t first, last;
    std::uint32_t index;
    int type = -1;       ///< of machine
    int generation = 0;  ///< its place among those that follow each other
    int fleet = -1;
  };

  /// Adds a resource, and when it is a machine all that replace it, generation by generation.
  /// Returns the usage rows that they will make, about.
  std::int64_t add_generations(Resource resource) {
    if (resource.type < 0) return add_resource(resource);
    const auto words = random_.at(Stream::kLife, 4, resource.index);
    // Where it stands in its account's migration: seldom the first or the last.
    const std::int64_t place = (below(words[0], 1001) + below(words[1], 1001)) / 2;
    const Resource all = resource;
    std::int64_t rows = 0;
    for (const auto& [first, last] : migrations(all.account, all.region, all.type)) {
      resource.last = std::min(all.last, to_slot(first + (last - first) * place / 1000));
      if (resource.last > resource.first) {
        if (resource.last > begin() && resource.first < end()) rows += add_resource(resource);
        resource.first = resource.last;
      }
      resource.last = all.last;
      resource.type = successor_of(resource.type);
      ++resource.generation;
    }
    if (resource.last > std::max(resource.first, begin()) && resource.first < end())
      rows += add_resource(resource);
    return rows;
  }

  /// Adds a resource and its lines; returns the usage rows it will make, about.
  std::int64_t add_resource(const Resource& resource) {
    const auto& [provider, which, account, team, region, first, last, index, type_of_machine,
                 generation, fleet] = resource;
    const Template& form = templates(provider)[which];
    const auto words = random_.at(Stream::kResource, index, 1);
    Subject subject{};
    subject.provider = provider;
    subject.account = account;
    subject.service = service_index(form.service);
    subject.region = region;
    subject.resource_template = which;
    subject.team = team;
    subject.invoice_group = own_invoice_group(provider);
    subject.instance_type = -1;
    subject.first_hour = first;
    subject.last_hour = last;
    subject.type = std::string(form.type);
    const auto replacement =
        random_.at(Stream::kResource, index, 1, static_cast<std::uint32_t>(generation));
    const std::string name =
        result_.teams[team].name + "-" + std::string(kWords[below(words[0], std::size(kWords))]);
    const std::string code = hexadecimal(replacement[1], replacement[2]);
    subject.id = replace(
        replace(replace(replace(std::string(form.id_form), "{a}", result_.accounts[account].id),
                        "{r}", regions()[region].id),
                "{h}", code),
        "{n}", name);
    if (below(words[3], 10) < 7)
      subject.name = name + "-" + std::to_string(below(words[1], 90) + 10);
    make_tags(subject, index);
    const int number = static_cast<int>(result_.subjects.size());
    std::int64_t rows = 0;
    for (int k = 0; k < form.meters; ++k) {
      const int meter = form.first_meter + k;
      const Meter& m = meters()[meter];
      const auto draw = random_.at(Stream::kLine, index, static_cast<std::uint32_t>(k));
      int type = -1;
      if (m.flags & kInstance) {
        SY_ASSERT(type_of_machine >= 0);
        subject.instance_type = type = type_of_machine;
        if (fleet < 0) subject.zone = 1 + static_cast<int>(below(draw[1], 3));
      }
      Line line{};
      line.subject = number;
      line.price = price_of(meter, type, region, 0, provider);
      if (m.flags & kTiered) {
        price_of(meter, type, region, 1, provider);
        price_of(meter, type, region, 2, provider);
      }
      line.flags = m.flags;
      line.presence = m.presence;
      double amount = m.median * std::exp(m.sigma * normal(draw[2], draw[3]));
      amount = std::min(amount, 3e5);
      line.base = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::llround(amount * 1e4))) *
                  (kUnit / 10'000);
      if (amount < 1)
        line.base =
            std::max<std::int64_t>(1, static_cast<std::int64_t>(std::llround(amount * 1e10)));
      if (m.flags & kInstance || m.sigma == 0)
        line.base = static_cast<std::int64_t>(std::llround(m.median * 1e5)) * (kUnit / 100'000);
      line.first_hour = first;
      line.last_hour = last;
      line.growth = result_.accounts[account].growth;
      line.fleet = fleet;
      line.generation = generation;
      result_.lines.push_back(line);
      rows += slots_of(line) * m.presence / 1000;
    }
    result_.subjects.push_back(std::move(subject));
    return rows;
  }

  /// Slots in which a line has something to count.
  std::int64_t slots_of(const Line& line) const {
    const std::int64_t first = std::max(line.first_hour, begin()),
                       last = std::min(line.last_hour, end()), g = result_.slot_hours;
    if (line.fleet < 0) return (last - first) / g;
    std::int64_t slots = 0;
    for (std::int64_t hour = first; hour < last; hour += kWeek)  // as at noon of its first day
      if (machine_hours(result_, line, hour / 24 * 24 + 12, 1) > 0)
        slots += std::min(kWeek, last - hour) / g;
    return slots;
  }

  int region_for(Provider provider, std::uint32_t word) const {
    std::vector<int> weights;
    for (const Region& region : regions())
      weights.push_back(region.provider == provider ? region.weight : 0);
    return pick(weights, word);
  }

  /// Of the accounts after the first ones one in fifteen a year is closed, and one at least when
  /// there is time: whatever it runs ends in that hour.
  void make_closures() {
    const std::int64_t weeks = (end() - begin()) / kWeek;
    const int aws = result_.payer[1];
    if (options_.months < 3) return;
    const auto which = random_.at(Stream::kLife, 5);
    const int certain = result_.payer[0] + 4 + static_cast<int>(below(which[0], 3));
    for (int a = result_.payer[0] + 4; a < aws; ++a) {
      const auto words = random_.at(Stream::kLife, 6, static_cast<std::uint32_t>(a));
      if (a != certain && below(words[0], 15 * 52) >= static_cast<std::uint32_t>(weeks)) continue;
      Account& account = result_.accounts[a];
      account.closes = begin() + (weeks * (30 + below(words[1], 61)) / 100) * kWeek;
      result_.changes.push_back({"closure", account.closes, end(), a, -1, 1000,
                                 account.name + " is closed: all that it runs is stopped"});
    }
  }

  /// Rows of a slot.
  double rows_at_once() const {
    return static_cast<double>(options_.rows) * static_cast<double>(result_.slot_hours) /
           static_cast<double>(end() - begin());
  }

  /// Fleets do the work that lasts. An enterprise that has a hundred times as much running has ten
  /// times as many, each ten times as large. Beside them small ones, of any type, come and go.
  void make_fleets() {
    const double at_once = rows_at_once();
    const int standing = std::max(1, static_cast<int>(std::min(std::sqrt(at_once), at_once / 8)));
    const double machines = std::max(5.0, std::sqrt(at_once) / 6);
    const std::int64_t weeks = (end() - begin()) / kWeek + 1;
    for (int i = 0; i < standing; ++i) add_fleet(static_cast<std::uint32_t>(i), machines, false);
    for (int i = 0; i < std::max<std::int64_t>(1, standing * weeks / 100); ++i)
      add_fleet(0x8000u + static_cast<std::uint32_t>(i), machines, true);
  }

  void add_fleet(std::uint32_t number, double machines, bool passing) {
    const auto who = random_.at(Stream::kLife, 7, number),
               how = random_.at(Stream::kLife, 8, number),
               when = random_.at(Stream::kLife, 9, number);
    const Provider provider = number % 8 == 6   ? Provider::kAzure
                              : number % 8 == 7 ? Provider::kGcp
                                                : Provider::kAws;
    const int p = static_cast<int>(provider);
    const int which = static_cast<int>(templates(provider).size()) - 1;
    const std::string_view service = templates(provider)[which].service;
    const int account = result_.payer[p] + 1 + pick(zipf_[p], who[0]);
    Resource resource{provider,
                      which,
                      account,
                      result_.accounts[account].team,
                      region_for(provider, who[1]),
                      to_slot(begin() - 24 * (30 + std::int64_t{below(when[2], 700)})),
                      end() + 24 * 365,
                      0xD0000000u + number,
                      first_type(service, who[2], !passing)};
    const std::int64_t weeks = (end() - begin()) / kWeek + 1;
    // Three of four were there before; the others come sooner or later. What passes stays for six
    // to forty weeks.
    std::int64_t from =
                     below(when[0], 4) > 0 ? 0 : below(when[1], static_cast<std::uint32_t>(weeks)),
                 until = weeks;
    if (passing) {
      from = std::int64_t{below(when[1], static_cast<std::uint32_t>(weeks + 20))} - 20;
      until = from + 6 + below(when[2], 35);
      resource.first = to_slot(begin() + from * kWeek);
      resource.last = to_slot(begin() + until * kWeek);
      until = std::min(weeks, until);
    }
    const double size =
        passing ? 1 + 8 * unit(how[0])
                : std::clamp(machines * std::exp(0.9 * normal(how[0], how[1])), 2.0, machines * 5);
    Fleet fleet;
    fleet.swing = passing ? 0 : static_cast<int>(below(how[2], 700));
    fleet.levels = levels(resource, number, std::llround(size * 1000) * (kMachine / 1000), from,
                          until, passing);
    // One in twenty moves to another region, in an hour.
    const std::int64_t middle = weeks * (20 + below(how[3], 61)) / 100;
    const int there = region_for(provider, who[3]);
    if (passing || below(when[3], 20) > 0 || there == resource.region || middle < from ||
        fleet.levels[static_cast<std::size_t>(middle)] == 0) {
      start_fleet(resource, std::move(fleet));
      return;
    }
    Fleet moved = fleet;
    std::fill(moved.levels.begin(), moved.levels.begin() + middle, 0);
    std::fill(fleet.levels.begin() + middle, fleet.levels.end(), 0);
    const std::int64_t hour = begin() + middle * kWeek;
    tell_of_fleet("move", resource, hour, hour + kWeek, 1000,
                  "moves to " + std::string(regions()[there].id));
    start_fleet(resource, std::move(fleet));
    resource.region = there;
    resource.index += 0x4000u;
    start_fleet(resource, std::move(moved));
  }

  /// Machines of a fleet, week by week: its account's growth, give or take two per cent a week, and
  /// about every seventieth week a step: three of four are launches. A new fleet is whole after
  /// eight weeks. One in eight is shut down in a year.
  std::vector<std::int64_t> levels(const Resource& resource, std::uint32_t number,
                                   std::int64_t level, std::int64_t from, std::int64_t until,
                                   bool passing) {
    const Account& account = result_.accounts[resource.account];
    const std::int64_t weeks = (end() - begin()) / kWeek + 1;
    std::vector<std::int64_t> levels(static_cast<std::size_t>(weeks), 0);
    for (std::int64_t week = std::max<std::int64_t>(0, from); week < until; ++week) {
      const std::int64_t hour = begin() + week * kWeek;
      if (hour >= account.closes) break;
      if (week == from && week > 0) tell_of_fleet("launch", resource, hour, end(), 1000, "begins");
      const auto words = random_.at(Stream::kLife, 10, number, static_cast<std::uint32_t>(week));
      levels[static_cast<std::size_t>(week)] =
          from > 0 && !passing ? level * std::min<std::int64_t>(8, week - from + 1) / 8 : level;
      if (passing) continue;
      level += level * account.growth / 52'000;
      level += level * (static_cast<std::int64_t>(below(words[0], 41)) - 20) / 1000;
      if (week + 1 >= until) break;
      if (below(words[1], 70) == 0) {
        const bool launch = below(words[2], 4) > 0;
        const std::int64_t factor =
            launch ? 1200 + below(words[3], 601) : 550 + below(words[3], 301);
        level = level * factor / 1000;
        tell_of_fleet(launch ? "launch" : "cut", resource, hour + kWeek, end(), factor,
                      launch ? "does more work, for good" : "does less work, for good");
      }
      if (below(words[0] * 2654435761u, 8 * 52) == 0) {
        tell_of_fleet("shutdown", resource, hour + kWeek, end(), 1000, "is shut down, for good");
        break;
      }
    }
    return levels;
  }

  /// A group for each generation that runs within the time.
  void start_fleet(Resource resource, Fleet fleet) {
    fleet.migrations = migrations(resource.account, resource.region, resource.type);
    resource.fleet = static_cast<int>(result_.fleets.size());
    const auto& levels = fleet.levels;
    const auto alive = [&](std::int64_t week) {
      return levels[static_cast<std::size_t>(week)] > 0;
    };
    std::int64_t from = 0, until = static_cast<std::int64_t>(levels.size());
    while (from < until && !alive(from)) ++from;
    while (until > from && !alive(until - 1)) --until;
    result_.fleets.push_back(fleet);
    if (from == until) return;
    const Resource as_it_began = resource;
    // What is there at the beginning was there before, and what is there at the end goes on.
    const std::int64_t first = from == 0 ? resource.first : to_slot(begin() + from * kWeek),
                       last = begin() + until * kWeek >= end() ? resource.last
                                                               : to_slot(begin() + until * kWeek);
    const auto& moves = fleet.migrations;
    for (std::size_t k = 0; k <= moves.size(); ++k, ++resource.generation) {
      resource.first = std::max(first, k == 0 ? first : to_slot(moves[k - 1].first_hour));
      resource.last = std::min(last, k == moves.size() ? last : to_slot(moves[k].last_hour));
      if (std::max(resource.first, begin()) < std::min(resource.last, end()))
        fleet_rows_ += add_resource(resource);
      if (k == moves.size()) break;
      const int next = successor_of(resource.type);
      if (moves[k].first_hour < std::min(last, end()) &&
          moves[k].last_hour > std::max(first, begin()))
        tell_of_fleet("migration", as_it_began, moves[k].first_hour, moves[k].last_hour, 1000,
                      "goes over from " + std::string(instance_types()[resource.type].name) +
                          " to " + std::string(instance_types()[next].name));
      resource.type = next;
    }
  }

  /// `fleet` as it began.
  void tell_of_fleet(std::string kind, const Resource& fleet, std::int64_t first, std::int64_t last,
                     std::int64_t factor, const std::string& what) {
    result_.changes.push_back({std::move(kind), first, last, fleet.account,
                               service_index(templates(fleet.provider)[fleet.which].service),
                               factor,
                               "the fleet of " + result_.accounts[fleet.account].name + " in " +
                                   std::string(regions()[fleet.region].id) + " that began with " +
                                   std::string(instance_types()[fleet.type].name) + " " + what});
  }

  /// Adds resources until they make the rows asked for. A third was there before the first month,
  /// the others come and go.
  void make_resources() {
    // Fees and unused parts of commitments, and usage that several of them share, are about twelve
    // rows in each slot.
    const std::int64_t slots = (end() - begin()) / result_.slot_hours;
    std::int64_t rows = platform_rows() + fleet_rows_ + std::min(12 * slots, options_.rows / 4);
    const std::int64_t window = end() - begin();
    int made[kProviders] = {};
    for (std::uint32_t index = 0; rows < options_.rows; ++index) {
      const auto words = random_.at(Stream::kResource, index);
      const auto more = random_.at(Stream::kResource, index, 2);
      const int draw = static_cast<int>(below(words[0], 100));
      const Provider provider = draw < 82   ? Provider::kAws
                                : draw < 92 ? Provider::kAzure
                                            : Provider::kGcp;
      const int p = static_cast<int>(provider);
      const int account = result_.payer[p] + 1 + pick(zipf_[p], words[1]);
      std::vector<int> weights;
      for (const Template& form : templates(provider)) weights.push_back(form.weight);
      // The first two of Microsoft and Google are machines that run all the time.
      const bool steady = provider != Provider::kAws && made[p]++ < 2;
      const int which = steady ? 0 : pick(weights, words[2]);
      const bool shared =
          below(more[0], 10) < 2;  // a fifth belongs to another team than its account does
      const int team =
          shared
              ? static_cast<int>(below(more[1], static_cast<std::uint32_t>(result_.teams.size())))
              : result_.accounts[account].team;
      std::int64_t first, last;
      if (steady) {
        first = begin() - 24 * 300;
        last = end() + 24 * 365;
      } else if (below(words[3], 100) < 45) {
        first = begin() - 24 * static_cast<std::int64_t>(1 + below(more[2], 700));
        last = below(more[3], 100) < 75
                   ? end() + 24 * 365
                   : begin() + 24 + below(more[3] * 17, static_cast<std::uint32_t>(window));
      } else {
        // More is started later than earlier: the bill grows.
        const double at = std::sqrt(unit(more[2]));
        first = begin() + static_cast<std::int64_t>(at * static_cast<double>(window));
        const double life = 24 * 20 * std::exp(1.6 * normal(more[3], words[3] * 2654435761u + 7));
        last = first + std::max<std::int64_t>(result_.slot_hours,
                                              static_cast<std::int64_t>(std::min(life, 1e5)));
      }
      first = to_slot(first);
      last = std::max(to_slot(last), first + result_.slot_hours);
      last = std::min(last, to_slot(result_.accounts[account].closes));
      if (last <= std::max(first, begin()) || first >= end()) continue;
      const Template& form = templates(provider)[which];
      const bool machine = (meters()[form.first_meter].flags & kInstance) != 0;
      rows += add_generations(
          {provider, which, account, team, region_for(provider, more[1] * 2654435761u), first, last,
           index, machine ? first_type(form.service, random_.at(Stream::kLine, index)[0]) : -1});
    }
  }

  /// Events with a label, so that whoever looks for anomalies can be told right from wrong.
  void make_changes() {
    retagged_ = 2;
    const int month_count = options_.months;
    for (int m = 0; m < month_count; ++m) {
      const auto words = random_.at(Stream::kEvent, static_cast<std::uint32_t>(m));
      const std::int64_t first = result_.month_hours[m],
                         length = result_.month_hours[m + 1] - first;
      const std::int64_t at =
          to_slot(first + 24 * 3 + below(words[0], static_cast<std::uint32_t>(length - 24 * 10)));
      const int account = result_.payer[0] + 1 + static_cast<int>(below(words[1], 3));
      static constexpr std::string_view kSurging[] = {"AmazonVPC", "AmazonCloudWatch",
                                                      "AmazonBedrock", "AmazonS3", "AWSLambda"};
      const int service = service_index(kSurging[below(words[2], 5)]);
      const std::int64_t factor = 8000 + 1000 * below(words[3], 30);
      result_.changes.push_back(
          {"surge", at, at + 24 * (2 + below(words[0] * 7, 3)), account, service, factor,
           std::string(services()[service].name) + " in " + result_.accounts[account].name +
               " uses " + std::to_string(factor / 1000) + " times its usual quantity"});
    }
    result_.changes.push_back({"late", begin(), end(), result_.payer[0], -1, 1000,
                               "four rows in a thousand arrive with a month's last delivery only"});
    if (month_count >= 2) {
      result_.changes.push_back({"retag", result_.month_hours[1], end(), result_.payer[0], -1, 1000,
                                 "the last delivery of each month has team and owner tags that " +
                                     result_.teams[retagged_].name + " added after the fact"});
      const auto words = random_.at(Stream::kEvent, 1000);
      const int account = result_.payer[0] + 1;
      const int service = service_index("AWSLambda");
      result_.changes.push_back({"step", result_.month_hours[month_count / 2] + 24 * 9, end(),
                                 account, service, 1500 + 100 * below(words[0], 10),
                                 "a release makes the functions of " +
                                     result_.accounts[account].name + " work longer, for good"});
    }
  }

  /// Accelerators that somebody forgot to stop over a weekend.
  void make_forgotten() {
    const int month = options_.months - 1;
    const auto words = random_.at(Stream::kEvent, 2000);
    const int account = result_.payer[0] + 1 + static_cast<int>(below(words[0], 3));
    const std::int64_t first = to_slot(result_.month_hours[month] + 24 * (8 + below(words[1], 9)));
    const std::int64_t last = first + 24 * 3;
    int type = 0;
    while (instance_types()[type].name != "p4d.24xlarge") ++type;
    // The size of the mistake follows the size of the enterprise.
    const int count =
        static_cast<int>(std::clamp<std::int64_t>(options_.rows / options_.months / 40'000, 1, 16));
    for (int i = 0; i < count; ++i)
      add_resource({Provider::kAws, 0, account, result_.accounts[account].team, 0, first, last,
                    0xF0000000u + static_cast<std::uint32_t>(i), type});
    result_.changes.push_back(
        {"forgotten", first, last, account, service_index("AmazonEC2"), 1000,
         std::to_string(count) + " p4d.24xlarge of " + result_.accounts[account].name +
             (count == 1 ? " runs for" : " run for") + " three days without work"});
  }

  /// The data platform: for each two warehouses a database. They run all the time.
  int warehouses() const {
    // A tenth of all rows at most, if that is one for each.
    const std::int64_t monthly = options_.rows / options_.months;
    return 2 *
           static_cast<int>(std::clamp<std::int64_t>(
               std::min(monthly / 10'000, static_cast<std::int64_t>(rows_at_once() / 60)), 1, 12));
  }
  std::int64_t platform_rows() const {
    return warehouses() * 3 * ((end() - begin()) / result_.slot_hours);
  }
  void make_platform() {
    for (int i = 0; i < warehouses() * 3 / 2; ++i) {
      const int account = result_.payer[static_cast<int>(Provider::kFjord)] + 1 + i % 2;
      const auto words = random_.at(Stream::kEvent, 3000, static_cast<std::uint32_t>(i));
      const int team =
          static_cast<int>(below(words[0], static_cast<std::uint32_t>(result_.teams.size())));
      add_resource({Provider::kFjord, i % 3 == 2 ? 1 : 0, account, team,
                    region_for(Provider::kFjord, words[1]), begin(), end(),
                    0xE0000000u + static_cast<std::uint32_t>(i)});
    }
  }

  int add_subject(Provider provider, int account, int service, int group, std::string id,
                  std::string name, std::string type) {
    Subject subject{};
    subject.provider = provider;
    subject.account = account;
    subject.service = service;
    subject.region = -1;
    subject.resource_template = -1;
    subject.team = result_.accounts[account].team;
    subject.invoice_group = group;
    subject.instance_type = -1;
    subject.first_hour = begin();
    subject.last_hour = end();
    subject.id = std::move(id);
    subject.name = std::move(name);
    subject.type = std::move(type);
    result_.subjects.push_back(std::move(subject));
    return static_cast<int>(result_.subjects.size()) - 1;
  }

  void make_pairs() {
    for (std::size_t i = 0; i < result_.resources; ++i) {
      const Subject& subject = result_.subjects[i];
      result_.pairs[{subject.account, subject.service}] = -1;
    }
    for (int p = 0; p < kProviders; ++p) {
      static constexpr std::string_view kMain[] = {"AmazonEC2", "Microsoft.Compute",
                                                   "6F81-5844-456A", "fjord-cloud"};
      result_.pairs[{result_.payer[p], service_index(kMain[p])}] = -1;
    }
    for (auto& [key, subject] : result_.pairs) {
      const Provider provider = result_.accounts[key.first].provider;
      subject =
          add_subject(provider, key.first, key.second, own_invoice_group(provider), {}, {}, {});
    }
  }

  /// The price of something bought, not metered.
  int add_fee(Provider provider, std::int64_t amount, std::string description) {
    const auto words =
        random_.at(Stream::kPrice, 0xFFFFFFFFu, static_cast<std::uint32_t>(result_.prices.size()));
    const std::string sku = sku_code(words);
    result_.prices.push_back({-1,
                              -1,
                              -1,
                              0,
                              provider,
                              amount,
                              amount,
                              0,
                              sku,
                              sku + ".FEE",
                              {},
                              std::move(description),
                              0});
    return static_cast<int>(result_.prices.size()) - 1;
  }

  void make_subscriptions() {
    const std::int64_t scale = std::max<std::int64_t>(1, options_.rows / options_.months / 20'000);
    const int payer = result_.payer[0];
    result_.subscriptions.push_back(
        {add_subject(Provider::kAws, payer, service_index("AWSSupportEnterprise"), 0, {}, {}, {}),
         add_fee(Provider::kAws, scale * 150 * kUnit, "AWS Support (Enterprise)"),
         scale * 150 * kUnit, "AWS Support (Enterprise), monthly charge"});
    result_.subscriptions.push_back(
        {add_subject(Provider::kAws, payer + 1, service_index("marketplace-northwind"), 1,
                     "arn:aws:marketplace:us-east-1:" + result_.accounts[payer + 1].id +
                         ":agreement/agmt-northwind",
                     "Northwind Observability Suite", "Agreement"),
         add_fee(Provider::kAws, scale * 240 * kUnit + kUnit / 2, "Northwind Observability Suite"),
         scale * 240 * kUnit + kUnit / 2, "Northwind Observability Suite, monthly subscription"});
  }

  /// Least and most machines of a line at once in the week from `first` on: all that whoever buys
  /// knows. What is no machine counts as one.
  struct Demand {
    std::int64_t least = 0, most = 0;
  };
  Demand week_of(const Line& line, std::int64_t first) const {
    const std::int64_t last = first + kWeek;
    if (line.first_hour >= last || line.last_hour <= first) return {};
    if (line.fleet < 0) return {line.first_hour <= first && line.last_hour >= last, 1};
    Demand demand{INT64_MAX, 0};
    for (std::int64_t hour = first; hour < last; ++hour) {
      const std::int64_t machines = hour < line.first_hour || hour >= line.last_hour
                                        ? 0
                                        : machine_hours(result_, line, hour, 1);
      demand = {std::min(demand.least, machines), std::max(demand.most, machines)};
    }
    return demand;
  }

  /// A commitment of AWS to `committed` an hour: a plan, or a reservation of `quarters`.
  void add_aws(bool savings, Payment payment, int years, int account, std::int64_t first,
               std::int64_t committed, std::int64_t quarters, int price, std::string family) {
    const auto words =
        random_.at(Stream::kCommitment, static_cast<std::uint32_t>(aws_commitments_));
    Commitment c{};
    c.provider = Provider::kAws;
    c.savings_plan = savings;
    c.payment = payment;
    c.years = years;
    c.account = account;
    c.first_hour = to_slot(first);
    c.last_hour = c.term_end = c.first_hour + years * 365 * 24;
    c.upfront = payment == Payment::kNoUpfront    ? 0
                : payment == Payment::kAllUpfront ? committed
                                                  : committed / 2;
    c.recurring = committed - c.upfront;
    c.quarters = quarters;
    c.price = price;
    c.family = std::move(family);
    const std::string code = hexadecimal(words[0], words[1]);
    const std::string& id = result_.accounts[account].id;
    c.id = savings ? "arn:aws:savingsplans::" + id + ":savingsplan/" + code
                   : "arn:aws:" + std::string(c.family.starts_with("db.") ? "rds" : "ec2") + ":" +
                         std::string(regions()[result_.prices[price].region].id) + ":" + id +
                         ":reserved-instances/" + code;
    c.name = (savings ? "compute-plan-" : "reservation-" + c.family + "-") +
             std::to_string(++aws_commitments_);
    c.contract = "contract-" + std::to_string(2024 + aws_commitments_ % 3);
    const int service =
        savings ? service_index("ComputeSavingsPlans")
                : service_index(c.family.starts_with("db.") ? "AmazonRDS" : "AmazonEC2");
    c.subject = add_subject(Provider::kAws, account, service, 0, c.id, c.name,
                            savings ? "Savings Plan" : "Reserved Instance");
    if (!savings) result_.subjects[c.subject].region = result_.prices[price].region;
    const std::string what = std::string(text(payment)) + " " + std::to_string(years) + " year " +
                             (savings ? "Compute Savings Plan" : c.family + " Reserved Instance");
    c.fee = add_fee(Provider::kAws, c.recurring, what + ", hourly fee");
    c.upfront_fee = add_fee(Provider::kAws, c.upfront_total(), what + ", upfront fee");
    result_.commitments.push_back(std::move(c));
  }

  /// Sized from the demand of the first week: what runs all the time is committed to, the rest is
  /// not. What comes later, nobody knew.
  void make_commitments() {
    std::int64_t plan_demand = 0;
    std::map<std::array<int, 2>, std::int64_t>
        families;  // (any type of the family, region) -> quarters
    std::map<std::pair<std::string, int>, int> first_type;
    std::map<int, std::int64_t> by_account;
    std::map<std::pair<std::string_view, int>, std::int64_t>
        peaks;  // quarters of all that runs at once
    for (const Line& line : result_.lines) {
      const Price& price = result_.prices[line.price];
      if (price.provider != Provider::kAws || !(line.flags & (kSavings | kReserved))) continue;
      const Demand demand = week_of(line, begin());
      if (line.flags & kReserved && price.type >= 0)
        peaks[{instance_types()[price.type].family, price.region}] +=
            instance_types()[price.type].normalized_quarters * demand.most;
      if (demand.least == 0) continue;
      if (price.savings > 0) {
        const std::int64_t cost = multiply_e10(price.savings, line.base) * demand.least;
        plan_demand += cost;
        by_account[result_.subjects[line.subject].account] += cost;
      }
      if (line.flags & kReserved && price.type >= 0) {
        const auto& type = instance_types()[price.type];
        const int representative =
            first_type.try_emplace({std::string(type.family), price.region}, price.type)
                .first->second;
        families[{representative, price.region}] += type.normalized_quarters * demand.least;
      }
    }
    std::vector<std::pair<std::int64_t, std::array<int, 2>>> largest;
    for (const auto& [key, quarters] : families)
      largest.push_back({quarters * instance_types()[key[0]].price_e10 /
                             instance_types()[key[0]].normalized_quarters,
                         key});
    std::sort(largest.rbegin(), largest.rend());
    int owner = result_.payer[0] + 1;
    for (const auto& [account, cost] : by_account)
      if (cost > by_account[owner]) owner = account;

    const std::int64_t year = 365 * 24;
    // Reservations of the largest families, bought as the family's first type: about half of the
    // demand, but one of them for more than runs at once, so that there is something unused.
    int used = 0, most_used = -1, too_large = -1;
    for (const auto& [value, key] : largest) {
      if (used == 4 || value <= 0) break;
      const auto& type = instance_types()[key[0]];
      // The one that is too large is partly paid upfront: it will be exchanged.
      const bool oversized = used == std::min<int>(1, static_cast<int>(largest.size()) - 1);
      const std::int64_t units = std::max<std::int64_t>(
          1, oversized ? peaks[{type.family, key[1]}] / type.normalized_quarters + 1
                       : families[key] * 55 / 100 / type.normalized_quarters);
      int price = -1;
      for (int p = 0; p < static_cast<int>(result_.prices.size()); ++p)
        if (result_.prices[p].type == key[0] && result_.prices[p].region == key[1] && price < 0 &&
            (meters()[result_.prices[p].meter].flags & kReserved))
          price = p;
      SY_ASSERT(price >= 0);
      const std::int64_t quarters = units * type.normalized_quarters;
      // A whole number of 10^-8 a quarter unit, so that a share by units never has a rest.
      const std::int64_t rate = std::max<std::int64_t>(
          200, result_.prices[price].list * 62 / 100 / type.normalized_quarters / 200 * 200);
      const Payment payment = oversized ? Payment::kPartialUpfront : static_cast<Payment>(used % 3);
      const std::int64_t first = used == 3 ? begin() + 24 * 12 : begin() - 24 * (90 + 40 * used);
      add_aws(false, payment, used == 2 ? 3 : 1, used % 2 == 0 ? owner : result_.payer[0], first,
              rate * quarters, quarters, price, std::string(type.family));
      if (oversized) too_large = static_cast<int>(result_.commitments.size()) - 1;
      if (used == 0) most_used = static_cast<int>(result_.commitments.size()) - 1;
      // What a reservation covers needs no plan.
      plan_demand -= multiply_e10(result_.prices[price].savings,
                                  std::min(quarters, families[key]) * (kUnit / 4)) *
                     4 / type.normalized_quarters;
      ++used;
    }
    if (plan_demand > 0) {
      const auto share = [&](int percent) {
        return std::max<std::int64_t>(
            kUnit / 1000 * 2,
            plan_demand * percent / 100 / (kUnit / 1000) / 2 * 2 * (kUnit / 1000));
      };
      add_aws(true, Payment::kNoUpfront, 1, owner, begin() - 24 * 200, share(24), 0, -1, {});
      add_aws(true, Payment::kPartialUpfront, 3, result_.payer[0], begin() - 24 * 420, share(20), 0,
              -1, {});
      // One that ends within the first months, and its successor, which begins four days before
      // that.
      const std::int64_t ends = begin() + std::min((end() - begin()) / 3, std::int64_t{24} * 240);
      add_aws(true, Payment::kAllUpfront, 1, owner, ends - year, share(18), 0, -1, {});
      followed_ = static_cast<int>(result_.commitments.size()) - 1;
      add_aws(true, Payment::kAllUpfront, 1, owner, ends - 24 * 4, share(24), 0, -1, {});
      // One that was bought by mistake and is returned within a week.
      const int month = std::min(1, options_.months - 1);
      const std::int64_t bought = result_.month_hours[month] + 24 * 6;
      add_aws(true, Payment::kAllUpfront, 1, owner, bought, share(6), 0, -1, {});
      give_back(static_cast<int>(result_.commitments.size()) - 1, bought + 24 * 5, -1);
    }
    if (most_used < 0) return;
    const std::int64_t window = end() - begin();
    // One unit too many, returned after two thirds of the time or nine months.
    const auto unit_of = [&](int c) {
      return std::int64_t{
          instance_types()[result_.prices[result_.commitments[c].price].type].normalized_quarters};
    };
    const Commitment most = result_.commitments[most_used];
    add_aws(false, Payment::kAllUpfront, 1, result_.payer[0], begin() - 24 * 30,
            (most.recurring + most.upfront) / most.quarters * unit_of(most_used),
            unit_of(most_used), most.price, most.family);
    give_back(static_cast<int>(result_.commitments.size()) - 1,
              begin() + std::min(window * 2 / 3, std::int64_t{24} * 270), -1);
    // The one that is too large, exchanged in the middle or after seven months for a smaller one of
    // a longer term.
    const Commitment large = result_.commitments[too_large];
    const std::int64_t units =
        std::max<std::int64_t>(1, large.quarters * 6 / 10 / unit_of(too_large));
    const std::int64_t quarters = units * unit_of(too_large);
    add_aws(false, Payment::kPartialUpfront, 3, large.account,
            begin() + std::min(window / 2, std::int64_t{24} * 200),
            (large.recurring + large.upfront) / large.quarters * quarters, quarters, large.price,
            large.family);
    const int successor = static_cast<int>(result_.commitments.size()) - 1;
    give_back(too_large, result_.commitments[successor].first_hour, successor);
  }

  /// Microsoft and Google: for each about half of what always runs of its largest family, and of
  /// the next one more than runs at once. Google sells the first as a commitment to spend.
  void make_other_commitments() {
    for (const Provider provider : {Provider::kAzure, Provider::kGcp}) {
      struct Family {
        int price;                          ///< of the first type that is met
        std::int64_t always = 0, most = 0;  ///< quarters
      };
      std::map<std::pair<std::string_view, int>, Family> families;  // by (family, region)
      std::int64_t spend = 0;
      for (const Line& line : result_.lines) {
        const Price& price = result_.prices[line.price];
        if (price.provider != provider) continue;
        if (!(line.flags & (kSavings | kReserved))) continue;
        const Demand demand = week_of(line, begin());
        if (price.savings > 0) spend += multiply_e10(price.savings, line.base) * demand.least;
        if (!(line.flags & kReserved) || demand.most == 0) continue;
        const InstanceType& type = instance_types()[price.type];
        Family& family =
            families.try_emplace({type.family, price.region}, Family{line.price}).first->second;
        family.always += type.normalized_quarters * demand.least;
        family.most += type.normalized_quarters * demand.most;
      }
      std::vector<Family> largest;
      for (const auto& [key, family] : families) largest.push_back(family);
      std::stable_sort(largest.begin(), largest.end(), [](const Family& a, const Family& b) {
        return std::pair(a.always, a.most) > std::pair(b.always, b.most);
      });
      if (largest.empty()) continue;
      // What is paid at once is bought in the second week; what recurs was there before.
      const std::int64_t long_ago = begin() - 24 * 75;
      const auto reserve = [&](const Family& family, std::int64_t wanted, Payment payment) {
        const Price& price = result_.prices[family.price];
        const InstanceType& type = instance_types()[price.type];
        const std::int64_t quarters =
            std::max<std::int64_t>(1, wanted / type.normalized_quarters) * type.normalized_quarters;
        // As with AWS: a share by units never has a rest.
        const std::int64_t rate = std::max<std::int64_t>(
            200, price.list * 62 / 100 / type.normalized_quarters / 200 * 200);
        const std::int64_t first = payment == Payment::kAllUpfront ? begin() + 24 * 8 : long_ago;
        return add_other(provider, family.price, payment, rate * quarters, quarters, first);
      };
      if (provider == Provider::kAzure)
        reserve(largest[0], largest[0].always * 55 / 100, Payment::kAllUpfront);
      else
        add_other(provider, -1, Payment::kNoUpfront,
                  std::max<std::int64_t>(kUnit / 1000, spend / 2 / (kUnit / 1000) * (kUnit / 1000)),
                  0, long_ago);
      const Family& next = largest[std::min<std::size_t>(1, largest.size() - 1)];
      reserve(next,
              next.most + instance_types()[result_.prices[next.price].type].normalized_quarters,
              Payment::kNoUpfront);
    }
  }

  /// A commitment of Microsoft or Google to `committed` an hour: to spend when `price` is -1, else
  /// a reservation of `quarters`.
  void add_other(Provider provider, int price, Payment payment, std::int64_t committed,
                 std::int64_t quarters, std::int64_t first) {
    const auto number = static_cast<std::uint32_t>(result_.commitments.size());
    const auto words =
        random_.at(Stream::kCommitment, number, static_cast<std::uint32_t>(provider));
    const int account = result_.payer[static_cast<int>(provider)] + 1;
    const bool microsoft = provider == Provider::kAzure, at_once = payment == Payment::kAllUpfront;
    Commitment c{};
    c.provider = provider;
    c.savings_plan = price < 0;
    c.monthly = microsoft;
    c.payment = payment;
    c.years = 1;
    c.account = account;
    c.first_hour = to_slot(first);
    c.last_hour = c.term_end = c.first_hour + 365 * 24;
    c.upfront = at_once ? committed : 0;
    c.recurring = committed - c.upfront;
    c.quarters = quarters;
    c.price = price;
    const int region = price < 0 ? -1 : result_.prices[price].region;
    if (price >= 0) c.family = instance_types()[result_.prices[price].type].family;
    const std::string code = hexadecimal(words[0], words[1]), &id = result_.accounts[account].id;
    c.name = (price < 0 ? "spend-" : "reservation-" + c.family + "-") + std::to_string(number + 1);
    c.id = microsoft
               ? "/providers/Microsoft.Capacity/reservationOrders/" + code + "/reservations/" +
                     hexadecimal(words[2], words[3])
               : "projects/" + id + "/" +
                     (region < 0 ? "global" : "regions/" + std::string(regions()[region].id)) +
                     "/commitments/" + c.name;
    c.contract = microsoft ? "contract-microsoft-1" : "contract-google-1";
    c.subject = add_subject(provider, account,
                            service_index(microsoft ? "Microsoft.Compute" : "6F81-5844-456A"),
                            own_invoice_group(provider), c.id, c.name, std::string(type_of(c)));
    result_.subjects[c.subject].region = region;
    const std::string what =
        "1 year " + std::string(type_of(c)) + (c.family.empty() ? "" : " of " + c.family);
    c.fee = add_fee(provider, c.recurring, what + ", hourly fee");
    c.upfront_fee = add_fee(provider, c.upfront_total(), what + ", paid at once");
    result_.commitments.push_back(std::move(c));
  }

  /// What ends a month or more before the time does is bought again for as long, sized by the week
  /// before: plans grow and shrink with what runs, a reservation is about half of what its family
  /// runs all the time; when that is nothing any more, it is given up.
  void renew_commitments() {
    const auto spend = [&](Provider provider, std::int64_t first) {
      std::int64_t sum = 0;
      for (const Line& line : result_.lines) {
        const Price& price = result_.prices[line.price];
        if (price.provider == provider && price.savings > 0)
          sum += multiply_e10(price.savings, line.base) * week_of(line, first).least;
      }
      return sum;
    };
    const auto always = [&](const Commitment& c, std::int64_t first) {
      std::int64_t quarters = 0;
      for (const Line& line : result_.lines) {
        const Price& price = result_.prices[line.price];
        if (line.flags & kReserved && price.provider == c.provider &&
            instance_types()[price.type].family == c.family &&
            price.region == result_.prices[c.price].region)
          quarters += instance_types()[price.type].normalized_quarters * week_of(line, first).least;
      }
      return quarters;
    };
    for (std::size_t i = 0; i < result_.commitments.size(); ++i) {
      const Commitment c = result_.commitments[i];
      if (c.given_back() || static_cast<int>(i) == followed_ || c.term_end + 24 * 30 > end())
        continue;
      const std::int64_t week = std::max(begin(), c.term_end - kWeek);
      std::int64_t committed = c.recurring + c.upfront, quarters = 0;
      if (c.savings_plan) {
        const std::int64_t then = spend(c.provider, std::max(begin(), c.first_hour - kWeek));
        if (then == 0) continue;
        committed = static_cast<std::int64_t>(static_cast<__int128>(committed) *
                                              spend(c.provider, week) / then) /
                    (kUnit / 500) * (kUnit / 500);
      } else {
        const std::int64_t unit =
            instance_types()[result_.prices[c.price].type].normalized_quarters;
        quarters = always(c, week) * 55 / 100 / unit * unit;
        committed = committed / c.quarters * quarters;
      }
      if (committed == 0) continue;
      if (c.provider == Provider::kAws)
        add_aws(c.savings_plan, c.payment, c.years, c.account, c.term_end, committed, quarters,
                c.price, c.family);
      else
        add_other(c.provider, c.price, c.payment, committed, quarters, c.term_end);
    }
  }

  /// Ends a commitment before its term. What was paid upfront for the rest of it is paid back, or
  /// put towards `successor`.
  void give_back(int which, std::int64_t hour, int successor) {
    Commitment& c = result_.commitments[which];
    c.last_hour = std::min(c.term_end, to_slot(hour));
    c.exchanged = successor >= 0;
    c.refund_fee = add_fee(Provider::kAws, c.refund(),
                           c.name + ", upfront fee of the time that is given back");
    result_.changes.push_back(
        {c.exchanged ? "exchange" : "return", c.last_hour - result_.slot_hours, c.last_hour,
         c.account, result_.subjects[c.subject].service, 1000,
         c.exchanged ? c.name + " is exchanged for " + result_.commitments[successor].name +
                           "; the unused part of its upfront fee is taken back"
                     : c.name + " is returned; the unused part of its upfront fee is paid back"});
  }

  /// Credits for each year of the platform: three quarters of what will be needed, so they run out
  /// and what follows is billed; then the buyer takes too many, and some expire.
  void make_capacities() {
    const int payer = result_.payer[0], account = payer + 1,
              holder = result_.payer[static_cast<int>(Provider::kFjord)];
    const int price = add_fee(Provider::kAws, kCreditList, "Fjord Data Cloud capacity, in credits");
    result_.prices[price].contracted = kCreditContracted;
    for (int month = 0, year = 1; month < options_.months; month += 12, ++year) {
      const std::int64_t first = result_.month_hours[month],
                         seen = result_.month_hours[std::min(options_.months, month + 12)];
      std::int64_t hourly = 0;
      for (const Line& line : result_.lines)
        hourly += multiply_e10(line.base, result_.prices[line.price].credits);
      Capacity c{};
      c.first_hour = first;
      c.last_hour = days_from_civil(first_of_month(options_.first_month, month + 12)) * 24;
      // Nights and weekends leave 64 % of the base.
      const std::int64_t percent = year % 2 == 1 ? 48 : 90;
      const std::int64_t whole =
          multiply_e10(hourly, (seen - first) * percent * (kUnit / 100)) / kUnit;
      c.credits = std::max<std::int64_t>(1, whole) * kUnit;
      c.id = "FJORD-CAP-" + result_.month_names[month];
      c.name = "capacity-" + std::to_string(year);
      c.contract = "contract-fjord-1";
      c.price = price;
      c.subject = add_subject(Provider::kAws, account, service_index("marketplace-fjord"), 1,
                              "arn:aws:marketplace:us-east-1:" + result_.accounts[account].id +
                                  ":agreement/agmt-fjord-" + std::to_string(year),
                              "Fjord Data Cloud capacity", "Agreement");
      c.holder = add_subject(Provider::kFjord, holder, service_index("fjord-cloud"),
                             own_invoice_group(Provider::kFjord), c.id, c.name, "Capacity");
      result_.changes.push_back({"capacity", first, first + result_.slot_hours, account,
                                 service_index("marketplace-fjord"), 1000,
                                 std::to_string(c.credits / kUnit) +
                                     " credits of Fjord Data are bought through AWS Marketplace; "
                                     "they cover usage that Fjord Data reports"});
      result_.capacities.push_back(std::move(c));
    }
  }

  const GenOptions& options_;
  Random random_;
  Enterprise result_;
  std::vector<std::int64_t> zipf_[kProviders], further_keys_;
  std::vector<std::int64_t> values_ = zipf(static_cast<int>(std::size(kWords)), 1.1);
  int first_further_key_ = 0;
  std::int64_t fleet_rows_ = 0;
  int aws_commitments_ = 0;
  int followed_ = -1;  ///< commitment that has its successor already
  std::map<TagSet, int> tag_index_;
  std::map<std::array<int, 4>, int> price_index_;
  int retagged_ = 0;
};

}  // namespace

std::string_view text(Payment payment) {
  return payment == Payment::kNoUpfront        ? "No Upfront"
         : payment == Payment::kPartialUpfront ? "Partial Upfront"
                                               : "All Upfront";
}

std::string_view type_of(const Commitment& commitment) {
  switch (commitment.provider) {
    case Provider::kAzure:
      return "Reservation";
    case Provider::kGcp:
      return commitment.savings_plan ? "Spend-Based Commitment" : "Resource-Based Commitment";
    default:
      return commitment.savings_plan ? "Savings Plan" : "Reserved Instance";
  }
}

std::string_view unit_of(const Commitment& commitment) {
  return commitment.savings_plan                 ? info(commitment.provider).currency
         : commitment.provider == Provider::kAws ? "Normalized-Hours"
                                                 : "vCPU-Hours";
}

std::int64_t busy(std::int64_t hour) {
  const std::int64_t day = hour / 24;
  const Date date = civil_from_days(day);
  const std::int64_t from_peak = std::abs(hour % 24 - 14);
  return (1000 - 50 * std::min(from_peak, 24 - from_peak)) * (is_free(day, date) ? 7 : 10) *
         season(date) / 10'000;
}

std::int64_t busy_day(std::int64_t hour) {
  const std::int64_t day = hour / 24;
  const Date date = civil_from_days(day);
  return (is_free(day, date) ? 490 : 700) * season(date) / 1000;
}

std::int64_t machine_hours(const Enterprise& enterprise, const Line& line, std::int64_t hour,
                           int hours) {
  const Fleet& fleet = enterprise.fleets[line.fleet];
  const Random random(enterprise.seed);
  const std::int64_t first = enterprise.month_hours.front(), end = hour + hours;
  // Per mille of all machines that have gone over to a generation.
  const auto gone_to = [&](int generation) -> std::int64_t {
    if (generation == 0) return 1000;
    if (generation > static_cast<int>(fleet.migrations.size())) return 0;
    const auto& [from, until] = fleet.migrations[generation - 1];
    return std::clamp<std::int64_t>((hour - from) * 1000 / (until - from), 0, 1000);
  };
  std::int64_t sum = 0;
  for (; hour < end; ++hour) {
    const std::int64_t level = fleet.levels[static_cast<std::size_t>((hour - first) / kWeek)];
    if (level == 0) continue;
    const auto words = random.at(Stream::kLife, 11, static_cast<std::uint32_t>(line.fleet),
                                 static_cast<std::uint32_t>(hour));
    const std::int64_t need = level * (1000 - fleet.swing + fleet.swing * busy(hour) / 1000) /
                              1000 * (970 + below(words[0], 61)) / 1000;
    const std::int64_t machines = std::max<std::int64_t>(1, (need + kMachine / 2) / kMachine);
    const auto rounded = [&](int generation) {
      return (machines * gone_to(generation) + 500) / 1000;
    };
    sum += rounded(line.generation) - rounded(line.generation + 1);
  }
  return sum;
}

std::int64_t multiply_e10(std::int64_t a, std::int64_t b) {
  const bool negative = (a < 0) != (b < 0);
  const auto product =
      static_cast<unsigned __int128>(a < 0 ? -a : a) * static_cast<std::uint64_t>(b < 0 ? -b : b);
  std::uint64_t whole, rest;
  if (static_cast<std::uint64_t>(product >> 64) == 0) {
    whole = static_cast<std::uint64_t>(product) / kUnit;
    rest = static_cast<std::uint64_t>(product) % kUnit;
  } else {
    whole = static_cast<std::uint64_t>(product / kUnit);
    rest = static_cast<std::uint64_t>(product % kUnit);
  }
  constexpr std::uint64_t half = kUnit / 2;
  if (rest > half || (rest == half && (whole & 1))) ++whole;
  SY_ASSERT(whole < (1ULL << 62));
  return negative ? -static_cast<std::int64_t>(whole) : static_cast<std::int64_t>(whole);
}

Enterprise build_enterprise(const GenOptions& options) { return Builder(options).build(); }

}  // namespace steelyard::samples
