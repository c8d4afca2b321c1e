// One call of one AWS operation, as a service sees it: input already parsed from the wire and
// checked against the service's API model, output rendered by the protocol afterwards.
//
// In `input` and in outputs, members carry the model's names (not locationNames). Blobs are raw
// bytes in a JSON string. Timestamps are seconds since the epoch (a number). Absent members are
// absent, never null. `input` may live in memory that ends with the call: what is kept is copied,
// not moved out of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aws/api_error.h"
#include "json/json.h"
#include "net/http.h"
#include "policy/policy.h"

namespace dew::aws {

// What a session adds to the user or role whose it is.
struct Session {
  int64_t issued_seconds = 0;  // since the epoch
  bool limited = false;        // it was given policies: they limit it, be there none that allows
  std::vector<policy::PolicyPtr> policies;
  std::map<std::string, std::string> tags;
};

// Who calls. In-process calls carry the identity of whoever they act for.
struct Identity {
  std::string account = "000000000000";
  std::string arn = "arn:aws:iam::000000000000:root";
  std::string user_id = "000000000000";
  std::string access_key;  // empty for in-process calls
  bool anonymous = false;  // an unsigned request to S3: only a bucket policy can let it in
  std::shared_ptr<const Session> session;  // of temporary credentials
};

// For the store: all of an identity but its key.
json::Object to_json(const Identity& identity);
// A session's policy that cannot be read any more allows nothing.
Identity identity_from_json(const json::Object& record);

class BodyWriter;  // registry.h
class Authorizer;  // credentials.h

struct Call {
  std::string service;    // botocore's name: dynamodb, lambda, apigateway, s3, iam, sts, ssm, logs,
                          // cloudformation
  std::string operation;  // PutItem
  std::string region;     // of the credential scope; the configured default otherwise
  std::string request_id;
  Identity identity;
  json::Object input;
  const http::Request* http = nullptr;  // the request on the wire; null for an in-process call
  Authorizer* authorizer = nullptr;     // null: everything is allowed
  // Set: the body came as a stream (Registry::stream_body), and its member of `input` is absent.
  std::shared_ptr<BodyWriter> body;

  // Of a call over a JSON protocol, else null: a handler on the hot path may write its whole output
  // here, in the protocol's form, and return null, which saves the output's way through a
  // json::Value.
  std::string* json_output = nullptr;

  // Set by a handler where the model cannot say it.
  int status = 0;         // 0: the model's responseCode, else 200
  http::Headers headers;  // added to the response
  http::FileSlice file;   // the answer's body, for a call that came on the wire

  // For what an operation can only ask as it goes (each of the objects that are to be deleted, or
  // whether a refusal may tell that something is not there): whether the caller might call
  // `operation_name` of the same service with `what`. The error is the refusal in the service's
  // words. No lock is held meanwhile.
  ApiResult<void> may(std::string_view operation_name, const json::Object& what) const;
};

using Completion = std::move_only_function<void(ApiResult<json::Value>)>;
// Synchronous: returns the operation's output (an object; {} for none). Never blocks for long when
// kInline.
using Handler = std::function<ApiResult<json::Value>(Call&)>;
// Asynchronous: returns at once and completes from any thread. `call` lives until the completion
// ran.
using AsyncHandler = std::function<void(Call& call, Completion done)>;

// Where a synchronous handler runs: on the io thread (microseconds, no waiting), or on a worker.
enum class Run { kInline, kWorker };

}  // namespace dew::aws
