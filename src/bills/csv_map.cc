#include "bills/csv_map.h"

#include <cstdint>

#include "base/text.h"

namespace steelyard {
namespace {

constexpr std::size_t kFewEntries = 16;
constexpr int kMaxDepth = 256;
constexpr std::string_view kEmpty("", 0);  // has data(): an empty text is not null

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(std::string& to, std::uint32_t point) {
  if (point < 0x80) {
    to.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    to.push_back(static_cast<char>(0xc0 | (point >> 6)));
    to.push_back(static_cast<char>(0x80 | (point & 0x3f)));
  } else if (point < 0x10000) {
    to.push_back(static_cast<char>(0xe0 | (point >> 12)));
    to.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3f)));
    to.push_back(static_cast<char>(0x80 | (point & 0x3f)));
  } else {
    to.push_back(static_cast<char>(0xf0 | (point >> 18)));
    to.push_back(static_cast<char>(0x80 | ((point >> 12) & 0x3f)));
    to.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3f)));
    to.push_back(static_cast<char>(0x80 | (point & 0x3f)));
  }
}

}  // namespace

bool MapText::read(std::string_view text) {
  text_ = trim(text);
  at_ = 0;
  entries_.clear();
  unescaped_.clear();
  if (unescaped_.capacity() < text_.size()) unescaped_.reserve(text_.size() * 2);
  bool good = false;
  if (!text_.empty()) {
    const char first = text_.front();
    if (first == '{') {
      at_ = 1;
      good = read_members('}') && at_ == text_.size();
      if (!good && text_.back() == '}') {
        entries_.clear();
        good = read_assignments(text_.substr(1, text_.size() - 2), ", ");
      }
    } else if (first == '[') {
      good = read_pairs() && at_ == text_.size();
    } else if (first == '"' || first == '\'') {
      good = read_members('\0') && at_ == text_.size();
    } else {
      good = read_assignments(text_, ";");
    }
  }
  if (!good) {
    entries_.clear();
    entries_.emplace_back(kUnreadKey, text);
    return false;
  }
  make_keys_distinct();
  return true;
}

void MapText::skip_space() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

/// `"key": value, ...` up to and with `close`, or to the end of the text when `close` is NUL.
bool MapText::read_members(char close) {
  skip_space();
  if (close != '\0' && at_ < text_.size() && text_[at_] == close) {
    ++at_;
    return true;
  }
  while (true) {
    std::string_view key, value;
    skip_space();
    if (!read_string(key)) return false;
    skip_space();
    if (at_ >= text_.size() || text_[at_] != ':') return false;
    ++at_;
    skip_space();
    if (!read_value(value)) return false;
    entries_.emplace_back(key, value);
    skip_space();
    if (at_ >= text_.size()) return close == '\0';
    if (text_[at_] == ',') {
      ++at_;
      skip_space();
      if (close == '\0' && at_ >= text_.size())
        return true;  // Azure sometimes leaves a comma at the end
      continue;
    }
    if (close != '\0' && text_[at_] == close) {
      ++at_;
      return true;
    }
    return false;
  }
}

/// `[{"key": ..., "value": ...}, ...]`.
bool MapText::read_pairs() {
  ++at_;
  std::size_t pairs = 0;
  skip_space();
  if (at_ < text_.size() && text_[at_] == ']') {
    ++at_;
    return true;
  }
  while (true) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != '{') return false;
    ++at_;
    if (!read_members('}') || entries_.size() != pairs + 2) return false;
    const Entry first = entries_[pairs], second = entries_[pairs + 1];
    const auto is = [](std::string_view name, const char* a, const char* b, const char* c) {
      return name == a || name == b || name == c;
    };
    const bool in_order =
        is(first.first, "key", "Key", "name") && is(second.first, "value", "Value", "value");
    const bool reversed =
        is(second.first, "key", "Key", "name") && is(first.first, "value", "Value", "value");
    if (!in_order && !reversed) return false;
    const Entry pair =
        in_order ? Entry{first.second, second.second} : Entry{second.second, first.second};
    if (pair.first.data() == nullptr) return false;
    entries_.resize(pairs);
    entries_.push_back(pair);
    ++pairs;
    skip_space();
    if (at_ >= text_.size()) return false;
    if (text_[at_] == ',') {
      ++at_;
    } else if (text_[at_] == ']') {
      ++at_;
      return true;
    } else {
      return false;
    }
  }
}

bool MapText::read_assignments(std::string_view text, std::string_view separator) {
  while (true) {
    const std::size_t end = text.find(separator);
    const std::string_view part = trim(text.substr(0, end));
    const std::size_t equals = part.find('=');
    const bool last = end == std::string_view::npos;
    if (part.empty() && last && !entries_.empty()) return true;  // a separator at the end
    if (equals == std::string_view::npos || equals == 0) return false;
    const std::string_view key = trim(part.substr(0, equals));
    const std::string_view value = trim(part.substr(equals + 1));
    // A colon, quote or brace before the sign: this is a sentence or broken JSON, not a list of
    // assignments.
    if (key.empty() || key.find_first_of("\"'{}[]<>?& ") != std::string_view::npos) return false;
    entries_.emplace_back(key, value.empty() ? kEmpty : value);
    if (last) return true;
    text.remove_prefix(end + separator.size());
  }
}

bool MapText::read_string(std::string_view& out) {
  if (at_ >= text_.size()) return false;
  const char quote = text_[at_];
  if (quote != '"' && quote != '\'') return false;
  const char stops[] = {quote, '\\', '\0'};
  const std::size_t begin = ++at_;
  std::size_t stop = text_.find_first_of(stops, at_, 2);
  if (stop == std::string_view::npos) return false;
  if (text_[stop] == quote) {
    out = stop == begin ? kEmpty : text_.substr(begin, stop - begin);
    at_ = stop + 1;
    return true;
  }
  const std::size_t start = unescaped_.size();
  while (true) {
    unescaped_.append(text_, at_, stop - at_);
    at_ = stop + 1;
    if (text_[stop] == quote) break;
    if (!read_escape()) return false;
    stop = text_.find_first_of(stops, at_, 2);
    if (stop == std::string_view::npos) return false;
  }
  out = std::string_view(unescaped_).substr(start);
  if (out.empty()) out = kEmpty;
  return true;
}

/// After a backslash.
bool MapText::read_escape() {
  if (at_ >= text_.size()) return false;
  const char c = text_[at_++];
  switch (c) {
    case '"':
    case '\'':
    case '\\':
    case '/':
      unescaped_.push_back(c);
      return true;
    case 'b':
      unescaped_.push_back('\b');
      return true;
    case 'f':
      unescaped_.push_back('\f');
      return true;
    case 'n':
      unescaped_.push_back('\n');
      return true;
    case 'r':
      unescaped_.push_back('\r');
      return true;
    case 't':
      unescaped_.push_back('\t');
      return true;
    case 'u':
      break;
    default:
      return false;
  }
  const auto read_unit = [&](std::size_t at) -> std::int64_t {
    if (text_.size() < at + 4) return -1;
    std::int64_t unit = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const int digit = hex_digit(text_[at + i]);
      if (digit < 0) return -1;
      unit = unit * 16 + digit;
    }
    return unit;
  };
  const std::int64_t unit = read_unit(at_);
  if (unit <= 0) return false;  // U+0000 has no place in text that others read as C strings
  at_ += 4;
  if (unit >= 0xd800 && unit < 0xe000) {
    const bool pair = unit < 0xdc00 && text_.substr(at_, 2) == "\\u";
    const std::int64_t low = pair ? read_unit(at_ + 2) : -1;
    if (low >= 0xdc00 && low < 0xe000) {
      at_ += 6;
      append_utf8(unescaped_,
                  static_cast<std::uint32_t>(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)));
    } else {
      append_utf8(unescaped_, 0xfffd);
    }
    return true;
  }
  append_utf8(unescaped_, static_cast<std::uint32_t>(unit));
  return true;
}

bool MapText::read_value(std::string_view& out) {
  if (at_ >= text_.size()) return false;
  const char first = text_[at_];
  if (first == '"' || first == '\'') return read_string(out);
  const std::size_t begin = at_;
  if (first == '{' || first == '[') {
    if (!skip_nested()) return false;
    out = text_.substr(begin, at_ - begin);
    return true;
  }
  while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '}' && text_[at_] != ']' &&
         !is_space(text_[at_])) {
    const char c = text_[at_];
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '+' || c == '-' || c == '.';
    if (!word) return false;
    ++at_;
  }
  out = text_.substr(begin, at_ - begin);
  if (out == "null" || out == "None") {
    out = {};
    return true;
  }
  if (out == "True") out = "true";
  if (out == "False") out = "false";
  if (out == "true" || out == "false" || out == "NaN") return true;
  return !out.empty() && ((out[0] >= '0' && out[0] <= '9') || out[0] == '-');
}

bool MapText::skip_nested() {
  int depth = 0;
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == '"' || c == '\'') {
      while (at_ < text_.size() && text_[at_] != c) at_ += text_[at_] == '\\' ? 2 : 1;
      if (at_ >= text_.size()) return false;
      ++at_;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return false;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return true;
    }
  }
  return false;
}

void MapText::make_keys_distinct() {
  bool repeated = false;
  if (entries_.size() <= kFewEntries) {
    for (std::size_t i = 1; i < entries_.size() && !repeated; ++i) {
      for (std::size_t j = 0; j < i && !repeated; ++j)
        repeated = entries_[i].first == entries_[j].first;
    }
    if (!repeated) return;
  }
  seen_.clear();
  for (std::size_t i = 0; i < entries_.size(); ++i)
    repeated |= !seen_.emplace(entries_[i].first, i).second;
  if (!repeated) return;
  // `seen_` now has every key of the text, so that a new name cannot meet one that is there.
  renamed_.clear();
  distinct_.clear();
  std::unordered_map<std::string_view, std::size_t> place;
  std::unordered_map<std::string_view, std::size_t> used;
  for (const Entry& entry : entries_) {
    const auto [found, is_new] = place.emplace(entry.first, distinct_.size());
    if (is_new) {
      distinct_.push_back(entry);
      continue;
    }
    Entry& earlier = distinct_[found->second];
    const bool same = earlier.second == entry.second &&
                      (earlier.second.data() == nullptr) == (entry.second.data() == nullptr);
    if (same) continue;
    std::string name;
    do {
      name = std::string(entry.first) + "#" + std::to_string(++used[entry.first]);
    } while (seen_.contains(name));
    earlier.first = renamed_.emplace_back(std::move(name));
    seen_.emplace(earlier.first, 0);
    found->second = distinct_.size();
    distinct_.push_back(entry);
  }
  entries_.swap(distinct_);
}

}  // namespace steelyard
