#include "services/xray/datagram.h"

#include "json/json.h"
#include "net/http.h"

namespace dew::xray {

namespace {

constexpr size_t kMaxHeaderBytes = 256;
constexpr std::string_view kKnownHeaders[] = {"{\"format\": \"json\", \"version\": 1}\n",
                                              "{\"format\":\"json\",\"version\":1}\n"};

}  // namespace

std::optional<std::string_view> document_of_datagram(std::string_view datagram) {
  // As AWS's SDKs write it, without reading it as JSON.
  for (const auto known : kKnownHeaders) {
    if (datagram.starts_with(known) && datagram.size() > known.size())
      return datagram.substr(known.size());
  }
  const size_t end = datagram.substr(0, kMaxHeaderBytes).find('\n');
  if (end == std::string_view::npos || end + 1 == datagram.size()) return std::nullopt;
  const auto header = json::parse(datagram.substr(0, end));
  if (!header || !header->is_object()) return std::nullopt;
  const auto format = json::string_at(header->get_object(), "format");
  if (!format || !http::iequals(*format, "json")) return std::nullopt;
  if (json::int_at(header->get_object(), "version") != 1) return std::nullopt;
  return datagram.substr(end + 1);
}

}  // namespace dew::xray
