// SPDX-License-Identifier: Apache-2.0
// A printed document: text and tables, built from the tables that run, and written as Markdown or
// as JSON. It knows no subject.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cw {

/// One cell of a table. Empty text: nothing to say (null in JSON).
struct Cell {
  std::string text;
  bool number = false;  // JSON: without quotes
  bool code = false;    // Markdown: `in backquotes`

  static Cell words(std::string_view text) { return {std::string(text), false, false}; }
  static Cell name(std::string_view text) { return {std::string(text), false, true}; }
  static Cell count(std::int64_t value) { return {std::to_string(value), true, false}; }
  static Cell yes_or_no(bool value) { return {value ? "yes" : "no", false, false}; }
};

struct DocumentTable {
  std::vector<std::string> columns;  // JSON: lower case, with _ for spaces
  std::vector<std::vector<Cell>> rows;
};

struct DocumentPart {
  std::string title;  // empty: no heading
  std::string text;   // Markdown
  DocumentTable table;
};

struct Document {
  std::string subject;  // the word behind `cellwarden docs`
  std::string title;
  std::string text;
  std::vector<DocumentPart> parts;
};

/// Appends the document. Text and titles of a part are only in the Markdown.
void write_markdown(std::string& out, const Document& document);
void write_json(std::string& out, const Document& document);

}  // namespace cw
