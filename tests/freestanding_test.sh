#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proves that the core and the protocols build as firmware: compiled for a Cortex-M4 without an
# operating system, they need nothing but memory functions and the compiler's own helpers, and the
# protection engine brings no text of the field table with it. Usage: freestanding_test.sh ROOT
# Exit status 77: skipped, no cross compiler.
set -eu

root=${1:?the root of the project}
compiler=arm-none-eabi-g++
if ! command -v "$compiler" >/dev/null; then
  echo "SKIPPED: $compiler is not installed (Debian: gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib)"
  exit 77
fi

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT INT TERM
flags="-std=c++20 -mcpu=cortex-m4 -mthumb -Os -ffreestanding -fno-exceptions -fno-rtti
       -fno-threadsafe-statics -ffunction-sections -fdata-sections -Wall -Wextra -Werror"
failed=0

fail() {
  echo "FAILED: $*"
  failed=1
}

# compile DIRECTORY: every source of it, to $out; names the objects in $objects.
compile() {
  for source in "$root/$1"/*.cpp; do
    object="$out/$(echo "$1" | tr / _)_$(basename "$source" .cpp).o"
    # shellcheck disable=SC2086  # the flags are words
    "$compiler" $flags -I"$root" -c "$source" -o "$object" || fail "$source does not compile"
    objects="$objects $object"
  done
}

# link NAME OBJECT...: one relocatable object without what the roots do not reach.
link() {
  name=$1
  shift
  "$compiler" -mcpu=cortex-m4 -mthumb -nostdlib -Wl,-r "$@" -o "$out/$name" || fail "$name: no link"
}

# Everything that is still undefined must be a memory function or a compiler helper.
check_symbols() {
  unknown=$(arm-none-eabi-nm -u "$1" | awk '{print $NF}' |
    grep -Ev '^(memcpy|memmove|memset|memcmp|memchr|__aeabi_.*|__gnu_.*)$' || true)
  [ -z "$unknown" ] || fail "$(basename "$1") needs more than a bare machine has: $unknown"
}

objects=
compile core
compile drivers/protocol
[ "$failed" -eq 0 ] || exit 1
# shellcheck disable=SC2086
link all.o $objects
check_symbols "$out/all.o"

# A firmware that only guards: measure, judge, derive, decide. Unreached sections are left out, as
# in a real image; the strings that remain are those it would carry.
cat >"$out/guard.cpp" <<'END'
#include "core/measurements.h"
#include "core/protection.h"
cw::Pack pack;
cw::Protection engine{cw::Start::clear};
extern "C" bool guard_step(std::int64_t now) {
  cw::judge(pack);
  cw::derive(pack, {now});
  const auto seen = cw::measure(pack, {now}, {3000});
  return engine.step(seen, pack.parameters, {now}).allows(cw::Switches::both);
}
END
# shellcheck disable=SC2086
"$compiler" $flags -I"$root" -c "$out/guard.cpp" -o "$out/guard.o"
link guard_only.o -Wl,--gc-sections -Wl,--entry=guard_step -Wl,-u,guard_step "$out/guard.o" \
  "$out/core_measurements.o" "$out/core_protection.o"
check_symbols "$out/guard_only.o"

# Data only: names of symbols and files are no part of an image.
arm-none-eabi-strings -d "$out/guard_only.o" >"$out/strings"
for text in "State of charge" "Cell voltage max" "state_class" "measurement" "total_increasing" \
  "soc_pct" "cell_voltage_V" "Number of cells" "cell_overvoltage_recovery_V"; do
  if grep -qF "$text" "$out/strings"; then
    fail "the guard carries text of a table: \"$text\""
  fi
done
# The search can find something: the names of the rules are there.
grep -qF "cell_overvoltage" "$out/strings" || fail "the rules' own names are missing"

echo "core and protocols, bytes on Cortex-M4 at -Os:"
# shellcheck disable=SC2086
(cd "$out" && arm-none-eabi-size -t $(basename -a $objects))
echo "a firmware that only guards:"
arm-none-eabi-size "$out/guard_only.o"
exit "$failed"
