// The front door of port 4566: administration under /_dew/, deployed APIs by host or path, AWS's
// APIs otherwise.
#pragma once

#include "aws/dispatcher.h"
#include "cloud/admin.h"
#include "services/apigateway/service.h"

namespace dew::cloud {

class FrontDoor {
 public:
  FrontDoor(aws::Dispatcher& dispatcher, apigateway::Service& apigateway, Admin& admin)
      : dispatcher_(dispatcher), apigateway_(apigateway), admin_(admin) {}

  // An http::Handler.
  void handle(http::Request request, http::Responder respond);
  // An http::BodySinkFactory.
  std::shared_ptr<http::BodySink> body_sink(const http::Request& head);

 private:
  aws::Dispatcher& dispatcher_;
  apigateway::Service& apigateway_;
  Admin& admin_;
};

}  // namespace dew::cloud
