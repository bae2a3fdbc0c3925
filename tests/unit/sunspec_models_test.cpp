// SPDX-License-Identifier: Apache-2.0
// The table of the SunSpec chain against the model definitions of the SunSpec Alliance, which are
// kept outside the project. Skipped where those are not at hand.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "bridge/modbus/sunspec_table.h"

namespace cw::sunspec {
namespace {

using nlohmann::json;

constexpr const char* kFolder = CW_SOURCE_DIR "/../shared/sunspec/";

std::string text(const json& point, const char* key) { return point.value(key, std::string()); }

void compare(unsigned model, const json& points, std::span<const Point> rows) {
  ASSERT_EQ(points.size(), rows.size()) << model;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const json& point = points[i];
    const Point& row = rows[i];
    const std::string where = std::to_string(model) + "." + text(point, "name");
    EXPECT_EQ(text(point, "name"), row.name) << where;
    EXPECT_EQ(text(point, "type"), name(row.type)) << where;
    EXPECT_EQ(point.at("size").get<unsigned>(), row.size) << where;
    EXPECT_EQ(text(point, "mandatory") == "M", row.mandatory()) << where;
    EXPECT_EQ(text(point, "access") == "RW", row.writable()) << where;
    const std::string scale = point.contains("sf") ? text(point, "sf") : "";
    EXPECT_EQ(scale, row.scale) << where;
  }
}

TEST(SunspecModels, AreThoseOfTheAlliance) {
  for (const Model& model : kModels) {
    std::ifstream file(kFolder + ("model_" + std::to_string(model.id) + ".json"));
    if (!file) GTEST_SKIP() << "no model definitions in " << kFolder;
    const json group = json::parse(file).at("group");
    compare(model.id, group.at("points"), model.points);
    const bool repeats = model.repeats != Repeats::never;
    ASSERT_EQ(group.contains("groups"), repeats) << model.id;
    if (repeats) compare(model.id, group.at("groups").at(0).at("points"), model.group);
  }
}

// A scale factor must be implemented where a point that is implemented names it.
TEST(SunspecModels, HaveEveryScaleFactorThatIsNeeded) {
  for (const Model& model : kModels)
    for (const std::span<const Point> points : {model.points, model.group})
      for (const Point& point : points) {
        if (point.scale.empty() || point.read == nullptr) continue;
        const auto scale = std::ranges::find(model.points, point.scale, &Point::name);
        ASSERT_NE(scale, model.points.end()) << model.id << "." << point.name;
        EXPECT_NE(scale->read, nullptr) << model.id << "." << point.scale;
      }
}

TEST(SunspecModels, GiveEveryMandatoryPointAValue) {
  for (const Model& model : kModels)
    for (const std::span<const Point> points : {model.points, model.group})
      for (const Point& point : points)
        if (point.mandatory() && point.type != Type::pad) {
          EXPECT_TRUE(point.read != nullptr || point.text != nullptr)
              << model.id << "." << point.name;
        }
}

}  // namespace
}  // namespace cw::sunspec
