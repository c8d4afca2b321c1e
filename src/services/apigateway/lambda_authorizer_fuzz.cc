// What an authorizer's function answers is either refused or gives a policy and a flat context.
#include <cstdlib>

#include "services/apigateway/lambda_authorizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto verdict = dew::apigateway::read_verdict(text);
  if (!verdict) {
    if (verdict.error().message.empty()) std::abort();
  } else {
    if (!verdict->policy) std::abort();
    for (const auto& entry : verdict->authorizer) {
      if (!entry.value().is_string()) std::abort();
    }
  }
  if (const auto sources = dew::apigateway::identity_sources(text)) {
    for (const auto& source : *sources) {
      if (source.name.empty()) std::abort();
    }
  }
  return 0;
}
