#include "cloud/browser_guard.h"

#include <algorithm>

namespace dew::cloud {

namespace {

bool ends_with(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() &&
         http::iequals(text.substr(text.size() - suffix.size()), suffix);
}

bool is_address(std::string_view host) {
  if (host.empty()) return false;
  if (host.front() == '[') return true;
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

// Names that only ever mean this machine, and the names under which AWS's own clients reach us.
bool is_own_name(std::string_view host) {
  return host.empty() || is_address(host) || http::iequals(host, "localhost") ||
         ends_with(host, ".localhost") || ends_with(host, ".localhost.localstack.cloud") ||
         http::iequals(host, "localhost.localstack.cloud") || ends_with(host, ".amazonaws.com") ||
         host.find('.') == std::string_view::npos;
}

bool is_own_origin(std::string_view origin) {
  const size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return false;  // "null": a sandboxed or local page
  std::string_view host = origin.substr(scheme + 3);
  if (host.empty()) return false;
  host = host.front() == '[' ? host.substr(0, host.find(']') + 1) : host.substr(0, host.find(':'));
  return host == "127.0.0.1" || host == "[::1]" || http::iequals(host, "localhost") ||
         ends_with(host, ".localhost");
}

}  // namespace

bool allowed_from_browser(const http::Request& request) {
  if (!is_own_name(request.host())) return false;
  const auto origin = request.headers.get("origin");
  return origin.empty() || is_own_origin(origin);
}

}  // namespace dew::cloud
