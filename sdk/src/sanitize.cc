#include <dew/encoding.h>
#include <dew/sanitize.h>

#include <algorithm>

namespace dew {
namespace {

constexpr int kMaxPasses = 16;
constexpr size_t kNone = std::string_view::npos;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The tag `<script` or `</script` at `at`: its end (past the `>`, or the end of the text), or
// kNone.
size_t tag_end(std::string_view text, size_t at, bool closing) {
  const std::string_view open = closing ? "</script" : "<script";
  if (!iequals(text.substr(at, open.size()), open)) return kNone;
  const size_t after = at + open.size();
  if (after < text.size() && is_word(text[after])) return kNone;
  const size_t end = text.find('>', after);
  return end == kNone ? text.size() : end + 1;
}

enum class Strip { kElements, kTags };

// One pass: whole elements, or single tags.
std::string strip_once(std::string_view text, Strip what) {
  std::string out;
  out.reserve(text.size());
  bool may_close = true;  // once a search for `</script` found nothing, no later one will
  size_t at = 0;
  while (at < text.size()) {
    const size_t less = text.find('<', at);
    out.append(text.substr(at, less == kNone ? kNone : less - at));
    if (less == kNone) break;
    size_t end = tag_end(text, less, false);
    if (what == Strip::kElements && end != kNone) {
      size_t close = may_close ? end : kNone;
      end = kNone;
      while (close != kNone && (close = text.find("</", close)) != kNone &&
             (end = tag_end(text, close, true)) == kNone) {
        close += 2;
      }
      may_close = end != kNone;
    } else if (what == Strip::kTags && end == kNone) {
      end = tag_end(text, less, true);
    }
    if (end == kNone) out += '<';
    at = end == kNone ? less + 1 : end;
  }
  return out;
}

}  // namespace

std::string strip_script_tags(std::string_view text) {
  std::string now(text);
  if (now.find('<') == kNone) return now;
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    std::string next = strip_once(now, Strip::kElements);
    if (next.size() == now.size()) next = strip_once(now, Strip::kTags);
    if (next.size() == now.size()) return next;
    now = std::move(next);
  }
  std::erase(now, '<');
  return now;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == kNone) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace dew
