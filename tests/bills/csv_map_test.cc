// Tags as providers write them.
#include "bills/csv_map.h"

#include <gtest/gtest.h>

#include <random>

namespace steelyard {
namespace {

std::string read(std::string_view text) {
  MapText map;
  const bool good = map.read(text);
  std::string out = good ? "" : "unread: ";
  for (const auto& [key, value] : map.entries()) {
    if (!out.empty() && !out.ends_with(": ")) out += "; ";
    out += std::string(key) + "=" + (value.data() == nullptr ? "(null)" : std::string(value));
  }
  return out;
}

TEST(MapText, ReadsJsonObjects) {
  EXPECT_EQ(read("{}"), "");
  EXPECT_EQ(read(" { } "), "");
  EXPECT_EQ(read(R"({"a":"b"})"), "a=b");
  EXPECT_EQ(read(R"({ "a" : "b" , "c" : "" })"), "a=b; c=");
  EXPECT_EQ(read(R"({"n": 12.50, "t": true, "f": false, "z": null, "e": -1e5})"),
            "n=12.50; t=true; f=false; z=(null); e=-1e5");
  EXPECT_EQ(read(R"({"o": {"x": [1, "}", {"y": 2}]}, "l": [1, 2]})"),
            R"(o={"x": [1, "}", {"y": 2}]}; l=[1, 2])");
  EXPECT_EQ(read(R"({"": "empty key"})"), "=empty key");
}

TEST(MapText, ReadsEscapes) {
  EXPECT_EQ(read(R"({"q\"k": "a\\b\/c\n\t\u0041\u00e9\u65e5"})"), "q\"k=a\\b/c\n\tAé日");
  EXPECT_EQ(read(R"({"smile": "\ud83d\ude00"})"), "smile=😀");
  EXPECT_EQ(read(R"({"half": "\ud83d!"})"), "half=\xef\xbf\xbd!");
  EXPECT_EQ(read(R"({"k\u0031": "v\u0032", "k2": "plain", "k\u0033": ""})"),
            "k1=v2; k2=plain; k3=");
}

TEST(MapText, ReadsWhatIsNearlyJson) {
  EXPECT_EQ(read(R"("tagA": "valueA","tagB": "valueB")"), "tagA=valueA; tagB=valueB");
  EXPECT_EQ(read(R"("tagA": "valueA",)"), "tagA=valueA");
  EXPECT_EQ(read(R"({'env': 'prod', 'team': None, 'on': True, 'it': "it's"})"),
            "env=prod; team=(null); on=true; it=it's");
  EXPECT_EQ(read(R"([{"key": "env", "value": "prod"}, {"value": "x", "key": "team"}])"),
            "env=prod; team=x");
  EXPECT_EQ(read(R"([{"Key": "env", "Value": "prod"}])"), "env=prod");
  EXPECT_EQ(read("[]"), "");
  EXPECT_EQ(read("{env=prod, team=a b}"), "env=prod; team=a b");
  EXPECT_EQ(read("env=prod;team=;"), "env=prod; team=");
  EXPECT_EQ(read("url=a=b"), "url=a=b");
}

TEST(MapText, KeepsWhatItCannotRead) {
  for (const char* text :
       {"some words", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":\"b\"} x",
        "{\"a\":\"b", "[1]", "\"a\"", "[{\"key\":null,\"value\":\"x\"}]", "{\"a\": [1}",
        "{\"a\":\"\\x\"}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\\u12\"}", "https://x?a=b", "=x",
        "{\"a\":nope}"}) {
    EXPECT_EQ(read(text), std::string("unread: (unread)=") + text);
  }
  EXPECT_EQ(read("{\"a\":" + std::string(5000, '[') + "}"),
            "unread: (unread)={\"a\":" + std::string(5000, '[') + "}");
}

TEST(MapText, TheLastOfARepeatedKeyCountsAndNoneIsLost) {
  EXPECT_EQ(read(R"({"a": "1", "b": "x", "a": "2"})"), "a#1=1; b=x; a=2");
  EXPECT_EQ(read(R"({"a": "1", "a": "1"})"), "a=1");
  EXPECT_EQ(read(R"({"a": "1", "a": "2", "a": "3", "a#1": "taken"})"),
            "a#2=1; a#3=2; a=3; a#1=taken");
  EXPECT_EQ(read(R"({"a": null, "a": ""})"), "a#1=(null); a=");
  std::string many = "{";
  for (int i = 0; i < 500; ++i)
    many += (i > 0 ? "," : "") + std::string("\"k") + std::to_string(i % 400) +
            "\":" + std::to_string(i);
  MapText map;
  ASSERT_TRUE(map.read(many + "}"));
  EXPECT_EQ(map.entries().size(), 500U);
}

TEST(MapText, OneReaderServesManyCells) {
  std::mt19937 random(3);
  MapText map;
  for (int i = 0; i < 2000; ++i) {
    std::string text = "{", expected;
    const int entries = static_cast<int>(random() % 30);
    for (int e = 0; e < entries; ++e) {
      const std::string value(random() % 40, 'v');
      text += (e > 0 ? ", " : "") + std::string("\"k\\u0041") + std::to_string(e) + "\": \"" +
              value + "\\\"\"";
      expected += "kA" + std::to_string(e) + "=" + value + "\";";
    }
    ASSERT_TRUE(map.read(text + "}"));
    std::string got;
    for (const auto& [key, value] : map.entries())
      got += std::string(key) + "=" + std::string(value) + ";";
    ASSERT_EQ(got, expected);
  }
}

}  // namespace
}  // namespace steelyard
