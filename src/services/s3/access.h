// Who may reach a bucket, beside its policy: the public access block, and object ownership with the
// access control lists that it allows.
// docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
// docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
//
// Lists themselves are not kept: the account owns everything, so that only those are taken that say
// no more than that.
#pragma once

#include "services/s3/state.h"

namespace dew::s3 {

// What a bucket is made with, since April 2023.
// docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
void set_default_access(json::Object& bucket);

// AccessControlListNotSupported where ownership is enforced, AccessDenied for a public list that is
// blocked, NotImplemented for one that would grant somebody else something.
ApiResult<void> check_acl(const json::Object& bucket, const json::Object& input);
// The same of a bucket that is about to be made.
ApiResult<void> check_new_acl(const json::Object& bucket, const json::Object& input);

// A flag of the bucket's public access block.
bool blocks(const json::Object& bucket, std::string_view flag);

// Keeps in memory what is asked of a bucket before its operations run, or forgets a bucket that is
// gone. With State::mutex held, after every commit of the bucket's record.
void remember_access(State& state, const json::Object& bucket);
void forget_access(State& state, std::string_view bucket);
// Of every bucket, when the service starts.
void load_access(State& state);

void add_access_operations(const Add& add);

}  // namespace dew::s3
