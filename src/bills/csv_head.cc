#include "bills/csv_head.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "bills/cell.h"
#include "bills/csv_bytes.h"
#include "bills/csv_scan.h"

namespace steelyard {
namespace {

constexpr std::size_t kSampleRows = 100;
constexpr std::size_t kFirstBytes = 1 << 18;

/// The most frequent of , ; and tab outside of quotes in the header line.
char sniff_delimiter(std::string_view header) {
  std::array<int, 256> counts{};
  bool quoted = false;
  for (const char c : header) {
    if (c == '"') quoted = !quoted;
    if (!quoted) ++counts[static_cast<unsigned char>(c)];
  }
  char best = ',';
  for (const char c : {';', '\t'}) {
    if (counts[static_cast<unsigned char>(c)] > counts[static_cast<unsigned char>(best)]) best = c;
  }
  return best;
}

/// The bytes at the beginning of a file, as many as it takes.
struct Beginning {
  std::string bytes;
  bool at_end = false;
};

Status read_more(ByteStream& stream, Beginning& beginning, std::size_t more) {
  const std::size_t size = beginning.bytes.size();
  beginning.bytes.resize(size + more);
  auto got = stream.read(beginning.bytes.data() + size, more);
  if (!got) return pass(got);
  beginning.bytes.resize(size + *got);
  beginning.at_end = *got < more;
  return {};
}

Status check_is_text(std::string_view start, const std::string& path) {
  if (start.size() > 262 && start.substr(257, 5) == "ustar") {
    return fail("SY1202", "the file is a tar archive", path, "unpack it and name the files in it");
  }
  if (start.starts_with("PAR1")) {
    return fail("SY1202", "the file is Parquet, compressed once more", path,
                "unpack it: Parquet compresses its own content");
  }
  // A NUL in the first line: UTF-16 without a mark, or no text at all.
  if (start.substr(0, std::min<std::size_t>(start.find('\n'), 4096)).find('\0') !=
      std::string_view::npos) {
    return fail("SY1202", "the file is neither text nor Parquet", path,
                "take the CSV or Parquet export of the bill");
  }
  const std::string_view first = trim(start.substr(0, 512));
  if (first.starts_with('<')) {
    return fail("SY1202", "the file is XML or HTML, not CSV", path,
                "look whether an error page was saved in its place");
  }
  if (first.starts_with('{') || first.starts_with('[')) {
    return fail("SY1202", "the file is JSON, not CSV", path,
                "take the CSV or Parquet export of the bill");
  }
  return {};
}

Status check_names(const std::vector<std::string>& names, const std::string& path,
                   const ReadLimits& limits) {
  if (static_cast<std::int64_t>(names.size()) > limits.max_columns) {
    return fail("SY1215",
                "the header has more than " + std::to_string(limits.max_columns) + " columns",
                path + ", line 1", "look whether the file is a bill");
  }
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string where = path + ", header, column " + std::to_string(i + 1);
    if (!is_utf8(names[i].data(), names[i].size())) {
      return fail("SY1203", "a column name is not UTF-8: " + shown(names[i]), where,
                  "save the file as UTF-8");
    }
    if (names[i].empty()) {
      return fail("SY1203", "a column has no name", where,
                  "name it, or remove the delimiter before it");
    }
    if (!seen.insert(names[i]).second) {
      return fail("SY1203", "the column " + shown(names[i]) + " is there twice", where,
                  "rename or remove one of them");
    }
  }
  return {};
}

/// Where the header begins: behind a byte order mark and blank lines, which count as lines.
struct HeaderStart {
  std::size_t at = 0;
  std::int64_t line = 1;
  bool found = false;
};
HeaderStart find_header(std::string_view bytes) {
  HeaderStart start;
  start.at = bytes.starts_with("\xef\xbb\xbf") ? 3 : 0;
  for (std::size_t i = start.at; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (c != ' ' && c != '\r' && c != '\n' && c != '\t') {
      start.found = true;
      break;
    }
    if (c == '\n') {
      start.at = i + 1;
      ++start.line;
    }
  }
  return start;
}

/// The position of the newline that ends the header record, however long the record is; reads on as
/// needed, and adds the newline where the file ends without one.
Result<std::size_t> find_header_end(ByteStream& stream, Beginning& beginning, std::size_t start,
                                    const std::string& path, const ReadLimits& limits) {
  while (true) {
    bool quoted = false;
    std::size_t end = start;
    for (; end < beginning.bytes.size(); ++end) {
      if (beginning.bytes[end] == '"') quoted = !quoted;
      if (beginning.bytes[end] == '\n' && !quoted) return end;
    }
    if (beginning.at_end) {
      if (quoted) {
        return fail("SY1214", "a quote in the header is never closed", path + ", header",
                    "close it");
      }
      beginning.bytes.push_back('\n');
      return end;
    }
    if (static_cast<std::int64_t>(beginning.bytes.size()) > limits.max_record_bytes) {
      return fail("SY1215",
                  "the header is larger than " + std::to_string(limits.max_record_bytes) + " bytes",
                  path, "look whether the file is a bill");
    }
    if (auto read = read_more(stream, beginning, beginning.bytes.size()); !read) return pass(read);
  }
}

/// `record` is followed by its newline (perhaps with a carriage return between).
Status read_names(std::string_view record, std::string_view with_end, const std::string& path,
                  CsvHead& head) {
  CsvIndex index;
  index_records(with_end.data(), with_end.size(), head.delimiter, index);
  std::string scratch;
  std::string_view text;
  std::size_t from = 0;
  for (std::size_t i = 0; i < index.cells; ++i) {
    const std::size_t to = std::min<std::size_t>(index.ends[i], record.size());
    const std::string_view raw = record.substr(from, to - from);
    if (!cell_text(trim(raw), scratch, text)) {
      return fail("SY1203", "a column name is quoted wrongly: " + shown(raw),
                  path + ", header, column " + std::to_string(i + 1),
                  "double the quotes inside of quotes");
    }
    head.names.emplace_back(trim(text));
    from = std::min<std::size_t>(index.ends[i] + 1, record.size());
  }
  return {};
}

/// A few rows for detection, from the bytes at hand; what is wrong with them is the scan's to say.
void read_sample(std::string_view rest, bool at_end, CsvHead& head) {
  std::string rest_with_end;
  if (at_end && !rest.empty() && rest.back() != '\n') {
    rest_with_end = std::string(rest) + "\n";
    rest = rest_with_end;
  }
  const CsvCut cut = cut_records(rest.data(), rest.size(), head.delimiter);
  CsvIndex index;
  index_records(rest.data(), cut.end, head.delimiter, index);
  std::string scratch;
  std::string_view text;
  std::uint32_t first = 0;
  std::size_t begin = 0;
  for (std::size_t r = 0; r < index.records.size() && head.sample.size() < kSampleRows; ++r) {
    const std::uint32_t last = index.records[r];
    std::vector<std::string> cells;
    for (std::uint32_t i = first; i < last; ++i) {
      std::size_t to = index.ends[i];
      if (i + 1 == last && to > begin && rest[to - 1] == '\r') --to;
      const bool good = cell_text(rest.substr(begin, to - begin), scratch, text);
      cells.emplace_back(good && !is_null_text(text) ? text : std::string_view());
      begin = index.ends[i] + 1;
    }
    first = last;
    if (cells.size() == head.names.size()) head.sample.push_back(std::move(cells));
  }
}

}  // namespace

std::vector<std::string> delivered_names(const std::vector<std::string>& names) {
  std::set<std::string> used = {to_lower(kSourceRow), to_lower(kSourceDecimals)};
  std::set<std::string> plain;
  for (const std::string& name : names) plain.insert(to_lower(name));
  std::vector<std::string> out;
  for (const std::string& name : names) {
    std::string own = name;
    for (int n = 2; !used.insert(to_lower(own)).second; ++n) {
      do {
        own = name + " (" + std::to_string(n) + ")";
      } while (plain.contains(to_lower(own)) && ++n > 0);
    }
    out.push_back(std::move(own));
  }
  return out;
}

Result<CsvHead> read_csv_head(const std::string& path, Container container,
                              const ReadLimits& limits) {
  auto stream = open_bytes(path, container, limits);
  if (!stream) return pass(stream);
  Beginning beginning;
  if (auto read = read_more(**stream, beginning, kFirstBytes); !read) return pass(read);
  if (auto text = check_is_text(beginning.bytes, path); !text) return pass(text);
  const HeaderStart start = find_header(beginning.bytes);
  if (!start.found) {
    return fail("SY1201", "the file has nothing but blank lines", path,
                "look whether the export was cut off");
  }
  const auto end = find_header_end(**stream, beginning, start.at, path, limits);
  if (!end) return fail(end.error());

  CsvHead head;
  const std::string_view with_end =
      std::string_view(beginning.bytes).substr(start.at, *end + 1 - start.at);
  std::string_view record = with_end.substr(0, with_end.size() - 1);
  if (record.ends_with('\r')) record.remove_suffix(1);
  head.delimiter = sniff_delimiter(record);
  head.header_record = record;
  head.body_offset = static_cast<std::int64_t>(*end) + 1;
  head.body_line = start.line + std::count(with_end.begin(), with_end.end(), '\n');
  if (auto read = read_names(record, with_end, path, head); !read) return pass(read);
  if (auto good = check_names(head.names, path, limits); !good) return pass(good);
  read_sample(std::string_view(beginning.bytes).substr(*end + 1), beginning.at_end, head);
  return head;
}

}  // namespace steelyard
