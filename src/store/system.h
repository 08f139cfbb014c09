// The few operating-system calls that the store makes, each behind one virtual function, so that a
// test can let any of them fail, stop half way or be the last one before a crash. Behind the
// store's door: only src/store includes this.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace steelyard {

/// As the system calls of the same name: -1 and errno on failure. Paths are absolute.
class System {
 public:
  virtual ~System() = default;
  virtual int open(const std::string& path, int flags, mode_t mode);
  virtual ssize_t read(int fd, void* data, std::size_t size);
  virtual ssize_t write(int fd, const void* data, std::size_t size);
  virtual int sync(int fd);
  virtual int link(const std::string& from, const std::string& to);
  virtual int rename(const std::string& from, const std::string& to);
  /// EEXIST when `to` exists, in one step.
  virtual int rename_new(const std::string& from, const std::string& to);
  virtual int unlink(const std::string& path);
  virtual int make_folder(const std::string& path);
  virtual int remove_folder(const std::string& path);
  /// Does not follow a symbolic link.
  virtual int status(const std::string& path, struct stat& out);
  /// The names in a folder, without "." and "..", unsorted.
  virtual int names(const std::string& path, std::vector<std::string>& out);
  /// Never fails in a way that matters: the data were synced before, or the file is only read.
  void close(int fd);
};

}  // namespace steelyard
