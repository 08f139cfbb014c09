// The truth beside the bills: what everything sums to, who owns what, how commitments are spread
// over time, and which oddities were put in on purpose. And the small FOCUS 1.4 datasets that
// accompany the charges. All of it is text, all amounts are decimals.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "samples/charges.h"
#include "samples/gen.h"

namespace steelyard::samples {

struct TextFile {
  std::string path, format, month, text;
  std::int64_t rows = 0;
  Instant delivered;
};

std::vector<GenTotal> truth_totals(const Enterprise& enterprise, const std::vector<RangeSums>& sums,
                                   const std::vector<Closing>& closings);

/// truth/totals.csv, invoices.csv, owners.csv, amortisation.csv, capacity.csv, changes.csv,
/// deliveries.csv.
std::vector<TextFile> truth_files(const Enterprise& enterprise,
                                  const std::vector<std::unique_ptr<Month>>& months,
                                  const std::vector<RangeSums>& sums,
                                  const std::vector<Closing>& closings, int deliveries);

/// FOCUS 1.4 Invoice Detail, Billing Period and Contract Commitment, as the last delivery of each
/// month has them.
std::vector<TextFile> focus_datasets(const Enterprise& enterprise,
                                     const std::vector<std::unique_ptr<Month>>& months,
                                     const std::vector<RangeSums>& sums,
                                     const std::vector<Closing>& closings);

}  // namespace steelyard::samples
