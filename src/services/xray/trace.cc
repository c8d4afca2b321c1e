#include "services/xray/trace.h"

#include <unordered_map>
#include <unordered_set>

#include "base/encoding.h"

namespace dew::xray {

namespace {

std::string_view text(const json::Object& document, std::string_view name) {
  return json::string_at(document, name).value_or(std::string_view());
}

bool flag(const json::Object& document, std::string_view name) {
  return json::bool_at(document, name).value_or(false);
}

// Where a subsegment's call goes, as X-Ray names the node of the map.
ServiceId callee_of(const json::Object& subsegment, std::string_view account) {
  const std::string name(text(subsegment, "name"));
  if (text(subsegment, "namespace") == "remote") return {name, "remote", std::string(account)};
  const auto* aws = json::object_at(subsegment, "aws");
  if (name == "DynamoDB" && aws != nullptr) {
    if (const auto table = text(*aws, "table_name"); !table.empty())
      return {std::string(table), "AWS::DynamoDB::Table", std::string(account)};
  }
  if (name == "SQS" && aws != nullptr) {
    if (const auto queue = text(*aws, "queue_url"); !queue.empty())
      return {std::string(queue), "AWS::SQS::Queue", std::string(account)};
  }
  std::string type = "AWS::";
  for (const char c : name) {
    if (c != ' ') type += c;
  }
  return {name, std::move(type), std::string(account)};
}

class Assembly {
 public:
  Assembly(const StoredTrace& stored, std::string_view account)
      : stored_(stored), account_(account) {}

  Trace run() {
    trace_.id = stored_.id;
    trace_.revision = stored_.revision;
    trace_.limit_exceeded = stored_.limit_exceeded;
    read();
    for (const json::Object* document : roots_)
      add(*document, kNoEntity, text(*document, "type") != "subsegment");
    link();
    drop_doubles();
    infer();
    own();
    span();
    return std::move(trace_);
  }

 private:
  // The newest document for every id; one that is complete is not replaced by one that is not.
  void read() {
    std::unordered_map<std::string, size_t> by_id;
    for (const auto& segment : stored_.segments) {
      auto parsed = json::parse(segment.text);
      if (!parsed || !parsed->is_object()) continue;
      std::string id(text(parsed->get_object(), "id"));
      const auto [found, fresh] = by_id.try_emplace(id, trace_.documents.size());
      if (fresh) {
        trace_.documents.push_back(std::move(parsed->get_object()));
        automatic_.push_back(segment.automatic_call);
      } else if (!flag(parsed->get_object(), "in_progress") ||
                 flag(trace_.documents[found->second], "in_progress")) {
        trace_.documents[found->second] = std::move(parsed->get_object());
        automatic_[found->second] = segment.automatic_call;
      }
    }
    for (const auto& document : trace_.documents) roots_.push_back(&document);
  }

  void add(const json::Object& document, size_t parent, bool segment) {
    const size_t index = trace_.entities.size();
    auto& entity = trace_.entities.emplace_back();
    entity.document = &document;
    entity.id = text(document, "id");
    entity.name = text(document, "name");
    entity.start = json::number_at(document, "start_time").value_or(0);
    entity.in_progress = flag(document, "in_progress");
    entity.end =
        std::max(entity.start, json::number_at(document, "end_time").value_or(entity.start));
    entity.segment = segment;
    entity.apart = parent == kNoEntity;
    entity.error = flag(document, "error");
    entity.fault = flag(document, "fault");
    entity.throttle = flag(document, "throttle");
    entity.parent = parent;
    ids_.try_emplace(entity.id, index);
    const auto* below = json::array_at(document, "subsegments");
    if (below == nullptr) return;
    for (const auto& one : *below) {
      if (one.is_object()) add(one.get_object(), index, false);
    }
  }

  // Documents name their parent by id.
  void link() {
    for (size_t i = 0; i < trace_.entities.size(); ++i) {
      auto& entity = trace_.entities[i];
      if (entity.parent != kNoEntity) continue;
      const auto found = ids_.find(text(*entity.document, "parent_id"));
      if (found != ids_.end() && !leads_to(found->second, i)) entity.parent = found->second;
    }
  }

  // Whether `from`'s ancestors include `to`: a document may name its own child as its parent.
  bool leads_to(size_t from, size_t to) const {
    for (size_t at = from; at != kNoEntity; at = trace_.entities[at].parent) {
      if (at == to) return true;
    }
    return false;
  }

  void drop_doubles() {
    std::vector<size_t> moved(trace_.entities.size(), kNoEntity);
    std::unordered_set<const json::Object*> automatic;
    for (size_t i = 0; i < trace_.documents.size(); ++i) {
      if (automatic_[i]) automatic.insert(&trace_.documents[i]);
    }
    std::vector<bool> gone(trace_.entities.size(), false);
    bool any = false;
    for (size_t i = 0; i < trace_.entities.size(); ++i) {
      const auto& entity = trace_.entities[i];
      if (entity.parent == kNoEntity || !automatic.contains(entity.document)) continue;
      const auto& parent = *trace_.entities[entity.parent].document;
      if (trace_.entities[entity.parent].segment || text(parent, "namespace") != "aws") continue;
      gone[i] = any = true;
      moved[i] = entity.parent;
    }
    if (!any) return;
    std::vector<Entity> kept;
    std::vector<size_t> place(trace_.entities.size(), kNoEntity);
    for (size_t i = 0; i < trace_.entities.size(); ++i) {
      if (gone[i]) continue;
      place[i] = kept.size();
      kept.push_back(std::move(trace_.entities[i]));
    }
    for (auto& entity : kept) {
      while (entity.parent != kNoEntity && gone[entity.parent])
        entity.parent = moved[entity.parent];
      if (entity.parent != kNoEntity) entity.parent = place[entity.parent];
    }
    trace_.entities = std::move(kept);
  }

  void infer() {
    std::unordered_set<size_t> called;
    for (const auto& entity : trace_.entities) {
      if (entity.segment && entity.parent != kNoEntity) called.insert(entity.parent);
    }
    const size_t count = trace_.entities.size();
    for (size_t i = 0; i < count; ++i) {
      const auto& call = *trace_.entities[i].document;
      if (trace_.entities[i].segment || called.contains(i)) continue;
      const auto space = text(call, "namespace");
      if (space != "aws" && space != "remote") continue;
      const ServiceId callee = callee_of(call, account_);
      json::Object made{{"id", inferred_id(trace_.entities[i].id)},
                        {"name", callee.name},
                        {"start_time", trace_.entities[i].start},
                        {"trace_id", trace_.id},
                        {"parent_id", trace_.entities[i].id}};
      if (trace_.entities[i].in_progress) {
        made["in_progress"] = true;
      } else {
        made["end_time"] = trace_.entities[i].end;
      }
      made["inferred"] = true;
      for (const auto member_name : {"http", "aws", "error", "fault", "throttle"}) {
        if (const auto* value = json::find(call, member_name)) made[member_name] = *value;
      }
      if (callee.type != "remote") made["origin"] = callee.type;
      trace_.documents.push_back(std::move(made));
      add(trace_.documents.back(), i, true);
      trace_.entities.back().inferred = true;
      trace_.entities.back().apart = true;
    }
  }

  // The same whenever the trace is put together.
  std::string inferred_id(std::string_view call) const {
    return hex_encode(sha256(trace_.id + "/" + std::string(call))).substr(0, 16);
  }

  void own() {
    std::vector<size_t> order;
    for (size_t i = 0; i < trace_.entities.size(); ++i) {
      auto& entity = trace_.entities[i];
      if (entity.parent != kNoEntity) trace_.entities[entity.parent].children.push_back(i);
    }
    for (size_t i = 0; i < trace_.entities.size(); ++i) {
      size_t at = i;
      while (!trace_.entities[at].segment && trace_.entities[at].parent != kNoEntity)
        at = trace_.entities[at].parent;
      // A subsegment whose segment has not come stands for it.
      trace_.entities[i].owner = at;
      if (at == i) trace_.entities[i].service = service_of(trace_.entities[i]);
    }
    for (auto& entity : trace_.entities) entity.service = trace_.entities[entity.owner].service;
    for (auto& entity : trace_.entities) {
      std::ranges::sort(entity.children, [&](size_t a, size_t b) {
        return trace_.entities[a].start < trace_.entities[b].start;
      });
    }
  }

  size_t service_of(const Entity& entity) {
    ServiceId id{std::string(entity.name), std::string(text(*entity.document, "origin")),
                 std::string(account_)};
    if (entity.inferred && id.type.empty()) id.type = "remote";
    const auto found = std::ranges::find(trace_.services, id);
    if (found != trace_.services.end()) return static_cast<size_t>(found - trace_.services.begin());
    trace_.services.push_back(std::move(id));
    return trace_.services.size() - 1;
  }

  void span() {
    bool first = true;
    for (size_t i = 0; i < trace_.entities.size(); ++i) {
      const auto& entity = trace_.entities[i];
      trace_.start = first ? entity.start : std::min(trace_.start, entity.start);
      trace_.end = first ? entity.end : std::max(trace_.end, entity.end);
      first = false;
      if (!entity.segment || entity.parent != kNoEntity) continue;
      if (trace_.root == kNoEntity || entity.start < trace_.entities[trace_.root].start)
        trace_.root = i;
    }
  }

  const StoredTrace& stored_;
  const std::string_view account_;
  Trace trace_;
  std::vector<bool> automatic_;  // of every document
  std::vector<const json::Object*> roots_;
  std::unordered_map<std::string_view, size_t> ids_;
};

}  // namespace

Trace assemble(const StoredTrace& stored, std::string_view account) {
  return Assembly(stored, account).run();
}

}  // namespace dew::xray
