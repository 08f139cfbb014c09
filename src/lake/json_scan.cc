#include "lake/json_scan.h"

#include <charconv>

namespace steelyard::json {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void skip_space(std::string_view text, std::size_t& at) {
  while (at < text.size() && is_space(text[at])) ++at;
}

/// `at` stands on the opening quote and is moved behind the closing one.
bool skip_string(std::string_view text, std::size_t& at) {
  if (at >= text.size() || text[at] != '"') return false;
  const std::size_t begin = at + 1;
  // Evidence is mostly long strings: look for quotes, and only there whether they are escaped.
  for (std::size_t quote = text.find('"', begin); quote != std::string_view::npos;
       quote = text.find('"', quote + 1)) {
    std::size_t escapes = 0;
    while (quote - escapes > begin && text[quote - escapes - 1] == '\\') ++escapes;
    if (escapes % 2 == 0) {
      at = quote + 1;
      return true;
    }
  }
  return false;
}

/// Brackets are counted, not matched by kind: the text was hashed when it was written, so it is
/// enough to find where it ends.
bool skip_value(std::string_view text, std::size_t& at) {
  if (at >= text.size()) return false;
  if (text[at] == '"') return skip_string(text, at);
  if (text[at] != '{' && text[at] != '[') {
    const std::size_t begin = at;
    while (at < text.size() && text[at] != ',' && text[at] != '}' && text[at] != ']' &&
           !is_space(text[at])) {
      ++at;
    }
    return at > begin;
  }
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      if (!skip_string(text, at)) return false;
      continue;
    }
    ++at;
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return true;
    }
  }
  return false;
}

bool hex_digits(std::string_view text, std::size_t at, unsigned& out) {
  if (at + 4 > text.size()) return false;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 4, out, 16);
  return error == std::errc() && end == text.data() + at + 4;
}

void append_utf8(unsigned code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

/// `at` stands behind the backslash and is moved behind the escape.
bool append_escape(std::string_view text, std::size_t& at, std::string& out) {
  if (at >= text.size()) return false;
  const char c = text[at++];
  switch (c) {
    case '"':
    case '\\':
    case '/':
      out += c;
      return true;
    case 'b':
      out += '\b';
      return true;
    case 'f':
      out += '\f';
      return true;
    case 'n':
      out += '\n';
      return true;
    case 'r':
      out += '\r';
      return true;
    case 't':
      out += '\t';
      return true;
    case 'u':
      break;
    default:
      return false;
  }
  unsigned code = 0;
  if (!hex_digits(text, at, code)) return false;
  at += 4;
  if (code >= 0xD800 && code < 0xDC00) {
    unsigned low = 0;
    if (text.substr(at, 2) != "\\u" || !hex_digits(text, at + 2, low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return false;
    at += 6;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  append_utf8(code, out);
  return true;
}

}  // namespace

bool for_each_member(
    std::string_view object,
    const std::function<bool(std::string_view key, std::string_view value)>& on_member) {
  std::size_t at = 0;
  skip_space(object, at);
  if (at >= object.size() || object[at++] != '{') return false;
  skip_space(object, at);
  if (at < object.size() && object[at] == '}') {
    ++at;
  } else {
    while (true) {
      const std::size_t key_begin = at;
      if (!skip_string(object, at)) return false;
      const std::string_view key = object.substr(key_begin + 1, at - key_begin - 2);
      skip_space(object, at);
      if (at >= object.size() || object[at++] != ':') return false;
      skip_space(object, at);
      const std::size_t begin = at;
      if (!skip_value(object, at)) return false;
      if (!on_member(key, object.substr(begin, at - begin))) return false;
      skip_space(object, at);
      if (at >= object.size()) return false;
      const char next = object[at++];
      if (next == '}') break;
      if (next != ',') return false;
      skip_space(object, at);
    }
  }
  skip_space(object, at);
  return at == object.size();
}

bool for_each_element(std::string_view array,
                      const std::function<bool(std::string_view value)>& on_element) {
  std::size_t at = 0;
  skip_space(array, at);
  if (at >= array.size() || array[at++] != '[') return false;
  skip_space(array, at);
  if (at < array.size() && array[at] == ']') {
    ++at;
  } else {
    while (true) {
      const std::size_t begin = at;
      if (!skip_value(array, at)) return false;
      if (!on_element(array.substr(begin, at - begin))) return false;
      skip_space(array, at);
      if (at >= array.size()) return false;
      const char next = array[at++];
      if (next == ']') break;
      if (next != ',') return false;
      skip_space(array, at);
    }
  }
  skip_space(array, at);
  return at == array.size();
}

bool to_string(std::string_view value, std::string& out) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return false;
  value = value.substr(1, value.size() - 2);
  out.clear();
  out.reserve(value.size());
  std::size_t at = 0;
  while (at < value.size()) {
    const std::size_t escape = value.find('\\', at);
    out.append(value.substr(at, escape - at));
    if (escape == std::string_view::npos) break;
    at = escape + 1;
    if (!append_escape(value, at, out)) return false;
  }
  return true;
}

bool to_integer(std::string_view value, std::int64_t& out) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
  return error == std::errc() && end == value.data() + value.size();
}

bool to_string_map(std::string_view value, std::vector<std::pair<std::string, std::string>>& out) {
  out.clear();
  return for_each_member(value, [&](std::string_view key, std::string_view member) {
    std::string name, text;
    // A key is handed out without its quotes, which to_string() wants to see.
    if (!to_string('"' + std::string(key) + '"', name) || !to_string(member, text)) return false;
    out.emplace_back(std::move(name), std::move(text));
    return true;
  });
}

std::string minified(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] == '"') {
      const std::size_t begin = at;
      if (!skip_string(text, at)) at = text.size();
      out.append(text.substr(begin, at - begin));
    } else {
      if (!is_space(text[at])) out += text[at];
      ++at;
    }
  }
  return out;
}

}  // namespace steelyard::json
