// Which operations exist here. Filled while the cloud is composed, read-only afterwards.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "aws/call.h"

namespace dew::aws {

class Registry {
 public:
  struct Entry {
    Run run = Run::kWorker;
    Handler handler;  // one of the two
    AsyncHandler async;
  };

  void add(std::string service, std::string operation, Run run, Handler handler) {
    entries_[{std::move(service), std::move(operation)}] = Entry{run, std::move(handler), nullptr};
  }
  void add_async(std::string service, std::string operation, AsyncHandler handler) {
    entries_[{std::move(service), std::move(operation)}] =
        Entry{Run::kInline, nullptr, std::move(handler)};
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
