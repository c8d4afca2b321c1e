// Which operations exist here. Filled while the cloud is composed, read-only afterwards.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "aws/call.h"

namespace dew::aws {

// Takes an operation's body while it arrives. Destroyed before the operation took it over, nothing
// is left. Used by one thread at a time, never an io thread.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  virtual ApiResult<void> write(std::string_view bytes) = 0;
};
// From the request's head, on an io thread: must not block.
using OpenBody = std::function<std::unique_ptr<BodyWriter>(const http::Request& head)>;

// Runs `then` once it is time to answer, at once or later, on any thread.
using Wait = std::function<void(const Call& call, std::move_only_function<void()> then)>;

class Registry {
 public:
  struct Entry {
    Run run = Run::kWorker;
    Handler handler;  // one of the two
    AsyncHandler async;
    Wait wait;           // before the handler of a call on the wire; others never wait
    OpenBody open_body;  // large bodies go there, and Call::body is set
  };

  void add(std::string service, std::string operation, Run run, Handler handler) {
    auto& entry = entries_[{std::move(service), std::move(operation)}];
    entry.run = run;
    entry.handler = std::move(handler);
  }
  void add_async(std::string service, std::string operation, AsyncHandler handler) {
    auto& entry = entries_[{std::move(service), std::move(operation)}];
    entry.run = Run::kInline;
    entry.async = std::move(handler);
  }
  // Of an operation with an inline handler.
  void wait_on_the_wire(std::string service, std::string operation, Wait wait) {
    entries_[{std::move(service), std::move(operation)}].wait = std::move(wait);
  }
  // Of an operation with a handler on the workers.
  void stream_body(std::string service, std::string operation, OpenBody open) {
    entries_[{std::move(service), std::move(operation)}].open_body = std::move(open);
  }
  const Entry* find(std::string_view service, std::string_view operation) const {
    const auto it = entries_.find(Names{service, operation});
    return it == entries_.end() ? nullptr : &it->second;
  }
  const auto& entries() const { return entries_; }

 private:
  using Names = std::pair<std::string_view, std::string_view>;
  struct Less {
    using is_transparent = void;
    bool operator()(Names a, Names b) const { return a < b; }
  };
  std::map<std::pair<std::string, std::string>, Entry, Less> entries_;
};

}  // namespace dew::aws
