// An object that a browser uploads with a form: POST to a bucket, multipart/form-data, with the
// object's name, its headers, the signature and what was signed (post_policy.h) as fields before
// the file. From there on it is a PutObject of the fields, whose answer is the one that the form
// asks for. docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
// docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
//
// The file streams (body_stream.h); fields are bounded by kFormFieldBytes. Fields behind the file
// are ignored, as the page says.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "aws/body_stream.h"
#include "aws/form_data.h"
#include "aws/post_policy.h"
#include "aws/sigv4.h"

namespace dew::aws {

// "The form data and boundaries (excluding the contents of the file) cannot exceed 20 KB."
inline constexpr size_t kFormFieldBytes = 20 * 1024;

struct PostForm {
  std::string bucket;
  std::string url;  // of the bucket, as the client reaches it
  FormFields fields;
  std::optional<PostPolicy> policy;  // absent: the form is not signed

  std::string_view field(std::string_view name) const;
};

// The form's bucket and URL; nullopt for any other request. From the head.
std::optional<PostForm> open_post_form(const http::Request& head);

// Replaces ${filename} in every field, and reads the policy. InvalidArgument without a key.
ApiResult<void> complete_form(PostForm& form, std::string_view filename);
// What the fields say of who signed; nullopt where they say nothing.
ApiResult<std::optional<Signature>> form_signature(const PostForm& form);
// The PutObject that the form stands for. InvalidArgument for a field that can be no header.
ApiResult<http::Request> put_request(const http::Request& head, const PostForm& form);
// Makes of PutObject's answer the one that the form asks for.
void answer_form(const PostForm& form, http::Response& response);

// Takes the form apart as it comes.
class FormUpload final : public Intake, private FormReader::Sink {
 public:
  // Once the fields are known: decides on the upload, and opens the file's writer.
  using Admit = std::function<ApiResult<std::unique_ptr<BodyWriter>>(std::string_view filename)>;

  // `form`: whatever its fields and policy are kept in; outlives this.
  FormUpload(FormReader reader, PostForm& form, Admit admit)
      : reader_(std::move(reader)), form_(form), admit_(std::move(admit)) {}

  ApiResult<void> feed(std::string_view bytes) override { return reader_.feed(bytes, *this); }
  ApiResult<std::unique_ptr<BodyWriter>> finish(http::Request& head) override;

 private:
  enum class Part { kField, kFile, kIgnored };

  ApiResult<void> begin(FormPart part) override;
  ApiResult<void> data(std::string_view bytes) override;
  ApiResult<void> end() override;
  ApiResult<void> count(size_t bytes);

  FormReader reader_;
  PostForm& form_;
  Admit admit_;
  Part part_ = Part::kField;
  std::string name_;
  std::string value_;
  size_t field_bytes_ = 0;
  std::unique_ptr<BodyWriter> writer_;
  uint64_t file_bytes_ = 0;
};

}  // namespace dew::aws
