#include "cloud/front_door.h"

#include "aws/router.h"
#include "cloud/browser_guard.h"

namespace dew::cloud {

void FrontDoor::handle(http::Request request, http::Responder respond) {
  if (auto address = apigateway::data_plane_address(request)) {
    return apigateway_.handle(std::move(request), std::move(respond), std::move(*address));
  }
  if (!allowed_from_browser(request)) {
    return respond(http::Response::json(
        403,
        R"({"message":"A web page of another origin must not call this endpoint: use a page served from localhost"})"));
  }
  if (request.target.starts_with(cloudformation::kReplyPath))
    return cloudformation_.handle_reply(std::move(request), std::move(respond));
  if (request.target.starts_with("/_dew"))
    return admin_.handle(std::move(request), std::move(respond));
  const bool cross_origin = request.headers.has("origin") || request.method == "OPTIONS";
  if (cross_origin && is_preflight_answered(request, respond)) return;
  dispatcher_.handle(std::move(request), std::move(respond));
}

bool FrontDoor::is_preflight_answered(const http::Request& request,
                                      http::Responder& respond) const {
  const auto bucket = aws::s3_bucket(request);
  if (bucket.empty()) return false;
  auto rules = s3_.cors_rules(bucket);
  if (request.method == "OPTIONS") {
    const bool object = request.path().find('/', 1) != std::string_view::npos;
    respond(s3::preflight(request, rules.get(), object ? "OBJECT" : "BUCKET"));
    return true;
  }
  if (rules == nullptr) return false;
  respond = http::Responder([inner = std::move(respond), rules = std::move(rules),
                             origin = std::string(request.headers.get("origin")),
                             method = request.method](http::Response response) mutable {
    s3::add_cors_headers(*rules, origin, method, response.headers);
    inner(std::move(response));
  });
  return false;
}

std::shared_ptr<http::BodySink> FrontDoor::body_sink(const http::Request& head) {
  // Those that handle() does not give to the dispatcher have no large bodies.
  if (apigateway::data_plane_address(head) || !allowed_from_browser(head) ||
      head.target.starts_with("/_dew")) {
    return nullptr;
  }
  return dispatcher_.body_sink(head);
}

}  // namespace dew::cloud
