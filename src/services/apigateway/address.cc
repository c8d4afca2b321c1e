#include "services/apigateway/address.h"

#include <algorithm>

namespace dew::apigateway {

namespace {

constexpr std::string_view kExecute = ".execute-api.";
constexpr std::string_view kRestApis = "/restapis/";
constexpr std::string_view kUserRequest = "_user_request_";
constexpr size_t kMaxIdBytes = 64;

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxIdBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

}  // namespace

std::optional<DataPlaneAddress> data_plane_address(const http::Request& request) {
  const std::string_view path = request.path();
  if (path.starts_with(kRestApis)) {
    const auto rest = path.substr(kRestApis.size());
    const size_t first = rest.find('/');
    const size_t second = first == std::string_view::npos ? first : rest.find('/', first + 1);
    if (second != std::string_view::npos && rest.substr(second + 1).starts_with(kUserRequest)) {
      const auto id = rest.substr(0, first);
      auto after = rest.substr(second + 1 + kUserRequest.size());
      if (is_id(id) && (after.empty() || after.front() == '/')) {
        return DataPlaneAddress{std::string(id),
                                std::string(rest.substr(first + 1, second - first - 1)),
                                after.empty() ? "/" : std::string(after)};
      }
    }
  }
  const auto host = lower(request.host());
  const size_t mark = host.find(kExecute);
  if (mark == std::string::npos || !is_id(std::string_view(host).substr(0, mark)))
    return std::nullopt;
  DataPlaneAddress out;
  out.api_id = host.substr(0, mark);
  auto rest = path;
  rest.remove_prefix(std::min<size_t>(rest.starts_with('/') ? 1 : 0, rest.size()));
  const size_t slash = rest.find('/');
  out.stage = rest.substr(0, slash);
  out.path = slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
  return out;
}

}  // namespace dew::apigateway
