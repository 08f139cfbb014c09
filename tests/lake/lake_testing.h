// What the tests of the lake share: a folder that goes away, and small tables whose data files need
// not be Parquet.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/hash.h"
#include "lake/lake.h"
#include "store/store.h"

namespace steelyard::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    static std::atomic<int> number = 0;
    // Tests sync thousands of times; in memory that costs nothing and means the same to them.
    const std::filesystem::path memory = "/dev/shm";
    const bool in_memory = ::access(memory.c_str(), W_OK) == 0;
    path_ = ((in_memory ? memory : std::filesystem::temp_directory_path()) /
             ("steelyard-lake-" + std::to_string(::getpid()) + '-' + std::to_string(number++)))
                .string();
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string describe(const Error& error) {
  std::string out = error.code + ' ' + error.what + " [" + error.where + ']';
  for (const std::string& note : error.notes) out += "\n  " + note;
  return out;
}
template <class T>
std::string code_of(const Result<T>& result) {
  return result ? "" : result.error().code;
}

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}
inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
}

/// A store that passes everything on; a test overrides what it wants to see or to disturb.
class ForwardingStore : public Store {
 public:
  explicit ForwardingStore(Store& store) : store_(store) {}
  Result<std::string> read(const std::string& path) override { return store_.read(path); }
  Result<FileInfo> stat(const std::string& path) override { return store_.stat(path); }
  Result<std::vector<FileInfo>> list(const std::string& folder) override {
    return store_.list(folder);
  }
  Result<std::vector<FileInfo>> list_below(const std::string& folder) override {
    return store_.list_below(folder);
  }
  Status put_if_absent(const std::string& path, std::string_view content) override {
    return store_.put_if_absent(path, content);
  }
  Status put(const std::string& path, std::string_view content) override {
    return store_.put(path, content);
  }
  Result<std::string> make_staging() override { return store_.make_staging(); }
  Status discard_staging(const std::string& folder) override {
    return store_.discard_staging(folder);
  }
  Result<std::vector<std::string>> sweep_staging(std::int64_t before_micros,
                                                 bool dry_run) override {
    return store_.sweep_staging(before_micros, dry_run);
  }
  Status publish(const std::string& file, const std::string& path) override {
    return store_.publish(file, path);
  }
  Status remove(const std::string& path) override { return store_.remove(path); }
  std::string absolute(const std::string& path) const override { return store_.absolute(path); }
  Result<std::string> sha256(const std::string& path,
                             const std::function<void(std::int64_t)>& on_bytes) override {
    return store_.sha256(path, on_bytes);
  }

 private:
  Store& store_;
};

/// Puts a file of the right size where `file` says, without staging.
inline void put_file(const Store& store, const std::string& table, const DataFile& file) {
  const std::filesystem::path path = store.absolute(table + '/' + file.path);
  std::filesystem::create_directories(path.parent_path());
  write_bytes(path, std::string(static_cast<std::size_t>(file.size), 'x'));
}

inline constexpr std::int64_t kSecond = 1'000'000;
inline constexpr std::int64_t kDay = 86'400 * kSecond;
/// 2026-07-01T00:00:00Z.
inline constexpr Instant kStart{1'782'864'000 * kSecond};
inline Instant later(std::int64_t seconds) { return {kStart.micros + seconds * kSecond}; }

inline std::string partition_path(const std::string& period, const std::string& source,
                                  const std::string& name) {
  return "x_BillingPeriod=" + period + "/x_Source=" + source + '/' + name + ".parquet";
}

/// Stages and publishes `content` as a data file of the table.
inline Result<DataFile> publish_file(Store& store, const std::string& table,
                                     const std::string& period, const std::string& source,
                                     const std::string& name, const std::string& content) {
  auto staging = store.make_staging();
  if (!staging) return pass(staging);
  const std::string staged = *staging + "/file";
  write_bytes(staged, content);
  DataFile file;
  file.path = partition_path(period, source, name);
  file.partition = {{"x_BillingPeriod", period}, {"x_Source", source}};
  file.size = static_cast<std::int64_t>(content.size());
  file.rows = 10;
  file.modified_millis = kStart.micros / 1000;
  file.sha256 = sha256_hex(content);
  Status published = store.publish(staged, table + '/' + file.path);
  const Status discarded = store.discard_staging(*staging);
  if (!published) return pass(published);
  if (!discarded) return fail(discarded.error());
  return file;
}

inline std::vector<SchemaField> small_schema() {
  return {{"BilledCost", Type::kDecimal},
          {"ChargePeriodStart", Type::kInstant},
          {"Tags", Type::kTextMap}};
}

/// A commit that replaces (period, source) by the files.
inline Commit replace_commit(const std::string& period, const std::string& source,
                             std::vector<DataFile> files, Instant now) {
  Commit commit;
  commit.mode = Commit::Mode::kReplace;
  commit.scope = {{"x_BillingPeriod", period}, {"x_Source", source}};
  commit.schema = small_schema();
  commit.partition_columns = {"x_BillingPeriod", "x_Source"};
  commit.add = std::move(files);
  commit.operation = "REPLACE SCOPE";
  commit.delivery = R"({"id": "d1", "sums": {"USD": "12.50"}})";
  commit.now = now;
  return commit;
}

inline std::vector<std::string> paths_of(const Snapshot& snapshot) {
  std::vector<std::string> paths;
  for (const DataFile& file : snapshot.files) paths.push_back(file.path);
  return paths;
}

/// Commits one file named `name` that replaces its scope, and returns the version.
inline std::int64_t load(Store& store, Table& table, const std::string& period,
                         const std::string& source, const std::string& name, Instant now) {
  auto file = publish_file(store, table.name(), period, source, name, "content of " + name);
  EXPECT_TRUE(file) << describe(file.error());
  if (!file) return -1;
  auto version = table.commit(replace_commit(period, source, {*file}, now));
  EXPECT_TRUE(version) << describe(version.error());
  return version && *version ? **version : -1;
}

}  // namespace steelyard::testing
