#include "base/hash.h"

#include <gtest/gtest.h>

namespace steelyard {
namespace {

TEST(Sha256, KnowsTheVectorsOfTheStandard) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 hash;
  for (int i = 0; i < 1'000; ++i) hash.add(std::string(1'000, 'a'));
  EXPECT_EQ(hash.finish(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(ContentHash, DependsOnTheRowsAndNotOnTheirOrder) {
  const auto row = [](unsigned n) { return (static_cast<unsigned __int128>(~n) << 96) + n; };
  ContentHash forwards, backwards, left, right;
  for (unsigned i = 0; i < 100; ++i) {
    forwards.add(row(i));
    backwards.add(row(99 - i));
    (i % 3 == 0 ? left : right).add(row(i));
  }
  left.add(right);
  EXPECT_EQ(forwards, backwards);
  EXPECT_EQ(forwards, left);
  ContentHash twice = forwards;
  twice.add(row(7));
  EXPECT_NE(twice, forwards);
  ContentHash back;
  ASSERT_TRUE(ContentHash::parse(forwards.text(), back));
  EXPECT_EQ(back, forwards);
  EXPECT_EQ(forwards.text().size(), 32u + 1 + 3);
}

TEST(ContentHash, IsReadBackStrictly) {
  ContentHash out;
  const std::string zeros(32, '0');
  EXPECT_TRUE(ContentHash::parse(zeros + "-0", out));
  for (const std::string& text : {std::string(""), zeros, zeros + "-", zeros + "0-1", zeros + "-1x",
                                  zeros + "-99999999999999999999", std::string(31, '0') + "g-1",
                                  std::string(31, '0') + "-1", " " + zeros + "-1"}) {
    EXPECT_FALSE(ContentHash::parse(text, out)) << text;
  }
}

TEST(Xxh3, IsFixedForever) {
  // Row hashes are kept in the lake: the function may never change. The first is the empty input's
  // value in the specification of XXH3.
  EXPECT_EQ(xxh3_64("", 0, 0), 0x2D06800538D394C2u);
  EXPECT_NE(xxh3_64("a", 1, 0), xxh3_64("a", 1, 1));
}

}  // namespace
}  // namespace steelyard
