// Router: from an API Gateway proxy event to a handler by method and path, through middleware.
//
//   dew::Router router;
//   router.use(dew::middleware::errors());
//   router.get("/users/{id}", [](dew::Request& request) { return dew::Response::json(200, {{"id",
//   request.param("id")}}); }); return dew::run(std::move(router));
//
// Patterns are literal segments, `{name}` for one segment and `{name+}` at the end for one or more.
// Literal beats
// `{name}` beats `{name+}`. A path that matches no pattern is 404, a pattern without the method 405
// with `Allow`. Both go through the middleware, in the order of `use`, outermost first. Without
// middleware an exception leaves the router (a function error); `middleware::errors()` turns it
// into an answer. One thread at a time.
#pragma once

#include <dew/events.h>
#include <dew/json.h>
#include <dew/runtime.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dew {

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  bool base64 = false;  // body is binary: sent base64-encoded, flagged so

  static Response json(int status, const json::value& value);
  static Response text(int status, std::string body);
  static Response empty(int status);
  // {"error": message}
  static Response error(int status, std::string_view message);

  Response& set(std::string_view name, std::string_view value);  // replaces
  Response& add(std::string_view name, std::string_view value);  // adds one more of the name
  // The proxy response document, into `out`.
  void write(std::string& out) const;
};

// Thrown by a handler: an answer for the client. Its message is meant to be read by the client.
class HttpError : public std::runtime_error {
 public:
  HttpError(int status, const std::string& message) : HttpError(status, message, {}) {}
  HttpError(int status, const std::string& message, json::object more)
      : std::runtime_error(message), status_(status), more_(std::move(more)) {}
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const json::object& more() const {
    return more_;
  }  // further members of the answer's body

 private:
  int status_;
  json::object more_;
};

struct Request;
using RouteHandler = std::function<Response(Request&)>;

struct Request {
  const ApiGatewayEvent& event;
  const Context& context;
  std::string_view
      route;  // the pattern that matched, empty for none; known before the middleware runs
  std::string allow{};           // methods the path has, comma-separated
  std::string correlation_id{};  // set by middleware::request_id()
  json::object claims{};         // of the verified token; set by middleware::bearer_auth()
  std::vector<std::pair<std::string_view, std::string>> params{};
  const RouteHandler* handler = nullptr;  // null: the answer will be 404 (`allow` is empty) or 405

  [[nodiscard]] std::string_view method() const { return event.method(); }
  [[nodiscard]] std::string_view path() const { return event.path(); }
  [[nodiscard]] std::string_view param(
      std::string_view name) const;  // percent-decoded; empty when absent
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const {
    return event.header(name);
  }
  [[nodiscard]] std::optional<std::string_view> query(std::string_view name) const {
    return event.query(name);
  }
  // The body as JSON, whatever its Content-Type; throws HttpError 400 when it is none.
  [[nodiscard]] json::value json() const;
  // The same, which must be an object.
  [[nodiscard]] json::object json_object() const;
};

class Router;

// The rest of the chain.
class Next {
 public:
  Response operator()(Request& request) const;

 private:
  friend class Router;
  Next(const Router& router, size_t index) : router_(router), index_(index) {}
  const Router& router_;
  size_t index_;
};

using Middleware = std::function<Response(Request&, const Next&)>;

class Router {
 public:
  Router& use(Middleware middleware);
  Router& route(std::string_view method, std::string_view pattern, RouteHandler handler);
  Router& get(std::string_view pattern, RouteHandler handler) {
    return route("GET", pattern, std::move(handler));
  }
  Router& post(std::string_view pattern, RouteHandler handler) {
    return route("POST", pattern, std::move(handler));
  }
  Router& put(std::string_view pattern, RouteHandler handler) {
    return route("PUT", pattern, std::move(handler));
  }
  Router& patch(std::string_view pattern, RouteHandler handler) {
    return route("PATCH", pattern, std::move(handler));
  }
  Router& del(std::string_view pattern, RouteHandler handler) {
    return route("DELETE", pattern, std::move(handler));
  }
  // Taken off the front of every path, for custom domains with a base path mapping.
  Router& base_path(std::string_view base);

  [[nodiscard]] Response handle(const ApiGatewayEvent& event, const Context& context) const;
  // As a Lambda handler. Throws on an event that is no proxy event.
  void operator()(std::string_view event, const Context& context, std::string& out) const;

 private:
  friend class Next;
  struct Route {
    std::string pattern;
    std::vector<std::string> segments;
    std::vector<std::pair<std::string, RouteHandler>> methods;
  };
  static Response dispatch(Request& request);
  void find(Request& request) const;  // fills route, params, allow and handler

  std::vector<Route> routes_;  // the more specific first
  std::vector<Middleware> middleware_;
  std::string base_path_;
};

}  // namespace dew
