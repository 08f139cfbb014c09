#include "ledger/where.h"

#include <charconv>

#include "base/text.h"
#include "base/time.h"

namespace steelyard {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_name_char(char c) {
  return !is_space(c) && std::string_view("=!<>~(),'\"").find(c) == std::string_view::npos;
}

/// UTF-8 without NUL: anything else cannot be a value of a bill and must not reach the engine.
bool is_clean_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead == 0) return false;
    std::size_t length = lead < 0x80                   ? 1
                         : lead >= 0xC2 && lead < 0xE0 ? 2
                         : lead >= 0xE0 && lead < 0xF0 ? 3
                         : lead >= 0xF0 && lead < 0xF5 ? 4
                                                       : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    const auto second = length > 1 ? static_cast<unsigned char>(text[i + 1]) : 0;
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second >= 0xA0) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second >= 0x90)) {
      return false;
    }
    i += length;
  }
  return true;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Filter> parse() {
    skip_spaces();
    if (at_end()) return Filter{};
    auto filter = parse_or(0);
    if (!filter) return filter;
    skip_spaces();
    if (!at_end()) return wrong("`and`, `or` or the end is expected here");
    return filter;
  }

 private:
  bool at_end() const { return position_ >= text_.size(); }
  char here() const { return text_[position_]; }
  void skip_spaces() {
    while (!at_end() && is_space(here())) ++position_;
  }

  tl::unexpected<Error> wrong(const std::string& what) const {
    return fail(
        "SY1510", what,
        "--where, character " + std::to_string(position_ + 1) + " of `" + std::string(text_) + "`",
        "for example: service=Amazon EC2 and (region in (eu-west-1, us-east-1) or tag:team!=web)");
  }

  /// A keyword stands alone: followed by a space, a bracket or the end.
  bool keyword_at(std::size_t position, std::string_view word) const {
    if (position + word.size() > text_.size()) return false;
    if (!equals_ignoring_case(text_.substr(position, word.size()), word)) return false;
    const auto after = position + word.size();
    return after == text_.size() || is_space(text_[after]) || text_[after] == '(' ||
           text_[after] == ')';
  }
  bool accept_keyword(std::string_view word) {
    skip_spaces();
    if (!keyword_at(position_, word)) return false;
    position_ += word.size();
    return true;
  }
  bool accept(char c) {
    skip_spaces();
    if (at_end() || here() != c) return false;
    ++position_;
    return true;
  }

  /// `a op b op c` becomes one node; what stands in brackets and is of the same kind is taken in.
  Result<Filter> parse_list(Filter::Kind kind, std::string_view word, int depth) {
    Filter list;
    list.kind = kind;
    do {
      auto part = kind == Filter::Kind::kOr ? parse_list(Filter::Kind::kAnd, "and", depth)
                                            : parse_not(depth);
      if (!part) return part;
      if (part->kind == kind) {
        for (auto& inner : part->parts) list.parts.push_back(std::move(inner));
      } else {
        list.parts.push_back(std::move(*part));
      }
    } while (accept_keyword(word));
    if (list.parts.size() > 1) return list;
    auto only = std::move(list.parts.front());
    return only;
  }

  Result<Filter> parse_or(int depth) {
    if (depth > kMaxFilterDepth) return wrong("brackets and `not` are nested too deeply");
    return parse_list(Filter::Kind::kOr, "or", depth);
  }

  Result<Filter> parse_not(int depth) {
    if (depth > kMaxFilterDepth) return wrong("brackets and `not` are nested too deeply");
    if (accept_keyword("not")) {
      auto part = parse_not(depth + 1);
      if (!part) return part;
      return negate_plainly(std::move(*part));
    }
    if (accept('(')) {
      auto inner = parse_or(depth + 1);
      if (!inner) return inner;
      if (!accept(')')) return wrong("a closing bracket is missing");
      return inner;
    }
    return parse_predicate();
  }

  static Filter negate_plainly(Filter part) {
    Filter filter;
    filter.kind = Filter::Kind::kNot;
    filter.parts.push_back(std::move(part));
    return filter;
  }

  Result<std::string> parse_quoted() {
    const char quote = here();
    std::string value;
    const auto start = position_;
    for (++position_; !at_end(); ++position_) {
      if (here() != quote) {
        value += here();
      } else if (position_ + 1 < text_.size() && text_[position_ + 1] == quote) {
        value += quote;
        ++position_;
      } else {
        ++position_;
        return value;
      }
    }
    position_ = start;
    return wrong("a quote is never closed");
  }

  Result<std::string> parse_name() {
    skip_spaces();
    std::string name;
    while (!at_end()) {
      if (here() == '"') {
        auto quoted = parse_quoted();
        if (!quoted) return quoted;
        name += *quoted;
      } else if (is_name_char(here())) {
        name += here();
        ++position_;
      } else {
        break;
      }
    }
    if (name.empty()) return wrong("the name of a column is expected here");
    return name;
  }

  /// A value: in quotes, or bare up to the next `and`, `or`, closing bracket or (in a list) comma.
  Result<std::string> parse_value(bool in_list) {
    skip_spaces();
    if (!at_end() && (here() == '\'' || here() == '"')) return parse_quoted();
    const auto start = position_;
    int brackets = 0;
    while (!at_end()) {
      const char c = here();
      if (c == '(') ++brackets;
      if (c == ')' && brackets-- == 0) break;
      if (brackets == 0 && in_list && c == ',') break;
      if (brackets == 0 && is_space(c)) {
        auto next = position_;
        while (next < text_.size() && is_space(text_[next])) ++next;
        if (keyword_at(next, "and") || keyword_at(next, "or")) break;
      }
      ++position_;
    }
    auto value = trim(text_.substr(start, position_ - start));
    while (!value.empty() && is_space(value.back())) value.remove_suffix(1);
    if (value.empty()) return wrong("a value is expected here ('' for an empty text)");
    return std::string(value);
  }

  Result<Filter> parse_predicate() {
    auto name = parse_name();
    if (!name) return pass(name);
    Filter filter;
    filter.name = std::move(*name);
    if (accept_keyword("is")) {
      const bool negated = accept_keyword("not");
      if (!accept_keyword("null")) return wrong("`null` is expected here");
      filter.kind = Filter::Kind::kIsNull;
      return negated ? negate_plainly(std::move(filter)) : filter;
    }
    const bool negated = accept_keyword("not");
    if (accept_keyword("in")) {
      filter.kind = Filter::Kind::kIn;
      if (!accept('(')) return wrong("an opening bracket is expected after `in`");
      do {
        auto value = parse_value(true);
        if (!value) return pass(value);
        filter.values.push_back(std::move(*value));
      } while (accept(','));
      if (!accept(')')) return wrong("a comma or a closing bracket is expected here");
      return negated ? negate_plainly(std::move(filter)) : filter;
    }
    if (accept_keyword("like") || (!negated && accept('~'))) {
      filter.kind = Filter::Kind::kLike;
    } else if (negated) {
      return wrong("`in` or `like` is expected after `not`");
    } else {
      filter.kind = Filter::Kind::kCompare;
      if (!parse_operator(filter.op))
        return wrong("one of = != < <= > >= ~ in like is is expected here");
    }
    auto value = parse_value(false);
    if (!value) return pass(value);
    filter.values.push_back(std::move(*value));
    return negated ? negate_plainly(std::move(filter)) : filter;
  }

  bool parse_operator(Filter::Operator& op) {
    using Operator = Filter::Operator;
    static constexpr std::pair<std::string_view, Operator> kOperators[] = {
        {"!=", Operator::kNotEqual},     {"<>", Operator::kNotEqual}, {"<=", Operator::kLessEqual},
        {">=", Operator::kGreaterEqual}, {"==", Operator::kEqual},    {"=", Operator::kEqual},
        {"<", Operator::kLess},          {">", Operator::kGreater}};
    skip_spaces();
    for (const auto& [text, meaning] : kOperators) {
      if (text_.substr(position_, text.size()) == text) {
        position_ += text.size();
        op = meaning;
        return true;
      }
    }
    return false;
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

bool is_plain_word(std::string_view text) {
  if (text.empty()) return false;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '.' || c == ':' || c == '/' || c == '*';
    if (!plain) return false;
  }
  for (std::string_view word : {"and", "or", "not", "in", "like", "is", "null"}) {
    if (equals_ignoring_case(text, word)) return false;
  }
  return true;
}

std::string quoted(std::string_view text, char quote) {
  if (is_plain_word(text)) return std::string(text);
  std::string result(1, quote);
  for (char c : text) {
    result += c;
    if (c == quote) result += c;
  }
  return result + quote;
}

std::string_view symbol(Filter::Operator op) {
  switch (op) {
    case Filter::Operator::kEqual:
      return "=";
    case Filter::Operator::kNotEqual:
      return "!=";
    case Filter::Operator::kLess:
      return "<";
    case Filter::Operator::kLessEqual:
      return "<=";
    case Filter::Operator::kGreater:
      return ">";
    case Filter::Operator::kGreaterEqual:
      return ">=";
  }
  return "=";
}

Filter::Operator opposite(Filter::Operator op) {
  switch (op) {
    case Filter::Operator::kEqual:
      return Filter::Operator::kNotEqual;
    case Filter::Operator::kNotEqual:
      return Filter::Operator::kEqual;
    case Filter::Operator::kLess:
      return Filter::Operator::kGreaterEqual;
    case Filter::Operator::kLessEqual:
      return Filter::Operator::kGreater;
    case Filter::Operator::kGreater:
      return Filter::Operator::kLessEqual;
    case Filter::Operator::kGreaterEqual:
      return Filter::Operator::kLess;
  }
  return op;
}

/// A value of a filter as SQL of the column's type.
Result<std::string> sql_value(const Dimension& dimension, const std::string& value) {
  const auto misfit = [&](std::string_view kind) {
    return fail("SY1511", "`" + value + "` is not " + std::string(kind),
                "--where, column `" + dimension.name + "`");
  };
  if (!is_clean_text(value)) return misfit("valid text");
  switch (dimension.type) {
    case Type::kText:
      return sql_literal(value);
    case Type::kDecimal: {
      Decimal number;
      if (parse_decimal(value, number) != ParseOutcome::kExact) return misfit("a decimal number");
      return "CAST('" + to_text(number) + "' AS DECIMAL(38,18))";
    }
    case Type::kInt64: {
      std::int64_t number = 0;
      const auto end = value.data() + value.size();
      const auto [stop, error] = std::from_chars(value.data(), end, number);
      if (error != std::errc() || stop != end) return misfit("a whole number");
      return "CAST('" + std::to_string(number) + "' AS BIGINT)";
    }
    case Type::kDouble: {
      double number = 0;
      const auto end = value.data() + value.size();
      const auto [stop, error] = std::from_chars(value.data(), end, number);
      if (error != std::errc() || stop != end) return misfit("a number");
      return "CAST(" + sql_literal(value) + " AS DOUBLE)";
    }
    case Type::kInstant: {
      Instant instant;
      if (!parse_instant(value, instant))
        return misfit("a time such as 2026-07-01 or 2026-07-01T12:00:00Z");
      return "TIMESTAMPTZ '" + format_instant(instant) + "'";
    }
    case Type::kBool:
      if (equals_ignoring_case(value, "true")) return std::string("true");
      if (equals_ignoring_case(value, "false")) return std::string("false");
      return misfit("true or false");
    case Type::kTextMap:
    case Type::kOther:
      break;
  }
  return fail("SY1511", "`" + dimension.name + "` cannot be compared", "--where",
              dimension.type == Type::kTextMap ? "write tag:KEY for one tag" : "");
}

std::string like_pattern(std::string_view pattern) {
  std::string like;
  for (char c : pattern) {
    if (c == '*') {
      like += '%';
    } else if (c == '?') {
      like += '_';
    } else {
      if (c == '%' || c == '_' || c == '\\') like += '\\';
      like += c;
    }
  }
  return sql_literal(like) + " ESCAPE '\\'";
}

/// Negation is pushed down to the comparisons, where it is spelt so that a missing value gives true
/// or false.
class Compiler {
 public:
  Compiler(const std::vector<SchemaField>& schema, Basis basis) : schema_(schema), basis_(basis) {}

  Result<std::string> compile(const Filter& filter, bool negated, int depth) {
    if (depth > 4 * kMaxFilterDepth) return fail("SY1510", "the filter is nested too deeply");
    switch (filter.kind) {
      case Filter::Kind::kAll:
        return std::string(negated ? "false" : "true");
      case Filter::Kind::kNot:
        return compile(filter.parts.front(), !negated, depth + 1);
      case Filter::Kind::kAnd:
      case Filter::Kind::kOr: {
        const bool all = (filter.kind == Filter::Kind::kAnd) != negated;
        std::string sql = "(";
        for (std::size_t i = 0; i < filter.parts.size(); ++i) {
          auto part = compile(filter.parts[i], negated, depth + 1);
          if (!part) return part;
          if (i > 0) sql += all ? " AND " : " OR ";
          sql += *part;
        }
        return sql + ")";
      }
      default:
        return compile_leaf(filter, negated);
    }
  }

 private:
  Result<std::string> compile_leaf(const Filter& filter, bool negated) {
    auto dimension = resolve_dimension(filter.name, schema_, basis_);
    if (!dimension) return pass(dimension);
    const auto column = steelyard::sql_of(*dimension);
    switch (filter.kind) {
      case Filter::Kind::kIsNull:
        return "(" + column + (negated ? " IS NOT NULL)" : " IS NULL)");
      case Filter::Kind::kLike: {
        if (dimension->type != Type::kText)
          return fail("SY1511", "`" + filter.name + "` is not text", "--where",
                      "use = < > instead of like");
        if (!is_clean_text(filter.values.front()))
          return fail("SY1511", "the pattern is not valid text", "--where");
        const auto pattern = like_pattern(filter.values.front());
        if (!negated) return "(" + column + " LIKE " + pattern + ")";
        return "(" + column + " IS NULL OR " + column + " NOT LIKE " + pattern + ")";
      }
      case Filter::Kind::kIn: {
        std::string list;
        for (const auto& value : filter.values) {
          auto sql = sql_value(*dimension, value);
          if (!sql) return sql;
          list += (list.empty() ? "" : ", ") + *sql;
        }
        if (!negated) return "(" + column + " IN (" + list + "))";
        return "(" + column + " IS NULL OR " + column + " NOT IN (" + list + "))";
      }
      default:
        break;
    }
    auto value = sql_value(*dimension, filter.values.front());
    if (!value) return value;
    const auto op = negated ? opposite(filter.op) : filter.op;
    if (op == Filter::Operator::kNotEqual)
      return "(" + column + " IS DISTINCT FROM " + *value + ")";
    // The opposite of an ordering holds where there is nothing to compare.
    const bool or_null = negated && filter.op != Filter::Operator::kEqual &&
                         filter.op != Filter::Operator::kNotEqual;
    const auto comparison = column + " " + std::string(symbol(op)) + " " + *value;
    return or_null ? "(" + column + " IS NULL OR " + comparison + ")" : "(" + comparison + ")";
  }

  const std::vector<SchemaField>& schema_;
  Basis basis_;
};

}  // namespace

Result<Filter> parse_filter(std::string_view text) {
  if (text.size() > kMaxFilterBytes)
    return fail("SY1510", "the filter is longer than " + human_bytes(kMaxFilterBytes), "--where");
  if (!is_clean_text(text)) return fail("SY1510", "the filter is not valid UTF-8 text", "--where");
  return Parser(text).parse();
}

std::string to_text(const Filter& filter) {
  const auto bracketed = [](const Filter& part) {
    const bool list = part.kind == Filter::Kind::kAnd || part.kind == Filter::Kind::kOr;
    return list ? "(" + to_text(part) + ")" : to_text(part);
  };
  const auto name = quoted(filter.name, '"');
  switch (filter.kind) {
    case Filter::Kind::kAll:
      return "";
    case Filter::Kind::kNot:
      return "not " + bracketed(filter.parts.front());
    case Filter::Kind::kAnd:
    case Filter::Kind::kOr: {
      std::string text;
      for (const auto& part : filter.parts) {
        if (!text.empty()) text += filter.kind == Filter::Kind::kAnd ? " and " : " or ";
        text += bracketed(part);
      }
      return text;
    }
    case Filter::Kind::kCompare:
      return name + std::string(symbol(filter.op)) + quoted(filter.values.front(), '\'');
    case Filter::Kind::kLike:
      return name + " like " + quoted(filter.values.front(), '\'');
    case Filter::Kind::kIsNull:
      return name + " is null";
    case Filter::Kind::kIn: {
      std::string list;
      for (const auto& value : filter.values)
        list += (list.empty() ? "" : ", ") + quoted(value, '\'');
      return name + " in (" + list + ")";
    }
  }
  return "";
}

Result<std::string> sql_of(const Filter& filter, const std::vector<SchemaField>& schema,
                           Basis basis) {
  return Compiler(schema, basis).compile(filter, false, 0);
}

Filter equals(const std::string& name, const std::string* value) {
  Filter filter;
  filter.name = name;
  if (value == nullptr) {
    filter.kind = Filter::Kind::kIsNull;
  } else {
    filter.kind = Filter::Kind::kCompare;
    filter.values.push_back(*value);
  }
  return filter;
}

Filter both(Filter a, Filter b) {
  if (a.kind == Filter::Kind::kAll) return b;
  if (b.kind == Filter::Kind::kAll) return a;
  Filter filter;
  filter.kind = Filter::Kind::kAnd;
  for (auto* part : {&a, &b}) {
    if (part->kind == Filter::Kind::kAnd) {
      for (auto& inner : part->parts) filter.parts.push_back(std::move(inner));
    } else {
      filter.parts.push_back(std::move(*part));
    }
  }
  return filter;
}

Filter negate(Filter filter) {
  Filter negated;
  negated.kind = Filter::Kind::kNot;
  negated.parts.push_back(std::move(filter));
  return negated;
}

}  // namespace steelyard
