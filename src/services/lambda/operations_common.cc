#include <charconv>

#include "base/ids.h"
#include "services/lambda/core.h"
#include "services/lambda/zip.h"

namespace dew::lambda {
namespace {

constexpr size_t kDefaultPage = 50;

}  // namespace

aws::ApiResult<void> check_revision(const json::Object& input, std::string_view current) {
  const auto wanted = json::string_at(input, "RevisionId");
  if (!wanted || wanted->empty() || *wanted == current) return {};
  aws::ApiError error("PreconditionFailedException",
                      "The Revision Id provided does not match the latest Revision Id. Call the "
                      "GetFunction/GetAlias API to retrieve the latest Revision Id",
                      412);
  error.members["Type"] = "User";
  return aws::fail(std::move(error));
}

json::Object page(const json::Object& input, std::string_view key, json::Array items) {
  size_t begin = 0;
  if (const auto marker = json::string_at(input, "Marker")) {
    std::from_chars(marker->data(), marker->data() + marker->size(), begin);
  }
  const auto limit = std::min(
      kDefaultPage, static_cast<size_t>(json::int_at(input, "MaxItems").value_or(kDefaultPage)));
  json::Array out;
  size_t at = begin;
  for (; at < items.size() && out.size() < limit; ++at) out.push_back(std::move(items[at]));
  json::Object output;
  output[key] = std::move(out);
  if (at < items.size()) output["NextMarker"] = std::to_string(at);
  return output;
}

aws::ApiResult<CodePtr> code_of(Core& core, const aws::Call& call, const json::Object& source) {
  if (source.contains("ImageUri")) return aws::fail(aws::ApiError::unsupported("container images"));
  if (const auto zip = json::string_at(source, "ZipFile")) {
    if (zip->size() > kMaxZippedBytes) {
      return aws::fail("RequestTooLargeException",
                       fmt::format("Request must be smaller than {} bytes for the {} operation",
                                   kMaxZippedBytes, call.operation),
                       413);
    }
    return core.code.add(*zip);
  }
  const auto bucket = json::string_at(source, "S3Bucket");
  const auto key = json::string_at(source, "S3Key");
  if (!bucket || !key) {
    return invalid("Please provide a source for function code.");
  }
  json::Object get{{"Bucket", *bucket}, {"Key", *key}};
  if (const auto version = json::string_at(source, "S3ObjectVersion")) get["VersionId"] = *version;
  const auto object = core.context.caller.call(call.identity, "s3", "GetObject", std::move(get));
  if (!object) {
    return invalid(
        fmt::format("Error occurred while GetObject. S3 Error Code: {}. S3 Error "
                    "Message: {}",
                    object.error().code, object.error().message));
  }
  const auto body = json::string_at(object->as_object(), "Body").value_or("");
  if (body.size() > kMaxUnzippedBytes)
    return invalid("Unzipped size must be smaller than 262144000 bytes");
  return core.code.add(body);
}

const VersionConfig& publish(Core& core, FunctionRecord& record, const std::string& description) {
  if (!record.versions.empty()) {
    const VersionConfig& last = record.versions.rbegin()->second;
    const VersionConfig& now = record.latest;
    if (last.behaves_as(now) &&
        last.description == (description.empty() ? now.description : description)) {
      return last;
    }
  }
  VersionConfig version = record.latest;
  const uint64_t number = record.next_version++;
  version.version = std::to_string(number);
  version.revision_id = uuid_v4();
  version.last_modified = core.timestamp();
  if (!description.empty()) version.description = description;
  return record.versions.emplace(number, std::move(version)).first->second;
}

}  // namespace dew::lambda
