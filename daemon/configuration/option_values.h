// SPDX-License-Identifier: Apache-2.0
// Reads one section of a file by the option table: types, units, ranges, unknown and missing keys.
// What is wrong becomes a fault; what the values mean together is not judged here.
#pragma once
#include <string>
#include <vector>

#include "core/curve.h"
#include "daemon/configuration/configuration.h"
#include "daemon/configuration/options.h"
#include "daemon/configuration/toml_tree.h"

namespace cw {

/// Faults of one file, in whatever order they are found.
class FaultList {
 public:
  explicit FaultList(std::string file) : file_(std::move(file)) {}

  void add(TomlPlace place, std::string message);

  /// All of them in the order of the file.
  std::vector<ConfigurationFault> take();

 private:
  std::string file_;
  std::vector<ConfigurationFault> faults_;
};

struct ListedName {
  std::string name;
  TomlPlace place;
};

struct OptionValue {
  bool given = false;   // it stands in the file
  bool usable = false;  // it is right, or its default is
  TomlPlace place;      // of the value; of the section if it is not given
  std::string text;
  std::int64_t number = 0;
  std::vector<ListedName> names;
  std::vector<std::int64_t> numbers;  // of counts: at least one, each once
  Curve curve;
};

/// One limit of a policy.
struct LimitValue {
  Parameter parameter;
  std::int32_t count;
  TomlPlace place;
};

class SectionValues {
 public:
  /// `table`: nullptr if the section is not in the file; then everything has its default.
  SectionValues(const OptionSection& section, const TomlNode* table, TomlPlace place,
                FaultList& faults);

  bool present() const { return present_; }
  TomlPlace place() const { return place_; }
  const std::vector<LimitValue>& limits() const { return limits_; }

  /// By option(section, key) of options.h.
  const OptionValue& operator[](std::size_t option) const;
  bool usable(std::size_t option) const { return (*this)[option].usable; }
  bool given(std::size_t option) const { return (*this)[option].given; }
  const std::string& text(std::size_t option) const { return (*this)[option].text; }
  std::int64_t number(std::size_t option) const { return (*this)[option].number; }
  bool boolean(std::size_t option) const { return (*this)[option].number != 0; }
  Millis span(std::size_t option) const;

 private:
  void read(const TomlEntry& entry, FaultList& faults);
  void complete(FaultList& faults);

  const OptionSection& section_;
  bool present_;
  TomlPlace place_;
  std::size_t first_;  // of this section's rows
  std::vector<OptionValue> values_;
  std::vector<LimitValue> limits_;
};

/// A value as it stands in the file, with a space before it; empty for lists and tables.
std::string as_written(const TomlNode& node);

/// One value by the row of its option. Empty: it is right and in `value`; else what is wrong.
std::string read_value(const Option& option, const TomlNode& node, OptionValue& value);

/// One limit or other parameter by its row; empty, or what is wrong.
std::string read_parameter(Parameter parameter, const TomlNode& node, std::int32_t& count);

}  // namespace cw
