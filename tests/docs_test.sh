#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves that the printed documents and the sample configuration are those of the program's tables,
# that the sample is valid as it is, and that every subject prints JSON too.
# Usage: docs_test.sh ROOT PROGRAM
set -euo pipefail

root=${1:?the root of the project}
program=${2:?the built cellwarden}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT INT TERM

"$root/scripts/print-docs" "$program" "$out"
old=0
while read -r file; do
  if ! diff -u "$root/$file" "$out/$file"; then
    echo "$file is old: run scripts/print-docs $program"
    old=1
  fi
done < <(cd "$out" && find . -type f)
[ "$old" = 0 ] || exit 1

"$program" check --config "$root/etc/cellwarden.toml"
# Lines that begin with # and no space are examples; taken in, the file is valid as well.
sed -E 's/^#([^ #])/\1/' "$root/etc/cellwarden.toml" > "$out/examples.toml"
"$program" check --config "$out/examples.toml"

for subject in fields modbus sunspec victron inverters mqtt configuration protections protocols parameters presets models curves simulation; do
  json=$("$program" docs "$subject" --json)
  [ "${json:0:1}" = "{" ] || { echo "docs $subject --json prints no JSON object"; exit 1; }
done
