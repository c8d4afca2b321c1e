// Property: whatever is PUT, an answer is taken at most once, a signal that was taken is one of its
// handle's, and nothing that was taken is longer than it may be.
#include <cstdlib>

#include "services/cloudformation/replies.h"
#include "store/memory/memory_store.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew;
  using namespace dew::cloudformation;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto store = store::make_memory_store();
  Replies replies(*store);
  store::Batch batch;
  const auto once = Replies::open(batch, "stack", Reply::kOnce);
  const auto handle = Replies::open(batch, "stack", Reply::kSignals);
  if (!store->commit(batch)) std::abort();

  if (replies.receive(body, body).status == 200) std::abort();  // no such token
  if (replies.receive(once, body).status != 200) std::abort();
  if (replies.receive(once, body).status == 200) std::abort();
  const auto answer = replies.answer(once);
  if (!answer || !*answer || (*answer)->size() > kReplyBytes) std::abort();

  const bool taken = replies.receive(handle, body).status == 200;
  (void)replies.receive(handle, body);  // the same signal replaces itself
  const auto signals = replies.signals(handle);
  if (!signals || signals->size() != (taken ? 1U : 0U)) std::abort();
  (void)Replies::token_of(body);
  return 0;
}
