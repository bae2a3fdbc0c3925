// SPDX-License-Identifier: Apache-2.0
#include "bridge/mqtt/mqtt_request.h"

#include <algorithm>
#include <charconv>

namespace cw {
namespace {

constexpr std::string_view kWanted =
    R"(is no order: send a value, or {"value": ..., "id": "...", "expires": ...})";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_plain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F && c != '"' && c != '\\';
}

/// Reads a flat object from the front of a text, a word at a time. Texts have no escapes: nothing
/// that is ordered needs one.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool take(char c) {
    skip_space();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool at_end() {
    skip_space();
    return text_.empty();
  }
  std::optional<std::string_view> quoted() {
    if (!take('"')) return std::nullopt;
    return until([](char c) { return !is_plain(c); }, '"');
  }
  /// A text, a number, true or false.
  std::optional<std::string_view> scalar() {
    skip_space();
    if (!text_.empty() && text_.front() == '"') return quoted();
    const auto end = std::find_if(text_.begin(), text_.end(), [](char c) {
      return is_space(c) || c == ',' || c == '}' || !is_plain(c) || c == '{' || c == '[';
    });
    const std::string_view word = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
    text_.remove_prefix(word.size());
    return word.empty() ? std::nullopt : std::optional{word};
  }

 private:
  void skip_space() {
    while (!text_.empty() && is_space(text_.front())) text_.remove_prefix(1);
  }
  template <class Ends>
  std::optional<std::string_view> until(Ends ends, char last) {
    const auto end = std::find_if(text_.begin(), text_.end(), ends);
    if (end == text_.end() || *end != last) return std::nullopt;
    const std::string_view word = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
    text_.remove_prefix(word.size() + 1);
    return word;
  }

  std::string_view text_;
};

/// False: this member cannot be so.
bool put_member(std::string_view key, std::string_view value, MqttRequest& out) {
  if (key == "value") {
    out.value = value;
    return true;
  }
  if (key == "id") {
    out.id = value;
    return value.size() <= kRequestIdMost;
  }
  if (key != "expires") return false;
  std::int64_t time = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), time);
  out.expires_s = time;
  return error == std::errc{} && end == value.data() + value.size();
}

bool read_object(Reader& reader, MqttRequest& out) {
  bool has_value = false;
  do {
    const auto key = reader.quoted();
    if (!key || !reader.take(':')) return false;
    const auto value = reader.scalar();
    if (!value || !put_member(*key, *value, out)) return false;
    has_value = has_value || *key == "value";
  } while (reader.take(','));
  return reader.take('}') && reader.at_end() && has_value;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

MqttRequest read_request(std::string_view payload) {
  MqttRequest request;
  Reader reader(payload);
  const bool object = reader.take('{');
  if (!object) request.value = trimmed(payload);
  const bool good = object ? read_object(reader, request)
                           : !request.value.empty() &&
                                 std::all_of(request.value.begin(), request.value.end(), is_plain);
  if (!good) request = {.value = {}, .fault = std::string{kWanted}};
  return request;
}

}  // namespace cw
