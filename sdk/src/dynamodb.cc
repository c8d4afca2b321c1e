#include <dew/dynamodb.h>
#include <dew/env.h>
#include <dew/runtime.h>

#include <algorithm>
#include <array>
#include <random>
#include <thread>

#include "json_text.h"

namespace dew::dynamodb {
namespace {

using std::chrono::milliseconds;

constexpr size_t kMaxAnswerDepth =
    160;  // 32 levels of attribute values, two of JSON each, and the envelope
constexpr size_t kGetBatch = 100;
constexpr size_t kWriteBatch = 25;

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
constexpr std::array kRetryable = {
    std::string_view("ProvisionedThroughputExceededException"),
    std::string_view("ThrottlingException"),
    std::string_view("RequestLimitExceeded"),
    std::string_view("InternalServerError"),
    std::string_view("TransactionInProgressException"),
    std::string_view("ServiceUnavailable"),
    std::string_view("LimitExceededException"),
};

class Body {
 public:
  explicit Body(std::string& out) : out_(out) { out_.assign("{"); }
  Body& text(const char* name, std::string_view value) {
    if (value.empty()) return *this;
    member(name);
    json_text::append_string(out_, value);
    return *this;
  }
  Body& flag(const char* name, bool value) {
    if (value) raw(name, "true");
    return *this;
  }
  Body& raw(const char* name, std::string_view value) {
    member(name);
    out_ += value;
    return *this;
  }
  Body& number(const char* name, int value) {
    if (value <= 0) return *this;
    member(name);
    json_text::append_int(out_, value);
    return *this;
  }
  Body& item(const char* name, const Item& value) {
    member(name);
    append_json(out_, value);
    return *this;
  }
  Body& values(const Item& value) {
    return value.empty() ? *this : item("ExpressionAttributeValues", value);
  }
  Body& names(const Names& names) {
    if (names.empty()) return *this;
    member("ExpressionAttributeNames");
    out_ += '{';
    bool first = true;
    for (const auto& [name, attribute] : names) {
      if (!first) out_ += ',';
      first = false;
      json_text::append_string(out_, name);
      out_ += ':';
      json_text::append_string(out_, attribute);
    }
    out_ += '}';
    return *this;
  }
  std::string_view done() {
    out_ += '}';
    return out_;
  }

 private:
  void member(const char* name) {
    if (out_.size() > 1) out_ += ',';
    out_.append("\"").append(name).append("\":");
  }
  std::string& out_;
};

Result<json::value> parse_answer(std::string_view text) {
  json::error_code ec;
  json::parse_options options;
  options.max_depth = kMaxAnswerDepth;
  json::value value = json::parse(text, ec, {}, options);
  if (ec || !value.is_object()) return fail("BadAnswer", "DynamoDB's answer is not a JSON object");
  return value;
}

// {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "..."}
Error error_of(int status, std::string_view body) {
  Error error{"UnknownError", "status " + std::to_string(status), status, status >= 500};
  if (auto value = parse_answer(body)) {
    const json::object& object = value->get_object();
    if (const json::value* type = object.if_contains("__type");
        type != nullptr && type->is_string()) {
      const std::string_view full = type->get_string();
      error.code = full.substr(full.find('#') == std::string_view::npos ? 0 : full.find('#') + 1);
    }
    for (const char* name : {"message", "Message"}) {
      if (const json::value* text = object.if_contains(name); text != nullptr && text->is_string())
        error.message = text->get_string();
    }
  }
  if (std::ranges::find(kRetryable, error.code) != kRetryable.end()) error.retryable = true;
  return error;
}

const json::value* find(const json::value& answer, std::string_view name) {
  return answer.get_object().if_contains(name);
}

Result<Item> attributes_of(Result<json::value> answer) {
  if (!answer) return std::unexpected(answer.error());
  const json::value* attributes = find(*answer, "Attributes");
  if (attributes == nullptr) return Item{};
  return item_from_json(*attributes);
}

Result<Page> page_of(Result<json::value> answer) {
  if (!answer) return std::unexpected(answer.error());
  Page page;
  if (const json::value* items = find(*answer, "Items"); items != nullptr && items->is_array()) {
    page.items.reserve(items->get_array().size());
    for (const json::value& each : items->get_array()) {
      auto item = item_from_json(each);
      if (!item) return std::unexpected(item.error());
      page.items.push_back(std::move(*item));
    }
  }
  if (const json::value* scanned = find(*answer, "ScannedCount");
      scanned != nullptr && scanned->is_int64()) {
    page.scanned = scanned->get_int64();
  }
  if (const json::value* last = find(*answer, "LastEvaluatedKey"); last != nullptr) {
    auto key = item_from_json(*last);
    if (!key) return std::unexpected(key.error());
    page.last_key = std::move(*key);
  }
  return page;
}

std::string choose_region(const ClientOptions& options) {
  if (!options.region.empty()) return options.region;
  return env_or("AWS_REGION", env_or("AWS_DEFAULT_REGION", "us-east-1"));
}

Result<http::Url> choose_endpoint(const ClientOptions& options) {
  if (!options.endpoint.empty()) return http::Url::parse(options.endpoint);
  if (auto url = env("AWS_ENDPOINT_URL_DYNAMODB")) return http::Url::parse(*url);
  if (auto url = env("AWS_ENDPOINT_URL")) return http::Url::parse(*url);
  const std::string region = choose_region(options);
  return http::Url::parse("https://dynamodb." + region + ".amazonaws.com" +
                          (region.starts_with("cn-") ? ".cn" : ""));
}

bool has_members(const json::value* value) {
  return value != nullptr && value->is_object() && !value->get_object().empty();
}

}  // namespace

Client::Client(ClientOptions options)
    : options_(std::move(options)),
      endpoint_(choose_endpoint(options_)),
      authority_(endpoint_ ? endpoint_->authority() : std::string()),
      credentials_(options_.credentials ? CredentialsProvider(*options_.credentials)
                                        : CredentialsProvider()),
      signer_(choose_region(options_), "dynamodb"),
      http_(options_.timeouts) {
  if (!options_.sleep)
    options_.sleep = [](milliseconds time) { std::this_thread::sleep_for(time); };
}

Result<json::value> Client::attempt(std::string_view operation, std::string_view body,
                                    std::string_view payload_hash) {
  auto credentials = credentials_.get();
  if (!credentials) return std::unexpected(credentials.error());
  const std::string target = "DynamoDB_20120810." + std::string(operation);
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  SigningInput input{.method = "POST",
                     .path = "/",
                     .query = {},
                     .headers = {},
                     .payload_hash = payload_hash,
                     .now_s = now};
  input.headers = {{"content-type", "application/x-amz-json-1.0"},
                   {"host", authority_},
                   {"x-amz-target", target}};
  const Signature signature = signer_.sign(**credentials, input);
  http::Request request{.method = "POST", .target = "/", .headers = {}, .body = body};
  request.headers = {{"Content-Type", "application/x-amz-json-1.0"},
                     {"X-Amz-Target", target},
                     {"X-Amz-Date", signature.amz_date},
                     {"Authorization", signature.authorization}};
  const std::string& token = (*credentials)->session_token;
  if (!token.empty()) request.headers.emplace_back("X-Amz-Security-Token", token);
  const Context* context = current_context();
  if (context != nullptr && !context->trace_id.empty())
    request.headers.emplace_back("X-Amzn-Trace-Id", context->trace_id);
  auto response = http_.send(*endpoint_, request);
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) return std::unexpected(error_of(response->status, response->body));
  return parse_answer(response->body);
}

bool Client::pause(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto most = std::min<int64_t>(options_.retry.cap.count(), options_.retry.base.count()
                                                                      << std::min(attempt, 20));
  const milliseconds time(std::uniform_int_distribution<int64_t>(0, most)(random));
  if (const Context* context = current_context();
      context != nullptr && context->deadline_ms > 0 && context->remaining() <= time) {
    return false;
  }
  options_.sleep(time);
  return true;
}

Result<json::value> Client::call(std::string_view operation, std::string_view body) {
  if (!endpoint_) return std::unexpected(endpoint_.error());
  const std::string hash = sha256_hex(body);
  Result<json::value> answer = attempt(operation, body, hash);
  for (int tried = 1; tried < options_.retry.max_attempts && !answer && answer.error().retryable;
       ++tried) {
    if (!pause(tried - 1)) break;
    answer = attempt(operation, body, hash);
  }
  return answer;
}

Result<std::optional<Item>> Client::get_item(const GetItem& request) {
  Body body(body_);
  body.text("TableName", request.table)
      .item("Key", request.key)
      .flag("ConsistentRead", request.consistent_read);
  body.text("ProjectionExpression", request.projection).names(request.names);
  auto answer = call("GetItem", body.done());
  if (!answer) return std::unexpected(answer.error());
  const json::value* item = find(*answer, "Item");
  if (item == nullptr) return std::optional<Item>();
  auto decoded = item_from_json(*item);
  if (!decoded) return std::unexpected(decoded.error());
  return std::optional<Item>(std::move(*decoded));
}

Result<Item> Client::put_item(const PutItem& request) {
  Body body(body_);
  body.text("TableName", request.table)
      .item("Item", request.item)
      .text("ConditionExpression", request.condition);
  body.names(request.names).values(request.values).text("ReturnValues", request.return_values);
  return attributes_of(call("PutItem", body.done()));
}

Result<Item> Client::update_item(const UpdateItem& request) {
  Body body(body_);
  body.text("TableName", request.table)
      .item("Key", request.key)
      .text("UpdateExpression", request.update);
  body.text("ConditionExpression", request.condition).names(request.names).values(request.values);
  body.text("ReturnValues", request.return_values);
  return attributes_of(call("UpdateItem", body.done()));
}

Result<Item> Client::delete_item(const DeleteItem& request) {
  Body body(body_);
  body.text("TableName", request.table)
      .item("Key", request.key)
      .text("ConditionExpression", request.condition);
  body.names(request.names).values(request.values).text("ReturnValues", request.return_values);
  return attributes_of(call("DeleteItem", body.done()));
}

Result<Page> Client::query(const Query& request) {
  Body body(body_);
  body.text("TableName", request.table)
      .text("IndexName", request.index)
      .text("KeyConditionExpression", request.key_condition);
  body.text("FilterExpression", request.filter)
      .text("ProjectionExpression", request.projection)
      .names(request.names);
  body.values(request.values)
      .number("Limit", request.limit)
      .flag("ConsistentRead", request.consistent_read);
  if (!request.forward) body.raw("ScanIndexForward", "false");
  if (request.start_key) body.item("ExclusiveStartKey", *request.start_key);
  return page_of(call("Query", body.done()));
}

Result<Page> Client::scan(const Scan& request) {
  Body body(body_);
  body.text("TableName", request.table)
      .text("IndexName", request.index)
      .text("FilterExpression", request.filter);
  body.text("ProjectionExpression", request.projection).names(request.names).values(request.values);
  body.number("Limit", request.limit).flag("ConsistentRead", request.consistent_read);
  if (request.start_key) body.item("ExclusiveStartKey", *request.start_key);
  return page_of(call("Scan", body.done()));
}

Result<std::vector<Item>> Client::batch_get(const std::string& table,
                                            const std::vector<Item>& keys) {
  std::vector<Item> found;
  for (size_t at = 0; at < keys.size(); at += kGetBatch) {
    std::string request = "{\"RequestItems\":{";
    json_text::append_string(request, table);
    request += ":{\"Keys\":[";
    for (size_t i = at; i < std::min(keys.size(), at + kGetBatch); ++i) {
      if (i > at) request += ',';
      append_json(request, keys[i]);
    }
    request += "]}}}";
    for (int tried = 0;; ++tried) {
      auto answer = call("BatchGetItem", request);
      if (!answer) return std::unexpected(answer.error());
      const json::value* responses = find(*answer, "Responses");
      const json::value* items =
          has_members(responses) ? responses->get_object().if_contains(table) : nullptr;
      if (items != nullptr && items->is_array()) {
        for (const json::value& each : items->get_array()) {
          auto item = item_from_json(each);
          if (!item) return std::unexpected(item.error());
          found.push_back(std::move(*item));
        }
      }
      const json::value* left = find(*answer, "UnprocessedKeys");
      if (!has_members(left)) break;
      if (tried + 1 >= options_.retry.max_attempts || !pause(tried))
        return fail("UnprocessedItems", "DynamoDB left keys unprocessed");
      request = "{\"RequestItems\":" + json::serialize(*left) + "}";
    }
  }
  return found;
}

Result<void> Client::batch_write(const std::string& table,
                                 const std::vector<WriteRequest>& writes) {
  for (size_t at = 0; at < writes.size(); at += kWriteBatch) {
    std::string request = "{\"RequestItems\":{";
    json_text::append_string(request, table);
    request += ":[";
    for (size_t i = at; i < std::min(writes.size(), at + kWriteBatch); ++i) {
      const WriteRequest& write = writes[i];
      if (write.put.has_value() == write.delete_key.has_value())
        return fail("InvalidRequest", "a write is a put or a delete");
      if (i > at) request += ',';
      request += write.put ? "{\"PutRequest\":{\"Item\":" : "{\"DeleteRequest\":{\"Key\":";
      append_json(request, write.put ? *write.put : *write.delete_key);
      request += "}}";
    }
    request += "]}}";
    for (int tried = 0;; ++tried) {
      auto answer = call("BatchWriteItem", request);
      if (!answer) return std::unexpected(answer.error());
      const json::value* left = find(*answer, "UnprocessedItems");
      if (!has_members(left)) break;
      if (tried + 1 >= options_.retry.max_attempts || !pause(tried))
        return fail("UnprocessedItems", "DynamoDB left writes unprocessed");
      request = "{\"RequestItems\":" + json::serialize(*left) + "}";
    }
  }
  return {};
}

}  // namespace dew::dynamodb
