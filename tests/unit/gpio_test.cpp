// SPDX-License-Identifier: Apache-2.0
// What the kernel is asked for when a relay's line is taken, what is said when it cannot be, and
// the dry run. The kernel's side is shown in the hardware lab.
#include <gtest/gtest.h>

#include "drivers/gpio/contact_line.h"
#include "drivers/gpio/gpio_request.h"
#include "drivers/gpio/relay_line.h"

namespace cw {
namespace {

TEST(GpioRequest, AContactIsAnInputAndNothingIsDriven) {
  const gpio_v2_line_request request = input_request(22, true);
  EXPECT_EQ(request.offsets[0], 22u);
  EXPECT_EQ(request.num_lines, 1u);
  EXPECT_EQ(request.config.flags, GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_ACTIVE_LOW);
  EXPECT_EQ(request.config.num_attrs, 0u);
  EXPECT_EQ(input_request(22, false).config.flags, GPIO_V2_LINE_FLAG_INPUT);
}

TEST(GpioContact, SaysWhyItCannotBeRead) {
  const auto contact = make_gpio_contact({"/dev/gpiochip999", "22", false});
  EXPECT_FALSE(contact->closed());
  EXPECT_NE(contact->error().find("/dev/gpiochip999 line 22 (contact): no such GPIO chip"),
            std::string::npos)
      << contact->error();
}

TEST(GpioRequest, AskesForOneOutputThatIsDrivenInTheSameStep) {
  const gpio_v2_line_request request = output_request(17, false, true);
  EXPECT_EQ(request.num_lines, 1U);
  EXPECT_EQ(request.offsets[0], 17U);
  EXPECT_STREQ(request.consumer, "cellwarden");
  EXPECT_EQ(request.config.flags, std::uint64_t{GPIO_V2_LINE_FLAG_OUTPUT});
  ASSERT_EQ(request.config.num_attrs, 1U);
  EXPECT_EQ(request.config.attrs[0].attr.id, std::uint32_t{GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES});
  EXPECT_EQ(request.config.attrs[0].mask, 1U);
  EXPECT_EQ(request.config.attrs[0].attr.values, 1U);
}

TEST(GpioRequest, ARelayThatStartsReleasedIsDrivenReleased) {
  EXPECT_EQ(output_request(17, false, false).config.attrs[0].attr.values, 0U);
}

TEST(GpioRequest, AnActiveLowLineIsTheKernelsBusinessAndValuesStayLogical) {
  const gpio_v2_line_request request = output_request(4, true, true);
  EXPECT_EQ(request.config.flags,
            std::uint64_t{GPIO_V2_LINE_FLAG_OUTPUT} | std::uint64_t{GPIO_V2_LINE_FLAG_ACTIVE_LOW});
  EXPECT_EQ(request.config.attrs[0].attr.values, 1U);
}

TEST(GpioRequest, ValuesNameTheOnlyLine) {
  EXPECT_EQ(line_values(true).bits, 1U);
  EXPECT_EQ(line_values(true).mask, 1U);
  EXPECT_EQ(line_values(false).bits, 0U);
  EXPECT_EQ(line_values(false).mask, 1U);
}

TEST(GpioRequest, AChipIsAPathADeviceOrALabel) {
  EXPECT_EQ(chip_path("/dev/gpiochip4"), "/dev/gpiochip4");
  EXPECT_EQ(chip_path("gpiochip0"), "/dev/gpiochip0");
  EXPECT_EQ(chip_path("pinctrl-bcm2711"), "");
  EXPECT_EQ(chip_path("gpiochipmunk"), "");
  EXPECT_EQ(chip_path("gpiochip"), "");
}

TEST(GpioRequest, ALineIsANumberOrAName) {
  EXPECT_EQ(line_number("17"), 17U);
  EXPECT_EQ(line_number("0"), 0U);
  for (const char* name : {"GPIO17", "", "-1", "17 ", "0x11", "99999999999"})
    EXPECT_FALSE(line_number(name)) << name;
}

TEST(GpioRequest, TextOfTheKernelEndsWithItsField) {
  const char full[4] = {'a', 'b', 'c', 'd'};
  const char part[4] = {'a', 0, 'c', 0};
  EXPECT_EQ(kernel_text(full), "abcd");
  EXPECT_EQ(kernel_text(part), "a");
}

TEST(GpioLine, SaysWhatItIsBeforeItIsOpened) {
  EXPECT_EQ(make_gpio_line({"/dev/gpiochip9", "17", true})->name(),
            "/dev/gpiochip9 line 17, active low");
  EXPECT_EQ(make_gpio_line({"gpiochip0", "K1", false})->name(), "gpiochip0 line K1");
  EXPECT_FALSE(make_gpio_line({"gpiochip0", "K1", false})->dry_run());
}

TEST(GpioLine, AMissingChipIsNamedWithAHint) {
  const auto line = make_gpio_line({"/dev/gpiochip99", "17", false});
  EXPECT_FALSE(line->open(false));
  EXPECT_EQ(
      line->error(),
      "/dev/gpiochip99 line 17: no such GPIO chip; `ls /dev/gpiochip*` shows those there are");
}

TEST(GpioLine, AnUnknownLabelIsSaid) {
  const auto line = make_gpio_line({"no-such-label", "17", false});
  EXPECT_FALSE(line->open(false));
  EXPECT_EQ(line->error(), "no-such-label line 17: no GPIO chip has this label");
}

TEST(GpioLine, WhatIsNoChipIsRefused) {
  const auto line = make_gpio_line({"/dev/null", "17", false});
  EXPECT_FALSE(line->open(false));
  EXPECT_EQ(line->error(), "/dev/null line 17: not a GPIO chip");
}

TEST(GpioLine, CannotBeDrivenBeforeItIsOpen) {
  const auto line = make_gpio_line({"/dev/gpiochip99", "17", false});
  EXPECT_FALSE(line->drive(true));
  EXPECT_EQ(line->error(), "/dev/gpiochip99 line 17: not open");
}

TEST(DryRunLine, TakesOrdersLikeARealOne) {
  const auto line = make_dry_run_line("charge");
  EXPECT_TRUE(line->dry_run());
  EXPECT_EQ(line->name(), "charge (dry run)");
  EXPECT_FALSE(line->drive(true));
  EXPECT_EQ(line->error(), "charge (dry run): not open");
  EXPECT_TRUE(line->open(false));
  EXPECT_TRUE(line->drive(true));
  EXPECT_EQ(line->error(), "");
}

TEST(DryRunLine, IsWhatALineWithoutAChipBecomes) {
  EXPECT_TRUE(make_gpio_line({"", "charge", false})->dry_run());
}

}  // namespace
}  // namespace cw
