#include "cli/api_client.h"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <thread>

#include "base/encoding.h"

namespace dew::cli {

namespace {

constexpr int kXmlDepth = 64;

Xml convert(const pugi::xml_node& node, int depth) {
  Xml out{node.name(), node.text().get(), {}};
  if (depth < kXmlDepth) {
    for (const auto& child : node.children()) {
      if (child.type() == pugi::node_element) out.children.push_back(convert(child, depth + 1));
    }
  }
  return out;
}

// The part of an error code that clients compare: "com.amazonaws.ssm#ParameterNotFound:http://…".
std::string bare_code(std::string_view code) {
  if (const size_t hash = code.rfind('#'); hash != std::string_view::npos)
    code.remove_prefix(hash + 1);
  return std::string(code.substr(0, code.find(':')));
}

CallError error_of(const http::Response& response) {
  CallError error{"", "", response.status};
  if (const auto body = json::parse(response.body); body && body->is_object()) {
    const auto& object = body->get_object();
    error.code = bare_code(json::string_or(object, "__type"));
    error.message = json::string_or(object, "message", json::string_or(object, "Message"));
  } else if (response.body.starts_with('<')) {
    const Xml xml = parse_xml(response.body);
    const Xml* found = xml.name == "Error" ? &xml : xml.find("Error");
    if (found) error = {found->value("Code"), found->value("Message"), response.status};
  }
  if (error.code.empty()) error.code = bare_code(response.headers.get("x-amzn-errortype"));
  if (error.code.empty()) error.code = fmt::format("HTTP {}", response.status);
  if (error.message.empty())
    error.message = fmt::format("the server answered with status {}", response.status);
  return error;
}

// Nothing was done, and the same may be tried again:
// docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
bool is_throttled(const CallError& error) {
  static constexpr std::string_view kCodes[] = {"Throttling",
                                                "ThrottlingException",
                                                "ThrottledException",
                                                "RequestThrottled",
                                                "RequestThrottledException",
                                                "TooManyRequestsException",
                                                "RequestLimitExceeded",
                                                "BandwidthLimitExceeded",
                                                "SlowDown",
                                                "PriorRequestNotComplete"};
  return std::find(std::begin(kCodes), std::end(kCodes), error.code) != std::end(kCodes);
}

bool is_expired(const CallError& error) {
  return error.code == "ExpiredToken" || error.code == "ExpiredTokenException";
}

CallError malformed(std::string_view what) {
  return {"MalformedAnswer", fmt::format("the answer is no {}", what), 0};
}

}  // namespace

Error CallError::to_error() const {
  return {unreachable() ? ErrorKind::kUnavailable : ErrorKind::kInvalid,
          unreachable() ? message : fmt::format("{}: {}", code, message)};
}

const Xml* Xml::find(std::string_view dotted_path) const {
  const Xml* node = this;
  while (!dotted_path.empty()) {
    const size_t dot = std::min(dotted_path.find('.'), dotted_path.size());
    const std::string_view wanted = dotted_path.substr(0, dot);
    dotted_path.remove_prefix(std::min(dot + 1, dotted_path.size()));
    const auto it = std::find_if(node->children.begin(), node->children.end(),
                                 [&](const Xml& child) { return child.name == wanted; });
    if (it == node->children.end()) return nullptr;
    node = &*it;
  }
  return node;
}

std::string Xml::value(std::string_view dotted_path) const {
  const Xml* found = find(dotted_path);
  return found ? found->text : std::string();
}

Xml parse_xml(std::string_view text) {
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size(), pugi::parse_default)) return {};
  return convert(document.document_element(), 0);
}

ApiClient::ApiClient(std::string endpoint, std::string region, Credentials credentials)
    : ApiClient(Destination::endpoint(std::move(endpoint)), std::move(region),
                [known = std::move(credentials)]() -> Result<Credentials> { return known; }) {}

ApiClient::ApiClient(Destination destination, std::string region, CredentialsSource credentials)
    : destination_(std::move(destination)),
      region_(std::move(region)),
      source_(std::move(credentials)),
      client_(net::ClientOptions{.timeout = std::chrono::minutes(15)}) {}

CallResult<http::Response> ApiClient::send(http::Request request, std::string_view service) {
  constexpr int kAttempts = 6;
  std::chrono::milliseconds pause{200};
  for (int attempt = 1;; ++attempt) {
    auto response = send_once(request, service);
    if (response || attempt >= kAttempts) return response;
    if (is_expired(response.error()) && attempt == 1) {
      credentials_.reset();
    } else if (is_throttled(response.error())) {
      std::this_thread::sleep_for(pause);
      pause *= 2;
    } else {
      return response;
    }
  }
}

CallResult<http::Response> ApiClient::send_once(http::Request request, std::string_view service) {
  const std::string base = destination_.url(service);
  const auto url = net::Url::parse(base + request.target);
  if (!url)
    return std::unexpected(CallError{
        "Unreachable", fmt::format("the endpoint {} is no URL: {}", base, url.error().message), 0});
  if (!service.empty()) {
    if (!credentials_) {
      auto found = source_();
      if (!found) return std::unexpected(CallError{"NoCredentials", found.error().message, 0});
      credentials_ = std::move(*found);
    }
    const bool usual = url->port == (url->scheme == "https" ? 443 : 80);
    const std::string host = usual ? url->host : fmt::format("{}:{}", url->host, url->port);
    sign(request, host, *credentials_, region_, service, clock_.now());
  }
  auto response = client_.send(*url, request);
  if (!response) {
    return std::unexpected(CallError{
        "Unreachable",
        destination_.is_aws()
            ? fmt::format("AWS does not answer at {} ({})", base, response.error().message)
            : fmt::format("no cloud answers at {} ({}): start one with `dew up` or `dew serve`, or "
                          "name another with --endpoint",
                          base, response.error().message),
        0});
  }
  if (response->status >= 400) return std::unexpected(error_of(*response));
  return std::move(*response);
}

CallResult<json::Object> ApiClient::json(std::string_view service, std::string_view target,
                                         std::string_view operation, json::Object input) {
  http::Request request;
  request.method = "POST";
  request.target = "/";
  request.headers.add("Content-Type", "application/x-amz-json-1.1");
  request.headers.add("X-Amz-Target", fmt::format("{}.{}", target, operation));
  request.body = json::dump(input);
  TRY(const auto response, send(std::move(request), service));
  if (response.body.empty()) return json::Object{};
  auto body = json::parse(response.body);
  if (!body || !body->is_object()) return std::unexpected(malformed("JSON object"));
  return std::move(body->get_object());
}

CallResult<Xml> ApiClient::query(std::string_view service, std::string_view version,
                                 std::string_view action, Parameters parameters) {
  http::Request request;
  request.method = "POST";
  request.target = "/";
  request.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  request.body = fmt::format("Action={}&Version={}", action, version);
  for (const auto& [name, value] : parameters)
    request.body += fmt::format("&{}={}", url_encode(name), url_encode(value));
  TRY(const auto response, send(std::move(request), service));
  Xml xml = parse_xml(response.body);
  if (xml.name.empty()) return std::unexpected(malformed("XML"));
  return xml;
}

CallResult<http::Response> ApiClient::rest(std::string_view service, std::string_view method,
                                           std::string target, http::Headers headers,
                                           std::string body) {
  http::Request request;
  request.method = method;
  request.target = std::move(target);
  request.headers = std::move(headers);
  request.body = std::move(body);
  return send(std::move(request), service);
}

CallResult<json::Object> ApiClient::admin(std::string_view method, std::string target,
                                          const json::Object* body) {
  http::Request request;
  request.method = method;
  request.target = std::move(target);
  if (body) {
    request.headers.add("Content-Type", "application/json");
    request.body = json::dump(*body);
  }
  TRY(const auto response, send(std::move(request), ""));
  auto answer = json::parse(response.body);
  if (!answer || !answer->is_object()) return std::unexpected(malformed("JSON object"));
  return std::move(answer->get_object());
}

}  // namespace dew::cli
