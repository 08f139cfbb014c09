#include "commitments/demand.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/assert.h"
#include "base/text.h"
#include "bills/reading.h"
#include "commitments/text_table.h"

namespace steelyard {
namespace {

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;

struct Columns {
  std::string time, quantity;
  std::vector<std::string> pools;
};

bool is_there(const FileHead& head, const std::string& name) {
  return std::any_of(head.columns.begin(), head.columns.end(),
                     [&](const SourceColumn& column) { return column.name == name; });
}

/// Whether each cell of the sample that holds anything passes the test, and one does.
template <class Test>
bool all_cells(const FileHead& head, std::size_t column, const Test& test) {
  bool any = false;
  for (const auto& row : head.sample) {
    if (row[column].empty()) continue;
    if (!test(row[column])) return false;
    any = true;
  }
  return any;
}

/// Whether some cell of the sample passes the test, but not each that holds anything.
template <class Test>
bool some_cells(const FileHead& head, std::size_t column, const Test& test) {
  return !all_cells(head, column, test) &&
         std::any_of(head.sample.begin(), head.sample.end(),
                     [&](const auto& row) { return test(row[column]); });
}

bool is_number(const std::string& text) {
  Decimal value;
  return parse_decimal(text, value) != ParseOutcome::kNotNumber;
}

bool is_time(const std::string& text) {
  Instant instant;
  return !is_number(text) && parse_instant(text, instant);
}

bool names_a_quantity(const std::string& name) {
  const std::string lower = to_lower(name);
  for (const char* word : {"quantity", "usage", "demand", "amount", "cost", "value"})
    if (lower.find(word) != std::string::npos) return true;
  return false;
}

std::string list_of(const FileHead& head) {
  std::vector<std::string> names;
  for (const SourceColumn& column : head.columns) names.push_back(column.name);
  return "the file has " + join(names, ", ");
}

/// The only one, or "".
std::string only(const std::vector<std::string>& names) {
  return names.size() == 1 ? names[0] : "";
}

Result<Columns> columns_of(const FileHead& head, const DemandFile& file) {
  Columns chosen{file.time_column, file.quantity_column, file.pool_columns};
  for (const std::string* name : {&chosen.time, &chosen.quantity})
    if (!name->empty() && !is_there(head, *name))
      return fail("SY1820", "there is no column " + *name, file.path, list_of(head));
  for (const std::string& name : chosen.pools)
    if (!is_there(head, name))
      return fail("SY1820", "there is no column " + name, file.path, list_of(head));

  const bool tells_late = file.late_after_hours.has_value();
  if (tells_late && !is_there(head, kArrivedColumn))
    return fail("SY1820", std::string("there is no column ") + kArrivedColumn, file.path,
                "it says when the provider learnt of the usage; " + list_of(head));
  if (tells_late && is_there(head, kLateColumn))
    return fail("SY1820",
                std::string("the column ") + kLateColumn + " has a meaning of its own here",
                file.path, "give it another name");
  const auto is_arrival = [&](const std::string& name) {
    return tells_late && name == kArrivedColumn;
  };
  std::vector<std::string> times, broken_times, numbers, quantities, broken_quantities;
  for (std::size_t i = 0; i < head.columns.size(); ++i) {
    const std::string& name = head.columns[i].name;
    if (is_arrival(name) || name == chosen.quantity || name == chosen.time ||
        std::find(chosen.pools.begin(), chosen.pools.end(), name) != chosen.pools.end())
      continue;
    if (all_cells(head, i, is_time)) times.push_back(name);
    if (some_cells(head, i, is_time)) broken_times.push_back(name);
    if (names_a_quantity(name) && some_cells(head, i, is_number)) broken_quantities.push_back(name);
    if (!all_cells(head, i, is_number)) continue;
    numbers.push_back(name);
    if (names_a_quantity(name)) quantities.push_back(name);
  }
  // Of a column with a broken cell, reading says which it is; no other column takes its place.
  if (chosen.time.empty()) chosen.time = only(times.empty() ? broken_times : times);
  if (chosen.quantity.empty())
    chosen.quantity = only(quantities.empty() ? broken_quantities : quantities);
  if (chosen.quantity.empty()) chosen.quantity = only(numbers);
  if (head.sample.empty() && (chosen.time.empty() || chosen.quantity.empty()))
    return fail("SY1820", "the file has no rows", file.path,
                "give a row for each pool and hour in which something was used");
  if (chosen.time.empty())
    return fail("SY1820", "it is not clear which column is the time", file.path,
                "name the column of hours with --time-column; " + list_of(head));
  if (chosen.quantity.empty())
    return fail("SY1820", "it is not clear which column is the quantity", file.path,
                "name the column of quantities with --quantity-column; " + list_of(head));
  if (chosen.pools.empty())
    for (const SourceColumn& column : head.columns)
      if (column.name != chosen.time && column.name != chosen.quantity && !is_arrival(column.name))
        chosen.pools.push_back(column.name);
  return chosen;
}

std::string row_of(const std::string& path, const std::string& row) { return path + " row " + row; }

/// The file as a table of the engine: t, q, r (row of the source) and p0, p1, ...
class Table {
 public:
  Table(Engine& engine, const DemandFile& file, Columns columns)
      : engine_(engine), file_(file), columns_(std::move(columns)) {}
  ~Table() {
    (void)engine_.run("DROP TABLE IF EXISTS x_demand; DROP TABLE IF EXISTS x_demand_pools");
  }

  Status load() {
    const auto type_of = [&](const SourceColumn& column) {
      if (column.name == columns_.time || (file_.late_after_hours && column.name == kArrivedColumn))
        return Type::kInstant;
      return column.name == columns_.quantity ? Type::kDecimal : Type::kText;
    };
    auto relation = new_relation(engine_);
    if (!relation) return pass(relation);
    auto opened = open_file(engine_, file_.path, *relation, type_of);
    if (!opened) return pass(opened);
    std::string select = sql_identifier(columns_.time) + " AS t, " +
                         sql_identifier(columns_.quantity) + " AS q, \"x_SourceRow\" AS r";
    for (std::size_t i = 0; i < columns_.pools.size(); ++i)
      select +=
          ", coalesce(" + sql_identifier(columns_.pools[i]) + ", '') AS p" + std::to_string(i);
    if (file_.late_after_hours) {
      select +=
          ", CASE WHEN " + sql_identifier(kArrivedColumn) + " > " + sql_identifier(columns_.time) +
          " + INTERVAL (" + std::to_string(*file_.late_after_hours + 1) + ") HOUR THEN " +
          sql_literal(kLateColumn) + " ELSE '' END AS p" + std::to_string(columns_.pools.size());
      columns_.pools.emplace_back(kLateColumn);
    }
    auto made = engine_.run("CREATE OR REPLACE TEMP TABLE x_demand AS SELECT " + select + " FROM " +
                            opened->from);
    if (!made) return pass(made);
    if (opened->outcome->rounded_cells > 0)
      return fail("SY1824", "a quantity has more than 18 decimals", file_.path,
                  "round the quantities in the file");
    return number_pools();
  }

  /// What load() makes, of a query that gives t, q and the pools.
  Status load_query(const std::string& query) {
    auto made = engine_.run("CREATE OR REPLACE TEMP TABLE x_demand AS SELECT *, 0 AS r FROM (" +
                            query + ")");
    if (!made) return pass(made);
    return number_pools();
  }

  /// SY1821, SY1822 for the first row that is none, else nothing.
  Status check() {
    // Beyond these (Parquet knows infinity) the hours between two times are too many to count.
    const std::string dated =
        "t BETWEEN TIMESTAMPTZ '0001-01-01 00:00:00+00' AND TIMESTAMPTZ '9999-12-31 23:00:00+00'";
    const std::string no_hour = "t IS NULL OR t <> date_trunc('hour', t) OR NOT (" + dated + ")";
    auto bad = engine_.query("SELECT r, " + no_hour + ", t::VARCHAR, q, " + dated +
                             " FROM x_demand WHERE " + no_hour +
                             " OR q IS NULL OR q < 0 ORDER BY r LIMIT 1");
    if (!bad) return pass(bad);
    if (bad->rows.empty()) return {};
    const auto& row = bad->rows[0];
    const std::string where = row_of(file_.path, row[0].text());
    if (row[2].is_null())
      return fail("SY1821", columns_.time + " is empty", where,
                  "every row needs the hour that it counts; leave rows without one out");
    if (!std::get<bool>(row[4].value))
      return fail("SY1821", row[2].text() + " has no year of four digits", where,
                  "correct the time, or leave the row out");
    if (std::get<bool>(row[1].value))
      return fail("SY1821", row[2].text() + " is not on the hour", where,
                  "sum finer usage by hour first: demand is counted in whole hours, UTC");
    return fail("SY1822",
                columns_.quantity + (row[3].is_null() ? std::string(" is empty")
                                                      : " is negative: " + row[3].text()),
                where,
                "demand is zero or more; leave the row out for zero, and net credits and "
                "corrections against the hours that they correct");
  }

  Result<Demand> matrix() {
    Demand demand;
    demand.pool_columns = columns_.pools;
    if (auto sized = size(demand); !sized) return pass(sized);
    if (demand.hours == 0) return demand;
    if (auto named = name_pools(demand); !named) return pass(named);
    const Int128 cells = static_cast<Int128>(demand.pools.size()) * demand.hours;
    if (cells > file_.max_cells)
      return fail("SY1824",
                  with_thousands(static_cast<std::int64_t>(demand.pools.size())) + " pools x " +
                      with_thousands(static_cast<std::int64_t>(demand.hours)) +
                      " hours are beyond " + with_thousands(file_.max_cells) + " cells",
                  file_.path, "choose fewer pool columns or a shorter time");
    if (auto filled = fill(demand); !filled) return pass(filled);
    return demand;
  }

 private:
  Status number_pools() {
    for (std::size_t i = 0; i < columns_.pools.size(); ++i)
      keys_ += (i == 0 ? "p" : ", p") + std::to_string(i);
    const std::string pools = keys_.empty() ? "SELECT 0::BIGINT AS id"
                                            : "SELECT " + keys_ + ", row_number() OVER (ORDER BY " +
                                                  keys_ + ") - 1 AS id FROM (SELECT DISTINCT " +
                                                  keys_ + " FROM x_demand)";
    auto made = engine_.run("CREATE OR REPLACE TEMP TABLE x_demand_pools AS " + pools);
    if (!made) return pass(made);
    return {};
  }

  Status size(Demand& demand) {
    std::int64_t first = 0, last = 0, rows = 0;
    const auto on_batch = [&](std::span<const ColumnView> batch, std::size_t size) -> Status {
      for (std::size_t i = 0; i < size; ++i) {
        const std::int64_t time = batch[0].integer(i);
        first = rows == 0 ? time : std::min(first, time);
        last = rows++ == 0 ? time : std::max(last, time);
        while (batch[1].units(i) % grain(demand.decimals) != 0) ++demand.decimals;
      }
      return {};
    };
    if (auto done = engine_.stream("SELECT t, q FROM x_demand", on_batch); !done) return pass(done);
    demand.first_hour = {first};
    if (rows > 0) demand.hours = static_cast<std::size_t>((last - first) / kMicrosPerHour) + 1;
    return {};
  }

  Status name_pools(Demand& demand) {
    if (keys_.empty()) {
      demand.pools.emplace_back();
      return {};
    }
    auto rows = engine_.query("SELECT " + keys_ + " FROM x_demand_pools ORDER BY id");
    if (!rows) return pass(rows);
    for (const auto& row : rows->rows) {
      auto& key = demand.pools.emplace_back();
      for (const Cell& cell : row) key.push_back(cell.text());
    }
    return {};
  }

  Status fill(Demand& demand) {
    demand.counts.assign(demand.pools.size() * demand.hours, 0);
    std::vector<bool> seen(
        file_.repeats == Repeats::kRefuse && !file_.late_after_hours ? demand.counts.size() : 0);
    std::size_t repeated = demand.counts.size();
    bool too_large = false;
    const Int128 one = grain(demand.decimals);
    const auto on_batch = [&](std::span<const ColumnView> batch, std::size_t size) -> Status {
      for (std::size_t i = 0; i < size; ++i) {
        const auto hour = static_cast<std::size_t>(
            (batch[1].integer(i) - demand.first_hour.micros) / kMicrosPerHour);
        const std::size_t cell =
            static_cast<std::size_t>(batch[0].integer(i)) * demand.hours + hour;
        const Int128 sum = demand.counts[cell] + batch[2].units(i) / one;
        too_large = too_large || sum >= kMaxRowSum;
        demand.counts[cell] = too_large ? 0 : static_cast<std::int64_t>(sum);
        if (seen.empty()) continue;
        if (seen[cell]) repeated = std::min(repeated, cell);
        seen[cell] = true;
      }
      return {};
    };
    auto done = engine_.stream("SELECT id, t, q FROM x_demand JOIN x_demand_pools ON " + join_on(),
                               on_batch);
    if (!done) return pass(done);
    if (repeated < demand.counts.size()) return repeat_of(demand, repeated);
    for (std::size_t pool = 0; pool < demand.pools.size(); ++pool) {
      Int128 sum = 0;
      for (const std::int64_t count : demand.row(pool)) sum += count;
      if (too_large || sum >= kMaxRowSum)
        return fail("SY1824",
                    "the quantities need more digits than are held exactly: " +
                        std::to_string(demand.decimals) + " decimals",
                    file_.path, "round the quantities, or count in a larger unit");
    }
    return {};
  }

  /// SY1823 with both rows.
  Status repeat_of(const Demand& demand, std::size_t cell) {
    const std::size_t pool = cell / demand.hours;
    std::string where = "epoch_us(t) = " + std::to_string(demand.hour(cell % demand.hours).micros);
    for (std::size_t i = 0; i < columns_.pools.size(); ++i)
      where += " AND p" + std::to_string(i) + " = " + sql_literal(demand.pools[pool][i]);
    auto rows = engine_.query("SELECT r FROM x_demand WHERE " + where + " ORDER BY r LIMIT 2");
    if (!rows) return pass(rows);
    SY_ASSERT(rows->rows.size() == 2);
    const std::string pool_name = columns_.pools.empty() ? "" : " of " + demand.name(pool);
    return fail(
        "SY1823",
        format_instant(demand.hour(cell % demand.hours)) + pool_name + " stands here and in row " +
            rows->rows[0][0].text(),
        row_of(file_.path, rows->rows[1][0].text()),
        "a file put together twice counts usage twice; sum the parts of an hour, or add the "
        "column that tells them apart");
  }

  std::string join_on() const {
    if (columns_.pools.empty()) return "true";
    std::string on;
    for (std::size_t i = 0; i < columns_.pools.size(); ++i) {
      const std::string name = "p" + std::to_string(i);
      on += (i == 0 ? "x_demand." : " AND x_demand.") + name + " = x_demand_pools." + name;
    }
    return on;
  }

  /// Units of 10^-18 in one count.
  static Int128 grain(int decimals) {
    Int128 one = kOne;
    for (int i = 0; i < decimals; ++i) one /= 10;
    return one;
  }

  Engine& engine_;
  const DemandFile& file_;
  Columns columns_;
  std::string keys_;
};

}  // namespace

Instant Demand::hour(std::size_t index) const {
  return {first_hour.micros + static_cast<std::int64_t>(index) * kMicrosPerHour};
}

std::string Demand::name(std::size_t pool) const {
  return pools[pool].empty() ? "all" : join(pools[pool], "/");
}

Decimal Demand::quantity(Int128 count) const {
  Int128 one = kOne;
  for (int i = 0; i < decimals; ++i) one /= 10;
  return {count * one};
}

Result<Demand> read_demand(Engine& engine, const DemandFile& file) {
  auto head = read_head(file.path, {}, &engine);
  if (!head) return pass(head);
  auto columns = columns_of(*head, file);
  if (!columns) return pass(columns);
  Table table(engine, file, std::move(*columns));
  if (auto loaded = table.load(); !loaded) return pass(loaded);
  if (auto sound = table.check(); !sound) return pass(sound);
  return table.matrix();
}

Result<Demand> demand_of_query(Engine& engine, const std::string& query,
                               const std::vector<std::string>& pool_columns,
                               const std::string& source) {
  DemandFile file;
  file.path = source;
  file.repeats = Repeats::kSum;
  Table table(engine, file, {"the hour", "the quantity", pool_columns});
  if (auto loaded = table.load_query(query); !loaded) return pass(loaded);
  if (auto sound = table.check(); !sound) return pass(sound);
  return table.matrix();
}

Result<Demand> aggregate(const Demand& demand, const std::vector<std::string>& columns) {
  std::vector<std::size_t> kept;
  for (const std::string& name : columns) {
    const auto found = std::find(demand.pool_columns.begin(), demand.pool_columns.end(), name);
    if (found == demand.pool_columns.end())
      return fail("SY1820", "there is no pool column " + name, "",
                  "the pool columns are " + join(demand.pool_columns, ", "));
    kept.push_back(static_cast<std::size_t>(found - demand.pool_columns.begin()));
  }
  std::map<std::vector<std::string>, std::vector<std::size_t>> members;
  if (columns.empty()) members[{}] = {};
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool) {
    std::vector<std::string> key;
    for (const std::size_t column : kept) key.push_back(demand.pools[pool][column]);
    members[key].push_back(pool);
  }
  Demand sum{demand.first_hour, demand.hours, demand.decimals, columns, {}, {}};
  sum.counts.assign(members.size() * demand.hours, 0);
  std::int64_t* out = sum.counts.data();
  for (const auto& [key, pools] : members) {
    Int128 whole = 0;
    for (const std::size_t pool : pools)
      for (const std::int64_t count : demand.row(pool)) whole += count;
    if (whole >= kMaxRowSum)
      return fail("SY1824", "the sum of all hours needs more digits than are held exactly", "",
                  "round the quantities, or count in a larger unit");
    for (const std::size_t pool : pools) {
      const auto row = demand.row(pool);
      for (std::size_t hour = 0; hour < demand.hours; ++hour) out[hour] += row[hour];
    }
    sum.pools.push_back(key);
    out += demand.hours;
  }
  return sum;
}

Demand hours_of(const Demand& demand, std::size_t begin, std::size_t end) {
  SY_ASSERT(begin <= end && end <= demand.hours);
  Demand part{demand.hour(begin),  end - begin,  demand.decimals,
              demand.pool_columns, demand.pools, {}};
  part.counts.reserve(part.hours * demand.pools.size());
  for (std::size_t pool = 0; pool < demand.pools.size(); ++pool) {
    const auto row = demand.row(pool).subspan(begin, end - begin);
    part.counts.insert(part.counts.end(), row.begin(), row.end());
  }
  return part;
}

}  // namespace steelyard
