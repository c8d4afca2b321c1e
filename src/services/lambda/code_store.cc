#include "services/lambda/code_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "base/ids.h"
#include "base/log.h"
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

// Puts the tree `from` over the tree `onto`: hard links, or copies where the file system has none.
void overlay(const fs::path& from, const fs::path& onto, std::error_code& error) {
  for (auto it = fs::recursive_directory_iterator(from, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const fs::path target = onto / it->path().lexically_relative(from);
    const auto there = fs::symlink_status(target, error);
    error.clear();
    const bool directory = it->is_directory(error);
    if (error) return;
    if (fs::exists(there) && !(directory && fs::is_directory(there))) {
      fs::remove_all(target, error);
      if (error) return;
    }
    if (directory) {
      fs::create_directory(target, error);
      ::chmod(target.c_str(), 0755);
    } else if (fs::create_hard_link(it->path(), target, error); error) {
      error.clear();
      fs::copy_file(it->path(), target, error);
    }
    if (error) return;
  }
}

}  // namespace

uint64_t unpacked_bytes(const Code& code) {
  uint64_t total = 0;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(code.path, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    std::error_code unreadable;
    if (!it->is_regular_file(unreadable)) continue;
    const auto size = it->file_size(unreadable);
    if (!unreadable) total += size;
  }
  return total;
}

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

std::string CodeStore::merged_id(const std::vector<std::string>& ids) {
  if (ids.empty()) return "";
  if (ids.size() == 1) return ids.front();
  std::string all = "merged";
  for (const auto& id : ids) all += "\n" + id;
  return hex_encode(sha256(all));
}

CodePtr CodeStore::merged(const std::vector<std::string>& ids) {
  const std::string id = merged_id(ids);
  if (auto there = open(id)) return there;
  if (ids.size() < 2) return nullptr;
  std::vector<CodePtr> parts;  // held meanwhile
  for (const auto& part : ids) {
    parts.push_back(open(part));
    if (parts.back() == nullptr) return nullptr;
  }
  CodePtr made;
  {
    // As in add(): collect() leaves it alone from here on.
    const std::scoped_lock lock(mutex_);
    made = pin({.id = id, .sha256 = {}, .path = directory_ + "/" + id});
  }
  const std::string aside = directory_ + "/" + std::string(kPartial) + random_hex(16);
  std::error_code error;
  fs::create_directory(aside, error);
  ::chmod(aside.c_str(), 0755);
  for (const auto& part : parts) {
    if (!error) overlay(part->path, aside, error);
  }
  if (!error) fs::rename(aside, made->path, error);
  std::error_code ignored;
  if (error) fs::remove_all(aside, ignored);
  if (error && !fs::is_directory(made->path, ignored)) {
    log::error("lambda: cannot merge layers below {}: {}", directory_, error.message());
    return nullptr;
  }
  return made;
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
