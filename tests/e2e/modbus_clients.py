#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads one unit of the gateway over Modbus-TCP with two clients of other people, pymodbus and mbpoll,
and prints what the map says about it as one JSON object.

    modbus_clients.py HOST PORT UNIT --map FILE

FILE is what `cellwarden docs modbus --json` prints; nothing about the registers is known here. Values are
in the units of the map, null where they are not available; series and relays are lists. Both clients must
read the same registers (ages apart). Exit: 0; 1 if they differ or a read fails; 77 if one is not installed.
Works with pymodbus 3.0 (Debian 12) and 3.8 (Debian 13).
"""
import argparse
import inspect
import json
import re
import shutil
import subprocess
import sys

LONGEST_READ = 125
AGES = ("age_s",)
ATTEMPTS = 10  # a frame may come between two readings


def blocks(rows):
    """Whole rows (or values of a series) that follow each other, as (first register, count)."""
    spans = []
    for row in rows:
        for i in range(row["values"]):
            spans.append((row["register"] + i * row["length"], row["length"]))
    first, count = spans[0][0], 0
    for register, length in spans:
        if register != first + count or count + length > LONGEST_READ:
            yield first, count
            first, count = register, 0
        count += length
    yield first, count


def unit_argument(method, unit):
    """pymodbus called it unit, then slave, then device_id."""
    known = inspect.signature(method).parameters
    for name in ("slave", "device_id", "unit"):
        if name in known:
            return {name: unit}
    raise SystemExit("this pymodbus takes no unit")


class Pymodbus:
    def __init__(self, host, port, unit):
        from pymodbus.client import ModbusTcpClient

        self.client = ModbusTcpClient(host, port=port, timeout=30)
        if not self.client.connect():
            raise SystemExit(f"pymodbus: no connection to {host} port {port}")
        self.unit = unit

    def read(self, first, count, function):
        method = self.client.read_input_registers if function == 4 else self.client.read_holding_registers
        reply = method(first, count=count, **unit_argument(method, self.unit))
        if reply.isError():
            raise SystemExit(f"pymodbus: registers {first} to {first + count - 1}: {reply}")
        return reply.registers

    def close(self):
        self.client.close()


class Mbpoll:
    def __init__(self, host, port, unit):
        self.command = ["mbpoll", "-m", "tcp", "-p", str(port), "-a", str(unit), "-1", "-0", "-o", "10", host]

    def read(self, first, count, function):
        kind = "3" if function == 4 else "4"  # mbpoll's own numbers: 3 input, 4 holding registers
        command = self.command[:1] + ["-t", f"{kind}:hex", "-r", str(first), "-c", str(count)] + self.command[1:]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        values = re.findall(r"^\[(\d+)\]:\s+0x([0-9A-Fa-f]{4})\s*$", done.stdout, re.MULTILINE)
        if done.returncode != 0 or [int(r) for r, _ in values] != list(range(first, first + count)):
            raise SystemExit(f"mbpoll: registers {first} to {first + count - 1}: {done.stdout}{done.stderr}")
        return [int(v, 16) for _, v in values]


def read_all(client, rows, function):
    registers = {}
    for first, count in blocks(rows):
        registers.update(zip(range(first, first + count), client.read(first, count, function)))
    return registers


def value_of(row, words):
    if row["encoding"] == "text":
        text = b"".join(w.to_bytes(2, "big") for w in words).rstrip(b"\0").decode("utf-8")
        return text or None
    if "".join(f"{w:04X}" for w in words) == row["not_available"].replace(" ", ""):
        return None
    number = 0
    for word in words:
        number = number << 16 | word
    if row["encoding"] == "number32" and number >= 1 << 31:
        number -= 1 << 32
    if row["flag"]:
        return bool(number)
    return round(number / 10 ** row["decimals"], row["decimals"]) if row["decimals"] else number


def decode(rows, registers):
    values = {}
    for row in rows:
        one = [
            value_of(row, [registers[row["register"] + i * row["length"] + k] for k in range(row["length"])])
            for i in range(row["values"])
        ]
        values[row["key"]] = one if row["values"] > 1 else one[0]
    return values


def names_of_bits(number, names):
    return None if number is None else [name for bit, name in enumerate(names) if number >> bit & 1]


def read_by_both(arguments, rows):
    """What the first client read, and the first difference between any two readings, or None."""
    seen = {}
    for name, kind in (("pymodbus", Pymodbus), ("mbpoll", Mbpoll)):
        client = kind(arguments.host, arguments.port, arguments.unit)
        for function in (3, 4):
            seen[f"{name}, function {function}"] = decode(rows, read_all(client, rows, function))
        if kind is Pymodbus:
            client.close()
    first, *others = seen
    for other in others:
        for key, value in seen[first].items():
            if key not in AGES and value != seen[other][key]:
                return None, f"{key}: {first} reads {value}, {other} reads {seen[other][key]}"
    return seen[first], None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("unit", type=int)
    parser.add_argument("--map", required=True, help="output of `cellwarden docs modbus --json`")
    arguments = parser.parse_args()
    if shutil.which("mbpoll") is None:
        print("mbpoll is not installed", file=sys.stderr)
        return 77
    try:
        import pymodbus  # noqa: F401
        from pymodbus.client import ModbusTcpClient  # noqa: F401
    except ImportError as missing:
        print(f"python3-pymodbus cannot be used: {missing}", file=sys.stderr)
        return 77
    with open(arguments.map, encoding="utf-8") as file:
        document = json.load(file)
    rows = document["registers"]

    for _ in range(ATTEMPTS):
        values, difference = read_by_both(arguments, rows)
        if difference is None:
            break
    else:
        print(difference, file=sys.stderr)
        return 1
    values["alarms"] = names_of_bits(values["alarms"], document["alarms"])
    values["rules_tripped"] = names_of_bits(values["rules_tripped"], document["rules"])
    values["rules_off"] = names_of_bits(values["rules_off"], document["rules"])
    json.dump(values, sys.stdout, ensure_ascii=False)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
