#include "services/s3/versions.h"

#include <algorithm>
#include <charconv>

#include "base/ids.h"

namespace dew::s3 {

namespace {

constexpr size_t kSequenceDigits = 16;
constexpr size_t kVersionDigits = 32;

uint64_t sequence_of(const json::Object& record) {
  return static_cast<uint64_t>(json::int_at(record, "Sequence").value_or(0));
}

store::Key version_key(std::string_view bucket, std::string_view key, uint64_t sequence) {
  return version_prefix(bucket, key).add(~sequence);
}

// A version's id begins with its sequence, so that it can be found without a search.
std::optional<uint64_t> parse_version(std::string_view id) {
  if (id.size() != kVersionDigits) return std::nullopt;
  uint64_t out = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + kSequenceDigits, out, 16);
  if (error != std::errc() || end != id.data() + kSequenceDigits) return std::nullopt;
  return out;
}

std::unexpected<aws::ApiError> no_such_version(std::string_view key, std::string_view id) {
  aws::ApiError error("NoSuchVersion", "The specified version does not exist.", 404);
  error.members["Key"] = key;
  error.members["VersionId"] = id;
  return aws::fail(std::move(error));
}

// An older version by its id; nullopt for none.
ApiResult<std::optional<json::Object>> find_older(const State& state, std::string_view bucket,
                                                  std::string_view key, std::string_view id) {
  std::optional<json::Object> out;
  if (const auto sequence = parse_version(id)) {
    TRY(auto record, services::load(state.context.store, version_key(bucket, key, *sequence)));
    if (record && version_id(*record) == id) out = std::move(*record);
    return out;
  }
  if (id != "null") {
    aws::ApiError error("InvalidArgument", "Invalid version id specified");
    error.members["ArgumentName"] = "versionId";
    error.members["ArgumentValue"] = id.substr(0, 1024);
    return aws::fail(std::move(error));
  }
  CHECK_OK(services::scan(state.context.store, version_prefix(bucket, key), {},
                          [&](std::string_view, json::Object record) {
                            if (version_id(record) == "null") out = std::move(record);
                            return !out;
                          }));
  return out;
}

}  // namespace

Versioning versioning_of(const json::Object& bucket) {
  const auto status = json::string_or(bucket, "Versioning");
  if (status.empty()) return Versioning::kNever;
  return status == "Enabled" ? Versioning::kEnabled : Versioning::kSuspended;
}

store::Key version_prefix(std::string_view bucket, std::string_view key) {
  return store::Key("s3").add("version").add(bucket).add(key);
}

bool is_delete_marker(const json::Object& record) { return record.contains("DeleteMarker"); }

std::string version_id(const json::Object& record) {
  return json::string_or(record, "VersionId", "null");
}

ApiResult<void> add_version(State& state, const json::Object& bucket, std::string_view key,
                            json::Object& record, Change& change) {
  const auto name = json::string_or(bucket, "Name");
  const auto versioning = versioning_of(bucket);
  TRY(const auto newest, services::load(state.context.store, object_key(name, key)));
  uint64_t sequence =
      std::max(static_cast<uint64_t>(state.context.clock.now_ms()) * 1000, state.sequence + 1);
  if (newest) sequence = std::max(sequence, sequence_of(*newest) + 1);
  state.sequence = sequence;
  record["Sequence"] = static_cast<int64_t>(sequence);
  record["VersionId"] = versioning == Versioning::kEnabled
                            ? fmt::format("{:016x}{}", sequence, random_hex(kVersionDigits - 16))
                            : std::string("null");
  if (newest) {
    if (versioning == Versioning::kEnabled || version_id(*newest) != "null") {
      services::save(change.batch, version_key(name, key, sequence_of(*newest)), *newest);
    } else if (auto body = json::string_or(*newest, "Body"); !body.empty()) {
      change.bodies.push_back(std::move(body));
    }
  }
  if (versioning == Versioning::kSuspended) {
    TRY(const auto null, find_older(state, name, key, "null"));
    if (null) {
      change.batch.erase(version_key(name, key, sequence_of(*null)));
      if (auto body = json::string_or(*null, "Body"); !body.empty())
        change.bodies.push_back(std::move(body));
    }
  }
  services::save(change.batch, object_key(name, key), record);
  return {};
}

ApiResult<json::Object> find_version(const State& state, std::string_view bucket,
                                     std::string_view key, const json::Object& input) {
  TRY(auto newest, services::load(state.context.store, object_key(bucket, key)));
  const auto id = json::string_at(input, "VersionId");
  if (!id) {
    if (!newest) return no_such_key(key);
    return std::move(*newest);
  }
  if (newest && version_id(*newest) == *id) return std::move(*newest);
  TRY(auto older, find_older(state, bucket, key, *id));
  if (!older) return no_such_version(key, *id);
  return std::move(*older);
}

ApiResult<json::Object> find_object(const State& state, std::string_view bucket,
                                    std::string_view key, Call& call) {
  auto found = find_version(state, bucket, key, call.input);
  if (!found && found.error().code == "NoSuchKey") return missing_key(call, bucket, key);
  TRY(auto record, std::move(found));
  if (!is_delete_marker(record)) return record;
  call.headers.set("x-amz-delete-marker", "true");
  call.headers.set("x-amz-version-id", version_id(record));
  if (!call.input.contains("VersionId")) return missing_key(call, bucket, key);
  call.headers.set("Allow", "DELETE");
  aws::ApiError error("MethodNotAllowed",
                      "The specified method is not allowed against this resource.", 405);
  error.members["Method"] = call.operation == "HeadObject" ? "HEAD" : "GET";
  error.members["ResourceType"] = "DeleteMarker";
  return aws::fail(std::move(error));
}

ApiResult<json::Object> find_source(const State& state, const Source& source, const Call& call) {
  auto found = find_version(state, source.bucket, source.key, source.input());
  if (!found && found.error().code == "NoSuchKey")
    return missing_key(call, source.bucket, source.key);
  TRY(auto record, std::move(found));
  if (!is_delete_marker(record)) return record;
  if (!source.version) return missing_key(call, source.bucket, source.key);
  return aws::fail("InvalidRequest",
                   "The source of a copy request may not specifically refer to a delete marker by "
                   "version id.");
}

store::Key version_place(const State& state, std::string_view bucket, std::string_view key,
                         const json::Object& record) {
  const auto newest = services::load(state.context.store, object_key(bucket, key));
  if (newest && *newest && sequence_of(**newest) == sequence_of(record))
    return object_key(bucket, key);
  return version_key(bucket, key, sequence_of(record));
}

ApiResult<Deleted> delete_version(State& state, const json::Object& bucket, std::string_view key,
                                  const json::Object& input, Change& change) {
  const auto name = json::string_or(bucket, "Name");
  const auto place = object_key(name, key);
  TRY(const auto newest, services::load(state.context.store, place));
  const auto drop_body = [&](const json::Object& record) {
    if (auto body = json::string_or(record, "Body"); !body.empty())
      change.bodies.push_back(std::move(body));
  };
  const auto id = json::string_at(input, "VersionId");
  if (!id) {
    if (versioning_of(bucket) != Versioning::kNever) {
      json::Object marker{{"Key", key},
                          {"DeleteMarker", true},
                          {"LastModified", state.context.clock.now_seconds()}};
      CHECK_OK(add_version(state, bucket, key, marker, change));
      return Deleted{version_id(marker), true};
    }
    if (newest) {
      change.batch.erase(place);
      drop_body(*newest);
    }
    return Deleted{};
  }
  Deleted out{std::string(*id), false};
  if (newest && version_id(*newest) == *id) {
    out.marker = is_delete_marker(*newest);
    drop_body(*newest);
    // The one before it is the newest now.
    std::optional<json::Object> before;
    CHECK_OK(services::scan(state.context.store, version_prefix(name, key), {},
                            [&](std::string_view, json::Object record) {
                              before = std::move(record);
                              return false;
                            }));
    if (before) {
      change.batch.erase(version_key(name, key, sequence_of(*before)));
      services::save(change.batch, place, *before);
    } else {
      change.batch.erase(place);
    }
    return out;
  }
  TRY(const auto older, find_older(state, name, key, *id));
  if (older) {
    out.marker = is_delete_marker(*older);
    drop_body(*older);
    change.batch.erase(version_key(name, key, sequence_of(*older)));
  }
  return out;
}

}  // namespace dew::s3
