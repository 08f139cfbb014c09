// Assertions are for our own mistakes and stay on in release builds: a wrong total is worse than a
// stop.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace steelyard {

[[noreturn]] inline void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "internal error[SY0001]: %s (%s:%d)\nplease report this as a bug\n",
               condition, file, line);
  std::_Exit(8);
}

}  // namespace steelyard

#define SY_ASSERT(condition) \
  ((condition) ? (void)0 : ::steelyard::assertion_failed(#condition, __FILE__, __LINE__))
