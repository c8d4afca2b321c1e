#include <dew/encoding.h>
#include <dew/router.h>

#include <algorithm>

#include "json_text.h"

namespace dew {
namespace {

enum class Kind { kLiteral, kParam, kGreedy };

Kind kind_of(std::string_view segment) {
  if (!segment.starts_with('{')) return Kind::kLiteral;
  return segment.ends_with("+}") ? Kind::kGreedy : Kind::kParam;
}

std::string_view name_of(std::string_view segment) {
  segment.remove_prefix(1);
  segment.remove_suffix(segment.ends_with("+}") ? 2 : 1);
  return segment;
}

// Takes the next segment off `path`, which starts with '/'.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const size_t slash = path.find('/');
  const std::string_view segment = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
  return segment;
}

std::string_view without_trailing_slash(std::string_view path) {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

using Params = std::vector<std::pair<std::string_view, std::string>>;

bool matches(const std::vector<std::string>& segments, std::string_view path, Params& params) {
  params.clear();
  for (const std::string& segment : segments) {
    if (path.empty()) return false;
    const Kind kind = kind_of(segment);
    if (kind == Kind::kGreedy) {
      params.emplace_back(name_of(segment), percent_decode(path.substr(1)));
      return path.size() > 1;
    }
    const std::string_view here = take_segment(path);
    if (kind == Kind::kLiteral) {
      if (here != segment) return false;
    } else {
      if (here.empty()) return false;
      params.emplace_back(name_of(segment), percent_decode(here));
    }
  }
  return path.empty();
}

bool more_specific(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (kind_of(a[i]) != kind_of(b[i])) return kind_of(a[i]) < kind_of(b[i]);
  }
  return a.size() > b.size();
}

void append_header_values(std::string& out, const Response& response, std::string_view name) {
  out += '[';
  bool first = true;
  for (const auto& [key, value] : response.headers) {
    if (!iequals(key, name)) continue;
    if (!first) out += ',';
    first = false;
    json_text::append_string(out, value);
  }
  out += ']';
}

}  // namespace

Response Response::json(int status, const json::value& value) {
  Response response{.status = status, .headers = {}, .body = json::serialize(value)};
  response.headers.emplace_back("Content-Type", "application/json");
  return response;
}

Response Response::text(int status, std::string body) {
  Response response{.status = status, .headers = {}, .body = std::move(body)};
  response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  return response;
}

Response Response::empty(int status) {
  return Response{.status = status, .headers = {}, .body = {}};
}

Response Response::error(int status, std::string_view message) {
  return json(status, json::object{{"error", message}});
}

Response& Response::set(std::string_view name, std::string_view value) {
  std::erase_if(headers, [&](const auto& header) { return iequals(header.first, name); });
  return add(name, value);
}

Response& Response::add(std::string_view name, std::string_view value) {
  headers.emplace_back(name, value);
  return *this;
}

void Response::write(std::string& out) const {
  out.reserve(out.size() + body.size() + body.size() / 8 + 256);
  out += "{\"statusCode\":";
  json_text::append_int(out, status);
  std::vector<std::string_view> repeated;
  out += ",\"headers\":{";
  bool first = true;
  for (size_t i = 0; i < headers.size(); ++i) {
    const std::string_view name = headers[i].first;
    auto same = [&](const auto& other) { return iequals(other.first, name); };
    if (std::count_if(headers.begin(), headers.end(), same) > 1) {
      if (std::find_if(headers.begin(), headers.end(), same) - headers.begin() ==
          static_cast<ptrdiff_t>(i))
        repeated.push_back(name);
      continue;
    }
    if (!first) out += ',';
    first = false;
    json_text::append_string(out, name);
    out += ':';
    json_text::append_string(out, headers[i].second);
  }
  out += '}';
  if (!repeated.empty()) {
    out += ",\"multiValueHeaders\":{";
    for (const std::string_view name : repeated) {
      if (name.data() != repeated.front().data()) out += ',';
      json_text::append_string(out, name);
      out += ':';
      append_header_values(out, *this, name);
    }
    out += '}';
  }
  out += ",\"body\":";
  json_text::append_string(out, base64 ? base64_encode(body) : body);
  out += base64 ? ",\"isBase64Encoded\":true}" : ",\"isBase64Encoded\":false}";
}

std::string_view Request::param(std::string_view name) const {
  for (const auto& [key, value] : params) {
    if (key == name) return value;
  }
  return {};
}

json::value Request::json() const {
  const auto body = event.body();
  if (!body) throw HttpError(400, "Malformed request body");
  auto value = parse_json(*body);
  if (!value) throw HttpError(400, "Malformed JSON");
  return std::move(*value);
}

json::object Request::json_object() const {
  json::value value = json();
  if (!value.is_object()) throw HttpError(400, "Request body must be a JSON object");
  return std::move(value.as_object());
}

Response Next::operator()(Request& request) const {
  if (index_ < router_.middleware_.size())
    return router_.middleware_[index_](request, Next(router_, index_ + 1));
  return Router::dispatch(request);
}

Router& Router::use(Middleware middleware) {
  middleware_.push_back(std::move(middleware));
  return *this;
}

Router& Router::base_path(std::string_view base) {
  base_path_ = without_trailing_slash(base);
  if (base_path_ == "/") base_path_.clear();
  return *this;
}

Router& Router::route(std::string_view method, std::string_view pattern, RouteHandler handler) {
  if (!pattern.starts_with('/'))
    throw std::invalid_argument("route pattern must begin with '/': " + std::string(pattern));
  const std::string clean(without_trailing_slash(pattern));
  auto found = std::ranges::find(routes_, clean, &Route::pattern);
  if (found == routes_.end()) {
    Route made{clean, {}, {}};
    std::string_view rest = clean;
    while (!rest.empty()) {
      const std::string_view segment = take_segment(rest);
      if (segment.starts_with('{') != segment.ends_with('}') ||
          (kind_of(segment) == Kind::kGreedy && !rest.empty())) {
        throw std::invalid_argument("malformed route pattern: " + clean);
      }
      made.segments.emplace_back(segment);
    }
    found = std::ranges::find_if(
        routes_, [&](const Route& other) { return more_specific(made.segments, other.segments); });
    found = routes_.insert(found, std::move(made));
  }
  if (std::ranges::find(found->methods, method, &std::pair<std::string, RouteHandler>::first) !=
      found->methods.end()) {
    throw std::invalid_argument("route defined twice: " + std::string(method) + " " + clean);
  }
  found->methods.emplace_back(method, std::move(handler));
  return *this;
}

void Router::find(Request& request) const {
  std::string_view path = request.path();
  if (!base_path_.empty() && path.starts_with(base_path_) &&
      (path.size() == base_path_.size() || path[base_path_.size()] == '/')) {
    path.remove_prefix(base_path_.size());
  }
  path = without_trailing_slash(path);
  if (!path.starts_with('/')) path = "/";
  for (const Route& route : routes_) {
    Params params;
    if (!matches(route.segments, path, params)) continue;
    if (request.route.empty()) request.route = route.pattern;
    for (const auto& [method, candidate] : route.methods) {
      if (!request.allow.empty()) request.allow += ", ";
      request.allow += method;
      if (method == request.method()) request.handler = &candidate;
    }
    if (request.handler != nullptr) {
      request.route = route.pattern;
      request.params = std::move(params);
      return;
    }
  }
}

Response Router::dispatch(Request& request) {
  if (request.handler != nullptr) return (*request.handler)(request);
  if (request.allow.empty()) return Response::error(404, "Not found");
  return Response::error(405, "Method not allowed").set("Allow", request.allow);
}

Response Router::handle(const ApiGatewayEvent& event, const Context& context) const {
  Request request{.event = event, .context = context};
  find(request);
  return Next(*this, 0)(request);
}

void Router::operator()(std::string_view event, const Context& context, std::string& out) const {
  const auto parsed = value_or_throw(ApiGatewayEvent::parse(event));
  handle(parsed, context).write(out);
}

}  // namespace dew
