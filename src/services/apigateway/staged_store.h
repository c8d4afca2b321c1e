// StagedStore: changes that are seen by whoever reads through it and not yet made. What is done in
// many steps through the operations' own code becomes one batch, or nothing.
//
// Reads fall through to the store underneath, whose keys of the staged ranges must not change
// meanwhile (Control::write is held). Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "store/store.h"

namespace dew::apigateway {

class StagedStore final : public store::Store {
 public:
  explicit StagedStore(const store::Store& under) : under_(under) {}

  Result<std::optional<std::string>> get(std::string_view key) const override;
  std::unique_ptr<store::Cursor> cursor(
      std::string_view begin, std::string_view end,
      store::Direction direction = store::Direction::kForward) const override;
  // Stages the batch; nothing is written.
  Result<store::Sequence> commit(const store::Batch& batch) override;
  bool durable(store::Sequence) const override { return false; }
  void when_durable(store::Sequence, std::move_only_function<void(Result<void>)> done) override {
    done(fail(ErrorKind::kInternal, "Nothing is written by a staged store."));
  }

  store::Batch changes() const;  // all that was staged

 private:
  const store::Store& under_;
  std::map<std::string, std::optional<std::string>, std::less<>> staged_;  // nullopt: erased
};

}  // namespace dew::apigateway
