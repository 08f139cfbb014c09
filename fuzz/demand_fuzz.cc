// Any bytes as hourly demand: refused with a code and a place, or a matrix of distinct pools whose
// rows can be summed, and which holds what the file says.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "commitments/demand.h"

namespace {

using namespace steelyard;

void must(bool holds) {
  if (!holds) std::abort();
}

/// A source is registered for good: now and then with a new engine.
Engine& an_engine() {
  static Engine* engine = nullptr;
  static int uses = 0;
  if (uses++ % 200 == 0) {
    delete engine;
    engine = open_duckdb({.threads = 1, .memory_bytes = 1 << 28})->release();
  }
  return *engine;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string path = std::filesystem::temp_directory_path() /
                                  ("steelyard_fuzz" + std::to_string(::getpid()) + ".csv");
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  const auto demand = read_demand(an_engine(), {.path = path, .max_cells = 100'000});
  if (!demand) {
    must(demand.error().code.starts_with("SY182") || demand.error().code.starts_with("SY12"));
    must(demand.error().where.find(path) != std::string::npos);
    return must(!demand.error().fix.empty()), 0;
  }
  must(demand->counts.size() == demand->hours * demand->pools.size());
  must(std::is_sorted(demand->pools.begin(), demand->pools.end()));
  must(std::adjacent_find(demand->pools.begin(), demand->pools.end()) == demand->pools.end());
  for (const std::int64_t count : demand->counts) must(count >= 0 && count < kMaxRowSum);
  const auto total = aggregate(*demand, {});
  if (!total) return must(total.error().code == "SY1824"), 0;
  must(total->pools.size() == 1 && total->hours == demand->hours);
  return 0;
}
