#include "aws/dispatcher.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <semaphore>

#include "aws/auth_errors.h"
#include "aws/body_stream.h"
#include "aws/payload.h"
#include "aws/post_object.h"
#include "aws/protocol.h"
#include "aws/router.h"
#include "aws/sigv4.h"
#include "aws/trace_header.h"
#include "aws/uri.h"
#include "aws/validate.h"
#include "aws/wire_json.h"
#include "base/encoding.h"
#include "base/ids.h"
#include "base/log.h"
#include "net/gzip.h"

namespace dew::aws {

namespace {

// Answers of at least this size are compressed for clients that accept it. Objects of S3 never are.
constexpr size_t kCompressBytes = 4096;

// A body that an operation takes as a stream is one only beyond this size.
constexpr uint64_t kInMemoryBytes = 1024 * 1024;

constexpr std::string_view kUnsupportedOperation =
    "Dewpoint does not implement the operation {} of {} yet";

std::string new_request_id(const ServiceModel* service) {
  constexpr size_t kDynamoDbDigits = 52;
  constexpr size_t kS3Digits = 16;
  if (service && service->name == "dynamodb") return random_upper_alnum(kDynamoDbDigits);
  if (service && service->name == "s3") return random_upper_alnum(kS3Digits);
  return uuid_v4();
}

std::string crc32_text(std::string_view bytes) {
  return std::to_string(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

ApiError internal_failure(std::string detail) {
  return {Error{ErrorKind::kInternal, std::move(detail)}};
}

// One request on its way. Shared, as an asynchronous handler outlives handle().
struct Exchange {
  http::Request request;
  http::Responder respond;
  std::optional<Signature> signature;
  std::optional<PostForm> form;  // of a browser's upload; `request` is then what it stands for
  Route route;
  json::Arena arena;        // of the call's input
  std::string json_output;  // Call::json_output
  Call call;
  std::unique_ptr<CallSpan> span;  // null: not traced
};

// An answer for a request of which not even the service is known.
http::Response render_plain(const ApiError& error) {
  std::string body = R"({"__type":)";
  append_json_string(error.code, body);
  body += ",\"message\":";
  append_json_string(error.message, body);
  body += '}';
  http::Response out = http::Response::json(error.status, std::move(body));
  out.headers.add("x-amzn-RequestId", new_request_id(nullptr));
  out.headers.add("x-amzn-errortype", error.code);
  return out;
}

// What every answer of a service carries, whatever its protocol; the last touch before it is sent.
void finish_response(const ServiceModel& service, const http::Request& request,
                     std::string_view request_id, http::Response& response) {
  const bool s3 = service.name == "s3";
  if (s3) {
    response.headers.set("x-amz-request-id", request_id);
    response.headers.set("x-amz-id-2", base64_encode(fmt::format("dewpoint/{}", request_id)));
    response.headers.set("Server", "AmazonS3");
  } else {
    response.headers.set("x-amzn-RequestId", request_id);
  }
  if (request.method != "HEAD")
    response.headers.erase("Content-Length");  // the server counts for itself
  if (!s3 && response.body.size() >= kCompressBytes && !response.headers.has("Content-Encoding") &&
      http::accepts_gzip(request.headers.get("accept-encoding"))) {
    if (auto packed = http::gzip(response.body); !packed.empty()) {
      response.body = std::move(packed);
      response.headers.set("Content-Encoding", "gzip");
    }
  }
  if (service.name == "dynamodb") {
    // Of the bytes that travel, compressed or not.
    response.headers.set("x-amz-crc32", crc32_text(response.body));
    response.headers.set("Server", "Server");
  }
  if (request.method == "HEAD") response.body.clear();
}

// A presigned URL's x-amz-* parameters are the headers that its maker had: metadata, a checksum, an
// encryption. The signature's own are not among them.
// docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
void take_headers_from_query(http::Request& request) {
  constexpr std::string_view kPrefix = "x-amz-";
  static constexpr std::string_view kOfSignature[] = {
      "x-amz-algorithm",     "x-amz-credential", "x-amz-date",          "x-amz-expires",
      "x-amz-signedheaders", "x-amz-signature",  "x-amz-security-token"};
  for (const auto& parameter : parse_query(request.query())) {
    std::string name = parameter.name;
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (!name.starts_with(kPrefix) || request.headers.has(name) ||
        std::ranges::find(kOfSignature, name) != std::end(kOfSignature)) {
      continue;
    }
    request.headers.add(std::move(name), parameter.value);
  }
}

http::Response health() {
  http::Response out = http::Response::text(200, "healthy: dynamodb.us-east-1.amazonaws.com ");
  out.headers.set("x-amzn-RequestId", new_request_id(nullptr));
  out.headers.set("x-amz-crc32", crc32_text(out.body));
  out.headers.set("Server", "Server");
  return out;
}

}  // namespace

struct Dispatcher::Impl {
  explicit Impl(DispatcherOptions options_)
      : options(std::move(options_)),
        credentials(options.credentials),
        authorizer(options.authorizer) {}

  void handle(http::Request request, http::Responder respond);
  std::shared_ptr<http::BodySink> body_sink(const http::Request& head);
  void handle_streamed(BodyStream& stream, http::Responder respond);
  ApiResult<std::unique_ptr<Intake>> open_form(const std::shared_ptr<Exchange>& exchange) const;
  ApiResult<std::unique_ptr<BodyWriter>> admit_form(Exchange& exchange,
                                                    std::string_view filename) const;
  void serve_form(const std::shared_ptr<Exchange>& exchange);
  void run_streamed(const std::shared_ptr<Exchange>& exchange,
                    ApiResult<std::unique_ptr<BodyWriter>> written);
  ApiResult<void> identify(Exchange& exchange) const;
  void serve(const std::shared_ptr<Exchange>& exchange);
  ApiResult<std::optional<ChunkSigning>> admit(Exchange& exchange) const;
  void begin_span(Exchange& exchange) const;
  ApiResult<void> prepare(Exchange& exchange) const;
  void run(const std::shared_ptr<Exchange>& exchange, const Registry::Entry& entry);
  void answer(Exchange& exchange, ApiResult<json::Value> result) const;
  void send(Exchange& exchange, http::Response response, const ApiError* error = nullptr) const;
  void send_error(Exchange& exchange, const ApiError& error) const;
  void when_durable(std::move_only_function<void(Result<void>)> done) const {
    if (options.durable) {
      options.durable(std::move(done));
    } else {
      done({});
    }
  }

  DispatcherOptions options;
  CredentialSource* credentials;
  Authorizer* authorizer;
  CallTracer* tracer = nullptr;
};

namespace {

// The one place where a handler's exception, a bug of ours, is caught.
ApiResult<json::Value> run_guarded(const Handler& handler, Call& call) {
  try {
    return handler(call);
  } catch (const std::exception& error) {
    return fail(internal_failure(
        fmt::format("{} {} threw: {}", call.service, call.operation, error.what())));
  } catch (...) {
    return fail(internal_failure(fmt::format("{} {} threw", call.service, call.operation)));
  }
}

void run_async_guarded(const AsyncHandler& handler, Call& call, Completion done) {
  // The handler owns the completion and may have called it before it threw: answer once.
  auto once = std::make_shared<std::pair<std::atomic_flag, Completion>>();
  once->second = std::move(done);
  const auto complete = [once](ApiResult<json::Value> result) {
    if (!once->first.test_and_set()) once->second(std::move(result));
  };
  try {
    handler(call, complete);
  } catch (const std::exception& error) {
    complete(fail(internal_failure(
        fmt::format("{} {} threw: {}", call.service, call.operation, error.what()))));
  } catch (...) {
    complete(fail(internal_failure(fmt::format("{} {} threw", call.service, call.operation))));
  }
}

}  // namespace

void Dispatcher::Impl::handle(http::Request request, http::Responder respond) {
  if (const auto sink = std::move(request.sink))
    return handle_streamed(static_cast<BodyStream&>(*sink), std::move(respond));
  auto exchange = std::make_shared<Exchange>();
  exchange->request = std::move(request);
  exchange->respond = std::move(respond);
  exchange->form = open_post_form(exchange->request);
  if (exchange->form) return options.workers.post([this, exchange] { serve_form(exchange); });
  if (auto known = identify(*exchange); !known) return send_error(*exchange, known.error());
  if (exchange->route.health_check) return exchange->respond(health());
  // Operations that may wait also have the large bodies: even reading those is kept off the io
  // thread.
  const Call& call = exchange->call;
  const auto* entry = options.registry.find(call.service, call.operation);
  if (entry->handler && entry->run == Run::kWorker) {
    options.workers.post([this, exchange] { serve(exchange); });
  } else {
    serve(exchange);
  }
}

// Which operation of which service, and whether it is here.
ApiResult<void> Dispatcher::Impl::identify(Exchange& exchange) const {
  auto signature = parse_signature(exchange.request);
  std::optional<SignatureFault> fault;
  if (signature) {
    exchange.signature = *std::move(signature);
  } else {
    fault = std::move(signature).error();
  }
  auto routed = route(exchange.request, exchange.signature ? &*exchange.signature : nullptr);
  if (!routed) {
    exchange.route.service = routed.error().service;
    if (exchange.route.service)
      exchange.route.protocol = request_protocol(*exchange.route.service, exchange.request);
    exchange.call.request_id = new_request_id(exchange.route.service);
    return fail(routed.error().error);
  }
  exchange.route = *std::move(routed);
  if (exchange.route.health_check) return {};

  Call& call = exchange.call;
  call.service = exchange.route.service->name;
  call.operation = exchange.route.operation->name;
  call.request_id = new_request_id(exchange.route.service);
  call.region = exchange.signature && !exchange.signature->region.empty()
                    ? exchange.signature->region
                    : options.auth.region;
  call.http = &exchange.request;
  if (exchange.route.protocol == ProtocolKind::kJson) call.json_output = &exchange.json_output;
  if (exchange.signature) {
    const auto& target = exchange.route.target;
    exchange.signature->resource = target.empty() ? exchange.request.target : target;
  }
  if (fault) return fail(auth_error(*exchange.route.service, *fault));
  if (!options.registry.find(call.service, call.operation)) {
    return fail("NotImplemented", fmt::format(kUnsupportedOperation, call.operation, call.service),
                501);
  }
  return {};
}

// At the head of a large request: who calls and whether they may is settled before a byte is kept.
std::shared_ptr<http::BodySink> Dispatcher::Impl::body_sink(const http::Request& head) {
  const auto bytes = announced_bytes(head);
  if (bytes && *bytes <= kInMemoryBytes) return nullptr;
  auto exchange = std::make_shared<Exchange>();
  exchange->request = head;
  exchange->form = open_post_form(head);
  if (exchange->form) {
    auto intake = open_form(exchange);
    if (!intake) return std::make_shared<BodyStream>(options.workers, intake.error(), exchange);
    return std::make_shared<BodyStream>(options.workers, *std::move(intake), exchange);
  }
  const auto known = identify(*exchange);
  if (!exchange->route.operation) return nullptr;
  const Call& call = exchange->call;
  const auto* entry = options.registry.find(call.service, call.operation);
  if (!entry || !entry->open_body) return nullptr;
  const auto refuse = [&](const ApiError& error) {
    return std::make_shared<BodyStream>(options.workers, error, exchange);
  };
  if (!known) return refuse(known.error());
  auto signing = admit(*exchange);
  if (!signing) return refuse(signing.error());
  auto payload = Payload::open(exchange->request, *std::move(signing));
  if (!payload) return refuse(payload.error());
  if (const auto ready = prepare(*exchange); !ready) return refuse(ready.error());
  return std::make_shared<BodyStream>(
      options.workers,
      std::make_unique<PayloadIntake>(*std::move(payload), entry->open_body(exchange->request)),
      exchange);
}

void Dispatcher::Impl::handle_streamed(BodyStream& stream, http::Responder respond) {
  const auto exchange = std::static_pointer_cast<Exchange>(stream.request());
  exchange->respond = std::move(respond);
  options.workers.post([this, exchange, sink = stream.shared_from_this()] {
    run_streamed(exchange, sink->finish(exchange->request));
  });
}

void Dispatcher::Impl::run_streamed(const std::shared_ptr<Exchange>& exchange,
                                    ApiResult<std::unique_ptr<BodyWriter>> written) {
  if (!written) return send_error(*exchange, written.error());
  Call& call = exchange->call;
  call.body = *std::move(written);
  // Once more: trailers have become headers.
  const ServiceModel& service = *exchange->route.service;
  auto input = protocol(exchange->route.protocol)
                   .parse(service, *exchange->route.operation, exchange->request, exchange->arena);
  if (!input) return send_error(*exchange, input.error());
  json::take_over(call.input, *std::move(input));
  run(exchange, *options.registry.find(call.service, call.operation));
}

// A form is known to be S3's before it is known what it says.
ApiResult<std::unique_ptr<Intake>> Dispatcher::Impl::open_form(
    const std::shared_ptr<Exchange>& exchange) const {
  Route& route = exchange->route;
  route.service = service_model("s3");
  route.protocol = route.service->protocol;
  route.operation = route.service->operation("PutObject");
  Call& call = exchange->call;
  call.service = route.service->name;
  call.operation = route.operation->name;
  call.request_id = new_request_id(route.service);
  call.region = options.auth.region;
  const auto* entry = options.registry.find(call.service, call.operation);
  if (entry == nullptr || !entry->open_body) {
    return fail("NotImplemented", fmt::format(kUnsupportedOperation, "POST Object", call.service),
                501);
  }
  TRY(auto reader, FormReader::open(exchange->request.headers.get("content-type")));
  // The stream holds the exchange as long as it holds the intake.
  return std::make_unique<FormUpload>(std::move(reader), *exchange->form,
                                      [this, form_of = exchange.get()](std::string_view filename) {
                                        return admit_form(*form_of, filename);
                                      });
}

// Before a byte of the file is kept: who signed, what that allows, and whether they may.
ApiResult<std::unique_ptr<BodyWriter>> Dispatcher::Impl::admit_form(
    Exchange& exchange, std::string_view filename) const {
  PostForm& form = *exchange.form;
  Call& call = exchange.call;
  CHECK_OK(complete_form(form, filename));
  TRY(const auto signature, form_signature(form));
  TRY(call.identity,
      authenticate_form(exchange.request, signature ? &*signature : nullptr, form.field("policy"),
                        *exchange.route.service, credentials, options.clock, options.auth));
  if (form.policy)
    CHECK_OK(form.policy->check(form.fields, form.bucket, options.clock.now_seconds()));
  if (signature && !signature->region.empty()) call.region = signature->region;
  TRY(exchange.request, put_request(exchange.request, form));
  call.http = &exchange.request;
  if (tracer != nullptr) begin_span(exchange);
  CHECK_OK(prepare(exchange));
  return options.registry.find(call.service, call.operation)->open_body(exchange.request);
}

void Dispatcher::Impl::serve_form(const std::shared_ptr<Exchange>& exchange) {
  auto intake = open_form(exchange);
  if (!intake) return send_error(*exchange, intake.error());
  // The request is replaced while its body is read.
  const std::string body = std::move(exchange->request.body);
  if (auto fed = (*intake)->feed(body); !fed) return send_error(*exchange, fed.error());
  run_streamed(exchange, (*intake)->finish(exchange->request));
}

void Dispatcher::Impl::serve(const std::shared_ptr<Exchange>& exchange) {
  auto signing = admit(*exchange);
  if (!signing) return send_error(*exchange, signing.error());
  if (is_s3(*exchange->route.service)) {
    if (auto read = read_payload(exchange->request, *std::move(signing)); !read)
      return send_error(*exchange, read.error());
  }
  if (auto ready = prepare(*exchange); !ready) return send_error(*exchange, ready.error());
  const Call& call = exchange->call;
  run(exchange, *options.registry.find(call.service, call.operation));
}

ApiResult<std::optional<ChunkSigning>> Dispatcher::Impl::admit(Exchange& exchange) const {
  TRY(auto caller,
      authenticate(exchange.request, exchange.signature ? &*exchange.signature : nullptr,
                   *exchange.route.service, credentials, options.clock, options.auth));
  exchange.call.identity = std::move(caller.identity);
  if (tracer != nullptr) begin_span(exchange);
  return std::move(caller.signing);
}

// Only now: the header may be signed. What the call leads to is below it in the trace.
void Dispatcher::Impl::begin_span(Exchange& exchange) const {
  exchange.span = tracer->begin(exchange.request, exchange.call.identity.access_key);
  if (!exchange.span) return;
  exchange.request.headers.set(
      "X-Amzn-Trace-Id", trace_header(exchange.span->trace_id, exchange.span->id, Sampled::kYes));
}

// From the wire to a checked Call.
ApiResult<void> Dispatcher::Impl::prepare(Exchange& exchange) const {
  http::Request& request = exchange.request;
  Call& call = exchange.call;
  const ServiceModel& service = *exchange.route.service;
  const Operation& operation = *exchange.route.operation;
  if (!exchange.route.target.empty()) request.target = exchange.route.target;
  if (service.name == "s3" && exchange.signature &&
      exchange.signature->form == Signature::Form::kQuery) {
    take_headers_from_query(request);
  }
  // S3 stores what it is sent, the others read it.
  if (service.name != "s3" && request.headers.get("content-encoding") == "gzip") {
    auto inflated = http::gunzip(request.body, limits::kServiceBodyBytes);
    if (!inflated)
      return fail("SerializationException", "The gzip request body is malformed or too large");
    request.body = *std::move(inflated);
    request.headers.erase("content-encoding");
  }
  TRY(auto input,
      protocol(exchange.route.protocol).parse(service, operation, request, exchange.arena));
  json::take_over(call.input, std::move(input));
  CHECK_OK(validate(service, operation, call.input));
  call.authorizer = authorizer;
  if (authorizer) return authorizer->authorize(call);
  if (call.identity.anonymous) return fail(auth_error(service, AuthFault::kUnsigned));
  return {};
}

void Dispatcher::Impl::run(const std::shared_ptr<Exchange>& exchange,
                           const Registry::Entry& entry) {
  if (entry.wait) {
    return entry.wait(exchange->call, [this, exchange, &entry] {
      answer(*exchange, run_guarded(entry.handler, exchange->call));
    });
  }
  if (entry.handler) return answer(*exchange, run_guarded(entry.handler, exchange->call));
  run_async_guarded(entry.async, exchange->call, [this, exchange](ApiResult<json::Value> result) {
    answer(*exchange, std::move(result));
  });
}

// Rendered on this thread at once; sent when what this thread has written is durable.
void Dispatcher::Impl::answer(Exchange& exchange, ApiResult<json::Value> result) const {
  if (!result) return send_error(exchange, result.error());
  const ServiceModel& service = *exchange.route.service;
  const ReplyTo to{service, exchange.route.operation, exchange.call.request_id, &exchange.request};
  http::Response response = exchange.json_output.empty()
                                ? protocol(exchange.route.protocol).render(to, *result)
                                : json_answer(to, std::move(exchange.json_output));
  if (exchange.call.status != 0) response.status = exchange.call.status;
  if (exchange.form) answer_form(*exchange.form, response);
  response.file = std::move(exchange.call.file);
  send(exchange, std::move(response));
}

void Dispatcher::Impl::send_error(Exchange& exchange, const ApiError& error) const {
  if (!exchange.route.service) return exchange.respond(render_plain(error));
  const ServiceModel& service = *exchange.route.service;
  const ReplyTo to{service, exchange.route.operation, exchange.call.request_id, &exchange.request};
  send(exchange, protocol(exchange.route.protocol).render_error(to, error), &error);
}

void Dispatcher::Impl::send(Exchange& exchange, http::Response response,
                            const ApiError* error) const {
  const ServiceModel& service = *exchange.route.service;
  for (const auto& header : exchange.call.headers) response.headers.set(header.name, header.value);
  finish_response(service, exchange.request, exchange.call.request_id, response);
  if (exchange.span) {
    tracer->end(*exchange.span, exchange.call, response.status,
                response.body.size() + response.file.length, error);
  }
  when_durable([respond = std::move(exchange.respond), response = std::move(response), &service,
                operation = exchange.route.operation, spoken = exchange.route.protocol,
                id = exchange.call.request_id](Result<void> durable) mutable {
    if (durable) return respond(std::move(response));
    http::Response failed = protocol(spoken).render_error(
        {service, operation, id}, internal_failure(durable.error().message));
    finish_response(service, {}, id, failed);
    respond(std::move(failed));
  });
}

Dispatcher::Dispatcher(DispatcherOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
Dispatcher::~Dispatcher() = default;

void Dispatcher::set_credentials(CredentialSource* credentials) {
  impl_->credentials = credentials;
}
void Dispatcher::set_call_tracer(CallTracer* tracer) { impl_->tracer = tracer; }
void Dispatcher::set_authorizer(Authorizer* authorizer) { impl_->authorizer = authorizer; }

std::shared_ptr<http::BodySink> Dispatcher::body_sink(const http::Request& head) {
  return impl_->body_sink(head);
}

void Dispatcher::handle(http::Request request, http::Responder respond) {
  impl_->handle(std::move(request), std::move(respond));
}

ApiResult<json::Value> Dispatcher::call(const Identity& identity, std::string_view service_name,
                                        std::string_view operation_name, json::Object input) {
  const ServiceModel* service = service_model(service_name);
  const Operation* operation = service ? service->operation(operation_name) : nullptr;
  const auto* entry = impl_->options.registry.find(service_name, operation_name);
  if (!operation || !entry) {
    return fail("NotImplemented", fmt::format(kUnsupportedOperation, operation_name, service_name),
                501);
  }
  CHECK_OK(validate(*service, *operation, input));
  Call call;
  call.service = service_name;
  call.operation = operation_name;
  call.region = impl_->options.auth.region;
  call.request_id = new_request_id(service);
  call.identity = identity;
  call.input = std::move(input);
  call.authorizer = impl_->authorizer;
  if (impl_->authorizer) CHECK_OK(impl_->authorizer->authorize(call));

  // Shared with the completion: the thread that releases may still be at it when this one has left.
  struct Wait {
    std::optional<ApiResult<json::Value>> result;
    std::binary_semaphore done{0};
  };
  const auto wait = std::make_shared<Wait>();
  // Whatever thread it ends on, the answer waits for what that thread has written.
  const auto finish = [wait, this](ApiResult<json::Value> outcome) {
    wait->result = std::move(outcome);
    impl_->when_durable([wait](Result<void> durable) {
      if (!durable) wait->result = fail(ApiError(durable.error()));
      wait->done.release();
    });
  };
  if (entry->handler) {
    finish(run_guarded(entry->handler, call));
  } else {
    run_async_guarded(entry->async, call, finish);
  }
  wait->done.acquire();
  return *std::move(wait->result);
}

}  // namespace dew::aws
