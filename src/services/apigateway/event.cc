// The proxy event (payload format 1.0), written straight into one string.
#include <algorithm>
#include <array>
#include <charconv>
#include <deque>

#include "base/encoding.h"
#include "services/apigateway/exchange.h"
#include "services/apigateway/json_text.h"

namespace dew::apigateway {

namespace {

struct Pair {
  std::string_view name;
  std::string_view value;
};
using Pairs = std::vector<Pair>;

// Beyond this, sorting finds equal names faster than comparing each with each.
constexpr size_t kFewPairs = 48;

// What stands for the connection, or is the gateway's to set, does not reach the function.
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
bool is_withheld(std::string_view name) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"connection", "content-length", "content-md5", "expect", "keep-alive", "max-forwards",
       "proxy-authenticate", "proxy-connection", "server", "te", "transfer-encoding", "trailer",
       "upgrade", "www-authenticate", "x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port",
       "x-forwarded-proto"});
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view other) { return http::iequals(name, other); });
}

// A signature is for the gateway alone: the function could only be tempted to store it.
bool is_signature(const http::Header& header, const Exchange& exchange) {
  return http::iequals(header.name, "authorization") &&
         (header.value.starts_with("AWS4-HMAC-SHA256") ||
          (exchange.admission && exchange.admission->caller));
}

// AWS writes these three in their canonical form and leaves the others as they came.
std::string_view shown_name(std::string_view name) {
  if (http::iequals(name, "host")) return "Host";
  if (http::iequals(name, "user-agent")) return "User-Agent";
  if (http::iequals(name, "authorization")) return "Authorization";
  return name;
}

// Gives every pair the number of its group: pairs of one name, in order of first appearance.
template <class Same, class Less>
std::vector<std::vector<size_t>> grouped(const Pairs& pairs, Same same, Less less) {
  std::vector<std::vector<size_t>> groups;
  groups.reserve(pairs.size());
  if (pairs.size() <= kFewPairs) {
    for (size_t i = 0; i < pairs.size(); ++i) {
      const auto found = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
        return same(pairs[group.front()].name, pairs[i].name);
      });
      if (found == groups.end()) {
        groups.push_back({i});
      } else {
        found->push_back(i);
      }
    }
    return groups;
  }
  std::vector<size_t> order(pairs.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (less(pairs[a].name, pairs[b].name)) return true;
    return !less(pairs[b].name, pairs[a].name) && a < b;
  });
  for (const size_t i : order) {
    if (!groups.empty() && same(pairs[groups.back().front()].name, pairs[i].name)) {
      groups.back().push_back(i);
    } else {
      groups.push_back({i});
    }
  }
  return groups;
}

bool iless(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; };
    return lower(x) < lower(y);
  });
}

// "single":{…},"multiple":{…}; the single one has each name's last value, as on AWS.
void append_maps(std::string& out, std::string_view single, std::string_view multiple,
                 const Pairs& pairs, const std::vector<std::vector<size_t>>& groups) {
  out += '"';
  out += single;
  out += "\":{";
  for (size_t i = 0; i < groups.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, pairs[groups[i].front()].name);
    out += ':';
    append_json_string(out, pairs[groups[i].back()].value);
  }
  out += "},\"";
  out += multiple;
  out += "\":{";
  for (size_t i = 0; i < groups.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, pairs[groups[i].front()].name);
    out += ":[";
    for (size_t j = 0; j < groups[i].size(); ++j) {
      if (j > 0) out += ',';
      append_json_string(out, pairs[groups[i][j]].value);
    }
    out += ']';
  }
  out += '}';
}

void append_headers(std::string& out, const Exchange& exchange) {
  const auto& request = exchange.request;
  Pairs pairs;
  pairs.reserve(request.headers.size() + 4);
  std::string forwarded_for;
  for (const auto& header : request.headers) {
    if (http::iequals(header.name, "x-forwarded-for")) {
      forwarded_for += header.value;
      forwarded_for += ", ";
    }
    if (is_signature(header, exchange)) continue;
    if (!is_withheld(header.name)) pairs.push_back({shown_name(header.name), header.value});
  }
  forwarded_for += request.remote_address;
  std::array<char, 8> port{};
  const auto end = std::to_chars(port.data(), port.data() + port.size(), request.local_port).ptr;
  pairs.push_back({"X-Amzn-Trace-Id", exchange.trace});
  pairs.push_back({"X-Forwarded-For", forwarded_for});
  pairs.push_back(
      {"X-Forwarded-Port", std::string_view(port.data(), static_cast<size_t>(end - port.data()))});
  pairs.push_back({"X-Forwarded-Proto", "http"});
  append_maps(out, "headers", "multiValueHeaders", pairs, grouped(pairs, http::iequals, iless));
}

// Decoded text lives in `storage`; what needs no decoding stays where it is.
std::string_view decoded(std::string_view text, std::deque<std::string>& storage) {
  if (text.find_first_of("%+") == std::string_view::npos) return text;
  auto plain = url_decode(text, Plus::kSpace);
  if (!plain) return text;
  storage.push_back(std::move(*plain));
  return storage.back();
}

void append_query(std::string& out, std::string_view query) {
  Pairs pairs;
  std::deque<std::string> storage;
  while (!query.empty()) {
    const size_t end = query.find('&');
    const auto piece = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (piece.empty()) continue;
    const size_t equals = piece.find('=');
    const auto value =
        equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1);
    pairs.push_back({decoded(piece.substr(0, equals), storage), decoded(value, storage)});
  }
  if (pairs.empty()) {
    out += R"("queryStringParameters":null,"multiValueQueryStringParameters":null)";
    return;
  }
  append_maps(out, "queryStringParameters", "multiValueQueryStringParameters", pairs,
              grouped(pairs, std::equal_to<>(), std::less<>()));
}

void append_path_parameters(std::string& out, const Exchange& exchange) {
  const auto& names = exchange.route->parameters;
  out += "\"pathParameters\":";
  if (names.empty()) {
    out += "null";
    return;
  }
  for (size_t i = 0; i < names.size() && i < exchange.values.size(); ++i) {
    out += i == 0 ? '{' : ',';
    append_json_string(out, names[i]);
    out += ':';
    append_json_string(out, exchange.values[i]);
  }
  out += '}';
}

void append_user_agent(std::string& out, const http::Request& request) {
  if (request.headers.has("user-agent")) {
    append_json_string(out, request.headers.get("user-agent"));
  } else {
    out += "null";
  }
}

// Of a method that asks nobody who they are.
void append_unknown_identity(std::string& out, const http::Request& request) {
  out +=
      R"(,"identity":{"cognitoIdentityPoolId":null,"accountId":null,"cognitoIdentityId":null,"caller":null,"sourceIp":)";
  append_json_string(out, request.remote_address);
  out +=
      R"(,"principalOrgId":null,"accessKey":null,"cognitoAuthenticationType":null,"cognitoAuthenticationProvider":null,"userArn":null,"userAgent":)";
  append_user_agent(out, request);
  out += ",\"user\":null}";
}

void append_known_identity(std::string& out, const Exchange& exchange) {
  const auto& admission = *exchange.admission;
  const auto known = [&](std::string_view name) {
    out += ",\"";
    out += name;
    out += "\":";
    const auto value = admission.identity(name);
    if (value.empty()) {
      out += "null";
    } else {
      append_json_string(out, value);
    }
  };
  out += R"(,"identity":{"cognitoIdentityPoolId":null,"cognitoIdentityId":null)";
  known("accountId");
  known("caller");
  if (!admission.api_key.empty()) {
    known("apiKey");
    known("apiKeyId");
  }
  out += ",\"sourceIp\":";
  append_json_string(out, exchange.request.remote_address);
  out +=
      R"(,"principalOrgId":null,"cognitoAuthenticationType":null,"cognitoAuthenticationProvider":null)";
  known("accessKey");
  known("userArn");
  out += ",\"userAgent\":";
  append_user_agent(out, exchange.request);
  known("user");
  out += '}';
}

void append_context(std::string& out, const Exchange& exchange) {
  const auto& table = *exchange.table;
  const auto& request = exchange.request;
  const auto field = [&](std::string_view key, std::string_view value) {
    out += key;
    append_json_string(out, value);
  };
  const std::string_view domain = request.host();
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(exchange.received.time_since_epoch());
  out += exchange.route->context_head;
  append_json_string(out, request.method);
  field(",\"extendedRequestId\":", exchange.extended_id);
  field(",\"requestTime\":", clf_time(exchange.received));
  out += ",\"path\":";
  append_json_string(out, exchange.full_path());
  field(",\"accountId\":", table.account);
  out += ",\"protocol\":\"HTTP/1.1\"";
  field(",\"stage\":", table.stage);
  field(",\"domainPrefix\":", domain.substr(0, domain.find('.')));
  out += ",\"requestTimeEpoch\":";
  std::array<char, 24> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), since_epoch.count()).ptr;
  out.append(digits.data(), static_cast<size_t>(end - digits.data()));
  field(",\"requestId\":", exchange.request_id);
  if (exchange.admission) {
    append_authorizer(out, *exchange.admission);
    append_known_identity(out, exchange);
  } else {
    append_unknown_identity(out, request);
  }
  field(",\"domainName\":", domain);
  out += table.context_tail;
}

void append_body(std::string& out, const Exchange& exchange) {
  const auto& request = exchange.request;
  out += "\"body\":";
  if (request.body.empty()) {
    out += "null,\"isBase64Encoded\":false";
    return;
  }
  const auto& table = *exchange.table;
  if (!table.binary_media_types.empty() && table.is_binary(request.headers.get("content-type"))) {
    out += '"';
    out += base64_encode(request.body);
    out += "\",\"isBase64Encoded\":true";
    return;
  }
  append_json_string(out, request.body);
  out += ",\"isBase64Encoded\":false";
}

// From the path on, up to the context, which every form of the event has.
void append_request(std::string& out, const Exchange& exchange) {
  append_json_string(out, exchange.path);
  out += ",\"httpMethod\":";
  append_json_string(out, exchange.request.method);
  out += ',';
  append_headers(out, exchange);
  out += ',';
  append_query(out, exchange.request.query());
  out += ',';
  append_path_parameters(out, exchange);
  out += ',';
  out += exchange.table->stage_variables_json;
  out += ',';
  append_context(out, exchange);
}

}  // namespace

std::string authorizer_event(const Exchange& exchange, std::string_view method_arn) {
  std::string out = R"({"type":"REQUEST","methodArn":)";
  append_json_string(out, method_arn);
  out += ',';
  out += std::string_view(exchange.route->event_head).substr(1);
  append_request(out, exchange);
  out += '}';
  return out;
}

std::string proxy_event(const Exchange& exchange) {
  size_t estimate = 2048 + exchange.request.body.size() + exchange.request.body.size() / 16;
  for (const auto& header : exchange.request.headers)
    estimate += 2 * (header.name.size() + header.value.size() + 8);
  std::string out;
  out.reserve(estimate);
  out += exchange.route->event_head;
  append_request(out, exchange);
  out += ',';
  append_body(out, exchange);
  out += '}';
  return out;
}

}  // namespace dew::apigateway
