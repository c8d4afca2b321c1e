#include "policy/pattern.h"

#include <algorithm>

namespace dew::policy {

namespace {

constexpr char16_t kMany = 0x100;
constexpr char16_t kOne = 0x101;

char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same(std::string_view folded, std::string_view text, Pattern::Case letters) {
  if (letters == Pattern::Case::kSensitive) return folded == text;
  return folded.size() == text.size() && std::equal(folded.begin(), folded.end(), text.begin(),
                                                    [](char a, char b) { return a == fold(b); });
}

// The character at `at` of UTF-8: its first byte and what continues it.
size_t after(std::string_view text, size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return at;
}

// Only the last * seen is ever widened: what an earlier one could match, a later one can as well.
bool glob(std::u16string_view pattern, std::string_view text, Pattern::Case letters) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::u16string_view::npos;
  size_t resume = 0;
  const auto byte = [&](size_t at) {
    const char c = text[at];
    return static_cast<char16_t>(
        static_cast<unsigned char>(letters == Pattern::Case::kFolded ? fold(c) : c));
  };
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == kMany) {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == kOne) {
      ++p;
      t = after(text, t);
    } else if (p < pattern.size() && pattern[p] == byte(t)) {
      ++p;
      ++t;
    } else if (star != std::u16string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == kMany) ++p;
  return p == pattern.size();
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), fold);
  return out;
}

Pattern::Pattern(std::string_view text, Wildcards wildcards, Variables variables, Case letters)
    : text_(text), letters_(letters) {
  bool wild = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (variables == Variables::kOn && c == '$' && i + 1 < text.size() && text[i + 1] == '{') {
      const auto end = text.find('}', i + 2);
      if (end != std::string_view::npos) {
        auto name = text.substr(i + 2, end - i - 2);
        i = end;
        if (name == "*" || name == "?" || name == "$") {
          tokens_ += static_cast<char16_t>(name[0]);
          continue;
        }
        Variable variable{.at = tokens_.size(), .key = {}, .fallback = {}};
        if (const auto comma = name.find(','); comma != std::string_view::npos) {
          const auto value = trimmed(name.substr(comma + 1));
          if (value.size() >= 2 && value.front() == '\'' && value.back() == '\'') {
            variable.fallback = std::string(value.substr(1, value.size() - 2));
          }
          name = name.substr(0, comma);
        }
        variable.key = lower(trimmed(name));
        variables_.push_back(std::move(variable));
        continue;
      }
    }
    if (wildcards == Wildcards::kOn && (c == '*' || c == '?')) {
      wild = true;
      tokens_ += c == '*' ? kMany : kOne;
    } else {
      tokens_ +=
          static_cast<char16_t>(static_cast<unsigned char>(letters == Case::kFolded ? fold(c) : c));
    }
  }
  const auto literal = [](std::u16string_view tokens) {
    std::string out;
    for (const auto token : tokens) out += static_cast<char>(token);
    return out;
  };
  const auto first_wild =
      std::ranges::find_if(tokens_, [](char16_t token) { return token >= kMany; });
  if (!variables_.empty()) {
    form_ = Form::kTemplate;
  } else if (!wild) {
    literal_ = literal(tokens_);
  } else if (first_wild + 1 == tokens_.end() && *first_wild == kMany) {
    literal_ = literal(std::u16string_view(tokens_).substr(0, tokens_.size() - 1));
    form_ = literal_.empty() ? Form::kAny : Form::kPrefix;
  } else {
    form_ = Form::kGlob;
  }
}

bool Pattern::expand(const Context& context, std::u16string& out) const {
  size_t done = 0;
  Values values;
  for (const auto& variable : variables_) {
    out.append(tokens_, done, variable.at - done);
    done = variable.at;
    values.clear();
    // A key with several values is no variable, say the notes on multivalued keys.
    const bool known = context.get(variable.key, values) && values.size() == 1;
    if (!known && !variable.fallback) return false;
    for (const char c : known ? values[0] : *variable.fallback) {
      out += static_cast<char16_t>(
          static_cast<unsigned char>(letters_ == Case::kFolded ? fold(c) : c));
    }
  }
  out.append(tokens_, done);
  return true;
}

Match Pattern::matches(std::string_view text, const Context& context) const {
  const auto told = [](bool yes) { return yes ? Match::kYes : Match::kNo; };
  switch (form_) {
    case Form::kAny:
      return Match::kYes;
    case Form::kExact:
      return told(same(literal_, text, letters_));
    case Form::kPrefix:
      return told(text.size() >= literal_.size() &&
                  same(literal_, text.substr(0, literal_.size()), letters_));
    case Form::kGlob:
      return told(glob(tokens_, text, letters_));
    case Form::kTemplate:
      break;
  }
  std::u16string expanded;
  if (!expand(context, expanded)) return Match::kUnresolved;
  return told(glob(expanded, text, letters_));
}

Match Pattern::matches_arn(std::string_view arn, const Context& context) const {
  if (form_ == Form::kAny) return Match::kYes;
  std::u16string expanded;
  std::u16string_view pattern = tokens_;
  if (form_ == Form::kTemplate) {
    if (!expand(context, expanded)) return Match::kUnresolved;
    pattern = expanded;
  }
  constexpr int kParts = 6;
  for (int part = 0; part < kParts; ++part) {
    const bool last = part == kParts - 1;
    const auto pattern_end = last ? pattern.npos : pattern.find(u':');
    const auto arn_end = last ? arn.npos : arn.find(':');
    if (!last && (pattern_end == pattern.npos || arn_end == arn.npos)) return Match::kNo;
    if (!glob(pattern.substr(0, pattern_end), arn.substr(0, arn_end), letters_)) return Match::kNo;
    if (last) break;
    pattern.remove_prefix(pattern_end + 1);
    arn.remove_prefix(arn_end + 1);
  }
  return Match::kYes;
}

}  // namespace dew::policy
