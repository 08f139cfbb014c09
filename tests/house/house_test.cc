// The house keeps its own rules: who may include whom, which headers stay behind which door, and
// what never enters the tree. CMakeLists.txt says which rooms a room uses; ARCHITECTURE.md says on
// which floor each room lies and which headers are its door.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using std::string;

const fs::path kRoot = STEELYARD_SOURCE;

string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<string> lines_of(const fs::path& path) {
  std::vector<string> lines;
  std::istringstream text(content(path));
  for (string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::vector<string> words(const string& text) {
  std::vector<string> found;
  std::istringstream stream(text);
  for (string word; stream >> word;) found.push_back(word);
  return found;
}

/// Text between each pair of `quote` in `text`.
std::vector<string> texts_between(const string& text, char quote) {
  std::vector<string> found;
  for (std::size_t at = 0;;) {
    const auto begin = text.find(quote, at);
    if (begin == string::npos) return found;
    const auto end = text.find(quote, begin + 1);
    if (end == string::npos) return found;
    found.push_back(text.substr(begin + 1, end - begin - 1));
    at = end + 1;
  }
}

/// All that we wrote: no build output, no fetched library, no lake.
std::vector<fs::path> tree() {
  std::vector<fs::path> files;
  for (auto it = fs::recursive_directory_iterator(kRoot); it != fs::recursive_directory_iterator();
       ++it) {
    const string top = it->path().lexically_relative(kRoot).begin()->string();
    if (top == ".git" || top == "build" || top == ".deps" || top == "lake" || top == ".cache") {
      it.disable_recursion_pending();
    } else if (it->is_regular_file() && it->path().filename() != "LICENSE" &&
               it->path().extension() != ".pyc") {
      files.push_back(it->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool is_source(const fs::path& path) {
  return path.extension() == ".h" || path.extension() == ".cc";
}

string shown(const fs::path& path, std::size_t line = 0) {
  string name = path.lexically_relative(kRoot).string();
  return line == 0 ? name : name + ":" + std::to_string(line);
}

struct Source {
  fs::path path;
  string room;
};
std::vector<Source> sources() {
  std::vector<Source> found;
  for (const auto& path : tree()) {
    const auto relative = path.lexically_relative(kRoot);
    if (*relative.begin() == "src" && is_source(path)) {
      found.push_back({path, std::next(relative.begin())->string()});
    }
  }
  return found;
}

/// The header named by an #include line, with its quotes or brackets; "" for any other line.
string included(const string& line) {
  if (line.rfind("#include", 0) != 0) return "";
  const auto begin = line.find_first_of("\"<");
  const auto end = line.find_last_of("\">");
  return begin == string::npos || end <= begin ? "" : line.substr(begin, end - begin + 1);
}

/// CMakeLists.txt: sy_room(bills USES base money ... LINKS ...) -> bills: {base, money, ...}
std::map<string, std::set<string>> uses_of_rooms() {
  std::map<string, std::set<string>> rooms;
  const string text = content(kRoot / "CMakeLists.txt");
  for (std::size_t at = 0; (at = text.find("\nsy_", at)) != string::npos; ++at) {
    const bool program = text.compare(at + 1, 11, "sy_program(") == 0;
    const auto begin = text.find('(', at) + 1;
    const auto all = words(text.substr(begin, text.find(')', begin) - begin));
    const string room = all.at(program ? 1 : 0);
    bool using_now = false;
    rooms[room];
    for (const string& word : all) {
      if (word == "USES") {
        using_now = true;
      } else if (word == "LINKS") {
        using_now = false;
      } else if (using_now) {
        rooms[room].insert(word);
      }
    }
  }
  return rooms;
}

struct Floor {
  int number = 0;
  std::set<string> doors;
};
/// ARCHITECTURE.md: | 2 | `store/` | `store.h` | what it is | -> store: {2, {store/store.h}}
std::map<string, Floor> floors() {
  std::map<string, Floor> found;
  for (const string& line : lines_of(kRoot / "ARCHITECTURE.md")) {
    if (line.size() < 5 || line[0] != '|' || !std::isdigit(static_cast<unsigned char>(line[2]))) {
      continue;
    }
    std::vector<string> cells;
    std::istringstream stream(line.substr(1));
    for (string cell; std::getline(stream, cell, '|');) cells.push_back(cell);
    if (cells.size() < 4) continue;
    string room = texts_between(cells[1], '`').at(0);
    room.pop_back();  // the slash
    Floor floor{std::stoi(cells[0]), {}};
    for (const string& door : texts_between(cells[2], '`')) floor.doors.insert(room + "/" + door);
    found[room] = floor;
  }
  return found;
}

TEST(House, RoomsUseOnlyFloorsBelowOrNamedSiblings) {
  const auto rooms = uses_of_rooms();
  const auto map = floors();
  ASSERT_GE(rooms.size(), 9u);
  for (const auto& [room, uses] : rooms) {
    ASSERT_TRUE(map.count(room)) << room << " has no line in ARCHITECTURE.md";
    for (const string& used : uses) {
      ASSERT_TRUE(map.count(used)) << used;
      EXPECT_LE(map.at(used).number, map.at(room).number) << room << " uses " << used;
      // On the same floor only one way, or the libraries would need each other.
      EXPECT_FALSE(rooms.at(used).count(room)) << room << " and " << used << " use each other";
    }
  }
  for (const auto& [room, floor] : map) {
    EXPECT_TRUE(rooms.count(room)) << "ARCHITECTURE.md names a room that is not built: " << room;
    for (const string& door : floor.doors) {
      EXPECT_TRUE(fs::exists(kRoot / "src" / door)) << "no such door: " << door;
    }
  }
}

TEST(House, IncludesFollowTheFloorsAndTheDoors) {
  const auto rooms = uses_of_rooms();
  const auto map = floors();
  int checked = 0;
  for (const auto& [path, room] : sources()) {
    std::size_t number = 0;
    for (const string& line : lines_of(path)) {
      ++number;
      const string header = included(line);
      if (header.empty() || header[0] != '"') continue;
      const string name = header.substr(1, header.size() - 2);
      const string other = name.substr(0, name.find('/'));
      if (other == room || !rooms.count(other)) continue;
      ++checked;
      ASSERT_TRUE(rooms.count(room)) << room;
      EXPECT_TRUE(rooms.at(room).count(other))
          << shown(path, number) << ": " << room << " may not include " << name;
      EXPECT_TRUE(map.at(other).doors.count(name))
          << shown(path, number) << ": " << name << " is not a door of " << other;
    }
  }
  EXPECT_GT(checked, 10);
}

TEST(House, HeavyHeadersStayInSourceFilesAndDuckDbInTheEngine) {
  const std::vector<string> heavy = {"<nlohmann/", "<CLI/", "<openssl/", "<isa-l"};
  int engine = 0;
  for (const auto& [path, room] : sources()) {
    std::size_t number = 0;
    for (const string& line : lines_of(path)) {
      ++number;
      const string header = included(line);
      if (path.extension() == ".h") {
        for (const string& prefix : heavy) {
          EXPECT_NE(header.rfind(prefix, 0), 0u) << shown(path, number) << ": " << header;
        }
      }
      if (header.find("duckdb.h") != string::npos) {
        ++engine;
        EXPECT_EQ(room, "engine") << shown(path, number);
      }
    }
  }
  EXPECT_GE(engine, 1);
}

TEST(House, EachHeaderBeginsWithItsConcept) {
  for (const auto& [path, room] : sources()) {
    if (path.extension() != ".h") continue;
    const auto lines = lines_of(path);
    ASSERT_FALSE(lines.empty()) << shown(path);
    EXPECT_EQ(lines[0].rfind("// ", 0), 0u) << shown(path) << " does not begin with a comment";
    EXPECT_NE(std::find(lines.begin(), lines.end(), "#pragma once"), lines.end()) << shown(path);
  }
}

/// Code points of UTF-8 text.
std::size_t columns(const string& line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

TEST(House, LinesAreShort) {
  for (const auto& path : tree()) {
    const bool script = path.extension() == ".py" || path.extension() == ".cmake" ||
                        path.filename() == "CMakeLists.txt" || path.filename() == "dev";
    if (!is_source(path) && !script) continue;
    std::size_t number = 0;
    bool table = false;  // a table is laid out by hand
    for (const string& line : lines_of(path)) {
      ++number;
      if (line.find("// clang-format "
                    "o") != string::npos)
        table = line.back() == 'f';
      if (!table) {
        EXPECT_LE(columns(line), 120u) << shown(path, number);
      }
      EXPECT_EQ(line.find('\t'), string::npos) << shown(path, number) << ": a tab";
    }
  }
}

TEST(House, DomainRoomsDoNotPrintExitOrReadTheClock) {
  const std::set<string> faces = {"cli"};
  // Text that stands for itself is enough here: nobody in a domain room has a reason even to name
  // these.
  const std::vector<string> banned = {"std::cout",  "std::cerr", "printf(stderr",
                                      "std::exit(", "getenv(",   "system_clock::now"};
  for (const auto& [path, room] : sources()) {
    if (faces.count(room) || path.filename() == "assert.h")
      continue;  // a bug may say its last word
    std::size_t number = 0;
    for (const string& line : lines_of(path)) {
      ++number;
      for (const string& word : banned) {
        EXPECT_EQ(line.find(word), string::npos) << shown(path, number) << ": " << word;
      }
    }
  }
}

/// True when `word` stands in `line` with no letter or digit on either side.
bool has_word(const string& line, const string& word) {
  for (auto at = line.find(word); at != string::npos; at = line.find(word, at + 1)) {
    const auto letter = [&](std::size_t i) {
      return i < line.size() && std::isalnum(static_cast<unsigned char>(line[i]));
    };
    if (!(at > 0 && letter(at - 1)) && !letter(at + word.size())) return true;
  }
  return false;
}

TEST(House, TheTreeNamesNoRegistryHostAndNoConversation) {
  // In two halves, so that this file does not accuse itself.
  const std::vector<string> hosts = {
      "registry."
      "npmjs",
      "npmjs"
      ".org",
      "pypi"
      ".org",
      "pythonhosted"
      ".org",
      "repo1."
      "maven",
      "crates"
      ".io",
      "proxy."
      "golang",
      "deb."
      "debian.org",
      "archive."
      "ubuntu"};
  const std::vector<string> talk = {
      "pro"
      "mpt",
      "pro"
      "mpts",
      "this ses"
      "sion",
      "as an "
      "ai"};
  for (const auto& path : tree()) {
    const string text = content(path);
    if (text.find('\0') != string::npos) continue;  // a binary sample
    std::size_t number = 0;
    std::istringstream stream(text);
    for (string line; std::getline(stream, line);) {
      ++number;
      for (const string& host : hosts) {
        EXPECT_EQ(line.find(host), string::npos) << shown(path, number) << ": " << host;
      }
      std::transform(line.begin(), line.end(), line.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      for (const string& word : talk) {
        EXPECT_FALSE(has_word(line, word)) << shown(path, number) << ": " << word;
      }
    }
  }
}

}  // namespace
