// A lake in a temporary folder that is filled by ingest itself, so that the questions meet what
// users have.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "bills/ingest.h"
#include "ledger/fixture.h"
#include "store/store.h"

namespace steelyard::ledger_test {

/// A line of a FOCUS bill.
struct Line {
  std::string cost = "1", effective = "", list = "", quantity = "1", category = "Usage",
              resource = "i-1", sku = "sku-1", invoice = "INV-1", team = "web",
              description = "an hour, of use", commitment = "", status = "",
              account = "111122223333", currency = "USD";
  int month = 7, day = 1, hour = 0;
};

inline std::string focus_csv(const std::vector<Line>& lines) {
  std::string text =
      "BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,"
      "BillingPeriodStart,ChargeCategory,ChargeClass,ChargeDescription,"
      "ChargeFrequency,ChargePeriodEnd,ChargePeriodStart,CommitmentDiscountId,"
      "CommitmentDiscountStatus,ContractedCost,EffectiveCost,InvoiceIssuerName,"
      "ListCost,PricingQuantity,PricingUnit,ProviderName,PublisherName,ServiceCategory,ServiceName,"
      "ResourceId,SkuId,SubAccountId,Tags,InvoiceId,SkuMeter\n";
  for (const auto& line : lines) {
    const auto time = [](int month, int day, int hour) {
      char buffer[32];
      std::snprintf(buffer, sizeof buffer, "2026-%02d-%02dT%02d:00:00Z", month, day, hour);
      return std::string(buffer);
    };
    const auto effective = line.effective.empty() ? line.cost : line.effective,
               list = line.list.empty() ? line.cost : line.list;
    text += line.cost + "," + line.account + ",Acme," + line.currency + "," +
            time(line.month + 1, 1, 0) + "," + time(line.month, 1, 0) + "," + line.category + ",," +
            csv_cell(line.description, false) + ",Usage-Based," +
            time(line.month, line.day, line.hour + 1) + "," +
            time(line.month, line.day, line.hour) + "," + line.commitment + "," + line.status +
            "," + list + "," + effective + ",AWS," + list + "," + line.quantity +
            ",Hours,AWS,AWS,Compute,Amazon EC2," + line.resource + "," + line.sku +
            ",000011112222,\"{\"\"team\"\": \"\"" + line.team + "\"\"}\"," + line.invoice +
            ",meter\n";
  }
  return text;
}

class LakeTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/sy_ledger_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    root_ = name;
    store_ = local_store(root_ + "/lake");
    options_.now = instant_of({2026, 8, 3});
    options_.engine.threads = 2;
    engine_ = engine();
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string write(const std::string& name, const std::string& content) {
    const auto path = root_ + "/" + name;
    std::ofstream(path) << content;
    return path;
  }
  void load(const std::string& name, const std::string& content) {
    options_.paths = {write(name, content)};
    options_.now.micros += 1'000'000;
    auto report = ingest(*store_, options_);
    ASSERT_TRUE(report) << why(report);
  }
  Charges open(ViewOptions options = {}) {
    options.lake = "lake";
    auto charges = open_charges(*engine_, *store_, options);
    EXPECT_TRUE(charges) << why(charges);
    return charges ? *charges : Charges{};
  }

  std::string root_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Engine> engine_;
  IngestOptions options_;
};

}  // namespace steelyard::ledger_test
