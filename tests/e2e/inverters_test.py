# SPDX-License-Identifier: Apache-2.0
"""Battery to inverter and back with the whole gateway between: simulated packs, the daemon, a serial
line, and a simulated inverter that drives the packs' current by what it was told."""
import os
import pty
import re
import threading
import tty
import unittest

from rig import CELLWARDEN, Pack, Rig, main, wait_until

LINE = re.compile(r"([\d.]+) V ([+-][\d.]+) A; told ([\d.]+) V, ([\d.]+) A in( \(off\))?, ([\d.]+) A out( \(off\))?")


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


class Inverters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        wire = Wire()
        bank = f'[bank]\nrise_after = "1 s"\nrise = "100 A"\n[[inverter]]\nname = "hybrid"\nprotocol = "pylontech-rs485"\nport = "{wire.names[0]}"\n'
        cls.rig = Rig([Pack("garage", "lfp", 16, 280), Pack("shed", "lfp", 16, 280)], mode="observe", extra=bank)
        cls.addClassCleanup(cls.rig.close)
        cls.rig.start()
        cls.rig.wait_for_all()
        cls.rig.spawn([CELLWARDEN, "simulate", "inverter", "--protocol", "pylontech-rs485", "--port", wire.names[1],
                       "--control", cls.rig.path("simulator"), "--pack", "garage", "--pack", "shed",
                       "--start-hour", "12"], "inverter.log")

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
        wait_until("both take their part", lambda: all(self.rig.truth(p)["current_A"] > 0.5 for p in ("garage", "shed")))

        for pack in ("garage", "shed"):
            self.rig.tell(f"{pack} mute")
        wait_until("zeros while nothing is heard", self.rests, 60)
        for pack in ("garage", "shed"):
            self.rig.tell(f"{pack} clear mute")
        wait_until("it charges again", self.charges, 120)

        self.assertEqual(self.rig.stop_process(self.rig.daemon), 0)
        wait_until("the farewell", self.rests)


if __name__ == "__main__":
    main()
