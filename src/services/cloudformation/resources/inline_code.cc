#include "services/cloudformation/resources/inline_code.h"

#include <zip.h>

namespace dew::cloudformation {

namespace {

constexpr size_t kInlineBytes = 4 * 1024 * 1024;

std::unexpected<aws::ApiError> failed() {
  return std::unexpected(
      aws::ApiError(Error{ErrorKind::kInternal, "cannot build the archive of inline code"}));
}

}  // namespace

ApiResult<std::string> zip_inline_code(std::string_view runtime, std::string_view source) {
  const bool node = runtime.starts_with("nodejs");
  if (!node && !runtime.starts_with("python")) {
    return invalid(fmt::format(
        "ZipFile can only be used when Runtime is set to Node.js or Python, not {}", runtime));
  }
  if (source.size() > kInlineBytes)
    return invalid("ZipFile must not be longer than 4194304 characters");
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* archive_source = zip_source_buffer_create(nullptr, 0, 0, &error);
  if (archive_source == nullptr) return failed();
  zip_source_keep(archive_source);
  zip_t* archive = zip_open_from_source(archive_source, ZIP_TRUNCATE, &error);
  if (archive == nullptr) {
    zip_source_free(archive_source);
    zip_source_free(archive_source);
    return failed();
  }
  zip_source_t* content = zip_source_buffer(archive, source.data(), source.size(), 0);
  const auto index = content == nullptr ? -1
                                        : zip_file_add(archive, node ? "index.js" : "index.py",
                                                       content, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    if (content != nullptr) zip_source_free(content);
    zip_discard(archive);
    zip_source_free(archive_source);
    return failed();
  }
  // A fixed time, so that equal code makes an equal archive.
  zip_file_set_mtime(archive, static_cast<zip_uint64_t>(index), 315'619'200, 0);
  zip_file_set_external_attributes(archive, static_cast<zip_uint64_t>(index), 0, ZIP_OPSYS_UNIX,
                                   0100644U << 16);
  if (zip_close(archive) != 0) {
    zip_discard(archive);
    zip_source_free(archive_source);
    return failed();
  }
  std::string out;
  zip_stat_t stat;
  if (zip_source_stat(archive_source, &stat) == 0 && zip_source_open(archive_source) == 0) {
    out.resize(stat.size);
    const auto read = zip_source_read(archive_source, out.data(), out.size());
    zip_source_close(archive_source);
    if (read != static_cast<zip_int64_t>(out.size())) out.clear();
  }
  zip_source_free(archive_source);
  if (out.empty()) return failed();
  return out;
}

}  // namespace dew::cloudformation
