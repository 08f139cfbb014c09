// Small functions on text: splitting, matching, escaping for each place where a bill's text may end
// up. A string that came from a bill is data: before it reaches SQL, a terminal, JSON, CSV or
// Markdown it goes through the function here that is named after that place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace steelyard {

std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
/// "Amazon Web Services, Inc." -> "amazon-web-services-inc"; only [a-z0-9-], never empty
/// ("unnamed").
std::string slug(std::string_view text);

/// `*` and `?` as in a shell.
bool matches_glob(std::string_view pattern, std::string_view text);

/// The candidate nearest to `word` (edit distance at most a third of its length, ignoring case), or
/// "".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// "name" with quotes doubled: the only way an identifier enters SQL.
std::string sql_identifier(std::string_view name);
/// 'text' with quotes doubled: the only way a string enters SQL.
std::string sql_literal(std::string_view text);
/// "text" as a JSON string; invalid UTF-8 becomes U+FFFD.
std::string json_quote(std::string_view text);
/// Control characters (C0, C1, DEL, bidirectional overrides) become visible escapes: safe to print
/// on a terminal.
std::string terminal_safe(std::string_view text);
/// A CSV cell: quoted where needed; with `guard_formulas` a text that a spreadsheet would evaluate
/// gets a leading '.
std::string csv_cell(std::string_view text, bool guard_formulas);

/// Text between tags of XML, or an attribute in double quotes: markup is escaped, and what XML does
/// not allow (control characters, bytes that are not UTF-8) becomes U+FFFD.
std::string xml_text(std::string_view text);

/// Columns a terminal needs for UTF-8 `text` (wide East Asian characters count 2, combining ones
/// 0).
int display_width(std::string_view text);
/// Cuts to at most `width` columns, ending in "…" when something was cut.
std::string fit_width(std::string_view text, int width);

/// 1234567 -> "1,234,567".
std::string with_thousands(std::int64_t number);
/// 1536 -> "1.5 KiB".
std::string human_bytes(std::uint64_t bytes);
std::string hex(std::string_view bytes);

}  // namespace steelyard
