#include <dew/encoding.h>
#include <dew/env.h>
#include <dew/log.h>
#include <dew/metrics.h>
#include <dew/middleware.h>

#include <algorithm>
#include <chrono>

namespace dew::middleware {
namespace {

constexpr size_t kMaxCorrelationId = 128;

bool is_correlation_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxCorrelationId && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += ", ";
    out += part;
  }
  return out;
}

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

// Two decimals: enough to read, short in the log.
double rounded(double ms) {
  return static_cast<double>(static_cast<int64_t>(ms * 100 + 0.5)) / 100;
}

Response unauthorized(std::string_view reason) {
  Response response = Response::error(401, "Unauthorized");
  std::string challenge = "Bearer";
  if (!reason.empty()) challenge += " error=\"invalid_token\"";
  response.set("WWW-Authenticate", challenge);
  return response;
}

Response internal_error(const std::string& detail) {
  log::error("unhandled exception", {{"error", detail}});
  json::object body{{"error", "Internal server error"}};
  if (is_development()) body["detail"] = detail;
  return Response::json(500, body);
}

}  // namespace

Middleware request_id() {
  return [](Request& request, const Next& next) {
    const std::string gateway_id(request.event.request_id().value_or(request.context.request_id));
    const auto given = request.header("X-Correlation-Id");
    request.correlation_id = given && is_correlation_id(*given) ? std::string(*given) : gateway_id;
    log::set_correlation_id(request.correlation_id);
    Response response = next(request);
    log::set_correlation_id({});
    response.set("X-Correlation-Id", request.correlation_id).set("X-Request-Id", gateway_id);
    return response;
  };
}

Middleware access_log() {
  return [](Request& request, const Next& next) {
    const auto start = std::chrono::steady_clock::now();
    Response response = next(request);
    log::write(response.status >= 500 ? log::Level::kError : log::Level::kInfo, "request",
               {{"method", request.method()},
                {"route", request.route},
                {"path", request.path()},
                {"status", response.status},
                {"took_ms", rounded(ms_since(start))}});
    return response;
  };
}

Middleware metrics(std::string name_space) {
  return [name_space = std::move(name_space)](Request& request, const Next& next) {
    const auto start = std::chrono::steady_clock::now();
    Response response = next(request);
    const std::string_view route = request.route.empty() ? "unmatched" : request.route;
    Metrics(name_space)
        .dimension("method", request.method())
        .dimension("route", route)
        .add("Requests", 1)
        .add("Latency", rounded(ms_since(start)), "Milliseconds")
        .add("ClientErrors", response.status >= 400 && response.status < 500 ? 1 : 0)
        .add("ServerErrors", response.status >= 500 ? 1 : 0)
        .property("status", std::to_string(response.status))
        .property("correlation_id", request.correlation_id)
        .flush();
    return response;
  };
}

Middleware cors(CorsOptions options) {
  const std::string headers = join(options.headers);
  const std::string expose = join(options.expose);
  const bool any = std::ranges::find(options.origins, "*") != options.origins.end();
  return [=, options = std::move(options)](Request& request, const Next& next) {
    if (!request.allow.empty() && request.allow.find("OPTIONS") == std::string::npos)
      request.allow += ", OPTIONS";
    const bool preflight =
        request.method() == "OPTIONS" && request.handler == nullptr && !request.allow.empty();
    Response response = preflight ? Response::empty(204) : next(request);
    const auto origin = request.header("Origin");
    if (!any) response.set("Vary", "Origin");
    if (!any && (!origin || std::ranges::find(options.origins, *origin) == options.origins.end()))
      return response;
    response.set("Access-Control-Allow-Origin", any ? "*" : *origin);
    if (!expose.empty()) response.set("Access-Control-Expose-Headers", expose);
    if (preflight) {
      response.set("Allow", request.allow)
          .set("Access-Control-Allow-Methods", request.allow)
          .set("Access-Control-Allow-Headers", headers)
          .set("Access-Control-Max-Age", std::to_string(options.max_age_s));
    }
    return response;
  };
}

Middleware errors() {
  return [](Request& request, const Next& next) -> Response {
    try {
      return next(request);
    } catch (const HttpError& error) {
      json::object body{{"error", error.what()}};
      for (const auto& member : error.more()) body.insert_or_assign(member.key(), member.value());
      return Response::json(error.status(), body);
    } catch (const std::exception& error) {
      return internal_error(error.what());
    } catch (...) {
      return internal_error("an exception that is not a std::exception");
    }
  };
}

Middleware bearer_auth(jwt::Verifier verifier, std::vector<std::string> open_methods) {
  return [verifier = std::move(verifier), open_methods = std::move(open_methods)](
             Request& request, const Next& next) {
    const bool open = std::ranges::find(open_methods, request.method()) != open_methods.end();
    if (open || request.handler == nullptr) return next(request);
    constexpr std::string_view kScheme = "Bearer ";
    const auto header = request.header("Authorization");
    if (!header || header->size() <= kScheme.size() ||
        !iequals(header->substr(0, kScheme.size()), kScheme)) {
      return unauthorized({});
    }
    auto claims = verifier.verify(header->substr(kScheme.size()));
    if (!claims) {
      log::info("token refused", {{"reason", claims.error().code}});
      return unauthorized(claims.error().code);
    }
    request.claims = std::move(*claims);
    return next(request);
  };
}

}  // namespace dew::middleware
