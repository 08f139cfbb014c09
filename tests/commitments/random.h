// Numbers at random for tests, the same in every run and with every standard library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace steelyard {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  double uniform(double from, double to) {
    return from + (to - from) * static_cast<double>(engine_() >> 11) * 0x1p-53;
  }
  std::size_t below(std::size_t end) { return engine_() % end; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace steelyard
