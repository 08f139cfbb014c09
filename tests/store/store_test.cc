#include "store/store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/hash.h"

namespace steelyard {
namespace {

namespace fs = std::filesystem;

/// A folder of its own for each test, gone afterwards.
class StoreTest : public testing::Test {
 protected:
  explicit StoreTest(const std::string& where = fs::temp_directory_path().string()) {
    std::string pattern = where + "/steelyard-store-XXXXXX";
    home_ = ::mkdtemp(pattern.data());
    root_ = home_ + "/lake";
    store_ = local_store(root_);
  }
  ~StoreTest() override {
    std::error_code ignored;
    fs::remove_all(home_, ignored);
  }

  static void write_file(const std::string& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
  }
  static std::string file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string paths(const Result<std::vector<FileInfo>>& files) const {
    if (!files) return files.error().code;
    std::string out;
    for (const FileInfo& info : *files) out += info.path + " ";
    return out;
  }

  std::string home_, root_;
  std::unique_ptr<Store> store_;
};

std::string code(const Status& status) { return status ? "ok" : status.error().code; }
template <class T>
std::string code(const Result<T>& result) {
  return result ? "ok" : result.error().code;
}

TEST_F(StoreTest, KeepsAndReplacesContent) {
  EXPECT_EQ(code(store_->read("a/b/c.json")), "SY1101");
  EXPECT_FALSE(fs::exists(root_));  // reading makes nothing
  ASSERT_EQ(code(store_->put_if_absent("a/b/c.json", "one")), "ok");
  EXPECT_EQ(store_->read("a/b/c.json").value(), "one");
  EXPECT_EQ(code(store_->put_if_absent("a/b/c.json", "two")), "SY1105");
  EXPECT_EQ(store_->read("a/b/c.json").value(), "one");
  ASSERT_EQ(code(store_->put("a/b/c.json", "three")), "ok");
  EXPECT_EQ(store_->read("a/b/c.json").value(), "three");
  ASSERT_EQ(code(store_->put("empty", "")), "ok");
  EXPECT_EQ(store_->read("empty").value(), "");
  EXPECT_EQ(code(store_->remove("a/b/c.json")), "ok");
  EXPECT_EQ(code(store_->remove("a/b/c.json")), "ok");
  EXPECT_EQ(code(store_->read("a/b/c.json")), "SY1101");
  EXPECT_TRUE(fs::is_empty(root_ + "/_staging"));
}

TEST_F(StoreTest, KeepsEveryByteOfALargeFile) {
  std::string content;
  for (int i = 0; i < 700'000; ++i) content += std::to_string(i) + '\0';
  ASSERT_EQ(code(store_->put("large", content)), "ok");
  EXPECT_EQ(store_->read("large").value(), content);
  std::int64_t last = 0;
  EXPECT_EQ(store_->sha256("large", [&](std::int64_t done) { last = done; }).value(),
            sha256_hex(content));
  EXPECT_EQ(last, static_cast<std::int64_t>(content.size()));
  EXPECT_EQ(code(store_->sha256("other")), "SY1101");
}

TEST_F(StoreTest, ListsSortedAndLeavesStagingOut) {
  EXPECT_EQ(paths(store_->list("")), "");
  for (const char* path : {"t/2", "t/10", "t/sub/x", "a"}) ASSERT_TRUE(store_->put(path, path));
  const auto staging = store_->make_staging();
  ASSERT_TRUE(staging);
  write_file(*staging + "/part", "x");
  EXPECT_EQ(paths(store_->list("t")), "t/10 t/2 ");
  EXPECT_EQ(paths(store_->list("")), "a ");
  EXPECT_EQ(paths(store_->list_below("")), "a t/10 t/2 t/sub/x ");
  EXPECT_EQ(paths(store_->list_below("t")), "t/10 t/2 t/sub/x ");
  EXPECT_EQ(paths(store_->list("nowhere")), "");
  EXPECT_EQ(paths(store_->list("a")), "");
  EXPECT_EQ(store_->list("t").value()[0].size, 4);
}

TEST_F(StoreTest, TellsWhenAFileMayHaveChanged) {
  ASSERT_TRUE(store_->put("a", "one"));
  const auto before = store_->stat("a");
  ASSERT_TRUE(before);
  EXPECT_EQ(before->size, 3);
  EXPECT_EQ(store_->stat("a")->identity, before->identity);
  ASSERT_TRUE(store_->put("a", "two"));
  EXPECT_NE(store_->stat("a")->identity, before->identity);
  // Also when somebody writes into it in place and sets the time back.
  const auto second = store_->stat("a");
  const auto time = fs::last_write_time(root_ + "/a");
  std::fstream(root_ + "/a", std::ios::in | std::ios::out) << "x";
  fs::last_write_time(root_ + "/a", time);
  EXPECT_EQ(store_->stat("a")->modified_micros, second->modified_micros);
  EXPECT_NE(store_->stat("a")->identity, second->identity);
  EXPECT_EQ(code(store_->stat("b")), "SY1101");
}

TEST_F(StoreTest, PublishesStagedFilesOnce) {
  const auto staging = store_->make_staging();
  ASSERT_TRUE(staging);
  write_file(*staging + "/part-0", "rows");
  write_file(*staging + "/part-1", "other rows");
  ASSERT_EQ(code(store_->publish(*staging + "/part-0", "t/m=2026-07/part-0")), "ok");
  EXPECT_EQ(store_->read("t/m=2026-07/part-0").value(), "rows");
  EXPECT_FALSE(fs::exists(*staging + "/part-0"));
  EXPECT_EQ(code(store_->publish(*staging + "/part-1", "t/m=2026-07/part-0")), "SY1105");
  EXPECT_EQ(store_->read("t/m=2026-07/part-0").value(), "rows");
  EXPECT_EQ(file(*staging + "/part-1"), "other rows");
  EXPECT_EQ(code(store_->publish(*staging + "/part-9", "t/x")), "SY1101");
  EXPECT_EQ(code(store_->discard_staging(*staging)), "ok");
  EXPECT_FALSE(fs::exists(*staging));
  EXPECT_EQ(code(store_->discard_staging(*staging)), "ok");
  EXPECT_TRUE(fs::exists(root_ + "/_staging"));
}

TEST_F(StoreTest, SweepsWhatACrashLeftInStaging) {
  const auto old_folder = store_->make_staging(), busy = store_->make_staging();
  ASSERT_TRUE(old_folder && busy);
  write_file(*old_folder + "/part", "x");
  write_file(*busy + "/part", "x");
  write_file(root_ + "/_staging/abc.tmp", "x");
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(48);
  fs::last_write_time(*old_folder + "/part", long_ago);
  fs::last_write_time(*old_folder, long_ago);
  fs::last_write_time(*busy, long_ago);  // its file is new: somebody still writes
  fs::last_write_time(root_ + "/_staging/abc.tmp", long_ago);
  const std::int64_t day_ago =
      std::chrono::duration_cast<std::chrono::microseconds>(
          (std::chrono::system_clock::now() - std::chrono::hours(24)).time_since_epoch())
          .count();
  const auto named = store_->sweep_staging(day_ago, true);
  ASSERT_TRUE(named);
  EXPECT_EQ(named->size(), 2u);
  EXPECT_TRUE(fs::exists(*old_folder + "/part"));
  EXPECT_EQ(store_->sweep_staging(day_ago, false).value(), *named);
  EXPECT_FALSE(fs::exists(*old_folder));
  EXPECT_FALSE(fs::exists(root_ + "/_staging/abc.tmp"));
  EXPECT_TRUE(fs::exists(*busy + "/part"));
  EXPECT_TRUE(store_->sweep_staging(day_ago, false)->empty());
}

TEST_F(StoreTest, RefusesPathsThatLeaveTheRoot) {
  ASSERT_TRUE(store_->put("inside", "x"));
  write_file(home_ + "/secret", "secret");
  for (const std::string path : {"../secret", "/etc/passwd", "a/../../secret", "./inside", "a//b",
                                 "a/", "..", ".", "/", "a/..", "a/./b"}) {
    EXPECT_EQ(code(store_->read(path)), "SY1104") << path;
    EXPECT_EQ(code(store_->put(path, "x")), "SY1104") << path;
    EXPECT_EQ(code(store_->put_if_absent(path, "x")), "SY1104") << path;
    EXPECT_EQ(code(store_->remove(path)), "SY1104") << path;
    EXPECT_EQ(code(store_->list(path)), "SY1104") << path;
    EXPECT_EQ(code(store_->sha256(path)), "SY1104") << path;
  }
  EXPECT_EQ(code(store_->read(std::string("inside\0x", 8))), "SY1104");
  EXPECT_EQ(file(home_ + "/secret"), "secret");
}

TEST_F(StoreTest, RefusesLinksThatLeadOutside) {
  ASSERT_TRUE(store_->put("t/file", "x"));
  fs::create_directory(home_ + "/outside");
  write_file(home_ + "/outside/secret", "secret");
  fs::create_directory_symlink(home_ + "/outside", root_ + "/t/out");
  fs::create_symlink(home_ + "/outside/secret", root_ + "/t/leak");
  fs::create_symlink(root_ + "/t/leak", root_ + "/t/chain");
  fs::create_symlink(home_ + "/not-there-yet", root_ + "/t/dangling");
  fs::create_directory_symlink(root_ + "/../outside", root_ + "/t/up");
  for (const char* path : {"t/out/secret", "t/leak", "t/chain", "t/up/secret"}) {
    EXPECT_EQ(code(store_->read(path)), "SY1104") << path;
    EXPECT_EQ(code(store_->stat(path)), "SY1104") << path;
  }
  EXPECT_EQ(code(store_->put("t/out/new", "x")), "SY1104");
  EXPECT_EQ(code(store_->put("t/dangling", "x")), "SY1104");
  EXPECT_EQ(code(store_->remove("t/out/secret")), "SY1104");
  EXPECT_EQ(code(store_->list("t/out")), "SY1104");
  EXPECT_EQ(paths(store_->list_below("")), "t/file ");
  EXPECT_FALSE(fs::exists(home_ + "/outside/new"));
  EXPECT_FALSE(fs::exists(home_ + "/not-there-yet"));
  EXPECT_EQ(file(home_ + "/outside/secret"), "secret");
  fs::create_symlink(root_ + "/t/file", root_ + "/t/same");  // a link that stays inside is fine
  EXPECT_EQ(store_->read("t/same").value(), "x");

  const auto staging = store_->make_staging();
  ASSERT_TRUE(staging);
  fs::create_symlink(home_ + "/outside/secret", *staging + "/part");
  EXPECT_EQ(code(store_->publish(*staging + "/part", "t/part")), "SY1104");
  EXPECT_EQ(code(store_->publish(home_ + "/outside/secret", "t/part")), "SY1104");
  EXPECT_EQ(code(store_->publish(*staging + "/../../../outside/secret", "t/part")), "SY1104");
  for (const std::string& folder :
       {home_ + "/outside", root_ + "/_staging", root_ + "/_staging/", root_ + "/_staging/..",
        root_ + "/_staging/../t", root_ + "/t", std::string(""), *staging + "/x"}) {
    EXPECT_EQ(code(store_->discard_staging(folder)), "SY1104") << folder;
  }
  EXPECT_EQ(code(store_->discard_staging(*staging)), "ok");
  EXPECT_EQ(file(home_ + "/outside/secret"),
            "secret");  // links in staging are removed, not followed
}

TEST_F(StoreTest, WorksThroughALinkToTheRootAndARelativeRoot) {
  ASSERT_TRUE(store_->put("t/file", "x"));
  fs::create_directory_symlink(root_, home_ + "/link");
  auto linked = local_store(home_ + "/link/");
  EXPECT_EQ(linked->read("t/file").value(), "x");
  const auto staging = linked->make_staging();
  ASSERT_TRUE(staging);
  write_file(*staging + "/part", "y");
  EXPECT_EQ(code(linked->publish(*staging + "/part", "t/part")), "ok");
  EXPECT_EQ(store_->read("t/part").value(), "y");
  auto relative = local_store(fs::relative(root_, fs::current_path()).string());
  EXPECT_EQ(relative->read("t/part").value(), "y");
  EXPECT_EQ(relative->absolute("t/part").front(), '/');
}

TEST_F(StoreTest, SaysWhatCannotBeReadOrWritten) {
  ASSERT_TRUE(store_->put("t/file", "x"));
  EXPECT_EQ(code(store_->read("t")), "SY1102");  // a folder
  EXPECT_EQ(code(store_->put("t", "x")), "SY1103");
  EXPECT_EQ(code(store_->put("t/file/below", "x")), "SY1103");
  EXPECT_TRUE(fs::is_empty(root_ + "/_staging"));
  if (::geteuid() == 0) GTEST_SKIP() << "skipped: permissions do not bind root";
  fs::permissions(root_ + "/t/file", fs::perms::none);
  EXPECT_EQ(code(store_->read("t/file")), "SY1102");
}

TEST_F(StoreTest, LetsExactlyOneOfManyWritersCreateAName) {
  constexpr int kWriters = 8, kNames = 50;
  std::atomic<int> won{0}, lost{0}, wrong{0};
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      auto mine = local_store(root_);
      for (int n = 0; n < kNames; ++n) {
        const auto status = mine->put_if_absent("log/" + std::to_string(n), std::to_string(w));
        status ? ++won : status.error().code == "SY1105" ? ++lost : ++wrong;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(won, kNames);
  EXPECT_EQ(lost, kNames * (kWriters - 1));
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(store_->list("log")->size(), static_cast<std::size_t>(kNames));
  EXPECT_TRUE(fs::is_empty(root_ + "/_staging"));
}

// ---- every operation with every fault at every step ----

/// One thing that a caller may do, what it starts from, and how to see whether the old or the new
/// state holds.
struct Operation {
  const char* name;
  std::function<void(Store&)> prepare;
  std::function<Status(Store&)> act;
  std::function<bool(Store&)> is_old, is_new;
};

bool holds(Store& store, const std::string& path, std::string_view content) {
  const auto read = store.read(path);
  return read && *read == content;
}
bool absent(Store& store, const std::string& path) { return code(store.read(path)) == "SY1101"; }

// Large enough that half of it is a torn write worth the name.
const std::string kOld(5'000, 'o'), kNew(9'000, 'n');

std::vector<Operation> operations() {
  const auto nothing = [](Store&) {};
  const auto with_old = [](Store& store) { ASSERT_TRUE(store.put("t/a", kOld)); };
  const auto staged = [](Store& store) {
    ASSERT_TRUE(store.put("t/b", kOld));
    fs::create_directories(store.absolute("_staging/s"));
    std::ofstream(store.absolute("_staging/s/part")) << kNew;
  };
  const auto forget = [](auto result) -> Status {
    if (!result) return fail(result.error());
    return {};
  };
  return {
      {"put_if_absent", nothing, [](Store& s) { return s.put_if_absent("t/log/a", kNew); },
       [](Store& s) { return absent(s, "t/log/a"); },
       [](Store& s) { return holds(s, "t/log/a", kNew); }},
      {"put_if_absent of a name that is taken", with_old,
       [](Store& s) { return s.put_if_absent("t/a", kNew); },
       [](Store& s) { return holds(s, "t/a", kOld); }, [](Store&) { return false; }},
      {"put", with_old, [](Store& s) { return s.put("t/a", kNew); },
       [](Store& s) { return holds(s, "t/a", kOld); },
       [](Store& s) { return holds(s, "t/a", kNew); }},
      {"publish", staged,
       [](Store& s) { return s.publish(s.absolute("_staging/s/part"), "t/m=1/part"); },
       [](Store& s) { return absent(s, "t/m=1/part") && holds(s, "_staging/s/part", kNew); },
       [](Store& s) { return holds(s, "t/m=1/part", kNew); }},
      {"publish over a name that is taken", staged,
       [](Store& s) { return s.publish(s.absolute("_staging/s/part"), "t/b"); },
       [](Store& s) { return holds(s, "t/b", kOld) && holds(s, "_staging/s/part", kNew); },
       [](Store&) { return false; }},
      {"remove", with_old, [](Store& s) { return s.remove("t/a"); },
       [](Store& s) { return holds(s, "t/a", kOld); }, [](Store& s) { return absent(s, "t/a"); }},
      {"make_staging", with_old, [forget](Store& s) { return forget(s.make_staging()); },
       [](Store& s) { return holds(s, "t/a", kOld); },
       [](Store& s) { return holds(s, "t/a", kOld); }},
      {"discard_staging", staged,
       [](Store& s) { return s.discard_staging(s.absolute("_staging/s")); },
       [](Store& s) { return holds(s, "t/b", kOld); },
       [](Store& s) { return holds(s, "t/b", kOld); }},
      {"read", with_old,
       [](Store& s) -> Status {
         const auto content = s.read("t/a");
         if (!content) return fail(content.error());
         EXPECT_EQ(*content, kOld);
         return {};
       },
       [](Store& s) { return holds(s, "t/a", kOld); },
       [](Store& s) { return holds(s, "t/a", kOld); }},
      {"list_below", with_old,
       [](Store& s) -> Status {
         const auto files = s.list_below("");
         if (!files) return fail(files.error());
         EXPECT_EQ(files->size(), 1u);
         return {};
       },
       [](Store& s) { return holds(s, "t/a", kOld); },
       [](Store& s) { return holds(s, "t/a", kOld); }},
  };
}

bool must_fail(const Operation& operation) {
  return std::string(operation.name).find("taken") != std::string::npos;
}

/// In memory where that is to be had: thousands of syncs to a disk would only show how slow the
/// disk is.
class FaultTest : public StoreTest {
 protected:
  FaultTest()
      : StoreTest(::access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                                                  : fs::temp_directory_path().string()) {}
  /// Runs `operation` on a fresh root and returns the number of steps it took.
  std::int64_t attempt(const Operation& operation, Fault fault, std::int64_t at, Status& status) {
    fs::remove_all(root_);
    operation.prepare(*store_);
    FaultPlan plan;
    plan.fault = fault;
    plan.at_operation = at;
    auto faulty = faulty_local_store(root_, plan);
    status = operation.act(*faulty);
    return plan.operations;
  }
};

TEST_F(FaultTest, EveryFaultAtEveryStepLeavesOldOrNew) {
  int points = 0;
  for (const Operation& operation : operations()) {
    for (const Fault fault :
         {Fault::kNoSpace, Fault::kInputOutput, Fault::kShortWrite, Fault::kLostRace}) {
      bool reached_end = false;
      for (std::int64_t n = 1; !reached_end; ++n) {
        SCOPED_TRACE(std::string(operation.name) + ", fault " +
                     std::to_string(static_cast<int>(fault)) + " at step " + std::to_string(n));
        ASSERT_LT(n, 1000);
        Status status;
        reached_end = attempt(operation, fault, n, status) < n;
        ++points;
        const bool is_old = operation.is_old(*store_), is_new = operation.is_new(*store_);
        ASSERT_TRUE(is_old || is_new);
        if (must_fail(operation)) {
          ASSERT_TRUE(is_old);
          ASSERT_FALSE(status);
          if (reached_end || fault == Fault::kShortWrite) {
            ASSERT_EQ(code(status), "SY1105");
          }
        } else if (status) {
          ASSERT_TRUE(is_new);
        } else {
          // An interruption is not an error, and only a name that is created can lose a race.
          ASSERT_NE(fault, Fault::kShortWrite) << status.error().what;
          ASSERT_FALSE(reached_end);
          if (fault == Fault::kLostRace) {
            ASSERT_EQ(code(status), "SY1105");
            ASSERT_TRUE(is_old);
          }
          ASSERT_FALSE(status.error().what.empty());
          ASSERT_FALSE(status.error().where.empty());
        }
        if (status || must_fail(operation)) continue;
        // The same call again must come to an end: done, or done already.
        const auto again = operation.act(*store_);
        if (!is_new || is_old) {
          ASSERT_TRUE(again) << again.error().what;
        } else if (!again) {
          ASSERT_TRUE(again.error().code == "SY1105" || again.error().code == "SY1101");
        }
        ASSERT_TRUE(operation.is_new(*store_));
      }
    }
  }
  EXPECT_GT(points, 250);
  RecordProperty("points", points);
}

TEST_F(FaultTest, NoSpaceIsCalledByItsName) {
  const Operation put_if_absent = operations()[0];
  int called = 0;
  for (std::int64_t n = 1; n < 100; ++n) {
    Status status;
    if (attempt(put_if_absent, Fault::kNoSpace, n, status) < n) break;
    if (!status && status.error().code == "SY1106") ++called;
  }
  EXPECT_GT(called, 4);
}

TEST_F(FaultTest, ACrashAtEveryStepLeavesOldOrNew) {
  int points = 0, old_states = 0, new_states = 0;
  for (const Operation& operation : operations()) {
    for (std::int64_t n = 1;; ++n) {
      SCOPED_TRACE(std::string(operation.name) + ", crash at step " + std::to_string(n));
      ASSERT_LT(n, 1000);
      fs::remove_all(root_);
      operation.prepare(*store_);
      const pid_t child = ::fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        FaultPlan plan;
        plan.fault = Fault::kCrash;
        plan.at_operation = n;
        plan.on_crash = [] { ::_exit(77); };
        auto faulty = faulty_local_store(root_, plan);
        (void)operation.act(*faulty);
        ::_exit(plan.operations < n ? 0 : 1);
      }
      int how = 0;
      ASSERT_EQ(::waitpid(child, &how, 0), child);
      ASSERT_TRUE(WIFEXITED(how));
      ASSERT_TRUE(WEXITSTATUS(how) == 77 || WEXITSTATUS(how) == 0);
      ++points;
      const bool is_old = operation.is_old(*store_), is_new = operation.is_new(*store_);
      ASSERT_TRUE(is_old || is_new);
      is_new ? ++new_states : ++old_states;
      if (WEXITSTATUS(how) == 0) {
        ASSERT_TRUE(is_new || must_fail(operation));
        break;
      }
      // What the crash left in staging is swept, and then nothing of it remains.
      ASSERT_TRUE(store_->sweep_staging(std::numeric_limits<std::int64_t>::max(), false));
      ASSERT_TRUE(!fs::exists(root_ + "/_staging") || fs::is_empty(root_ + "/_staging"));
    }
  }
  EXPECT_GT(points, 60);
  EXPECT_GT(old_states, 20);
  EXPECT_GT(new_states, 10);
}

TEST_F(FaultTest, AFailedWriteLeavesNothingInStaging) {
  for (const Fault fault : {Fault::kNoSpace, Fault::kLostRace}) {
    for (std::int64_t n = 1;; ++n) {
      Status status;
      const Operation put_if_absent = operations()[0];
      if (attempt(put_if_absent, fault, n, status) < n) break;
      if (status || !fs::exists(root_ + "/_staging")) continue;
      EXPECT_TRUE(fs::is_empty(root_ + "/_staging")) << "step " << n;
    }
  }
}

}  // namespace
}  // namespace steelyard
