// Datagrams: a document is the end of its datagram, and is never empty.
#include <cstdlib>

#include "services/xray/datagram.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view datagram(reinterpret_cast<const char*>(data), size);
  const auto document = dew::xray::document_of_datagram(datagram);
  if (document && (document->empty() || !datagram.ends_with(*document))) std::abort();
  return 0;
}
