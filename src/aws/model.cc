#include "aws/model.h"

#include <re2/re2.h>

#include "base/log.h"

namespace dew::aws {

namespace {

struct Less {
  bool operator()(std::string_view a, std::string_view b) const {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }
};

// Structures are small: up to this many members are compared one by one.
constexpr size_t kLinearSearch = 10;

template <class Name>
const Member* search(const Shape& shape, const std::vector<uint16_t>& order,
                     std::string_view wanted, Name name) {
  if (order.size() <= kLinearSearch) {
    for (const uint16_t i : order) {
      if (name(shape.members[i]) == wanted) return &shape.members[i];
    }
    return nullptr;
  }
  const auto it = std::lower_bound(
      order.begin(), order.end(), wanted,
      [&](uint16_t i, std::string_view text) { return Less()(name(shape.members[i]), text); });
  if (it == order.end() || name(shape.members[*it]) != wanted) return nullptr;
  return &shape.members[*it];
}

// Java's dialect in RE2's words: \u0020 is \x{0020}; a repetition of more than RE2's 1000 loses its
// bound, which the length constraint beside it checks.
std::string translate(std::string_view source) {
  std::string out;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\\' && i + 5 < source.size() && source[i + 1] == 'u') {
      out += "\\x{" + std::string(source.substr(i + 2, 4)) + "}";
      i += 5;
    } else if (source[i] == '\\' && i + 1 < source.size()) {
      out += source.substr(i, 2);
      ++i;
    } else if (source[i] == '{') {
      const size_t end = source.find('}', i);
      const std::string_view body =
          end == std::string_view::npos ? "" : source.substr(i + 1, end - i - 1);
      const size_t comma = body.find(',');
      const std::string_view low = body.substr(0, comma);
      const std::string_view high = comma == std::string_view::npos ? "" : body.substr(comma + 1);
      const bool numeric =
          !body.empty() && body.find_first_not_of("0123456789,") == std::string_view::npos;
      if (numeric && (low.size() > 3 || high.size() > 3)) {
        out += low.size() > 3 ? std::string("*") : "{" + std::string(low) + ",}";
        i = end;
      } else {
        out += '{';
      }
    } else {
      out += source[i];
    }
  }
  // UTF-16's surrogate pairs: everything beyond the basic plane.
  constexpr std::string_view kSurrogates = "\\x{D800}\\x{DC00}-\\x{DBFF}\\x{DFFF}";
  if (const size_t at = out.find(kSurrogates); at != std::string::npos) {
    out.replace(at, kSurrogates.size(), "\\x{10000}-\\x{10FFFF}");
  }
  return out;
}

}  // namespace

Pattern::Pattern(std::string source) : source_(std::move(source)) {}
Pattern::~Pattern() = default;

const re2::RE2* Pattern::compiled() const {
  std::call_once(once_, [this] {
    re2::RE2::Options options;
    options.set_log_errors(false);
    auto regex = std::make_unique<re2::RE2>(translate(source_), options);
    if (regex->ok()) regex_ = std::move(regex);
  });
  return regex_.get();
}

bool Pattern::supported() const { return compiled() != nullptr; }

bool Pattern::matches(std::string_view text) const {
  const re2::RE2* regex = compiled();
  return !regex || re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *regex);
}

const Member* Shape::find(std::string_view wanted) const {
  return search(*this, by_name, wanted, [](const Member& m) -> std::string_view { return m.name; });
}

const Member* Shape::find_wire(std::string_view wanted) const {
  return search(*this, by_wire, wanted,
                [](const Member& m) -> std::string_view { return m.wire_name; });
}

const Operation* ServiceModel::operation(std::string_view operation_name) const {
  const auto it = operations_.find(operation_name);
  return it == operations_.end() ? nullptr : it->second.get();
}

const Shape* ServiceModel::shape(std::string_view shape_name) const {
  const auto it = shapes_.find(shape_name);
  return it == shapes_.end() ? nullptr : it->second.get();
}

const Shape* ServiceModel::error_shape(std::string_view code) const {
  const auto it = errors_.find(code);
  return it == errors_.end() ? nullptr : it->second;
}

}  // namespace dew::aws
