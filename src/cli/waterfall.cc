#include "cli/waterfall.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>

namespace dew::cli {

namespace {

constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxNameColumns = 60;

struct Node {
  Work work;
  std::string parent_id;
  const Node* parent = nullptr;
  std::vector<Node*> children;
};

std::string kind_of(const json::Object& document) {
  if (const auto origin = json::string_or(document, "origin"); !origin.empty()) return origin;
  const auto* aws = json::object_at(document, "aws");
  if (aws == nullptr) return {};
  auto operation = json::string_or(*aws, "operation");
  if (const auto table = json::string_or(*aws, "table_name"); !table.empty())
    operation += " " + table;
  return operation;
}

class Reader {
 public:
  explicit Reader(const json::Array& segments) {
    for (const auto& segment : segments) {
      if (!segment.is_object()) continue;
      auto document = json::parse(json::string_or(segment.get_object(), "Document"));
      if (!document || !document->is_object()) continue;
      if (json::bool_at(document->get_object(), "inferred").value_or(false)) continue;
      add(document->get_object(), nullptr,
          json::string_or(document->get_object(), "type") != "subsegment");
    }
  }

  Waterfall run() {
    std::vector<Node*> roots;
    for (auto& node : nodes_) {
      if (node.parent == nullptr && !node.parent_id.empty()) {
        const auto found = by_id_.find(node.parent_id);
        if (found != by_id_.end() && !below(found->second, &node)) node.parent = found->second;
      }
      if (node.parent == nullptr) {
        roots.push_back(&node);
      } else {
        const_cast<Node*>(node.parent)->children.push_back(&node);
      }
    }
    Waterfall out;
    for (const auto& node : nodes_) {
      if (&node == &nodes_.front()) {
        out.start = node.work.start;
        out.end = node.work.end;
      }
      out.start = std::min(out.start, node.work.start);
      out.end = std::max(out.end, node.work.end);
    }
    list(out, roots, 0);
    return out;
  }

 private:
  void add(const json::Object& document, Node* parent, bool segment) {
    auto& node = nodes_.emplace_back();
    auto& work = node.work;
    work.id = json::string_or(document, "id");
    work.name = json::string_or(document, "name");
    work.kind = kind_of(document);
    work.start = json::number_at(document, "start_time").value_or(0);
    work.in_progress = json::bool_at(document, "in_progress").value_or(false);
    work.end = std::max(work.start, json::number_at(document, "end_time").value_or(work.start));
    work.segment = segment;
    work.error = json::bool_at(document, "error").value_or(false);
    work.fault = json::bool_at(document, "fault").value_or(false);
    work.throttle = json::bool_at(document, "throttle").value_or(false);
    if (const auto* http = json::object_at(document, "http")) {
      if (const auto* response = json::object_at(*http, "response"))
        work.status = static_cast<int>(json::int_at(*response, "status").value_or(0));
    }
    node.parent = parent;
    node.parent_id = json::string_or(document, "parent_id");
    by_id_.try_emplace(work.id, &node);
    if (const auto* parts = json::array_at(document, "subsegments")) {
      for (const auto& part : *parts) {
        if (part.is_object()) add(part.get_object(), &node, false);
      }
    }
  }

  static bool below(const Node* node, const Node* ancestor) {
    for (; node != nullptr; node = node->parent) {
      if (node == ancestor) return true;
    }
    return false;
  }

  // What is left of a piece of work's time without what is below it.
  static double own_seconds(const Node& node) {
    double covered = 0;
    double until = node.work.start;
    for (const Node* child : node.children) {  // by start
      const double from = std::max(until, child->work.start);
      const double to = std::min(node.work.end, child->work.end);
      if (to <= from) continue;
      covered += to - from;
      until = to;
    }
    return std::max(0.0, node.work.end - node.work.start - covered);
  }

  void list(Waterfall& out, std::vector<Node*>& nodes, size_t depth) {
    std::ranges::stable_sort(nodes, {}, [](const Node* node) { return node->work.start; });
    for (Node* node : nodes) {
      std::ranges::stable_sort(node->children, {},
                               [](const Node* child) { return child->work.start; });
      node->work.own = own_seconds(*node);
      node->work.depth = static_cast<int>(std::min(depth, kMaxDepth));
      node->work.last = node == nodes.back();
      out.work.push_back(node->work);
      list(out, node->children, depth + 1);
    }
  }

  std::deque<Node> nodes_;
  std::map<std::string, Node*, std::less<>> by_id_;
};

std::string milliseconds(double seconds) {
  const double ms = seconds * 1000;
  return ms < 100 ? fmt::format("{:.1f} ms", ms) : fmt::format("{:.0f} ms", ms);
}

// Characters, not bytes; what is wide on a terminal is rare in names.
size_t columns(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// A name from a document must not move the cursor or change colours.
std::string shown(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return out;
}

std::string outcome(const Work& work) {
  std::string out;
  if (work.status != 0) out += fmt::format(" {}", work.status);
  if (work.throttle) out += " throttle";
  if (work.error && !work.throttle) out += " error";
  if (work.fault) out += " fault";
  if (work.in_progress) out += " in progress";
  return out;
}

std::string bar(const Waterfall& all, const Work& work, size_t width) {
  const double whole = std::max(all.end - all.start, 1e-6);
  const auto place = [&](double time) {
    return std::clamp((time - all.start) / whole, 0.0, 1.0) * static_cast<double>(width);
  };
  const auto from = std::min(width - 1, static_cast<size_t>(place(work.start)));
  const auto to = std::clamp(static_cast<size_t>(std::lround(place(work.end))), from + 1, width);
  std::string out(from, ' ');
  for (size_t i = from; i < to; ++i) out += "█";
  out.append(width - to, ' ');
  return out;
}

}  // namespace

Waterfall read_waterfall(const json::Array& segments) { return Reader(segments).run(); }

std::vector<std::string> draw(const Waterfall& waterfall, size_t bar_columns, Colour colour) {
  std::vector<std::string> names;
  std::vector<bool> closed(kMaxDepth + 1, false);  // no more siblings at that depth
  size_t widest = 0;
  for (const auto& work : waterfall.work) {
    std::string name;
    for (int i = 1; i < work.depth; ++i) name += closed[static_cast<size_t>(i)] ? "  " : "│ ";
    if (work.depth > 0) name += work.last ? "└ " : "├ ";
    closed[static_cast<size_t>(work.depth)] = work.last;
    name += shown(work.name);
    if (!work.kind.empty()) name += "  " + shown(work.kind);
    widest = std::max(widest, std::min(columns(name), kMaxNameColumns));
    names.push_back(std::move(name));
  }
  std::vector<std::string> lines;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto& work = waterfall.work[i];
    const bool bad = work.fault || work.error || work.throttle;
    std::string bars = bar(waterfall, work, bar_columns);
    if (bad && colour == Colour::kYes) bars = "\033[31m" + bars + "\033[0m";
    const size_t width = columns(names[i]);
    lines.push_back(fmt::format(
        "{}{}  {}  {:>9}{}", names[i], std::string(width < widest ? widest - width : 0, ' '), bars,
        work.in_progress ? "…" : milliseconds(work.end - work.start), outcome(work)));
  }
  return lines;
}

json::Object to_json(const Waterfall& waterfall) {
  json::Array work;
  for (const auto& one : waterfall.work) {
    json::Object out{{"id", one.id},
                     {"name", one.name},
                     {"depth", one.depth},
                     {"startMs", (one.start - waterfall.start) * 1000},
                     {"durationMs", (one.end - one.start) * 1000},
                     {"ownMs", one.own * 1000}};
    if (!one.kind.empty()) out["kind"] = one.kind;
    if (one.status != 0) out["status"] = one.status;
    for (const auto& [name, value] :
         {std::pair{"inProgress", one.in_progress}, std::pair{"error", one.error},
          std::pair{"fault", one.fault}, std::pair{"throttle", one.throttle}}) {
      if (value) out[name] = true;
    }
    work.push_back(std::move(out));
  }
  return {{"start", waterfall.start},
          {"durationMs", (waterfall.end - waterfall.start) * 1000},
          {"work", std::move(work)}};
}

}  // namespace dew::cli
