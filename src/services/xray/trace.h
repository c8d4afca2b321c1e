// Trace: the segments of one trace put together: which work was part of which, which services it
// went through, and how it ended.
//
// Entities are segments and subsegments, those within a document and those that were sent apart.
// A later document replaces an earlier one with the same id (a completed segment its in-progress
// one). A subsegment that calls another service (namespace aws or remote) and whose callee sent no
// segment of its own gets an inferred segment, as X-Ray makes one.
// docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-inferredsegments
//
// A segment for a call that this cloud made up (Segment::automatic_call) and that the function's
// own SDK has described as well is left out; what was below it moves to the SDK's.
//
// Immutable once made.
#pragma once

#include <deque>
#include <optional>

#include "json/json.h"
#include "services/xray/trace_store.h"

namespace dew::xray {

// Deeper subsegments are cut off: a document's depth is bounded by the JSON parser's, not the
// chain of documents.
inline constexpr size_t kNoEntity = static_cast<size_t>(-1);

// A node of the service map.
struct ServiceId {
  std::string name;
  std::string type;  // AWS::Lambda::Function, AWS::DynamoDB::Table, remote, client; may be empty
  std::string account;

  auto operator<=>(const ServiceId&) const = default;
};

struct Entity {
  const json::Object* document = nullptr;  // of the trace
  std::string_view id;
  std::string_view name;
  double start = 0;  // seconds since the epoch
  double end = 0;    // of what is in progress: its start
  bool segment = false;
  bool apart = false;  // a document of its own, not a part of another
  bool inferred = false;
  bool in_progress = false;
  bool error = false;
  bool fault = false;
  bool throttle = false;
  size_t parent = kNoEntity;  // an entity of the trace
  size_t owner = kNoEntity;   // the segment that it is part of; itself for a segment
  size_t service = 0;         // of `services`: the owner's
  std::vector<size_t> children;

  double seconds() const { return end - start; }
  bool ok() const { return !error && !fault && !throttle; }
};

struct Trace {
  Trace() = default;
  Trace(Trace&&) noexcept = default;
  Trace& operator=(Trace&&) noexcept = default;
  Trace(const Trace&) = delete;  // the entities point into the documents
  Trace& operator=(const Trace&) = delete;
  ~Trace() = default;

  std::string id;
  uint64_t revision = 0;
  bool limit_exceeded = false;
  double start = 0;
  double end = 0;
  std::vector<Entity> entities;
  std::vector<ServiceId> services;
  size_t root = kNoEntity;  // the segment that all began with

  double seconds() const { return end - start; }
  const Entity* root_entity() const { return root == kNoEntity ? nullptr : &entities[root]; }
  // The segment that calls `segment`, and the subsegment in which it does (which may be the segment
  // itself); kNoEntity: it is called from outside.
  size_t caller(size_t segment) const { return entities[segment].parent; }

  std::deque<json::Object> documents;  // what the entities point into
};

Trace assemble(const StoredTrace& stored, std::string_view account);

// Nested look-up: member(document, "http", "request"); null: no such object.
template <class... Names>
const json::Object* member(const json::Object& document, std::string_view name, Names... rest) {
  const auto* found = json::object_at(document, name);
  if constexpr (sizeof...(rest) == 0) {
    return found;
  } else {
    return found == nullptr ? nullptr : member(*found, rest...);
  }
}

}  // namespace dew::xray
