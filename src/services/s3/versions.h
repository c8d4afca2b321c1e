// The versions of an object. The newest is the record under "s3 object", also when it is a delete
// marker; older ones lie under "s3 version BUCKET KEY ~SEQUENCE", newest first. A key is there as
// long as it has any version.
// docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
//
// A bucket that was never versioned has one version per key, `null`, which a put replaces. Where
// versioning is suspended, puts and deletes replace the version `null` and leave the others.
// Functions that write expect State::mutex to be held.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/s3/state.h"

namespace dew::s3 {

enum class Versioning { kNever, kEnabled, kSuspended };
Versioning versioning_of(const json::Object& bucket);

store::Key version_prefix(std::string_view bucket, std::string_view key);

bool is_delete_marker(const json::Object& record);
std::string version_id(const json::Object& record);  // "null" for what never had another

// What a change writes, and which bodies go with it.
struct Change {
  store::Batch batch;
  std::vector<std::string> bodies;
};

// `record` becomes the newest version; its VersionId and Sequence are set.
ApiResult<void> add_version(State& state, const json::Object& bucket, std::string_view key,
                            json::Object& record, Change& change);

// The version that `input` names (VersionId), or the newest; NoSuchKey, NoSuchVersion. May be a
// delete marker.
ApiResult<json::Object> find_version(const State& state, std::string_view bucket,
                                     std::string_view key, const json::Object& input);
// Not a delete marker: NoSuchKey for a newest one, MethodNotAllowed for one that was named. The
// headers that say so go into the call.
ApiResult<json::Object> find_object(const State& state, std::string_view bucket,
                                    std::string_view key, Call& call);

// What CopyObject and UploadPartCopy read, as find_object finds it.
ApiResult<json::Object> find_source(const State& state, const Source& source, const Call& call);

// Where a record lies that find_version gave.
store::Key version_place(const State& state, std::string_view bucket, std::string_view key,
                         const json::Object& record);

// DeleteObject: removes the version that is named, for good; else leaves a delete marker, or
// removes the object where there are no versions. Deleting what does not exist succeeds.
struct Deleted {
  std::optional<std::string> version;  // removed, or the marker's
  bool marker = false;                 // a marker was made, or was what was removed
};
ApiResult<Deleted> delete_version(State& state, const json::Object& bucket, std::string_view key,
                                  const json::Object& input, Change& change);

}  // namespace dew::s3
