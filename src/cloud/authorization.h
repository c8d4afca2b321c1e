// CloudSources: what authorizing asks of the services.
#pragma once

#include "authz/sources.h"
#include "cloud/resource_tags.h"
#include "services/codedeploy/service.h"
#include "services/dynamodb/service.h"
#include "services/iam/service.h"
#include "services/lambda/service.h"
#include "services/s3/service.h"

namespace dew::cloud {

// References outlive it.
class CloudSources final : public authz::Sources {
 public:
  CloudSources(const aws::Registry& registry, const iam::Service& iam, const s3::Service& s3,
               const lambda::Service& lambda, const dynamodb::Service& dynamodb,
               const codedeploy::Service& codedeploy)
      : registry_(registry),
        iam_(iam),
        s3_(s3),
        lambda_(lambda),
        dynamodb_(dynamodb),
        codedeploy_(codedeploy) {}

  uint64_t version() const override { return iam_.version(); }
  policy::AttachedPtr user(std::string_view name) const override {
    return iam_.attached_to_user(name);
  }
  policy::AttachedPtr role(std::string_view name) const override {
    return iam_.attached_to_role(name);
  }
  std::string group_arn(std::string_view name) const override { return iam_.group_arn(name); }
  policy::PolicyPtr bucket_policy(std::string_view bucket) const override {
    return s3_.bucket_policy(bucket);
  }
  bool restricts_public_access(std::string_view bucket) const override {
    return s3_.restricts_public_access(bucket);
  }
  policy::PolicyPtr function_policy(std::string_view name,
                                    std::string_view qualifier) const override {
    return lambda_.function_policy(name, qualifier);
  }
  std::string partition_key(std::string_view table, std::string_view index) const override {
    return dynamodb_.partition_key(table, index);
  }
  std::string deployment_group_arn(std::string_view deployment_id) const override {
    return codedeploy_.group_arn_of(deployment_id);
  }

  authz::Tags tags(std::string_view arn, std::string_view version) const override {
    return resource_tags(registry_, arn, version);
  }

 private:
  const aws::Registry& registry_;
  const iam::Service& iam_;
  const s3::Service& s3_;
  const lambda::Service& lambda_;
  const dynamodb::Service& dynamodb_;
  const codedeploy::Service& codedeploy_;
};

}  // namespace dew::cloud
