// Buckets: create, head, list, delete, location, versioning status.
#include <algorithm>

#include "services/s3/access.h"

namespace dew::s3 {

namespace {

// docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
bool is_valid_name(std::string_view name) {
  if (name.size() < 3 || name.size() > 63) return false;
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (!plain(name.front()) || !plain(name.back())) return false;
  if (!std::ranges::all_of(name, [&](char c) { return plain(c) || c == '.' || c == '-'; }))
    return false;
  if (name.find("..") != std::string_view::npos) return false;
  if (name.starts_with("xn--") || name.starts_with("sthree-") || name.ends_with("-s3alias"))
    return false;
  // Not an IPv4 address.
  const bool numeric =
      std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return !(numeric && std::ranges::count(name, '.') == 3);
}

ApiResult<json::Value> create_bucket(State& state, Call& call) {
  const auto name = json::string_or(call.input, "Bucket");
  if (!is_valid_name(name)) {
    aws::ApiError error("InvalidBucketName", "The specified bucket is not valid.");
    error.members["BucketName"] = name;
    return aws::fail(std::move(error));
  }
  json::Object bucket{{"Name", name}, {"CreationDate", state.context.clock.now_seconds()}};
  set_default_access(bucket);
  if (const auto ownership = json::string_at(call.input, "ObjectOwnership")) {
    bucket["OwnershipControls"] =
        json::Object{{"Rules", json::Array{json::Object{{"ObjectOwnership", *ownership}}}}};
  }
  CHECK_OK(check_new_acl(bucket, call.input));
  if (json::bool_at(call.input, "ObjectLockEnabledForBucket").value_or(false)) {
    return aws::fail(aws::ApiError::unsupported("object lock"));
  }
  std::string location;
  if (const auto* wanted = json::object_at(call.input, "CreateBucketConfiguration")) {
    location = json::string_or(*wanted, "LocationConstraint");
  }
  const auto& region = call.region.empty() ? state.context.config.region : call.region;
  if (location.empty() ? region != "us-east-1" : location != region && region != "us-east-1") {
    return aws::fail("IllegalLocationConstraintException",
                     fmt::format("The {} location constraint is incompatible for the region "
                                 "specific endpoint this request was sent to.",
                                 location.empty() ? "unspecified" : location));
  }
  std::lock_guard lock(state.mutex);
  TRY(const auto existing, services::load(state.context.store, bucket_key(name)));
  if (existing) {
    // In us-east-1, creating one's own bucket again succeeds, says the API reference.
    if (region != "us-east-1") {
      return aws::fail("BucketAlreadyOwnedByYou",
                       "Your previous request to create the named bucket succeeded and you "
                       "already own it.",
                       409);
    }
  } else {
    bucket["Region"] = location.empty() ? std::string("us-east-1") : location;
    store::Batch batch;
    services::save(batch, bucket_key(name), bucket);
    CHECK_OK(commit(state, batch));
  }
  return json::Object{{"Location", "/" + name}};
}

ApiResult<json::Value> head_bucket(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  call.headers.set("x-amz-bucket-region", json::string_or(bucket, "Region"));
  return json::Object{};
}

ApiResult<json::Value> list_buckets(State& state, Call&) {
  json::Array list;
  CHECK_OK(services::scan(state.context.store, store::Key("s3").add("bucket"), {},
                          [&](std::string_view, const json::Object& bucket) {
                            list.emplace_back(
                                json::Object{{"Name", bucket.at("Name")},
                                             {"CreationDate", bucket.at("CreationDate")}});
                            return true;
                          }));
  return json::Object{{"Buckets", std::move(list)}, {"Owner", owner(state)}};
}

ApiResult<json::Value> delete_bucket(State& state, Call& call) {
  std::lock_guard lock(state.mutex);
  TRY(const auto bucket, load_bucket(state, call.input));
  const auto name = json::string_or(bucket, "Name");
  bool empty = true;
  CHECK_OK(services::scan(state.context.store, store::Key("s3").add("object").add(name), {},
                          [&](std::string_view, const json::Object&) { return empty = false; }));
  if (!empty) {
    aws::ApiError error("BucketNotEmpty", "The bucket you tried to delete is not empty", 409);
    error.members["BucketName"] = name;
    return aws::fail(std::move(error));
  }
  // Uploads that were never completed go with their bucket.
  store::Batch batch;
  std::vector<std::string> bodies;
  std::vector<std::string> uploads;
  CHECK_OK(services::scan(state.context.store, store::Key("s3").add("upload").add(name), {},
                          [&](std::string_view key, const json::Object& upload) {
                            batch.erase(key);
                            uploads.push_back(json::string_or(upload, "UploadId"));
                            return true;
                          }));
  for (const auto& id : uploads) {
    CHECK_OK(services::scan(state.context.store, part_prefix(id), {},
                            [&](std::string_view key, const json::Object& part) {
                              batch.erase(key);
                              bodies.push_back(json::string_or(part, "Body"));
                              return true;
                            }));
  }
  batch.erase(bucket_key(name));
  CHECK_OK(commit(state, batch, std::move(bodies)));
  forget_access(state, name);
  return json::Object{};
}

ApiResult<json::Value> get_location(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  json::Object out;
  if (const auto region = json::string_or(bucket, "Region"); region != "us-east-1") {
    out["LocationConstraint"] = region;
  }
  return out;
}

ApiResult<json::Value> put_versioning(State& state, Call& call) {
  std::lock_guard lock(state.mutex);
  TRY(auto bucket, load_bucket(state, call.input));
  const auto* wanted = json::object_at(call.input, "VersioningConfiguration");
  if (wanted == nullptr || !wanted->contains("Status")) {
    return aws::fail("IllegalVersioningConfigurationException",
                     "The Versioning element must be specified");
  }
  const auto status = json::string_or(*wanted, "Status");
  if (status != "Enabled" && status != "Suspended") {
    return aws::fail("MalformedXML",
                     "The XML you provided was not well-formed or did not validate against our "
                     "published schema");
  }
  if (wanted->contains("MFADelete") && json::string_or(*wanted, "MFADelete") == "Enabled") {
    return aws::fail(aws::ApiError::unsupported("deletion with multi-factor authentication"));
  }
  bucket["Versioning"] = json::string_or(*wanted, "Status");
  store::Batch batch;
  services::save(batch, bucket_key(json::string_or(bucket, "Name")), bucket);
  CHECK_OK(commit(state, batch));
  return json::Object{};
}

ApiResult<json::Value> get_versioning(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  json::Object out;
  if (const auto status = json::string_at(bucket, "Versioning")) out["Status"] = *status;
  return out;
}

}  // namespace

void add_bucket_operations(const Add& add) {
  add("CreateBucket", create_bucket);
  add("HeadBucket", head_bucket);
  add("ListBuckets", list_buckets);
  add("DeleteBucket", delete_bucket);
  add("GetBucketLocation", get_location);
  add("PutBucketVersioning", put_versioning);
  add("GetBucketVersioning", get_versioning);
}

}  // namespace dew::s3
