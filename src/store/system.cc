#include "store/system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace steelyard {

int System::open(const std::string& path, int flags, mode_t mode) {
  return ::open(path.c_str(), flags | O_CLOEXEC, mode);
}
ssize_t System::read(int fd, void* data, std::size_t size) { return ::read(fd, data, size); }
ssize_t System::write(int fd, const void* data, std::size_t size) {
  return ::write(fd, data, size);
}
int System::sync(int fd) { return ::fsync(fd); }
int System::link(const std::string& from, const std::string& to) {
  return ::link(from.c_str(), to.c_str());
}
int System::rename(const std::string& from, const std::string& to) {
  return ::rename(from.c_str(), to.c_str());
}
int System::rename_new(const std::string& from, const std::string& to) {
  return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
}
int System::unlink(const std::string& path) { return ::unlink(path.c_str()); }
int System::make_folder(const std::string& path) { return ::mkdir(path.c_str(), 0777); }
int System::remove_folder(const std::string& path) { return ::rmdir(path.c_str()); }
int System::status(const std::string& path, struct stat& out) {
  return ::lstat(path.c_str(), &out);
}

int System::names(const std::string& path, std::vector<std::string>& out) {
  DIR* folder = ::opendir(path.c_str());
  if (folder == nullptr) return -1;
  errno = 0;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") out.push_back(name);
    errno = 0;
  }
  const int error = errno;
  ::closedir(folder);
  errno = error;
  return error == 0 ? 0 : -1;
}

void System::close(int fd) { ::close(fd); }

}  // namespace steelyard
