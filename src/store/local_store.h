// The one implementation of Store on a local disk. The faulty store is this very code over a System
// that fails on purpose.
#pragma once

#include <memory>
#include <string>

#include "store/store.h"
#include "store/system.h"

namespace steelyard {

/// `system` is used by all threads at once; the store keeps no state that changes.
std::unique_ptr<Store> local_store_on(std::unique_ptr<System> system, std::string root);

}  // namespace steelyard
