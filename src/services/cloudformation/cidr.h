// Fn::Cidr: splits an IPv4 or IPv6 block.
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-cidr.html
#pragma once

#include <string>
#include <string_view>

#include "services/cloudformation/template.h"

namespace dew::cloudformation {

// The first `count` (1 to 256) blocks of 2^bits addresses in `block` ("10.0.0.0/16",
// "2001:db8::/56"), as texts in order. ValidationError when `block` is none, or does not hold so
// many.
ApiResult<json::Array> split_cidr(std::string_view block, int64_t count, int64_t bits);

}  // namespace dew::cloudformation
