// Finding deliveries on disk. A manifest is a promise: what it names is read as one delivery, what
// lies beside it unnamed is not read at all. Without manifests, files of one folder, format,
// account and first billing period are taken as the parts of one delivery.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>

#include "base/text.h"
#include "bills/aws_manifest.h"
#include "bills/focus_schema.h"
#include "bills/formats.h"

namespace steelyard {
namespace {

namespace fs = std::filesystem;

struct Listed {
  std::int64_t bytes = 0;
  std::int64_t modified = 0;  ///< microseconds since 1970; only to order what nothing else orders
  bool named = false;         ///< the user named this very file
  bool candidate = true;      ///< false: listed only to find what a manifest names
};
using Files = std::map<std::string, Listed>;  // by absolute path

constexpr std::size_t kMaxFiles = 1'000'000;

std::vector<std::string> parts_of(const std::string& path) { return split(path, '/'); }

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

bool is_below(const std::string& path, const std::string& folder) {
  return path.size() > folder.size() && path.starts_with(folder) &&
         (folder == "/" || path[folder.size()] == '/');
}

bool looks_like_data(std::string_view name) {
  const std::string lower = to_lower(name);
  for (const std::string_view ending : {".csv", ".csv.gz", ".gz", ".parquet", ".csv.zip", ".zip"}) {
    if (lower.ends_with(ending)) return true;
  }
  return lower.find('.') == std::string::npos;
}

std::string plural(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// What is known of the place of a manifest.
struct Place {
  std::string root;     ///< of the report: below it everything is one layout
  std::string period;   ///< "2026-07" or ""
  bool newest = false;  ///< the copy that always tells of the newest delivery
};

Place place_of(const std::string& manifest) {
  const std::vector<std::string> parts = parts_of(manifest);
  Place place;
  for (const std::string& part : parts) {
    if (const std::string period = period_in_path_part(part); !period.empty())
      place.period = period;
  }
  const auto up_to = [&](std::size_t count) {
    const std::string path = join(
        std::vector<std::string>(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(count)),
        "/");
    return path.empty() ? std::string("/") : path;
  };
  for (std::size_t i = parts.size() - 1; i > 0; --i) {
    const std::size_t below = parts.size() - 1 - i;  // folders between this part and the file
    if (parts[i] == "metadata") {
      place.root = up_to(i);
      place.newest =
          below <=
          2;  // metadata/<partition>/X-Manifest.json; an execution's own copy is one deeper
      return place;
    }
    const bool range = parts[i].size() == 17 && !period_in_path_part(parts[i]).empty();
    if (range && below <= 2) {
      place.root = up_to(i);
      place.newest = below == 1;  // <period>/X-Manifest.json; an assembly's own copy is one deeper
      return place;
    }
  }
  place.root = folder_of(manifest);
  place.newest = true;
  return place;
}

/// Trailing path components in common.
std::size_t common_ending(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::size_t n = 0;
  while (n < a.size() && n < b.size() && a[a.size() - 1 - n] == b[b.size() - 1 - n]) ++n;
  return n;
}

std::size_t common_beginning(const std::string& a, const std::string& b) {
  return static_cast<std::size_t>(
      std::mismatch(a.begin(),
                    a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())),
                    b.begin())
          .first -
      a.begin());
}

struct Promise {
  AwsManifest manifest;
  std::string path;
  Place place;
  std::int64_t modified = 0;
  std::vector<std::string> files;      ///< found
  std::vector<std::string> missing;    ///< keys not found
  std::vector<std::string> differing;  ///< found, of another size
};

class Finder {
 public:
  Finder(const std::vector<std::string>& paths, std::string_view forced, PartialDelivery* partial)
      : paths_(paths), forced_(forced), partial_(partial) {}

  Result<Discovery> run() {
    for (const std::string& path : paths_) {
      if (auto listed = list(path); !listed) return pass(listed);
    }
    if (auto done = read_manifests(); !done) return pass(done);
    if (auto done = deliver_promises(); !done) return pass(done);
    if (auto done = deliver_plain(); !done) return pass(done);
    std::sort(found_.begin(), found_.end(),
              [](const Ordered& a, const Ordered& b) { return a.key() < b.key(); });
    for (Ordered& one : found_) discovery_.deliveries.push_back(std::move(one.delivery));
    if (discovery_.deliveries.empty()) {
      Error error{"SY1233",
                  "there is no bill in " + join(paths_, ", "),
                  {},
                  "name a file, a folder or a pattern that holds bills",
                  discovery_.notes};
      return fail(std::move(error));
    }
    return std::move(discovery_);
  }

 private:
  struct Ordered {
    Delivery delivery;
    std::int64_t modified = 0;
    bool newest = true;
    std::tuple<std::string, std::string, std::string, bool, std::int64_t, std::int64_t, std::string>
    key() const {
      return {delivery.source,
              delivery.billing_period,
              delivery.scope,
              newest,
              delivery.delivered ? delivery.delivered->micros : INT64_MIN,
              modified,
              delivery.files.empty() ? "" : delivery.files[0]};
    }
  };

  void note(std::string text) { discovery_.notes.push_back(std::move(text)); }

  // --- listing
  // -------------------------------------------------------------------------------------------------------

  Status list(const std::string& given) {
    if (given.find("://") != std::string::npos) {
      return fail("SY1230", "`" + terminal_safe(given) + "` is not a path on this machine", {},
                  "copy the objects to disk with their folders and name that folder");
    }
    std::error_code error;
    const fs::path absolute = fs::absolute(given, error).lexically_normal();
    if (error || given.empty())
      return fail("SY1230", "`" + terminal_safe(given) + "` is not a path", {},
                  "name a file or folder");
    std::string path = absolute.string();
    while (path.size() > 1 && path.ends_with("/")) path.pop_back();
    const fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status)) return list_folder(path, true);
    if (fs::exists(status)) return add_file(path, true, true);
    if (error == std::errc::permission_denied) return no_permission(path);
    if (given.find_first_of("*?") != std::string::npos) return list_pattern(path);
    std::vector<std::string> siblings;
    for (fs::directory_iterator it(folder_of(path), error), end;
         !error && it != end && siblings.size() < 10000; it.increment(error))
      siblings.push_back(it->path().filename().string());
    const std::string near = nearest(file_name(path), siblings);
    return fail("SY1230",
                "there is no `" + terminal_safe(given) + "`" +
                    (near.empty() ? "" : "; is `" + terminal_safe(near) + "` meant?"),
                path, "name a file or folder that exists");
  }

  Status list_pattern(const std::string& pattern) {
    // The folder above the first wildcard is walked; "**" and "*" alike match within a path of the
    // same or any depth.
    std::string base = pattern.substr(0, pattern.find_first_of("*?"));
    base = folder_of(base + "x");
    const bool deep = pattern.find("**") != std::string::npos;
    const std::size_t depth = parts_of(pattern).size();
    Files all;
    std::swap(all, files_);
    const Status listed = list_folder(base, false);
    std::swap(all, files_);
    if (!listed)
      return fail("SY1230", "nothing matches `" + terminal_safe(pattern) + "`", {},
                  "name a file, folder or pattern that exists");
    bool any = false;
    std::set<std::string> folders;
    for (const auto& [path, listing] : all) {
      const std::vector<std::string> parts = parts_of(path);
      // A pattern may name folders, too: whatever is below a folder that matches is meant.
      for (std::size_t n = deep ? parts.size() : std::min(depth, parts.size());
           n >= std::min(depth, parts.size()) && n > 0; --n) {
        const std::string head = join(
            std::vector<std::string>(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(n)),
            "/");
        const bool matches = deep ? matches_glob(pattern, head) : matches_by_part(pattern, head);
        if (!matches) continue;
        Listed one = listing;
        one.named = n == parts.size();
        one.candidate = true;
        files_.emplace(path, one);
        any = true;
        break;
      }
    }
    if (!any)
      return fail("SY1230", "nothing matches `" + terminal_safe(pattern) + "`", {},
                  "name a file, folder or pattern that exists");
    return {};
  }

  static bool matches_by_part(const std::string& pattern, const std::string& path) {
    const std::vector<std::string> wanted = parts_of(pattern), have = parts_of(path);
    if (wanted.size() != have.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!matches_glob(wanted[i], have[i])) return false;
    }
    return true;
  }

  tl::unexpected<Error> no_permission(const std::string& path) {
    return fail("SY1231", "no permission to read", path,
                "change the permissions of the file or folder, or run as a user who may read it");
  }

  Status add_file(const std::string& path, bool named, bool candidate) {
    std::error_code error;
    const auto bytes = fs::file_size(path, error);
    if (error)
      return error == std::errc::permission_denied
                 ? Status(no_permission(path))
                 : Status(fail("SY1230", "the file cannot be looked at: " + error.message(), path,
                               "name a regular file"));
    const auto modified = fs::last_write_time(path, error);
    Listed& listed = files_[path];
    const bool first = listed.bytes == 0 && listed.modified == 0 && !listed.named;
    listed.bytes = static_cast<std::int64_t>(bytes);
    listed.modified = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::file_clock::to_sys(modified).time_since_epoch())
                          .count();
    listed.named |= named;
    listed.candidate = first ? candidate : listed.candidate || candidate;
    if (files_.size() > kMaxFiles)
      return fail("SY1230", "more than a million files are below the paths", path,
                  "name a smaller folder");
    return {};
  }

  /// What is in a lake came from bills that were read already.
  static bool is_lake_table(const fs::path& folder) {
    std::error_code error;
    return fs::is_directory(folder / "_delta_log", error);
  }

  Status list_folder(const std::string& folder, bool candidate) {
    std::error_code error;
    fs::recursive_directory_iterator it(folder, error), end;
    if (error)
      return error == std::errc::permission_denied
                 ? Status(no_permission(folder))
                 : Status(fail("SY1230", "the folder cannot be listed: " + error.message(), folder,
                               "name a folder that exists"));
    std::size_t links = 0;
    std::set<std::string> lakes;
    if (is_lake_table(folder)) {
      lakes.insert(folder_of(folder));
      it = end;
    }
    for (; it != end; it.increment(error)) {
      if (error) return no_permission(folder);
      const std::string name = it->path().filename().string();
      std::error_code ignored;
      if (it->is_directory(ignored)) {
        if (name.starts_with(".") || name.starts_with("_")) {
          it.disable_recursion_pending();
        } else if (is_lake_table(it->path())) {
          lakes.insert(it->path().parent_path().string());
          it.disable_recursion_pending();
        }
        if (it->is_symlink(ignored)) ++links;
        continue;
      }
      if (name.starts_with(".") || name.starts_with("_") || !it->is_regular_file(ignored)) continue;
      if (auto added = add_file(it->path().string(), false, candidate); !added) return added;
    }
    if (error) return no_permission(folder);
    for (const std::string& lake : lakes) note("left out, what is in the lake: " + lake);
    if (links > 0)
      note(plural(links, "folder") + " below " + folder + " that " +
           (links == 1 ? "is a link was" : "are links were") + " not followed");
    roots_.insert(folder);
    return {};
  }

  // --- manifests
  // -----------------------------------------------------------------------------------------------------

  Status read_manifests() {
    // A manifest that is named alone, or a data folder without its metadata, speaks of files that
    // lie beside.
    std::vector<std::string> named;
    for (const auto& [path, listed] : files_) {
      if (listed.named && is_manifest_name(file_name(path))) named.push_back(path);
    }
    for (const std::string& path : named) {
      if (auto listed = list_folder(place_of(path).root, false); !listed) return listed;
    }
    const std::set<std::string> roots = roots_;
    for (const std::string& root : roots) {
      for (std::string folder = root; folder.size() > 1; folder = folder_of(folder)) {
        std::error_code error;
        const std::string metadata = folder_of(folder) + "/metadata";
        if (file_name(folder) == "data" && !roots.contains(metadata) &&
            fs::is_directory(metadata, error)) {
          if (auto listed = list_folder(metadata, false); !listed) return listed;
        }
      }
    }
    for (const auto& [path, listed] : files_) by_name_[file_name(path)].push_back(path);

    std::vector<std::string> others;
    for (const auto& [path, listed] : files_) {
      if (!is_manifest_name(file_name(path))) continue;
      const bool lone = !named.empty() && !listed.named && !listed.candidate;
      std::ifstream in(path, std::ios::binary);
      std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
      if (!in) return no_permission(path);
      auto parsed = parse_aws_manifest(text, path);
      if (!parsed) {
        if (lone) continue;
        return pass(parsed);
      }
      if (!*parsed) {
        if (listed.candidate) others.push_back(path);
        continue;
      }
      Promise promise;
      promise.manifest = std::move(**parsed);
      promise.path = path;
      promise.place = place_of(path);
      promise.modified = listed.modified;
      if (promise.manifest.billing_period.empty() || !promise.place.period.empty())
        promise.manifest.billing_period = promise.place.period;
      find_files(promise);
      if (!listed.candidate) {
        // Only what was asked for: a manifest from beside counts when the paths given hold
        // something of it.
        const bool asked =
            std::any_of(promise.files.begin(), promise.files.end(),
                        [&](const std::string& file) { return files_.at(file).candidate; });
        if (!asked) continue;
      }
      layouts_.insert(promise.place.root);
      promises_.push_back(std::move(promise));
    }
    if (!others.empty())
      note(plural(others.size(), "manifest") + " of a kind that is not read: " + others[0]);
    return {};
  }

  void find_files(Promise& promise) {
    for (const AwsManifest::File& file : promise.manifest.files) {
      const std::vector<std::string> key = parts_of(file.key);
      const auto named = by_name_.find(key.back());
      std::string best;
      std::size_t best_score = 0, best_near = 0;
      if (named != by_name_.end()) {
        for (const std::string& path : named->second) {
          std::size_t score = common_ending(key, parts_of(path));
          // Files of different deliveries have the same names; the folder tells them apart, unless
          // all was copied into one folder.
          const bool beside = folder_of(path) == folder_of(promise.path);
          if (score < 2 && !beside && key.size() > 1) continue;
          const std::size_t near = common_beginning(path, promise.path);
          if (best.empty() || score > best_score || (score == best_score && near > best_near)) {
            best = path;
            best_score = score;
            best_near = near;
          }
        }
      }
      if (best.empty()) {
        promise.missing.push_back(
            file.key +
            (file.bytes >= 0 ? " (" + human_bytes(static_cast<std::uint64_t>(file.bytes)) + ")"
                             : "") +
            (file.rows >= 0 ? " (" + with_thousands(file.rows) + " rows)" : ""));
        continue;
      }
      promise.files.push_back(best);
      if (file.bytes >= 0 && files_.at(best).bytes != file.bytes)
        promise.differing.push_back(best + " has " + with_thousands(files_.at(best).bytes) +
                                    " bytes, the manifest says " + with_thousands(file.bytes));
    }
    std::sort(promise.files.begin(), promise.files.end());
    promise.files.erase(std::unique(promise.files.begin(), promise.files.end()),
                        promise.files.end());
  }

  static std::string id_of(const Promise& promise) {
    if (!promise.manifest.id.empty()) return promise.manifest.id;
    // An execution's folder names it: data/<partition>/<time>-<execution>/<file>.
    if (!promise.manifest.files.empty()) {
      const std::vector<std::string> key = parts_of(promise.manifest.files[0].key);
      if (key.size() >= 2 && time_in_path_part(key[key.size() - 2])) return key[key.size() - 2];
    }
    return "";
  }

  static std::optional<Instant> time_of(const Promise& promise) {
    if (promise.manifest.delivered) return promise.manifest.delivered;
    std::optional<Instant> when;
    std::vector<std::string> parts = parts_of(promise.path);
    if (!promise.files.empty()) {
      const auto more = parts_of(promise.files[0]);
      parts.insert(parts.end(), more.begin(), more.end());
    } else if (!promise.manifest.files.empty()) {
      const auto more = parts_of(promise.manifest.files[0].key);
      parts.insert(parts.end(), more.begin(), more.end());
    }
    for (const std::string& part : parts) {
      if (part.find('T') == std::string::npos)
        continue;  // a mere date is a partition, not a time of delivery
      if (const auto instant = time_in_path_part(part)) when = instant;
    }
    return when;
  }

  Status deliver_promises() {
    std::map<std::string, std::vector<Promise*>> scopes;
    for (Promise& promise : promises_)
      scopes[promise.place.root + " " + promise.manifest.name + " " +
             promise.manifest.billing_period]
          .push_back(&promise);
    for (auto& [scope, all] : scopes) {
      // The copy that tells of the newest first, then the youngest; each delivery once, however
      // many copies of its manifest there are.
      std::sort(all.begin(), all.end(), [](const Promise* a, const Promise* b) {
        const auto key = [](const Promise* p) {
          const auto when = time_of(*p);
          return std::tuple(!p->place.newest, when ? -when->micros : INT64_MAX, -p->modified,
                            p->path);
        };
        return key(a) < key(b);
      });
      std::set<std::string> ids, claimed_here;
      std::vector<Ordered> here;  // newest first
      bool first = true;
      for (Promise* promise : all) {
        const std::string id = id_of(*promise);
        if (!id.empty() && !ids.insert(id).second) continue;
        if (promise->manifest.files.empty()) {
          note("the manifest names no files: " + promise->path);
          continue;
        }
        const bool replaced =
            std::any_of(promise->files.begin(), promise->files.end(),
                        [&](const std::string& file) { return claimed_here.contains(file); });
        if (replaced)
          continue;  // overwrite mode: an older manifest whose files hold the newest delivery by
                     // now
        const bool newest = first;
        first = false;
        if (!promise->missing.empty() || !promise->differing.empty()) {
          if (promise->files.empty() && !newest) {
            note("the files of an older delivery are gone: " + promise->path);
            continue;
          }
          return disagree(*promise);
        }
        for (const std::string& file : promise->files) claimed_here.insert(file);
        claimed_.insert(promise->files.begin(), promise->files.end());
        Ordered one;
        one.modified = promise->modified;
        one.newest = newest;
        one.delivery.files = promise->files;
        one.delivery.manifest = promise->path;
        one.delivery.delivery_id = id;
        one.delivery.delivered = time_of(*promise);
        one.delivery.billing_period = promise->manifest.billing_period;
        one.delivery.columns = promise->manifest.columns;
        one.delivery.scope = scope;
        std::int64_t rows = 0;
        for (const AwsManifest::File& file : promise->manifest.files)
          rows = file.rows < 0 || rows < 0 ? -1 : rows + file.rows;
        one.delivery.manifest_rows = rows;
        auto head = head_of(promise->files[0]);
        if (!head) return pass(head);
        auto format = detect_format(*head, forced_);
        if (!format) return pass(format);
        one.delivery.format = *format;
        here.push_back(std::move(one));
      }
      tell_order(here);
      for (Ordered& one : here) found_.push_back(std::move(one));
    }
    // What lies in a layout with manifests and is named by none is unfinished, outdated or not
    // ours.
    std::map<std::string, std::size_t> left_out;
    for (const auto& [path, listed] : files_) {
      if (!listed.candidate || claimed_.contains(path) || is_manifest_name(file_name(path)) ||
          !looks_like_data(file_name(path)))
        continue;
      if (std::any_of(layouts_.begin(), layouts_.end(),
                      [&](const std::string& root) { return is_below(path, root); })) {
        ++left_out[folder_of(path)];
        claimed_.insert(path);
      }
    }
    for (const auto& [folder, count] : left_out)
      note(plural(count, "file") + " left out, since no finished manifest names " +
           (count == 1 ? "it: " : "them: ") + folder);
    return {};
  }

  /// Assemblies of a legacy report are named by a meaningless id, so of several only the newest is
  /// known, by the manifest above them. Copying from a bucket keeps the times of files: those order
  /// the rest, and the newest is never before another.
  void tell_order(std::vector<Ordered>& newest_first) {
    if (newest_first.size() < 2) return;
    bool told = true;
    for (Ordered& one : newest_first) {
      if (one.delivery.delivered) continue;
      one.delivery.delivered = Instant{one.modified};
      told = false;
    }
    if (told) return;
    Instant last{INT64_MIN};
    for (std::size_t i = 1; i < newest_first.size(); ++i)
      last = std::max(last, *newest_first[i].delivery.delivered);
    Instant& newest = *newest_first[0].delivery.delivered;
    if (newest_first[0].newest && newest <= last) newest = Instant{last.micros + 1'000'000};
    note("AWS does not say when these " + std::to_string(newest_first.size()) +
         " deliveries were made; the times of their manifest files order them: " +
         folder_of(newest_first[0].delivery.manifest));
  }

  Status disagree(const Promise& promise) {
    if (partial_ != nullptr)
      *partial_ = {promise.manifest.account, promise.manifest.billing_period, promise.files};
    Error error;
    error.code = "SY1232";
    error.where = promise.path;
    error.fix = "copy the delivery again, or wait until it is complete, and run the command again";
    const std::size_t all = promise.manifest.files.size();
    if (!promise.missing.empty()) {
      error.what = "the manifest names " + plural(all, "file") + ", of which " +
                   std::to_string(promise.missing.size()) + " " +
                   (promise.missing.size() == 1 ? "is" : "are") + " not there";
    } else {
      error.what = "the manifest names files of another size than those on disk";
    }
    for (const std::string& key : promise.missing)
      error.notes.push_back("missing: " + terminal_safe(key));
    for (const std::string& text : promise.differing) error.notes.push_back(terminal_safe(text));
    if (error.notes.size() > 20) {
      const std::size_t more = error.notes.size() - 20;
      error.notes.resize(20);
      error.notes.push_back("and " + std::to_string(more) + " more");
    }
    return fail(std::move(error));
  }

  // --- files without a manifest
  // ----------------------------------------------------------------------------------------

  Result<FileHead> head_of(const std::string& path) {
    const bool parquet = to_lower(path).ends_with(".parquet");
    if (parquet && engine_ == nullptr) {
      auto engine = open_duckdb({.threads = 1});
      if (!engine) return pass(engine);
      engine_ = std::move(*engine);
    }
    return read_head(path, {}, engine_.get());
  }

  /// The cell of the first row in a column that goes by one of these names.
  static std::string first_cell(const FileHead& head,
                                std::initializer_list<std::string_view> names) {
    if (head.sample.empty()) return "";
    for (const std::string_view name : names) {
      for (std::size_t i = 0; i < head.columns.size() && i < head.sample[0].size(); ++i) {
        if (folded(head.columns[i].name) == folded(name) && !head.sample[0][i].empty())
          return head.sample[0][i];
      }
    }
    return "";
  }

  /// Folders of the form key=value split one delivery into parts, but a folder for each delivery or
  /// period does not.
  static std::string delivery_folder(const std::string& path) {
    std::vector<std::string> parts = parts_of(folder_of(path));
    while (!parts.empty() && parts.back().find('=') != std::string::npos &&
           period_in_path_part(parts.back()).empty() && !time_in_path_part(parts.back()))
      parts.pop_back();
    return join(parts, "/");
  }

  /// The same without the folders of single deliveries: what two deliveries of one thing have in
  /// common.
  static std::string scope_folder(const std::string& path) {
    std::vector<std::string> kept;
    for (const std::string& part : parts_of(delivery_folder(path))) {
      if (part.find('T') == std::string::npos || !time_in_path_part(part)) kept.push_back(part);
    }
    return join(kept, "/");
  }

  struct Plain {
    std::string path, folder, kind, stem, who;
    Format format;
    std::string period;           ///< by the path
    std::optional<Instant> when;  ///< by the path
    std::int64_t modified = 0;
  };

  /// The name without its digits and endings: "part-00001.csv.gz" -> "part-".
  static std::string stem_of(const std::string& name) {
    std::string stem;
    for (const char c : name.substr(0, name.find('.'))) {
      if (c < '0' || c > '9') stem += c;
    }
    return stem;
  }

  Status deliver_plain() {
    std::vector<Plain> plains;
    std::map<std::string, std::size_t> not_data;
    for (const auto& [path, listed] : files_) {
      if (!listed.candidate || claimed_.contains(path)) continue;
      const std::string name = file_name(path);
      if (is_manifest_name(name)) continue;
      if (!listed.named && !looks_like_data(name)) {
        const std::size_t dot = name.rfind('.');
        ++not_data[dot == std::string::npos ? name : name.substr(dot)];
        continue;
      }
      auto head = head_of(path);
      if (!head) {
        // A damaged bill must not be skipped in silence; what was never a bill may be.
        const std::string& code = head.error().code;
        const bool maybe_no_bill = code == "SY1201" || code == "SY1202" ||
                                   (code == "SY1203" && !to_lower(name).ends_with(".csv"));
        if (listed.named || !maybe_no_bill) return pass(head);
        note(code + ": left out, " + head.error().what + ": " + path);
        continue;
      }
      auto format = detect_format(*head, forced_);
      if (!format) {
        if (listed.named || format.error().code != "SY1220") return pass(format);
        note("left out, not a bill of a known format: " + path);
        continue;
      }
      Plain plain;
      plain.path = path;
      plain.format = *format;
      plain.modified = listed.modified;
      for (const std::string& part : parts_of(folder_of(path))) {
        if (const std::string in_part = period_in_path_part(part); !in_part.empty())
          plain.period = in_part;
        if (part.find('T') == std::string::npos && !part.starts_with("delivered=")) continue;
        if (const auto instant = time_in_path_part(part)) plain.when = instant;
      }
      std::string month = plain.period;
      if (Instant start;
          month.empty() &&
          parse_instant(first_cell(*head, {"BillingPeriodStart", "bill_billing_period_start_date",
                                           "ContractCommitmentPeriodStart"}),
                        start)) {
        // The month of the next day: providers begin theirs at midnight somewhere.
        const Date date = date_of(Instant{start.micros + 86'400'000'000});
        month = format_date(date).substr(0, 7);
      }
      plain.folder = delivery_folder(path);
      plain.kind = format->id + " " + std::string(table_of(format->dataset)) + " " + month;
      plain.stem = stem_of(name);
      plain.who = first_cell(*head, {"ServiceProviderName", "ProviderName", "InvoiceIssuerName"}) +
                  "/" + first_cell(*head, {"BillingAccountId", "bill_payer_account_id"});
      plains.push_back(std::move(plain));
    }

    // Parts of one delivery have a folder that says so, or names that differ in numbers only, or
    // begin with a charge of the same account.
    std::map<std::string, std::string> same;
    const auto root = [&](std::string of) {
      while (same.try_emplace(of, of).first->second != of) of = same[of];
      return of;
    };
    const auto stem_key = [](const Plain& plain) {
      return plain.folder + "\n" + plain.kind + "\nnamed " + plain.stem;
    };
    for (const Plain& plain : plains) {
      const std::string a = root(stem_key(plain)),
                        b = root(plain.folder + "\n" + plain.kind + "\nof " + plain.who);
      if (a != b) same[std::max(a, b)] = std::min(a, b);
    }
    std::map<std::string, Ordered> groups;
    for (const Plain& plain : plains) {
      const bool folder_tells = plain.when || !plain.period.empty();
      const std::string part_of = folder_tells ? "" : root(stem_key(plain));
      Ordered& one = groups[plain.folder + "\n" + plain.kind + "\n" + part_of];
      one.delivery.files.push_back(plain.path);
      one.delivery.format = plain.format;
      one.delivery.billing_period = plain.period;
      one.delivery.scope = scope_folder(plain.path) + " " + plain.kind + " " + part_of;
      if (plain.when && (!one.delivery.delivered || *plain.when > *one.delivery.delivered))
        one.delivery.delivered = plain.when;
      one.modified = std::max(one.modified, plain.modified);
    }
    for (auto& [key, one] : groups) {
      std::sort(one.delivery.files.begin(), one.delivery.files.end());
      found_.push_back(std::move(one));
    }
    for (const auto& [ending, count] : not_data)
      note(plural(count, "file") + " left out that " + (count == 1 ? "is" : "are") +
           " no data: " + ending);
    return {};
  }

  const std::vector<std::string>& paths_;
  std::string_view forced_;
  PartialDelivery* partial_;
  Files files_;
  std::set<std::string> roots_;
  std::map<std::string, std::vector<std::string>> by_name_;
  std::vector<Promise> promises_;
  std::set<std::string> layouts_;  ///< roots of reports that have manifests
  std::set<std::string> claimed_;  ///< files that belong to a delivery or were left out
  std::vector<Ordered> found_;
  std::unique_ptr<Engine> engine_;
  Discovery discovery_;
};

}  // namespace

Result<Discovery> discover(const std::vector<std::string>& paths, std::string_view forced_format,
                           PartialDelivery* partial) {
  return Finder(paths, forced_format, partial).run();
}

std::vector<Delivery> newest_of_each_scope(const std::vector<Delivery>& deliveries) {
  std::map<std::string, std::size_t> last;
  for (std::size_t i = 0; i < deliveries.size(); ++i) last[deliveries[i].scope] = i;
  std::vector<Delivery> newest;
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    if (last[deliveries[i].scope] == i) newest.push_back(deliveries[i]);
  }
  return newest;
}

}  // namespace steelyard
