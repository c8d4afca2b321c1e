// S3: the service over a memory store and a directory of its own. Only for tests.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/ids.h"
#include "services/s3/service.h"
#include "services/testing.h"

namespace dew::s3 {

struct S3 : services::TestCloud {
  explicit S3(std::shared_ptr<store::Store> shared = store::make_memory_store(),
              std::string data = "")
      : TestCloud(std::move(shared)) {
    own = data.empty();
    if (own) data = (std::filesystem::temp_directory_path() / ("dew-s3-" + random_hex(8))).string();
    config.data_directory = data;
    config.fsync = false;
    service = std::make_unique<Service>(context());
    service->register_operations(registry);
  }
  ~S3() override {
    if (own) std::filesystem::remove_all(config.data_directory);
  }
  size_t files() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(config.data_directory)) {
      count += entry.is_regular_file() ? 1 : 0;
    }
    return count;
  }
  void put(const char* key, std::string body) {
    ok("s3", "PutObject", {{"Bucket", "bucket"}, {"Key", key}, {"Body", std::move(body)}});
  }
  bool own = false;
  std::unique_ptr<Service> service;
};

}  // namespace dew::s3
