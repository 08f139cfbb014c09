#include "samples/philox.h"

#include <gtest/gtest.h>

namespace steelyard::samples {
namespace {

// The known answers that come with Random123 (Salmon et al.), file kat_vectors, philox4x32 with 10
// rounds.
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, StreamsAndSeedsDiffer) {
  const Random one(1), two(2);
  EXPECT_NE(one.at(Stream::kUsage, 5, 6), two.at(Stream::kUsage, 5, 6));
  EXPECT_NE(one.at(Stream::kUsage, 5, 6), one.at(Stream::kLine, 5, 6));
  EXPECT_EQ(one.at(Stream::kUsage, 5, 6), Random(1).at(Stream::kUsage, 5, 6));
}

TEST(Philox, BelowStaysBelowAndReachesBothEnds) {
  EXPECT_EQ(below(0, 10), 0U);
  EXPECT_EQ(below(0xffffffff, 10), 9U);
  EXPECT_GT(unit(0), 0.0);
  EXPECT_LT(unit(0xffffffff), 1.0);
}

}  // namespace
}  // namespace steelyard::samples
