#include "base/text.h"

#include <gtest/gtest.h>

namespace steelyard {
namespace {

TEST(Text, SplitsAndJoins) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string>{""}));
  EXPECT_EQ(split(",", ','), (std::vector<std::string>{"", ""}));
  EXPECT_EQ(join({"a", "", "b"}, ", "), "a, , b");
  EXPECT_EQ(join({}, ","), "");
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
}

TEST(Text, MakesSlugs) {
  EXPECT_EQ(slug("Amazon Web Services, Inc."), "amazon-web-services-inc");
  EXPECT_EQ(slug("../../etc"), "etc");
  EXPECT_EQ(slug("日本"), "unnamed");
  EXPECT_EQ(slug(""), "unnamed");
}

TEST(Text, MatchesGlobs) {
  EXPECT_TRUE(matches_glob("*.csv", "a.csv"));
  EXPECT_TRUE(matches_glob("a*b*c", "axxbyybzc"));
  EXPECT_TRUE(matches_glob("?", "x"));
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("**a", "a"));
  EXPECT_FALSE(matches_glob("?", ""));
  EXPECT_FALSE(matches_glob("a*b", "abc"));
  EXPECT_FALSE(matches_glob("", "a"));
  // Would take longer than the sun has left if it tried every way.
  EXPECT_FALSE(matches_glob("a*a*a*a*a*a*a*a*a*a*b", std::string(2000, 'a')));
}

TEST(Text, FindsTheNearestWord) {
  EXPECT_EQ(nearest("EfectiveCost", {"BilledCost", "EffectiveCost"}), "EffectiveCost");
  EXPECT_EQ(nearest("effectivecost", {"EffectiveCost"}), "EffectiveCost");
  EXPECT_EQ(nearest("zebra", {"BilledCost"}), "");
  EXPECT_EQ(nearest("x", {}), "");
}

TEST(Text, QuotesForSql) {
  EXPECT_EQ(sql_identifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(sql_literal("it's"), "'it''s'");
  EXPECT_EQ(sql_literal("'; drop table x --"), "'''; drop table x --'");
  EXPECT_EQ(sql_literal(std::string_view("a\0b", 3)), "('' || 'a' || chr(0) || 'b')");
}

TEST(Text, QuotesForJson) {
  EXPECT_EQ(json_quote("a\"\\\n\t\x01\x7f"), "\"a\\\"\\\\\\n\\t\\u0001\\u007f\"");
  EXPECT_EQ(json_quote("é日😀"), "\"é日😀\"");
  EXPECT_EQ(json_quote("\xff"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(json_quote("\xc0\xaf"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");  // an overlong slash
}

TEST(Text, IsSafeOnATerminal) {
  EXPECT_EQ(terminal_safe("plain é日"), "plain é日");
  EXPECT_EQ(terminal_safe("\x1b[31mred\x1b]0;title\x07"), "\\x1b[31mred\\x1b]0;title\\x07");
  EXPECT_EQ(terminal_safe("a\r\n\tb\x7f"), "a\\r\\n\\tb\\x7f");
  EXPECT_EQ(terminal_safe("\xc2\x9b"
                          "31m"),
            "\\x9b31m");  // CSI as one C1 control
  EXPECT_EQ(terminal_safe("\xff"), "\\xff");
  EXPECT_EQ(terminal_safe("\xe2\x80\xae"
                          "gpj.exe"),
            "\\u202egpj.exe");  // right-to-left override
  for (int c = 0; c < 256; ++c) {
    for (const char safe : terminal_safe(std::string(1, static_cast<char>(c)))) {
      EXPECT_GE(static_cast<unsigned char>(safe), 0x20u);
      EXPECT_LT(static_cast<unsigned char>(safe), 0x7fu);
    }
  }
}

TEST(Text, GuardsCsvCells) {
  EXPECT_EQ(csv_cell("plain", true), "plain");
  EXPECT_EQ(csv_cell("a,b", false), "\"a,b\"");
  EXPECT_EQ(csv_cell("a\"b\n", false), "\"a\"\"b\n\"");
  EXPECT_EQ(csv_cell("=1+1", true), "'=1+1");
  EXPECT_EQ(csv_cell("=1+1", false), "=1+1");
  EXPECT_EQ(csv_cell("@SUM(A1)", true), "'@SUM(A1)");
  EXPECT_EQ(csv_cell("+cmd|' /C calc'!A0", true), "'+cmd|' /C calc'!A0");
  EXPECT_EQ(csv_cell("-12.50", true), "-12.50");  // a number is one
  EXPECT_EQ(csv_cell("-12.50-cmd", true), "'-12.50-cmd");
  EXPECT_EQ(csv_cell("-", true), "'-");
  EXPECT_EQ(csv_cell("\t=1", true), "'\t=1");
}

TEST(Text, MeasuresColumns) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("日本"), 4);
  EXPECT_EQ(display_width("e\xcc\x81"), 1);  // a combining accent
  EXPECT_EQ(fit_width("abcdef", 4), "abc…");
  EXPECT_EQ(fit_width("abcd", 4), "abcd");
  EXPECT_EQ(fit_width("日本語", 4), "日…");
  EXPECT_EQ(fit_width("abc", 0), "");
}

TEST(Text, WritesNumbersForPeople) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(-1234567), "-1,234,567");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(INT64_MIN), "-9,223,372,036,854,775,808");
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes(std::uint64_t{5} << 40), "5.0 TiB");
  EXPECT_EQ(hex("\x01\xff"), "01ff");
}

TEST(Text, XmlHasNoMarkupOfTheDataAndNothingThatXmlForbids) {
  EXPECT_EQ(xml_text("a<b> & \"c\" é\t"), "a&lt;b&gt; &amp; &quot;c&quot; é\t");
  EXPECT_EQ(xml_text("]]>"), "]]&gt;");
  for (const std::string_view forbidden :
       {std::string_view("\0", 1), std::string_view("\x1b"), std::string_view("\xff"),
        std::string_view("\xEF\xBF\xBF")})
    EXPECT_EQ(xml_text(forbidden), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace steelyard
