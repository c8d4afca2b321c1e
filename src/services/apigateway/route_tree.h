// The routing trie of one stage: resource paths with {param} and {proxy+}, and the methods on them.
//
// A request goes to the most specific resource that has its method (or ANY): at each path part a
// literal wins over {param}, which wins over {proxy+}; where a more specific branch has no such
// method deeper down, the next one is tried. Trailing slashes do not matter, and values stay
// percent-encoded, as observed on AWS. Built once, then immutable: any thread may match.
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dew::apigateway {

class RouteTree {
 public:
  using Target = uint32_t;

  struct Match {
    Target target = 0;
    std::vector<std::string_view>
        values;  // of the path's parameters, in order; into the matched path
  };

  RouteTree();
  ~RouteTree();
  RouteTree(RouteTree&&) noexcept;
  RouteTree& operator=(RouteTree&&) noexcept;

  // `path` as resources have it: "/", "/users/{id}", "/{proxy+}". `method` is a verb or ANY.
  void add(std::string_view method, std::string_view path, Target target);

  // `path` is the request's, without the query.
  std::optional<Match> match(std::string_view method, std::string_view path) const;

  // The names of the parameters of a resource path, in order, without braces and plus.
  static std::vector<std::string> parameters(std::string_view path);

 private:
  struct Node;
  static bool find(const Node& node, std::string_view method, std::string_view rest, bool at_end,
                   Match& match);

  std::unique_ptr<Node> root_;
};

}  // namespace dew::apigateway
