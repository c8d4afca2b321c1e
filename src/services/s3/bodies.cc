#include "services/s3/bodies.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/ids.h"
#include "base/log.h"

namespace dew::s3 {

namespace {

namespace fs = std::filesystem;

constexpr size_t kIdDigits = 32;
constexpr size_t kCopyBytes = 1024 * 1024;

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

std::unexpected<Error> io_error(std::string_view what, const std::string& path) {
  return fail(ErrorKind::kIo, fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

Result<void> write_all(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const auto n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return io_error("write", path);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

void sync_directory(const std::string& directory) {
  const File file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file) ::fsync(file.get());
}

}  // namespace

Bodies::Bodies(std::string directory, bool fsync)
    : directory_(std::move(directory)), fsync_(fsync) {
  std::error_code ignored;
  fs::create_directories(directory_ + "/tmp", ignored);
  fs::create_directories(directory_ + "/data", ignored);
}

std::string Bodies::path(std::string_view id) const {
  return fmt::format("{}/data/{}/{}", directory_, id.substr(0, 2), id);
}

Result<void> Bodies::sweep(const std::function<bool(std::string_view id)>& is_live) {
  std::error_code error;
  size_t removed = 0;
  for (const auto& entry : fs::directory_iterator(directory_ + "/tmp", error)) {
    std::error_code ignored;
    fs::remove(entry.path(), ignored);
    ++removed;
  }
  for (const auto& entry : fs::recursive_directory_iterator(directory_ + "/data", error)) {
    std::error_code ignored;
    if (!entry.is_regular_file(ignored) || is_live(entry.path().filename().string())) continue;
    fs::remove(entry.path(), ignored);
    ++removed;
  }
  if (removed > 0) log::info("s3: removed {} bodies that no object names", removed);
  return {};
}

Result<std::string> Bodies::publish(const std::string& id, int descriptor) {
  const auto temporary = directory_ + "/tmp/" + id;
  const auto target = path(id);
  if (fsync_ && ::fdatasync(descriptor) != 0) return io_error("sync", temporary);
  const auto parent = fs::path(target).parent_path().string();
  const bool made = ::mkdir(parent.c_str(), 0700) == 0;
  if (::rename(temporary.c_str(), target.c_str()) != 0) return io_error("rename", temporary);
  if (fsync_) {
    sync_directory(parent);
    if (made) sync_directory(directory_ + "/data");
  }
  return id;
}

Result<std::string> Bodies::write(std::string_view bytes) {
  const auto id = random_hex(kIdDigits);
  const auto temporary = directory_ + "/tmp/" + id;
  const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return io_error("create", temporary);
  CHECK_OK(write_all(file.get(), bytes, temporary));
  return publish(id, file.get());
}

Result<std::string> Bodies::concatenate(const std::vector<std::string>& ids) {
  const auto id = random_hex(kIdDigits);
  const auto temporary = directory_ + "/tmp/" + id;
  const File out(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!out) return io_error("create", temporary);
  std::string buffer(kCopyBytes, '\0');
  for (const auto& part : ids) {
    const File in(::open(path(part).c_str(), O_RDONLY | O_CLOEXEC));
    if (!in) return io_error("open", path(part));
    while (true) {
      const auto n = ::read(in.get(), buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return io_error("read", path(part));
      if (n == 0) break;
      CHECK_OK(write_all(out.get(), {buffer.data(), static_cast<size_t>(n)}, temporary));
    }
  }
  return publish(id, out.get());
}

Result<std::string> Bodies::link(std::string_view id) {
  const auto copy = random_hex(kIdDigits);
  const auto target = path(copy);
  const auto parent = fs::path(target).parent_path().string();
  const bool made = ::mkdir(parent.c_str(), 0700) == 0;
  if (::link(path(id).c_str(), target.c_str()) != 0) {
    if (errno == ENOENT) return fail(ErrorKind::kNotFound, "the body is gone");
    return io_error("link", target);
  }
  if (fsync_) {
    sync_directory(parent);
    if (made) sync_directory(directory_ + "/data");
  }
  return copy;
}

Result<std::string> Bodies::read(std::string_view id, uint64_t offset, uint64_t length) const {
  const auto name = path(id);
  const File file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT) return fail(ErrorKind::kNotFound, "the body is gone");
    return io_error("open", name);
  }
  std::string out(length, '\0');
  size_t done = 0;
  while (done < length) {
    const auto n =
        ::pread(file.get(), out.data() + done, length - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("read", name);
    if (n == 0) return fail(ErrorKind::kIo, name + " is shorter than its object");
    done += static_cast<size_t>(n);
  }
  return out;
}

void Bodies::remove(std::string_view id) {
  if (id.size() == kIdDigits) ::unlink(path(id).c_str());
}

}  // namespace dew::s3
