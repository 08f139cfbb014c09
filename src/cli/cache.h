// The cache folder: figures that were shown, so that `explain` finds their questions, and hashes of
// files that were verified. All of it can be made again; a command never fails because the cache
// cannot be written.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/lake.h"

namespace steelyard {

/// $XDG_CACHE_HOME/steelyard or ~/.cache/steelyard; "" when neither is known.
std::string cache_folder();

/// What a figure's question was asked of: the lake's folder, or files.
struct FigureSource {
  std::string lake;                ///< absolute folder, or ""
  std::vector<std::string> files;  ///< as given, made absolute
  std::string format;
};
struct RememberedFigure {
  std::string question;
  FigureSource source;
};
void remember_figure(const std::string& id, const RememberedFigure& figure);
/// SY1606 when it is not there.
Result<RememberedFigure> recall_figure(const std::string& id);

/// The hashes that were verified on this machine, of all lakes.
std::unique_ptr<VerificationCache> open_verification_cache();

}  // namespace steelyard
