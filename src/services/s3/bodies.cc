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

std::string Bodies::temporary(std::string_view id) const {
  return fmt::format("{}/tmp/{}", directory_, id);
}

Result<void> Bodies::publish(const std::string& id, int descriptor) const {
  const auto from = temporary(id);
  const auto target = path(id);
  if (fsync_ && ::fdatasync(descriptor) != 0) return io_error("sync", from);
  const auto parent = fs::path(target).parent_path().string();
  const bool made = ::mkdir(parent.c_str(), 0700) == 0;
  if (::rename(from.c_str(), target.c_str()) != 0) return io_error("rename", from);
  if (fsync_) {
    sync_directory(parent);
    if (made) sync_directory(directory_ + "/data");
  }
  return {};
}

BodyFile::~BodyFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!id_.empty()) ::unlink(bodies_->temporary(id_).c_str());
}

Result<void> BodyFile::open() {
  auto id = random_hex(kIdDigits);
  const auto name = bodies_->temporary(id);
  descriptor_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor_ < 0) return io_error("create", name);
  id_ = std::move(id);
  return {};
}

Result<void> BodyFile::write(std::string_view bytes) {
  if (descriptor_ < 0) CHECK_OK(open());
  return write_all(descriptor_, bytes, id_);
}

Result<std::string> BodyFile::publish() {
  if (descriptor_ < 0) CHECK_OK(open());  // an empty body
  CHECK_OK(bodies_->publish(id_, descriptor_));
  return std::exchange(id_, {});
}

Result<std::string> Bodies::link(std::string_view id) {
  auto copy = random_hex(kIdDigits);
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

Result<http::FileSlice> Bodies::open(std::string_view id, uint64_t offset, uint64_t length) const {
  const auto name = path(id);
  const int descriptor = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    if (errno == ENOENT) return fail(ErrorKind::kNotFound, "the body is gone");
    return io_error("open", name);
  }
  return http::FileSlice{std::make_shared<const http::File>(descriptor), offset, length};
}

Result<void> Bodies::each(std::string_view id, uint64_t offset, uint64_t length,
                          const std::function<Result<void>(std::string_view)>& take) const {
  TRY(const auto slice, open(id, offset, length));
  std::string buffer(std::min<uint64_t>(length, kCopyBytes), '\0');
  while (length > 0) {
    const auto n = ::pread(slice.file->descriptor(), buffer.data(),
                           std::min<uint64_t>(length, buffer.size()), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("read", path(id));
    if (n == 0) return fail(ErrorKind::kIo, path(id) + " is shorter than its object");
    CHECK_OK(take({buffer.data(), static_cast<size_t>(n)}));
    offset += static_cast<uint64_t>(n);
    length -= static_cast<uint64_t>(n);
  }
  return {};
}

Result<std::string> Bodies::read(std::string_view id, uint64_t offset, uint64_t length) const {
  std::string out;
  out.reserve(length);
  CHECK_OK(each(id, offset, length, [&](std::string_view bytes) -> Result<void> {
    out += bytes;
    return {};
  }));
  return out;
}

void Bodies::remove(std::string_view id) {
  if (id.size() == kIdDigits) ::unlink(path(id).c_str());
}

}  // namespace dew::s3
