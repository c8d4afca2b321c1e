// Conditional requests and ranges (RFC 9110 sections 13 and 14, as S3 reads them).
#include <charconv>

#include "base/encoding.h"
#include "services/s3/state.h"

namespace dew::s3 {

namespace {

// A list of entity tags, quoted or not, or "*".
bool names_etag(std::string_view list, std::string_view etag) {
  const auto bare = [](std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    if (text.starts_with("W/")) text.remove_prefix(2);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
      text = text.substr(1, text.size() - 2);
    }
    return text;
  };
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto item = bare(list.substr(0, comma));
    if (item == "*" || item == bare(etag)) return true;
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return false;
}

std::unexpected<aws::ApiError> failed(std::string_view condition) {
  aws::ApiError error("PreconditionFailed",
                      "At least one of the pre-conditions you specified did not hold", 412);
  error.members["Condition"] = condition;
  return aws::fail(std::move(error));
}

}  // namespace

ApiResult<Verdict> check_conditions(const json::Object& input, const json::Object& object,
                                    std::string_view prefix) {
  const auto name = [&](std::string_view condition) {
    return std::string(prefix) + std::string(condition);
  };
  const auto etag = json::string_or(object, "ETag");
  const auto modified = static_cast<int64_t>(json::number_at(object, "LastModified").value_or(0));
  const auto match = json::string_at(input, name("IfMatch"));
  if (match && !names_etag(*match, etag)) return failed("If-Match");
  // A date condition counts only where the tag condition of the same kind is absent.
  if (const auto date = json::number_at(input, name("IfUnmodifiedSince"));
      date && !match && static_cast<double>(modified) > *date) {
    return failed("If-Unmodified-Since");
  }
  const bool reading = prefix.empty();
  const auto none = json::string_at(input, name("IfNoneMatch"));
  if (none && names_etag(*none, etag)) {
    if (reading) return Verdict::kNotModified;
    return failed("If-None-Match");
  }
  if (const auto date = json::number_at(input, name("IfModifiedSince"));
      date && !none && static_cast<double>(modified) <= *date) {
    if (reading) return Verdict::kNotModified;
    return failed("If-Modified-Since");
  }
  return Verdict::kProceed;
}

ApiResult<Range> parse_range(std::string_view header, uint64_t size) {
  const Range whole{0, size, false};
  constexpr std::string_view kUnit = "bytes=";
  // A malformed range, or one in another unit, is ignored.
  if (!header.starts_with(kUnit)) return whole;
  header.remove_prefix(kUnit.size());
  if (header.find(',') != std::string_view::npos) return whole;  // S3 serves one range only
  const auto dash = header.find('-');
  if (dash == std::string_view::npos) return whole;
  const auto number = [](std::string_view text, uint64_t& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
  };
  const auto unsatisfiable = [&] {
    aws::ApiError error("InvalidRange", "The requested range is not satisfiable", 416);
    error.members["ActualObjectSize"] = std::to_string(size);
    error.members["RangeRequested"] = fmt::format("bytes={}", header);
    return aws::fail(std::move(error));
  };
  uint64_t first = 0;
  uint64_t last = 0;
  if (dash == 0) {
    uint64_t suffix = 0;
    if (!number(header.substr(1), suffix)) return whole;
    if (suffix == 0 || size == 0) return unsatisfiable();
    first = suffix >= size ? 0 : size - suffix;
    last = size - 1;
  } else {
    if (!number(header.substr(0, dash), first)) return whole;
    if (dash + 1 == header.size()) {
      last = size == 0 ? 0 : size - 1;
    } else if (!number(header.substr(dash + 1), last) || last < first) {
      return whole;
    }
    if (first >= size) return unsatisfiable();
    last = std::min(last, size - 1);
  }
  return Range{first, last - first + 1, true};
}

ApiResult<Source> parse_copy_source(std::string_view header) {
  const auto bad = [] {
    return aws::fail("InvalidArgument",
                     "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  };
  Source out;
  constexpr std::string_view kVersion = "?versionId=";
  if (const auto query = header.find(kVersion); query != std::string_view::npos) {
    out.version = url_decode(header.substr(query + kVersion.size()));
    if (!out.version || out.version->empty()) return bad();
    header = header.substr(0, query);
  }
  const auto decoded = url_decode(header);
  if (!decoded) return bad();
  std::string_view path = *decoded;
  if (path.starts_with('/')) path.remove_prefix(1);
  const auto slash = path.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == path.size()) return bad();
  out.bucket = path.substr(0, slash);
  out.key = path.substr(slash + 1);
  return out;
}

json::Object Source::input() const {
  json::Object out{{"Bucket", bucket}, {"Key", key}};
  if (version) out["VersionId"] = *version;
  return out;
}

}  // namespace dew::s3
