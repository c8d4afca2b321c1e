#include "aws/router.h"

#include <fmt/format.h>

#include "aws/protocol_query.h"
#include "aws/uri.h"
#include "base/encoding.h"

namespace dew::aws {

namespace {

// The ends of host names under which AWS's services, or a local stand-in for them, are reached.
constexpr std::string_view kHostSuffixes[] = {".amazonaws.com.cn", ".amazonaws.com", ".api.aws",
                                              ".localhost.localstack.cloud", ".localhost"};

struct HostService {
  std::string_view service;  // botocore's name; empty: none recognized
  std::string_view bucket;   // S3, virtual-host style
};

// `suffix`: what the host ends in; only AWS itself has names such as s3-us-west-2.
std::string_view service_of_label(std::string_view label, std::string_view suffix) {
  if (label == "ddb")
    return "dynamodb";  // account-based endpoints: 123456789012.ddb.us-east-1.amazonaws.com
  if (label.starts_with("s3-") && suffix.find("amazonaws") != std::string_view::npos) return "s3";
  for (const auto& model : embedded_models()) {
    if (model.endpoint_prefix == label || model.name == label) return model.name;
  }
  return {};
}

// From the right, as a bucket's name may be that of a service: lambda.s3.us-east-1.amazonaws.com.
HostService service_of_host(std::string_view host) {
  for (const auto suffix : kHostSuffixes) {
    if (!host.ends_with(suffix)) continue;
    std::string_view rest = host.substr(0, host.size() - suffix.size());
    while (true) {
      const size_t dot = rest.rfind('.');
      const std::string_view label = dot == std::string_view::npos ? rest : rest.substr(dot + 1);
      const auto service = service_of_label(label, suffix);
      const std::string_view before =
          dot == std::string_view::npos ? std::string_view{} : rest.substr(0, dot);
      if (!service.empty()) return {service, service == "s3" ? before : std::string_view{}};
      if (dot == std::string_view::npos) return {};
      rest = before;
    }
  }
  return {};
}

const ModelInfo* info_by_target(std::string_view target) {
  const std::string_view prefix = target.substr(0, target.find('.'));
  for (const auto& model : embedded_models()) {
    if (!model.target_prefix.empty() && model.target_prefix == prefix) return &model;
  }
  return nullptr;
}

const ModelInfo* info_by_scope(std::string_view signing_name) {
  for (const auto& model : embedded_models()) {
    if (model.signing_name == signing_name) return &model;
  }
  return nullptr;
}

// rpc-v2-cbor: /service/NAME/operation/OPERATION, where NAME is the target prefix.
struct RpcPath {
  std::string_view service;
  std::string_view operation;
};
std::optional<RpcPath> rpc_path(const http::Request& request) {
  if (request.headers.get("smithy-protocol") != "rpc-v2-cbor") return std::nullopt;
  const auto parts = split_path(request.path());
  const std::string_view path = request.path();
  const size_t service = path.find("/service/");
  const size_t operation = path.find("/operation/");
  if (parts.size() != 4 || service != 0 || operation == std::string_view::npos) return std::nullopt;
  constexpr size_t kService = 9;     // "/service/"
  constexpr size_t kOperation = 11;  // "/operation/"
  return RpcPath{path.substr(kService, operation - kService), path.substr(operation + kOperation)};
}

bool is_form(const http::Request& request) {
  return request.headers.get("content-type").starts_with("application/x-www-form-urlencoded");
}

// The form may be in the body of a POST or in the query string.
std::string action_field(const http::Request& request, std::string_view name) {
  std::string out;
  if (is_form(request) || request.method == "POST") out = form_field(request.body, name);
  if (out.empty()) out = form_field(request.query(), name);
  return out;
}

const ModelInfo* info_by_form(const http::Request& request) {
  if (!is_form(request) && request.query().find("Action=") == std::string_view::npos)
    return nullptr;
  const std::string version = action_field(request, "Version");
  if (version.empty()) return nullptr;
  for (const auto& model : embedded_models()) {
    if (model.protocol == "query" && model.api_version == version) return &model;
  }
  return nullptr;
}

const ServiceModel* service_by_path(const http::Request& request) {
  for (const auto& model : embedded_models()) {
    if (model.protocol != "rest-json") continue;
    const auto* service = service_model(model.name);
    if (service && match_operation(*service, request, request.target)) return service;
  }
  return nullptr;
}

bool fixed_query_matches(const UriTemplate& uri, const std::vector<QueryParameter>& query) {
  for (const auto& [name, value] : uri.query) {
    const auto* found = find_parameter(query, name);
    if (!found || (value && found->value != *value)) return false;
  }
  return true;
}

// How particular an operation is about this request; the most particular one is meant. Literal
// segments weigh most, then fixed query parameters, then S3's required ones (UploadPart is a
// PutObject with uploadId, CopyObject one with x-amz-copy-source). -1: it lacks something that
// tells it from others.
int specificity(const ServiceModel& service, const Operation& operation,
                const http::Request& request, const std::vector<QueryParameter>& query) {
  int out = 0;
  for (const auto& segment : operation.uri.segments) {
    if (segment.kind == UriTemplate::Segment::Kind::kLiteral) out += 10'000;
    if (segment.kind == UriTemplate::Segment::Kind::kLabel) out += 1'000;
  }
  out += 10 * static_cast<int>(operation.uri.query.size());
  if (service.name != "s3" || !operation.input) return out;
  for (const Member& member : operation.input.shape->members) {
    if (!member.required) continue;
    if (member.location == Location::kQuery) {
      if (!find_parameter(query, member.wire_name)) return -1;
      ++out;
    } else if (member.location == Location::kHeader) {
      if (!request.headers.has(member.wire_name)) return -1;
      ++out;
    }
  }
  return out;
}

std::expected<const Operation*, ApiError> find_operation(const ServiceModel& service,
                                                         const http::Request& request,
                                                         std::string_view target) {
  switch (request_protocol(service, request)) {
    case ProtocolKind::kRpcCbor: {
      const auto name = rpc_path(request)->operation;
      if (const auto* found = service.operation(name)) return found;
      return fail("UnknownOperationException",
                  fmt::format("{} has no operation {}", service.name, name), 404);
    }
    case ProtocolKind::kJson: {
      const std::string_view full = request.headers.get("x-amz-target");
      const size_t dot = full.rfind('.');
      const std::string_view name = dot == std::string_view::npos ? full : full.substr(dot + 1);
      if (const auto* found = service.operation(name)) return found;
      if (full.empty())
        return fail("UnknownOperationException", "The request has no X-Amz-Target header");
      return fail("UnknownOperationException",
                  fmt::format("{} has no operation {}", service.name, name));
    }
    case ProtocolKind::kQuery: {
      const std::string name = action_field(request, "Action");
      if (const auto* found = service.operation(name)) return found;
      if (name.empty())
        return fail("MissingAction", "The request must contain the parameter Action");
      return fail("InvalidAction",
                  fmt::format("The action {} is not valid for this web service.", name));
    }
    default:
      break;
  }
  if (const auto* found = match_operation(service, request, target)) return found;
  const std::string_view path = target.substr(0, target.find('?'));
  if (service.name == "s3") {
    return fail("MethodNotAllowed",
                fmt::format("The specified method is not allowed against this resource: {} {}",
                            request.method, path),
                405);
  }
  return fail("UnknownOperationException",
              fmt::format("{} has no operation {} {}", service.name, request.method, path), 404);
}

struct Found {
  const ServiceModel* service = nullptr;
  std::string_view bucket;
};

// Of BUCKET.localhost; empty for any other host.
std::string_view local_bucket(const http::Request& request) {
  constexpr std::string_view kSuffix = ".localhost";
  const auto host = request.host();
  return host.ends_with(kSuffix) ? host.substr(0, host.size() - kSuffix.size())
                                 : std::string_view();
}

std::expected<Found, RouteFailure> find_service(const http::Request& request,
                                                const Signature* signature) {
  const std::string_view target = request.headers.get("x-amz-target");
  const auto host = service_of_host(request.host());
  const auto by_name = [&](std::string_view name) {
    return Found{service_model(name), host.bucket};
  };
  if (signature && !signature->service.empty()) {
    if (const auto* info = info_by_scope(signature->service)) {
      Found found = by_name(info->name);
      if (host.service != "s3") found.bucket = {};
      // BUCKET.localhost has no "s3" in it, but the scope says so.
      if (info->name == "s3" && host.service != "s3") found.bucket = local_bucket(request);
      return found;
    }
    return std::unexpected(RouteFailure{
        nullptr, ApiError("NotImplemented",
                          fmt::format("Dewpoint has no service {}",
                                      std::string_view(signature->service).substr(0, 64)),
                          501)});
  }
  if (signature && signature->version == Signature::Version::k2) {
    Found found = by_name("s3");
    if (host.service != "s3") found.bucket = local_bucket(request);
    return found;
  }
  if (const auto* info = info_by_target(target)) return by_name(info->name);
  if (const auto rpc = rpc_path(request)) {
    if (const auto* info = info_by_target(rpc->service)) return by_name(info->name);
  }
  if (!host.service.empty()) return by_name(host.service);
  if (const auto* info = info_by_form(request)) return by_name(info->name);
  if (const auto* service = service_by_path(request)) return Found{service, {}};
  // What is left can only be S3's: an unsigned request for an object.
  if (target.empty() && !split_path(request.path()).empty()) return by_name("s3");
  return std::unexpected(RouteFailure{
      nullptr,
      ApiError(
          "UnknownOperationException",
          fmt::format("No AWS service is recognized in {} {}: the request has no credential scope, "
                      "X-Amz-Target, service host or Action",
                      request.method, request.path()),
          404)});
}

}  // namespace

ProtocolKind request_protocol(const ServiceModel& service, const http::Request& request) {
  if (service.protocol != ProtocolKind::kQuery || service.target_prefix.empty())
    return service.protocol;
  if (rpc_path(request)) return ProtocolKind::kRpcCbor;
  return request.headers.has("x-amz-target") ? ProtocolKind::kJson : ProtocolKind::kQuery;
}

const Operation* match_operation(const ServiceModel& service, const http::Request& request,
                                 std::string_view target) {
  const size_t mark = target.find('?');
  const std::string_view path = target.substr(0, mark);
  const auto query =
      parse_query(mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1));
  const auto segments = split_path(path);
  const Operation* best = nullptr;
  int best_score = -1;
  for (const auto& [name, operation] : service.operations()) {
    if (operation->method != request.method || !path_matches(operation->uri, segments)) continue;
    if (!fixed_query_matches(operation->uri, query)) continue;
    const int score = specificity(service, *operation, request, query);
    if (score > best_score) {
      best = operation.get();
      best_score = score;
    }
  }
  return best;
}

std::string s3_bucket(const http::Request& request) {
  http::Request real;
  real.method = request.method;
  if (request.method == "OPTIONS")
    real.method = request.headers.get("access-control-request-method");
  real.target = request.target;
  real.headers = request.headers;
  const auto signature = parse_signature(real);
  const auto found = find_service(real, signature && *signature ? &**signature : nullptr);
  if (!found || found->service == nullptr || found->service->name != "s3") return {};
  if (!found->bucket.empty()) return std::string(found->bucket);
  const auto segments = split_path(real.path());
  return segments.empty() ? std::string() : url_decode(segments[0]).value_or("");
}

std::expected<Route, RouteFailure> route(const http::Request& request, const Signature* signature) {
  Route out;
  const bool root_get = request.method == "GET" && request.path() == "/";
  if (root_get && !signature) {
    const auto host = service_of_host(request.host());
    if (host.service == "dynamodb" || (host.service.empty() && request.query().empty())) {
      out.health_check = true;
      return out;
    }
  }
  auto found = find_service(request, signature);
  if (!found) return std::unexpected(std::move(found).error());
  out.service = found->service;
  out.protocol = request_protocol(*out.service, request);
  if (root_get && out.service->name == "dynamodb") {
    out.health_check = true;
    return out;
  }
  if (!found->bucket.empty()) {
    out.target = "/" + std::string(found->bucket) +
                 (request.path() == "/" ? "" : std::string(request.path()));
    if (!request.query().empty()) out.target += "?" + std::string(request.query());
  }
  auto operation =
      find_operation(*out.service, request, out.target.empty() ? request.target : out.target);
  if (!operation) return std::unexpected(RouteFailure{out.service, std::move(operation).error()});
  out.operation = *operation;
  return out;
}

}  // namespace dew::aws
