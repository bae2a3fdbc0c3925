# SPDX-License-Identifier: Apache-2.0
"""A restart is no amnesty: the gateway is killed at random moments while its relays move."""
import random
import re
import signal
import subprocess
import time
import unittest

from rig import CELLWARDEN, Pack, RigTest, main, wait_until

SEED = 20240501
KILLS = 8
POLICY = """
cell_overvoltage_delay = "300 ms"
"""


class Restarts(RigTest):
    def order(self, rig, *words):
        return subprocess.run([CELLWARDEN, "relay", "--socket", rig.path("control"), *words],
                              capture_output=True, text=True)

    def kill_and_start(self, rig):
        rig.stop_process(rig.daemon, signal.SIGKILL)
        rig.start_daemon()
        wait_until("the gateway answers", rig.status_or_none)

    # What is acknowledged is on its way to the disk; what is on the disk is what counts.
    def wait_for_kept_lock(self, rig):
        locked = re.compile(r"^relay load \w+ 1 ", re.MULTILINE)
        wait_until("the lock is kept", lambda: locked.search(open(rig.path("state")).read()))

    def test_what_was_locked_or_tripped_stays_so_whenever_it_is_killed(self):
        rig = self.rig([Pack("garage", "lfp", 4, 100,
                             ",hold=yes,cell_voltage=3.3V,temperature=20C,current=0A")],
                       poll="200 ms", policy=POLICY)
        rig.wait_for_all()
        dice = random.Random(SEED)
        print("seed", SEED)
        wait_until("the charger is closed", lambda: rig.relay("charger")["energised"], 60)
        locked = self.order(rig, "load", "lock")
        self.assertEqual(locked.returncode, 0, locked.stderr)
        self.wait_for_kept_lock(rig)
        trips = 0
        for _ in range(KILLS):
            rig.tell("garage cell_voltage 3 3.7")
            wait_until("it trips", lambda: self.rule(rig)["trips"] > trips, 60)
            trips = self.rule(rig)["trips"]
            kept = f"cell_overvoltage,{trips},1"
            wait_until("the trip is kept", lambda: kept in open(rig.path("state")).read())
            rig.tell("garage cell_voltage 3 3.5")  # below the limit, not below the recovery
            time.sleep(dice.uniform(0, 0.7))
            self.kill_and_start(rig)
            wait_until("the pack is heard", rig.all_fresh, 60)
            self.assertTrue(rig.relay("load")["locked"])
            self.assertFalse(rig.relay("load")["energised"])
            self.assertEqual(self.rule(rig)["cause"], "limit")
            self.assertEqual(self.rule(rig)["trips"], trips)
            self.assertFalse(rig.relay("charger")["energised"])
            rig.tell("garage clear")
            wait_until("the charger closes again", lambda: rig.relay("charger")["energised"], 60)
        self.assertEqual(self.order(rig, "load", "unlock").returncode, 0)
        wait_until("the load closes", lambda: rig.relay("load")["energised"], 60)

    def test_whatever_moment_it_is_killed_at_nothing_closes_before_the_pack_is_safe(self):
        rig = self.rig([Pack("garage", "lfp", 4, 100,
                             ",hold=yes,cell_voltage=3.3V,temperature=20C,current=0A")],
                       poll="200 ms", policy=POLICY)
        rig.wait_for_all()
        dice = random.Random(SEED + 1)
        print("seed", SEED + 1)
        self.assertEqual(self.order(rig, "load", "lock").returncode, 0)
        self.wait_for_kept_lock(rig)
        for _ in range(KILLS):
            wait_until("the charger is closed", lambda: rig.relay("charger")["energised"], 60)
            rig.tell("garage cell_voltage 3 3.7")
            time.sleep(dice.uniform(0, 1.2))  # before it trips, while it is kept, or after
            self.kill_and_start(rig)
            self.assert_safe(rig.status())
            wait_until("the pack is heard", rig.all_fresh, 60)
            for _ in range(10):  # above the limit all the time: whoever closes it is wrong
                self.assert_safe(rig.status())
                time.sleep(0.1)
            rig.tell("garage clear")
        self.assertNotIn("state_unreadable", rig.log())

    def assert_safe(self, status):
        relays = {relay["relay"]: relay for relay in status["relays"]}
        self.assertTrue(relays["load"]["locked"])
        for name in ("load", "charger"):
            self.assertFalse(relays[name]["energised"], relays[name]["reason"])

    def rule(self, rig):
        return next(r for r in rig.pack("garage")["supervisor"]["rules"]
                    if r["rule"] == "cell_overvoltage")

    def test_a_damaged_state_keeps_every_relay_safe_until_it_is_reset(self):
        rig = self.rig([Pack("garage", "lfp", 4, 100, ",hold=yes,cell_voltage=3.3V")], poll="200 ms")
        wait_until("the charger is closed", lambda: rig.relay("charger")["energised"], 60)
        rig.stop_process(rig.daemon, signal.SIGKILL)
        with open(rig.path("state"), "a") as f:
            f.write("x")
        rig.start_daemon()
        wait_until("the gateway answers", rig.status_or_none)
        wait_until("the pack is heard", rig.all_fresh, 60)
        for name in ("charger", "load"):
            self.assertIsNotNone(rig.relay(name)["latch"])
            self.assertFalse(rig.relay(name)["energised"])
            self.assertEqual(self.order(rig, name, "reset").returncode, 0)
            wait_until(f"{name} closes", lambda: rig.relay(name)["energised"], 60)


if __name__ == "__main__":
    main()
