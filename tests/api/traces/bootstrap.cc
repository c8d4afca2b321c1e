// A function that says what it does to X-Ray's daemon itself, over UDP, as a program without an SDK
// would: 200 ms of work, and a read of a table through Dewpoint's SDK.
#include <arpa/inet.h>
#include <dew/dynamodb.h>
#include <dew/env.h>
#include <dew/runtime.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <thread>

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string field(std::string_view header, std::string_view name) {
  const size_t at = header.find(name);
  if (at == std::string_view::npos) return {};
  const auto rest = header.substr(at + name.size());
  return std::string(rest.substr(0, rest.find(';')));
}

void send(const std::string& document) {
  const std::string address = dew::env_required("AWS_XRAY_DAEMON_ADDRESS");
  const size_t colon = address.find(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  const std::string datagram = "{\"format\": \"json\", \"version\": 1}\n" + document;
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  sendto(fd, datagram.data(), datagram.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
  close(fd);
}

}  // namespace

int main() {
  return dew::run([] {
    auto db = std::make_shared<dew::dynamodb::Client>();
    return [db](std::string_view, const dew::Context& context) {
      const double start = now();
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      const double end = now();
      const auto found = db->get_item({.table = dew::env_required("TABLE"), .key = {{"id", "1"}}});
      static std::mt19937_64 random(std::random_device{}());
      char document[1024];
      std::snprintf(document, sizeof document,
                    R"({"id":"%016llx","trace_id":"%s","parent_id":"%s","type":"subsegment","name":"work",)"
                    R"("start_time":%.6f,"end_time":%.6f,"annotations":{"language":"C++"}})",
                    static_cast<unsigned long long>(random()), field(context.trace_id, "Root=").c_str(),
                    field(context.trace_id, "Parent=").c_str(), start, end);
      send(document);
      return std::string(found ? R"({"statusCode":200,"body":"ok"})" : R"({"statusCode":500,"body":"no"})");
    };
  });
}
