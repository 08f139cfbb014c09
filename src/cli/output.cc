#include "cli/output.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "cli/cache.h"
#include "cli/errors.h"
#include "cli/parquet.h"
#include "ledger/explain.h"

namespace steelyard {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// The first of these that is set decides, as in POSIX; when none is, terminals of today are taken
/// to be UTF-8.
bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = to_lower(environment(name));
    if (!value.empty()) {
      return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
    }
  }
  return true;
}

int width_of_place(int descriptor) {
  constexpr int kNarrowest = 40, kWidest = 400, kUsual = 80;
  const std::string columns = environment("COLUMNS");
  int width = 0;
  if (!columns.empty() && columns.size() < 5 &&
      columns.find_first_not_of("0123456789") == std::string::npos) {
    width = std::atoi(columns.c_str());
  }
  winsize size{};
  if (width == 0 && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0) width = size.ws_col;
  return width == 0 ? kUsual : std::clamp(width, kNarrowest, kWidest);
}

bool to_file(const CommonOptions& common) { return !common.out.empty() && common.out != "-"; }

tl::unexpected<Error> cannot_write(const std::string& path) {
  const int reason = errno;
  return fail("SY1607", "cannot write " + path + ": " + std::strerror(reason), path,
              "look at the folder, its permissions and the disk");
}

Status write_descriptor(int descriptor, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot_write(name);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

bool figures_apply(const Report& report) { return !report.question.empty(); }

/// A figure that somebody may act on must tie, when that was asked for.
Status check_reconciled(const CommonOptions& common, const Report& report) {
  if (!common.require_reconciled || !figures_apply(report)) return {};
  if (report.provenance.reconciled.starts_with("yes")) return {};
  Error error{"SY1611",
              "the figures are not reconciled: " +
                  (report.provenance.reconciled.empty() ? "unknown" : report.provenance.reconciled),
              report.provenance.source,
              "steelyard reconcile shows each difference",
              {"nothing is shown because of --require-reconciled"}};
  return fail(std::move(error));
}

/// The pictures of all reports as one.
Result<Report> pictures_of(const std::vector<Report>& reports) {
  Report page;
  for (const Report& report : reports) {
    if (page.title.empty()) page.title = report.title;
    page.charts.insert(page.charts.end(), report.charts.begin(), report.charts.end());
  }
  if (page.charts.empty())
    return fail("SY1612", "this answer has no picture", "",
                "take --output=table, or another form: steelyard help output");
  return page;
}

/// On one page a note is said once.
Report without_said(Report report, std::set<std::string>& said) {
  std::erase_if(report.notes, [&](const std::string& note) { return !said.insert(note).second; });
  return report;
}

}  // namespace

Style style_of_place(const CommonOptions& common, int descriptor) {
  Style style;
  const bool terminal = ::isatty(descriptor) == 1 && !(descriptor == 1 && to_file(common));
  const bool forced =
      !environment("CLICOLOR_FORCE").empty() && environment("CLICOLOR_FORCE") != "0";
  if (common.color == "always") {
    style.color = true;
  } else if (common.color == "never" || !environment("NO_COLOR").empty()) {
    style.color = false;
  } else {
    style.color =
        forced || (terminal && environment("TERM") != "dumb" && !environment("TERM").empty());
  }
  style.unicode = locale_is_utf8();
  style.width = width_of_place(descriptor);
  style.raw = common.raw;
  return style;
}

Result<OutputFormat> chosen_format(const CommonOptions& common) {
  if (!common.output.empty()) {
    if (const auto format = parse_output_format(common.output)) return *format;
    return bad_value("--output", common.output, join(output_format_names(), ", "));
  }
  if (to_file(common)) {
    std::string ending = std::filesystem::path(common.out).extension().string();
    if (!ending.empty()) ending.erase(0, 1);
    if (ending == "txt") return OutputFormat::kTable;
    if (ending == "ndjson") return OutputFormat::kJsonLines;
    if (const auto format = parse_output_format(ending)) return *format;
  }
  if (const auto format = parse_output_format(common.usual_output)) return *format;
  if (to_file(common)) return OutputFormat::kPlain;
  return ::isatty(STDOUT_FILENO) == 1 ? OutputFormat::kTable : OutputFormat::kPlain;
}

Status write_file(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + "." + std::to_string(::getpid()) + ".part";
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) return cannot_write(path);
  Status written = write_descriptor(descriptor, bytes, path);
  if (::close(descriptor) != 0 && written) written = cannot_write(path);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = cannot_write(path);
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Status write_output(std::string_view bytes, const CommonOptions& common) {
  if (!to_file(common)) return write_descriptor(STDOUT_FILENO, bytes, "standard output");
  std::error_code error;
  // A pipe or a device is written to; only a file can be put in place.
  const auto status = std::filesystem::status(common.out, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    const int descriptor = ::open(common.out.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return cannot_write(common.out);
    Status written = write_descriptor(descriptor, bytes, common.out);
    if (::close(descriptor) != 0 && written) written = cannot_write(common.out);
    return written;
  }
  return write_file(common.out, bytes);
}

void remark(const CommonOptions& common, std::string_view line) {
  if (common.quiet) return;
  const std::string text = terminal_safe(line) + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
}

namespace {

/// Whether the text is more than the terminal shows at once and somebody sits there to turn pages.
bool wants_pager(const std::string& text) {
  winsize size{};
  const std::string terminal = environment("TERM");
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1 && !terminal.empty() &&
         terminal != "dumb" && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
         std::count(text.begin(), text.end(), '\n') >= size.ws_row;
}

/// Through $PAGER, else less, else as it is. Leaving the pager early is no error, and Ctrl-C is for
/// the pager.
Status write_paged(const std::string& text, const CommonOptions& common) {
  const std::string named = environment("PAGER");
  std::fflush(stdout);
  const auto pipe_before = std::signal(SIGPIPE, SIG_IGN);
  const auto interrupt_before = std::signal(SIGINT, SIG_IGN);
  FILE* pager = ::popen(named.empty() ? "less -FRX 2>/dev/null || cat" : named.c_str(), "w");
  if (pager != nullptr) {
    std::fwrite(text.data(), 1, text.size(), pager);
    ::pclose(pager);
  }
  std::signal(SIGPIPE, pipe_before);
  std::signal(SIGINT, interrupt_before);
  return pager != nullptr ? Status() : write_output(text, common);
}

/// CSV is exact, but what a terminal would obey is shown, not sent.
std::string lines_for_terminal(const std::string& text) {
  std::string out;
  for (const std::string& line : split(text, '\n')) {
    const bool ends_in_return = line.ends_with('\r');
    out += terminal_safe(line.substr(0, line.size() - (ends_in_return ? 1 : 0))) + "\n";
  }
  out.pop_back();
  return out;
}

}  // namespace

Status show(const Context& context, const Report& report, const FigureSource* source) {
  return show(context, std::vector<Report>{report}, source);
}

Status show(const Context& context, const std::vector<Report>& reports,
            const FigureSource* source) {
  const CommonOptions& common = context.common;
  const Result<OutputFormat> format = chosen_format(common);
  if (!format) return fail(format.error());
  const bool single = *format == OutputFormat::kCsv || *format == OutputFormat::kParquet;
  if (single && reports.size() != 1) {
    const std::vector<Flag>& flags = context.command->flags;
    const bool has_part = std::any_of(flags.begin(), flags.end(),
                                      [](const Flag& flag) { return flag.name == "--part"; });
    return fail(
        "SY1612",
        "the answer has " + std::to_string(reports.size()) + " tables, and " +
            output_format_names()[static_cast<std::size_t>(*format)] + " holds one",
        "",
        (has_part ? "choose one with --part, or take " : "take ") + std::string("--output=json"));
  }
  for (const Report& report : reports) {
    if (Status reconciled = check_reconciled(common, report); !reconciled) return reconciled;
  }
  if (*format == OutputFormat::kParquet) {
    if (!to_file(common))
      return fail("SY1612", "Parquet is a file, not text", "", "name it with --out=FILE.parquet");
    return write_parquet(reports[0], provenance_line(reports[0].provenance), common.out);
  }
  Style style = style_of_place(common, STDOUT_FILENO);
  if (*format == OutputFormat::kSvg) {
    auto page = pictures_of(reports);
    if (!page) return pass(page);
    return write_output(render(*page, *format, style), common);
  }
  style.brief = reports.size() > 1;
  std::set<std::string> said;
  std::string text;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const Report& report = reports[i];
    style.figure = source != nullptr && figures_apply(report) ? figure_id(report.question) : "";
    if (!style.figure.empty()) remember_figure(style.figure, {report.question, *source});
    const std::string piece = render(
        *format == OutputFormat::kTable ? without_said(report, said) : report, *format, style);
    const bool blank_between = *format == OutputFormat::kTable ||
                               *format == OutputFormat::kMarkdown ||
                               *format == OutputFormat::kPlain;
    if (i > 0 && blank_between) text += "\n";
    if (reports.size() > 1 && *format == OutputFormat::kJson) {
      text += (i == 0 ? "{\"schema_version\": " + std::to_string(kJsonSchemaVersion) +
                            ", \"reports\": [\n"
                      : ",\n") +
              std::string(trim(piece));
    } else {
      text += piece;
    }
  }
  if (reports.size() > 1 && *format == OutputFormat::kJson) text += "\n]}\n";
  if (*format == OutputFormat::kTable && !to_file(common)) text = "\n" + text + "\n";
  if (*format == OutputFormat::kCsv && !to_file(common) && ::isatty(STDOUT_FILENO) == 1)
    text = lines_for_terminal(text);
  const bool paged = *format == OutputFormat::kTable && !to_file(common) && wants_pager(text);
  if (Status written = paged ? write_paged(text, common) : write_output(text, common); !written)
    return written;
  if (*format == OutputFormat::kCsv) {
    // A comment would break a CSV reader, so what it says of itself goes beside it.
    const std::string provenance = provenance_line(reports[0].provenance);
    for (const std::string& note : reports[0].notes) remark(common, note);
    remark(common, provenance + (style.figure.empty() ? "" : " figure=" + style.figure));
  }
  return {};
}

}  // namespace steelyard
