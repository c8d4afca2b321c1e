// What a serverless.yml may say, checked once its variables are resolved. docs/serverless-yml.md
// lists the same for people; www.serverless.com/framework/docs/providers/aws/guide/serverless.yml
// is where the keys come from.
#pragma once

#include <string>
#include <vector>

#include "serverless/document.h"

namespace dew::serverless {

// The first violation, or nothing. Coerces scalars to the type that their key needs. Keys that are
// accepted but have no effect here are told in `warnings`.
enum class OtherPlugins { kRefused, kIgnored };  // plugins that are not built in

Result<void> check_schema(Node& root, std::vector<std::string>& warnings,
                          OtherPlugins other_plugins = OtherPlugins::kRefused);

// `GET users/{id}` of an http event, or its long form, as method and path; both checked.
struct HttpRoute {
  std::string method;  // upper case; ANY for any method
  std::string path;    // without slashes at its ends: "users/{id}"
};
Result<HttpRoute> http_route(const Node& event, const std::string& path);

}  // namespace dew::serverless
