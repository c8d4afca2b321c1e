#include "services/apigateway/http_integration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "services/apigateway/errors.h"
#include "services/apigateway/integration_uri.h"
#include "services/apigateway/mapping.h"

namespace dew::apigateway {

namespace {

template <size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::ranges::any_of(names,
                             [&](std::string_view other) { return http::iequals(name, other); });
}

// Of one connection alone (RFC 9110 section 7.6.1), or made anew for the next one.
constexpr auto kOfTheConnection = std::to_array<std::string_view>(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
     "te", "trailer", "transfer-encoding", "upgrade", "content-length", "expect"});

// What Connection names is of the connection too.
bool is_named_in(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    auto item = list.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (http::iequals(item, name)) return true;
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return false;
}

// A signature is for the gateway alone.
bool is_signature(const http::Header& header, const Exchange& exchange) {
  return http::iequals(header.name, "authorization") &&
         (header.value.starts_with("AWS4-HMAC-SHA256") ||
          (exchange.admission && exchange.admission->caller));
}

void pass_headers(const Exchange& exchange, http::Headers& out) {
  static constexpr auto kGateways =
      std::to_array<std::string_view>({"host", "x-amzn-trace-id", "x-amzn-apigateway-api-id",
                                       "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"});
  const auto connection = exchange.request.headers.get("connection");
  std::string forwarded_for;
  for (const auto& header : exchange.request.headers) {
    if (http::iequals(header.name, "x-forwarded-for")) forwarded_for += header.value + ", ";
    if (is_one_of(header.name, kOfTheConnection) || is_one_of(header.name, kGateways) ||
        is_named_in(connection, header.name) || is_signature(header, exchange))
      continue;
    out.add(header.name, header.value);
  }
  out.add("X-Forwarded-For", forwarded_for + exchange.source_ip());
  out.add("X-Forwarded-Port", std::to_string(exchange.request.local_port));
  out.add("X-Forwarded-Proto", "http");
}

// What a backend gets of a request that is not passed on, as recorded from AWS.
void default_headers(const Exchange& exchange, http::Headers& out) {
  const auto& headers = exchange.request.headers;
  for (const auto name : {"Accept", "Content-Type"})
    out.add(name, headers.has(name) ? headers.get(name) : "application/json");
  out.add("User-Agent", "AmazonAPIGateway_" + exchange.table->api_id);
}

// A value within a path, where a path parameter is as the client has written it.
std::string path_value(const RequestParameter& parameter, const Exchange& exchange) {
  auto value = resolve(parameter.value, exchange, 0);
  if (parameter.value.kind == MappedValue::Kind::kRequestPath) return value;
  return url_encode(value);
}

// The URI with the values of its names in braces; nullopt: one has none.
std::optional<std::string> filled_in(const Exchange& exchange, const HttpTarget& target) {
  std::string out;
  std::string_view rest = target.uri;
  while (true) {
    const size_t open = rest.find('{');
    const size_t close = open == std::string_view::npos ? open : rest.find('}', open);
    if (close == std::string_view::npos) break;
    const auto name = rest.substr(open + 1, close - open - 1);
    const auto found = std::ranges::find_if(target.parameters, [&](const auto& parameter) {
      return parameter.place == RequestParameter::Place::kPath && parameter.name == name;
    });
    if (found == target.parameters.end()) return std::nullopt;
    out += rest.substr(0, open);
    out += path_value(*found, exchange);
    rest.remove_prefix(close + 1);
  }
  out += rest;
  return out;
}

// The client's query string but for the names that are mapped anew.
std::string passed_query(const Exchange& exchange, const HttpTarget& target) {
  std::string out;
  std::string_view rest = exchange.request.query();
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const auto pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const auto name = url_decode(pair.substr(0, pair.find('=')), Plus::kSpace).value_or("");
    const bool anew = std::ranges::any_of(target.parameters, [&](const auto& parameter) {
      return parameter.place == RequestParameter::Place::kQuery && parameter.name == name;
    });
    if (anew || pair.empty()) continue;
    if (!out.empty()) out += '&';
    out += pair;
  }
  return out;
}

void add_query(std::string& uri, std::string_view query) {
  if (query.empty()) return;
  uri += uri.find('?') == std::string::npos ? '?' : '&';
  uri += query;
}

}  // namespace

aws::ApiResult<void> check_http_uri(std::string_view uri) {
  const auto invalid = [&](std::string_view why) {
    return aws::fail(bad_request(fmt::format("Invalid HTTP endpoint specified for URI: {}{}{}", uri,
                                             why.empty() ? "" : ": ", why)));
  };
  // Whatever stands for another text: its host or its port may be one.
  auto text = with_stage_variables(uri, nullptr);
  if (text != uri) {
    return text.starts_with("http://") || text.starts_with("https://") ||
                   uri.starts_with("${stageVariables.")
               ? aws::ApiResult<void>()
               : invalid("");
  }
  std::ranges::replace_if(text, [](char c) { return c == '{' || c == '}'; }, '_');
  const auto url = net::Url::parse(text);
  if (!url) return invalid("");
  constexpr uint16_t kFirstFreePort = 1024;
  if (url->port != 80 && url->port != 443 && url->port < kFirstFreePort)
    return invalid("the port must be 80, 443, or from 1024 on");
  return {};
}

aws::ApiResult<RequestParameter> request_parameter(std::string_view name,
                                                   std::string_view expression) {
  using Place = RequestParameter::Place;
  static constexpr auto kPlaces = std::to_array<std::pair<std::string_view, Place>>({
      {"integration.request.header.", Place::kHeader},
      {"integration.request.querystring.", Place::kQuery},
      {"integration.request.path.", Place::kPath},
  });
  for (const auto& [prefix, place] : kPlaces) {
    if (!name.starts_with(prefix) || name.size() == prefix.size()) continue;
    TRY(auto value, mapped_value(expression));
    return RequestParameter{place, std::string(name.substr(prefix.size())), std::move(value)};
  }
  return aws::fail(bad_request(
      fmt::format("Invalid mapping expression specified: Validation Result: warnings : [], errors "
                  ": [Invalid mapping expression parameter specified: {}]",
                  name)));
}

Result<BackendCall> backend_call(const Exchange& exchange, const HttpTarget& target,
                                 std::string body) {
  auto uri = filled_in(exchange, target);
  if (!uri) {
    return fail(
        ErrorKind::kInvalid,
        fmt::format("no request parameter gives a value to each name in the URI {}", target.uri));
  }
  BackendCall call;
  auto& request = call.request;
  request.method = target.method == "ANY" ? exchange.request.method : target.method;
  request.body = std::move(body);
  if (target.proxy) {
    pass_headers(exchange, request.headers);
    add_query(*uri, passed_query(exchange, target));
  } else {
    default_headers(exchange, request.headers);
  }
  request.headers.add("X-Amzn-Trace-Id", exchange.trace);
  request.headers.add("x-amzn-apigateway-api-id", exchange.table->api_id);
  for (const auto& parameter : target.parameters) {
    if (parameter.place == RequestParameter::Place::kPath) continue;
    const auto value = resolve(parameter.value, exchange, 0);
    const bool absent = value.empty() && parameter.value.kind != MappedValue::Kind::kStatic;
    if (parameter.place == RequestParameter::Place::kQuery) {
      if (!absent) add_query(*uri, url_encode(parameter.name) + "=" + url_encode(value));
    } else if (!absent && !is_one_of(parameter.name, kOfTheConnection)) {
      request.headers.set(parameter.name, one_line(value));
    }
  }
  TRY(call.url, net::Url::parse(*uri));
  return call;
}

http::Response passed_on(http::Response answer, const Exchange& exchange) {
  // "The following headers may be remapped to x-amzn-Remapped-HEADER when … sent back by your
  // integration endpoint": these are, on AWS.
  // docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
  static constexpr auto kRemapped =
      std::to_array<std::string_view>({"connection", "content-length", "date", "server",
                                       "www-authenticate", "x-amzn-requestid", "x-amz-apigw-id"});
  http::Response out;
  out.status = answer.status;
  out.body = std::move(answer.body);
  const auto connection = std::string(answer.headers.get("connection"));
  for (const auto& header : answer.headers) {
    if (is_one_of(header.name, kRemapped)) {
      out.headers.add("x-amzn-Remapped-" + header.name, header.value);
    } else if (!is_one_of(header.name, kOfTheConnection) && !is_named_in(connection, header.name)) {
      out.headers.add(header.name, header.value);
    }
  }
  if (!out.headers.has("content-type")) out.headers.add("Content-Type", "application/json");
  if (!out.headers.has("x-amzn-trace-id")) out.headers.add("X-Amzn-Trace-Id", exchange.trace);
  return out;
}

}  // namespace dew::apigateway
