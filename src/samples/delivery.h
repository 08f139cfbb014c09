// Deliveries: what of a month is there when, and where each provider puts it.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "samples/charges.h"
#include "samples/gen.h"
#include "samples/rendering.h"

namespace steelyard::samples {

struct DeliveryPlan {
  int number = 1;  ///< from 1
  bool final = true;
  int slots = 0;  ///< of the month, from its beginning
  Instant delivered;
};
/// The last delivery is final and comes on the fifth of the next month; the one before comes on the
/// first without late rows, tax and invoices; those before are equal parts of the month.
DeliveryPlan plan_delivery(const Enterprise& enterprise, const Month& month, int number, int count);

struct DeliveryPaths {
  std::string folder, file_stem;  ///< a file is stem + number + extension
  std::string id;                 ///< assembly or execution
};
DeliveryPaths paths_of(const std::string& folder, const std::string& format,
                       const Enterprise& enterprise, int month, const DeliveryPlan& delivery,
                       GenDeliveryMode mode);

struct Manifest {
  std::string path, text;
  Instant delivered;
};
/// AWS's commit records for a delivery of `files`.
std::vector<Manifest> manifests_of(const std::string& folder, const Rendering& rendering,
                                   const Enterprise& enterprise, int month,
                                   const DeliveryPlan& delivery, GenDeliveryMode mode,
                                   const std::vector<std::string>& files);

}  // namespace steelyard::samples
