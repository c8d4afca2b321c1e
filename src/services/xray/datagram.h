// The X-Ray daemon's UDP protocol: a line that says how, then one segment document.
// docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
//
//   {"format": "json", "version": 1}\n{"trace_id": …}
//
// Pure functions.
#pragma once

#include <optional>
#include <string_view>

namespace dew::xray {

// The document; nullopt: no such datagram. The document itself is not looked at.
std::optional<std::string_view> document_of_datagram(std::string_view datagram);

}  // namespace dew::xray
