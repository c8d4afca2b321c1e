#include "services/lambda/code_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "base/ids.h"
#include "services/lambda/zip.h"

namespace dew::lambda {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartial = ".partial-";

aws::ApiError zip_error(const ZipError& error) {
  switch (error.problem) {
    case ZipProblem::kNotAnArchive:
      return {"InvalidParameterValueException",
              "Could not unzip uploaded file. Please check your file, then try to upload again."};
    case ZipProblem::kIo:
      return Error{ErrorKind::kIo, error.message};
    case ZipProblem::kTooLarge:
    case ZipProblem::kUnsafe:
      break;
  }
  return {"InvalidParameterValueException", error.message};
}

}  // namespace

CodePtr CodeStore::pin(Code code) {
  auto& slot = held_[code.id];
  if (auto held = slot.lock()) return held;
  auto fresh = std::make_shared<const Code>(std::move(code));
  slot = fresh;
  return fresh;
}

CodePtr CodeStore::open(std::string_view id) {
  const std::scoped_lock lock(mutex_);
  const std::string path = directory_ + "/" + std::string(id);
  std::error_code error;
  if (id.empty() || !fs::is_directory(path, error)) return nullptr;
  return pin({.id = std::string(id), .sha256 = {}, .path = path});
}

aws::ApiResult<CodePtr> CodeStore::add(std::string_view archive) {
  const std::string digest = sha256(archive);
  Code code{.id = hex_encode(digest),
            .sha256 = base64_encode(digest),
            .path = {},
            .size_bytes = static_cast<int64_t>(archive.size())};
  code.path = directory_ + "/" + code.id;
  CodePtr held;
  {
    // Held before it exists, so that collect() does not take it between here and its first use.
    const std::scoped_lock lock(mutex_);
    auto fresh = std::make_shared<const Code>(code);
    auto& slot = held_[code.id];
    held = slot.lock();
    if (held == nullptr || held->size_bytes == 0) slot = held = fresh;
  }
  std::error_code error;
  if (!fs::is_directory(code.path, error)) CHECK_OK(unpack(archive, code.path));
  return held;
}

aws::ApiResult<void> CodeStore::unpack(std::string_view archive, const std::string& target) {
  std::error_code error;
  fs::create_directories(directory_, error);
  const std::string aside = directory_ + "/" + std::string(kPartial) + random_hex(16);
  if (!fs::create_directory(aside, error)) {
    return aws::fail(
        Error{ErrorKind::kIo, fmt::format("cannot make {}: {}", aside, error.message())});
  }
  ::chmod(aside.c_str(), 0755);
  if (auto done = unzip(archive, aside); !done) {
    fs::remove_all(aside, error);
    return aws::fail(zip_error(done.error()));
  }
  std::ofstream out(aside + ".zip", std::ios::binary);
  out.write(archive.data(), static_cast<std::streamsize>(archive.size()));
  out.close();
  if (out) fs::rename(aside + ".zip", target + ".zip", error);
  if (!out || error) {
    fs::remove_all(aside, error);
    fs::remove(aside + ".zip", error);
    return aws::fail(Error{ErrorKind::kIo, "cannot write the archive below " + directory_});
  }
  fs::rename(aside, target, error);
  if (error) {
    const std::string reason = error.message();
    fs::remove_all(aside, error);
    // Somebody else may have added the same archive meanwhile.
    if (!fs::is_directory(target, error)) {
      return aws::fail(Error{ErrorKind::kIo, fmt::format("cannot make {}: {}", target, reason)});
    }
  }
  return {};
}

void CodeStore::collect(const std::set<std::string>& live) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(held_, [](const auto& entry) { return entry.second.expired(); });
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory_, error)) {
    const std::string name = entry.path().filename().string();
    const std::string id = entry.path().stem().string();
    // What is being unpacked has its target's object held; what a killed run left is older.
    if (name.starts_with(kPartial) ? held_.empty() : !live.contains(id) && !held_.contains(id)) {
      fs::remove_all(entry.path(), error);
    }
  }
}

}  // namespace dew::lambda
