#include "services/s3/service.h"

#include <atomic>
#include <chrono>
#include <unordered_set>

#include "base/encoding.h"
#include "base/log.h"
#include "services/s3/access.h"
#include "services/s3/checksum.h"
#include "services/s3/lifecycle.h"

namespace dew::s3 {

// Shared with the sweeps that wait on the workers, which may come to run when the service is gone.
struct Service::Sweeps {
  std::mutex running;
  std::mutex timer;  // held while Service::timer_ changes
  std::atomic<bool> stopped = false;
};

Service::Service(const services::Context& context)
    : state_(new State{
          context,
          std::make_shared<Bodies>(context.config.data_directory + "/s3", context.config.fsync),
          {},
          Guarded<std::map<std::string, BucketAccess, std::less<>>>()}) {
  sweeps_ = std::make_shared<Sweeps>();
  load_access(*state_);
  std::unordered_set<std::string> live;
  for (const auto* kind : {"object", "version", "part"}) {
    const auto scanned = services::scan(context.store, store::Key("s3").add(kind), {},
                                        [&](std::string_view, const json::Object& record) {
                                          live.insert(json::string_or(record, "Body"));
                                          return true;
                                        });
    if (!scanned) {
      log::error("s3: cannot read the stored objects, nothing is swept");
      return;
    }
  }
  const auto swept =
      state_->bodies->sweep([&](std::string_view id) { return live.contains(std::string(id)); });
  if (!swept) log::error("s3: {}", swept.error().message);
}

policy::PolicyPtr Service::bucket_policy(std::string_view bucket) const {
  return state_->access.read([&](const auto& all) -> policy::PolicyPtr {
    const auto it = all.find(bucket);
    return it == all.end() ? nullptr : it->second.policy;
  });
}

bool Service::restricts_public_access(std::string_view bucket) const {
  return state_->access.read([&](const auto& all) {
    const auto it = all.find(bucket);
    return it != all.end() && it->second.restricted;
  });
}

std::shared_ptr<const CorsRules> Service::cors_rules(std::string_view bucket) const {
  return state_->access.read([&](const auto& all) -> std::shared_ptr<const CorsRules> {
    const auto it = all.find(bucket);
    return it == all.end() ? nullptr : it->second.cors;
  });
}

Service::~Service() { stop_sweeps(); }

void Service::sweep() {
  apply_lifecycle(*state_, [sweeps = sweeps_] { return sweeps->stopped.load(); });
}

void Service::post_sweep(ClockHold hold) {
  state_->context.workers.post([this, sweeps = sweeps_, held = std::move(hold)] {
    const std::scoped_lock lock(sweeps->running);
    if (!sweeps->stopped) sweep();
  });
}

void Service::start_sweeps() {
  state_->sweep_soon = [this] { post_sweep(state_->context.clock.hold()); };
  // What came due while nobody was here.
  state_->sweep_soon();
  sweep_at_midnight();
}

void Service::sweep_at_midnight() {
  const std::scoped_lock lock(sweeps_->timer);
  if (sweeps_->stopped) return;
  const auto today = std::chrono::floor<std::chrono::days>(state_->context.clock.now());
  timer_ = state_->context.clock.at(today + std::chrono::days(1), [this](const ClockHold& hold) {
    post_sweep(hold);
    sweep_at_midnight();
  });
}

void Service::stop_sweeps() {
  sweeps_->stopped = true;
  {
    const std::scoped_lock lock(sweeps_->timer);
    timer_.cancel();
  }
  const std::scoped_lock lock(sweeps_->running);
}

void Service::register_operations(aws::Registry& registry) {
  const Add add = [&](std::string name, Operation operation) {
    registry.add("s3", std::move(name), aws::Run::kWorker,
                 [state = state_.get(), operation = std::move(operation)](Call& call) {
                   return operation(*state, call);
                 });
  };
  // Large bodies of these two go to disk as they come.
  for (const auto* name : {"PutObject", "UploadPart"}) {
    registry.stream_body("s3", name, [bodies = state_->bodies](const http::Request& head) {
      return std::make_unique<BodyWriter>(bodies, wanted_algorithms(head));
    });
  }
  add_bucket_operations(add);
  add_access_operations(add);
  add_setting_operations(add);
  add_default_operations(add);
  add_rule_operations(add);
  add_lifecycle_operations(add);
  add_object_operations(add);
  add_copy_operations(add);
  add_listing_operations(add);
  add_multipart_operations(add);
  add_version_listing(add);
  add_upload_listings(add);
}

store::Key bucket_key(std::string_view bucket) {
  return store::Key("s3").add("bucket").add(bucket);
}

store::Key object_key(std::string_view bucket, std::string_view key) {
  return store::Key("s3").add("object").add(bucket).add(key);
}

store::Key upload_key(std::string_view bucket, std::string_view key, std::string_view id) {
  return store::Key("s3").add("upload").add(bucket).add(key).add(id);
}

store::Key part_prefix(std::string_view id) { return store::Key("s3").add("part").add(id); }

ApiResult<json::Object> load_bucket(const State& state, const json::Object& input) {
  const auto name = json::string_or(input, "Bucket");
  TRY(auto record, services::load(state.context.store, bucket_key(name)));
  if (!record) return no_such_bucket(name);
  if (const auto expected = json::string_at(input, "ExpectedBucketOwner");
      expected && *expected != state.context.config.account) {
    return aws::fail("AccessDenied", "Access Denied", 403);
  }
  return std::move(*record);
}

ApiResult<void> commit(State& state, const store::Batch& batch, std::vector<std::string> bodies) {
  TRY(const auto sequence, state.context.store.commit(batch));
  if (bodies.empty()) return {};
  state.context.store.when_durable(
      sequence, [keep = state.bodies, gone = std::move(bodies)](const Result<void>& durable) {
        if (!durable) return;
        for (const auto& id : gone) keep->remove(id);
      });
  return {};
}

std::unexpected<aws::ApiError> no_such_bucket(std::string_view bucket) {
  aws::ApiError error("NoSuchBucket", "The specified bucket does not exist", 404);
  error.members["BucketName"] = bucket;
  return aws::fail(std::move(error));
}

std::unexpected<aws::ApiError> no_such_key(std::string_view key) {
  aws::ApiError error("NoSuchKey", "The specified key does not exist.", 404);
  error.members["Key"] = key;
  return aws::fail(std::move(error));
}

// "If you don't have the s3:ListBucket permission, Amazon S3 returns an HTTP status code 403",
// API_GetObject.html; the message names that permission.
std::unexpected<aws::ApiError> missing_key(const Call& call, std::string_view bucket,
                                           std::string_view key) {
  if (auto listed = call.may("HeadBucket", {{"Bucket", bucket}}); !listed)
    return std::unexpected(std::move(listed).error());
  return no_such_key(key);
}

json::Object owner(const State& state) {
  return json::Object{{"ID", hex_encode(sha256(state.context.config.account))}};
}

}  // namespace dew::s3
