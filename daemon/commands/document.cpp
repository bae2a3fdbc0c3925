// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/document.h"

#include <fmt/format.h>

#include "bridge/json.h"

namespace cw {
namespace {

/// A bar would end the cell.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string in_markdown(const Cell& cell) {
  if (cell.text.empty()) return "-";
  return cell.code ? fmt::format("`{}`", escaped(cell.text)) : escaped(cell.text);
}

std::string json_key(const std::string& column) {
  std::string key;
  for (const char c : column)
    key += c == ' ' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return key;
}

void write_table(std::string& out, const DocumentTable& table) {
  for (const std::string& column : table.columns) out += fmt::format("| {} ", column);
  out += "|\n";
  for (std::size_t i = 0; i < table.columns.size(); ++i) out += "|---";
  out += "|\n";
  for (const auto& row : table.rows) {
    for (const Cell& cell : row) out += fmt::format("| {} ", in_markdown(cell));
    out += "|\n";
  }
}

void write_cell(JsonWriter& json, const Cell& cell) {
  if (cell.text.empty())
    json.null();
  else if (cell.number)
    json.raw(cell.text);
  else
    json.text(cell.text);
}

}  // namespace

void write_markdown(std::string& out, const Document& document) {
  out += fmt::format("# {}\n\n", document.title);
  out += fmt::format(
      "<!-- Printed by `cellwarden docs {}`. Change the table it is printed from, "
      "then run scripts/print-docs. -->\n",
      document.subject);
  if (!document.text.empty()) out += fmt::format("\n{}\n", document.text);
  for (const DocumentPart& part : document.parts) {
    if (!part.title.empty()) out += fmt::format("\n## {}\n", part.title);
    if (!part.text.empty()) out += fmt::format("\n{}\n", part.text);
    if (part.table.columns.empty()) continue;
    out += "\n";
    write_table(out, part.table);
  }
}

void write_json(std::string& out, const Document& document) {
  JsonWriter json(out);
  json.begin_object();
  json.key("subject");
  json.text(document.subject);
  json.key("tables");
  json.begin_array();
  for (const DocumentPart& part : document.parts) {
    if (part.table.columns.empty()) continue;
    json.begin_object();
    json.key("title");
    json.text(part.title.empty() ? document.title : part.title);
    json.key("rows");
    json.begin_array();
    for (const auto& row : part.table.rows) {
      json.begin_object();
      for (std::size_t i = 0; i < row.size(); ++i) {
        json.key(json_key(part.table.columns[i]));
        write_cell(json, row[i]);
      }
      json.end_object();
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
  json.end_object();
  out += "\n";
}

}  // namespace cw
