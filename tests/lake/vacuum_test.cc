// Vacuum: what a kept version needs stays; what went answers that it is gone; an ingest at work
// loses nothing.
#include "lake_testing.h"

namespace steelyard::testing {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;

class VacuumTest : public ::testing::Test {
 protected:
  /// Four versions, a day apart: each but the last is superseded; another source is never
  /// superseded.
  void SetUp() override {
    load(*store_, table_, "2026-07", "gcp-1", "other", later(0));
    for (int i = 1; i <= 4; ++i)
      load(*store_, table_, "2026-07", "aws-1", std::to_string(i), later(i * kDaySeconds));
  }
  Result<VacuumReport> run(Instant keep_since, bool dry_run = false) {
    return vacuum(*store_, {"charges", "invoices"}, keep_since, now_, dry_run);
  }
  std::string path(const std::string& name) {
    return "charges/" + partition_path("2026-07", "aws-1", name);
  }
  bool exists(const std::string& path) {
    return std::filesystem::exists(folder_.path() + '/' + path);
  }
  bool whole(std::int64_t version) {
    const auto snapshot = table_.snapshot(version);
    return snapshot && verify_files(*store_, table_, *snapshot, nullptr);
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_ = local_store(folder_.path());
  Table table_{*store_, "charges"};
  Instant now_ = later(10 * kDaySeconds);
};

TEST_F(VacuumTest, WhatKeptVersionsNeedStays) {
  const auto report = run(later(3 * kDaySeconds));
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_EQ(report->removed, (std::vector<std::string>{path("1"), path("2")}));
  EXPECT_EQ(report->bytes, 2 * static_cast<std::int64_t>(std::string("content of 1").size()));
  EXPECT_FALSE(exists(path("1")));
  EXPECT_TRUE(exists(path("3"))) << "in force at the moment from which on all is kept";
  EXPECT_TRUE(whole(3));
  EXPECT_TRUE(whole(4));
  EXPECT_EQ(code_of(table_.snapshot(1)), "SY1303");
  EXPECT_EQ(code_of(table_.snapshot(2)), "SY1303");
  EXPECT_TRUE(whole(0)) << "lost nothing: its file is still in use";
  const auto history = table_.history();
  ASSERT_EQ(history->size(), 6U);
  EXPECT_EQ(history->back().operation, "VACUUM");
  EXPECT_TRUE(whole(5));
}

TEST_F(VacuumTest, TheVersionInForceBetweenTwoCommitsIsKept) {
  ASSERT_TRUE(run(later(3 * kDaySeconds + 100)));
  EXPECT_TRUE(whole(3));
  EXPECT_FALSE(whole(2));
}

TEST_F(VacuumTest, TheNewestVersionAlwaysStays) {
  ASSERT_TRUE(run(later(1000 * kDaySeconds)));
  EXPECT_TRUE(whole(4));
  EXPECT_FALSE(whole(3));
  EXPECT_TRUE(exists(path("4")));
}

TEST_F(VacuumTest, NothingToDoLeavesNoVersion) {
  ASSERT_TRUE(run(later(0)));
  EXPECT_EQ(table_.snapshot()->version, 4);
  ASSERT_TRUE(run(later(3 * kDaySeconds)));
  EXPECT_EQ(table_.snapshot()->version, 5);
  const auto again = run(later(3 * kDaySeconds));
  EXPECT_TRUE(again->removed.empty());
  EXPECT_EQ(table_.snapshot()->version, 5);
}

TEST_F(VacuumTest, ADryRunOnlySays) {
  const auto report = run(later(3 * kDaySeconds), true);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->removed, (std::vector<std::string>{path("1"), path("2")}));
  for (int version = 0; version <= 4; ++version) EXPECT_TRUE(whole(version));
  EXPECT_EQ(table_.snapshot()->version, 4);
}

TEST_F(VacuumTest, AnIngestAtWorkKeepsItsFiles) {
  const auto fresh =
      publish_file(*store_, "charges", "2026-07", "aws-1", "fresh", "not yet committed");
  const auto old = publish_file(*store_, "charges", "2026-07", "aws-1", "old", "never committed");
  ASSERT_TRUE(fresh && old);
  const auto written = store_->stat("charges/" + fresh->path);
  ASSERT_TRUE(written);
  now_ = {written->modified_micros + kDay - kSecond};
  EXPECT_TRUE(run(later(0))->removed.empty());
  now_ = {written->modified_micros + kDay + 3600 * kSecond};
  std::filesystem::last_write_time(
      folder_.path() + "/charges/" + fresh->path,
      std::filesystem::last_write_time(folder_.path() + "/charges/" + fresh->path) +
          std::chrono::hours(24));
  EXPECT_EQ(run(later(0))->removed, (std::vector<std::string>{path("old")}));
  EXPECT_TRUE(exists(path("fresh")));
  for (int version = 0; version <= 4; ++version)
    EXPECT_TRUE(whole(version)) << "files of the log are never orphans, however old";
}

/// Lets an ingest that uses a superseded file again commit at a chosen moment of a vacuum.
class RacingStore : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  std::string moment;
  std::function<void()> commit;
  Result<std::vector<FileInfo>> list_below(const std::string& folder) override {
    auto files = ForwardingStore::list_below(folder);
    if (folder == "charges") strike("listed");
    return files;
  }
  Status put_if_absent(const std::string& path, std::string_view content) override {
    strike("before the announcement");
    Status done = ForwardingStore::put_if_absent(path, content);
    strike("after the announcement");
    return done;
  }

 private:
  void strike(const std::string& now) {
    if (now == moment && commit) std::exchange(commit, nullptr)();
  }
};

TEST_F(VacuumTest, AFileThatIsUsedAgainMeanwhileStays) {
  const DataFile first = [&] {
    const auto snapshot = table_.snapshot(1);
    for (const DataFile& file : snapshot->files) {
      if (file.path == partition_path("2026-07", "aws-1", "1")) return file;
    }
    return DataFile{};
  }();
  ASSERT_FALSE(first.path.empty());
  const std::string content = read_bytes(folder_.path() + "/charges/" + first.path);
  for (const char* moment : {"listed", "before the announcement", "after the announcement"}) {
    SCOPED_TRACE(moment);
    TemporaryFolder copy;
    std::filesystem::copy(folder_.path(), copy.path(),
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::overwrite_existing);
    auto clean = local_store(copy.path());
    RacingStore racing(*clean);
    racing.moment = moment;
    bool committed = false;
    racing.commit = [&] {
      const auto version =
          Table(*clean, "charges")
              .commit(replace_commit("2026-07", "aws-1", {first}, later(5 * kDaySeconds)));
      committed = version.has_value();
    };
    const auto report = vacuum(racing, {"charges"}, later(4 * kDaySeconds), now_, false);
    ASSERT_TRUE(report) << describe(report.error());
    EXPECT_TRUE(committed);
    EXPECT_GE(report->removed.size(), 2U) << "the others go";
    Table table(*clean, "charges");
    const auto snapshot = table.snapshot();
    ASSERT_TRUE(snapshot) << describe(snapshot.error());
    const Status verified = verify_files(*clean, table, *snapshot, nullptr);
    EXPECT_TRUE(verified) << describe(verified.error());
    EXPECT_EQ(read_bytes(copy.path() + "/charges/" + first.path), content);
  }
}

TEST_F(VacuumTest, WhateverIsRemovedNoKeptVersionLosesAFile) {
  // A longer life with appends, corrections and removals, vacuumed at each moment of it.
  for (std::int64_t moment = 0; moment <= 12; ++moment) {
    TemporaryFolder folder;
    auto store = local_store(folder.path());
    Table table(*store, "charges");
    for (int i = 0; i < 12; ++i) {
      const std::string source = i % 3 == 0 ? "gcp-1" : "aws-1";
      auto file = publish_file(*store, "charges", "2026-07", source, "f" + std::to_string(i),
                               "content " + std::to_string(i));
      Commit commit = replace_commit("2026-07", source, {*file}, later(i * kDaySeconds));
      if (i % 4 == 1) commit.mode = Commit::Mode::kAppend;
      if (i % 5 == 4) commit.add.clear();
      ASSERT_TRUE(table.commit(commit));
    }
    const Instant keep_since = later(moment * kDaySeconds - 1);
    ASSERT_TRUE(vacuum(*store, {"charges"}, keep_since, later(100 * kDaySeconds), false));
    const auto history = table.history();
    ASSERT_TRUE(history);
    for (const VersionInfo& info : *history) {
      const auto snapshot = table.snapshot(info.version);
      EXPECT_TRUE(snapshot || info.version < moment - 1) << info.version << " at " << moment;
      if (snapshot) {
        EXPECT_TRUE(verify_files(*store, table, *snapshot, nullptr))
            << info.version << " at " << moment;
      } else {
        EXPECT_EQ(code_of(snapshot), "SY1303");
      }
    }
  }
}

}  // namespace
}  // namespace steelyard::testing
