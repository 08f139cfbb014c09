// Verification: a data file that is missing, cut, grown or has one other bit is named; a file that
// is known to be good is not read again.
#include "lake_testing.h"

namespace steelyard::testing {
namespace {

class VerifyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a", "b", "c"})
      load(*store_, table_, "2026-07", std::string("aws-") + name, name, later(0));
    snapshot_ = *table_.snapshot();
    ASSERT_EQ(snapshot_.files.size(), 3U);
  }
  std::string disk_path(std::size_t index) {
    return folder_.path() + "/charges/" + snapshot_.files[index].path;
  }
  Status verify(VerificationCache* cache = nullptr) {
    return verify_files(*store_, table_, snapshot_, cache);
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_ = local_store(folder_.path());
  Table table_{*store_, "charges"};
  Snapshot snapshot_;
};

/// Counts how often a file's content is hashed.
class CountingStore : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  std::atomic<int> hashed = 0;
  Result<std::string> sha256(const std::string& path,
                             const std::function<void(std::int64_t)>& on_bytes) override {
    ++hashed;
    return ForwardingStore::sha256(path, on_bytes);
  }
};

TEST_F(VerifyTest, AGoodLakeIsGood) {
  std::int64_t last = 0, all = 0;
  const Status status = verify_files(*store_, table_, snapshot_, nullptr,
                                     [&](std::int64_t done, std::int64_t bytes_all) {
                                       EXPECT_GE(done, last);
                                       last = done;
                                       all = bytes_all;
                                     });
  EXPECT_TRUE(status) << describe(status.error());
  EXPECT_EQ(last, all);
  EXPECT_EQ(all, 3 * static_cast<std::int64_t>(std::string("content of a").size()));
}

TEST_F(VerifyTest, EveryFlippedBitOfADataFileIsFound) {
  const std::string good = read_bytes(disk_path(1));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    write_bytes(disk_path(1), bad);
    const Status status = verify();
    ASSERT_EQ(code_of(status), "SY1310") << "bit " << bit;
    ASSERT_EQ(status.error().notes.size(), 1U);
    ASSERT_NE(status.error().notes[0].find(snapshot_.files[1].path), std::string::npos);
  }
  write_bytes(disk_path(1), good);
  EXPECT_TRUE(verify());
}

TEST_F(VerifyTest, MissingCutAndGrownFilesAreNamed) {
  std::filesystem::remove(disk_path(0));
  const std::string content = read_bytes(disk_path(1));
  write_bytes(disk_path(1), content.substr(0, content.size() - 1));
  write_bytes(disk_path(2), content + "x");
  const Status status = verify();
  ASSERT_EQ(code_of(status), "SY1310");
  ASSERT_EQ(status.error().notes.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NE(status.error().notes[i].find(snapshot_.files[i].path), std::string::npos);
  EXPECT_NE(status.error().notes[0].find("is missing"), std::string::npos);
}

TEST_F(VerifyTest, AKnownFileIsNotReadAgain) {
  TemporaryFolder elsewhere;
  const std::string path = elsewhere.path() + "/verified.txt";
  CountingStore counting(*store_);
  auto cache = file_verification_cache(path);
  EXPECT_TRUE(verify_files(counting, table_, snapshot_, cache.get()));
  EXPECT_EQ(counting.hashed, 3);
  EXPECT_TRUE(verify_files(counting, table_, snapshot_, cache.get()));
  EXPECT_EQ(counting.hashed, 3);
  auto reopened = file_verification_cache(path);
  EXPECT_TRUE(verify_files(counting, table_, snapshot_, reopened.get()));
  EXPECT_EQ(counting.hashed, 3) << "the cache outlives the process";
  EXPECT_TRUE(verify_files(counting, table_, snapshot_, nullptr));
  EXPECT_EQ(counting.hashed, 6) << "without a cache everything is read";

  ::usleep(20'000);  // a file system's clock ticks every few milliseconds
  std::string content = read_bytes(disk_path(2));
  content[0] ^= 1;
  write_bytes(disk_path(2), content);
  EXPECT_EQ(code_of(verify_files(counting, table_, snapshot_, reopened.get())), "SY1310");
  EXPECT_EQ(counting.hashed, 7);
}

TEST_F(VerifyTest, DamagedLinesOfTheCacheAreIgnored) {
  TemporaryFolder elsewhere;
  const std::string path = elsewhere.path() + "/verified.txt";
  const std::string hash = sha256_hex("x");
  file_verification_cache(path)->remember("first file", hash);
  file_verification_cache(path)->remember("second file", hash);
  EXPECT_EQ(file_verification_cache(path)->find("first file"), hash);
  const std::string good = read_bytes(path);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] ^= 1;
    write_bytes(path, bad);
    auto cache = file_verification_cache(path);
    const int known = (cache->find("first file") == hash) + (cache->find("second file") == hash);
    EXPECT_EQ(known, good[at] == '\n' && known == 2 ? 2 : 1) << at;
  }
  // A process died in the middle of its line; the next one writes on.
  write_bytes(path, good.substr(0, good.size() - 10));
  file_verification_cache(path)->remember("third file", hash);
  auto cache = file_verification_cache(path);
  EXPECT_EQ(cache->find("first file"), hash);
  EXPECT_EQ(cache->find("second file"), "");
  EXPECT_EQ(cache->find("third file"), hash);
}

TEST_F(VerifyTest, ACacheThatCannotBeKeptIsNoError) {
  auto cache = file_verification_cache(folder_.path() + "/no/such/folder/cache");
  EXPECT_TRUE(verify(cache.get()));
  EXPECT_TRUE(verify(cache.get()));
}

}  // namespace
}  // namespace steelyard::testing
