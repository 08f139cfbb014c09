// Demand: how much each pool used in each hour, exactly. A POOL is usage that one price fits
// ("region 2, type A"); a row is its hours, first to last without a gap. Quantities are int64
// counts of 10^-decimals, so that sums, optima and costs are integers, the same whatever the order
// or the number of threads. An hour without a row in the file is zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engine/engine.h"
#include "money/decimal.h"

namespace steelyard {

/// What two rows of the same pool and hour mean.
enum class Repeats {
  kRefuse,  ///< a mistake: the file was put together twice (SY1823)
  kSum,     ///< parts of the hour, or of finer pools whose columns were left out: they are added
};

struct DemandFile {
  std::string path;             ///< CSV, CSV.gz or Parquet
  std::string time_column;      ///< ""  guess: the only column of times
  std::string quantity_column;  ///< ""  guess: the column of numbers that is named like a quantity
  std::vector<std::string> pool_columns;  ///< empty: all the others
  Repeats repeats = Repeats::kRefuse;
  /// Usage that the column `arrived` says came more than so many hours after its hour's end is
  /// late: a last pool column `late` tells it apart ("late", else ""), and rows of an hour are
  /// summed. None: nothing is late.
  std::optional<std::int64_t> late_after_hours;
  std::int64_t max_cells = 400'000'000;  ///< pools x hours: 3.2 GB
};

/// Pools x hours. Pool-major: the hours of a pool lie side by side.
struct Demand {
  Instant first_hour;
  std::size_t hours = 0;
  int decimals = 0;  ///< a count is 10^-decimals; the fewest that hold every quantity exactly
  std::vector<std::string> pool_columns;
  std::vector<std::vector<std::string>> pools;  ///< values of pool_columns; sorted, distinct
  std::vector<std::int64_t> counts;

  std::span<const std::int64_t> row(std::size_t pool) const {
    return {counts.data() + pool * hours, hours};
  }
  Instant hour(std::size_t index) const;
  /// "2/A", for messages and tables.
  std::string name(std::size_t pool) const;
  /// The exact quantity of a count.
  Decimal quantity(Int128 count) const;
};

inline constexpr const char* kArrivedColumn = "arrived";
inline constexpr const char* kLateColumn = "late";

/// Every row sums to less than this, so that a sum over hours fits an int64.
inline constexpr std::int64_t kMaxRowSum = std::int64_t{1} << 62;

/// SY1820 a column is missing or cannot be guessed; SY1821 a time that is not on the hour, without
/// a year of four digits, or absent; SY1822 a quantity that is negative or absent; SY1823 two rows
/// of one pool and hour; SY1824 more cells or digits than are held exactly; and the errors of
/// open_file (a text that is no number: SY1210). Each with file and row.
Result<Demand> read_demand(Engine& engine, const DemandFile& file);

/// The same of a query with the columns t (an hour, UTC), q (a DECIMAL) and, in the order of
/// `pool_columns`, p0, p1, ...; rows of the same pool and hour are added. `source` is for messages.
Result<Demand> demand_of_query(Engine& engine, const std::string& query,
                               const std::vector<std::string>& pool_columns,
                               const std::string& source);

/// The sum over all pools that agree in `columns`, a subset of the pool columns; none gives the
/// total. SY1820 an unknown column; SY1824 a sum that an int64 cannot hold.
Result<Demand> aggregate(const Demand& demand, const std::vector<std::string>& columns);

/// The hours [begin, end) of all pools.
Demand hours_of(const Demand& demand, std::size_t begin, std::size_t end);

}  // namespace steelyard
