#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# pymodbus and mbpoll read a pack and the bank from the server alone: modbus_clients_test.sh SERVER MAP
set -euo pipefail
server=$1 map=$2 here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
"$server" 0 >"$folder/port" &
pid=$!
trap 'kill "$pid" 2>/dev/null || true; rm -r "$folder"' EXIT
for _ in $(seq 300); do [ -s "$folder/port" ] && break; sleep 0.1; done
port=$(cat "$folder/port")
for unit in 1 200; do
  /usr/bin/python3 "$here/modbus_clients.py" 127.0.0.1 "$port" "$unit" --map "$map" >"$folder/$unit.json"
done
/usr/bin/python3 - "$folder/1.json" "$folder/200.json" <<'CHECK'
import json
import sys

pack, bank = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:])
expected = [
    (pack["pack"], "house"), (pack["model"], "BD6A24S10P"), (pack["current_A"], -12.345),
    (pack["cell_voltage_V"][15:17], [3.316, None]), (pack["temperature_C"][0], -10.5),
    (pack["alarms"], ["cell_overvoltage", "front_end_fault_b"]), (pack["relay_count"], None),
    (bank["unit_kind"], 2), (bank["current_A"], -24.69), (bank["relay_name"][0], "charger"),
    (bank["relay_energised"][:2], [True, None]), (bank["link"], None),
]
wrong = [pair for pair in expected if pair[0] != pair[1]]
print("read", len(expected), "values,", len(wrong), "wrong:", wrong)
sys.exit(1 if wrong else 0)
CHECK
