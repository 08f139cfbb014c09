// Every error code that the program can show, with what it means and what helps. A code is stable:
// scripts and people's notes refer to it, so it is never given a second meaning. `steelyard help
// SY1204` and docs/reference/errors.md are made of this table. Ranges: SY10xx base and money,
// SY11xx store, SY12xx bills, SY13xx lake, SY14xx engine, SY15xx ledger, SY16xx command line,
// SY17xx samples, SY18xx commitments.
#pragma once

#include <string_view>

namespace steelyard {

struct ErrorCode {
  const char* code;   ///< "SY1204"
  const char* title;  ///< a few words, for a heading
  const char* help;   ///< what it means and what to do
};

/// Sorted by code; one line each.
// clang-format off
inline constexpr ErrorCode kErrorCodes[] = {
    {"SY0001", "internal error", "An assertion failed: a mistake in Steelyard, not in your data. Nothing was committed. Please report the line that was printed."},
    {"SY1010", "not a period", "Write a period as 2026, 2026-07, 2026-07-15, 2026Q3, 2026-W31, FY26, FY26-Q2, 2026-07-01..2026-07-15, 'last month', 'this month', month-1, '12 months', mtd, qtd, ytd, 'since 2026-03' or P30D."},
    {"SY1011", "not a cost basis", "The four costs of a charge are billed, effective, list and contracted."},
    {"SY1101", "file is not in the lake", "A file that was asked for does not exist under the lake's folder. If a version needs it, 'steelyard check' names what else is missing."},
    {"SY1102", "cannot read", "The file or folder exists but cannot be read: look at its permissions and at the disk."},
    {"SY1103", "cannot write", "Writing, moving or removing failed; the former state is still in force. Look at permissions and at the disk, then run the command again."},
    {"SY1104", "path leaves the lake", "A path that is absolute, has '..', or leads through a symbolic link out of the lake's folder is refused. Remove the link or use a path inside the lake."},
    {"SY1105", "already exists", "Another writer was first: this file is never overwritten. The command retries by itself; if it gives up, run it again."},
    {"SY1106", "disk is full", "There is no space (or no quota) left for the lake. The former state is still in force. Free some space and run the command again."},
    {"SY1201", "file is empty", "The file has no bytes, or nothing but blank lines. Look whether the export or the download was cut off; leave the file out if it is meant to be empty."},
    {"SY1202", "neither text nor Parquet", "Bills are read from CSV (plain or gzip) and Parquet, told by their content. Unpack archives (zip, tar, zstd), save UTF-16 text as UTF-8, and look whether an error page was saved in place of the file."},
    {"SY1203", "header is broken", "The first line of a CSV must name each column once, in UTF-8. Take the file from the provider again, or rename the column that is named."},
    {"SY1205", "file cannot be read", "The file does not exist, is a folder, or may not be read: look at the path and its permissions."},
    {"SY1206", "file is truncated or damaged", "The gzip stream or the Parquet file ends early or fails its own checksum. Download it again; nothing of it was loaded."},
    {"SY1210", "not a number", "A cell of a number column holds something else, or more than 20 integer digits. Correct the file, or leave such rows out with --max-rejected-rows."},
    {"SY1211", "not a time", "A cell of a time column is not a date or time as providers write it, or not a real date. Correct the file, or leave such rows out with --max-rejected-rows."},
    {"SY1212", "text is not UTF-8", "A cell holds bytes that are not UTF-8, or a NUL byte. Convert the file to UTF-8 or download it again."},
    {"SY1213", "wrong number of fields", "A record has more or fewer fields than the header: usually a comma that is not in quotes, or a line that was cut off."},
    {"SY1214", "quoting is broken", "A quote is opened and never closed, or text follows a closing quote. Quotes inside a quoted cell must be doubled."},
    {"SY1215", "beyond a limit", "A limit on the size of a cell, a record, the number of columns, or how far a file may expand was reached; it protects memory and disk."},
    {"SY1216", "column has an unusable type", "A Parquet column has a type from which the needed value cannot be made exactly, for example a cost that is BOOLEAN or BLOB."},
    {"SY1220", "unknown format", "The columns are of no format that is read here: FOCUS 1.0 to 1.4 and AWS Cost and Usage Reports, legacy and 2.0. The notes name the nearest format and what it would need."},
    {"SY1221", "mandatory columns are missing", "The file is almost a bill, but columns that its format demands are absent or misspelt. Ask for a complete export; --format reads a FOCUS file that lacks only descriptive columns."},
    {"SY1222", "no such format", "--format takes focus-1.0 to focus-1.4, focus, aws-cur-legacy, aws-cur-2.0 or aws-cur."},
    {"SY1230", "path does not exist", "No file or folder has this name, or nothing matches the pattern. Objects in a bucket are not read directly: copy them to disk first, folders and all."},
    {"SY1231", "no permission to read", "The file or folder may not be read by this user. Change its permissions, or run as a user who may."},
    {"SY1232", "manifest and files disagree", "A provider's manifest names files that are not there, or of another size: the copy is incomplete. The message names them; copy the delivery again."},
    {"SY1233", "nothing to read", "There is no bill in the paths that were given. The notes say what was found instead and why it was left out."},
    {"SY1241", "column cannot be hashed", "A mistake in Steelyard: a mapped column has a type that the lake does not know. Please report it."},
    {"SY1242", "row without a billing period", "Each charge belongs to a billing period; a row has none. Repair the file or ask its provider for a complete export."},
    {"SY1243", "two deliveries of the same scope", "Two sets of files hold the same source and billing period and nothing says which is newer. Ingest them one after the other, oldest first, or give each its own --source, or use --append when they complete each other."},
    {"SY1244", "charges held under another source", "The same account and billing period are already in the lake under another source; a second copy would count them twice. Replace them with --source=NAME, or say --allow-overlap if they really are other charges."},
    {"SY1245", "formats are mixed in one delivery", "All files of a delivery must have one format. Ingest them one at a time."},
    {"SY1246", "file changed while it was read", "Another program wrote to the file. Run again when it has finished."},
    {"SY1247", "rows were lost", "The reader and the mapping disagree about the number of rows. Nothing was committed. This is a mistake in Steelyard: please report it."},
    {"SY1248", "money is not conserved", "What the source says is not what the mapping yields, and no rule names the difference. Nothing was committed. Report the format of this bill, so that a rule can be made for it."},
    {"SY1302", "no such version", "The table has no version of this number, or none that is this old. The message names the newest or the oldest; 'steelyard status' lists the versions in force."},
    {"SY1303", "version was vacuumed away", "Files that only this old version needed were removed by 'steelyard vacuum'. Ask for a younger version, or load the deliveries again."},
    {"SY1304", "damaged log", "An entry of a table's log is missing or is not what was written: a disk fault, or somebody changed the lake by other means. Restore the file that is named from a backup."},
    {"SY1305", "too many lost races", "Other writers were first each time. Nothing was committed; run the command again when they are done."},
    {"SY1306", "columns do not fit", "A column of the delivery has another type, or another spelling, than the same column of the table; a table's partition columns never change."},
    {"SY1307", "file does not fit the commit", "A mistake in Steelyard: a file was to be added twice or outside of what the commit replaces, or evidence is not JSON. Nothing was committed. Please report it."},
    {"SY1308", "written by a newer Steelyard", "The lake was written in a form that this version does not know. Use the version that wrote it, or a newer one."},
    {"SY1309", "file vanished during a commit", "A data file of the new version is not there; a 'steelyard vacuum' at the same moment may have taken it. Load the delivery again: that puts the file back."},
    {"SY1310", "data files differ from the log", "Files of the lake are missing or are not what was committed. Restore them from a backup, or load the deliveries again."},
    {"SY1401", "engine does not start", "DuckDB's library could not be set up: too little memory or threads, or a library that does not fit. 'steelyard doctor' says what is there."},
    {"SY1402", "query was interrupted", "Somebody asked it to stop. Nothing was changed; run it again when you want to."},
    {"SY1403", "engine refused a query", "The engine's own words follow. With 'steelyard sql' look at the statement: 'DESCRIBE charges' lists the columns. From another command it is a mistake in Steelyard: please report it."},
    {"SY1404", "query needs more memory", "The engine may use 1 GiB unless --memory says otherwise. Give it more, or ask of a shorter period."},
    {"SY1405", "engine refused an extension of ours", "A mistake in Steelyard, or a DuckDB library of another version than it was built for: see 'steelyard version'."},
    {"SY1406", "only reading is allowed here", "'steelyard sql' takes one SELECT, DESCRIBE, SHOW or EXPLAIN and reads the lake's tables only. Change the lake with ingest; write files with export."},
    {"SY1501", "unknown column", "The name is neither a short name (service, account, region, ...), nor a column of these charges, nor a tag (tag:team). 'steelyard help columns' lists the names."},
    {"SY1502", "tag without a key", "Tags are named with their key: tag:team."},
    {"SY1503", "column named twice", "Each column can be grouped by once."},
    {"SY1504", "cannot group by an amount", "Costs, prices and quantities are summed, not grouped by. Use them in --where: cost>100."},
    {"SY1505", "needs a period", "A comparison or a series over time needs --period or --billing-period."},
    {"SY1510", "filter is not understood", "A filter is made of comparisons with 'and', 'or', 'not' and brackets: service=Amazon EC2 and (region in (eu-west-1, us-east-1) or tag:team!=web) and cost>100. Put a value in quotes when it holds 'and', 'or' or brackets."},
    {"SY1511", "value does not fit the column", "The column that is compared holds another kind of value: a number, a time or a text."},
    {"SY1521", "the lake has no charges", "Nothing has been loaded yet: steelyard ingest FILES."},
    {"SY1530", "total is not what was delivered", "The figures of the answer do not add up to the control sums that the log keeps of the deliveries. Nothing is shown. Run 'steelyard check' to find the file."},
    {"SY1531", "parts do not sum to the difference", "A mistake in Steelyard: the parts of a change must sum to it to the last digit. Nothing is shown. Please report it."},
    {"SY1540", "not a figure that can be explained", "The id is not known here, or what was kept of the question is damaged. Ask the question again to get a new id."},
    {"SY1541", "lines do not sum to the figure", "The lines behind the figure have another sum than was shown: the lake or the files were changed since. Ask the question again, or run 'steelyard check'."},
    {"SY1542", "no such row", "The report has no row of this number, or the figure of this row is not made of lines."},
    {"SY1550", "not a file of invoices", "Invoices are read from FOCUS Invoice Detail, or from a CSV file with the columns invoice_id, currency, amount and, if you like, issuer."},
    {"SY1551", "invoice amount is not a number", "Write amounts as decimal numbers with a point and without separators: 1234.56."},
    {"SY1601", "unknown command", "Steelyard has no such command or help topic. 'steelyard help' lists them all."},
    {"SY1602", "unknown flag", "The command has no such flag. 'steelyard help COMMAND' lists its flags; '--' ends the flags, so that what follows may begin with a dash."},
    {"SY1603", "a flag's value does not fit", "The value is missing, is given twice, or is none of those that the flag takes. 'steelyard help COMMAND' says what it takes."},
    {"SY1604", "wrong arguments", "The command needs an argument that is missing, or got one too many. Quote an argument that has spaces in it."},
    {"SY1605", "flags that do not go together", "Each of these flags makes sense, but not with the other. Leave one out."},
    {"SY1606", "figure is not remembered", "The question behind a figure is kept in the cache folder on the machine where it was asked. Ask the question again there; the same question has the same id. The cache may be deleted at any time."},
    {"SY1607", "cannot write the output", "The output could not be written: look at the folder, its permissions and the disk. A file named by --out or --to is put in place only when it is complete."},
    {"SY1608", "no lake here", "The folder holds no lake yet. 'steelyard ingest PATH...' makes one; --lake or the environment variable STEELYARD_LAKE says where it is when it is not ./lake."},
    {"SY1609", "settings are not understood", "A file of settings is missing, is not TOML, or holds a key or a kind of value that is none. 'steelyard help settings' lists the keys; 'steelyard doctor' says which files are in force."},
    {"SY1611", "not reconciled", "--require-reconciled was given, but the charges do not tie to the invoices, or there are no invoices to tie them to. 'steelyard reconcile' shows each difference."},
    {"SY1612", "output form is not possible here", "Parquet is a file: name it with --out or --to. CSV and Parquet hold one table: choose which with --part where a command has several. SVG shows pictures, and not every answer has one: take another form."},
    {"SY1701", "not possible for a sample", "An option of 'steelyard gen' is out of its range, or a format or kind of dirt is not known; the message says which values are."},
    {"SY1702", "folder is not empty", "The sample is written to a new or empty folder only, so that nothing is mixed up. Name another folder, or allow overwriting."},
    {"SY1703", "sample cannot be written", "A file or folder of the sample could not be made: look at permissions and at the disk."},
    {"SY1705", "generating was cancelled", "The files written so far are whole, but the sample is not complete: delete the folder before you try again."},
    {"SY1801", "table of offers or rates", "Offers and rates are two tables in CSV: what can be committed to, and what each pool costs on demand and under each offer. The message names the file, the line and what to write; 'steelyard help commitments' has an example."},
    {"SY1802", "demand lacks a pool column", "A pool column of the rates, of an offer's scope or of a purchase must be a column of the demand too. Add it to the demand or take it out of the table."},
    {"SY1803", "pool without a rate", "Each pool of the demand needs a row in the table of rates that matches all its values; `*` in a pool column matches any. The row with the fewest `*` counts; where two have as few and unlike prices, a row of its own says which."},
    {"SY1804", "purchase is not possible", "A purchase names an offer, an amount and a value for each column of the offer's scope, for which the table of rates has a price, and lasts for whole hours. The message says what is missing."},
    {"SY1805", "usage cannot be billed", "Usage of a pool in a clock hour is zero or more and within the limits. Net corrections against the hours that they correct, and look at the unit of the quantities."},
    {"SY1806", "hour's bill is not conserved", "A mistake in Steelyard: usage, fees and costs of an hour must add up to the last digit. Nothing is shown. Please report it."},
    {"SY1807", "exchange is not possible", "A convertible reserved instance is exchanged within its term for another one of its region and term that is worth at least what is left of it, or of the whole units of it that are given up; both end together. The message says what is in the way and what to write."},
    {"SY1820", "demand column is not clear", "Hourly demand needs a column of times, one of quantities, and any number of pool columns. The notes list what the file has; name the columns that are meant with --time-column and --quantity-column."},
    {"SY1821", "demand without a whole hour", "Each row of demand counts one whole hour, UTC. Sum finer usage by hour first, and leave rows without a time out."},
    {"SY1822", "demand is negative or empty", "A quantity of demand is zero or more. Leave rows out for zero, and net credits and corrections against the hours that they correct."},
    {"SY1823", "hour of demand stands twice", "Two rows have the same pool and hour: usually a file that was put together twice. If they are parts of the hour, sum them first, or add the column that tells them apart."},
    {"SY1824", "demand is too large", "More cells (pools x hours) or more digits than are held exactly. Choose fewer pool columns, a shorter time, or round the quantities."},
    {"SY1825", "rates give no ratio", "The price of a commitment is divided exactly by the price on demand: the first must not be negative, the second must be above zero, and the ratio may have up to 12 digits above and below."},
    {"SY1826", "portfolio is not possible", "The scopes of a portfolio lie within each other, each offer has a scope, hours and a price, and demand, prices and weights are small enough to be summed exactly. Correct what is named."},
    {"SY1827", "back-test is not possible", "A back-test needs usage, at least a week of history before the first decision, at least one step after it, and a price for each pool: a discount, or an offer of one term that covers it. Give more demand, another --begin, or choose with --offer."},
    {"SY1840", "no usage that a commitment could cover", "Commitments cover usage of AWS, Microsoft and Google Cloud that is counted by time in compute, databases, machine learning and analytics, or that a commitment has covered already; spot is not. Look at the period and the filter, or give demand as a file."},
    {"SY1841", "usage is not by the hour", "Commitments are used or lost in each hour, so a bill by day or month cannot say what one would have covered, and Steelyard does not spread it. Ask the provider for an export by the hour, or give hourly demand as a file."},
    {"SY1842", "commitments in several currencies", "An answer about commitments has one currency. Choose it with --where, such as --where=currency=USD."},
    {"SY1850", "nothing to commit to", "A plan needs at least a week of usage that an offer covers, and offers whose term fits into the horizon. The message says what is missing."},
    {"SY1851", "plan's option is out of range", "Each option of a plan has a range, which the message names."},
};
// clang-format on

/// The entry of a code ("SY1204", in any case), or nullptr.
constexpr const ErrorCode* find_error_code(std::string_view code) {
  constexpr auto upper = [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  };
  for (const ErrorCode& entry : kErrorCodes) {
    const std::string_view known(entry.code);
    bool same = known.size() == code.size();
    for (std::size_t i = 0; same && i < known.size(); ++i) same = known[i] == upper(code[i]);
    if (same) return &entry;
  }
  return nullptr;
}

}  // namespace steelyard
