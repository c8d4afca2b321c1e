// What a function answers is either refused or gives a message that is safe to put on the wire.
#include <cstdlib>

#include "services/apigateway/proxy_response.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string payload(reinterpret_cast<const char*>(data), size);
  const std::string before = payload;
  const auto response = dew::apigateway::parse_proxy_response(payload);
  if (payload != before) std::abort();
  if (!response) {
    if (response.error().message.empty()) std::abort();
    return 0;
  }
  if (response->status < 200 || response->status > 599) std::abort();
  for (const auto& header : response->headers) {
    if (header.name.empty() || header.name.find_first_of("\r\n: ") != std::string::npos)
      std::abort();
    if (header.value.find_first_of("\r\n") != std::string::npos) std::abort();
  }
  return 0;
}
