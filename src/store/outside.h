// The user's own files, which Steelyard reads and never writes.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace steelyard {

/// SHA-256 of a file's content. SY1101 not there, SY1102 not readable.
Result<std::string> sha256_of_file(const std::string& path);
/// Changes whenever the file may have changed: device, inode, size, modification and change time in
/// ns.
Result<std::string> identity_of_file(const std::string& path);
/// Absolute paths of the regular files directly in a folder, sorted.
Result<std::vector<std::string>> files_in(const std::string& folder);

}  // namespace steelyard
