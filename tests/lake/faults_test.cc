// A commit, a vacuum and a checkpoint under every fault at every operation: afterwards there is the
// old state or the new one, whole, and running the same again completes the work.
#include <sys/wait.h>

#include "base/text.h"
#include "engine/engine.h"
#include "lake_testing.h"

namespace steelyard::testing {
namespace {

constexpr std::int64_t kMaxOperations = 3000;

struct Scene {
  TemporaryFolder folder;
  std::unique_ptr<Store> clean = local_store(folder.path());
  Table table{*clean, "charges"};
};

/// Runs `work` with the fault at the n-th operation; true when there were fewer than n.
bool run_with_fault(Scene& scene, Fault fault, std::int64_t n,
                    const std::function<void(Store&)>& work) {
  FaultPlan plan;
  plan.fault = fault;
  plan.at_operation = n;
  if (fault != Fault::kCrash) {
    auto store = faulty_local_store(scene.folder.path(), plan);
    work(*store);
    return plan.operations < n;
  }
  constexpr int kCrashed = 9;
  const pid_t child = ::fork();
  if (child == 0) {
    plan.on_crash = [] { ::_exit(kCrashed); };
    auto store = faulty_local_store(scene.folder.path(), plan);
    work(*store);
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_TRUE(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == kCrashed);
  return WEXITSTATUS(status) == 0;
}

class FaultsTest : public ::testing::TestWithParam<Fault> {};

Status load_once(Store& store, const std::string& file_name) {
  auto file = publish_file(store, "charges", "2026-07", "aws-1", file_name, "the new content");
  if (!file) return pass(file);
  Commit commit = replace_commit("2026-07", "aws-1", {*file}, later(1));
  commit.delivery = R"({"id":"new"})";
  commit.check = [](const Snapshot&, const std::vector<VersionInfo>& history) -> Result<bool> {
    return history.back().delivery != R"({"id":"new"})";
  };
  Table table(store, "charges");
  auto version = table.commit(commit);
  return version ? Status() : Status(pass(version));
}

TEST_P(FaultsTest, ACommitIsThereOrNot) {
  std::int64_t n = 1;
  int old_states = 0, new_states = 0;
  for (; n < kMaxOperations; ++n) {
    Scene scene;
    load(*scene.clean, scene.table, "2026-07", "aws-1", "old", later(0));
    Status outcome;
    const bool no_fault = run_with_fault(
        scene, GetParam(), n, [&](Store& store) { outcome = load_once(store, "first"); });
    const auto snapshot = scene.table.snapshot();
    ASSERT_TRUE(snapshot) << describe(snapshot.error());
    ASSERT_EQ(snapshot->files.size(), 1U);
    ASSERT_TRUE(verify_files(*scene.clean, scene.table, *snapshot, nullptr)) << "operation " << n;
    const bool is_new = snapshot->files[0].path == partition_path("2026-07", "aws-1", "first");
    const char* const expected = is_new ? "first" : "old";
    ASSERT_EQ(snapshot->files[0].path, partition_path("2026-07", "aws-1", expected));
    ++(is_new ? new_states : old_states);
    if (GetParam() != Fault::kCrash && outcome) {
      ASSERT_TRUE(is_new) << "success was reported at operation " << n;
    }

    const Status again = load_once(*scene.clean, "second");
    ASSERT_TRUE(again) << describe(again.error());
    const auto complete = scene.table.snapshot();
    ASSERT_TRUE(complete);
    ASSERT_EQ(complete->version, 1) << "operation " << n;
    ASSERT_EQ(complete->files.size(), 1U);
    ASSERT_EQ(complete->files[0].path,
              partition_path("2026-07", "aws-1", is_new ? "first" : "second"));
    ASSERT_TRUE(verify_files(*scene.clean, scene.table, *complete, nullptr));
    if (no_fault) break;
  }
  EXPECT_LT(n, kMaxOperations);
  EXPECT_GT(n, 10) << "the faults were reached";
  EXPECT_GT(new_states, 0);
  if (GetParam() != Fault::kShortWrite && GetParam() != Fault::kLostRace) {
    EXPECT_GT(old_states, 0);
  }
}

TEST_P(FaultsTest, AVacuumNeverBreaksAKeptVersion) {
  std::int64_t n = 1;
  for (; n < kMaxOperations; ++n) {
    Scene scene;
    for (int i = 0; i < 3; ++i)
      load(*scene.clean, scene.table, "2026-07", "aws-1", std::to_string(i), later(i));
    const auto work = [](Store& store) {
      (void)vacuum(store, {"charges"}, later(2), later(3 * 86'400), false);
    };
    const bool no_fault = run_with_fault(scene, GetParam(), n, work);
    for (int i = 0; i < 3; ++i) {
      const auto snapshot = scene.table.snapshot(i);
      if (i == 2) {
        ASSERT_TRUE(snapshot) << describe(snapshot.error());
      }
      if (snapshot) {
        const Status verified = verify_files(*scene.clean, scene.table, *snapshot, nullptr);
        ASSERT_TRUE(verified) << describe(verified.error()) << " operation " << n;
      } else {
        ASSERT_EQ(snapshot.error().code, "SY1303");
      }
    }
    work(*scene.clean);
    const auto files = scene.clean->list_below("charges/x_BillingPeriod=2026-07");
    ASSERT_TRUE(files);
    ASSERT_EQ(files->size(), 1U) << "operation " << n;
    if (no_fault) break;
  }
  EXPECT_LT(n, kMaxOperations);
  EXPECT_GT(n, 10);
}

std::unique_ptr<Engine> small_engine() {
  auto engine = open_duckdb({.threads = 1, .memory_bytes = 256ULL << 20, .temporary_folder = {}});
  EXPECT_TRUE(engine) << describe(engine.error());
  return engine ? std::move(*engine) : nullptr;
}

TEST_P(FaultsTest, ACheckpointLeavesAllVersionsReadable) {
  std::int64_t n = 1;
  // A process that forks must not have the threads of an engine: each then has its own for a while.
  std::unique_ptr<Engine> engine;
  for (; n < kMaxOperations; ++n) {
    Scene scene;
    for (int i = 0; i < 3; ++i)
      load(*scene.clean, scene.table, "2026-07", "aws-1", std::to_string(i), later(i));
    if (GetParam() == Fault::kCrash) engine.reset();
    const auto work = [&engine](Store& store) {
      if (!engine) engine = small_engine();
      if (engine) (void)Table(store, "charges").checkpoint(*engine);
    };
    const bool no_fault = run_with_fault(scene, GetParam(), n, work);
    for (int i = 0; i < 3; ++i) {
      const auto snapshot = scene.table.snapshot(i);
      ASSERT_TRUE(snapshot) << describe(snapshot.error()) << " operation " << n;
      ASSERT_TRUE(verify_files(*scene.clean, scene.table, *snapshot, nullptr)) << "operation " << n;
    }
    // Whoever starts at a checkpoint must find it whole: it is named last.
    const std::string log = scene.folder.path() + "/charges/_delta_log/";
    const std::string named = read_bytes(log + "_last_checkpoint");
    if (!engine) engine = small_engine();
    ASSERT_TRUE(engine);
    const auto actions = [&] {
      const auto rows =
          engine->query("SELECT count(*) FROM read_parquet(" +
                        sql_literal(log + "00000000000000000002.checkpoint.parquet") + ")");
      return rows ? rows->rows[0][0].text() : describe(rows.error());
    };
    if (!named.empty()) {
      ASSERT_EQ(named, R"({"version":2,"size":5})") << "operation " << n;
      ASSERT_EQ(actions(), "5") << "operation " << n;
    }
    const Status again = scene.table.checkpoint(*engine);
    ASSERT_TRUE(again) << describe(again.error()) << " operation " << n;
    ASSERT_EQ(read_bytes(log + "_last_checkpoint"), R"({"version":2,"size":5})");
    ASSERT_EQ(actions(), "5") << "operation " << n;
    if (no_fault) break;
  }
  EXPECT_LT(n, kMaxOperations);
  EXPECT_GT(n, 10);
}

std::string name_of(const ::testing::TestParamInfo<Fault>& info) {
  switch (info.param) {
    case Fault::kNoSpace:
      return "NoSpace";
    case Fault::kInputOutput:
      return "InputOutput";
    case Fault::kShortWrite:
      return "ShortWrite";
    case Fault::kLostRace:
      return "LostRace";
    case Fault::kCrash:
      break;
  }
  return "Crash";
}

INSTANTIATE_TEST_SUITE_P(All, FaultsTest,
                         ::testing::Values(Fault::kNoSpace, Fault::kInputOutput, Fault::kShortWrite,
                                           Fault::kLostRace, Fault::kCrash),
                         name_of);

}  // namespace
}  // namespace steelyard::testing
