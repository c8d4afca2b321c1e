// Replies: what others tell CloudFormation by a PUT to a URL that it gave them: the answer of a
// custom resource's function (once), and the signals of a wait condition (any number).
//
// On AWS the URL is a presigned one of a bucket of CloudFormation's. Here it is a path of the front
// door with 256 random bits, which are all that is asked for; it ends with what it was made for.
//
//   cfn reply TOKEN            what the URL is for: {"StackId", "Once"}, and the answer, once it
//   came cfn signal TOKEN UNIQUE-ID a wait condition's signal
//
// Hostile input: bodies are limited, signals are counted. Nothing of a body is logged. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "net/http.h"
#include "services/cloudformation/stack_store.h"

namespace dew::cloudformation {

inline constexpr std::string_view kReplyPath = "/_dew/cloudformation/reply/";
// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
inline constexpr size_t kReplyBytes = 4096;
inline constexpr size_t kSignals = 1000;  // of one handle

enum class Reply { kOnce, kSignals };

class Replies {
 public:
  explicit Replies(store::Store& store) : store_(store) {}

  // Makes room for replies, as part of `batch`; gives the token.
  static std::string open(store::Batch& batch, std::string_view stack_id, Reply kind);
  static void close(store::Batch& batch, std::string_view token);
  static std::string url(const services::Config& config, std::string_view token);
  // Of a URL that url() made, whatever the port was then; empty: of another one.
  static std::string token_of(std::string_view url);

  // The answer, as it was sent; nullopt: none yet.
  ApiResult<std::optional<std::string>> answer(std::string_view token) const;
  // Whether there is room for an answer that has not come yet.
  ApiResult<bool> open_for_answer(std::string_view token) const;
  // A request that carries the token is on its way, since an earlier life.
  void note_delivery(std::string token);
  // Whether somebody was given the token: it is on its way, or answered.
  ApiResult<bool> given(std::string_view token) const;
  // By unique id.
  ApiResult<std::map<std::string, json::Object>> signals(std::string_view token) const;

  // One PUT. Committed, not yet durable, when it returns 200.
  http::Response receive(std::string_view token, std::string_view body);

 private:
  http::Response receive_signal(std::string_view token, std::string_view body);

  store::Store& store_;
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> delivered_;
};

}  // namespace dew::cloudformation
