#include "cloud/alarm_runner.h"

#include <fmt/format.h>

#include "net/client.h"

namespace dew::cloud {

namespace {

constexpr std::chrono::seconds kWebhookTimeout{10};
constexpr size_t kWebhookAnswerBytes = 64 * 1024;

}  // namespace

void AlarmRunner::run(cloudwatch::AlarmAction action, ClockHold hold,
                      std::move_only_function<void(Result<void>)> done) {
  {
    const std::scoped_lock lock(mutex_);
    ++running_;
  }
  // The store and the network may take their time: not on the clock's thread.
  workers_.post(
      [this, action = std::move(action), hold = std::move(hold), done = std::move(done)]() mutable {
        done(action.action.starts_with("arn:aws:lambda:") ? invoke(action) : post(action));
        hold.reset();
        const std::scoped_lock lock(mutex_);
        if (--running_ == 0) idle_.notify_all();
      });
}

void AlarmRunner::wait() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return running_ == 0; });
}

Result<void> AlarmRunner::invoke(const cloudwatch::AlarmAction& action) {
  lambda::InvokeRequest request;
  request.function = action.action;
  request.payload = json::dump(action.event);
  request.principal = "lambda.alarms.cloudwatch.amazonaws.com";
  request.source_arn = action.alarm_arn;
  return lambda_->invoke_event(std::move(request));
}

Result<void> AlarmRunner::post(const cloudwatch::AlarmAction& action) {
  if (webhook_.empty()) {
    return fail(ErrorKind::kUnavailable,
                "Dewpoint invokes functions only; --alarm-webhook URL takes everything else");
  }
  TRY(const auto url, net::Url::parse(webhook_));
  json::Object body = action.event;
  body["action"] = action.action;
  http::Request request;
  request.method = "POST";
  request.headers.add("Content-Type", "application/json");
  request.body = json::dump(body);
  net::ClientOptions options;
  options.timeout = kWebhookTimeout;
  options.body_bytes = kWebhookAnswerBytes;
  net::Client client(options);
  TRY(const auto answer, client.send(url, request));
  if (answer.status >= 300)
    return fail(ErrorKind::kUnavailable,
                fmt::format("the webhook answered with the status {}", answer.status));
  return {};
}

}  // namespace dew::cloud
