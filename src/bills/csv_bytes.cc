#include "bills/csv_bytes.h"

#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

namespace steelyard {
namespace {

constexpr std::size_t kInputBytes = 1 << 18;
constexpr std::int64_t kFreeExpansion = 64LL << 20;

/// A file descriptor that is closed again.
class FileHandle {
 public:
  explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
  ~FileHandle() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  FileHandle(FileHandle&& other) noexcept : descriptor_(other.descriptor_) {
    other.descriptor_ = -1;
  }
  FileHandle& operator=(FileHandle&&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

tl::unexpected<Error> cannot_read(const std::string& path, int error) {
  if (error == EACCES)
    return fail("SY1231", "no permission to read", path, "give this user the right to read it");
  return fail("SY1205", std::string("cannot read the file: ") + std::strerror(error), path,
              "look at the path and at the disk");
}

Result<FileHandle> open_file_handle(const std::string& path) {
  // Opening a pipe without a writer would wait for ever; only regular files are bills.
  FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return cannot_read(path, errno);
  return file;
}

/// Reads until `size` bytes are there or the file ends.
Result<std::size_t> read_fully(int descriptor, char* to, std::size_t size,
                               const std::string& path) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(descriptor, to + done, size - done);
    if (n == 0) break;
    if (n < 0) {
      if (errno == EINTR) continue;
      return cannot_read(path, errno);
    }
    done += static_cast<std::size_t>(n);
  }
  return done;
}

class PlainBytes : public ByteStream {
 public:
  PlainBytes(FileHandle file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Result<std::size_t> read(char* to, std::size_t size) override {
    auto done = read_fully(file_.get(), to, size, path_);
    if (done) consumed_.fetch_add(static_cast<std::int64_t>(*done), std::memory_order_relaxed);
    return done;
  }

 private:
  FileHandle file_;
  std::string path_;
};

class GzipBytes : public ByteStream {
 public:
  GzipBytes(FileHandle file, std::string path, const ReadLimits& limits)
      : file_(std::move(file)),
        path_(std::move(path)),
        limits_(limits),
        input_(kInputBytes),
        state_(std::make_unique<inflate_state>()) {
    isal_inflate_init(state_.get());
    state_->crc_flag = ISAL_GZIP;
  }

  Result<std::size_t> read(char* to, std::size_t size) override {
    std::size_t done = 0;
    while (done < size && !ended_) {
      if (state_->avail_in == 0 && !input_ended_) {
        if (auto more = refill(); !more) return pass(more);
      }
      if (between_members_) {
        if (auto next = start_member(); !next) return pass(next);
        if (ended_ || between_members_) continue;
      }
      const auto room = static_cast<std::uint32_t>(std::min<std::size_t>(size - done, 1U << 30));
      state_->next_out = reinterpret_cast<std::uint8_t*>(to) + done;
      state_->avail_out = room;
      const std::uint32_t input_before = state_->avail_in;
      const int outcome = isal_inflate(state_.get());
      if (outcome < 0 || outcome == ISAL_NEED_DICT) return damaged(outcome);
      const std::size_t made = room - state_->avail_out;
      done += made;
      output_ += static_cast<std::int64_t>(made);
      if (auto fits = check_expansion(); !fits) return pass(fits);
      if (state_->block_state == ISAL_BLOCK_FINISH) {
        between_members_ = true;
      } else if (made == 0 && state_->avail_in == input_before && input_ended_) {
        return fail("SY1206", "the gzip file ends in the middle of its data", path_,
                    "the file was cut off: download it again");
      }
    }
    return done;
  }

 private:
  Status refill() {
    auto got =
        read_fully(file_.get(), reinterpret_cast<char*>(input_.data()), input_.size(), path_);
    if (!got) return pass(got);
    input_ended_ = *got < input_.size();
    state_->next_in = input_.data();
    state_->avail_in = static_cast<std::uint32_t>(*got);
    consumed_.fetch_add(static_cast<std::int64_t>(*got), std::memory_order_relaxed);
    return {};
  }

  /// gzip files may be joined; zeros after the last member are padding (tapes, object stores),
  /// anything else is damage.
  Status start_member() {
    if (state_->avail_in == 0) {
      if (input_ended_) ended_ = true;
      return {};
    }
    if (*state_->next_in == 0) {
      while (state_->avail_in > 0 && *state_->next_in == 0) {
        ++state_->next_in;
        --state_->avail_in;
      }
      padding_ = true;
      return {};
    }
    if (padding_ || *state_->next_in != 0x1f) {
      return fail("SY1206", "the gzip file is followed by bytes that are not gzip", path_,
                  "the file is damaged: download it again");
    }
    std::uint8_t* next = state_->next_in;
    const std::uint32_t left = state_->avail_in;
    isal_inflate_reset(state_.get());
    state_->crc_flag = ISAL_GZIP;
    state_->next_in = next;
    state_->avail_in = left;
    between_members_ = false;
    return {};
  }

  Status check_expansion() {
    if (output_ <= kFreeExpansion) return {};
    const std::int64_t taken = consumed() - state_->avail_in;
    if (output_ / std::max<std::int64_t>(taken, 1) <= limits_.max_expansion) return {};
    return fail("SY1215",
                "the gzip file expands to more than " + std::to_string(limits_.max_expansion) +
                    " times its size",
                path_, "no bill compresses so well: look at what the file holds before reading it");
  }

  tl::unexpected<Error> damaged(int outcome) {
    const char* what = outcome == ISAL_INCORRECT_CHECKSUM ? "the gzip file fails its own checksum"
                                                          : "the gzip file is damaged";
    return fail("SY1206", what, path_, "download it again");
  }

  FileHandle file_;
  std::string path_;
  ReadLimits limits_;
  std::vector<std::uint8_t> input_;
  std::unique_ptr<inflate_state> state_;
  std::int64_t output_ = 0;
  bool input_ended_ = false, between_members_ = false, padding_ = false, ended_ = false;
};

struct Magic {
  std::string_view bytes;
  const char* what;
  const char* fix;
};
using namespace std::string_view_literals;
constexpr Magic kForeign[] = {
    {"PK\x03\x04"sv, "a ZIP archive (or an Excel workbook)", "unpack it, or save the sheet as CSV"},
    {"\x28\xb5\x2f\xfd"sv, "compressed by zstd", "unpack it, or compress it with gzip"},
    {"BZh"sv, "compressed by bzip2", "unpack it, or compress it with gzip"},
    {"\xfd"
     "7zXZ"sv,
     "compressed by xz", "unpack it, or compress it with gzip"},
    {"\xff\xfe"sv, "UTF-16 text", "save it as UTF-8"},
    {"\xfe\xff"sv, "UTF-16 text", "save it as UTF-8"},
    {"ORC"sv, "an ORC file", "export it as Parquet or CSV"},
    {"Obj\x01"sv, "an Avro file", "export it as Parquet or CSV"},
    {"%PDF"sv, "a PDF document", "take the CSV export of the bill"},
};

}  // namespace

Result<FileKind> look_at_file(const std::string& path) {
  auto file = open_file_handle(path);
  if (!file) return pass(file);
  struct stat facts;
  if (::fstat(file->get(), &facts) != 0) return cannot_read(path, errno);
  if (S_ISDIR(facts.st_mode))
    return fail("SY1205", "this is a folder, not a file", path, "name a file in it");
  if (!S_ISREG(facts.st_mode))
    return fail("SY1205", "this is not a regular file", path, "copy the data to a file");
  FileKind kind;
  kind.bytes = facts.st_size;
  if (kind.bytes == 0) {
    return fail("SY1201", "the file is empty", path, "look whether the export was cut off");
  }
  char head[8] = {};
  auto got = read_fully(file->get(), head, sizeof(head), path);
  if (!got) return pass(got);
  const std::string_view start(head, *got);
  if (start.starts_with("\x1f\x8b"sv)) {
    kind.container = Container::kCsvGzip;
    return kind;
  }
  if (start.starts_with("PAR1"sv)) {
    kind.container = Container::kParquet;
    return kind;
  }
  for (const Magic& magic : kForeign) {
    if (start.starts_with(magic.bytes)) {
      return fail("SY1202", std::string("the file is ") + magic.what, path, magic.fix);
    }
  }
  return kind;
}

Result<std::unique_ptr<ByteStream>> open_bytes(const std::string& path, Container container,
                                               const ReadLimits& limits) {
  auto file = open_file_handle(path);
  if (!file) return pass(file);
  ::posix_fadvise(file->get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  if (container == Container::kCsvGzip) {
    return std::unique_ptr<ByteStream>(std::make_unique<GzipBytes>(std::move(*file), path, limits));
  }
  return std::unique_ptr<ByteStream>(std::make_unique<PlainBytes>(std::move(*file), path));
}

}  // namespace steelyard
