// A number as it was read, as the integer that it is: casting a double that no int64_t can hold is
// undefined.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>

namespace dew {

// Nothing if it has a fraction, is not finite, or is beyond an int64_t.
inline std::optional<int64_t> whole_number(double real) {
  constexpr double kBeyond = 0x1p63;
  if (!(real >= -kBeyond && real < kBeyond) || real != std::trunc(real)) return std::nullopt;
  return static_cast<int64_t>(real);
}

}  // namespace dew
