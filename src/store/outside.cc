#include "store/outside.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/hash.h"

namespace steelyard {

namespace {
tl::unexpected<Error> cannot(const std::string& path, int error) {
  const bool absent = error == ENOENT || error == ENOTDIR;
  return fail(absent ? "SY1101" : "SY1102",
              std::string(absent ? "there is no such file" : "the file cannot be read: ") +
                  (absent ? "" : std::strerror(error)),
              path, absent ? "check the path" : "check its permissions");
}
}  // namespace

Result<std::string> sha256_of_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return cannot(path, errno);
  Sha256 hash;
  std::string buffer(1 << 20, '\0');
  for (;;) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      ::close(file);
      return cannot(path, error);
    }
    if (got == 0) break;
    hash.add({buffer.data(), static_cast<std::size_t>(got)});
  }
  ::close(file);
  return hash.finish();
}

Result<std::string> identity_of_file(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return cannot(path, errno);
  const auto nanos = [](const timespec& t) {
    return std::to_string(t.tv_sec) + "." + std::to_string(t.tv_nsec);
  };
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) + ":" +
         std::to_string(info.st_size) + ":" + nanos(info.st_mtim) + ":" + nanos(info.st_ctim);
}

Result<std::vector<std::string>> files_in(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> files;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_regular_file(error)) files.push_back(at->path().string());
  }
  if (error) return cannot(folder, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace steelyard
