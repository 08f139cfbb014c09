#include "money/splits.h"

namespace steelyard {
namespace {

// The figure of the plan: a million random vectors, at 0, 2 and 3 decimals.
TEST(SplitsSlow, MillionVectorsShownSumToTheShownTotal) { check_round_to_total(1'000'000, 3); }
TEST(SplitsSlow, QuarterMillionApportionsConserve) { check_apportion(250'000, 4); }

}  // namespace
}  // namespace steelyard
