#include "store/local_store.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/assert.h"
#include "base/hash.h"
#include "base/text.h"

namespace steelyard {

namespace {

constexpr std::string_view kStaging = "_staging";
constexpr std::size_t kChunk = std::size_t{1} << 20;

std::int64_t micros(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1000;
}

std::string identity_of(const struct stat& status) {
  const auto nanos = [](const timespec& t) {
    return std::to_string(t.tv_sec) + "." + std::to_string(t.tv_nsec);
  };
  return std::to_string(status.st_ino) + "-" + std::to_string(status.st_size) + "-" +
         nanos(status.st_mtim) + "-" + nanos(status.st_ctim);
}

/// Names must only be free, not secret: writers of many processes make them at once.
std::string random_name() {
  unsigned char bytes[16];
  std::size_t have = 0;
  while (have < sizeof bytes) {
    const ssize_t got = ::getrandom(bytes + have, sizeof bytes - have, 0);
    if (got > 0) have += static_cast<std::size_t>(got);
    SY_ASSERT(got > 0 || errno == EINTR);
  }
  return hex({reinterpret_cast<const char*>(bytes), sizeof bytes});
}

std::string parent_of(const std::string& absolute) {
  const auto slash = absolute.find_last_of('/');
  return slash == 0 ? "/" : absolute.substr(0, slash);
}

tl::unexpected<Error> cannot_read(int error, const std::string& path) {
  if (error == ENOENT || error == ENOTDIR) {
    return fail("SY1101", "the file is not there", path);
  }
  return fail("SY1102", std::string("cannot read: ") + std::strerror(error), path,
              error == EACCES ? "give read permission to it and to the folders above" : "");
}

tl::unexpected<Error> cannot_write(int error, const std::string& action, const std::string& path) {
  if (error == EEXIST) return fail("SY1105", "the file exists and is not overwritten", path);
  if (error == ENOSPC || error == EDQUOT) {
    return fail("SY1106", "no space left: cannot " + action, path,
                "free some space and run the command again; nothing was changed");
  }
  return fail(
      "SY1103", "cannot " + action + ": " + std::strerror(error), path,
      error == EACCES || error == EROFS ? "give write permission to the lake's folder" : "");
}

class LocalStore : public Store {
 public:
  LocalStore(std::unique_ptr<System> system, const std::string& root) : system_(std::move(system)) {
    std::error_code ignored;
    root_ = std::filesystem::absolute(root, ignored).lexically_normal().string();
    while (root_.size() > 1 && root_.back() == '/') root_.pop_back();
  }

  Result<std::string> read(const std::string& path) override;
  Result<FileInfo> stat(const std::string& path) override;
  Result<std::vector<FileInfo>> list(const std::string& folder) override;
  Result<std::vector<FileInfo>> list_below(const std::string& folder) override;
  Status put_if_absent(const std::string& path, std::string_view content) override;
  Status put(const std::string& path, std::string_view content) override;
  Result<std::string> make_staging() override;
  Status discard_staging(const std::string& absolute_folder) override;
  Result<std::vector<std::string>> sweep_staging(std::int64_t before_micros, bool dry_run) override;
  Status publish(const std::string& absolute_staged_file, const std::string& path) override;
  Status remove(const std::string& path) override;
  std::string absolute(const std::string& path) const override {
    return path.empty() ? root_ : root_ + "/" + path;
  }
  Result<std::string> sha256(const std::string& path,
                             const std::function<void(std::int64_t)>& on_bytes) override;

 private:
  /// The absolute path of one that stays inside the root, or SY1104.
  Result<std::string> resolve(const std::string& path) const;
  Status list_into(const std::string& folder, bool below, std::vector<FileInfo>& out);
  /// Reads a file in chunks.
  Status stream(const std::string& path, const std::function<void(std::string_view)>& take);
  /// Makes an absolute folder and those above it, each durably.
  Status make_folders(const std::string& folder);
  /// A new file in staging with this content, synced; its absolute path.
  Result<std::string> write_temporary(std::string_view content);
  Status write_all(int fd, std::string_view content, const std::string& path);
  Status sync_folder(const std::string& folder);
  int open_patiently(const std::string& path, int flags, mode_t mode);
  int sync_patiently(int fd);
  Status remove_tree(const std::string& absolute_path);
  std::string staging() const { return root_ + "/" + std::string(kStaging); }

  std::unique_ptr<System> system_;
  std::string root_;
};

Result<std::string> LocalStore::resolve(const std::string& path) const {
  const auto refuse = [&] {
    return fail("SY1104", "the path leaves the lake's folder", terminal_safe(path),
                "use a path inside of it, without '..' and without links that lead outside");
  };
  if (path.find('\0') != std::string::npos) return refuse();
  std::string absolute_path = root_;
  if (path.empty()) return absolute_path;
  bool exists = true;
  for (const std::string& part : split(path, '/')) {
    if (part.empty() || part == "." || part == "..") return refuse();
    absolute_path += "/" + part;
    struct stat status;
    // What does not exist yet cannot be a link.
    exists = exists && ::lstat(absolute_path.c_str(), &status) == 0;
    if (!exists || !S_ISLNK(status.st_mode)) continue;
    const std::unique_ptr<char, decltype(&std::free)> real(
        ::realpath(absolute_path.c_str(), nullptr), &std::free);
    const std::unique_ptr<char, decltype(&std::free)> home(::realpath(root_.c_str(), nullptr),
                                                           &std::free);
    if (!real || !home) return refuse();
    if (!std::string_view(real.get()).starts_with(std::string(home.get()) + "/")) return refuse();
  }
  return absolute_path;
}

int LocalStore::open_patiently(const std::string& path, int flags, mode_t mode) {
  int fd;
  do {
    fd = system_->open(path, flags, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

int LocalStore::sync_patiently(int fd) {
  int result;
  do {
    result = system_->sync(fd);
  } while (result != 0 && errno == EINTR);
  return result;
}

Status LocalStore::stream(const std::string& path,
                          const std::function<void(std::string_view)>& take) {
  const auto absolute_path = resolve(path);
  if (!absolute_path) return fail(absolute_path.error());
  const int fd = open_patiently(*absolute_path, O_RDONLY, 0);
  if (fd < 0) return cannot_read(errno, *absolute_path);
  // Not zeroed: a log is hundreds of small files, and clearing a chunk for each would cost more
  // than reading them.
  const auto buffer = std::make_unique_for_overwrite<char[]>(kChunk);
  ssize_t got = 0;
  int error = 0;
  do {
    got = system_->read(fd, buffer.get(), kChunk);
    error = got < 0 ? errno : 0;
    if (got > 0) take({buffer.get(), static_cast<std::size_t>(got)});
  } while (got > 0 || error == EINTR);
  system_->close(fd);
  if (got < 0) return cannot_read(error, *absolute_path);
  return {};
}

Result<std::string> LocalStore::read(const std::string& path) {
  std::string content;
  auto status = stream(path, [&](std::string_view bytes) { content += bytes; });
  if (!status) return pass(status);
  return content;
}

Result<std::string> LocalStore::sha256(const std::string& path,
                                       const std::function<void(std::int64_t)>& on_bytes) {
  Sha256 hash;
  std::int64_t total = 0;
  auto status = stream(path, [&](std::string_view bytes) {
    hash.add(bytes);
    total += static_cast<std::int64_t>(bytes.size());
    if (on_bytes) on_bytes(total);
  });
  if (!status) return pass(status);
  return hash.finish();
}

Result<FileInfo> LocalStore::stat(const std::string& path) {
  auto absolute_path = resolve(path);
  if (!absolute_path) return pass(absolute_path);
  struct stat status;
  if (system_->status(*absolute_path, status) != 0) return cannot_read(errno, *absolute_path);
  if (S_ISLNK(status.st_mode) && ::stat(absolute_path->c_str(), &status) != 0) {
    return cannot_read(errno, *absolute_path);
  }
  if (!S_ISREG(status.st_mode)) return fail("SY1101", "this is not a file", *absolute_path);
  return FileInfo{path, status.st_size, micros(status.st_mtim), identity_of(status)};
}

Status LocalStore::list_into(const std::string& folder, bool below, std::vector<FileInfo>& out) {
  const std::string absolute_folder = absolute(folder);
  std::vector<std::string> names;
  if (system_->names(absolute_folder, names) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    return cannot_read(errno, absolute_folder);
  }
  for (const std::string& name : names) {
    if (folder.empty() && name == kStaging) continue;
    const std::string path = folder.empty() ? name : folder + "/" + name;
    struct stat status;
    if (system_->status(absolute(path), status) != 0) {
      if (errno == ENOENT) continue;  // removed between the listing and now
      return cannot_read(errno, absolute(path));
    }
    if (S_ISREG(status.st_mode)) {
      out.push_back({path, status.st_size, micros(status.st_mtim), identity_of(status)});
    } else if (below && S_ISDIR(status.st_mode)) {  // links are not followed
      if (auto done = list_into(path, true, out); !done) return done;
    }
  }
  return {};
}

Result<std::vector<FileInfo>> LocalStore::list(const std::string& folder) {
  if (auto inside = resolve(folder); !inside) return pass(inside);
  std::vector<FileInfo> files;
  if (auto done = list_into(folder, false, files); !done) return pass(done);
  std::sort(files.begin(), files.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
  return files;
}

Result<std::vector<FileInfo>> LocalStore::list_below(const std::string& folder) {
  if (auto inside = resolve(folder); !inside) return pass(inside);
  std::vector<FileInfo> files;
  if (auto done = list_into(folder, true, files); !done) return pass(done);
  std::sort(files.begin(), files.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
  return files;
}

Status LocalStore::sync_folder(const std::string& folder) {
  const int fd = open_patiently(folder, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) return cannot_write(errno, "sync the folder", folder);
  const int result = sync_patiently(fd);
  const int error = errno;
  system_->close(fd);
  // Some network file systems know no sync of a folder and keep its entries safe by themselves.
  if (result != 0 && error != EINVAL) return cannot_write(error, "sync the folder", folder);
  return {};
}

Status LocalStore::make_folders(const std::string& folder) {
  struct stat status;
  if (::stat(folder.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return {};
    return cannot_write(ENOTDIR, "make the folder", folder);
  }
  const std::string parent = parent_of(folder);
  if (auto done = make_folders(parent); !done) return done;
  if (system_->make_folder(folder) != 0 && errno != EEXIST) {
    return cannot_write(errno, "make the folder", folder);
  }
  return sync_folder(parent);
}

Status LocalStore::write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = system_->write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return cannot_write(errno, "write", path);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (sync_patiently(fd) != 0) return cannot_write(errno, "sync", path);
  return {};
}

Result<std::string> LocalStore::write_temporary(std::string_view content) {
  if (auto made = make_folders(staging()); !made) return pass(made);
  const std::string path = staging() + "/" + random_name() + ".tmp";
  const int fd = open_patiently(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (fd < 0) return cannot_write(errno, "create", path);
  auto written = write_all(fd, content, path);
  system_->close(fd);
  if (!written) {
    system_->unlink(path);
    return pass(written);
  }
  return path;
}

Status LocalStore::put_if_absent(const std::string& path, std::string_view content) {
  const auto target = resolve(path);
  if (!target) return fail(target.error());
  if (auto made = make_folders(parent_of(*target)); !made) return made;
  auto temporary = write_temporary(content);
  if (!temporary) return fail(temporary.error());
  int result = system_->link(*temporary, *target);
  if (result != 0 &&
      (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK)) {
    result = system_->rename_new(*temporary, *target);  // a file system without hard links
  }
  const int error = errno;
  // From here on the temporary name is of no use; one that stays behind is swept up later.
  system_->unlink(*temporary);
  if (result != 0) return cannot_write(error, "create", *target);
  return sync_folder(parent_of(*target));
}

Status LocalStore::put(const std::string& path, std::string_view content) {
  const auto target = resolve(path);
  if (!target) return fail(target.error());
  if (auto made = make_folders(parent_of(*target)); !made) return made;
  auto temporary = write_temporary(content);
  if (!temporary) return fail(temporary.error());
  if (system_->rename(*temporary, *target) != 0) {
    const int error = errno;
    system_->unlink(*temporary);
    return cannot_write(error, "replace", *target);
  }
  return sync_folder(parent_of(*target));
}

Result<std::string> LocalStore::make_staging() {
  if (auto made = make_folders(staging()); !made) return pass(made);
  const std::string folder = staging() + "/" + random_name();
  if (system_->make_folder(folder) != 0) return cannot_write(errno, "make the folder", folder);
  return folder;
}

Status LocalStore::remove_tree(const std::string& absolute_path) {
  struct stat status;
  if (system_->status(absolute_path, status) != 0) {
    return errno == ENOENT ? Status() : cannot_write(errno, "remove", absolute_path);
  }
  int result = 0;
  if (S_ISDIR(status.st_mode)) {
    std::vector<std::string> names;
    if (system_->names(absolute_path, names) != 0) {
      return cannot_write(errno, "remove", absolute_path);
    }
    for (const std::string& name : names) {
      if (auto done = remove_tree(absolute_path + "/" + name); !done) return done;
    }
    result = system_->remove_folder(absolute_path);
  } else {
    result = system_->unlink(absolute_path);
  }
  if (result != 0 && errno != ENOENT) return cannot_write(errno, "remove", absolute_path);
  return {};
}

Status LocalStore::discard_staging(const std::string& absolute_folder) {
  const std::string inside = staging() + "/";
  const std::string_view name =
      std::string_view(absolute_folder).substr(std::min(inside.size(), absolute_folder.size()));
  if (!absolute_folder.starts_with(inside) || name.empty() || name == "." || name == ".." ||
      name.find('/') != std::string_view::npos) {
    return fail("SY1104", "this is not a staging folder of the lake",
                terminal_safe(absolute_folder));
  }
  return remove_tree(absolute_folder);
}

Result<std::vector<std::string>> LocalStore::sweep_staging(std::int64_t before_micros,
                                                           bool dry_run) {
  std::vector<std::string> names, swept;
  if (system_->names(staging(), names) != 0) {
    if (errno == ENOENT) return swept;
    return cannot_read(errno, staging());
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::string path = std::string(kStaging) + "/" + name;
    struct stat status;
    if (system_->status(absolute(path), status) != 0) {
      if (errno == ENOENT) continue;
      return cannot_read(errno, absolute(path));
    }
    std::int64_t touched = micros(status.st_mtim);
    if (S_ISDIR(status.st_mode)) {  // a file that still grows leaves its folder's time alone
      std::vector<FileInfo> files;
      if (auto done = list_into(path, true, files); !done) return pass(done);
      for (const FileInfo& file : files) touched = std::max(touched, file.modified_micros);
    }
    if (touched >= before_micros) continue;
    if (!dry_run) {
      if (auto done = remove_tree(absolute(path)); !done) return pass(done);
    }
    swept.push_back(path);
  }
  return swept;
}

Status LocalStore::publish(const std::string& absolute_staged_file, const std::string& path) {
  const auto target = resolve(path);
  if (!target) return fail(target.error());
  const std::string inside = root_ + "/";
  if (!absolute_staged_file.starts_with(staging() + "/")) {
    return fail("SY1104", "this is not a staged file of the lake",
                terminal_safe(absolute_staged_file));
  }
  if (auto source = resolve(absolute_staged_file.substr(inside.size())); !source) {
    return fail(source.error());
  }
  const int fd = open_patiently(absolute_staged_file, O_RDONLY | O_NOFOLLOW, 0);
  if (fd < 0) return cannot_read(errno, absolute_staged_file);
  const int synced = sync_patiently(fd);
  const int sync_error = errno;
  system_->close(fd);
  if (synced != 0) return cannot_write(sync_error, "sync", absolute_staged_file);
  if (auto made = make_folders(parent_of(*target)); !made) return made;
  int result = system_->rename_new(absolute_staged_file, *target);
  if (result != 0 && (errno == ENOSYS || errno == EINVAL)) {
    // A file system that cannot rename without overwriting: two names for a moment do no harm.
    result = system_->link(absolute_staged_file, *target);
    if (result == 0) system_->unlink(absolute_staged_file);
  }
  if (result != 0) return cannot_write(errno, "publish", *target);
  return sync_folder(parent_of(*target));
}

Status LocalStore::remove(const std::string& path) {
  const auto target = resolve(path);
  if (!target) return fail(target.error());
  if (system_->unlink(*target) != 0 && errno != ENOENT && errno != ENOTDIR) {
    return cannot_write(errno, "remove", *target);
  }
  return {};
}

}  // namespace

std::unique_ptr<Store> local_store_on(std::unique_ptr<System> system, std::string root) {
  return std::make_unique<LocalStore>(std::move(system), root);
}

std::unique_ptr<Store> local_store(std::string root) {
  return local_store_on(std::make_unique<System>(), std::move(root));
}

}  // namespace steelyard
