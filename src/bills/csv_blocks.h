// Reading ahead: a thread of its own inflates the file and cuts it into blocks of whole records, at
// most a few at a time. Blocks are numbered from 0 in the order of the file; whoever takes one
// gives it back with finish().
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.h"
#include "bills/csv_bytes.h"

namespace steelyard {

struct CsvBlock {
  std::vector<char> data;  ///< whole records, each ended by a newline; `size` bytes of it count
  std::size_t size = 0;
  std::int64_t number = 0;
  std::int64_t first_line = 0;
};

struct BlockOptions {
  char delimiter = ',';
  std::int64_t skip_bytes = 0;  ///< the header, already read
  std::int64_t first_line = 2;
  std::size_t block_bytes = 2 << 20;
  std::int64_t max_record_bytes = 16 << 20;
};

class BlockReader {
 public:
  BlockReader(std::string path, std::unique_ptr<ByteStream> bytes, BlockOptions options);
  ~BlockReader();
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;

  /// One more thread will take blocks: one more may be in use.
  void add_taker();
  void remove_taker();
  /// The next block, waiting for it; null after the last. Errors of the file come after the blocks
  /// before them.
  Result<std::shared_ptr<CsvBlock>> take();
  void finish(const std::shared_ptr<CsvBlock>& block);
  /// Blocks taken and not finished that are before `number`, in order. From now on no block's
  /// memory is used again, so that they can be looked through; end_with() must follow.
  std::vector<std::shared_ptr<CsvBlock>> unfinished_before(std::int64_t number);
  /// Stops reading: whoever takes from now on gets `error`. The first call counts; returns the
  /// error that does.
  Error end_with(Error error);
  std::int64_t bytes_consumed() const { return bytes_->consumed(); }

 private:
  void run();
  Status read_blocks();
  std::shared_ptr<CsvBlock> wait_for_free();
  tl::unexpected<Error> record_too_large(std::int64_t line) const;

  const std::string path_;
  const std::unique_ptr<ByteStream> bytes_;
  const BlockOptions options_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<CsvBlock>> ready_;
  std::vector<std::shared_ptr<CsvBlock>> free_;
  std::map<std::int64_t, std::shared_ptr<CsvBlock>> taken_;
  std::size_t blocks_ = 0;
  std::size_t takers_ = 0;
  bool keep_ = false, stop_ = false, ended_ = false;
  std::optional<Error> error_;    ///< of the file, after the last block
  std::optional<Error> verdict_;  ///< of the whole scan
  std::thread thread_;
};

}  // namespace steelyard
