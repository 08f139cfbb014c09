#include "cli/cache.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text.h"

namespace steelyard {

namespace fs = std::filesystem;

namespace {

/// A longer list of hashes starts anew: a file that is hashed again costs time, never truth.
constexpr std::uintmax_t kMaxVerifiedBytes = 64 << 20;

std::string read_all(const fs::path& path, bool& ok) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  ok = file.good() || file.eof();
  return content.str();
}

/// Whole or not at all, so that two commands at once never leave half a file.
void write_quietly(const fs::path& path, const std::string& content) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  fs::path temporary = path;
  temporary += "." + std::to_string(::getpid());
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << content;
    if (!file.good()) {
      fs::remove(temporary, error);
      return;
    }
  }
  fs::rename(temporary, path, error);
  if (error) fs::remove(temporary, error);
}

}  // namespace

std::string cache_folder() {
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && xdg[0] == '/')
    return std::string(xdg) + "/steelyard";
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/')
    return std::string(home) + "/.cache/steelyard";
  return "";
}

void remember_figure(const std::string& id, const RememberedFigure& figure) {
  const std::string folder = cache_folder();
  if (folder.empty() || id.empty()) return;
  const nlohmann::json record = {{"question", figure.question},
                                 {"lake", figure.source.lake},
                                 {"files", figure.source.files},
                                 {"format", figure.source.format}};
  const auto replace = nlohmann::json::error_handler_t::replace;
  write_quietly(fs::path(folder) / "figures" / id, record.dump(1, ' ', false, replace) + "\n");
}

Result<RememberedFigure> recall_figure(const std::string& id) {
  const auto forgotten = [&] {
    return fail("SY1606", "figure `" + id + "` is not remembered here", "",
                "repeat the command that showed it: the same question gets the same id, and then "
                "explain finds it");
  };
  const bool plausible =
      !id.empty() && id.size() <= 64 &&
      id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string::npos;
  if (!plausible || cache_folder().empty()) return forgotten();
  bool ok = false;
  const std::string content = read_all(fs::path(cache_folder()) / "figures" / id, ok);
  if (!ok || content.empty()) return forgotten();
  try {
    const nlohmann::json record = nlohmann::json::parse(content);
    RememberedFigure figure;
    figure.question = record.at("question").get<std::string>();
    figure.source.lake = record.at("lake").get<std::string>();
    figure.source.files = record.at("files").get<std::vector<std::string>>();
    figure.source.format = record.at("format").get<std::string>();
    return figure;
  } catch (const nlohmann::json::exception&) {
    return forgotten();
  }
}

std::unique_ptr<VerificationCache> open_verification_cache() {
  const std::string folder = cache_folder();
  if (folder.empty()) return file_verification_cache("");
  std::error_code error;
  fs::create_directories(folder, error);
  const fs::path path = fs::path(folder) / "verified";
  if (fs::file_size(path, error) > kMaxVerifiedBytes && !error) fs::remove(path, error);
  return file_verification_cache(path.string());
}

}  // namespace steelyard
