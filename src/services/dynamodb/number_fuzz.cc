// Numbers: what parses is stable under rendering, and its ordered bytes read back and sort as it
// does.
#include <cstdlib>

#include "services/dynamodb/number.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using dew::dynamodb::Number;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view bytes = text;
  Number read;
  if (Number::read_ordered(bytes, read)) {
    std::string again;
    read.append_ordered(again);
    if (again != text.substr(0, again.size())) std::abort();
  }
  const auto cut = text.find('|');
  const auto a = Number::parse(text.substr(0, cut));
  if (!a) return 0;
  if (Number::parse(a->to_string()) != *a) std::abort();
  const auto b = cut == std::string_view::npos ? a : Number::parse(text.substr(cut + 1));
  if (!b) return 0;
  std::string a_bytes;
  std::string b_bytes;
  a->append_ordered(a_bytes);
  b->append_ordered(b_bytes);
  if ((*a <=> *b) != (a_bytes.compare(b_bytes) <=> 0)) std::abort();
  if (const auto sum = a->plus(*b)) {
    const auto back = sum->minus(*b);
    if (back && *back != *a) std::abort();
  }
  return 0;
}
