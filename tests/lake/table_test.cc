// Versions of a table: what a commit does to the state, and that each former state is found again
// by number and by time.
#include <sys/wait.h>

#include <set>
#include <thread>

#include "lake_testing.h"

namespace steelyard::testing {
namespace {

class TableTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::unique_ptr<Store> store_ = local_store(folder_.path());
  Table table_{*store_, "charges"};

  Snapshot state(std::optional<std::int64_t> version = {}) {
    auto snapshot = table_.snapshot(version);
    EXPECT_TRUE(snapshot) << describe(snapshot.error());
    return snapshot ? *snapshot : Snapshot{};
  }
  DataFile file(const std::string& period, const std::string& source, const std::string& name) {
    auto published = publish_file(*store_, "charges", period, source, name, "content of " + name);
    EXPECT_TRUE(published) << describe(published.error());
    return *published;
  }
  std::string log_file(std::int64_t version) {
    std::string digits = std::to_string(version);
    return folder_.path() + "/charges/_delta_log/" + std::string(20 - digits.size(), '0') + digits +
           ".json";
  }
};

TEST_F(TableTest, ATableThatIsNotThereHasNoVersions) {
  EXPECT_EQ(state().version, -1);
  EXPECT_TRUE(state().files.empty());
  EXPECT_TRUE(table_.history()->empty());
  EXPECT_EQ(code_of(table_.snapshot(0)), "SY1302");
  EXPECT_EQ(code_of(table_.version_at(kStart)), "SY1302");
}

TEST_F(TableTest, AReplaceTouchesItsScopeOnly) {
  EXPECT_EQ(load(*store_, table_, "2026-06", "aws-1", "a", later(0)), 0);
  EXPECT_EQ(load(*store_, table_, "2026-07", "aws-1", "b", later(1)), 1);
  EXPECT_EQ(load(*store_, table_, "2026-07", "gcp-1", "c", later(2)), 2);
  EXPECT_EQ(load(*store_, table_, "2026-07", "aws-1", "d", later(3)), 3);
  const std::string a = partition_path("2026-06", "aws-1", "a"),
                    b = partition_path("2026-07", "aws-1", "b"),
                    c = partition_path("2026-07", "gcp-1", "c"),
                    d = partition_path("2026-07", "aws-1", "d");
  EXPECT_EQ(paths_of(state()), (std::vector<std::string>{a, d, c}));
  EXPECT_EQ(paths_of(state(2)), (std::vector<std::string>{a, b, c}));
  EXPECT_EQ(paths_of(state(0)), (std::vector<std::string>{a}));
}

TEST_F(TableTest, AnAppendKeepsWhatIsThere) {
  load(*store_, table_, "2026-07", "aws-1", "a", later(0));
  Commit commit = replace_commit("2026-07", "aws-1", {file("2026-07", "aws-1", "b")}, later(1));
  commit.mode = Commit::Mode::kAppend;
  EXPECT_EQ(**table_.commit(commit), 1);
  EXPECT_EQ(state().files.size(), 2U);
}

TEST_F(TableTest, AReplaceByNothingEmptiesTheScope) {
  load(*store_, table_, "2026-07", "aws-1", "a", later(0));
  EXPECT_EQ(**table_.commit(replace_commit("2026-07", "aws-1", {}, later(1))), 1);
  EXPECT_TRUE(state().files.empty());
  EXPECT_EQ(state(0).files.size(), 1U);
}

TEST_F(TableTest, AnEmptyScopeReplacesTheWholeTable) {
  load(*store_, table_, "2026-06", "aws-1", "a", later(0));
  Commit commit = replace_commit("2026-07", "aws-1", {file("2026-07", "aws-1", "b")}, later(1));
  commit.scope.clear();
  EXPECT_EQ(**table_.commit(commit), 1);
  EXPECT_EQ(paths_of(state()), (std::vector<std::string>{partition_path("2026-07", "aws-1", "b")}));
}

TEST_F(TableTest, AFileComesBackAsItWasCommitted) {
  DataFile odd = file("2026-07", "aws-1", "a");
  odd.path = "x_BillingPeriod=2026-07/x_Source=aws-1/50 % \xC3\xA9\"#?.parquet";
  put_file(*store_, "charges", odd);
  odd.stats = R"({"numRecords":10,"minValues":{"x":"a\"b\\"}})";
  ASSERT_TRUE(table_.commit(replace_commit("2026-07", "aws-1", {odd}, later(0))));
  Table other(*store_, "charges");
  const auto snapshot = other.snapshot();
  ASSERT_TRUE(snapshot) << describe(snapshot.error());
  ASSERT_EQ(snapshot->files.size(), 1U);
  const DataFile& back = snapshot->files[0];
  EXPECT_EQ(back.path, odd.path);
  EXPECT_EQ(back.partition, odd.partition);
  EXPECT_EQ(back.size, odd.size);
  EXPECT_EQ(back.rows, 10);
  EXPECT_EQ(back.modified_millis, odd.modified_millis);
  EXPECT_EQ(back.sha256, odd.sha256);
  EXPECT_EQ(back.stats, odd.stats);
  EXPECT_NE(read_bytes(log_file(0)).find("50%20%25%20%C3%A9%22%23%3F.parquet"), std::string::npos);
}

TEST_F(TableTest, AVersionIsFoundByItsTime) {
  for (int i = 0; i < 4; ++i)
    load(*store_, table_, "2026-07", "aws-1", std::to_string(i), later(10 * i));
  EXPECT_EQ(code_of(table_.version_at(later(-1))), "SY1302");
  EXPECT_EQ(*table_.version_at(later(0)), 0);
  EXPECT_EQ(*table_.version_at(later(9)), 0);
  EXPECT_EQ(*table_.version_at(later(10)), 1);
  EXPECT_EQ(*table_.version_at(later(1000)), 3);
  EXPECT_EQ(state(2).committed, later(20));
}

TEST_F(TableTest, TimesRiseEvenWhenAClockGoesBack) {
  load(*store_, table_, "2026-07", "aws-1", "a", later(100));
  load(*store_, table_, "2026-07", "aws-1", "b", later(100));
  load(*store_, table_, "2026-07", "aws-1", "c", later(50));
  load(*store_, table_, "2026-07", "aws-1", "d", later(200));
  const auto history = table_.history();
  ASSERT_TRUE(history);
  EXPECT_EQ((*history)[1].committed.micros, later(100).micros + 1000);
  EXPECT_EQ((*history)[2].committed.micros, later(100).micros + 2000);
  EXPECT_EQ((*history)[3].committed, later(200));
}

TEST_F(TableTest, HistoryTellsTheEvidenceOfEachVersion) {
  Commit commit = replace_commit("2026-07", "aws-1", {file("2026-07", "aws-1", "a")}, later(0));
  commit.delivery =
      "{ \"id\" : \"x }\\\" {\",\n  \"sum\": 0.10000000000000000000001 ,\t\"list\":[1, 2]}";
  ASSERT_TRUE(table_.commit(commit));
  commit.add = {file("2026-07", "aws-1", "b")};
  commit.operation = "CORRECT";
  commit.delivery = "";
  ASSERT_TRUE(table_.commit(commit));
  Table other(*store_, "charges");
  const auto history = other.history();
  ASSERT_TRUE(history) << describe(history.error());
  ASSERT_EQ(history->size(), 2U);
  EXPECT_EQ((*history)[0].version, 0);
  EXPECT_EQ((*history)[0].operation, "REPLACE SCOPE");
  EXPECT_EQ((*history)[0].delivery,
            R"({"id":"x }\" {","sum":0.10000000000000000000001,"list":[1,2]})");
  EXPECT_EQ((*history)[0].files_added, 1);
  EXPECT_EQ((*history)[0].files_removed, 0);
  EXPECT_EQ((*history)[1].operation, "CORRECT");
  EXPECT_EQ((*history)[1].delivery, "");
  EXPECT_EQ((*history)[1].files_removed, 1);
}

TEST_F(TableTest, NewColumnsWidenTheTable) {
  load(*store_, table_, "2026-07", "aws-1", "a", later(0));
  Commit commit = replace_commit("2026-07", "gcp-1", {file("2026-07", "gcp-1", "b")}, later(1));
  commit.schema = {{"x_New", Type::kInt64},
                   {"BilledCost", Type::kDecimal},
                   {"x_Flag", Type::kBool},
                   {"x_Real", Type::kDouble}};
  ASSERT_TRUE(table_.commit(commit));
  std::vector<std::pair<std::string, Type>> columns;
  for (const SchemaField& field : state().schema) columns.emplace_back(field.name, field.type);
  EXPECT_EQ(columns,
            (std::vector<std::pair<std::string, Type>>{{"BilledCost", Type::kDecimal},
                                                       {"ChargePeriodStart", Type::kInstant},
                                                       {"Tags", Type::kTextMap},
                                                       {"x_BillingPeriod", Type::kText},
                                                       {"x_Source", Type::kText},
                                                       {"x_New", Type::kInt64},
                                                       {"x_Flag", Type::kBool},
                                                       {"x_Real", Type::kDouble}}));
  EXPECT_EQ(state(0).schema.size(), 5U);
  EXPECT_EQ(state().partition_columns, (std::vector<std::string>{"x_BillingPeriod", "x_Source"}));
  load(*store_, table_, "2026-07", "aws-1", "c", later(2));
  EXPECT_EQ(read_bytes(log_file(2)).find("metaData"), std::string::npos)
      << "nothing new, so nothing to say";
  EXPECT_EQ(state().schema.size(), 8U);
}

TEST_F(TableTest, ColumnsThatDoNotFitAreRefused) {
  load(*store_, table_, "2026-07", "aws-1", "a", later(0));
  Commit commit = replace_commit("2026-07", "aws-1", {file("2026-07", "aws-1", "b")}, later(1));
  commit.schema = {{"BilledCost", Type::kText}};
  EXPECT_EQ(code_of(table_.commit(commit)), "SY1306");
  commit.schema = {{"billedCost", Type::kDecimal}};
  EXPECT_EQ(code_of(table_.commit(commit)), "SY1306");
  commit.schema = {};
  commit.partition_columns = {"x_Source"};
  EXPECT_EQ(code_of(table_.commit(commit)), "SY1306");
  EXPECT_EQ(state().version, 0);
}

TEST_F(TableTest, FilesThatDoNotFitAreRefused) {
  const DataFile a = file("2026-07", "aws-1", "a"), b = file("2026-07", "gcp-1", "b");
  ASSERT_TRUE(table_.commit(replace_commit("2026-07", "aws-1", {a}, later(0))));
  EXPECT_EQ(code_of(table_.commit(replace_commit("2026-07", "aws-1", {b}, later(1)))), "SY1307")
      << "outside of the scope";
  EXPECT_EQ(code_of(table_.commit(replace_commit("2026-07", "gcp-1", {b, b}, later(1)))), "SY1307")
      << "twice";
  Commit append = replace_commit("2026-07", "aws-1", {a}, later(1));
  append.mode = Commit::Mode::kAppend;
  EXPECT_EQ(code_of(table_.commit(append)), "SY1307") << "its rows would count twice";
  DataFile changed = a;
  changed.sha256 = b.sha256;
  EXPECT_EQ(code_of(table_.commit(replace_commit("2026-07", "aws-1", {changed}, later(1)))),
            "SY1307")
      << "files never change";
  DataFile bare = b;
  bare.partition.erase("x_Source");
  append.add = {bare};
  EXPECT_EQ(code_of(table_.commit(append)), "SY1307");
  append.add = {b};
  append.delivery = "[1]";
  EXPECT_EQ(code_of(table_.commit(append)), "SY1307") << "evidence is an object";
  append.delivery = "{broken";
  EXPECT_EQ(code_of(table_.commit(append)), "SY1307");
  EXPECT_EQ(state().version, 0);
  ASSERT_TRUE(table_.commit(replace_commit("2026-07", "aws-1", {a}, later(1))))
      << "the same file may stay";
  EXPECT_EQ(state().files.size(), 1U);
}

TEST_F(TableTest, AVersionNamesNoFileThatIsNotThere) {
  DataFile a = file("2026-07", "aws-1", "a");
  a.size += 1;
  EXPECT_EQ(code_of(table_.commit(replace_commit("2026-07", "aws-1", {a}, later(0)))), "SY1309");
  a.size -= 1;
  std::filesystem::remove(store_->absolute("charges/" + a.path));
  EXPECT_EQ(code_of(table_.commit(replace_commit("2026-07", "aws-1", {a}, later(0)))), "SY1309");
  EXPECT_EQ(state().version, -1);

  // A file that goes away while the version is written: the caller hears of it.
  class Vanishing : public ForwardingStore {
   public:
    using ForwardingStore::ForwardingStore;
    std::string victim;
    Status put_if_absent(const std::string& path, std::string_view content) override {
      std::filesystem::remove(victim);
      return ForwardingStore::put_if_absent(path, content);
    }
  } store(*store_);
  a = file("2026-07", "aws-1", "b");
  store.victim = store_->absolute("charges/" + a.path);
  EXPECT_EQ(
      code_of(Table(store, "charges").commit(replace_commit("2026-07", "aws-1", {a}, later(0)))),
      "SY1309");
}

TEST_F(TableTest, TheCheckDecides) {
  const DataFile a = file("2026-07", "aws-1", "a");
  Commit commit = replace_commit("2026-07", "aws-1", {a}, later(0));
  std::vector<std::int64_t> seen;
  bool wanted = true;
  commit.check = [&](const Snapshot& newest,
                     const std::vector<VersionInfo>& history) -> Result<bool> {
    seen.push_back(newest.version);
    EXPECT_EQ(static_cast<std::int64_t>(history.size()), newest.version + 1);
    return wanted;
  };
  EXPECT_EQ(**table_.commit(commit), 0);
  wanted = false;
  const auto nothing = table_.commit(commit);
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->has_value());
  commit.check = [](const Snapshot&, const std::vector<VersionInfo>&) -> Result<bool> {
    return fail("SY1299", "already loaded");
  };
  EXPECT_EQ(code_of(table_.commit(commit)), "SY1299");
  EXPECT_EQ(seen, (std::vector<std::int64_t>{-1, 0}));
  EXPECT_EQ(state().version, 0);
}

TEST_F(TableTest, TheSameFirstCommitMakesTheSameBytes) {
  TemporaryFolder other_folder;
  auto other_store = local_store(other_folder.path());
  Table other(*other_store, "charges");
  load(*store_, table_, "2026-07", "aws-1", "a", later(0));
  load(*other_store, other, "2026-07", "aws-1", "a", later(0));
  EXPECT_EQ(read_bytes(log_file(0)),
            read_bytes(other_folder.path() + "/charges/_delta_log/00000000000000000000.json"));
}

TEST_F(TableTest, ATableSeesWhatOthersCommit) {
  Table other(*store_, "charges");
  EXPECT_EQ(other.snapshot()->version, -1);
  load(*store_, table_, "2026-07", "aws-1", "a", later(0));
  EXPECT_EQ(other.snapshot()->version, 0);
  load(*store_, table_, "2026-07", "aws-1", "b", later(1));
  EXPECT_EQ(load(*store_, other, "2026-07", "aws-1", "c", later(2)), 2);
  EXPECT_EQ(state().version, 2);
}

/// Appends `commits` files, each named after the writer.
bool append_many(Store& store, const std::string& writer, int commits) {
  Table table(store, "charges");
  for (int i = 0; i < commits; ++i) {
    DataFile file;
    file.path = partition_path("2026-07", "aws-1", writer + '-' + std::to_string(i));
    file.partition = {{"x_BillingPeriod", "2026-07"}, {"x_Source", "aws-1"}};
    file.size = file.rows = i;
    file.sha256 = sha256_hex(file.path);
    put_file(store, "charges", file);
    Commit commit = replace_commit("2026-07", "aws-1", {file}, later(i));
    commit.mode = Commit::Mode::kAppend;
    const auto version = table.commit(commit);
    if (!version || !*version) return false;
  }
  return true;
}

TEST_F(TableTest, NoCommitOfManyThreadsIsLostOrDoubled) {
  constexpr int kThreads = 8, kCommits = 50;
  std::atomic<int> succeeded = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      succeeded += append_many(*store_, "thread" + std::to_string(t), kCommits) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(succeeded, kThreads);
  const auto history = table_.history();
  ASSERT_TRUE(history) << describe(history.error());
  ASSERT_EQ(history->size(), static_cast<std::size_t>(kThreads * kCommits));
  for (std::size_t i = 1; i < history->size(); ++i)
    EXPECT_LT((*history)[i - 1].committed, (*history)[i].committed);
  EXPECT_EQ(state().files.size(), static_cast<std::size_t>(kThreads * kCommits));
}

TEST_F(TableTest, NoCommitOfTwoProcessesIsLostOrDoubled) {
  constexpr int kProcesses = 2, kCommits = 50;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = local_store(folder_.path());
      ::_exit(append_many(*store, "process" + std::to_string(p), kCommits) ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(table_.history()->size(), static_cast<std::size_t>(kProcesses * kCommits));
  EXPECT_EQ(state().files.size(), static_cast<std::size_t>(kProcesses * kCommits));
}

TEST_F(TableTest, EveryFlippedBitInTheLogIsFound) {
  load(*store_, table_, "2026-07", "aws-1", "a", later(0));
  load(*store_, table_, "2026-07", "aws-1", "b", later(1));
  load(*store_, table_, "2026-07", "aws-1", "c", later(2));
  for (std::int64_t version = 0; version < 3; ++version) {
    const std::string good = read_bytes(log_file(version));
    ASSERT_GT(good.size(), 500U);
    for (std::size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << (at * 5 % 8)));
      write_bytes(log_file(version), bad);
      Table fresh(*store_, "charges");
      const auto snapshot = fresh.snapshot(0);
      ASSERT_EQ(code_of(snapshot), "SY1304") << "byte " << at << " of version " << version;
      ASSERT_EQ(snapshot.error().where,
                "charges/_delta_log/0000000000000000000" + std::to_string(version) + ".json");
    }
    write_bytes(log_file(version), good);
  }
  EXPECT_TRUE(Table(*store_, "charges").snapshot());
}

TEST_F(TableTest, EveryCutOfTheLogIsFound) {
  load(*store_, table_, "2026-07", "aws-1", "a", later(0));
  const std::string good = read_bytes(log_file(0));
  for (std::size_t size = 0; size < good.size(); ++size) {
    write_bytes(log_file(0), good.substr(0, size));
    ASSERT_EQ(code_of(Table(*store_, "charges").history()), "SY1304") << size;
  }
  write_bytes(log_file(0), good + "{}");
  EXPECT_EQ(code_of(Table(*store_, "charges").history()), "SY1304");
}

TEST_F(TableTest, AMissingOrExchangedVersionIsFound) {
  for (int i = 0; i < 4; ++i)
    load(*store_, table_, "2026-07", "aws-1", std::to_string(i), later(i));
  const std::string one = read_bytes(log_file(1)), two = read_bytes(log_file(2));
  write_bytes(log_file(2), one);
  EXPECT_EQ(code_of(Table(*store_, "charges").snapshot()), "SY1304") << "a copy of another version";

  TemporaryFolder other_folder;
  auto other_store = local_store(other_folder.path());
  Table other(*other_store, "charges");
  for (int i = 0; i < 4; ++i)
    load(*other_store, other, "2026-07", "aws-1", "other" + std::to_string(i), later(i));
  write_bytes(log_file(2),
              read_bytes(other_folder.path() + "/charges/_delta_log/00000000000000000002.json"));
  EXPECT_EQ(code_of(Table(*store_, "charges").snapshot()), "SY1304")
      << "the same version of another lake";

  std::filesystem::remove(log_file(2));
  EXPECT_EQ(code_of(Table(*store_, "charges").snapshot()), "SY1304") << "missing";
  write_bytes(log_file(2), two);
  EXPECT_TRUE(Table(*store_, "charges").snapshot());
}

TEST_F(TableTest, ALogOfANewerSteelyardIsRefused) {
  load(*store_, table_, "2026-07", "aws-1", "a", later(0));
  const std::string content = read_bytes(log_file(0));
  const std::string prefix = "{\"commitInfo\":{\"steelyard\":{\"sha256\":\"";
  std::string rest = content.substr(prefix.size() + 64);
  const std::size_t format = rest.find("\"format\":1");
  ASSERT_NE(format, std::string::npos);
  rest.replace(format, 10, "\"format\":2");
  write_bytes(log_file(0), prefix + sha256_hex(rest) + rest);
  EXPECT_EQ(code_of(Table(*store_, "charges").snapshot()), "SY1308");
}

}  // namespace
}  // namespace steelyard::testing
