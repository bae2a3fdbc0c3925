#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Walks the SunSpec chain of a gateway with pymodbus and the model definitions of the SunSpec Alliance;
nothing about the registers is known here but what those say.

    sunspec_client.py HOST PORT UNIT --models FOLDER --packs N --cells N [--writes]

Checks marker, order and length of the models, every point's place, that mandatory points have values and
values have scale factors, enumerations, bits and pads, exceptions, and that the heart beats. --writes: also
that a bound of the state of charge can be written from 127.0.0.1 and not from 127.0.0.2. Exit: 0; 1 with
what is wrong; 77 if pymodbus or the definitions are missing. Works with pymodbus 3.0 and 3.8.
"""
import argparse
import inspect
import json
import pathlib
import sys
import time

BASE = 40000
LONGEST_READ = 125
NOT_IMPLEMENTED = {
    "int16": 0x8000, "uint16": 0xFFFF, "enum16": 0xFFFF, "count": 0xFFFF, "sunssf": 0x8000, "pad": None,
    "uint32": 0xFFFFFFFF, "bitfield32": 0xFFFFFFFF, "bitfield16": 0xFFFF, "int32": 0x80000000, "string": 0,
}
SIGNED = {"int16": 1 << 15, "sunssf": 1 << 15, "int32": 1 << 31}
wrong = []


def expect(truth, what):
    if not truth:
        wrong.append(what)


def unit_argument(method, unit):
    """pymodbus called it unit, then slave, then device_id."""
    known = inspect.signature(method).parameters
    for name in ("slave", "device_id", "unit"):
        if name in known:
            return {name: unit}
    raise SystemExit("this pymodbus takes no unit")


class Client:
    def __init__(self, host, port, unit, source=None):
        from pymodbus.client import ModbusTcpClient

        more = {"source_address": (source, 0)} if source else {}
        self.client = ModbusTcpClient(host, port=port, timeout=30, **more)
        self.unit = unit
        if not self.client.connect():
            raise SystemExit(f"no connection to {host} port {port}")

    def ask(self, method, *arguments, **named):
        return method(*arguments, **named, **unit_argument(method, self.unit))

    def read(self, address, count):
        reply = self.ask(self.client.read_holding_registers, address, count=count)
        if reply.isError():
            raise SystemExit(f"registers {address} to {address + count - 1}: {reply}")
        return reply.registers

    def read_long(self, address, count):
        values = []
        while count > 0:
            part = min(count, LONGEST_READ)
            values += self.read(address + len(values), part)
            count -= part
        return values

    def exception(self, reply):
        return getattr(reply, "exception_code", None) if reply.isError() else 0

    def exception_of_read(self, address, count):
        return self.exception(self.ask(self.client.read_holding_registers, address, count=count))

    def write(self, address, values):
        if len(values) == 1:
            return self.exception(self.ask(self.client.write_register, address, values[0]))
        return self.exception(self.ask(self.client.write_registers, address, values))


def raw_of(words):
    number = 0
    for word in words:
        number = number << 16 | word
    return number


class Model:
    """One model as it was read: every point by name, of groups as lists."""

    def __init__(self, definition, address, words):
        self.id = words[0]
        self.address = address
        self.points, self.groups, self.addresses = {}, [], {}
        self.scales = {}
        top = definition["group"]
        at = self.take(top["points"], words, 0, self.points, self.addresses)
        for group in top.get("groups", []):
            size = sum(point["size"] for point in group["points"])
            count = group.get("count", 1)
            if isinstance(count, str):
                count = self.points[count][1]
            if count == 0:
                count = (len(words) - at) // size
            for _ in range(count):
                values = {}
                at = self.take(group["points"], words, at, values, {})
                self.groups.append(values)
        expect(at == len(words), f"model {self.id}: its points take {at} registers, it has {len(words)}")

    def take(self, points, words, at, values, addresses):
        for point in points:
            part = words[at:at + point["size"]]
            if len(part) < point["size"]:
                raise SystemExit(f"model {self.id} ends before {point['name']}")
            values[point["name"]] = (point, raw_of(part))
            addresses[point["name"]] = self.address + at
            at += point["size"]
        return at

    def has(self, point, raw):
        return raw != NOT_IMPLEMENTED[point["type"]]

    def check(self):
        for values in [self.points] + self.groups:
            for name, (point, raw) in values.items():
                self.check_point(f"{self.id}.{name}", point, raw)

    def check_point(self, name, point, raw):
        kind = point["type"]
        if kind == "pad":
            return expect(raw == 0x8000, f"{name}: a pad of {raw:04X}")
        if not self.has(point, raw):
            return expect(point.get("mandatory") != "M", f"{name} is mandatory and not implemented")
        if kind == "sunssf":
            number = raw - (1 << 16) if raw & 0x8000 else raw
            expect(-10 <= number <= 10, f"{name}: a scale factor of {number}")
        if "sf" in point:
            scale, value = self.points[point["sf"]]
            expect(self.has(scale, value), f"{name} has a value, {point['sf']} has none")
        symbols = [symbol["value"] for symbol in point.get("symbols", [])]
        if kind == "enum16" and symbols and point.get("access") != "RW":
            expect(raw in symbols or raw == 0, f"{name}: {raw} is none of {symbols}")
        if kind.startswith("bitfield"):
            expect(raw >> 31 == 0, f"{name}: the top bit is set")
            if symbols and not name.startswith("802.EvtVnd"):
                unknown = [bit for bit in range(31) if raw >> bit & 1 and bit not in symbols]
                expect(not unknown, f"{name}: bits {unknown} have no name")
        if "value" in point:
            expect(raw == point["value"], f"{name}: {raw} instead of {point['value']}")

    def value(self, name):
        point, raw = self.points[name]
        if not self.has(point, raw):
            return None
        if point["type"] in SIGNED and raw & SIGNED[point["type"]]:
            raw -= 2 * SIGNED[point["type"]]
        if "sf" not in point:
            return raw
        scale = self.points[point["sf"]][1]
        return raw * 10.0 ** (scale - (1 << 16) if scale & 0x8000 else scale)


def walk(client, folder):
    expect(client.read(BASE, 3)[:2] == [0x5375, 0x6E53], "no marker at 40000")
    models, address = [], BASE + 2
    while True:
        number, length = client.read(address, 2)
        if number == 0xFFFF:
            expect(length == 0, f"the end model has length {length}")
            expect(client.exception_of_read(address, 3) == 2, "a read past the end model is not refused")
            expect(client.exception_of_read(BASE - 1, 2) == 2, "a read before the marker is not refused")
            return models
        path = folder / f"model_{number}.json"
        if not path.is_file():
            raise SystemExit(f"{address}: model {number} of length {length}, which nobody defines")
        definition = json.loads(path.read_text(encoding="utf-8"))
        models.append(Model(definition, address, client.read_long(address, 2 + length)))
        address += 2 + length


def check_chain(models, packs, cells):
    expect([model.id for model in models] == [1, 802, 803, 713] + [804, 805] * packs, "another chain")
    for model in models:
        model.check()
    bank = models[2]
    expect(bank.value("NStr") == packs and len(bank.groups) == packs, "another number of strings")
    for i, (string, module) in enumerate(zip(models[4::2], models[5::2])):
        expect(string.value("Idx") == i + 1 and module.value("StrIdx") == i + 1, f"pack {i + 1}: its index")
        expect(module.value("NCell") == cells and len(module.groups) == cells, f"pack {i + 1}: its cells")
        expect(abs(module.value("V") - models[1].value("V")) < 1, f"pack {i + 1}: its voltage")
    battery = models[1]
    expect(abs(battery.value("W") - battery.value("V") * battery.value("A")) < 15, "W is not V x A")
    expect(battery.value("AChaMax") is not None and battery.value("ADisChaMax") is not None, "no limits")


def check_heart(client, battery):
    address = battery.addresses["Hb"]
    first = client.read(address, 1)[0]
    time.sleep(2.5)
    second = client.read(address, 1)[0]
    expect(first != second, "the heart does not beat")


def check_writes(client, stranger, battery):
    most, least = battery.addresses["SocRsvMax"], battery.addresses["SoCRsvMin"]
    expect(client.write(least, [200]) == 0, "a listed client cannot write")
    expect(client.read(least, 1) == [200], "what was written does not read back")
    expect(client.write(most, [100, 900]) == 3, "least above most is not refused")
    expect(client.write(battery.addresses["SoC"], [1]) == 2, "a read-only point is not refused")
    expect(client.write(least, [300, 1]) == 2, "a write of which a part is read-only is not refused")
    expect(client.read(least, 1) == [200], "a refused write changed something")
    expect(stranger.write(least, [0]) == 1, "a client that is not listed can write")
    expect(stranger.read(least, 1) == [200], "a client that is not listed changed something")
    expect(client.write(most, [1000, 0]) == 0, "a write of two points is refused")
    expect(client.read(most, 2) == [1000, 0], "what was written does not read back")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("unit", type=int)
    parser.add_argument("--models", required=True, type=pathlib.Path)
    parser.add_argument("--packs", required=True, type=int)
    parser.add_argument("--cells", required=True, type=int)
    parser.add_argument("--writes", action="store_true")
    arguments = parser.parse_args()
    try:
        import pymodbus  # noqa: F401
    except ImportError as missing:
        print(f"python3-pymodbus cannot be used: {missing}", file=sys.stderr)
        return 77
    if not (arguments.models / "model_802.json").is_file():
        print(f"no model definitions in {arguments.models}", file=sys.stderr)
        return 77
    client = Client(arguments.host, arguments.port, arguments.unit)
    models = walk(client, arguments.models)
    check_chain(models, arguments.packs, arguments.cells)
    other = Client(arguments.host, arguments.port, 250)
    expect(other.exception_of_read(BASE, 1) == 0x0A, "a unit that does not exist answers")
    if arguments.writes:
        stranger = Client(arguments.host, arguments.port, arguments.unit, source="127.0.0.2")
        check_writes(client, stranger, models[1])
        check_heart(client, models[1])
    for line in wrong[:20]:
        print(line, file=sys.stderr)
    points = sum(len(model.points) + sum(map(len, model.groups)) for model in models)
    print(f"{arguments.packs} packs of {arguments.cells} cells: {points} points, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
