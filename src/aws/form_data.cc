#include "aws/form_data.h"

#include <algorithm>

#include "base/encoding.h"
#include "net/http.h"

namespace dew::aws {

namespace {

constexpr std::string_view kType = "multipart/form-data";
constexpr size_t kBoundaryChars = 70;  // RFC 2046
constexpr size_t kPaddingBytes = 256;  // white space behind a boundary
constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::unexpected<ApiError> malformed() {
  return fail("MalformedPOSTRequest",
              "The body of your POST request is not well-formed multipart/form-data.");
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_boundary_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

struct Parameter {
  std::string_view name;
  std::string value;
};

// The next "; name=value" of a header; `rest` becomes what follows. In quotes, a backslash takes
// the meaning from a quote and from nothing else: it separates the folders of a path.
std::optional<Parameter> next_parameter(std::string_view& rest) {
  rest = trim(rest);
  if (!rest.starts_with(';')) return std::nullopt;
  rest = trim(rest.substr(1));
  const size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  Parameter out{trim(rest.substr(0, equals)), {}};
  rest = trim(rest.substr(equals + 1));
  if (!rest.starts_with('"')) {
    const size_t end = std::min(rest.find(';'), rest.size());
    out.value = trim(rest.substr(0, end));
    rest.remove_prefix(end);
    return out;
  }
  for (size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return out;
    }
    if (rest[i] == '\\' && i + 1 < rest.size() && rest[i + 1] == '"') ++i;
    out.value += rest[i];
  }
  return std::nullopt;
}

// UTF-8''na%20me (RFC 5987), as some clients send a name that is not ASCII.
std::optional<std::string> decode_extended(std::string_view value) {
  const size_t first = value.find('\'');
  const size_t second = first == std::string_view::npos ? first : value.find('\'', first + 1);
  if (second == std::string_view::npos || !http::iequals(value.substr(0, first), "utf-8"))
    return std::nullopt;
  return url_decode(value.substr(second + 1));
}

std::string_view header_value(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const size_t end = std::min(head.find("\r\n"), head.size());
    const auto line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos && http::iequals(trim(line.substr(0, colon)), name))
      return trim(line.substr(colon + 1));
  }
  return {};
}

}  // namespace

bool is_form_data(std::string_view content_type) {
  return http::iequals(trim(content_type.substr(0, content_type.find(';'))), kType);
}

std::optional<FormPart> parse_form_disposition(std::string_view header) {
  const size_t end = std::min(header.find(';'), header.size());
  if (!http::iequals(trim(header.substr(0, end)), "form-data")) return std::nullopt;
  header.remove_prefix(end);
  std::optional<std::string> name;
  std::optional<std::string> extended;
  FormPart out;
  while (!trim(header).empty() && trim(header) != ";") {
    auto parameter = next_parameter(header);
    if (!parameter) return std::nullopt;
    if (http::iequals(parameter->name, "name")) name = std::move(parameter->value);
    if (http::iequals(parameter->name, "filename")) out.filename = std::move(parameter->value);
    if (http::iequals(parameter->name, "filename*")) extended = decode_extended(parameter->value);
  }
  if (!name || name->empty()) return std::nullopt;
  out.name = *std::move(name);
  if (extended) out.filename = std::move(extended);
  return out;
}

FormReader::FormReader(std::string_view boundary)
    : delimiter_("\r\n--" + std::string(boundary)),
      pending_("\r\n") {}  // the first boundary may be the very beginning

ApiResult<FormReader> FormReader::open(std::string_view content_type) {
  if (!is_form_data(content_type)) return malformed();
  auto rest = content_type;
  rest.remove_prefix(std::min(rest.find(';'), rest.size()));
  while (const auto parameter = next_parameter(rest)) {
    if (!http::iequals(parameter->name, "boundary")) continue;
    const auto& boundary = parameter->value;
    if (boundary.empty() || boundary.size() > kBoundaryChars || boundary.back() == ' ' ||
        !std::ranges::all_of(boundary, is_boundary_char)) {
      return malformed();
    }
    return FormReader(boundary);
  }
  return malformed();
}

ApiResult<void> FormReader::feed(std::string_view bytes, Sink& sink) {
  if (state_ == State::kEpilogue) return {};
  pending_ += bytes;
  size_t at = 0;
  while (true) {
    TRY(const bool more, step(at, sink));
    if (!more) break;
  }
  pending_.erase(0, at);
  return {};
}

ApiResult<void> FormReader::finish() const {
  if (state_ != State::kEpilogue) return malformed();
  return {};
}

// false: as far as what has come reaches.
ApiResult<bool> FormReader::step(size_t& at, Sink& sink) {
  switch (state_) {
    case State::kPreamble:
    case State::kData:
      return step_data(at, sink);
    case State::kAfterBoundary:
      return step_boundary(at);
    case State::kHead:
      return step_head(at, sink);
    case State::kEpilogue:
      break;
  }
  at = pending_.size();
  return false;
}

ApiResult<bool> FormReader::step_data(size_t& at, Sink& sink) {
  const bool data = state_ == State::kData;
  const std::string_view all = pending_;
  const size_t found = all.find(delimiter_, at);
  // Without it, the end of what has come may be its beginning.
  const size_t end = found != std::string_view::npos
                         ? found
                         : std::max(at, all.size() - std::min(all.size(), delimiter_.size() - 1));
  if (data && end > at) CHECK_OK(sink.data(all.substr(at, end - at)));
  at = end;
  if (found == std::string_view::npos) return false;
  if (data) CHECK_OK(sink.end());
  at += delimiter_.size();
  state_ = State::kAfterBoundary;
  return true;
}

ApiResult<bool> FormReader::step_boundary(size_t& at) {
  const auto rest = std::string_view(pending_).substr(at);
  if (rest.starts_with("--")) {
    state_ = State::kEpilogue;
    return true;
  }
  const size_t text = rest.find_first_not_of(" \t");
  if (std::min(text, rest.size()) > kPaddingBytes) return malformed();
  if (text == std::string_view::npos || rest.substr(text) == "\r" || rest == "-") return false;
  if (!rest.substr(text).starts_with("\r\n")) return malformed();
  at += text + 2;
  searched_ = 0;
  state_ = State::kHead;
  return true;
}

ApiResult<bool> FormReader::step_head(size_t& at, Sink& sink) {
  const auto rest = std::string_view(pending_).substr(at);
  const size_t end = rest.find(kHeadEnd, searched_);
  if (std::min(end, rest.size()) > kPartHeadBytes) return malformed();
  if (end == std::string_view::npos) {
    searched_ = rest.size() - std::min(rest.size(), kHeadEnd.size() - 1);
    return false;
  }
  auto part = parse_form_disposition(header_value(rest.substr(0, end), "content-disposition"));
  if (!part) return malformed();
  CHECK_OK(sink.begin(*std::move(part)));
  at += end + kHeadEnd.size();
  state_ = State::kData;
  return true;
}

}  // namespace dew::aws
