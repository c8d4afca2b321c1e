#include "services/lambda/zip.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include <filesystem>
#include <set>

namespace dew::lambda {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxNameBytes = 4096;
constexpr size_t kMaxPartBytes = 255;
constexpr size_t kReadBytes = 128 * 1024;
constexpr mode_t kTypeMask = 0170000;
constexpr mode_t kRegular = 0100000;
constexpr mode_t kDirectory = 0040000;

std::unexpected<ZipError> problem(ZipProblem kind, std::string message) {
  return std::unexpected(ZipError{kind, std::move(message)});
}

struct ArchiveCloser {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct EntryCloser {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using Archive = std::unique_ptr<zip_t, ArchiveCloser>;

Archive open_archive(std::string_view bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  zip_t* archive = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
  if (archive == nullptr && source != nullptr) zip_source_free(source);
  zip_error_fini(&error);
  return Archive(archive);
}

// The entry's Unix mode, 0 when the archive was made elsewhere.
mode_t unix_mode(zip_t* archive, zip_uint64_t index) {
  zip_uint8_t system = 0;
  zip_uint32_t attributes = 0;
  if (zip_file_get_external_attributes(archive, index, 0, &system, &attributes) != 0) return 0;
  return system == ZIP_OPSYS_UNIX || system == ZIP_OPSYS_OS_X ? attributes >> 16 : 0;
}

class Unpacker {
 public:
  Unpacker(zip_t* archive, const std::string& directory, size_t most_bytes)
      : archive_(archive), directory_(directory), most_(most_bytes) {}

  std::expected<void, ZipError> run() {
    const zip_int64_t count = zip_get_num_entries(archive_, 0);
    if (count < 0) return problem(ZipProblem::kNotAnArchive, "the archive cannot be read");
    if (static_cast<size_t>(count) > kMaxEntries) {
      return problem(ZipProblem::kTooLarge, fmt::format("more than {} entries", kMaxEntries));
    }
    for (zip_int64_t i = 0; i < count; ++i) {
      if (auto done = entry(static_cast<zip_uint64_t>(i)); !done) return done;
    }
    return {};
  }

 private:
  std::expected<void, ZipError> entry(zip_uint64_t index) {
    zip_stat_t stat;
    if (zip_stat_index(archive_, index, ZIP_FL_ENC_RAW, &stat) != 0 || stat.name == nullptr) {
      return problem(ZipProblem::kNotAnArchive, "an entry cannot be read");
    }
    const std::string name = stat.name;
    if (!is_safe_entry_name(name)) {
      return problem(ZipProblem::kUnsafe, "an entry's name leads out of the archive");
    }
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE) {
      return problem(ZipProblem::kUnsafe, "encrypted entries are not supported: " + name);
    }
    const mode_t mode = unix_mode(archive_, index);
    const mode_t type = mode & kTypeMask;
    if (name.ends_with('/') || type == kDirectory) return make_directories(directory_ + "/" + name);
    if (type != 0 && type != kRegular) {
      return problem(ZipProblem::kUnsafe,
                     "links and special files are not supported in an archive: " + name);
    }
    const std::string path = directory_ + "/" + name;
    if (auto made = make_directories(fs::path(path).parent_path().string()); !made) return made;
    return file(index, path, (mode & 0111) != 0);
  }

  std::expected<void, ZipError> make_directories(const std::string& path) {
    if (!made_.insert(path).second) return {};
    std::error_code error;
    fs::create_directories(path, error);
    if (error || !fs::is_directory(path, error)) {
      return problem(ZipProblem::kUnsafe, "an entry is both a file and a directory");
    }
    return {};
  }

  std::expected<void, ZipError> file(zip_uint64_t index, const std::string& path, bool executable) {
    const std::unique_ptr<zip_file_t, EntryCloser> source(zip_fopen_index(archive_, index, 0));
    if (!source) return problem(ZipProblem::kNotAnArchive, "an entry cannot be decompressed");
    // A later entry of the same name replaces an earlier one, as unzip -o does.
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                          executable ? 0755 : 0644);
    if (fd < 0) {
      return errno == EISDIR || errno == ENOTDIR
                 ? problem(ZipProblem::kUnsafe, "an entry is both a file and a directory")
                 : problem(ZipProblem::kIo, fmt::format("cannot write {}: errno {}", path, errno));
    }
    auto result = copy(source.get(), fd);
    ::fchmod(fd, executable ? 0755 : 0644);  // whatever the umask
    if (::close(fd) != 0 && result) result = problem(ZipProblem::kIo, "cannot write " + path);
    return result;
  }

  std::expected<void, ZipError> copy(zip_file_t* source, int fd) {
    buffer_.resize(kReadBytes);
    for (;;) {
      const zip_int64_t n = zip_fread(source, buffer_.data(), buffer_.size());
      if (n < 0) return problem(ZipProblem::kNotAnArchive, "an entry is damaged");
      if (n == 0) return {};
      // Counted as it comes out: what the archive claims about itself is not to be trusted.
      total_ += static_cast<size_t>(n);
      if (total_ > most_) {
        return problem(ZipProblem::kTooLarge,
                       fmt::format("Unzipped size must be smaller than {} bytes", most_));
      }
      for (zip_int64_t at = 0; at < n;) {
        const ssize_t written = ::write(fd, buffer_.data() + at, static_cast<size_t>(n - at));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0)
          return problem(ZipProblem::kIo, fmt::format("cannot write: errno {}", errno));
        at += written;
      }
    }
  }

  zip_t* archive_;
  const std::string& directory_;
  size_t most_;
  std::set<std::string> made_;
  std::string buffer_;
  size_t total_ = 0;
};

}  // namespace

bool is_safe_entry_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || name.front() == '/') return false;
  if (name.find('\0') != std::string_view::npos || name.find('\\') != std::string_view::npos) {
    return false;
  }
  if (name.ends_with('/')) name.remove_suffix(1);
  for (;;) {
    const auto slash = name.find('/');
    const auto part = name.substr(0, slash);
    if (part.empty() || part == ".." || part.size() > kMaxPartBytes) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

std::expected<void, ZipError> unzip(std::string_view archive, const std::string& directory,
                                    size_t most_bytes) {
  const Archive opened = open_archive(archive);
  if (!opened) return problem(ZipProblem::kNotAnArchive, "not a zip archive");
  return Unpacker(opened.get(), directory, most_bytes).run();
}

}  // namespace dew::lambda
