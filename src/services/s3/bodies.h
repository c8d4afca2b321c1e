// Bodies: immutable files under <data>/s3/, named by random ids.
//
//   tmp/ID       being written; emptied at start
//   data/xx/ID   complete, xx being the id's first two digits
//
// A body is written to tmp/, synced where asked, and renamed: it is complete as soon as its id is
// known. Bodies are never in memory as a whole, unless somebody asks for that (read). Thread-safe;
// a BodyFile is used by one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "net/http.h"

namespace dew::s3 {

class Bodies;

// A body in the making. Destroyed unpublished, nothing is left of it. The file is made by the first
// write, so that making one costs nothing.
class BodyFile {
 public:
  explicit BodyFile(std::shared_ptr<const Bodies> bodies) : bodies_(std::move(bodies)) {}
  BodyFile(const BodyFile&) = delete;
  ~BodyFile();

  Result<void> write(std::string_view bytes);
  // Its id, from now on.
  Result<std::string> publish();

 private:
  Result<void> open();

  std::shared_ptr<const Bodies> bodies_;
  std::string id_;  // empty: no file yet, or it is published
  int descriptor_ = -1;
};

class Bodies {
 public:
  // `directory` is created when absent.
  Bodies(std::string directory, bool fsync);

  // Removes every body that `is_live` does not know, and all of tmp/. Before the first request.
  Result<void> sweep(const std::function<bool(std::string_view id)>& is_live);

  Result<std::string> link(std::string_view id);  // a second name for the same bytes

  // kNotFound when the body has been removed meanwhile.
  Result<std::string> read(std::string_view id, uint64_t offset, uint64_t length) const;
  // For sending it; good for as long as it is held, whoever removes the body.
  Result<http::FileSlice> open(std::string_view id, uint64_t offset, uint64_t length) const;
  // Hands out the bytes in pieces.
  Result<void> each(std::string_view id, uint64_t offset, uint64_t length,
                    const std::function<Result<void>(std::string_view)>& take) const;
  void remove(std::string_view id);

 private:
  friend class BodyFile;
  std::string path(std::string_view id) const;
  std::string temporary(std::string_view id) const;
  Result<void> publish(const std::string& id, int descriptor) const;

  std::string directory_;
  bool fsync_;
};

}  // namespace dew::s3
