// OtlpExporter: sends every segment to an OpenTelemetry collector as well, in the background.
// opentelemetry.io/docs/specs/otlp/#otlphttp
//
// add() queues and returns; one thread sends batches over one connection. What the collector does
// not take for now (no answer, 429, 502, 503, 504) is sent again with growing pauses, kMaxAttempts
// times; what it refuses is dropped. Past kMaxQueued segments the oldest are dropped: a collector
// that is away must not take the memory. The log says what was dropped, once a minute at most.
//
// Thread-safe. stop() sends what is queued once, within its deadline, and joins.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/client.h"
#include "services/xray/segment.h"

namespace dew::cloud {

class OtlpExporter {
 public:
  static constexpr size_t kMaxQueued = 8192;
  static constexpr size_t kMaxBatch = 512;
  static constexpr int kMaxAttempts = 6;
  static constexpr std::chrono::milliseconds kFirstPause{250};
  static constexpr std::chrono::milliseconds kLongestPause{8000};

  // http or https; an error says what is wrong with the URL.
  static Result<std::unique_ptr<OtlpExporter>> open(const std::string& url);
  explicit OtlpExporter(net::Url url);
  ~OtlpExporter();

  void add(const std::vector<xray::Segment>& segments);
  void stop();

 private:
  enum class Sent { kYes, kRefused, kAgain };
  void run();
  void send(const std::vector<xray::Segment>& batch);
  Sent post(const std::string& body);
  void lost(size_t count, std::string_view why);

  const net::Url url_;
  net::Client client_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<xray::Segment> queue_;
  size_t overflowed_ = 0;
  bool stopping_ = false;
  size_t lost_ = 0;
  std::chrono::steady_clock::time_point said_;
  std::thread thread_;
};

}  // namespace dew::cloud
