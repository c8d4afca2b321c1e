#include "cloud/otlp_exporter.h"

#include <fmt/format.h>

#include "base/log.h"
#include "cloud/otlp_spans.h"

namespace dew::cloud {

namespace {

constexpr std::chrono::seconds kSendTimeout{5};
constexpr std::chrono::minutes kSayAgain{1};

}  // namespace

Result<std::unique_ptr<OtlpExporter>> OtlpExporter::open(const std::string& url) {
  auto parsed = net::Url::parse(url);
  if (!parsed) {
    return fail(ErrorKind::kInvalid, fmt::format("--otlp {}: {}", url, parsed.error().message));
  }
  if (parsed->target == "/") parsed->target = "/v1/traces";
  return std::make_unique<OtlpExporter>(*std::move(parsed));
}

OtlpExporter::OtlpExporter(net::Url url)
    : url_(std::move(url)),
      client_({.connect_timeout = std::chrono::seconds(2), .timeout = kSendTimeout}),
      thread_([this] { run(); }) {}

OtlpExporter::~OtlpExporter() { stop(); }

void OtlpExporter::add(const std::vector<xray::Segment>& segments) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return;
    for (const auto& segment : segments) queue_.push_back(segment);
    while (queue_.size() > kMaxQueued) {
      queue_.pop_front();
      ++overflowed_;
    }
  }
  wake_.notify_one();
}

void OtlpExporter::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::vector<xray::Segment> batch;
    while (!queue_.empty() && batch.size() < kMaxBatch) {
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    const size_t overflowed = std::exchange(overflowed_, 0);
    lock.unlock();
    if (overflowed > 0) lost(overflowed, "the collector is too slow");
    send(batch);
    lock.lock();
  }
}

void OtlpExporter::send(const std::vector<xray::Segment>& batch) {
  const std::string body = otlp_request(batch);
  if (body.empty()) return;
  auto pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    const Sent sent = post(body);
    if (sent == Sent::kYes) return;
    if (sent == Sent::kRefused) return lost(batch.size(), "the collector refused them");
    std::unique_lock lock(mutex_);
    if (stopping_ || attempt == kMaxAttempts) {
      lock.unlock();
      return lost(batch.size(), "the collector does not answer");
    }
    wake_.wait_for(lock, pause, [&] { return stopping_; });
    pause = std::min(pause * 2, kLongestPause);
  }
}

OtlpExporter::Sent OtlpExporter::post(const std::string& body) {
  http::Request request;
  request.method = "POST";
  request.headers.add("Content-Type", "application/json");
  request.body = body;
  const auto response = client_.send(url_, request);
  if (!response) return Sent::kAgain;
  switch (response->status) {
    case 429:
    case 502:
    case 503:
    case 504:
      return Sent::kAgain;
    default:
      return response->status < 300 ? Sent::kYes : Sent::kRefused;
  }
}

// Used by the sending thread only.
void OtlpExporter::lost(size_t count, std::string_view why) {
  lost_ += count;
  const auto now = std::chrono::steady_clock::now();
  if (said_ != std::chrono::steady_clock::time_point() && now - said_ < kSayAgain) return;
  log::warn("{} trace segments were not sent to {}:{}: {}", std::exchange(lost_, 0), url_.host,
            url_.port, why);
  said_ = now;
}

void OtlpExporter::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace dew::cloud
