#include "base/error_codes.h"

#include <gtest/gtest.h>

#include <iterator>
#include <string>

namespace steelyard {
namespace {

TEST(ErrorCodes, AreSortedUniqueAndExplained) {
  for (std::size_t i = 0; i < std::size(kErrorCodes); ++i) {
    const ErrorCode& entry = kErrorCodes[i];
    const std::string code = entry.code;
    EXPECT_TRUE(code.size() == 6 && code.starts_with("SY") &&
                code.find_first_not_of("0123456789", 2) == std::string::npos)
        << code;
    if (i > 0) {
      EXPECT_LT(std::string(kErrorCodes[i - 1].code), code);
    }
    EXPECT_FALSE(std::string(entry.title).empty()) << code;
    EXPECT_GT(std::string(entry.help).size(), 20u) << code;
  }
}

TEST(ErrorCodes, AreFoundByName) {
  ASSERT_NE(find_error_code("SY1010"), nullptr);
  EXPECT_STREQ(find_error_code("sy1010")->code, "SY1010");
  EXPECT_EQ(find_error_code("SY9999"), nullptr);
  EXPECT_EQ(find_error_code(""), nullptr);
  EXPECT_EQ(find_error_code("SY10101"), nullptr);
}

}  // namespace
}  // namespace steelyard
