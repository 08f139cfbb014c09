// Expected failures are values: a Result<T> holds a T or an Error. Bugs are assertions.
// An Error says what happened, where, and what to do; its code is stable and documented in
// docs/reference/errors.md. No exception crosses a folder.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace steelyard {

struct Error {
  std::string code;                ///< "SY1204"; the table is in base/error_codes.h
  std::string what;                ///< what happened, one sentence without a full stop
  std::string where;               ///< file, row, column, byte: as much as is known; may be empty
  std::string fix;                 ///< what to do about it; may be empty
  std::vector<std::string> notes;  ///< further lines: the figures, the money concerned
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

/// Makes the failing side of a Result.
inline tl::unexpected<Error> fail(std::string_view code, std::string what, std::string where = {},
                                  std::string fix = {}) {
  return tl::unexpected<Error>(
      Error{std::string(code), std::move(what), std::move(where), std::move(fix), {}});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

/// Passes a failure on to the caller's Result type.
template <class T>
tl::unexpected<Error> pass(Result<T>& result) {
  return tl::unexpected<Error>(std::move(result.error()));
}

}  // namespace steelyard
