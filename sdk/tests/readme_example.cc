// The README's application, as it is printed there: it must compile.
#include <dew/middleware.h>
#include <dew/router.h>
#include <dew/runtime.h>

int readme_main() {
  return dew::run([] {
    dew::Router router;
    router.use(dew::middleware::request_id())
        .use(dew::middleware::cors())
        .use(dew::middleware::errors());
    router.get("/hello/{name}", [](dew::Request& request) {
      return dew::Response::json(200, dew::json::object{{"hello", request.param("name")}});
    });
    return router;
  });
}

int readme_plain_main() {
  return dew::run([](std::string_view) { return std::string(R"({"hello":"world"})"); });
}
