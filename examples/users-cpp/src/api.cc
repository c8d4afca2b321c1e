#include "api.h"

#include <dew/encoding.h>
#include <dew/middleware.h>
#include <dew/uuid.h>

#include <charconv>

#include "user_input.h"

namespace users {
namespace {

using dew::HttpError;
using dew::Request;
using dew::Response;

constexpr int kDefaultLimit = 20;
constexpr int kMaxLimit = 100;

HttpError invalid(std::string_view field, std::string_view message) {
  return {400, "Validation failed", {{"fields", dew::json::object{{field, message}}}}};
}

int limit_of(const Request& request) {
  const auto text = request.query("limit");
  if (!text) return kDefaultLimit;
  int limit = 0;
  const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (ec != std::errc{} || end != text->data() + text->size() || limit < 1 || limit > kMaxLimit) {
    throw invalid("limit", "must be an integer between 1 and 100");
  }
  return limit;
}

// Where a page ended, in a form that clients only hand back.
std::string token_of(const std::string& id) {
  return dew::base64url_encode(dew::json::serialize(dew::json::object{{"id", id}}));
}

std::optional<std::string> start_of(const Request& request) {
  const auto token = request.query("next");
  if (!token) return std::nullopt;
  if (const auto text = dew::base64url_decode(*token)) {
    if (const auto value = dew::parse_json(*text); value && value->is_object()) {
      const auto* id = value->get_object().if_contains("id");
      if (id != nullptr && id->is_string() && dew::is_uuid(id->get_string()))
        return std::string(id->get_string());
    }
  }
  throw invalid("next", "is not a page token of this API");
}

// Ids are UUIDs: of anything else there is no user.
std::string_view id_of(const Request& request) {
  const std::string_view id = request.param("id");
  if (!dew::is_uuid(id)) throw HttpError(404, "Item not found");
  return id;
}

Response user_or_404(const std::optional<dew::json::object>& user) {
  if (!user) throw HttpError(404, "Item not found");
  return Response::json(200, *user);
}

}  // namespace

dew::Router make_router(std::shared_ptr<UserStore> store, dew::jwt::Verifier verifier) {
  namespace middleware = dew::middleware;
  dew::Router router;
  router.use(middleware::request_id())
      .use(middleware::access_log())
      .use(middleware::metrics("UsersApi"))
      .use(middleware::cors())
      .use(middleware::errors())
      .use(middleware::bearer_auth(std::move(verifier)));

  router.get("/users", [store](Request& request) {
    const UserPage page = store->list(limit_of(request), start_of(request));
    dew::json::object body{{"items", page.items}, {"count", page.items.size()}};
    if (page.last_id) body["next"] = token_of(*page.last_id);
    return Response::json(200, body);
  });
  router.post("/users", [store](Request& request) {
    return Response::json(201, store->create(read_user(request.json_object())));
  });
  router.get("/users/{id}",
             [store](Request& request) { return user_or_404(store->get(id_of(request))); });
  router.put("/users/{id}", [store](Request& request) {
    const dew::json::object user = read_user(request.json_object());
    return user_or_404(store->update(id_of(request), user));
  });
  router.del("/users/{id}", [store](Request& request) {
    if (!store->remove(id_of(request))) throw HttpError(404, "Item not found");
    return Response::empty(204);
  });
  return router;
}

}  // namespace users
