# SPDX-License-Identifier: Apache-2.0
"""Battery to inverter and back with the whole gateway between: simulated packs, the daemon, a serial
line, and a simulated inverter that drives the packs' current by what it was told."""
import os
import pty
import re
import subprocess
import threading
import tty
import unittest

from rig import CELLWARDEN, Pack, Rig, main, wait_until

LINE = re.compile(r"([\d.]+) V ([+-][\d.]+) A; told ([\d.]+|any) V, ([\d.]+) A in( \(off\))?, ([\d.]+|any) A out( \(off\))?")


class Wire:
    """Two terminals, each the other end of the other."""

    def __init__(self):
        self.ends = [pty.openpty() for _ in range(2)]
        for end in self.ends:
            for descriptor in end:
                tty.setraw(descriptor)
        self.names = [os.ttyname(slave) for _, slave in self.ends]
        for here, there in ((0, 1), (1, 0)):
            threading.Thread(target=self.pump, args=(here, there), daemon=True).start()

    def pump(self, here, there):
        while True:
            os.write(self.ends[there][0], os.read(self.ends[here][0], 4096))


def port(name, protocol, wire):
    return f'[[inverter]]\nname = "{name}"\nprotocol = "{protocol}"\nport = "{wire.names[0]}"\n'


def number(text):
    """None: the protocol has no word for it."""
    return None if text == "any" else float(text)


def same(told, other):
    if told is None or told[2] != other[2] or told[4] != other[4]:
        return False
    return all(a is None or b is None or abs(a - b) < 0.11 for a, b in zip(told, other))


class Inverters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        wire = Wire()
        others = {name: Wire() for name in ("growatt-rs485", "sunspec-rtu", "victron-rtu")}
        bank = '[bank]\nrise_after = "1 s"\nrise = "100 A"\nvoltage_rise_after = "0 s"\nvoltage_rise = "1 V"\n' + port("hybrid", "pylontech-rs485", wire) + \
            port("spf", "growatt-rs485", others["growatt-rs485"]) + "unconfirmed = true\n" + \
            port("manager", "modbus-rtu", others["sunspec-rtu"]) + port("gx", "modbus-rtu", others["victron-rtu"])
        cls.rig = Rig([Pack("garage", "lfp", 16, 280), Pack("shed", "lfp", 16, 280)], mode="observe", extra=bank,
                      modbus="sunspec = true\nvictron = true")
        cls.addClassCleanup(cls.rig.close)
        cls.rig.start()
        cls.rig.wait_for_all()
        cls.rig.spawn([CELLWARDEN, "simulate", "inverter", "--protocol", "pylontech-rs485", "--port", wire.names[1],
                       "--control", cls.rig.path("simulator"), "--pack", "garage", "--pack", "shed",
                       "--start-hour", "12"], "inverter.log")
        cls.start_the_others({name: other.names[1] for name, other in others.items()})

    @classmethod
    def start_the_others(cls, ports):
        """They read the same bank, and drive a pack nobody else knows."""
        rig = cls.rig
        rig.spawn([CELLWARDEN, "simulate", "--control", rig.path("nobody"), "--pack", "name=nobody,cells=16"], "nobody.log")
        wait_until("the simulator speaks", lambda: rig.log("nobody.log"))
        cls.others = {**ports, "sunspec-tcp": f"tcp://127.0.0.1:{rig.modbus_port}", "victron-tcp": f"tcp://127.0.0.1:{rig.modbus_port}"}
        for name, there in cls.others.items():
            rig.spawn([CELLWARDEN, "simulate", "inverter", "--protocol", name, "--port", there, "--control",
                       rig.path("nobody"), "--pack", "nobody"], f"{name}.log")

    def told(self, log):
        """(voltage, most in, may charge, most out, may discharge) of the last line; None: nothing yet."""
        found = LINE.findall(self.rig.log(log))
        if not found:
            return None
        _, _, voltage, most_in, in_off, most_out, out_off = found[-1]
        return number(voltage), float(most_in), in_off == "", number(most_out), out_off == ""

    def agree(self, least_in):
        """Whether every protocol tells what the first does, in steps of 0.1 V and 0.1 A."""
        hybrid = self.told("inverter.log")
        if hybrid is None or hybrid[1] < least_in:
            return False
        return all(same(self.told(f"{name}.log"), hybrid) for name in self.others)

    def said(self):
        """What it was told last: (current, most in, may charge); None: nothing yet."""
        found = LINE.findall(self.rig.log("inverter.log"))
        if not found:
            return None
        _, current, _, most_in, off, _, _ = found[-1]
        return float(current), float(most_in), off == ""

    def charges(self):
        said = self.said()
        return said is not None and said[2] and said[0] > 1

    def rests(self):
        return self.said() == (0.0, 0.0, False)

    def test_the_loop_closes_opens_and_says_farewell(self):
        wait_until("the packs are charged", self.charges, 120)  # limits rise slowly from zero
        current, most, _ = self.said()
        self.assertLessEqual(current, most)
        inverter = self.rig.status()["inverters"][0]
        self.assertTrue(inverter["present"])
        self.assertTrue(inverter["told"]["charge_enabled"])
        self.assertGreater(inverter["told"]["charge_current_limit_A"], 0)
        wait_until("both take their part", lambda: all(self.rig.truth(p)["current_A"] > 0.5 for p in ("garage", "shed")))

        wait_until("every protocol tells the same", lambda: self.agree(10), 120)
        self.assertIsNone(self.told("growatt-rs485.log")[3], "it has no word for it")

        for pack in ("garage", "shed"):
            self.rig.tell(f"{pack} mute")
        wait_until("zeros while nothing is heard", self.rests, 60)
        for name in self.others:
            wait_until(f"{name} forbids both", lambda name=name: self.told(f"{name}.log")[2::2] == (False, False), 30)
        for pack in ("garage", "shed"):
            self.rig.tell(f"{pack} clear mute")
        wait_until("it charges again", self.charges, 120)

        self.assertEqual(self.rig.stop_process(self.rig.daemon), 0)
        wait_until("the farewell", self.rests)

    def test_a_pack_that_nobody_simulates_is_a_fault_of_the_words(self):
        result = subprocess.run([CELLWARDEN, "simulate", "inverter", "--protocol", "pylontech-rs485", "--port",
                                 "/nonexistent", "--control", self.rig.path("simulator"), "--pack", "shde"],
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 64)
        self.assertIn('no pack "shde"; did you mean "shed"?', result.stderr)


if __name__ == "__main__":
    main()
