// Conditions joined by && and ||, with parentheses: () before && before ||.
//
// Kept flat, in one vector; weighing an expression allocates nothing and goes as deep as its
// parentheses. Immutable once read, thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "services/logs/pattern_reader.h"

namespace dew::logs {

inline constexpr int kMaxPatternDepth = 64;  // of parentheses

template <class Leaf>
class PatternExpression {
 public:
  // `read_leaf(in)` reads one condition, an ApiResult<Leaf>.
  template <class ReadLeaf>
  static aws::ApiResult<PatternExpression> read(PatternReader& in, ReadLeaf read_leaf) {
    PatternExpression out;
    TRY(out.root_, out.any(in, read_leaf, 0));
    return out;
  }

  template <class Holds>
  bool holds(Holds is_true) const {
    return weigh(root_, is_true);
  }
  const std::vector<Leaf>& leaves() const { return leaves_; }

 private:
  enum class Kind : uint8_t { kLeaf, kAll, kAny };
  struct Node {
    Kind kind = Kind::kLeaf;
    uint32_t leaf = 0;
    std::vector<uint32_t> parts;
  };

  template <class ReadLeaf>
  aws::ApiResult<uint32_t> any(PatternReader& in, ReadLeaf& read_leaf, int depth) {
    return joined(Kind::kAny, "||", in, [&] { return all(in, read_leaf, depth); });
  }
  template <class ReadLeaf>
  aws::ApiResult<uint32_t> all(PatternReader& in, ReadLeaf& read_leaf, int depth) {
    return joined(Kind::kAll, "&&", in, [&] { return one(in, read_leaf, depth); });
  }
  template <class ReadPart>
  aws::ApiResult<uint32_t> joined(Kind kind, std::string_view sign, PatternReader& in,
                                  ReadPart read_part) {
    std::vector<uint32_t> parts;
    do {
      TRY(const uint32_t part, read_part());
      parts.push_back(part);
      in.skip_space();
    } while (in.eat(sign));
    if (parts.size() == 1) return parts.front();
    nodes_.push_back({kind, 0, std::move(parts)});
    return static_cast<uint32_t>(nodes_.size() - 1);
  }
  template <class ReadLeaf>
  aws::ApiResult<uint32_t> one(PatternReader& in, ReadLeaf& read_leaf, int depth) {
    in.skip_space();
    if (in.eat("(")) {
      if (depth == kMaxPatternDepth)
        return aws::fail(invalid_pattern("its parentheses are nested too deeply"));
      TRY(const uint32_t inner, any(in, read_leaf, depth + 1));
      if (!in.eat(")")) return aws::fail(invalid_pattern("a parenthesis is not closed"));
      return inner;
    }
    TRY(auto leaf, read_leaf(in));
    leaves_.push_back(std::move(leaf));
    nodes_.push_back({Kind::kLeaf, static_cast<uint32_t>(leaves_.size() - 1), {}});
    return static_cast<uint32_t>(nodes_.size() - 1);
  }

  template <class Holds>
  bool weigh(uint32_t index, Holds& is_true) const {
    const Node& node = nodes_[index];
    if (node.kind == Kind::kLeaf) return is_true(leaves_[node.leaf]);
    const bool decisive = node.kind == Kind::kAny;
    for (const uint32_t part : node.parts)
      if (weigh(part, is_true) == decisive) return decisive;
    return !decisive;
  }

  std::vector<Node> nodes_;
  std::vector<Leaf> leaves_;
  uint32_t root_ = 0;
};

}  // namespace dew::logs
