// Renderings: each format as columns, each column as SQL over the truth (source.h). SQL selects and
// joins here and computes nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "samples/charges.h"

namespace steelyard::samples {

struct RenderedColumn {
  std::string name, sql;
  std::string type;  ///< as an AWS manifest calls it
};

struct Rendering {
  std::string format;  ///< "focus-1.4-csv"
  View view = View::kFocus14;
  bool csv = false;
  std::vector<RenderedColumn> columns;
};

/// How CSV text is soiled.
struct Dirt {
  bool null_text = false, bom = false, crlf = false, exponent = false, no_zone = false,
       repeated_header = false, truncated_gzip = false, column_order = false;
  bool needs_plain_file() const { return bom || crlf || repeated_header; }
};

/// `format` is of gen_formats(), not "truth". The billing period is that of `month`. The legacy
/// report has a column for each tag key that is activated by then.
Rendering rendering_of(std::string_view format, const Enterprise& enterprise, int month,
                       const Dirt& dirt);

/// SELECT of all columns over the source `charges` and the wide tables.
std::string select_of(const Rendering& rendering);

}  // namespace steelyard::samples
