// The real data that some tests are held against; they skip by name where it is absent.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "commitments/demand.h"

namespace steelyard {

/// A file of the folder that STEELYARD_DATA names, or of ../shared/data beside the tree.
inline std::string shared_data(const std::string& file) {
  const char* from_environment = std::getenv("STEELYARD_DATA");
  return (from_environment ? from_environment : std::string(STEELYARD_SOURCE) + "/../shared/data") +
         "/commitments/" + file;
}
inline std::string shaved_ice_csv() { return shared_data("shavedice_hourly_normalized.csv.gz"); }
inline std::string shaved_ice_parquet() {
  return shared_data("snowflake_shaved_ice_hourly_vm_demand.parquet");
}
inline bool has_shared_data() { return std::filesystem::exists(shaved_ice_parquet()); }

/// Hourly demand of 47 pools over three years (Snowflake, "Shaved Ice", CC BY 4.0); read once.
inline const Demand& shaved_ice() {
  static const Demand demand = [] {
    auto engine = open_duckdb({});
    auto read = read_demand(**engine, {.path = shaved_ice_parquet()});
    EXPECT_TRUE(read) << read.error().what;
    return read ? std::move(*read) : Demand{};
  }();
  return demand;
}

}  // namespace steelyard

#define SY_NEEDS_SHARED_DATA() \
  if (!steelyard::has_shared_data()) GTEST_SKIP() << "skipped: no shared data"
