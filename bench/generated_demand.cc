// Hourly demand of a generated enterprise, straight from what runs in it: a bill of it has the same
// in its rows, and takes far longer to write and read (bench/policies.py compares them once in each
// run). The machines of AmazonEC2 by region and family, in normalized units (a large
// is 4): what an EC2 Instance Savings Plan is bought for, and a Compute Savings Plan covers all of.
//   generated_demand ROWS MONTHS SEED > demand.csv     as `steelyard gen --grain=hour`
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "samples/enterprise.h"

namespace {

using namespace steelyard;
using namespace steelyard::samples;

/// Quarters of a normalized unit in each hour, by region and family.
using Demand = std::map<std::pair<std::string_view, std::string_view>, std::vector<std::int64_t>>;

Demand demand_of(const Enterprise& enterprise) {
  const std::int64_t begin = enterprise.month_hours.front(), end = enterprise.month_hours.back();
  Demand demand;
  for (const Line& line : enterprise.lines) {
    const Subject& subject = enterprise.subjects[line.subject];
    if (!(line.flags & kInstance) || subject.instance_type < 0) continue;
    const InstanceType& type = instance_types()[subject.instance_type];
    if (type.service != "AmazonEC2") continue;
    auto& hours = demand[{regions()[subject.region].id, type.family}];
    hours.resize(static_cast<std::size_t>(end - begin));
    for (std::int64_t hour = std::max(line.first_hour, begin); hour < std::min(line.last_hour, end);
         ++hour) {
      const std::int64_t machines = line.fleet < 0 ? 1 : machine_hours(enterprise, line, hour, 1);
      hours[static_cast<std::size_t>(hour - begin)] += machines * type.normalized_quarters;
    }
  }
  return demand;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: generated_demand ROWS MONTHS SEED > demand.csv\n", stderr);
    return 2;
  }
  GenOptions options;
  options.rows = std::atoll(argv[1]);
  options.months = std::atoi(argv[2]);
  options.seed = std::strtoull(argv[3], nullptr, 10);
  options.grain = GenGrain::kHourly;
  const Enterprise enterprise = build_enterprise(options);
  const Demand demand = demand_of(enterprise);
  std::puts("hour,region,family,quantity");
  const std::int64_t begin = enterprise.month_hours.front(), end = enterprise.month_hours.back();
  for (std::int64_t hour = begin; hour < end; ++hour) {
    const std::string when = format_instant({hour * 3'600'000'000});
    for (const auto& [pool, hours] : demand) {
      const std::int64_t quarters = hours[static_cast<std::size_t>(hour - begin)];
      if (quarters > 0)
        std::printf("%s,%s,%s,%lld.%02lld\n", when.c_str(), std::string(pool.first).c_str(),
                    std::string(pool.second).c_str(), static_cast<long long>(quarters / 4),
                    static_cast<long long>(quarters % 4 * 25));
    }
  }
  return std::fclose(stdout) == 0 ? 0 : 1;
}
