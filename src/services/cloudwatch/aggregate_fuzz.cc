// Any bytes are refused, or are an aggregate that encodes to the same bytes' meaning again, and
// whose statistics lie between its smallest and largest value.
#include <cstdlib>

#include "services/cloudwatch/aggregate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto decoded =
      dew::cloudwatch::Aggregate::decode({reinterpret_cast<const char*>(data), size});
  if (!decoded) return 0;
  const auto bytes = decoded->encode();
  const auto again = dew::cloudwatch::Aggregate::decode(bytes);
  if (!again || again->encode() != bytes) std::abort();
  auto twice = *decoded;
  twice.merge(*again);
  const auto points = twice.values.points();
  for (size_t i = 1; i < points.size(); ++i) {
    if (points[i - 1].value > points[i].value) std::abort();
  }
  return 0;
}
