#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>
#include <unordered_map>

#include "base/hash.h"
#include "base/text.h"
#include "lake/lake.h"

namespace steelyard {
namespace {

constexpr std::size_t kMaxThreads =
    4;  // SHA-256 is faster than most disks: more threads would only queue
constexpr std::uint64_t kLineSeed = 0x5359;

/// A line is "<check> <sha256> <identity>": the check makes a torn or flipped line recognisable.
std::string line_check(std::string_view rest) {
  const std::uint64_t sum = xxh3_64(rest.data(), rest.size(), kLineSeed);
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>((sum >> shift) & 0xFF);
  return hex(bytes);
}

class FileCache : public VerificationCache {
 public:
  explicit FileCache(std::string path) : path_(std::move(path)) {
    std::ifstream file(path_, std::ios::binary);
    std::string line;
    while (std::getline(file, line)) {
      const std::size_t check_end = line.find(' ');
      if (check_end == std::string::npos) continue;
      const std::string rest = line.substr(check_end + 1);
      if (rest.size() < 66 || rest[64] != ' ' || line_check(rest) != line.substr(0, check_end))
        continue;
      known_[rest.substr(65)] = rest.substr(0, 64);
    }
  }

  std::string find(const std::string& identity) override {
    const auto found = known_.find(identity);
    return found == known_.end() ? "" : found->second;
  }

  void remember(const std::string& identity, const std::string& sha256) override {
    if (identity.find('\n') != std::string::npos) return;
    std::string& known = known_[identity];
    if (known == sha256) return;
    known = sha256;
    const std::string rest = sha256 + ' ' + identity;
    // One write at the end of the file is not interleaved with those of other processes. The line
    // break in front ends a line that a crash may have cut.
    const std::string line = '\n' + line_check(rest) + ' ' + rest + '\n';
    const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0) return;
    [[maybe_unused]] const auto written = ::write(file, line.data(), line.size());
    ::close(file);
  }

 private:
  std::string path_;
  std::unordered_map<std::string, std::string> known_;
};

/// "" or what is wrong with the file.
std::string verify_file(Store& store, const std::string& path, const DataFile& expected,
                        VerificationCache* cache, std::mutex& cache_mutex,
                        const std::function<void(std::int64_t)>& on_bytes) {
  auto before = store.stat(path);
  if (!before) return before.error().code == "SY1101" ? "is missing" : before.error().what;
  if (before->size != expected.size) {
    return "has " + with_thousands(before->size) + " bytes instead of " +
           with_thousands(expected.size);
  }
  // The path belongs to the key, because files of two disks may have the same inode and times.
  const std::string key = before->identity + ' ' + path;
  if (cache != nullptr) {
    std::lock_guard lock(cache_mutex);
    if (cache->find(key) == expected.sha256) {
      on_bytes(expected.size);
      return "";
    }
  }
  auto hash = store.sha256(path, on_bytes);
  if (!hash) return hash.error().what;
  if (*hash != expected.sha256)
    return "is not what was committed: its SHA-256 is " + *hash + ", not " + expected.sha256;
  auto after = store.stat(path);
  if (cache != nullptr && after && after->identity == before->identity) {
    std::lock_guard lock(cache_mutex);
    cache->remember(key, *hash);
  }
  return "";
}

}  // namespace

std::unique_ptr<VerificationCache> file_verification_cache(std::string path) {
  return std::make_unique<FileCache>(std::move(path));
}

Status verify_files(
    Store& store, const Table& table, const Snapshot& snapshot, VerificationCache* cache,
    const std::function<void(std::int64_t bytes_done, std::int64_t bytes_all)>& progress) {
  std::int64_t bytes_all = 0;
  for (const DataFile& file : snapshot.files) bytes_all += file.size;

  std::mutex cache_mutex, progress_mutex;
  std::int64_t bytes_done = 0;
  std::atomic<std::size_t> next = 0;
  std::vector<std::string> problems(snapshot.files.size());
  const auto work = [&] {
    while (true) {
      const std::size_t index = next++;
      if (index >= snapshot.files.size()) return;
      const DataFile& file = snapshot.files[index];
      std::int64_t file_done = 0;
      problems[index] = verify_file(store, table.name() + '/' + file.path, file, cache, cache_mutex,
                                    [&](std::int64_t bytes) {
                                      if (!progress) return;
                                      std::lock_guard lock(progress_mutex);
                                      bytes_done += bytes - file_done;
                                      file_done = bytes;
                                      progress(bytes_done, bytes_all);
                                    });
    }
  };
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < std::min({cores, kMaxThreads, snapshot.files.size()}); ++i)
    threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();

  Error error{"SY1310",
              "",
              table.name(),
              "restore the files from a backup, or load the deliveries again",
              {}};
  for (std::size_t i = 0; i < problems.size(); ++i) {
    if (!problems[i].empty())
      error.notes.push_back(table.name() + '/' + snapshot.files[i].path + ' ' + problems[i]);
  }
  if (error.notes.empty()) return {};
  error.what = std::to_string(error.notes.size()) + " of " + std::to_string(snapshot.files.size()) +
               " data files of version " + std::to_string(snapshot.version) + " of " +
               table.name() + " are missing or damaged";
  return fail(std::move(error));
}

}  // namespace steelyard
