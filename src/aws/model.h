// A service's API as AWS describes it: operations, shapes, constraints, wire names. The
// descriptions are botocore's, stripped at build time (models/strip.py) and embedded; one
// interpreter (protocol.h, validate.h) reads them at run time for every service.
//
// A model is parsed when its service is first called, once, and lives as long as the process:
// pointers and views into it never dangle. Thread-safe; everything is immutable after loading.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "json/json.h"

namespace re2 {
class RE2;
}

namespace dew::aws {

enum class Kind : uint8_t {
  kStructure,
  kList,
  kMap,
  kString,
  kInteger,
  kLong,
  kFloat,
  kDouble,
  kBoolean,
  kTimestamp,
  kBlob
};
enum class Location : uint8_t { kBody, kUri, kQuery, kHeader, kHeaders, kStatus };
enum class TimestampFormat : uint8_t { kDefault, kUnix, kIso8601, kRfc822 };
enum class ProtocolKind : uint8_t { kJson, kQuery, kRestJson, kRestXml, kRpcCbor };

// A regular expression of the model, in Java's dialect, matched against the whole value. Compiled
// on first use. One that RE2 cannot express (look-arounds, back references) accepts everything: see
// model_test.cc for the list.
class Pattern {
 public:
  explicit Pattern(std::string source);
  ~Pattern();
  bool matches(std::string_view text) const;
  bool supported() const;
  const std::string& source() const { return source_; }

 private:
  const re2::RE2* compiled() const;

  std::string source_;
  mutable std::once_flag once_;
  mutable std::unique_ptr<re2::RE2> regex_;  // null when unsupported
};

struct Shape;

// A use of a shape: a structure's member, a list's element, a map's key or value, an operation's
// input or output. The traits are the use's own where it has them, else the shape's.
struct Member {
  std::string name;       // the model's; empty for elements, keys and values
  std::string wire_name;  // locationName, else the name
  bool renamed = false;   // has a locationName
  const Shape* shape = nullptr;
  Location location = Location::kBody;
  TimestampFormat timestamp_format = TimestampFormat::kDefault;
  bool required = false;
  bool flattened = false;
  bool xml_attribute = false;
  bool streaming = false;
  bool idempotency_token = false;
  bool json_value = false;  // a header that carries base64 of JSON
  std::string query_name;
  std::string xml_prefix;  // of its namespace
  std::string xml_uri;

  explicit operator bool() const { return shape != nullptr; }
};

struct Shape {
  std::string name;
  Kind kind = Kind::kStructure;

  std::vector<Member> members;      // of a structure, in the model's order
  const Member* payload = nullptr;  // the member that is the whole HTTP body
  Member element;                   // of a list; the value of a map
  Member key;                       // of a map

  bool is_document = false;  // any JSON
  bool is_union = false;
  bool is_event_stream = false;
  bool is_exception = false;
  bool is_sensitive = false;      // its values are never shown
  bool has_blob_or_time = false;  // itself or anywhere below
  bool constrained = false;       // itself or anywhere below: something for validate() to check

  std::string error_code;  // of an exception: its code on the wire, its name unless the model says
                           // otherwise
  int error_status = 0;    // 0: unspecified
  bool sender_fault = false;

  std::optional<double> min;  // of a number's value, else of the length
  std::optional<double> max;
  std::unique_ptr<Pattern> pattern;
  std::vector<std::string> enum_values;

  const Member* find(std::string_view name) const;       // by the model's name
  const Member* find_wire(std::string_view name) const;  // a body member, by its name on the wire

  std::vector<uint16_t> by_name;  // indexes of `members`, sorted by (size, text)
  std::vector<uint16_t> by_wire;
};

// A REST operation's request line: /2015-03-31/functions/{FunctionName}/invocations, {Key+} greedy.
struct UriTemplate {
  struct Segment {
    enum class Kind : uint8_t { kLiteral, kLabel, kGreedy };
    Kind kind = Kind::kLiteral;
    std::string text;  // the literal, or the label's name
  };
  std::vector<Segment> segments;
  std::vector<std::pair<std::string, std::optional<std::string>>>
      query;  // fixed: ?acl, ?list-type=2
};

struct Operation {
  std::string name;
  std::string method = "POST";
  UriTemplate uri;
  int status = 200;
  Member input;                // no shape: takes nothing
  Member output;               // no shape: returns nothing
  std::string result_wrapper;  // query: <FooResult>
  std::vector<const Shape*> errors;
};

struct ServiceModel {
  std::string name;           // botocore's: dynamodb
  std::string signing_name;   // in the credential scope
  std::string api_version;    // 2012-08-10
  std::string json_version;   // 1.0
  std::string target_prefix;  // DynamoDB_20120810
  std::string xml_namespace;
  ProtocolKind protocol = ProtocolKind::kJson;
  bool query_compatible =
      false;  // a json service that once spoke query: errors carry the old code too

  const Operation* operation(std::string_view operation_name) const;
  const Shape* error_shape(std::string_view code) const;  // by shape name or wire code
  const Shape* shape(std::string_view shape_name) const;
  const auto& shapes() const { return shapes_; }
  const auto& operations() const { return operations_; }

  // From a stripped model. For the tests too: models of the protocol tests have the same form.
  static Result<std::unique_ptr<ServiceModel>> build(std::string name, const json::Value& source);

 private:
  friend class ModelBuilder;
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::unique_ptr<Shape>, Hash, std::equal_to<>> shapes_;
  std::unordered_map<std::string, std::unique_ptr<Operation>, Hash, std::equal_to<>> operations_;
  std::unordered_map<std::string, const Shape*, Hash, std::equal_to<>> errors_;
};

// What is known of an embedded model without parsing it: enough to route a request.
struct ModelInfo {
  std::string_view name;
  std::string_view signing_name;
  std::string_view endpoint_prefix;
  std::string_view target_prefix;
  std::string_view api_version;
  std::string_view protocol;
};

// The embedded services, sorted by name.
const std::vector<ModelInfo>& embedded_models();

// Parses it on first use. Null for a service that is not embedded.
const ServiceModel* service_model(std::string_view name);

}  // namespace dew::aws
