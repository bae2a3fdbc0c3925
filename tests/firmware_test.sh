#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Proves that the core decides the same on a Cortex-M4 as on this machine: records a day, replays it
# here and in an image under qemu, and compares what they decided byte for byte. Shows what the core
# takes of the microcontroller and keeps it in budget.
#
#   firmware_test.sh ROOT FIRMWARE_DAY SOURCE...      the sources of the image beside the core's
#
# Exit status 77: skipped, no cross compiler or no emulator.
set -euo pipefail

# The budget: ours was measured with g++ 12 of Debian 12; the rest is for other compilers.
core_text_limit=14336         # bytes: what a board needs of the core, with its share of the libraries
image_text_limit=28672        # bytes: with the presets, the decision log and the files of the host
bms_limit=1792                # bytes of RAM
pack_limit=2304               # bytes of RAM
step_limit=12000              # instructions: measure() and Bms::step(), the worst of the day
hear_limit=12000              # instructions: a frame into the pack, judge() and derive()

root=${1:?the root of the project}
firmware_day=${2:?the program firmware_day}
shift 2
for tool in arm-none-eabi-g++ qemu-system-arm; do
  if ! command -v "$tool" >/dev/null; then
    echo "SKIPPED: $tool is not installed (scripts/install-packages test)"
    exit 77
  fi
done

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out"
failed=0
fail() {
  echo "FAILED: $*"
  failed=1
}

machine=(-mcpu=cortex-m4 -mthumb)
compiler=(arm-none-eabi-g++ "${machine[@]}" -std=c++20 -Os -ffreestanding -fno-exceptions -fno-rtti
          -fno-threadsafe-statics -ffunction-sections -fdata-sections
          -Wall -Wextra -Wconversion -Wshadow -Werror -Wno-psabi -I"$root")
command -v ccache >/dev/null && compiler=(ccache "${compiler[@]}")
linker=(arm-none-eabi-g++ "${machine[@]}" -nostdlib -Wl,--gc-sections)

# What a board without our files and texts would carry: the core behind one function.
cat >core_alone.cpp <<'END'
#include "core/bms.h"
extern "C" bool core_alone(cw::Pack& pack, cw::Bms& bms, cw::BmsInputs& inputs, std::int64_t now) {
  cw::judge(pack);
  cw::derive(pack, {now});
  inputs.measurements = cw::measure(pack, {now}, {3000});
  return bms.step(inputs, pack.parameters, {now}).charge;
}
END

# Two compilers at a time; each object is named after its source.
printf '%s\n' "$root"/core/*.cpp "$@" core_alone.cpp |
  xargs -P 2 -I{} sh -c 'source=$1; shift; exec "$@" -c "$source" -o "$(basename "$source" .cpp).o"' \
    sh {} "${compiler[@]}" || { fail "the image does not compile"; exit 1; }
core=()
for source in "$root"/core/*.cpp; do core+=("$(basename "$source" .cpp).o"); done
image=()
for source in "$@"; do image+=("$(basename "$source" .cpp).o"); done
# Of the C library only the functions on memory may come along.
"${linker[@]}" -r -Wl,--no-gc-sections "${image[@]}" "${core[@]}" -o all.o
unknown=$(arm-none-eabi-nm -u all.o | awk '{print $NF}' |
  grep -Ev '^(memcpy|memmove|memset|memcmp|memchr|__aeabi_.*|cw_(data|bss|stack)_.*)$' || true)
[ -z "$unknown" ] || fail "the image needs more than a bare machine has: $unknown"
"${linker[@]}" -Wl,--fatal-warnings -T "$root/firmware/cortex_m4/mps2_an386.ld" \
  "${image[@]}" "${core[@]}" -lc -lgcc -o image.elf || { fail "the image does not link"; exit 1; }
"${linker[@]}" -Wl,-e,core_alone core_alone.o "${core[@]}" -lc -lgcc -o core.elf ||
  { fail "the core needs more than memory functions and the compiler's helpers"; exit 1; }
if arm-none-eabi-nm core.elf | grep -E ' __aeabi_(c?[df](add|sub|mul|div|cmp)|u?[il]2[df]|[df]2)'; then
  fail "the core counts in floating point"
fi

"$firmware_day" record day
"$firmware_day" replay day decisions_of_host
# It reads "day" and writes "decisions"; with -icount, time is made of instructions.
timeout 300 qemu-system-arm -M mps2-an386 -display none -monitor none -serial none \
  -semihosting-config enable=on,target=native -icount shift=6 -kernel image.elf </dev/null >costs ||
  fail "the image under qemu ended with status $?: $(cat costs)"

if cmp decisions_of_host decisions; then
  echo "the same decisions here and on the Cortex-M4: $(wc -l <decisions) lines"
else
  fail "the decisions differ, first:"
  diff decisions_of_host decisions | head -n 4
fi
# The day is worth comparing: everything that can be counted happened.
sed -n '/^steps /,$p' decisions_of_host | tee summary
if grep ' 0$' summary; then fail "this never happened on the recorded day"; fi
[ "$(grep -c '^trips_' summary)" -ge 18 ] || fail "the summary does not tell the rules' trips"
# And the comparison sees one flipped bit: a quarter of a volt on one cell, for a second.
cp day other_day
place=$(($(stat -c %s day) / 48 / 3 * 48 + 17))  # in the order of Record
byte=$(od -An -tu1 -j "$place" -N 1 day)
printf "\\x$(printf %x $((byte ^ 1)))" | dd of=other_day bs=1 seek="$place" conv=notrunc status=none
"$firmware_day" replay other_day other_decisions
if cmp -s decisions_of_host other_decisions; then fail "another day has the same decisions"; fi

# budget NAME OURS LIMIT
budget() {
  [ -n "$2" ] || { fail "$1 was not measured"; return; }
  printf '%-28s limit %6d ours %6d ratio %s\n' "$1" "$3" "$2" \
    "$(awk "BEGIN {printf \"%.2f\", $2 / $3}")"
  [ "$2" -le "$3" ] || fail "$1 is over its limit"
}
cost() { awk -v name="$1" '$1 == name {print $2}' costs; }
text_of() { arm-none-eabi-size "$1" | awk 'NR == 2 {print $1}'; }

arm-none-eabi-size image.elf core.elf
cat costs
budget "text of the core" "$(text_of core.elf)" "$core_text_limit"
budget "text of the image" "$(text_of image.elf)" "$image_text_limit"
budget "RAM of a Bms" "$(cost bytes_Bms)" "$bms_limit"
budget "RAM of a Pack" "$(cost bytes_Pack)" "$pack_limit"
budget "instructions a step, worst" "$(cost instructions_step_worst)" "$step_limit"
budget "instructions a frame, worst" "$(cost instructions_hear_worst)" "$hear_limit"
exit "$failed"
