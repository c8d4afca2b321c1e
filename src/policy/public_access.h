// grants_public_access: whether a bucket's policy is public, as S3 means the word: it allows
// somebody something without naming who, or a network or resource that they must come from.
// docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
//
// Pure function, thread-safe.
#pragma once

#include <string_view>

namespace dew::policy {

// `document` has passed Policy::parse; what cannot be read counts as public.
bool grants_public_access(std::string_view document);

}  // namespace dew::policy
