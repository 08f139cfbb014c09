// Sources: the truth as relations. `charges` are narrow: numbers that point to wide tables of what
// does not change from hour to hour (subjects, prices, commitments, tags, kinds, invoices, pods),
// which the engine joins.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/engine.h"
#include "samples/charges.h"

namespace steelyard::samples {

/// A small relation held in memory.
class StaticTable : public RowSource {
 public:
  using Map = std::vector<std::pair<std::string, std::string>>;
  using Value = std::variant<std::monostate, std::int64_t, Int128, std::string, Map>;

  explicit StaticTable(std::vector<ColumnSpec> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Value> row);
  const std::vector<ColumnSpec>& columns() const override { return columns_; }
  Result<std::unique_ptr<Worker>> make_worker(std::span<const std::size_t> projection) override;
  Status restart() override {
    next_ = 0;
    return {};
  }

 private:
  class Reader;
  std::vector<ColumnSpec> columns_;
  std::vector<std::vector<Value>> rows_;
  std::size_t next_ = 0;
};

/// What one file holds.
struct Part {
  const Month* month = nullptr;
  int first_slot = 0, last_slot = 0;  ///< [first, last)
  std::vector<Charge> closing;        ///< truth rows that follow the slots
  View view = View::kFocus14;
  int delivery = 0;
  bool final = true, keeps_late = true;
};

/// `charges`: read by one worker, in order. Columns: ids (subject, price, commitment, tags, kind,
/// invoice, pod; -1 = none), times, texts, and amounts in three forms: DECIMAL (name), shortest
/// text (name_text) and the nearest double (name_number).
class ChargeSource : public RowSource {
 public:
  explicit ChargeSource(const Enterprise& enterprise);
  void assign(const Part& part) { part_ = &part; }
  const std::vector<ColumnSpec>& columns() const override { return columns_; }
  Result<std::unique_ptr<Worker>> make_worker(std::span<const std::size_t> projection) override;
  Status restart() override {
    taken_ = false;
    return {};
  }

 private:
  class Reader;
  const Enterprise& enterprise_;
  std::vector<ColumnSpec> columns_;
  const Part* part_ = nullptr;
  bool taken_ = false;
};

/// An amount in units of 10^-10 as the shortest decimal: "0.02", "-12".
std::string e10_text(std::int64_t amount);
std::string e10_text128(__int128 amount);

/// The wide tables by name: subjects, prices, commitments, tag_sets, kinds, pods, invoices.
std::map<std::string, std::shared_ptr<StaticTable>> wide_tables(const Enterprise& enterprise);
/// The number of an invoice; group as in Subject.
std::string invoice_number(const Enterprise& enterprise, int month, int group);
std::string_view category_name(int category);

}  // namespace steelyard::samples
