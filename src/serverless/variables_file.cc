// ${file(path):address}: YAML, JSON and plain text, relative to the service's directory.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/encoding.h"
#include "serverless/variables.h"

namespace dew::serverless {

Result<Node*> Resolver::load_file(const std::string& shown) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path path =
      fs::absolute(fs::path(sources_.service_directory) / shown, error).lexically_normal();
  if (const auto it = files_.find(path.string()); it != files_.end()) {
    return it->second.mark.file ? &it->second : static_cast<Node*>(nullptr);
  }
  if (files_.size() >= kFiles)
    return fail(ErrorKind::kInvalid, fmt::format("\x01more than {} files", kFiles));
  const std::string extension = path.extension().string();
  if (extension == ".js" || extension == ".cjs" || extension == ".mjs" || extension == ".ts") {
    return fail(ErrorKind::kInvalid,
                fmt::format("\x01{} is a program, and Dewpoint runs no JavaScript to read a "
                            "configuration: write its values to a "
                            ".yml or .json file",
                            shown));
  }
  files_read_.push_back(path.string());
  if (!fs::is_regular_file(path, error)) {
    files_[path.string()] = Node{};
    return static_cast<Node*>(nullptr);
  }
  if (fs::file_size(path, error) > kDocumentBytes || error) {
    return fail(ErrorKind::kInvalid,
                fmt::format("\x01{} is larger than {} bytes", shown, kDocumentBytes));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::kIo, fmt::format("\x01{} cannot be read", shown));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  Node node;
  if (extension == ".yml" || extension == ".yaml") {
    TRY(node, parse_yaml(text, shown));
  } else if (extension == ".json" || extension == ".tfstate") {
    TRY(node, parse_json(text, shown));
  } else {
    if (!is_valid_utf8(text))
      return fail(ErrorKind::kInvalid, fmt::format("\x01{} is not UTF-8 text", shown));
    node = Node::of(text, Mark{std::make_shared<const std::string>(shown), 1});
  }
  return &(files_[path.string()] = std::move(node));
}

Result<Resolver::Value> Resolver::from_file(const std::vector<std::string>& params,
                                            const std::string& address, int depth) {
  if (params.size() != 1 || params[0].empty())
    return fail(ErrorKind::kInvalid,
                "\x01"
                "file needs a path: ${file(config.yml):key}");
  TRY(Node * file, load_file(params[0]));
  if (!file) return Value{};
  TRY(Node * node, navigate(*file, address, params[0], depth));
  if (!node) return Value{};
  CHECK_OK(resolve_deep(*node, address.empty() ? params[0] : params[0] + ":" + address, depth + 1));
  return *node;
}

}  // namespace dew::serverless
