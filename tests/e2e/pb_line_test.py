# SPDX-License-Identifier: Apache-2.0
"""JK's RS485 line through the whole product: two boards share it, and settings of one of them are
written and read back."""
import subprocess
import unittest

from rig import CELLWARDEN, Pack, Rig, main, wait_until

BOARD = ",protocol=jk-modbus,hold=yes,cell_voltage=3.3V,temperature=20C,current=0A"
WRITES = """
[writes]
control_socket = ["limits", "switches"]
unverified     = true
"""


class LineRig(Rig):
    """Boards that share the port of the first. The first may have address 0 and drive the line."""

    first_address = 1
    more_options = []  # of every pack

    def write_configuration(self):
        path = super().write_configuration()
        with open(path) as f:
            lines = f.read().split("\n")
        out, address = [], self.first_address - 1
        for line in lines:
            if line == 'protocol = "jk-uart"':
                address += 1
                out += ['protocol = "jk-modbus"', f"address = {address}", *self.more_options]
            elif self.more_options and line.startswith(("poll = ", "stale_after = ")):
                pass
            elif line.startswith("port = ") and '"/' in line:
                out.append(f'port = "{self.path(self.packs[0].name)}"')
            else:
                out.append(line)
        with open(path, "w") as f:
            f.write("\n".join(out))
        return path

    def start_simulator(self):
        words = [CELLWARDEN, "simulate", "--control", self.path("simulator")]
        for address, p in enumerate(self.packs, self.first_address):
            link = f",link={self.path(p.name)}" if address == self.first_address else ""
            words += ["--pack", f"name={p.name},chemistry={p.chemistry},cells={p.cells},line=bus,address={address},"
                      f"capacity={p.capacity_Ah} Ah{link}{p.extra}"]
        self.spawn(words, "simulator.log")
        wait_until("the port", lambda: subprocess.run(["test", "-e", self.path(self.packs[0].name)]).returncode == 0)


class Settings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = LineRig([Pack(name, "lfp", 8, 100, BOARD) for name in ("one", "two")], poll="200 ms", extra=WRITES)
        cls.addClassCleanup(cls.rig.close)
        cls.rig.start()
        cls.rig.wait_for_all()

    def say(self, command, *words):
        result = subprocess.run([CELLWARDEN, command, *words, "--socket", self.rig.path("control")],
                                capture_output=True, text=True, timeout=120)
        return result.returncode, result.stdout + result.stderr

    def setting(self, pack, key):
        return self.rig.pack(pack)["parameters"].get(key)

    def test_a_limit_of_one_board_is_set_and_read_back(self):
        wait_until("its settings", lambda: self.setting("two", "cell_overvoltage_V"))
        before = self.setting("one", "cell_overvoltage_V")
        status, said = self.say("parameters", "two", "set", "cell_overvoltage", "3.62 V",
                                "cell_overvoltage_recovery", "3.5 V")
        self.assertEqual(status, 0, said)
        self.assertIn("-> 3.62 V: verified", said)
        self.assertEqual(self.setting("two", "cell_overvoltage_V"), 3.62)
        self.assertEqual(self.setting("one", "cell_overvoltage_V"), before)

    def test_a_switch_turns_and_the_board_says_so(self):
        wait_until("its settings", lambda: self.setting("one", "cell_overvoltage_V"))
        for position, value in (("off", False), ("on", True)):
            status, said = self.say("switch", "one", "charge", position)
            self.assertEqual(status, 0, said)
            self.assertEqual(self.rig.pack("one")["charge_switch"], value)

    def test_a_board_that_does_not_obey_is_found_out(self):
        wait_until("its settings", lambda: self.setting("one", "cell_overvoltage_V"))
        self.assertEqual(self.rig.tell("one read_only"), "ok")
        try:
            status, said = self.say("parameters", "one", "set", "charge_overcurrent_delay", "9 s")
            self.assertEqual(status, 1, said)
        finally:
            self.rig.tell("one clear")


class ListeningRig(LineRig):
    first_address = 0
    more_options = ['listen = "only"', 'stale_after = "60 s"']


class Listening(unittest.TestCase):
    """A board of address 0 asks the others; the gateway hears both and never says a word."""

    @classmethod
    def setUpClass(cls):
        cls.rig = ListeningRig([Pack("master", "lfp", 8, 100, BOARD + ",master=yes"),
                                Pack("other", "lfp", 8, 100, BOARD)], extra=WRITES)
        cls.addClassCleanup(cls.rig.close)
        cls.rig.start()
        cls.rig.wait_for_all()

    def test_both_are_heard_and_nothing_was_asked(self):
        for name in ("master", "other"):
            wait_until("more frames", lambda: self.rig.pack(name)["counts"]["frames"] > 3)
            pack = self.rig.pack(name)
            self.assertEqual(pack["line"], "only listening")
            self.assertEqual(pack["counts"]["requests"], 0)
            self.assertEqual(pack["cell_voltage_max_V"], 3.3)

    def test_an_order_is_refused_in_words(self):
        result = subprocess.run([CELLWARDEN, "switch", "other", "charge", "off", "--socket",
                                 self.rig.path("control")], capture_output=True, text=True, timeout=120)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("listen", result.stdout + result.stderr)
        self.assertEqual(self.rig.pack("other")["counts"]["requests"], 0)


if __name__ == "__main__":
    main()
