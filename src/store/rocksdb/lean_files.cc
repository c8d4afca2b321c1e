#include "store/rocksdb/lean_files.h"

#include <rocksdb/file_system.h>

namespace dew::store {

namespace {

class LeanFiles final : public rocksdb::FileSystemWrapper {
 public:
  LeanFiles() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "dewpoint"; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    if (name.starts_with("OPTIONS-")) return rocksdb::IOStatus::NotSupported();
    return FileSystemWrapper::NewWritableFile(path, options, file, debug);
  }
};

}  // namespace

rocksdb::Env* lean_files() {
  static rocksdb::Env* const env =
      rocksdb::NewCompositeEnv(std::make_shared<LeanFiles>()).release();
  return env;
}

}  // namespace dew::store
