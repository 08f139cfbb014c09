// Two versions of the lake, line by line. Lines have no key of their own, so equal ones cancel
// first, and what is left is paired by what it is about: first lines that differ in their invoice
// only, then in labels, then in price, then by what was used, then by resource, SKU and time.
#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "ledger/diff.h"
#include "ledger/lines.h"
#include "ledger/question.h"

namespace steelyard {
namespace {

constexpr const char* kCosts[] = {"BilledCost", "EffectiveCost", "ListCost", "ContractedCost"};
constexpr const char* kQuantities[] = {"PricingQuantity", "ConsumedQuantity"};

/// Where a line was read is not what it says.
const std::set<std::string> kNotContent = {"x_DeliveryId", "x_SourceFile", "x_SourceRow"};

/// What a line is about, whatever it costs.
constexpr const char* kSubject[] = {"BillingCurrency", "InvoiceIssuerName", "BillingAccountId",
                                    "SubAccountId",    "ResourceId",        "SkuId",
                                    "ServiceName",     "ChargeCategory",    "ChargePeriodStart",
                                    "ChargePeriodEnd"};
/// What tells lines about the same thing apart.
constexpr const char* kDetail[] = {"SkuPriceId",           "PricingCategory",
                                   "CommitmentDiscountId", "CommitmentDiscountStatus",
                                   "ChargeDescription",    "ChargeClass"};

/// What explain shows of a line.
constexpr std::pair<const char*, Type> kShown[] = {
    {"x_DeliveryId", Type::kText},       {"x_Source", Type::kText},
    {"x_BillingPeriod", Type::kText},    {"x_SourceFile", Type::kInt64},
    {"x_SourceRow", Type::kInt64},       {"ChargePeriodStart", Type::kInstant},
    {"ServiceName", Type::kText},        {"ResourceId", Type::kText},
    {"ChargeCategory", Type::kText},     {"ChargeDescription", Type::kText},
    {"PricingQuantity", Type::kDecimal}, {"PricingUnit", Type::kText}};

/// What a bill gets when its invoice is issued.
const std::set<std::string> kInvoice = {"InvoiceId", "InvoiceDetailId"};

struct Columns {
  std::set<std::string> present;
  std::vector<std::string> content;  ///< as SQL, maps in an order of their own
  std::vector<std::string> said;     ///< the content without the invoice's name
};

Columns columns_of(const std::vector<SchemaField>& schema) {
  Columns columns;
  for (const auto& field : schema) {
    columns.present.insert(field.name);
    if (kNotContent.count(field.name)) continue;
    const auto name = sql_identifier(field.name);
    columns.content.push_back(field.type == Type::kTextMap
                                  ? "CAST(list_sort(map_entries(" + name + ")) AS VARCHAR)"
                                  : name);
    if (!kInvoice.count(field.name)) columns.said.push_back(columns.content.back());
  }
  return columns;
}

template <std::size_t N>
void append(std::vector<std::string>& list, const Columns& columns, const char* const (&names)[N]) {
  for (const auto* name : names) {
    if (columns.present.count(name)) list.push_back(sql_identifier(name));
  }
}

/// 128 bits of two different hashes: lines are taken for equal by it, and the sums are compared at
/// the end.
std::string hash_sql(const std::vector<std::string>& columns, const char* salt) {
  return "hash(" + sql_literal(salt) + ", " + join(columns, ", ") + ")";
}

std::string column_or_null(const Columns& columns, const char* name, Type type) {
  return columns.present.count(name) ? sql_identifier(name)
                                     : "CAST(NULL AS " + std::string(sql_type(type)) + ")";
}

/// The files that differ.
struct BothFiles {
  std::vector<DataFile> before, after;
  std::vector<SchemaField> schema;
  std::vector<std::string> partition_columns;
  Instant committed_before, committed_after;
};

Result<BothFiles> open_sides(Store& store, const VersionDiffQuestion& question) {
  Table table(store, "charges");
  auto before = table.snapshot(question.before);
  if (!before) return pass(before);
  auto after = table.snapshot(question.after);
  if (!after) return pass(after);
  std::set<std::string> paths_before, paths_after;
  for (const auto& file : before->files) paths_before.insert(file.path);
  for (const auto& file : after->files) paths_after.insert(file.path);
  BothFiles sides;
  for (auto& file : before->files) {
    if (!paths_after.count(file.path)) sides.before.push_back(file);
  }
  for (auto& file : after->files) {
    if (!paths_before.count(file.path)) sides.after.push_back(file);
  }
  // A table's schema only grows, so the longer one has all columns.
  const bool later = after->schema.size() >= before->schema.size();
  sides.schema = later ? after->schema : before->schema;
  sides.partition_columns = later ? after->partition_columns : before->partition_columns;
  sides.committed_before = before->committed;
  sides.committed_after = after->committed;
  return sides;
}

class VersionDiff {
 public:
  VersionDiff(Engine& engine, const VersionDiffQuestion& question, const BothFiles& sides,
              std::vector<Dimension> by, std::string where)
      : engine_(engine),
        question_(question),
        columns_(columns_of(sides.schema)),
        by_(std::move(by)),
        where_(std::move(where)) {}

  Result<Rows> run() {
    if (auto paired = pair_lines(""); !paired) return pass(paired);
    auto answer = engine_.query(classes());
    if (!answer) return pass(answer);
    if (auto conserved = check_sums(*answer); !conserved) return pass(conserved);
    return answer;
  }

  /// Makes the table ledger_classified: the changed lines with all that explain shows of a line,
  /// their class and keys, their state, and how much the pair moved.
  Status classify_lines() {
    std::string shown;
    for (const auto& [name, type] : kShown) {
      shown += ", " + column_or_null(columns_, name, type) + " AS " + sql_identifier(name);
    }
    if (auto paired = pair_lines(shown); !paired) return paired;
    std::string keys;
    for (std::size_t i = 0; i < by_.size(); ++i) keys += ", by" + std::to_string(i);
    const std::string what =
        ", kind, currency AS c" + keys +
        ", coalesce(a, b) AS place, abs(coalesce(after, 0) - coalesce(before, 0)) AS moved, ";
    auto made = engine_.run(
        "CREATE OR REPLACE TEMP TABLE ledger_classified AS SELECT l.side, l.amount AS line_amount, "
        "l.* EXCLUDE (side, amount, currency, pair" +
        keys + "), c.* EXCLUDE (id) FROM ledger_lines l JOIN (SELECT a AS id" + what +
        "CASE WHEN b IS NULL THEN 'went' ELSE 'was' END AS state FROM (" + pairs() +
        ") WHERE a IS NOT NULL UNION ALL SELECT b" + what +
        "CASE WHEN a IS NULL THEN 'came' ELSE 'is' END FROM (" + pairs() +
        ") WHERE b IS NOT NULL) c ON l.id = c.id");
    if (!made) return pass(made);
    return {};
  }

 private:
  /// Makes the table ledger_lines, in which lines of both sides that belong together have one pair.
  Status pair_lines(const std::string& further_columns) {
    for (const auto& step : {find_changed(), keep_changed_lines(further_columns)}) {
      if (auto done = engine_.run(step); !done) return pass(done);
    }
    for (std::size_t level = 0; level < levels().size(); ++level) {
      if (auto done = engine_.run(pair(level)); !done) return pass(done);
    }
    return {};
  }

  std::string both_sides(const std::string& columns) const {
    return "SELECT 0 AS side, " + columns + " FROM ledger_before WHERE " + where_ +
           " UNION ALL SELECT 1, " + columns + " FROM ledger_after WHERE " + where_;
  }

  /// Contents that one side has more often than the other.
  std::string find_changed() const {
    return "CREATE OR REPLACE TEMP TABLE ledger_changed AS SELECT h1, h2, count(*) FILTER (WHERE "
           "side = 0) AS n0, count(*) FILTER (WHERE side = 1) AS n1 FROM (" +
           both_sides(hash_sql(columns_.content, "a") + " AS h1, " +
                      hash_sql(columns_.content, "b") + " AS h2") +
           ") GROUP BY h1, h2 HAVING n0 <> n1";
  }

  /// The lines of those contents beyond the common number, with all that classifying needs.
  std::string keep_changed_lines(const std::string& further_columns) const {
    std::string select = hash_sql(columns_.content, "a") + " AS h1, " +
                         hash_sql(columns_.content, "b") + " AS h2, " + cost_sql(question_.basis) +
                         " AS amount, " + column_or_null(columns_, "BillingCurrency", Type::kText) +
                         " AS currency, " +
                         column_or_null(columns_, "ChargeCategory", Type::kText) + " AS category";
    for (const auto* name : kCosts)
      select += ", " + sql_identifier(name) + " AS " + sql_identifier(std::string("c_") + name);
    for (const auto* name : kQuantities)
      select += ", " + column_or_null(columns_, name, Type::kDecimal) + " AS " +
                sql_identifier(std::string("q_") + name);
    const bool has_tags = columns_.present.count("Tags") > 0;
    select +=
        std::string(", ") +
        (has_tags ? "CAST(list_sort(map_entries(\"Tags\")) AS VARCHAR)" : "CAST(NULL AS VARCHAR)") +
        " AS tags";
    std::vector<std::string> commitment;
    for (const char* name :
         {"CommitmentDiscountId", "CommitmentDiscountStatus", "CommitmentDiscountQuantity"}) {
      if (columns_.present.count(name)) commitment.push_back(sql_identifier(name));
    }
    select += ", " +
              (commitment.empty() ? std::string("CAST(0 AS UBIGINT)") : hash_sql(commitment, "c")) +
              " AS commitment";
    select += ", " + hash_sql(columns_.said, "s") + " AS said";
    const auto keys = levels();
    for (std::size_t i = 0; i < keys.size(); ++i)
      select += ", " + hash_sql(keys[i], "k") + " AS key" + std::to_string(i);
    for (std::size_t i = 0; i < by_.size(); ++i)
      select += ", CAST(" + sql_of(by_[i]) + " AS VARCHAR) AS by" + std::to_string(i);
    // Among equal lines it does not matter which are left over; among paired ones the order must be
    // the same on every machine.
    const auto place = column_or_null(columns_, "x_DeliveryId", Type::kText) + " AS p_delivery, " +
                       column_or_null(columns_, "x_SourceFile", Type::kInt64) + " AS p_file, " +
                       column_or_null(columns_, "x_SourceRow", Type::kInt64) + " AS p_row";
    return "CREATE OR REPLACE TEMP TABLE ledger_lines AS SELECT * FROM (SELECT l.*, "
           "row_number() OVER (PARTITION BY side, l.h1, l.h2 ORDER BY p_delivery, p_file, p_row) "
           "AS copy, least(n0, n1) AS common, "
           "row_number() OVER (ORDER BY side, l.h1, l.h2, p_delivery, p_file, p_row) AS id, "
           "CAST(NULL AS BIGINT) AS pair FROM (" +
           both_sides(select + ", " + place + further_columns) +
           ") l JOIN ledger_changed c ON l.h1 = c.h1 AND l.h2 = c.h2) WHERE copy > common";
  }

  /// The keys by which lines are paired, the strictest first.
  std::vector<std::vector<std::string>> levels() const {
    std::vector<std::string> subject, costs, detail, quantities;
    append(subject, columns_, kSubject);
    append(costs, columns_, kCosts);
    append(quantities, columns_, kQuantities);
    append(detail, columns_, kDetail);
    const auto with = [&](std::initializer_list<const std::vector<std::string>*> parts) {
      auto key = subject;
      for (const auto* part : parts) key.insert(key.end(), part->begin(), part->end());
      return key;
    };
    return {columns_.said,
            with({&costs, &quantities}),
            with({&detail, &quantities}),
            with({&quantities}),
            with({&detail}),
            subject};
  }

  std::string pair(std::size_t level) const {
    const auto key = "key" + std::to_string(level);
    const std::string order =
        "\"q_PricingQuantity\", \"q_ConsumedQuantity\", \"c_BilledCost\", \"c_EffectiveCost\", "
        "\"c_ListCost\", \"c_ContractedCost\", tags, h1, h2, id";
    const auto side = [&](int number) {
      return "(SELECT id, " + key + " AS k, row_number() OVER (PARTITION BY " + key + " ORDER BY " +
             order +
             ") AS n FROM ledger_lines WHERE pair IS NULL AND side = " + std::to_string(number) +
             ")";
    };
    return "CREATE OR REPLACE TEMP TABLE ledger_pairs AS SELECT a.id AS a, b.id AS b FROM " +
           side(0) + " a JOIN " + side(1) +
           " b ON a.k = b.k AND a.n = b.n; CREATE OR REPLACE TEMP TABLE ledger_lines AS SELECT l.* "
           "REPLACE (coalesce(l.pair, p.a) AS pair) FROM ledger_lines l "
           "LEFT JOIN (SELECT a AS id, a FROM ledger_pairs UNION ALL SELECT b, a FROM "
           "ledger_pairs) p ON l.id = p.id";
  }

  /// A row for each changed line or pair of lines: ids and amounts of both sides, class, currency
  /// and keys.
  std::string pairs() const {
    std::string costs_same, quantities_same;
    for (const auto* name : kCosts) {
      const auto column = sql_identifier(std::string("c_") + name);
      costs_same += (costs_same.empty() ? "" : " AND ") +
                    ("a." + column + " IS NOT DISTINCT FROM b." + column);
    }
    for (const auto* name : kQuantities) {
      const auto column = sql_identifier(std::string("q_") + name);
      quantities_same += (quantities_same.empty() ? "" : " AND ") +
                         ("a." + column + " IS NOT DISTINCT FROM b." + column);
    }
    const auto same = [](const char* name) {
      const auto column = sql_identifier(std::string("c_") + name);
      return "a." + column + " IS NOT DISTINCT FROM b." + column;
    };
    const std::string kind =
        "CASE WHEN a.id IS NULL AND (b.category IN ('Credit', 'Adjustment') OR b.\"c_BilledCost\" "
        "< 0) THEN 'refund' "
        "WHEN a.id IS NULL AND coalesce(b.category, 'Usage') = 'Usage' THEN 'late usage' WHEN a.id "
        "IS NULL THEN 'late charge' "
        "WHEN b.id IS NULL THEN 'removed' WHEN a.said = b.said THEN 'invoiced' WHEN NOT (" +
        quantities_same + ") THEN 'restated usage' WHEN (" + costs_same +
        ") AND a.tags IS DISTINCT FROM b.tags THEN 'retag' WHEN (" + costs_same +
        ") THEN 'relabelled' WHEN (" + same("ListCost") + " AND " + same("ContractedCost") +
        ") AND (" + same("BilledCost") +
        " OR a.commitment <> b.commitment) THEN 'restated amortisation' ELSE 're-rate' END";
    std::string keys;
    for (std::size_t i = 0; i < by_.size(); ++i) {
      const auto name = "by" + std::to_string(i);
      keys += ", CASE WHEN b.id IS NULL THEN a." + name + " ELSE b." + name + " END AS " + name;
    }
    return "SELECT a.id AS a, b.id AS b, a.amount AS before, b.amount AS after, " + kind +
           " AS kind, coalesce(b.currency, a.currency, '') AS currency" + keys +
           " FROM (SELECT * FROM ledger_lines WHERE side = 0) a FULL OUTER JOIN "
           "(SELECT * FROM ledger_lines WHERE side = 1) b ON a.pair = b.pair";
  }

  std::string classes() const {
    std::string keys, groups = "1, 2";
    for (std::size_t i = 0; i < by_.size(); ++i) {
      keys += ", by" + std::to_string(i);
      groups += ", " + std::to_string(3 + i);
    }
    const std::string zero = "CAST(0 AS DECIMAL(38,18))";
    return "SELECT kind, currency" + keys + ", count(a), count(b), coalesce(sum(before), " + zero +
           ") AS before, coalesce(sum(after), " + zero + ") AS after FROM (" + pairs() +
           ") GROUP BY " + groups + " ORDER BY " + groups;
  }

  /// The classes must make up the whole difference of the files that differ, also where a hash
  /// would have lied.
  Status check_sums(const Rows& answer) {
    auto whole = engine_.query(
        "SELECT currency, coalesce(sum(amount) FILTER (WHERE side = 1), 0) - coalesce(sum(amount) "
        "FILTER (WHERE side = 0), 0) FROM (" +
        both_sides(cost_sql(question_.basis) + " AS amount, coalesce(" +
                   column_or_null(columns_, "BillingCurrency", Type::kText) + ", '') AS currency") +
        ") GROUP BY currency");
    if (!whole) return pass(whole);
    std::map<std::string, Decimal> differences;
    for (const auto& row : whole->rows) differences[row[0].text()] += decimal_of(row[1]);
    const auto at = 4 + by_.size();
    for (const auto& row : answer.rows)
      differences[row[1].text()] -= decimal_of(row[at + 1]) - decimal_of(row[at]);
    for (const auto& [currency, rest] : differences) {
      if (rest.units == 0) continue;
      return fail("SY1531", "the classes do not sum to the difference of the versions", "",
                  "please report this");
    }
    return {};
  }

  Engine& engine_;
  const VersionDiffQuestion& question_;
  Columns columns_;
  std::vector<Dimension> by_;
  std::string where_;
};

}  // namespace

namespace {

/// Both versions as views, ready to be compared.
struct Opened {
  BothFiles sides;
  std::vector<Dimension> by;
  VersionDiff diff;
};

Result<Opened> open_versions(Engine& engine, Store& store, const VersionDiffQuestion& question) {
  auto sides = open_sides(store, question);
  if (!sides) return pass(sides);
  auto by = resolve_dimensions(question.by, sides->schema);
  if (!by) return pass(by);
  auto where = sql_of_selection(question.period, question.billing_period, question.where,
                                sides->schema, question.basis);
  if (!where) return pass(where);
  for (const auto& [name, files] :
       {std::pair{"ledger_before", &sides->before}, std::pair{"ledger_after", &sides->after}}) {
    auto made =
        make_view(engine, store, "charges", name, *files, sides->schema, sides->partition_columns);
    if (!made) return pass(made);
  }
  VersionDiff diff(engine, question, *sides, *by, *where);
  return Opened{std::move(*sides), std::move(*by), std::move(diff)};
}

}  // namespace

Result<Report> diff_versions(Engine& engine, Store& store, const VersionDiffQuestion& question) {
  auto opened = open_versions(engine, store, question);
  if (!opened) return pass(opened);
  const auto* by = &opened->by;
  const auto* sides = &opened->sides;
  auto answer = opened->diff.run();
  if (!answer) return pass(answer);

  Report report;
  report.title = "lines that changed from v" + std::to_string(question.before) + " to v" +
                 std::to_string(question.after);
  report.columns.push_back({"class", "class", CellKind::kText});
  for (const auto& dimension : *by)
    report.columns.push_back({dimension.name, dimension.title, CellKind::kText});
  for (const auto& column : {ReportColumn{"currency", "currency", CellKind::kText},
                             ReportColumn{"lines_before", "lines before", CellKind::kCount},
                             ReportColumn{"lines_after", "lines after", CellKind::kCount},
                             ReportColumn{"before", "before", CellKind::kMoney},
                             ReportColumn{"after", "after", CellKind::kMoney},
                             ReportColumn{"change", "change", CellKind::kChange}}) {
    report.columns.push_back(column);
  }
  Question asked;
  asked.command = "diff versions";
  asked.lake = question.lake;
  asked.version = question.after;
  asked.version_before = question.before;
  for (const auto& dimension : *by) asked.by.push_back(dimension.name);
  asked.basis = question.basis;
  asked.period = question.period;
  asked.billing_period = question.billing_period;
  asked.where = to_text(question.where);

  struct Total {
    std::int64_t lines_before = 0, lines_after = 0;
    Decimal before, after;
  };
  std::map<std::string, Total> totals;
  std::int64_t lines = 0;
  for (const auto& row : answer->rows) {
    std::vector<Cell> cells = {row[0]};
    Figure figure;
    for (std::size_t i = 0; i < by->size(); ++i) {
      cells.push_back(row[2 + i]);
      figure.keys.push_back(text_of(row[2 + i]));
    }
    const auto at = 2 + by->size();
    const auto before = decimal_of(row[at + 2]), after = decimal_of(row[at + 3]);
    cells.insert(cells.end(), {row[1], row[at], row[at + 1], {before}, {after}, {after - before}});
    report.rows.push_back(std::move(cells));
    figure.item = {row[0].text()};
    figure.currency = row[1].text();
    figure.amount = after - before;
    figure.part = "change";
    figure.columns = {{"before", before}, {"after", after}};
    asked.figures.push_back(std::move(figure));
    auto& total = totals[row[1].text()];
    total.lines_before += integer_of(row[at]);
    total.lines_after += integer_of(row[at + 1]);
    total.before += before;
    total.after += after;
    lines += integer_of(row[at]) + integer_of(row[at + 1]);
  }
  for (const auto& [currency, total] : totals) {
    std::vector<Cell> cells(1 + by->size());
    cells[0] = {std::string("total")};
    cells.insert(cells.end(), {{currency},
                               {total.lines_before},
                               {total.lines_after},
                               {total.before},
                               {total.after},
                               {total.after - total.before}});
    report.totals.push_back(std::move(cells));
    Figure figure;
    figure.currency = currency;
    figure.amount = total.after - total.before;
    figure.part = "change";
    figure.columns = {{"before", total.before}, {"after", total.after}};
    asked.totals.push_back(std::move(figure));
    report.provenance.currencies.push_back(currency);
  }
  report.findings = !report.rows.empty();
  report.question = to_json(asked);
  report.provenance.basis = std::string(name(question.basis));
  report.provenance.period =
      period_text(question.period ? question.period : question.billing_period);
  report.provenance.version = question.after;
  report.provenance.source =
      "lake v" + std::to_string(question.before) + " to v" + std::to_string(question.after);
  report.provenance.rows = lines;
  report.provenance.reconciled = "unknown";
  report.provenance.rules = std::string(kRulesVersion);
  report.notes.push_back(
      "v" + std::to_string(question.before) + " is of " + format_instant(sides->committed_before) +
      ", v" + std::to_string(question.after) + " of " + format_instant(sides->committed_after));
  if (report.rows.empty()) report.notes.push_back("no line of this selection differs");
  return report;
}

Result<Sides> sides_of_versions(Engine& engine, Store& store, const Question& question,
                                const Figure& figure, const std::string& part) {
  VersionDiffQuestion asked;
  asked.before = question.version_before;
  asked.after = question.version;
  asked.by = question.by;
  asked.basis = question.basis;
  asked.period = question.period;
  asked.billing_period = question.billing_period;
  auto where = parse_filter(question.where);
  if (!where) return pass(where);
  asked.where = std::move(*where);
  auto opened = open_versions(engine, store, asked);
  if (!opened) return pass(opened);
  if (auto classified = opened->diff.classify_lines(); !classified) return pass(classified);
  std::string condition = "c = " + sql_literal(figure.currency);
  if (!figure.item.empty() && figure.item[0])
    condition += " AND kind = " + sql_literal(*figure.item[0]);
  for (std::size_t i = 0; i < figure.keys.size(); ++i) {
    const auto& key = figure.keys[i];
    condition +=
        " AND by" + std::to_string(i) + (key ? " = " + sql_literal(*key) : std::string(" IS NULL"));
  }
  if (part == "before" || part == "after")
    return Sides{{"ledger_classified", condition + " AND side = " + (part == "before" ? "0" : "1"),
                  "line_amount"}};
  return Sides{{"ledger_classified", condition,
                "CASE WHEN side = 0 THEN -line_amount ELSE line_amount END"}};
}

}  // namespace steelyard
