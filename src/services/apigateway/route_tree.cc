#include "services/apigateway/route_tree.h"

namespace dew::apigateway {

struct RouteTree::Node {
  std::map<std::string, Node, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::unique_ptr<Node> greedy;
  std::vector<std::pair<std::string, Target>> methods;

  const Target* target(std::string_view method) const {
    const Target* any = nullptr;
    for (const auto& [verb, target] : methods) {
      if (verb == method) return &target;
      if (verb == "ANY") any = &target;
    }
    return any;
  }
};

RouteTree::RouteTree() : root_(std::make_unique<Node>()) {}
RouteTree::~RouteTree() = default;
RouteTree::RouteTree(RouteTree&&) noexcept = default;
RouteTree& RouteTree::operator=(RouteTree&&) noexcept = default;

void RouteTree::add(std::string_view method, std::string_view path, Target target) {
  Node* node = root_.get();
  size_t at = 1;
  while (at < path.size()) {
    const size_t end = std::min(path.find('/', at), path.size());
    const auto part = path.substr(at, end - at);
    at = end + 1;
    if (part.starts_with('{')) {
      auto& child = part.ends_with("+}") ? node->greedy : node->parameter;
      if (!child) child = std::make_unique<Node>();
      node = child.get();
    } else {
      node = &node->literals[std::string(part)];
    }
  }
  node->methods.emplace_back(method, target);
}

// `rest` begins with a path part, unless `at_end`. Each node is reached by one way only, so the
// work is bounded by the number of resources.
bool RouteTree::find(const Node& node, std::string_view method, std::string_view rest, bool at_end,
                     Match& match) {
  if (at_end) {
    const auto* target = node.target(method);
    if (target) match.target = *target;
    return target != nullptr;
  }
  const size_t slash = rest.find('/');
  const bool last = slash == std::string_view::npos;
  const auto part = rest.substr(0, slash);
  const auto after = last ? std::string_view() : rest.substr(slash + 1);
  if (!part.empty()) {
    const auto literal = node.literals.find(part);
    if (literal != node.literals.end() && find(literal->second, method, after, last, match))
      return true;
    if (node.parameter) {
      match.values.push_back(part);
      if (find(*node.parameter, method, after, last, match)) return true;
      match.values.pop_back();
    }
  }
  if (node.greedy) {
    if (const auto* target = node.greedy->target(method)) {
      match.values.push_back(rest);
      match.target = *target;
      return true;
    }
  }
  return false;
}

std::optional<RouteTree::Match> RouteTree::match(std::string_view method,
                                                 std::string_view path) const {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  Match match;
  if (!find(*root_, method, path, path.empty(), match)) return std::nullopt;
  return match;
}

std::vector<std::string> RouteTree::parameters(std::string_view path) {
  std::vector<std::string> names;
  for (size_t at = path.find('{'); at != std::string_view::npos; at = path.find('{', at)) {
    const size_t end = path.find('}', at);
    if (end == std::string_view::npos) break;
    auto name = path.substr(at + 1, end - at - 1);
    if (name.ends_with('+')) name.remove_suffix(1);
    names.emplace_back(name);
    at = end;
  }
  return names;
}

}  // namespace dew::apigateway
