#include "cli/log_renderer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

#include "cli/terminal.h"

namespace dew::cli {

namespace {

constexpr size_t kUuidBytes = 36;
constexpr size_t kShownIdBytes = 8;

// As loggers for Lambda call them: its own JSON format, Powertools, pino, winston, structlog.
constexpr auto kLevelNames = std::to_array<std::string_view>({"level", "log_level", "severity"});
constexpr auto kMessageNames = std::to_array<std::string_view>({"message", "msg", "event"});
constexpr auto kIdNames =
    std::to_array<std::string_view>({"requestId", "AWSRequestId", "awsRequestId", "aws_request_id",
                                     "function_request_id", "request_id"});
constexpr auto kTimeNames = std::to_array<std::string_view>({"timestamp", "time", "@timestamp"});

bool is_uuid(std::string_view text) {
  return text.size() == kUuidBytes && std::ranges::all_of(text, [](char c) {
           return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool is_level(std::string_view text) {
  return !text.empty() && text.size() <= 8 &&
         std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string_view trimmed(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// The length of a colour's sequence, ESC [ 1 ; 31 m; 0: it is none.
size_t colour_bytes(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const size_t end = text.find_first_not_of("0123456789;", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (const size_t size = colour_bytes(text.substr(i)); size > 0) {
      out += text.substr(i, size);
      i += size - 1;
    } else if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7F) {
      out += fmt::format("\\x{:02x}", c);
    } else {
      out += text[i];
    }
  }
  return out;
}

// The id after "RequestId: " of the platform's lines.
std::string_view platform_id(std::string_view message) {
  constexpr std::string_view kMark = " RequestId: ";
  if (!message.starts_with("START RequestId: ") && !message.starts_with("END RequestId: ") &&
      !message.starts_with("REPORT RequestId: "))
    return {};
  const auto id = message.substr(message.find(kMark) + kMark.size());
  return id.substr(0, std::min(id.find_first_of(" \t\n"), id.size()));
}

template <size_t N>
const json::Value* first_of(const json::Object& object,
                            const std::array<std::string_view, N>& names,
                            std::string_view* found = nullptr) {
  for (const auto name : names) {
    const auto* value = json::find(object, name);
    if (value == nullptr || value->is_null()) continue;
    if (found != nullptr) *found = name;
    return value;
  }
  return nullptr;
}

std::string value_text(const json::Value& value) {
  if (!value.is_string()) return json::dump(value);
  const auto text = json::view(value.get_string());
  const bool is_word = !text.empty() && text.find_first_of(" \t\n\r\"=") == std::string_view::npos;
  return is_word ? std::string(text) : json::dump(value);
}

// A stack as the runtimes write it: a list of lines, or one string with line ends.
void add_stack(const json::Value& value, std::string& out) {
  const auto add = [&](std::string_view text) {
    for (text = trimmed(text); !text.empty();) {
      const size_t end = std::min(text.find('\n'), text.size());
      const auto line = text.substr(0, end);
      const size_t begin = std::min(line.find_first_not_of(' '), line.size());
      out.append("\n    ").append(line.substr(begin));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  };
  if (value.is_string()) add(json::view(value.get_string()));
  if (const auto* list = value.if_array())
    for (const auto& line : *list)
      if (line.is_string()) add(json::view(line.get_string()));
}

Style style_of(std::string_view level) {
  if (level == "ERROR" || level == "FATAL" || level == "CRITICAL") return Style::kRed;
  if (level == "WARN" || level == "WARNING") return Style::kYellow;
  if (level == "DEBUG" || level == "TRACE") return Style::kDim;
  return Style::kGreen;
}

}  // namespace

LogRenderer::Parsed LogRenderer::parse(const LogEvent& event) {
  Parsed out;
  const auto message = trimmed(event.message);
  out.text = message;
  if (const auto id = platform_id(message); !id.empty()) {
    out.is_platform = true;
    out.request_id = id;
    if (message.starts_with("START ")) {
      if (running_.size() >= kMaxStreams) running_.clear();
      running_[event.stream] = id;
    }
    return out;
  }
  // Node.js: 2023-11-14T22:13:20.123Z <TAB> id <TAB> INFO <TAB> message
  const size_t first = message.find('\t');
  const size_t second = first == std::string_view::npos ? first : message.find('\t', first + 1);
  const size_t third = second == std::string_view::npos ? second : message.find('\t', second + 1);
  if (third != std::string_view::npos && is_uuid(message.substr(first + 1, second - first - 1)) &&
      is_level(message.substr(second + 1, third - second - 1))) {
    out.request_id = message.substr(first + 1, second - first - 1);
    out.level = message.substr(second + 1, third - second - 1);
    out.text = message.substr(third + 1);
    return out;
  }
  const auto running = [&] {
    const auto it = running_.find(event.stream);
    return it == running_.end() ? std::string() : it->second;
  };
  const auto parsed = message.starts_with('{') ? json::parse(message)
                                               : Result<json::Value>(fail(ErrorKind::kInvalid, ""));
  if (!parsed || !parsed->is_object()) {
    out.request_id = running();
    return out;
  }
  json::Object rest = parsed->get_object();
  const auto take = [&](const auto& names) {
    std::string_view name;
    const auto* found = first_of(rest, names, &name);
    json::Value value = found != nullptr ? *found : json::Value();
    if (found != nullptr) rest.stable_erase(name);
    return value;
  };
  const auto type = json::string_or(rest, "type");
  if (const auto* record = json::object_at(rest, "record");
      record != nullptr && type.starts_with("platform.")) {
    out.is_platform = true;
    out.request_id = json::string_or(*record, "requestId");
    if (type == "platform.start") {
      if (running_.size() >= kMaxStreams) running_.clear();
      running_[event.stream] = out.request_id;
    }
    json::Object shown = *record;
    shown.stable_erase("requestId");
    out.text = type;
    for (const auto& [key, value] : shown)
      out.text += fmt::format(" {}={}", std::string_view(key), value_text(value));
    return out;
  }
  take(kTimeNames);
  rest.stable_erase("_aws");  // where embedded metrics say what is a metric
  const auto id = take(kIdNames);
  out.request_id = id.is_string() ? json::str(id) : running();
  const auto level = take(kLevelNames);
  if (level.is_string()) {
    out.level = json::str(level);
    std::ranges::transform(out.level, out.level.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  } else if (!level.is_null()) {
    rest["level"] = level;
  }
  const auto text = take(kMessageNames);
  out.text = text.is_string() ? json::str(text) : text.is_null() ? "" : value_text(text);
  std::string stack;
  for (const auto* name : {"stackTrace", "stack", "stack_trace", "exception"}) {
    const auto* value = json::find(rest, name);
    if (value == nullptr || (!value->is_array() && !value->is_string())) continue;
    add_stack(*value, stack);
    rest.stable_erase(name);
  }
  for (const auto& [key, value] : rest) {
    if (!out.text.empty()) out.text += ' ';
    out.text += fmt::format("{}={}", std::string_view(key), value_text(value));
  }
  out.text += stack;
  return out;
}

std::string LogRenderer::line(const LogEvent& event, std::string_view name) {
  const auto parsed = parse(event);
  const auto seconds = static_cast<time_t>(event.timestamp_ms / 1000);
  tm local{};
  localtime_r(&seconds, &local);
  std::string out = styled(Style::kDim,
                           fmt::format("{:02}:{:02}:{:02}.{:03}", local.tm_hour, local.tm_min,
                                       local.tm_sec, event.timestamp_ms % 1000),
                           1);
  if (!name.empty()) out += " " + styled(Style::kCyan, name, 1);
  if (!parsed.request_id.empty())
    out += " " + styled(Style::kDim, printable(parsed.request_id.substr(0, kShownIdBytes)), 1);
  if (!parsed.level.empty())
    out += " " + styled(style_of(parsed.level), printable(parsed.level), 1);
  const auto text = printable(parsed.text);
  return out + " " + (parsed.is_platform ? styled(Style::kDim, text, 1) : text);
}

std::string LogRenderer::json_line(const LogEvent& event) {
  json::Object out{{"timestamp", event.timestamp_ms}, {"stream", event.stream}};
  if (const auto parsed = parse(event); !parsed.request_id.empty())
    out["requestId"] = parsed.request_id;
  out["message"] = event.message;
  return json::dump(out);
}

}  // namespace dew::cli
