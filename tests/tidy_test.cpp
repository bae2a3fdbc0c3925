// SPDX-License-Identifier: Apache-2.0
// Rules that matter are tests: this one reads the source tree and holds it to them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = CW_SOURCE_DIR;
const std::vector<std::string> kProductFolders = {"core",      "drivers", "bridge",  "storage",
                                                  "simulator", "daemon",  "firmware"};
const std::vector<std::string> kCodeFolders = {
    "core", "drivers", "bridge", "storage", "simulator", "daemon", "firmware", "tests", "bench"};

struct Source {
  std::string path;  // from the root
  std::vector<std::string> lines;
};

bool is_code(const fs::path& path) {
  return path.extension() == ".cpp" || path.extension() == ".h";
}

std::vector<Source> read(const std::vector<std::string>& folders) {
  std::vector<Source> sources;
  for (const auto& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      if (!entry.is_regular_file() || !is_code(entry.path())) continue;
      Source source{fs::relative(entry.path(), kRoot).generic_string(), {}};
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) source.lines.push_back(line);
      sources.push_back(std::move(source));
    }
  }
  return sources;
}

struct Include {
  std::string target;
  bool local;
};

std::vector<Include> includes(const Source& source) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"])re");
  std::vector<Include> found;
  for (const auto& line : source.lines) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) found.push_back({match[2], match[1] == "\""});
  }
  return found;
}

bool starts_with_any(const std::string& text, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const auto& prefix) { return text.rfind(prefix, 0) == 0; });
}

// Which folder may include which: the direction of the data, and nothing against it.
struct Edge {
  std::string from;
  std::vector<std::string> may_include;
};
const std::vector<Edge> kEdges = {
    {"core/", {"core/"}},
    {"drivers/protocol/", {"core/", "drivers/protocol/"}},
    {"drivers/session/", {"core/", "drivers/protocol/", "drivers/session/"}},
    {"drivers/transport/",
     {"core/", "drivers/protocol/bus.h", "drivers/protocol/can_frame.h", "drivers/transport/"}},
    {"drivers/gpio/", {"core/", "drivers/gpio/"}},
    {"bridge/inverter/",
     {"core/", "bridge/", "drivers/protocol/bus.h", "drivers/protocol/can_frame.h"}},
    {"bridge/", {"core/", "bridge/"}},
    {"storage/", {"core/", "storage/", "bridge/sink.h"}},
    {"simulator/", {"core/", "drivers/protocol/", "simulator/"}},
    {"firmware/host/", {"core/", "simulator/", "firmware/"}},
    {"firmware/", {"core/", "firmware/day.h", "firmware/decision_log.h", "firmware/cortex_m4/"}},
    {"daemon/", {"core/", "drivers/", "bridge/", "storage/", "simulator/", "daemon/"}},
};

TEST(Tidy, FoldersIncludeOnlyInTheDirectionOfTheData) {
  for (const auto& source : read(kProductFolders)) {
    const auto edge = std::find_if(kEdges.begin(), kEdges.end(), [&](const Edge& e) {
      return source.path.rfind(e.from, 0) == 0;
    });
    ASSERT_NE(edge, kEdges.end()) << source.path << " is in no known folder";
    for (const auto& include : includes(source)) {
      if (include.local) {
        EXPECT_TRUE(starts_with_any(include.target, edge->may_include))
            << source.path << " includes " << include.target;
      }
    }
  }
}

TEST(Tidy, CoreAndProtocolsIncludeNoOperatingSystem) {
  const std::set<std::string> allowed = {
      "algorithm", "array",    "bit",     "compare",          "concepts", "cstddef",     "cstdint",
      "cstdio",    "cstdlib",  "cstring", "initializer_list", "iterator", "limits",      "new",
      "numeric",   "optional", "span",    "string_view",      "tuple",    "type_traits", "utility"};
  for (const auto& source : read({"core", "drivers/protocol"}))
    for (const auto& include : includes(source))
      if (!include.local) {
        EXPECT_TRUE(allowed.count(include.target) == 1)
            << source.path << " includes <" << include.target << ">";
      }
}

TEST(Tidy, EachForeignLibraryIsIncludedByOneFile) {
  const std::map<std::string, std::regex> libraries = {
      {"Paho MQTT", std::regex("^mqtt/")},
      {"libmodbus", std::regex("^modbus")},
      {"SQLite", std::regex("^sqlite3")},
      {"toml++", std::regex("^toml(\\+\\+|plusplus)")},
      {"CLI11", std::regex("^CLI/")},
      {"nlohmann-json", std::regex("^nlohmann/")},
      {"sd-event", std::regex("^systemd/sd-event")},
      {"sd-daemon", std::regex("^systemd/sd-daemon")},
      {"sdbus-c++", std::regex("^sdbus-c\\+\\+")},
      {"sd-bus", std::regex("^systemd/sd-bus")},
      {"Linux GPIO", std::regex("^linux/gpio")},
  };
  const auto sources = read(kProductFolders);
  for (const auto& [library, pattern] : libraries) {
    std::vector<std::string> users;
    for (const auto& source : sources) {
      const auto all = includes(source);
      if (std::any_of(all.begin(), all.end(), [&, &p = pattern](const Include& include) {
            return std::regex_search(include.target, p);
          }))
        users.push_back(source.path);
    }
    EXPECT_EQ(users.size(), 1u) << library << " is included by " << users.size()
                                << " files: " << testing::PrintToString(users);
  }
}

TEST(Tidy, NoSourceIncludesSlowOrUnwantedHeaders) {
  const std::set<std::string> unwanted = {"iostream", "regex"};
  for (const auto& source : read(kProductFolders))
    for (const auto& include : includes(source))
      EXPECT_EQ(unwanted.count(include.target), 0u) << source.path << " " << include.target;
}

TEST(Tidy, EverySourceNamesItsLicence) {
  for (const auto& source : read(kCodeFolders)) {
    ASSERT_FALSE(source.lines.empty()) << source.path;
    EXPECT_EQ(source.lines[0], "// SPDX-License-Identifier: Apache-2.0") << source.path;
  }
}

std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

// Tables are exempt where they switch the formatter off: a row is a line.
TEST(Tidy, LinesHaveAtMostAHundredColumns) {
  for (const auto& source : read(kCodeFolders)) {
    bool table = false;
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      if (source.lines[i].find("clang-format off") != std::string::npos) table = true;
      if (source.lines[i].find("clang-format on") != std::string::npos) table = false;
      if (!table) {
        EXPECT_LE(columns(source.lines[i]), 100u) << source.path << ":" << i + 1;
      }
    }
  }
}

TEST(Tidy, FilesHaveAtMostFiveHundredLines) {
  for (const auto& source : read(kProductFolders))
    EXPECT_LE(source.lines.size(), 500u) << source.path;
}

// A head that wraps is read as one line, up to its "{"; empty if none is near.
std::string head_of_function(const Source& source, std::size_t begin, std::size_t& brace) {
  std::string head;
  for (std::size_t i = begin; i < std::min(begin + 12, source.lines.size()); ++i) {
    const std::string& line = source.lines[i];
    if (line.empty() || line.ends_with(";") || line.ends_with("}") || line.ends_with(":"))
      return {};
    head +=
        i == begin ? line : " " + line.substr(std::min(line.find_first_not_of(' '), line.size()));
    brace = i;
    if (line.ends_with("{")) return head;
  }
  return {};
}

// A function begins at the left margin (or in a class) with a head that ends in "{", and ends with
// its closing brace in the same column (a lambda's is followed by something).
TEST(Tidy, FunctionsFitAScreen) {
  static const std::regex begins(
      R"(^( {0,2})[A-Za-z_~].*\(.*\)( const| noexcept| override)*( -> .*| : .*)? \{$)");
  for (const auto& source : read(kProductFolders)) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      std::size_t brace = i;
      std::smatch match;
      const std::string head = head_of_function(source, i, brace);
      if (!std::regex_match(head, match, begins)) continue;
      const std::string closing = match[1].str() + "}";
      std::size_t end = brace + 1;
      while (end < source.lines.size() && !source.lines[end].starts_with(closing)) ++end;
      EXPECT_LE(end - i, 70u) << source.path << ":" << i + 1;
    }
  }
}

// What the CMakeLists.txt files list, from the root: a path counts from the folder of its list.
std::set<std::string> listed_sources() {
  static const std::regex word(R"re([^\s()"]+\.cpp)re");
  std::set<std::string> listed;
  for (const auto& folder : kCodeFolders)
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      if (entry.path().filename() != "CMakeLists.txt") continue;
      const fs::path base = fs::relative(entry.path().parent_path(), kRoot);
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) {
        line.resize(std::min(line.find('#'), line.size()));
        for (std::sregex_iterator it(line.begin(), line.end(), word), end; it != end; ++it)
          listed.insert((base / it->str()).lexically_normal().generic_string());
      }
    }
  return listed;
}

TEST(Tidy, EverySourceIsBuilt) {
  const auto listed = listed_sources();
  for (const auto& source : read(kCodeFolders)) {
    if (fs::path(source.path).extension() != ".cpp") continue;
    EXPECT_EQ(listed.count(source.path), 1u) << source.path << " is in no CMakeLists.txt";
  }
}

TEST(Tidy, EveryHeaderIsIncludedBySomebody) {
  std::set<std::string> included;
  for (const auto& source : read(kCodeFolders))
    for (const auto& include : includes(source)) included.insert(include.target);
  for (const auto& source : read(kProductFolders)) {
    if (fs::path(source.path).extension() != ".h") continue;
    EXPECT_EQ(included.count(source.path), 1u) << source.path << " is dead";
  }
}

bool has_golden_frames(const std::string& protocol) {
  const fs::path folder = kRoot / "tests" / "golden" / protocol;
  if (!fs::is_directory(folder)) return false;
  return std::any_of(fs::directory_iterator(folder), fs::directory_iterator(),
                     [](const auto& file) {
                       return file.path().extension() == ".frames" && file.file_size() > 0;
                     });
}

TEST(Tidy, ProtocolsHaveGoldenFrames) {
  static const std::regex name(R"re(\.name = "([^"]+)")re");
  int protocols = 0;
  for (const auto& source : read({"drivers/protocol"}))
    for (const auto& line : source.lines) {
      std::smatch match;
      if (!std::regex_search(line, match, name)) continue;
      ++protocols;
      EXPECT_TRUE(has_golden_frames(match[1]))
          << source.path << " has no tests/golden/" << match[1] << "/*.frames";
    }
  EXPECT_GE(protocols, 1) << "no protocol names itself the way this test reads";
}

// The daemon's parts that decide or act; its log and status may tell people what time it is.
const std::set<std::string> kControlParts = {"daemon/gateway",
                                             "daemon/store",
                                             "daemon/supervisor",
                                             "daemon/relays/relays",
                                             "daemon/relays/relay_control",
                                             "daemon/relays/relay_sequence",
                                             "daemon/wire",
                                             "daemon/wire_packs"};

TEST(Tidy, ControlCodeReadsNoWallClock) {
  static const std::regex clocks(
      "CLOCK_REALTIME|system_clock|gettimeofday|[^_a-z]time\\((nullptr|NULL|0|&)");
  std::set<std::string> parts_seen;
  for (const auto& source : read({"core", "drivers", "simulator", "daemon"})) {
    const std::string part = fs::path(source.path).replace_extension().generic_string();
    if (part.starts_with("daemon/") && kControlParts.count(part) == 0) continue;
    parts_seen.insert(part);
    for (std::size_t i = 0; i < source.lines.size(); ++i)
      EXPECT_FALSE(std::regex_search(source.lines[i], clocks)) << source.path << ":" << i + 1;
  }
  for (const auto& part : kControlParts)
    EXPECT_EQ(parts_seen.count(part), 1u) << part << " is not there any more";
}

TEST(Tidy, NoFileIsHuge) {
  for (const auto& folder : kCodeFolders)
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      if (entry.is_regular_file()) {
        EXPECT_LE(entry.file_size(), 200u * 1024) << entry.path();
      }
    }
}

TEST(Tidy, MarkdownStartsWithATitleAndLinksExist) {
  static const std::regex link(R"(\]\(([^)#:]+)\))");
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "docs")) {
    if (entry.path().extension() != ".md") continue;
    std::ifstream in(entry.path());
    std::string line;
    ASSERT_TRUE(std::getline(in, line)) << entry.path();
    EXPECT_EQ(line.rfind("# ", 0), 0u) << entry.path();
    while (std::getline(in, line)) {
      for (std::sregex_iterator it(line.begin(), line.end(), link), end; it != end; ++it)
        EXPECT_TRUE(fs::exists(entry.path().parent_path() / (*it)[1].str()))
            << entry.path() << " links to " << (*it)[1];
    }
  }
}

}  // namespace
