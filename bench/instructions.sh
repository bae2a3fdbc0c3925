# SPDX-License-Identifier: Apache-2.0
# To be read by other scripts: instructions of one turn of a benchmark, exactly, by callgrind.

# One whole run: instructions_of_run BENCH [WHAT] COUNT.
instructions_of_run() {
  program=$1
  shift
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" instructions "$@" 2>&1 |
    awk '/Collected/ {print $NF}'
}

# instructions_of_turn FEW MANY BENCH [WHAT]: the difference of two counts, so that the start of the
# program cancels out.
instructions_of_turn() {
  few=$1 many=$2
  shift 2
  echo $((($(instructions_of_run "$@" "$many") - $(instructions_of_run "$@" "$few")) / (many - few)))
}

# need_valgrind NAME: leaves with 77 where nothing can be counted.
need_valgrind() {
  command -v valgrind >/dev/null && return
  echo "$1 not measured: valgrind is not installed"
  exit 77
}

# print_ratio NAME LIMIT OURS [NOTE]
print_ratio() {
  echo "$1 limit $2 ours $3 ratio $(awk "BEGIN {printf \"%.2f\", $3 / $2}")${4:-}"
}
