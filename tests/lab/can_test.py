#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two simulated boards on one CAN interface of the kernel, a V2 at address 1 and a V1 at address 2,
and the daemon that hears them: what candump sees is what status, MQTT and Modbus say; strangers'
frames; the link down, up, gone and back; a controller in trouble; faults of the boards; recordings
and scans of the bus."""
import json
import subprocess

from inverter_can_test import Dump
from lab_rig import CELLWARDEN, LabTest, main, program, said, wait_until
from rig import Listener

BOARDS = {
    "new": "protocol=jk-can,port=vcan0,address=1,cell_voltage=3.301/3.312/3.303/3.304V,current=-12.3A,soc=61%",
    "old": "protocol=jk-can,port=vcan0,address=2,version=v1,current=4.5A,soc=42%",
}
PACKS = {name: f'protocol = "jk-can"\nport = "vcan0"\naddress = {address}' for name, address in (("new", 1), ("old", 2))}


def word(data, at):
    """Two bytes of candump's hexadecimal digits, little-endian."""
    return int(data[2 * at + 2:2 * at + 4] + data[2 * at:2 * at + 2], 16)


def battery(data):
    """BATT_ST1: V, A, %."""
    return word(data, 0) / 10, round(word(data, 2) / 10 - 400, 1), int(data[8:10], 16)


class Can(LabTest):
    def setUp(self):
        super().setUp()
        self.policy = ""
        self.dump = Dump("vcan0")
        self.addCleanup(self.dump.close)
        self.addCleanup(said, "ip", "link", "set", "vcan0", "up")
        self.addCleanup(said, "ip", "link", "add", "vcan0", "type", "vcan")

    def start(self, policy=""):
        self.rig = self.lab(BOARDS, PACKS, policy=policy)
        self.rig.start()
        for name in BOARDS:
            self.rig.wait_until_heard(name)

    def count(self, name, what):
        return self.rig.pack(name)["counts"][what]

    def test_what_candump_sees_is_what_every_output_says(self):
        rig = self.rig = self.lab(BOARDS, PACKS)
        rig.policy = "\n".join([
            "[mqtt]", "enabled = true", f'broker = "mqtt://127.0.0.1:{rig.broker_port}"', 'cells_interval = "0 s"',
            "[modbus]", "enabled = true", 'listen = "127.0.0.1"', f"port = {rig.modbus_port}"])
        rig.start_broker()
        rig.mqtt = Listener(rig.broker_port, "cellwarden/#")
        rig.start()
        for name in BOARDS:
            rig.wait_until_heard(name)
        for unit, (name, address) in enumerate((("new", 1), ("old", 2)), 1):
            voltage, current, soc = battery(self.dump.last(f"{0x2F4 + address:03X}"))
            pack = rig.pack(name)
            told = wait_until("MQTT", lambda: json.loads(rig.mqtt.last(f"cellwarden/lab/{name}/state") or "null"))
            registers = [rig.modbus_number(unit, register) for register in (100, 102, 106)]
            self.assertAlmostEqual(pack["voltage_V"], voltage, delta=0.1)
            self.assertEqual((pack["current_A"], pack["soc_pct"]), (current, soc))
            for key, register, scale in (("voltage_V", 0, 1000), ("current_A", 1, 1000), ("soc_pct", 2, 100)):
                self.assertAlmostEqual(told[key], pack[key], places=2, msg=key)
                self.assertAlmostEqual(registers[register] / scale, pack[key], places=3, msg=key)
        cells = self.dump.last("18E028F5")
        self.assertEqual([word(cells, at) for at in (0, 2, 4, 6)], [3301, 3312, 3303, 3304])
        self.assertEqual(rig.pack("new")["cell_voltage_V"], [3.301, 3.312, 3.303, 3.304])
        self.assertEqual([rig.modbus_number(1, 300 + 2 * at) for at in range(4)], [3301, 3312, 3303, 3304])
        told = json.loads(rig.mqtt.last("cellwarden/lab/new/cells"))
        self.assertEqual(told["cell_voltage_V"][:4], [3.301, 3.312, 3.303, 3.304])
        self.assertEqual(rig.pack("old")["cell_voltage_max_V"], 3.3)
        self.assertFalse([name for _, name, _ in self.dump.frames if len(name) == 8 and name.endswith("F6")], "V1 has none")
        self.assertEqual((self.count("new", "malformed"), self.count("old", "malformed")), (0, 0))
        self.frames_of_strangers_change_nothing_and_are_counted()

    def trouble(self):
        return self.rig.status_or_none()["wires"][0]["trouble"] or ""

    def frames_of_strangers_change_nothing_and_are_counted(self):
        before = {name: self.rig.pack(name) for name in BOARDS}
        strangers = ["100#0102030405060708", "2F5#R", "000002F5#FFFFFFFFFFFFFFFF", "18FF50E5#0000000000000000",
                     "2F0#FFFFFFFFFFFFFFFF", "303#FFFFFFFFFFFFFFFF", "18F128FF#FFFFFFFFFFFFFFFF"]
        for _ in range(2):
            for frame in strangers:
                said("cansend", "vcan0", frame)
            said("cansend", "vcan0", "2F5#FFFF")  # ours by its identifier, and too short
        wait_until("what passes the kernel's filter is counted", lambda: sum(
            self.count(name, what) for name in BOARDS for what in ("foreign", "malformed")) == 2 * 4)
        for name, pack in before.items():
            now = self.rig.pack(name)
            for key in ("voltage_V", "current_A", "soc_pct", "cell_voltage_max_V", "alarms", "link"):
                self.assertEqual(now[key], pack[key], f"{name} {key}")

    def test_trouble_of_the_interface_is_told_and_over_when_it_is_over(self):
        self.start()
        said("cansend", "vcan0", "20000004#0010000000000000")  # as the kernel tells of error-passive
        wait_until("the advice", lambda: "termination" in self.trouble())
        said("cansend", "vcan0", "20000040#0000000000000000")  # and of bus-off
        wait_until("bus-off is told and forgiven", lambda: "1 times bus-off" in self.trouble())
        self.assertTrue(self.rig.pack("new")["fresh"])
        said("ip", "link", "set", "vcan0", "down")
        wait_until("the fix is told", lambda: "the interface is down; bring it up (ip link set vcan0 up" in self.trouble())
        self.rig.wait_until_lost("new")
        self.rig.wait_until_lost("old")
        self.assertIsNone(self.rig.pack("new")["voltage_V"])
        said("ip", "link", "set", "vcan0", "up")
        for name in BOARDS:
            self.rig.wait_until_heard(name)
        said("ip", "link", "del", "vcan0")
        wait_until("it is missed", lambda: "the interface is not there; `ip link`" in self.trouble())
        self.rig.wait_until_lost("new")
        said("ip", "link", "add", "vcan0", "type", "vcan")
        said("ip", "link", "set", "vcan0", "up")
        for name in BOARDS:
            self.rig.wait_until_heard(name)

    def test_boards_are_mute_frozen_and_mad_each_on_its_own(self):
        self.start()
        self.rig.tell("new mute")
        self.rig.wait_until_lost("new")
        self.assertTrue(self.rig.pack("old")["fresh"])
        self.rig.tell("new clear")
        self.rig.wait_until_heard("new")
        self.rig.tell("new freeze")
        self.rig.tell("new cell_voltage 2 3.45")
        frozen = self.dump.last("18E028F5")
        before = len(self.dump.times("18E028F5"))
        wait_until("three more rounds of cells", lambda: len(self.dump.times("18E028F5")) > before + 3)
        self.assertEqual(self.dump.last("18E028F5"), frozen)
        self.rig.tell("new clear freeze")
        wait_until("it goes on", lambda: self.rig.pack("new")["cell_voltage_V"][1] == 3.45)
        self.rig.tell("new clear")
        self.rig.tell("new garbage")
        wait_until("values that cannot be are refused", lambda: self.count("new", "refused_values") > 0)
        self.assertEqual(self.rig.pack("old")["soc_pct"], 42)
        self.rig.tell("new clear")
        wait_until("right again", lambda: self.rig.pack("new")["cell_voltage_V"] == [3.301, 3.312, 3.303, 3.304])
        self.assertIn("error:", self.rig.tell("new slow 1s"))

    def test_what_candump_and_the_daemon_record_is_played_again_as_it_was(self):
        self.start()
        log = self.rig.path("bus.log")
        recorded = self.rig.spawn([CELLWARDEN, "capture", "new", "--socket", self.rig.path("control"), "--seconds", "5",
                                   "--output", self.rig.path("new.capture")], "capture.log")
        lines = subprocess.run(["timeout", "5", program("candump"), "-L", "vcan0"], capture_output=True, text=True).stdout
        with open(log, "w") as file:
            file.write(lines)
        recorded.wait(60)
        for source, names in ((log, ("pack-1", "pack-2")), (self.rig.path("new.capture"), ("new", "old"))):
            done = subprocess.run([CELLWARDEN, "replay", "--json", source], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            last = {document["pack"]: document for document in map(json.loads, done.stdout.splitlines())
                    if "voltage_V" in document}
            for name, played in zip(("new", "old"), names):
                live = self.rig.pack(name)
                for key in ("voltage_V", "current_A", "soc_pct", "cell_voltage_V", "cell_voltage_max_V"):
                    self.assertEqual(last[played][key][:4] if key == "cell_voltage_V" else last[played][key],
                                     live[key][:4] if key == "cell_voltage_V" else live[key], f"{source} {name} {key}")

    def test_a_scan_finds_both_and_says_nothing_on_the_bus(self):
        boards = self.lab(BOARDS, {})
        boards.start_simulator()
        allowed = {f"{base + address:0{digits}X}" for address in (1, 2) for digits, base in (
            *((3, base) for base in (0x2F4, 0x4F4, 0x5F4)), *((8, 0x18F028F4 + (i << 16)) for i in range(1, 6)), (8, 0x18E028F4))}
        scan = subprocess.run([CELLWARDEN, "scan", "vcan0"], capture_output=True, text=True, timeout=60)
        self.assertEqual(scan.returncode, 0, scan.stderr)
        self.assertEqual({name for _, name, _ in self.dump.frames} - allowed, set(), "the boards' own frames")
        blocks = scan.stdout.replace('chemistry = "lfp"', 'chemistry = "lfp"\nstale_after = "6 s"')
        blocks = blocks.replace("cells     = 16  # it did not say: check it", "cells     = 4")
        with open(boards.path("pasted.toml"), "w") as file:
            file.write(f'[gateway]\nname = "lab"\ncontrol_socket = "{boards.path("control")}"\n{blocks}')
        boards.start_daemon(boards.path("pasted.toml"))
        for name in ("pack-1", "pack-2"):
            boards.wait_until_heard(name)
        self.assertEqual([boards.pack(name)["soc_pct"] for name in ("pack-1", "pack-2")], [61, 42])

    def test_a_simulator_without_its_interface_says_what_to_do(self):
        def refused(port):
            words = [CELLWARDEN, "simulate", "--seconds", "1", "--pack", f"protocol=jk-can,port={port}"]
            done = subprocess.run(words, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 69)
            return done.stderr
        self.assertIn("ip link add vcan9 type vcan", refused("vcan9"))
        said("ip", "link", "set", "vcan1", "down")
        self.addCleanup(said, "ip", "link", "set", "vcan1", "up")
        self.assertIn("ip link set vcan1 up", refused("vcan1"))
        self.assertIn("no CAN interface", refused("lo"))


if __name__ == "__main__":
    main()
