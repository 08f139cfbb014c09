// The bytes of a text file, whether it is plain or gzip: one stream, read from front to back by one
// thread at a time. gzip is checked as it goes: header, CRC, length of every member, and how far it
// expands.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "bills/reading.h"

namespace steelyard {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Fills up to `size` bytes and returns how many; fewer than `size` only at the end of the
  /// stream. SY1205 the disk fails, SY1206 gzip ends early or is damaged, SY1215 it expands too
  /// far.
  virtual Result<std::size_t> read(char* to, std::size_t size) = 0;
  /// Bytes of the file itself taken so far; may be asked from another thread.
  std::int64_t consumed() const { return consumed_.load(std::memory_order_relaxed); }

 protected:
  std::atomic<std::int64_t> consumed_{0};
};

/// What the first bytes of a file say, and its size. SY1201, SY1202 (names what it is instead),
/// SY1205.
struct FileKind {
  Container container = Container::kCsv;
  std::int64_t bytes = 0;
};
Result<FileKind> look_at_file(const std::string& path);

/// `container` is kCsv or kCsvGzip.
Result<std::unique_ptr<ByteStream>> open_bytes(const std::string& path, Container container,
                                               const ReadLimits& limits);

}  // namespace steelyard
