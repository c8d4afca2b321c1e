// gzip (RFC 1952), for request bodies and for whoever compresses an answer. Pure functions,
// thread-safe.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace dew::http {

std::string gzip(std::string_view bytes);

enum class GunzipError { kMalformed, kTooLarge };
// Every member of the stream; memory stays within `limit` whatever the stream claims.
std::expected<std::string, GunzipError> gunzip(std::string_view bytes, size_t limit);

// Whether a client takes gzip: its Accept-Encoding names gzip (or *) with a weight above zero.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace dew::http
