// Any bytes are refused, or are an input that, written and read again, is the same.
#include <cstdlib>

#include "aws/wire_cbor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew;
  auto value = aws::parse_cbor({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const auto& input = aws::service_model("cloudwatch")->operation("PutMetricData")->input;
  if (!aws::from_wire_cbor(input, *value)) return 0;
  std::string bytes;
  aws::to_wire_cbor(input, *value, bytes);
  auto again = aws::parse_cbor(bytes);
  if (!again || !aws::from_wire_cbor(input, *again)) std::abort();
  std::string twice;
  aws::to_wire_cbor(input, *again, twice);
  if (twice != bytes) std::abort();
  return 0;
}
