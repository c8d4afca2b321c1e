#include "aws/post_object.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/model.h"
#include "aws/router.h"
#include "aws/uri.h"
#include "aws/wire_xml.h"
#include "base/encoding.h"

namespace dew::aws {

namespace {

constexpr std::string_view kFilename = "${filename}";
// What a part's head has beside its name, about.
constexpr size_t kPartOverheadBytes = 64;

// Fields that are headers of a PutObject under the same name, beside the x-amz- ones.
constexpr std::string_view kHeaders[] = {"cache-control",       "content-type",
                                         "content-disposition", "content-encoding",
                                         "content-language",    "expires"};
// x-amz- fields that are about the signature. Of these, the algorithm alone is told to whoever
// decides: policies may ask for it.
constexpr std::string_view kOfSignature[] = {"x-amz-algorithm", "x-amz-credential", "x-amz-date",
                                             "x-amz-signature", "x-amz-security-token"};
// What decisions of policies look at, of the request itself.
constexpr std::string_view kKept[] = {"host", "user-agent", "referer", "origin", "x-amzn-trace-id"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::unexpected<ApiError> invalid_argument(std::string message, std::string_view name,
                                           std::string_view value = "") {
  ApiError error("InvalidArgument", std::move(message));
  error.members["ArgumentName"] = name;
  error.members["ArgumentValue"] = value;
  return fail(std::move(error));
}

std::unexpected<ApiError> missing_field(std::string_view name) {
  return invalid_argument(
      fmt::format("Bucket POST must contain a field named '{}'.  If it is specified, please check "
                  "the order of the fields.",
                  name),
      name);
}

// "If the browser provides a full or partial path to the file, only the text following the last
// slash (/) or backslash (\) is used."
std::string_view base_name(std::string_view path) {
  const size_t slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

void expand(std::string& text, std::string_view filename) {
  for (size_t at = 0; (at = text.find(kFilename, at)) != std::string::npos; at += filename.size())
    text.replace(at, kFilename.size(), filename);
}

bool fits_header(std::string_view value) {
  return std::ranges::none_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

// "x-amz-tagging" takes k=v&k=v, the form an XML document.
ApiResult<std::string> tagging_header(std::string_view xml) {
  const auto* operation = service_model("s3")->operation("PutObjectTagging");
  TRY(const auto tagging, from_wire_xml(*operation->input.shape->find("Tagging"), xml));
  std::string out;
  if (const auto* tags = json::array_at(tagging.as_object(), "TagSet")) {
    for (const auto& tag : *tags) {
      out += fmt::format("{}{}={}", out.empty() ? "" : "&",
                         url_encode(json::string_or(tag.as_object(), "Key")),
                         url_encode(json::string_or(tag.as_object(), "Value")));
    }
  }
  return out;
}

// A page that the browser goes to; what is none is no redirection.
bool is_web_page(std::string_view url) {
  return (url.starts_with("http://") || url.starts_with("https://")) && fits_header(url);
}

void redirect(std::string_view url, const PostForm& form, std::string_view etag,
              http::Response& response) {
  response.status = 303;
  response.headers.set("Location", fmt::format("{}{}bucket={}&key={}&etag={}", url,
                                               url.find('?') == std::string_view::npos ? "?" : "&",
                                               url_encode(form.bucket),
                                               url_encode(form.field("key")), url_encode(etag)));
}

std::string created(const PostForm& form, std::string_view location, std::string_view etag) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse>";
  using Element = std::pair<std::string_view, std::string_view>;
  for (const auto& [name, text] : {Element{"Location", location}, Element{"Bucket", form.bucket},
                                   Element{"Key", form.field("key")}, Element{"ETag", etag}}) {
    out += fmt::format("<{}>", name);
    append_xml_text(text, out);
    out += fmt::format("</{}>", name);
  }
  return out + "</PostResponse>";
}

}  // namespace

std::string_view PostForm::field(std::string_view name) const {
  const auto at = fields.find(name);
  return at == fields.end() ? std::string_view() : std::string_view(at->second);
}

std::optional<PostForm> open_post_form(const http::Request& head) {
  if (head.method != "POST" || !head.query().empty() ||
      !is_form_data(head.headers.get("content-type")) || head.headers.has("authorization") ||
      head.headers.has("x-amz-target")) {
    return std::nullopt;
  }
  auto segments = split_path(head.path());
  if (!segments.empty() && segments.back().empty()) segments.pop_back();
  if (segments.size() > 1) return std::nullopt;  // an object, not a bucket
  PostForm out;
  out.bucket = s3_bucket(head);
  if (out.bucket.empty()) return std::nullopt;
  out.url = fmt::format("http://{}{}", head.headers.get("host"),
                        segments.empty() ? "" : "/" + std::string(segments[0]));
  return out;
}

ApiResult<void> complete_form(PostForm& form, std::string_view filename) {
  if (form.field("key").empty()) return missing_field("key");
  for (auto& [name, value] : form.fields) {
    if (name != "policy") expand(value, base_name(filename));
  }
  if (form.field("key").empty()) return missing_field("key");  // "${filename}" of no name
  if (const auto encoded = form.field("policy"); !encoded.empty()) {
    TRY(form.policy, PostPolicy::parse(encoded));
  }
  return {};
}

ApiResult<std::optional<Signature>> form_signature(const PostForm& form) {
  Signature out;
  out.signature = form.field("x-amz-signature");
  out.session_token = form.field("x-amz-security-token");
  if (!form.field("awsaccesskeyid").empty()) {
    out.version = Signature::Version::k2;
    out.access_key = form.field("awsaccesskeyid");
    out.signature = form.field("signature");
    for (const auto* name : {"signature", "policy"}) {
      if (form.field(name).empty()) return missing_field(name);
    }
    return out;
  }
  const bool any = form.policy || std::ranges::any_of(kOfSignature, [&](std::string_view name) {
                     return form.fields.contains(name);
                   });
  if (!any) return std::nullopt;
  for (const auto* name :
       {"policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"}) {
    if (form.field(name).empty()) return missing_field(name);
  }
  if (const auto algorithm = form.field("x-amz-algorithm"); algorithm != kSigV4) {
    return invalid_argument("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"", "x-amz-algorithm",
                            algorithm);
  }
  out.timestamp = form.field("x-amz-date");
  if (!parse_amz_date(out.timestamp)) {
    return invalid_argument("X-Amz-Date must be formatted \"yyyyMMdd'T'HHmmss'Z'\"", "x-amz-date",
                            out.timestamp);
  }
  const auto credential = "/" + std::string(form.field("x-amz-credential"));
  const auto parts = split_path(credential);
  constexpr size_t kParts = 5;
  if (parts.size() != kParts) {
    return invalid_argument(
        "the Credential is mal-formed; expecting "
        "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
        "x-amz-credential", form.field("x-amz-credential"));
  }
  out.access_key = parts[0];
  out.date = parts[1];
  out.region = parts[2];
  out.service = parts[3];
  out.terminator = parts[4];
  return out;
}

ApiResult<http::Request> put_request(const http::Request& head, const PostForm& form) {
  http::Request out;
  out.method = "PUT";
  out.target =
      fmt::format("/{}/{}", url_encode(form.bucket), url_encode(form.field("key"), Slash::kKeep));
  out.remote_address = head.remote_address;
  out.local_port = head.local_port;
  for (const auto name : kKept) {
    if (head.headers.has(name)) out.headers.add(name, head.headers.get(name));
  }
  for (const auto& [name, value] : form.fields) {
    std::string header = name;
    std::string text = value;
    if (name == "acl") header = "x-amz-acl";
    if (name == "tagging") {
      header = "x-amz-tagging";
      TRY(text, tagging_header(value));
    }
    const bool amazon = header.starts_with("x-amz-") &&
                        (header == "x-amz-algorithm" ||
                         std::ranges::find(kOfSignature, header) == std::end(kOfSignature));
    if (!amazon && std::ranges::find(kHeaders, header) == std::end(kHeaders)) continue;
    if (!fits_header(text)) {
      return invalid_argument("The value of a field that becomes a header must be one line of text",
                              name);
    }
    out.headers.set(header, text);
  }
  return out;
}

void answer_form(const PostForm& form, http::Response& response) {
  const std::string etag(response.headers.get("ETag"));
  auto page = form.field("success_action_redirect");
  if (page.empty()) page = form.field("redirect");
  if (is_web_page(page)) return redirect(page, form, etag, response);
  const auto location = fmt::format("{}/{}", form.url, url_encode(form.field("key"), Slash::kKeep));
  response.headers.set("Location", location);
  const auto status = form.field("success_action_status");
  response.status = status == "200" ? 200 : status == "201" ? 201 : 204;
  if (response.status == 201) {
    response.headers.set("Content-Type", "application/xml");
    response.body = created(form, location, etag);
  }
}

ApiResult<void> FormUpload::count(size_t bytes) {
  field_bytes_ += bytes;
  if (field_bytes_ <= kFormFieldBytes) return {};
  return fail("MaxPostPreDataLengthExceededError",
              "Your POST request fields preceding the upload file were too large.");
}

ApiResult<void> FormUpload::begin(FormPart part) {
  if (writer_) {
    part_ = Part::kIgnored;
    return {};
  }
  name_ = lower(part.name);
  value_.clear();
  CHECK_OK(count(name_.size() + kPartOverheadBytes));
  part_ = name_ == "file" ? Part::kFile : Part::kField;
  if (part_ == Part::kField) return {};
  TRY(writer_, admit_(part.filename.value_or("")));
  return {};
}

ApiResult<void> FormUpload::data(std::string_view bytes) {
  switch (part_) {
    case Part::kField:
      CHECK_OK(count(bytes.size()));
      value_ += bytes;
      return {};
    case Part::kFile:
      file_bytes_ += bytes.size();
      if (form_.policy) CHECK_OK(form_.policy->check_most(file_bytes_));
      return writer_->write(bytes);
    case Part::kIgnored:
      break;
  }
  return {};
}

ApiResult<void> FormUpload::end() {
  if (part_ != Part::kField) return {};
  // Two values of one field: a condition could be met by the one, and the other one be used.
  if (!form_.fields.emplace(name_, value_).second) {
    return invalid_argument("A field of the form must have one value", name_);
  }
  return {};
}

ApiResult<std::unique_ptr<BodyWriter>> FormUpload::finish(http::Request&) {
  CHECK_OK(reader_.finish());
  if (!writer_) {
    return fail("IncorrectNumberOfFilesInPostRequest",
                "POST requires exactly one file upload per request.");
  }
  if (form_.policy) CHECK_OK(form_.policy->check_least(file_bytes_));
  return std::move(writer_);
}

}  // namespace dew::aws
