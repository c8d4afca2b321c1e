#include <dew/router.h>

int main() {
  dew::Router router;
  router.get("/hello",
             [](dew::Request&) { return dew::Response::json(200, {{"message", "hello"}}); });
  return dew::run(std::move(router));
}
