// Property: whatever the text, reading a stack policy ends, and a policy that was read decides.
#include <cstdlib>

#include "services/cloudformation/stack_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew::cloudformation;
  const auto policy = StackPolicy::parse({reinterpret_cast<const char*>(data), size});
  if (!policy) return 0;
  for (const auto* action : {"Update:Modify", "Update:Replace", "Update:Delete"}) {
    const auto reason = policy->denies({action, "Name", "AWS::S3::Bucket"});
    if (!reason.empty() && reason.find("LogicalResourceId/Name") == std::string::npos) std::abort();
  }
  return 0;
}
