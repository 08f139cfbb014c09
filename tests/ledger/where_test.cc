// The filter language: what it means for missing values, that text survives it, and that no value
// ever becomes SQL.
#include <algorithm>

#include "ledger/where.h"

#include "ledger/fixture.h"

namespace steelyard::ledger_test {
namespace {

/// What a filter means, written without SQL: two-valued logic over plain rows.
bool holds(const Filter& filter, const Charge& row) {
  const auto value = [&]() -> Text {
    if (filter.name == "service") return row.service;
    if (filter.name == "account") return row.account;
    if (filter.name == "category") return row.category;
    if (filter.name == "tag:team") return tag_of(row, "team");
    if (filter.name == "tag:a \"b\" key") return tag_of(row, "a \"b\" key");
    ADD_FAILURE() << filter.name;
    return {};
  };
  switch (filter.kind) {
    case Filter::Kind::kAll:
      return true;
    case Filter::Kind::kNot:
      return !holds(filter.parts.front(), row);
    case Filter::Kind::kAnd:
      return std::all_of(filter.parts.begin(), filter.parts.end(),
                         [&](const Filter& part) { return holds(part, row); });
    case Filter::Kind::kOr:
      return std::any_of(filter.parts.begin(), filter.parts.end(),
                         [&](const Filter& part) { return holds(part, row); });
    case Filter::Kind::kIsNull:
      return !value();
    case Filter::Kind::kIn: {
      const auto v = value();
      return v && std::find(filter.values.begin(), filter.values.end(), *v) != filter.values.end();
    }
    case Filter::Kind::kLike: {
      const auto v = value();
      return v && matches_glob(filter.values.front(), *v);
    }
    case Filter::Kind::kCompare:
      break;
  }
  int order = 0;
  bool present = true;
  if (filter.name == "cost") {
    const auto limit = dec(filter.values.front());
    order = row.effective < limit ? -1 : row.effective == limit ? 0 : 1;
  } else {
    const auto v = value();
    present = v.has_value();
    if (present) order = v->compare(filter.values.front());
  }
  switch (filter.op) {
    case Filter::Operator::kEqual:
      return present && order == 0;
    case Filter::Operator::kNotEqual:
      return !present || order != 0;
    case Filter::Operator::kLess:
      return present && order < 0;
    case Filter::Operator::kLessEqual:
      return present && order <= 0;
    case Filter::Operator::kGreater:
      return present && order > 0;
    case Filter::Operator::kGreaterEqual:
      return present && order >= 0;
  }
  return false;
}

Filter random_filter(std::mt19937_64& random, int depth) {
  Filter filter;
  if (depth > 0 && random() % 2) {
    const auto pick = random() % 3;
    filter.kind = pick == 0   ? Filter::Kind::kAnd
                  : pick == 1 ? Filter::Kind::kOr
                              : Filter::Kind::kNot;
    const auto want = pick == 2 ? 1 : 2 + random() % 2;
    while (filter.parts.size() < want) {
      auto part = random_filter(random, depth - 1);
      // As the parser makes them: no list directly within a list of its kind.
      if (part.kind != filter.kind || filter.kind == Filter::Kind::kNot)
        filter.parts.push_back(std::move(part));
    }
    return filter;
  }
  static const std::vector<std::string> names = {"service", "account", "category", "tag:team",
                                                 "tag:a \"b\" key"};
  static const std::vector<std::string> values = {
      "Amazon EC2", "S3", "it's; DROP TABLE charges; --", "web",        "we'b", "",    "12", "and",
      "Usage",      "x",  "ünïcode \U0001F600",           "a) or (1=1", "%",    "null"};
  filter.name = names[random() % names.size()];
  switch (random() % 5) {
    case 0:
      filter.kind = Filter::Kind::kIsNull;
      break;
    case 1:
      filter.kind = Filter::Kind::kIn;
      for (auto n = 1 + random() % 3; n > 0; --n)
        filter.values.push_back(values[random() % values.size()]);
      break;
    case 2: {
      static const std::vector<std::string> patterns = {"*", "A*", "*2",  "?3",  "we?b",
                                                        "%", "_",  "*;*", "\\*", ""};
      filter.kind = Filter::Kind::kLike;
      filter.values.push_back(patterns[random() % patterns.size()]);
      break;
    }
    default:
      filter.kind = Filter::Kind::kCompare;
      filter.op = static_cast<Filter::Operator>(random() % 6);
      if (random() % 4 == 0) {
        filter.name = "cost";
        filter.values.push_back(to_text(random_decimal(random)));
      } else {
        filter.values.push_back(values[random() % values.size()]);
      }
  }
  return filter;
}

TEST(Where, ReadsWhatPeopleType) {
  auto filter = parse_filter(
      "service=Amazon EC2 and (region in (eu-west-1, us-east-1) or tag:team!=web) and cost>100 and "
      "not account like 12*");
  ASSERT_TRUE(filter) << why(filter);
  ASSERT_EQ(filter->kind, Filter::Kind::kAnd);
  ASSERT_EQ(filter->parts.size(), 4U);
  EXPECT_EQ(filter->parts[0].values.front(), "Amazon EC2");
  EXPECT_EQ(filter->parts[1].kind, Filter::Kind::kOr);
  EXPECT_EQ(filter->parts[1].parts[0].values, (std::vector<std::string>{"eu-west-1", "us-east-1"}));
  EXPECT_EQ(filter->parts[3].kind, Filter::Kind::kNot);
  EXPECT_EQ(to_text(*filter),
            "service='Amazon EC2' and (region in (eu-west-1, us-east-1) or tag:team!=web) and "
            "cost>100 and not account like 12*");
  EXPECT_EQ(parse_filter("service = Amazon Elastic Compute Cloud (EC2)  AND account=1")
                ->parts[0]
                .values[0],
            "Amazon Elastic Compute Cloud (EC2)");
  EXPECT_EQ(parse_filter("issuer=Amazon Web Services, Inc.")->values[0],
            "Amazon Web Services, Inc.");
  EXPECT_EQ(parse_filter("service='a and b'")->values[0], "a and b");
  EXPECT_EQ(parse_filter("tag:\"my key\"=x")->name, "tag:my key");
  EXPECT_EQ(parse_filter("  ")->kind, Filter::Kind::kAll);
}

TEST(Where, SaysWhereItStopsUnderstanding) {
  for (const char* text : {"service", "service=", "=x", "service in ()", "service in (a",
                           "(service=a", "service=a)", "service='a", "a=1 and", "not",
                           "service not =x", "service is x", "a=1 b", "service=a\x01\xff"}) {
    auto filter = parse_filter(text);
    if (std::string_view(text) == "a=1 b") {
      ASSERT_TRUE(filter);  // a bare value may hold spaces
      continue;
    }
    ASSERT_FALSE(filter) << text;
    EXPECT_EQ(filter.error().code, "SY1510");
  }
  EXPECT_FALSE(parse_filter(std::string(200, '(') + "a=1" + std::string(200, ')')));
  EXPECT_FALSE(parse_filter(std::string("a='x\0y'", 7)));
}

TEST(Where, RefusesValuesThatDoNotFitTheColumn) {
  for (const char* text :
       {"cost>abc", "ChargePeriodStart>yesterday", "x_SourceRow=1.5", "Tags=x", "cost like 1*"}) {
    auto filter = parse_filter(text);
    ASSERT_TRUE(filter) << text;
    auto sql = sql_of(*filter, schema(), Basis::kEffective);
    ASSERT_FALSE(sql) << text;
    EXPECT_EQ(sql.error().code, "SY1511") << text;
  }
  auto sql = sql_of(*parse_filter("servise=x"), schema(), Basis::kEffective);
  ASSERT_FALSE(sql);
  EXPECT_EQ(sql.error().code, "SY1501");
  EXPECT_NE(sql.error().fix.find("`service`"), std::string::npos) << sql.error().fix;
}

TEST(Where, RandomFiltersComeBackFromTheirText) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 3000; ++i) {
    const auto filter = random_filter(random, 4);
    auto again = parse_filter(to_text(filter));
    ASSERT_TRUE(again) << to_text(filter) << "\n" << why(again);
    ASSERT_EQ(*again, filter) << to_text(filter);
  }
}

TEST(Where, MeansTheSameAsPlainLogicOverTheRows) {
  auto duck = engine();
  const auto rows = random_charges(1, 300);
  const auto charges = load(*duck, rows);
  std::mt19937_64 random(11);
  for (int i = 0; i < 300; ++i) {
    const auto filter = random_filter(random, 3);
    std::int64_t expected = 0;
    Decimal sum;
    for (const auto& row : rows) {
      if (!holds(filter, row)) continue;
      ++expected;
      sum += row.effective;
    }
    auto sql = sql_of(filter, charges.schema, Basis::kEffective);
    ASSERT_TRUE(sql) << why(sql);
    auto answer = duck->query("SELECT count(*), sum(EffectiveCost) FROM charges WHERE " + *sql);
    ASSERT_TRUE(answer) << why(answer) << "\n" << *sql;
    ASSERT_EQ(answer->rows[0][0].text(), std::to_string(expected)) << to_text(filter) << "\n"
                                                                   << *sql;
    if (expected > 0) {
      ASSERT_EQ(answer->rows[0][1].text(), to_text(sum)) << to_text(filter);
    }
  }
  auto still = duck->query("SELECT count(*) FROM charges");
  ASSERT_TRUE(still);
  EXPECT_EQ(still->rows[0][0].text(), "300");
}

TEST(Where, HostileTextIsOnlyEverAValue) {
  auto duck = engine();
  std::vector<Charge> rows;
  const std::vector<std::string> hostile = {"'; DROP TABLE charges; --",
                                            "\" OR 1=1 --",
                                            "x' UNION SELECT 1 --",
                                            "\\'; DROP TABLE charges",
                                            "$$; DROP TABLE charges; $$",
                                            "/* */",
                                            "\n;\n",
                                            "\xE2\x80\xAE txt",
                                            "E'\\x27'",
                                            "''''"};
  for (const auto& text : hostile) {
    Charge row;
    row.service = text;
    row.tags[text] = text;
    row.effective = dec("1");
    rows.push_back(row);
  }
  const auto charges = load(*duck, rows);
  for (const auto& text : hostile) {
    for (const auto& name : std::vector<std::string>{"service", "tag:" + text}) {
      auto again = parse_filter(to_text(equals(name, &text)));
      ASSERT_TRUE(again) << why(again);
      auto sql = sql_of(*again, charges.schema, Basis::kEffective);
      ASSERT_TRUE(sql) << why(sql);
      auto answer = duck->query("SELECT count(*) FROM charges WHERE " + *sql);
      ASSERT_TRUE(answer) << why(answer);
      EXPECT_EQ(answer->rows[0][0].text(), "1") << text;
    }
  }
}

}  // namespace
}  // namespace steelyard::ledger_test
