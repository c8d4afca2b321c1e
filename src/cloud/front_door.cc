#include "cloud/front_door.h"

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
  if (request.target.starts_with("/_dew"))
    return admin_.handle(std::move(request), std::move(respond));
  dispatcher_.handle(std::move(request), std::move(respond));
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
