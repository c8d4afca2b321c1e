#include "services/dynamodb/projection.h"

#include <algorithm>
#include <span>

namespace dew::dynamodb {
namespace {

// The part of `value` that the paths (all of which start at `value`) select; they are sorted.
Value select(const Value& value, std::span<const Steps> paths, size_t depth) {
  if (paths.front().size() == depth) return value;
  Value out = value.type == Type::kM ? Value::map({}) : Value::list({});
  while (!paths.empty()) {
    const Step& step = paths.front()[depth];
    size_t same = 1;
    while (same < paths.size() && paths[same][depth] == step) ++same;
    const Value& child = step.is_index ? value.list()[step.index] : *value.map().find(step.name);
    Value selected = select(child, paths.first(same), depth + 1);
    if (step.is_index) {
      out.list().push_back(std::move(selected));
    } else {
      out.map().set(step.name, std::move(selected));
    }
    paths = paths.subspan(same);
  }
  return out;
}

}  // namespace

Item project(const std::vector<Steps>& paths, const Item& item) {
  std::vector<Steps> found;
  found.reserve(paths.size());
  for (const auto& path : paths) {
    if (resolve(path, item) != nullptr) found.push_back(path);
  }
  std::sort(found.begin(), found.end());
  Item out;
  for (size_t i = 0; i < found.size();) {
    size_t same = 1;
    while (i + same < found.size() && found[i + same][0] == found[i][0]) ++same;
    out.set(found[i][0].name,
            select(*item.find(found[i][0].name), std::span(found).subspan(i, same), 1));
    i += same;
  }
  return out;
}

}  // namespace dew::dynamodb
