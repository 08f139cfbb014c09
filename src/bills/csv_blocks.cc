#include "bills/csv_blocks.h"

#include <algorithm>

#include "bills/csv_scan.h"

namespace steelyard {
namespace {

constexpr std::size_t kReadAhead = 3;  // blocks that wait to be taken

}  // namespace

BlockReader::BlockReader(std::string path, std::unique_ptr<ByteStream> bytes, BlockOptions options)
    : path_(std::move(path)),
      bytes_(std::move(bytes)),
      options_(options),
      thread_([this] { run(); }) {}

BlockReader::~BlockReader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BlockReader::add_taker() {
  const std::lock_guard lock(mutex_);
  ++takers_;
  changed_.notify_all();
}

void BlockReader::remove_taker() {
  const std::lock_guard lock(mutex_);
  --takers_;
}

Result<std::shared_ptr<CsvBlock>> BlockReader::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return verdict_ || !ready_.empty() || ended_; });
  if (verdict_) return fail(*verdict_);
  if (!ready_.empty()) {
    std::shared_ptr<CsvBlock> block = std::move(ready_.front());
    ready_.pop_front();
    taken_.emplace(block->number, block);
    changed_.notify_all();  // there is room for one more
    return block;
  }
  if (error_) return fail(*error_);
  return std::shared_ptr<CsvBlock>();
}

void BlockReader::finish(const std::shared_ptr<CsvBlock>& block) {
  {
    const std::lock_guard lock(mutex_);
    taken_.erase(block->number);
    if (!keep_) free_.push_back(block);
  }
  changed_.notify_all();
}

std::vector<std::shared_ptr<CsvBlock>> BlockReader::unfinished_before(std::int64_t number) {
  const std::lock_guard lock(mutex_);
  keep_ = true;
  std::vector<std::shared_ptr<CsvBlock>> blocks;
  for (const auto& [its_number, block] : taken_) {
    if (its_number < number) blocks.push_back(block);
  }
  return blocks;
}

Error BlockReader::end_with(Error error) {
  const std::lock_guard lock(mutex_);
  if (!verdict_) verdict_ = std::move(error);
  stop_ = true;
  changed_.notify_all();
  return *verdict_;
}

std::shared_ptr<CsvBlock> BlockReader::wait_for_free() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return stop_ ||
           (ready_.size() < kReadAhead && (!free_.empty() || blocks_ < takers_ + kReadAhead));
  });
  if (stop_) return nullptr;
  if (free_.empty()) {
    ++blocks_;
    return std::make_shared<CsvBlock>();
  }
  std::shared_ptr<CsvBlock> block = std::move(free_.back());
  free_.pop_back();
  return block;
}

void BlockReader::run() {
  Status done = read_blocks();
  {
    const std::lock_guard lock(mutex_);
    if (!done) error_ = std::move(done.error());
    ended_ = true;
  }
  changed_.notify_all();
}

tl::unexpected<Error> BlockReader::record_too_large(std::int64_t line) const {
  return fail("SY1215",
              "a record is larger than " + std::to_string(options_.max_record_bytes) + " bytes",
              path_ + ", record that begins in line " + std::to_string(line),
              "look for a quote in that record which is never closed");
}

Status BlockReader::read_blocks() {
  std::vector<char> carry;
  std::int64_t line = options_.first_line;
  std::int64_t to_skip = options_.skip_bytes;
  std::vector<char> skipped(to_skip > 0 ? 1 << 16 : 0);
  while (to_skip > 0) {
    const auto part = static_cast<std::size_t>(std::min<std::int64_t>(to_skip, 1 << 16));
    auto got = bytes_->read(skipped.data(), part);
    if (!got) return pass(got);
    if (*got == 0) return {};  // a header without a newline is the whole file
    to_skip -= static_cast<std::int64_t>(*got);
  }
  bool at_end = false;
  for (std::int64_t number = 0; !at_end; ++number) {
    std::shared_ptr<CsvBlock> block = wait_for_free();
    if (block == nullptr) return {};
    std::size_t wanted = std::max(options_.block_bytes, carry.size() + carry.size() / 2 + 64);
    if (block->data.size() < wanted + kScanSlack) block->data.resize(wanted + kScanSlack);
    // A block that once held a giant record gives its memory back.
    if (block->data.size() > 4 * options_.block_bytes && wanted <= options_.block_bytes) {
      std::vector<char>(wanted + kScanSlack).swap(block->data);
    }
    std::copy(carry.begin(), carry.end(), block->data.begin());
    std::size_t size = carry.size();
    carry.clear();
    CsvCut cut;
    while (true) {
      // One byte stays free for the newline that the last record may lack.
      const std::size_t room = wanted - 1 - size;
      auto got = bytes_->read(block->data.data() + size, room);
      if (!got) return pass(got);
      size += *got;
      at_end = *got < room;
      cut = cut_records(block->data.data(), size, options_.delimiter);
      if (at_end || cut.end > 0) break;
      if (static_cast<std::int64_t>(size) > options_.max_record_bytes)
        return record_too_large(line);
      wanted *= 2;
      if (block->data.size() < wanted + kScanSlack) block->data.resize(wanted + kScanSlack);
    }
    std::optional<Error> broken;
    if (at_end && cut.end < size) {
      if (cut.open_quote) {
        broken = fail("SY1214", "a quote is never closed",
                      path_ + ", record that begins in line " + std::to_string(line + cut.lines),
                      "close it, or double the quote if it is part of the text")
                     .value();
      } else {
        block->data[size++] = '\n';
        cut.end = size;
      }
    }
    if (cut.end > 0) {
      carry.assign(block->data.begin() + static_cast<std::ptrdiff_t>(cut.end),
                   block->data.begin() + static_cast<std::ptrdiff_t>(size));
      block->size = cut.end;
      block->number = number;
      block->first_line = line;
      line += cut.lines;
      {
        const std::lock_guard lock(mutex_);
        if (stop_) return {};
        ready_.push_back(std::move(block));
      }
      changed_.notify_all();
    }
    if (broken) return fail(std::move(*broken));
  }
  return {};
}

}  // namespace steelyard
