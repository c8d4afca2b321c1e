// Parses each distinct expression text once. Applications send the same few texts with every
// request.
//
// Thread-safe. Bounded: two generations of kGenerationEntries texts per kind; when the young
// generation is full it becomes the old one, and what nobody asks for any more is forgotten with
// the generation before. Texts that do not parse are not kept.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/guarded.h"
#include "services/dynamodb/expression.h"
#include "services/dynamodb/expression_parser.h"

namespace dew::dynamodb {

template <class T>
class ExpressionMemory {
 public:
  static constexpr size_t kGenerationEntries = 512;
  using Entry = std::shared_ptr<const T>;
  using Parser = std::expected<T, std::string> (*)(std::string_view);

  explicit ExpressionMemory(Parser parser) : parser_(parser) {}

  std::expected<Entry, std::string> get(std::string_view text) {
    if (Entry hit = state_.read([&](const State& state) { return find(state.young, text); }))
      return hit;
    Entry entry = state_.read([&](const State& state) { return find(state.old, text); });
    if (entry == nullptr) {
      auto parsed = parser_(text);
      if (!parsed) return std::unexpected(std::move(parsed).error());
      entry = std::make_shared<const T>(*std::move(parsed));
    }
    state_.with([&](State& state) {
      if (state.young.size() >= kGenerationEntries) state.old = std::exchange(state.young, {});
      state.young.emplace(text, entry);
    });
    return entry;
  }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Generation = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;
  struct State {
    Generation young;
    Generation old;
  };

  static Entry find(const Generation& generation, std::string_view text) {
    const auto it = generation.find(text);
    return it == generation.end() ? nullptr : it->second;
  }

  Parser parser_;
  Guarded<State> state_;
};

struct ExpressionCache {
  ExpressionMemory<ConditionExpression> conditions{parse_condition};
  ExpressionMemory<UpdateExpression> updates{parse_update};
  ExpressionMemory<ProjectionExpression> projections{parse_projection};
};

}  // namespace dew::dynamodb
