#include "services/xray/datagram.h"

#include <gtest/gtest.h>

#include <string>

namespace dew::xray {
namespace {

TEST(Datagram, IsAHeaderAndADocument) {
  EXPECT_EQ(document_of_datagram("{\"format\": \"json\", \"version\": 1}\n{\"id\":\"a\"}\n"),
            "{\"id\":\"a\"}\n");
  EXPECT_EQ(document_of_datagram("{\"version\":1,\"format\":\"JSON\"}\nx"), "x");
}

TEST(Datagram, NothingElseIsOne) {
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string("{\"format\":\"json\",\"version\":1}"),
        std::string("{\"format\":\"json\",\"version\":1}\n"),
        std::string("{\"format\":\"json\",\"version\":2}\nx"),
        std::string("{\"format\":\"xml\",\"version\":1}\nx"), std::string("[]\nx"),
        std::string("{\"id\":\"a\"}\nx"), std::string(300, ' ') + "\nx"}) {
    EXPECT_FALSE(document_of_datagram(text)) << text;
  }
}

}  // namespace
}  // namespace dew::xray
