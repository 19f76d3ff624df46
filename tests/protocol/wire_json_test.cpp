#include "protocol/json.hpp"
#include "tests/protocol/messages_of_block.hpp"
#include "tests/support/sample.hpp"

using namespace backendim;

namespace {

void check_schema(const boost::json::object& schema, std::string_view summary,
                  const boost::json::value& sample) {
  EXPECT_EQ(schema.at("type"), "object");
  EXPECT_EQ(schema.at("additionalProperties"), false);
  EXPECT_EQ(schema.at("description").as_string(), summary);
  for (const auto& field : sample.as_object())
    EXPECT_TRUE(schema.at("properties").as_object().contains(field.key())) << field.key();
}

template <class T>
struct json_form {
  static void run() {
    const auto value = test::sampler{}.make<T>();
    const auto text = to_json_text(value);
    const auto after = from_json_text<T>(text);
    ASSERT_TRUE(after) << render(after.error()) << " in " << text;
    EXPECT_TRUE(*after == value) << text;
    if constexpr (requires { T::needs; }) // who is told what to send
      check_schema(json_schema<T>(), T::summary, to_json(value));
  }
};

[[maybe_unused]] const bool added
  = test::add_message_tests<json_form>("WireJsonTest", __FILE__, __LINE__);

} // namespace
