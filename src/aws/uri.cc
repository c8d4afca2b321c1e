#include "aws/uri.h"

#include "base/encoding.h"

namespace dew::aws {

namespace {

using SegmentKind = UriTemplate::Segment::Kind;

std::string decode(std::string_view text, Plus plus = Plus::kLiteral) {
  auto decoded = url_decode(text, plus);
  return decoded ? *std::move(decoded) : std::string(text);
}

// How many of the path's segments count: a trailing slash is dropped where the template has no
// greedy label.
size_t significant(const UriTemplate& uri, const std::vector<std::string_view>& segments) {
  const bool greedy = !uri.segments.empty() && uri.segments.back().kind == SegmentKind::kGreedy;
  return !greedy && segments.size() > 1 && segments.back().empty() ? segments.size() - 1
                                                                   : segments.size();
}

}  // namespace

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> out;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.empty()) return out;
  while (true) {
    const size_t slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

bool path_matches(const UriTemplate& uri, const std::vector<std::string_view>& segments) {
  const size_t count = significant(uri, segments);
  size_t i = 0;
  for (size_t t = 0; t < uri.segments.size(); ++t, ++i) {
    const auto& part = uri.segments[t];
    if (i >= count) return false;
    switch (part.kind) {
      case SegmentKind::kLiteral:
        if (segments[i] != part.text && decode(segments[i]) != part.text) return false;
        break;
      case SegmentKind::kLabel:
        if (segments[i].empty()) return false;
        break;
      case SegmentKind::kGreedy: {
        // Swallows everything but what the segments behind it need.
        const size_t behind = uri.segments.size() - t - 1;
        if (count < i + 1 + behind) return false;
        if (behind == 0 && count == i + 1 && segments[i].empty()) return false;
        i = count - behind - 1;
        break;
      }
    }
  }
  return i == count;
}

std::optional<Labels> match_path(const UriTemplate& uri, std::string_view path) {
  const auto segments = split_path(path);
  if (!path_matches(uri, segments)) return std::nullopt;
  Labels out;
  const size_t count = significant(uri, segments);
  size_t i = 0;
  for (size_t t = 0; t < uri.segments.size(); ++t, ++i) {
    const auto& part = uri.segments[t];
    if (part.kind == SegmentKind::kLabel) {
      out.emplace_back(part.text, decode(segments[i]));
    } else if (part.kind == SegmentKind::kGreedy) {
      const size_t last = count - (uri.segments.size() - t - 1) - 1;
      const char* begin = segments[i].data();
      const char* end = segments[last].data() + segments[last].size();
      out.emplace_back(part.text,
                       decode(std::string_view(begin, static_cast<size_t>(end - begin))));
      i = last;
    }
  }
  return out;
}

std::vector<QueryParameter> parse_query(std::string_view query) {
  std::vector<QueryParameter> out;
  while (!query.empty() && out.size() < kMaxQueryParameters) {
    const size_t amp = query.find('&');
    const std::string_view part = query.substr(0, amp);
    const size_t equals = part.find('=');
    if (!part.empty()) {
      QueryParameter parameter;
      parameter.name = decode(part.substr(0, equals), Plus::kSpace);
      parameter.has_value = equals != std::string_view::npos;
      if (parameter.has_value) parameter.value = decode(part.substr(equals + 1), Plus::kSpace);
      out.push_back(std::move(parameter));
    }
    query = amp == std::string_view::npos ? std::string_view{} : query.substr(amp + 1);
  }
  return out;
}

const QueryParameter* find_parameter(const std::vector<QueryParameter>& query,
                                     std::string_view name) {
  for (const auto& parameter : query) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

}  // namespace dew::aws
