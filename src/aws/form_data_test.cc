#include "aws/form_data.h"

#include <gtest/gtest.h>

#include <vector>

namespace dew::aws {
namespace {

struct Parts : FormReader::Sink {
  struct Part {
    std::string name;
    std::optional<std::string> filename;
    std::string data;
    bool ended = false;
    bool operator==(const Part&) const = default;
  };
  std::vector<Part> parts;

  ApiResult<void> begin(FormPart part) override {
    parts.push_back({std::move(part.name), std::move(part.filename), "", false});
    return {};
  }
  ApiResult<void> data(std::string_view bytes) override {
    parts.back().data += bytes;
    return {};
  }
  ApiResult<void> end() override {
    parts.back().ended = true;
    return {};
  }
};

// nullopt: refused.
std::optional<std::vector<Parts::Part>> read(
    std::string_view body, size_t step, std::string_view type = "multipart/form-data; boundary=b") {
  auto reader = FormReader::open(type);
  if (!reader) return std::nullopt;
  Parts parts;
  while (!body.empty()) {
    if (!reader->feed(body.substr(0, step), parts)) return std::nullopt;
    body.remove_prefix(std::min(step, body.size()));
  }
  if (!reader->finish()) return std::nullopt;
  return parts.parts;
}

constexpr std::string_view kHead = "Content-Disposition: form-data; name=\"a\"\r\n\r\n";

TEST(FormData, IsReadWhereverItIsCut) {
  const std::string body =
      "a preamble\r\n--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nuser/${filename}"
      "\r\n--b \t\r\ncontent-type: text/plain\r\nCONTENT-DISPOSITION: form-data; name=file; "
      "filename=\"C:\\dir\\a \\\"b\\\".txt\"\r\n\r\nline\r\n--\r\n--bo\r\n\r\n--b\r\n"
      "Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--b--\r\nan epilogue";
  // "--bo" continues with a boundary that is not ours.
  EXPECT_FALSE(read(body, 1));
  std::string good = body;
  good.replace(good.find("--bo"), 4, "--co");
  const std::vector<Parts::Part> expected = {
      {"key", std::nullopt, "user/${filename}", true},
      {"file", "C:\\dir\\a \"b\".txt", "line\r\n--\r\n--co\r\n", true},
      {"empty", std::nullopt, "", true}};
  for (size_t step = 1; step <= good.size(); ++step) {
    const auto parts = read(good, step);
    ASSERT_TRUE(parts) << step;
    EXPECT_EQ(*parts, expected) << step;
  }
}

TEST(FormData, WhatIsNoneIsRefused) {
  const auto part = std::string(kHead) + "x";
  EXPECT_TRUE(read("--b\r\n" + part + "\r\n--b--", 100));
  for (const auto& body : std::vector<std::string>{
           "", "x", "--b", "--b\r\n", "--b\r\n" + part, "--b\r\n" + part + "\r\n--b",
           "--b\r\n" + part + "\r\n--bx--", "--b\r\n\r\nx\r\n--b--",
           "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
           "--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--b--",
           "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--",
           "--b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx\r\n--b--",
           "--b\r\nX: " + std::string(kPartHeadBytes, 'x') + "\r\n" + part + "\r\n--b--",
           "--b" + std::string(1000, ' ') + "\r\n" + part + "\r\n--b--"}) {
    EXPECT_FALSE(read(body, 7)) << body.substr(0, 100);
  }
}

TEST(FormData, BoundariesAreThoseOfTheRfc) {
  const auto open = [](std::string_view type) { return FormReader::open(type).has_value(); };
  EXPECT_TRUE(open("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW"));
  EXPECT_TRUE(open("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\""));
  EXPECT_FALSE(open("multipart/form-data"));
  EXPECT_FALSE(open("multipart/form-data; boundary="));
  EXPECT_FALSE(open("multipart/form-data; boundary=\"a\r\nb\""));
  EXPECT_FALSE(open("multipart/form-data; boundary=" + std::string(71, 'x')));
  EXPECT_FALSE(open("multipart/mixed; boundary=b"));
}

TEST(FormData, ANameThatIsNotAsciiComesExtended) {
  EXPECT_EQ(parse_form_disposition("form-data; name=\"f\"; filename*=UTF-8''%C3%A4%20b")->filename,
            "\xC3\xA4 b");
  EXPECT_EQ(parse_form_disposition("form-data; filename=\"x\"; name=f;")->filename, "x");
  EXPECT_EQ(parse_form_disposition("form-data; name=f; filename*=latin1''x")->filename,
            std::nullopt);
}

}  // namespace
}  // namespace dew::aws
