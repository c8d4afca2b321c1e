// Lines: resource paths with methods, then a request path. Whatever matches must really fit the
// resource's path.
#include <cstdlib>
#include <string>
#include <vector>

#include "services/apigateway/address.h"
#include "services/apigateway/route_tree.h"
#include "services/apigateway/template.h"

namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::string_view trimmed(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

// The resource's path with the values put in is the request's path.
bool fits(std::string_view resource, const std::vector<std::string_view>& values,
          std::string_view path) {
  std::string filled;
  size_t next = 0;
  for (const auto part : split(trimmed(resource), '/')) {
    if (!filled.empty()) filled += '/';
    if (!part.starts_with('{')) {
      filled += part;
    } else if (next < values.size()) {
      filled += values[next++];
    } else {
      return false;
    }
  }
  return next == values.size() && filled == trimmed(path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using dew::apigateway::RouteTree;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lines = split(text, '\n');
  RouteTree tree;
  std::vector<std::string> resources;
  for (size_t i = 0; i + 1 < lines.size() && i < 40; ++i) {
    // As resources are: no empty parts, {name} and {name+} whole, the greedy one last.
    std::string path;
    bool greedy = false;
    for (const auto part : split(trimmed(lines[i]), '/')) {
      if (part.empty() || greedy) continue;
      path += '/';
      path += part;
      greedy = part.starts_with('{') && part.ends_with("+}");
    }
    if (path.empty()) path = "/";
    tree.add(i % 2 == 0 ? "GET" : "ANY", path, static_cast<RouteTree::Target>(resources.size()));
    resources.push_back(path);
  }
  const auto match = tree.match("GET", lines.back());
  if (match && match->target >= resources.size()) std::abort();
  if (match && !fits(resources[match->target], match->values, lines.back())) std::abort();

  dew::http::Request request;
  request.target = std::string(lines.back());
  request.headers.add("Host", lines.front());
  if (const auto address = dew::apigateway::data_plane_address(request);
      address && !address->path.starts_with('/'))
    std::abort();

  if (auto compiled = dew::apigateway::Template::compile(text)) (void)compiled->render({});
  return 0;
}
