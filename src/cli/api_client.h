// Calls a cloud's AWS APIs, and its /_dew/ endpoints, over HTTP: the command line is a client like
// any other. One connection, kept alive. Blocking; not thread-safe: a thread makes its own.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/destination.h"
#include "cli/signer.h"
#include "json/json.h"
#include "net/client.h"

namespace dew::cli {

struct CallError {
  std::string code;  // AWS's: ParameterNotFound, ValidationError, ...; "Unreachable" when nothing
                     // answered, "NoCredentials" when there is nothing to sign with
  std::string message;
  int status = 0;

  Error to_error() const;
  // Nobody was asked.
  bool unreachable() const { return code == "Unreachable" || code == "NoCredentials"; }
};

template <class T>
using CallResult = std::expected<T, CallError>;

// An element of an XML answer.
struct Xml {
  std::string name;
  std::string text;
  std::vector<Xml> children;

  const Xml* find(std::string_view dotted_path) const;    // "DescribeStacksResult.Stacks"
  std::string value(std::string_view dotted_path) const;  // its text, or empty
};

using Parameters = std::vector<std::pair<std::string, std::string>>;

// Asked for when the first call is signed, and again when AWS says that they have expired.
using CredentialsSource = std::function<Result<Credentials>()>;

class ApiClient {
 public:
  ApiClient(std::string endpoint, std::string region, Credentials credentials);
  ApiClient(Destination destination, std::string region, CredentialsSource credentials);

  // AWS JSON 1.1: `target` is AmazonSSM, Logs_20140328, ...
  CallResult<json::Object> json(std::string_view service, std::string_view target,
                                std::string_view operation, json::Object input);
  // AWS query: cloudformation, sts
  CallResult<Xml> query(std::string_view service, std::string_view version, std::string_view action,
                        Parameters parameters);
  // Any other: the answer as it came when its status is below 400.
  CallResult<http::Response> rest(std::string_view service, std::string_view method,
                                  std::string target, http::Headers headers = {},
                                  std::string body = {});
  // Unsigned, for /_dew/.
  CallResult<json::Object> admin(std::string_view method, std::string target,
                                 const json::Object* body = nullptr);

  const Destination& destination() const { return destination_; }
  const std::string& region() const { return region_; }

 private:
  CallResult<http::Response> send(http::Request request, std::string_view service);
  CallResult<http::Response> send_once(http::Request request, std::string_view service);

  Destination destination_;
  std::string region_;
  CredentialsSource source_;
  std::optional<Credentials> credentials_;
  net::Client client_;
  SystemClock clock_;
};

Xml parse_xml(std::string_view text);

}  // namespace dew::cli
