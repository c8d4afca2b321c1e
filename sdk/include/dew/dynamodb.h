// DynamoDB client: items in and out, conditions, paging, batches; any other operation through
// `call`.
//
//   dew::dynamodb::Client db;
//   auto put = db.put_item({.table = table, .item = user, .condition =
//   "attribute_not_exists(id)"}); if (!put && put.error().code ==
//   dew::dynamodb::kConditionalCheckFailed) ...
//
// Requests are signed (SigV4) and sent over one kept connection. What fails for want of an answer,
// by throttling or with 5xx is tried again with exponential backoff and full jitter
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), never past the
// deadline of the invocation that is being handled. As with AWS's own SDKs, a write whose answer
// was lost is sent again: a condition may then fail because of the first attempt. Names and values
// of expressions: "#n", ":v".
//
// Endpoint: ClientOptions, else AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL,
// https://dynamodb.{region}.amazonaws.com. Error codes: DynamoDB's exceptions
// ("ConditionalCheckFailedException"), those of http::Client, NoCredentials, BadAnswer. One thread
// at a time.
#pragma once

#include <dew/attribute_value.h>
#include <dew/credentials.h>
#include <dew/http.h>
#include <dew/sigv4.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dew::dynamodb {

inline constexpr std::string_view kConditionalCheckFailed = "ConditionalCheckFailedException";

using Names = std::map<std::string, std::string, std::less<>>;

struct RetryOptions {
  int max_attempts = 4;
  std::chrono::milliseconds base{
      25};  // the first pause is at most this, every later one at most twice the one before
  std::chrono::milliseconds cap{1000};  // and never more than this
};

struct ClientOptions {
  std::string region{};    // default: AWS_REGION, AWS_DEFAULT_REGION, us-east-1
  std::string endpoint{};  // a URL
  std::optional<Credentials> credentials{};
  http::Timeouts timeouts{std::chrono::milliseconds(1000), std::chrono::milliseconds(3000)};
  RetryOptions retry;
  std::function<void(std::chrono::milliseconds)> sleep{};  // for tests
};

struct GetItem {
  std::string table{};
  Item key{};
  bool consistent_read = false;
  std::string projection{};
  Names names{};
};
struct PutItem {
  std::string table{};
  Item item{};
  std::string condition{};
  Names names{};
  Item values{};
  std::string return_values{};  // "ALL_OLD"
};
struct UpdateItem {
  std::string table{};
  Item key{};
  std::string update{};
  std::string condition{};
  Names names{};
  Item values{};
  std::string return_values{};  // "ALL_NEW", "ALL_OLD", "UPDATED_NEW", "UPDATED_OLD"
};
struct DeleteItem {
  std::string table{};
  Item key{};
  std::string condition{};
  Names names{};
  Item values{};
  std::string return_values{};  // "ALL_OLD"
};
struct Query {
  std::string table{};
  std::string index{};
  std::string key_condition{};
  std::string filter{};
  std::string projection{};
  Names names{};
  Item values{};
  int limit = 0;  // 0: none
  std::optional<Item> start_key{};
  bool forward = true;
  bool consistent_read = false;
};
struct Scan {
  std::string table{};
  std::string index{};
  std::string filter{};
  std::string projection{};
  Names names{};
  Item values{};
  int limit = 0;
  std::optional<Item> start_key{};
  bool consistent_read = false;
};
struct Page {
  std::vector<Item> items;
  int64_t scanned = 0;
  std::optional<Item> last_key;  // absent on the last page
};
struct WriteRequest {  // one of the two
  std::optional<Item> put{};
  std::optional<Item> delete_key{};
};

class Client {
 public:
  explicit Client(ClientOptions options = {});

  Result<std::optional<Item>> get_item(const GetItem& request);
  // The attributes asked for with return_values; empty without.
  Result<Item> put_item(const PutItem& request);
  Result<Item> update_item(const UpdateItem& request);
  Result<Item> delete_item(const DeleteItem& request);
  Result<Page> query(const Query& request);
  Result<Page> scan(const Scan& request);
  // Any number of keys or writes: cut into DynamoDB's batches (100, 25), what it leaves unprocessed
  // is sent again with backoff.
  Result<std::vector<Item>> batch_get(const std::string& table, const std::vector<Item>& keys);
  Result<void> batch_write(const std::string& table, const std::vector<WriteRequest>& writes);

  // Any operation, with DynamoDB's JSON in and out.
  Result<json::value> call(std::string_view operation, std::string_view body);

 private:
  Result<json::value> attempt(std::string_view operation, std::string_view body,
                              std::string_view payload_hash);
  bool pause(int attempt);  // false: the invocation's deadline comes first

  ClientOptions options_;
  Result<http::Url> endpoint_;
  std::string authority_;
  CredentialsProvider credentials_;
  Signer signer_;
  http::Client http_;
  std::string body_;
};

}  // namespace dew::dynamodb
