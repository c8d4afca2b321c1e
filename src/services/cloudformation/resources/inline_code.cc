#include "services/cloudformation/resources/inline_code.h"

#include <zip.h>

namespace dew::cloudformation {

namespace {

constexpr size_t kInlineBytes = 4 * 1024 * 1024;

// The modules with which inline code answers a custom resource's request, and which CloudFormation
// gives to inline code that uses them. Unlike AWS's for Node.js, ours goes by the URL's scheme and
// port.
// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html
constexpr std::string_view kNodeModule = R"js('use strict';
exports.SUCCESS = 'SUCCESS';
exports.FAILED = 'FAILED';
exports.send = (event, context, status, data, physicalResourceId, noEcho) =>
  new Promise((resolve) => {
    const body = JSON.stringify({
      Status: status,
      Reason: 'See the details in CloudWatch Log Stream: ' + context.logStreamName,
      PhysicalResourceId: physicalResourceId || context.logStreamName,
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
      NoEcho: noEcho || false,
      Data: data,
    });
    const ended = () => {
      if (typeof context.done === 'function') context.done();
      resolve();
    };
    const url = new URL(event.ResponseURL);
    const transport = require(url.protocol === 'http:' ? 'http' : 'https');
    const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
    const request = transport.request(url, { method: 'PUT', headers }, (response) => {
      response.resume();
      response.on('end', ended);
    });
    request.on('error', (error) => {
      console.log('cfn-response: ' + error.message);
      ended();
    });
    request.end(body);
  });
)js";
constexpr std::string_view kPythonModule = R"py(import json
import urllib.request

SUCCESS = "SUCCESS"
FAILED = "FAILED"


def send(event, context, responseStatus, responseData, physicalResourceId=None, noEcho=False, reason=None):
    body = json.dumps({
        "Status": responseStatus,
        "Reason": reason or "See the details in CloudWatch Log Stream: " + context.log_stream_name,
        "PhysicalResourceId": physicalResourceId or context.log_stream_name,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "NoEcho": noEcho,
        "Data": responseData,
    }).encode()
    request = urllib.request.Request(
        event["ResponseURL"], data=body, method="PUT",
        headers={"content-type": "", "content-length": str(len(body))})
    try:
        urllib.request.urlopen(request).close()
    except Exception as error:
        print("cfnresponse:", error)
)py";

std::unexpected<aws::ApiError> failed() {
  return std::unexpected(
      aws::ApiError(Error{ErrorKind::kInternal, "cannot build the archive of inline code"}));
}

bool add_file(zip_t* archive, const char* name, std::string_view text) {
  zip_source_t* content = zip_source_buffer(archive, text.data(), text.size(), 0);
  if (content == nullptr) return false;
  const auto index = zip_file_add(archive, name, content, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(content);
    return false;
  }
  // A fixed time, so that equal code makes an equal archive.
  zip_file_set_mtime(archive, static_cast<zip_uint64_t>(index), 315'619'200, 0);
  zip_file_set_external_attributes(archive, static_cast<zip_uint64_t>(index), 0, ZIP_OPSYS_UNIX,
                                   0100644U << 16);
  return true;
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
  bool added = add_file(archive, node ? "index.js" : "index.py", source);
  if (node && source.find("cfn-response") != std::string_view::npos)
    added = added && add_file(archive, "node_modules/cfn-response.js", kNodeModule);
  if (!node && source.find("cfnresponse") != std::string_view::npos)
    added = added && add_file(archive, "cfnresponse.py", kPythonModule);
  if (!added) {
    zip_discard(archive);
    zip_source_free(archive_source);
    return failed();
  }
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
