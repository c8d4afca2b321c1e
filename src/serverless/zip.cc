#include "serverless/zip.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <zip.h>

#include <cstdio>

namespace dew::serverless {

namespace {

// Level 1: packaging is on the path from saving a file to seeing it run.
constexpr uint32_t kLevel = 1;
// 1980-01-01, the earliest time that a zip file holds, in libzip's local time.
constexpr uint16_t kDosDate = (0 << 9) | (1 << 5) | 1;

}  // namespace

Result<void> write_zip(const std::string& path, const std::vector<ZipEntry>& entries) {
  const std::string temporary = path + ".new";
  int code = 0;
  zip_t* archive = zip_open(temporary.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string message = zip_error_strerror(&error);
    zip_error_fini(&error);
    return fail(ErrorKind::kIo, fmt::format("cannot write {}: {}", path, message));
  }
  const auto give_up = [&](const std::string& what) {
    std::string message = fmt::format("cannot write {}: {}: {}", path, what, zip_strerror(archive));
    zip_discard(archive);
    return fail(ErrorKind::kIo, std::move(message));
  };
  for (const auto& entry : entries) {
    zip_source_t* source = zip_source_file(archive, entry.path.c_str(), 0, -1);
    if (!source) return give_up(entry.path);
    const zip_int64_t index =
        zip_file_add(archive, entry.name.c_str(), source, ZIP_FL_ENC_UTF_8 | ZIP_FL_OVERWRITE);
    if (index < 0) {
      zip_source_free(source);
      return give_up(entry.name);
    }
    const auto at = static_cast<zip_uint64_t>(index);
    const zip_uint32_t mode = S_IFREG | (entry.executable ? 0755U : 0644U);
    if (zip_set_file_compression(archive, at, ZIP_CM_DEFLATE, kLevel) != 0 ||
        zip_file_set_dostime(archive, at, 0, kDosDate, 0) != 0 ||
        zip_file_set_external_attributes(archive, at, 0, ZIP_OPSYS_UNIX, mode << 16) != 0) {
      return give_up(entry.name);
    }
  }
  if (zip_close(archive) != 0) return give_up("closing");
  if (std::rename(temporary.c_str(), path.c_str()) != 0)
    return fail(ErrorKind::kIo, fmt::format("cannot write {}", path));
  return {};
}

}  // namespace dew::serverless
