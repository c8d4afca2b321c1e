// Bodies: immutable files under <data>/s3/, named by random ids.
//
//   tmp/ID       being written; emptied at start
//   data/xx/ID   complete, xx being the id's first two digits
//
// A body is written to tmp/, synced where asked, and renamed: it is complete as soon as its id is
// known. Thread-safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dew::s3 {

class Bodies {
 public:
  // `directory` is created when absent.
  Bodies(std::string directory, bool fsync);

  // Removes every body that `is_live` does not know, and all of tmp/. Before the first request.
  Result<void> sweep(const std::function<bool(std::string_view id)>& is_live);

  Result<std::string> write(std::string_view bytes);  // the new body's id
  Result<std::string> concatenate(const std::vector<std::string>& ids);
  Result<std::string> link(std::string_view id);  // a second name for the same bytes

  // kNotFound when the body has been removed meanwhile.
  Result<std::string> read(std::string_view id, uint64_t offset, uint64_t length) const;
  void remove(std::string_view id);

 private:
  std::string path(std::string_view id) const;
  Result<std::string> publish(const std::string& id, int descriptor);

  std::string directory_;
  bool fsync_;
};

}  // namespace dew::s3
