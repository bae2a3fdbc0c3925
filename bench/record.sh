#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Cost of decoding each of JK's 300-byte records, as instructions (exact, by callgrind) and as time
# beside a straight-line decoder of the status (information: machines are shared). Fails when the
# status costs more than the limit. Usage: record.sh BENCH_RECORD
set -eu

bench=${1:?path of bench_record}
limit=2295
few=500
many=1500

# Instructions of a whole run of $1 with $2 decodes.
instructions() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" instructions "$1" "$2" 2>&1 |
    awk '/Collected/ {print $NF}'
}

# What one decode costs: the difference of two counts, so that the start of the program cancels out.
per_frame() {
  echo $((($(instructions "$1" $many) - $(instructions "$1" $few)) / (many - few)))
}

status=0
"$bench" || status=1
if ! command -v valgrind >/dev/null; then
  echo "record instructions/frame not measured: valgrind is not installed"
  exit 77
fi
straight=$(per_frame limit)
for name in jk02-32s-status jk02-32s-settings device jk02-24s-status jk04-status; do
  ours=$(per_frame "$name")
  ratio=$(awk "BEGIN {printf \"%.2f\", $ours / $limit}")
  echo "record $name instructions/frame limit $limit ours $ours ratio $ratio (straight-line $straight)"
  [ "$name" != jk02-32s-status ] || [ "$ours" -le "$limit" ] || status=1
done
exit $status
