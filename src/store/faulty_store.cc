#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>

#include "base/assert.h"
#include "store/local_store.h"

namespace steelyard {

namespace {

/// Counts every call and lets the n-th one fail as planned. A fault that makes no sense for a call
/// (no space while reading) is an input/output error there, so that every n has an effect; only a
/// lost race is felt by nothing but link and rename_new.
class FaultySystem : public System {
 public:
  explicit FaultySystem(FaultPlan& plan) : plan_(plan) {}

  int open(const std::string& path, int flags, mode_t mode) override {
    if (struck()) {
      if (interrupted()) return fail_with(EINTR);
      if (fails_plainly()) return fail_with(error_of((flags & O_ACCMODE) != O_RDONLY));
    }
    return System::open(path, flags, mode);
  }
  ssize_t read(int fd, void* data, std::size_t size) override {
    if (struck()) {
      if (interrupted()) return System::read(fd, data, std::min<std::size_t>(size, 1));
      if (fails_plainly()) return fail_with(EIO);
    }
    return System::read(fd, data, size);
  }
  ssize_t write(int fd, const void* data, std::size_t size) override {
    const std::int64_t number = count();
    if (number == plan_.at_operation) {
      const std::size_t half = size / 2;
      if (plan_.fault == Fault::kCrash) {
        if (half > 0) (void)System::write(fd, data, half);  // a torn write, then the end
        crash();
      }
      if (interrupted()) return half > 0 ? System::write(fd, data, half) : fail_with(EINTR);
      if (fails_plainly()) return fail_with(error_of(true));
    }
    return System::write(fd, data, size);
  }
  int sync(int fd) override {
    if (struck()) {
      if (interrupted()) return fail_with(EINTR);
      if (fails_plainly()) return fail_with(error_of(true));
    }
    return System::sync(fd);
  }
  int link(const std::string& from, const std::string& to) override {
    if (struck() && !interrupted()) return fail_with(race_or_error());
    return System::link(from, to);
  }
  int rename(const std::string& from, const std::string& to) override {
    if (struck() && fails_plainly()) return fail_with(error_of(true));
    return System::rename(from, to);
  }
  int rename_new(const std::string& from, const std::string& to) override {
    if (struck() && !interrupted()) return fail_with(race_or_error());
    return System::rename_new(from, to);
  }
  int unlink(const std::string& path) override {
    if (struck() && fails_plainly()) return fail_with(EIO);
    return System::unlink(path);
  }
  int make_folder(const std::string& path) override {
    if (struck() && fails_plainly()) return fail_with(error_of(true));
    return System::make_folder(path);
  }
  int remove_folder(const std::string& path) override {
    if (struck() && fails_plainly()) return fail_with(EIO);
    return System::remove_folder(path);
  }
  int status(const std::string& path, struct stat& out) override {
    if (struck() && fails_plainly()) return fail_with(EIO);
    return System::status(path, out);
  }
  int names(const std::string& path, std::vector<std::string>& out) override {
    if (struck() && fails_plainly()) return fail_with(EIO);
    return System::names(path, out);
  }

 private:
  std::int64_t count() { return std::atomic_ref<std::int64_t>(plan_.operations).fetch_add(1) + 1; }
  /// Whether this is the call that the plan means. Does not return when the plan is a crash: what
  /// the call would have done is not done.
  bool struck() {
    if (count() != plan_.at_operation) return false;
    if (plan_.fault == Fault::kCrash) crash();
    return true;
  }
  [[noreturn]] void crash() {
    if (plan_.on_crash) plan_.on_crash();
    SY_ASSERT(!"on_crash must not return");
    std::abort();
  }
  /// kShortWrite stands for everything that a system may do without it being an error: short counts
  /// and interruptions.
  bool interrupted() const { return plan_.fault == Fault::kShortWrite; }
  bool fails_plainly() const { return !interrupted() && plan_.fault != Fault::kLostRace; }
  int error_of(bool writes) const {
    return writes && plan_.fault == Fault::kNoSpace ? ENOSPC : EIO;
  }
  int race_or_error() const { return plan_.fault == Fault::kLostRace ? EEXIST : error_of(true); }
  int fail_with(int error) {
    errno = error;
    return -1;
  }

  FaultPlan& plan_;
};

}  // namespace

std::unique_ptr<Store> faulty_local_store(std::string root, FaultPlan& plan) {
  return local_store_on(std::make_unique<FaultySystem>(plan), std::move(root));
}

}  // namespace steelyard
