// StackStore: where stacks, their resources, events, change sets, exports and templates lie in the
// store.
//
//   cfn name NAME                   the id of the stack that has the name now
//   cfn stack ID                    Stack (stack.h); kept after the stack is deleted
//   cfn template ID current|next    the template's text, its macros applied: what the stack is,
//   what
//                                   it is to become
//   cfn original ID current|next    the text as it was given, where macros have changed it
//   cfn resource ID LOGICAL-ID      ResourceState
//   cfn made ID LOGICAL-ID          the id that a service gave to what an Attempt creates
//   cfn leftover ID NUMBER          Leftover
//   cfn event ID NUMBER             a stack event, as DescribeStackEvents gives it
//   cfn settings ID                 termination protection and stack policy, which change beside
//                                   operations
//   cfn cancel ID                   "delete" or "cancel": a request that the operation end
//   cfn changeset ID NAME           a change set, as DescribeChangeSet gives it, and its template
//   cfn export NAME                 stack id and value; cfn import NAME ID: that stack imports it
//
// Thread-safe, except that a Changes belongs to one thread.
#pragma once

#include <map>

#include "services/cloudformation/stack.h"
#include "services/context.h"
#include "services/records.h"

namespace dew::cloudformation {

inline constexpr size_t kEventsPerStack = 10'000;  // older ones are dropped

class StackStore {
 public:
  StackStore(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  ApiResult<std::optional<Stack>> by_id(std::string_view id) const;
  // By name (a stack that is not deleted) or by id (any); ValidationError "Stack with id … does not
  // exist".
  ApiResult<Stack> find(std::string_view name_or_id) const;
  ApiResult<std::vector<Stack>> all() const;
  ApiResult<std::string> template_text(std::string_view id, std::string_view which) const;
  ApiResult<std::string> original_text(std::string_view id, std::string_view which) const;
  ApiResult<std::map<std::string, ResourceState>> resources(std::string_view id) const;
  ApiResult<std::vector<Leftover>> leftovers(std::string_view id) const;
  ApiResult<json::Object> settings(std::string_view id) const;
  ApiResult<std::string> cancel_request(std::string_view id) const;
  // Written at once, from the thread that made the call.
  ApiResult<void> note_made(std::string_view id, std::string_view logical_id,
                            std::string_view physical_id) const;

  ApiResult<std::optional<json::Object>> exported(std::string_view name) const;
  ApiResult<std::vector<std::string>> importers(std::string_view name) const;  // stack ids

  // A set of changes that is committed as one.
  class Changes {
   public:
    explicit Changes(StackStore& owner) : owner_(owner) {}
    void put(const Stack& stack);
    void put_name(const Stack& stack);
    void erase_name(const Stack& stack);
    void put(const Stack& stack, const ResourceState& resource);
    void erase(const Stack& stack, const ResourceState& resource);
    void put(const Stack& stack, const Leftover& leftover);
    void erase(const Stack& stack, const Leftover& leftover);
    void put_template(std::string_view id, std::string_view which, std::string_view text);
    void put_template(std::string_view id, std::string_view which, std::string_view text,
                      std::string_view original);
    void put_settings(std::string_view id, const json::Object& settings);
    void put_cancel(std::string_view id, std::string_view what);
    void erase_cancel(std::string_view id);
    // A stack's status, with its event; the stack is put too.
    void status(Stack& stack, std::string_view status, std::string_view reason = "");
    // A resource's status, with its event; the resource and the stack are put too.
    void status(Stack& stack, ResourceState& resource, std::string_view status,
                std::string_view reason = "");
    // The event alone, of something that is not in the stack's list of resources.
    void event(Stack& stack, const ResourceState& resource, std::string_view status,
               std::string_view reason = "");
    store::Batch& batch() { return batch_; }
    ApiResult<void> commit();

   private:
    void add_event(Stack& stack, json::Object event);
    StackStore& owner_;
    store::Batch batch_;
  };

  static store::Key key(std::string_view kind, std::string_view id) {
    return store::Key("cfn").add(kind).add(id);
  }
  store::Store& store() const { return store_; }
  const Clock& clock() const { return clock_; }

 private:
  store::Store& store_;
  const Clock& clock_;
};

}  // namespace dew::cloudformation
