// Work shared out to threads. Behind the door of commitments/.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace steelyard {

/// Calls work(i) for each i < count from up to `threads` threads (0: as many as the machine has).
/// Who does which is left to chance, so each i writes its own.
template <class Work>
void in_parallel(std::size_t count, int threads, const Work& work) {
  std::size_t workers =
      threads > 0 ? static_cast<std::size_t>(threads) : std::thread::hardware_concurrency();
  workers = std::clamp<std::size_t>(workers, 1, std::max<std::size_t>(count, 1));
  std::atomic<std::size_t> next = 0;
  const auto loop = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> others;
  for (std::size_t worker = 1; worker < workers; ++worker) others.emplace_back(loop);
  loop();
}

}  // namespace steelyard
