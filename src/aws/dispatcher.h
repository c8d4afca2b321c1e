// Dispatcher: the front door of all AWS APIs. One HTTP request in, one response out: which service
// and operation (router.h), who calls (authenticate.h), the input parsed by the service's protocol
// and checked against its model (protocol.h, validate.h), the registered handler, and the answer
// rendered - held back until the writes it acknowledges are durable.
//
// It is also the Caller through which services use one another: the same check and the same
// handlers, without the wire.
//
// Threads: handle() runs on an io thread and never blocks. A Run::kInline handler runs right there,
// without a thread hop; Run::kWorker ones on the workers; asynchronous ones complete from any
// thread. call() runs its handler on the calling thread and blocks until it is done and durable.
//
// A handler that throws is our bug: it is caught here and nowhere else, logged, and answered with
// InternalFailure.
//
// References outlive the dispatcher. It must outlive every call in flight: drain the server and
// join the workers before it goes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "aws/authenticate.h"
#include "aws/call_tracer.h"
#include "aws/caller.h"
#include "aws/credentials.h"
#include "aws/registry.h"
#include "base/clock.h"
#include "net/http.h"
#include "net/loop.h"

namespace dew::aws {

// Calls back once, from any thread, when everything that the calling thread has committed is
// durable: at once when it has committed nothing. An error means that the write must not be
// acknowledged.
using DurabilityGate = std::function<void(std::move_only_function<void(Result<void>)>)>;

struct DispatcherOptions {
  const Registry& registry;
  const Clock& clock;
  net::Workers& workers;
  AuthPolicy auth;                          // the account and its region, too
  DurabilityGate durable;                   // empty: everything counts as durable at once
  CredentialSource* credentials = nullptr;  // null: no key is known
  Authorizer* authorizer = nullptr;         // null: everything is allowed
};

class Dispatcher final : public Caller {
 public:
  explicit Dispatcher(DispatcherOptions options);
  ~Dispatcher() override;

  // Before the first request: the services that implement these need the dispatcher themselves.
  void set_credentials(CredentialSource* credentials);
  void set_authorizer(Authorizer* authorizer);
  void set_call_tracer(CallTracer* tracer);  // of calls on the wire; null: none

  void handle(http::Request request, http::Responder respond);
  // An http::BodySinkFactory: a place for the large body of an operation that takes it as a stream,
  // once the head says that its sender may. Null for every other request.
  std::shared_ptr<http::BodySink> body_sink(const http::Request& head);

  ApiResult<json::Value> call(const Identity& identity, std::string_view service,
                              std::string_view operation, json::Object input) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dew::aws
