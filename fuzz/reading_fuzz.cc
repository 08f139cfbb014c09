// Any bytes as a bill's file, plain or gzip: it is refused, or its rows are the same whether it is
// read in large blocks by one thread's worker or in tiny ones; and so is the error.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "bills/csv_source.h"
#include "bills/fake_writer.h"

namespace {

using namespace steelyard;

/// The rows in order, or the error, as text.
std::string read_all(const std::string& path, const FileKind& kind, const CsvHead& head,
                     std::size_t block_bytes) {
  CsvPlan plan;
  plan.path = path;
  plan.container = kind.container;
  plan.bytes = kind.bytes;
  plan.head = head;
  plan.block_bytes = block_bytes;
  plan.outcome = std::make_shared<ReadOutcome>();
  constexpr Type kTypes[] = {Type::kText,    Type::kDecimal, Type::kText, Type::kInstant,
                             Type::kTextMap, Type::kInt64,   Type::kBool};
  for (const std::string& name : delivered_names(head.names)) {
    plan.columns.push_back({name, kTypes[plan.columns.size() % std::size(kTypes)]});
  }
  plan.columns.push_back({std::string(kSourceRow), Type::kInt64});
  plan.columns.push_back({std::string(kSourceDecimals), Type::kText});
  std::vector<std::size_t> projection(plan.columns.size());
  for (std::size_t i = 0; i < projection.size(); ++i) projection[i] = i;
  auto source = make_csv_source(std::move(plan));
  auto worker = source->make_worker(projection);
  if (!worker) return worker.error().what;
  std::vector<std::vector<std::string>> rows;
  if (auto done = testing::drain(*source, **worker, projection, rows); !done) {
    return done.error().code + done.error().what + done.error().where;
  }
  std::string out;
  for (const auto& row : rows) {
    for (const std::string& cell : row) out += cell + "\x1f";
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int file = ::memfd_create("bill", 0);
  if (file < 0 || ::write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  ReadLimits limits;
  if (auto kind = look_at_file(path); kind && kind->container != Container::kParquet) {
    if (auto head = read_csv_head(path, kind->container, limits); head) {
      if (read_all(path, *kind, *head, 1 << 16) != read_all(path, *kind, *head, 16)) std::abort();
    }
  }
  ::close(file);
  return 0;
}
