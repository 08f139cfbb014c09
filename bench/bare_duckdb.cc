// The opponent of every benchmark: DuckDB alone, with the same threads and memory, given the SQL
// that does the same work. It opens the engine as Steelyard does (same settings), so what differs
// is only what Steelyard does beyond the query.
//   bare_duckdb THREADS MEMORY_MIB TEMPORARY_FOLDER < file.sql     prints the last result, fields
//   separated by tabs
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>

#include "engine/engine.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: bare_duckdb THREADS MEMORY_MIB TEMPORARY_FOLDER < file.sql\n";
    return 2;
  }
  steelyard::EngineOptions options;
  options.threads = std::atoi(argv[1]);
  options.memory_bytes = std::strtoull(argv[2], nullptr, 10) << 20;
  options.temporary_folder = argv[3];
  const std::string sql{std::istreambuf_iterator<char>(std::cin), {}};
  auto engine = steelyard::open_duckdb(options);
  if (!engine) {
    std::cerr << engine.error().what << "\n";
    return 1;
  }
  auto rows = (*engine)->query(sql);
  if (!rows) {
    std::cerr << rows.error().what << "\n";
    return 1;
  }
  for (const auto& row : rows->rows) {
    for (std::size_t i = 0; i < row.size(); ++i) std::cout << (i ? "\t" : "") << row[i].text();
    std::cout << "\n";
  }
}
