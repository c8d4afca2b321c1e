// A service's routes, as people read them.
#pragma once

#include <string>
#include <vector>

#include "serverless/service.h"

namespace dew::cli {

struct Route {
  std::string method;
  std::string path;      // /users/{id}
  std::string function;  // its key
};

std::vector<Route> routes_of(const serverless::Service& service);

}  // namespace dew::cli
