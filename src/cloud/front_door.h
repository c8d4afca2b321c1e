// The front door of port 4566: administration and answers to stacks under /_dew/, deployed APIs by
// host or path, AWS's APIs otherwise.
#pragma once

#include "aws/dispatcher.h"
#include "cloud/admin.h"
#include "services/apigateway/service.h"
#include "services/cloudformation/service.h"
#include "services/s3/service.h"

namespace dew::cloud {

class FrontDoor {
 public:
  FrontDoor(aws::Dispatcher& dispatcher, apigateway::Service& apigateway,
            cloudformation::Service& cloudformation, const s3::Service& s3, Admin& admin)
      : dispatcher_(dispatcher),
        apigateway_(apigateway),
        cloudformation_(cloudformation),
        s3_(s3),
        admin_(admin) {}

  // An http::Handler.
  void handle(http::Request request, http::Responder respond);
  // An http::BodySinkFactory.
  std::shared_ptr<http::BodySink> body_sink(const http::Request& head);

 private:
  // Of a request with an Origin, or a preflight: answered here, or its answer gets its headers.
  bool is_preflight_answered(const http::Request& request, http::Responder& respond) const;

  aws::Dispatcher& dispatcher_;
  apigateway::Service& apigateway_;
  cloudformation::Service& cloudformation_;
  const s3::Service& s3_;
  Admin& admin_;
};

}  // namespace dew::cloud
