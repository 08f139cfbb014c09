// The user's own bill as an estate: hourly usage that commitments could cover, its prices, the
// rates that commitments gave, and what is held, all as the charges say it. Where a bill does not
// say something, it is named with its money in Estate::notes; nothing is spread or guessed in
// silence.
//
// A pool is (account, provider, service, region, family, size, meter, unit, sku); where a zonal
// reserved instance is held, what ran in its zone is apart by the column zone. Its price on
// demand is the newest ContractedUnitPrice of lines that no commitment covered, else of covered
// ones, else cost by quantity; `list` likewise. Covered lines of AWS's reports say the public price
// only: the negotiated one is found beside them (bill_lines.h). A commitment's rate is the newest
// that it gave: the rate as the bill states it, else the shortest decimal that gives the largest
// line of the newest day its cost. Rates of reserved instances are those of the commitment (its
// cost by its units) times the size of the pool; sizes of the family that it did not cover follow
// if those it covered are in proportion to their normalisation factors.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "commitments/estate.h"
#include "commitments/offer.h"
#include "engine/engine.h"

namespace steelyard {

/// Where the charges are, in an engine.
struct OwnBill {
  std::string charges = "charges";
  std::string contracts;         ///< view of contract_commitments; "" = there is none
  std::string where = "true";    ///< condition on the charges, in SQL
  std::optional<Period> period;  ///< when they begin; the view has all of its months
  std::string source;            ///< "lake v41"
  /// What can be bought is asked: offers, their rates and what commitments are come from all of the
  /// bill, whatever its period, and a note says for how little some offers have rates.
  bool for_purchases = false;
};

/// A commitment as its charges, and its contract where there is one, describe it.
struct HeldCommitment {
  std::string id, name, provider, type, owner, currency;
  /// By which rules it is applied; none: not hour by hour (a capacity drawn down over a year).
  std::optional<Instrument> instrument;
  bool spend = false;
  std::string service, region, family, size;  ///< what it covers; "" = any, or not known
  std::string zone;                           ///< of a zonal reserved instance
  std::string platform;            ///< AWS: x_cells.platform that it covers; "" = not known
  bool one_platform_size = false;  ///< AWS: it is of a platform whose sizes are not covered alike
  std::string offer_class;         ///< "convertible" where the bill says so
  int term_years = 1;
  Payment payment = Payment::kNoUpfront;
  Decimal upfront_share;
  Instant begin, end;
  bool begin_known = true, end_known = true;  ///< else the window's begin or end
  bool ended_early = false;          ///< returned or exchanged: `end` is when its charges end
  Decimal fee;                       ///< an hour
  Decimal units;                     ///< an hour; for spend the fee
  std::string unit;                  ///< "Normalized-Hours"
  Decimal used, unused;              ///< cost within the bill, exactly: both sums of its charges
  Decimal covered;                   ///< what the usage that it paid for costs on demand
  Decimal recurring;                 ///< its recurring fees, as billed
  std::vector<std::string> unclear;  ///< what the bill does not say: "term", "payment", ...

  /// AWS: whether it covers the size that it names only. Zonal reserved instances do, those of
  /// OpenSearch and Redshift, and regional ones and those of RDS of some platforms
  /// (aws_platform.h); the others and, since October 2024, ElastiCache do not.
  bool is_of_one_size() const;
  bool is_reserved_instance() const;  ///< of AWS, or a reserved node
};

/// All commitments with charges in the bill or a contract that begins later, sorted by begin, then
/// id. `window` is that of the usage. Amounts by the hour come from the sums of the charges.
Result<std::vector<HeldCommitment>> held_commitments(Engine& engine, const OwnBill& bill,
                                                     Instant window_begin, Instant window_end);

/// What the user's files say instead of the bill.
struct OwnBillFiles {
  std::string offers, rates;  ///< both or none: they replace what was found
  std::string holdings;       ///< replaces what is held
};

/// SY1840 no usage that a commitment could cover; SY1841 none of it is hourly; SY1842 several
/// currencies; and the errors of reading the files and of price_pools.
Result<Estate> estate_of_bill(Engine& engine, const OwnBill& bill, const OwnBillFiles& files);

}  // namespace steelyard
