// Properties: no document crashes the parser or the check; fields meet a policy that was made of
// them, and no longer once one is changed or added.
#include <cstdlib>

#include "aws/post_policy.h"
#include "base/encoding.h"

namespace {

void abort_unless(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew;
  using aws::FormFields;
  using aws::PostPolicy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const FormFields some{{"key", "user/x"}, {"content-type", "image/png"}};
  (void)PostPolicy::parse(text);
  if (const auto policy = PostPolicy::parse(base64_encode(text))) {
    (void)policy->check(some, "bucket", 0);
    (void)policy->check_least(size);
    (void)policy->check_most(size);
  }
  // Fields of the input, and the policy that asks for just them.
  if (!is_valid_utf8(text)) return 0;
  const std::string value(text);
  FormFields fields{{"key", value}, {"x-amz-meta-a", value + "2"}};
  const json::Object document{
      {"expiration", "2030-01-01T00:00:00Z"},
      {"conditions", json::Array{json::Object{{"key", value}},
                                 json::Array{"starts-with", "$x-amz-meta-a", value}}}};
  const auto policy = PostPolicy::parse(base64_encode(json::dump(document)));
  abort_unless(policy && policy->check(fields, "b", 0));
  abort_unless(!policy->check(fields, "b", 1e11));
  fields["key"] += "x";
  abort_unless(!policy->check(fields, "b", 0));
  fields["key"] = value;
  fields["acl"] = value;
  abort_unless(!policy->check(fields, "b", 0));
  return 0;
}
