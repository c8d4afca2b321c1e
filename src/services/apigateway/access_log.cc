#include "services/apigateway/access_log.h"

#include "services/apigateway/errors.h"

namespace dew::apigateway {

namespace {

constexpr size_t kMaxFormatBytes = 3 * 1024;  // API Gateway's quota for the access log template
constexpr std::string_view kContext = "$context.";

bool is_path_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

}  // namespace

aws::ApiResult<std::string> log_group_of_arn(std::string_view arn) {
  constexpr std::string_view kMark = ":log-group:";
  if (arn.find(":firehose:") != std::string_view::npos) {
    return aws::fail(unsupported("access logs to Firehose streams"));
  }
  const size_t mark = arn.find(kMark);
  if (!arn.starts_with("arn:") || mark == std::string_view::npos) {
    return aws::fail(
        bad_request("Invalid ARN specified for access log destination: " + std::string(arn)));
  }
  auto name = arn.substr(mark + kMark.size());
  if (name.ends_with(":*")) name.remove_suffix(2);
  if (name.empty())
    return aws::fail(
        bad_request("Invalid ARN specified for access log destination: " + std::string(arn)));
  return std::string(name);
}

aws::ApiResult<AccessLogFormat> AccessLogFormat::compile(std::string_view format) {
  if (format.size() > kMaxFormatBytes)
    return aws::fail(bad_request("Access log format is larger than 3 KB"));
  AccessLogFormat out;
  while (true) {
    const size_t at = format.find(kContext);
    if (at == std::string_view::npos) break;
    size_t end = at + kContext.size();
    while (end < format.size() && is_path_char(format[end])) ++end;
    while (end > at + kContext.size() && (format[end - 1] == '.' || format[end - 1] == '-')) --end;
    out.parts_.emplace_back(format.substr(0, at),
                            format.substr(at + kContext.size(), end - at - kContext.size()));
    format.remove_prefix(end);
  }
  if (!format.empty()) out.parts_.emplace_back(format, std::string());
  return out;
}

std::string AccessLogFormat::render(
    const std::function<std::string(std::string_view)>& context) const {
  std::string out;
  for (const auto& [text, name] : parts_) {
    out += text;
    if (name.empty()) continue;
    const auto value = context(name);
    out += value.empty() ? "-" : value;
  }
  return out;
}

}  // namespace dew::apigateway
