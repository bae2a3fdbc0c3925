#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fifteen boards on one CAN interface of the kernel, and strangers' frames as far as the machine can make
them: the kernel counts what the daemon did not read in time, and that must be nothing."""
import subprocess
import time

from inverter_can_test import Dump
from lab_rig import LabTest, main, program, wait_until

FULL_BUS = 250_000 / 128  # frames a second: 8 data bytes, 29 bits of identifier, as short as they get


class Load(LabTest):
    def test_no_frame_of_a_busy_bus_is_lost(self):
        boards = {f"p{a}": f"protocol=jk-can,port=vcan0,address={a},soc={40 + a}%" for a in range(15)}
        packs = {f"p{a}": f'protocol = "jk-can"\nport = "vcan0"\naddress = {a}' for a in range(15)}
        rig = self.rig = self.lab(boards, packs).start()
        for name in boards:
            rig.wait_until_heard(name)
        dump = Dump("vcan0")
        self.addCleanup(dump.close)
        rest = FULL_BUS - 15 * 80  # boards of four cells: 80 frames a second each
        # Strangers' frames that pass the kernel's filter, so that the daemon has to read them all.
        filler = subprocess.Popen([program("cangen"), "vcan0", "-g", f"{500 / rest:.3f}", "-e", "-I", "18F128FF", "-L", "8"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(filler.wait)
        self.addCleanup(filler.kill)
        before, began = self.frames(), time.monotonic()
        wait_until("some thousand frames", lambda: len(dump.frames) > 8 * FULL_BUS, 120)
        span = time.monotonic() - began
        told = [(after - earlier) / span for after, earlier in zip(self.frames(), before)]
        status = rig.status_or_none()
        print(f"{len(dump.frames) / span:.0f} frames/s on the bus, of {FULL_BUS:.0f}; each pack told {min(told):.1f} to "
              f"{max(told):.1f} times a second", flush=True)
        self.assertFalse(status["wires"][0]["trouble"], "frames came faster than they were read")
        self.assertTrue(all(pack["fresh"] for pack in status["packs"]))
        self.assertEqual([pack["soc_pct"] for pack in status["packs"]], [40 + a for a in range(15)])

    def frames(self):
        return [pack["counts"]["frames"] for pack in self.rig.status_or_none()["packs"]]


if __name__ == "__main__":
    main()
