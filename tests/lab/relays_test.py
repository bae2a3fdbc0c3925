# SPDX-License-Identifier: Apache-2.0
"""Relays on lines of a GPIO chip: what the daemon drives, seen by the other ends of the lines and by
libgpiod's tools; contacts that follow and that do not; lines that are taken; a chip that goes away."""
import os
import signal
import subprocess
import threading
import time

from lab_rig import LabTest, main, program, said, wait_until

SIMULATOR = "/sys/kernel/config/gpio-sim/lab"
CHARGER, CONTACT, LOAD, LAMP, PROBE = 0, 1, 2, 3, 4  # lines of the chip
LIBGPIOD_1 = " v1." in said("gpiodetect", "--version")
POLICY = 'cell_overvoltage_delay = "300 ms"'
RELAYS = f"""
[[relay]]
name = "charger"
role = "charge"
chip = "lab"
line = {CHARGER}
feedback_line = {CONTACT}
close_after = "0 s"
minimum_off = "0 s"
retries_most = 120
switchings_most = 120
[[relay]]
name = "load"
role = "discharge"
chip = "lab"
line = {LOAD}
active_low = true
close_after = "0 s"
minimum_off = "0 s"
retries_most = 120
switchings_most = 120
[[relay]]
name = "lamp"
role = "alarm"
chip = "lab"
line = {LAMP}
"""


def text_of(path):
    with open(path) as f:
        return f.read().strip()


def chip():
    """"gpiochip0", or whatever it is called since it came back."""
    return text_of(f"{SIMULATOR}/bank/chip_name")


def wire(line):
    """The folder of the other end of a line."""
    return f"/sys/devices/platform/{text_of(SIMULATOR + '/dev_name')}/{chip()}/sim_gpio{line}"


def level(line):
    """What a relay board on the line would see."""
    return int(text_of(wire(line) + "/value"))


def pull(line, up):
    with open(wire(line) + "/pull", "w") as f:
        f.write("pull-up" if up else "pull-down")


def on_chip(tool, *words):
    """libgpiod's tools changed their words between its versions 1 and 2."""
    options = [word for word in words if word.startswith("-")]
    lines = [word for word in words if not word.startswith("-")]
    return [program(tool), *options, *([chip()] if LIBGPIOD_1 else ["-c", chip()]), *lines]


class Contactor(threading.Thread):
    """Follows the charger's line as a contactor would: its contact, and a probe for others to watch."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stuck = False
        self.ended = threading.Event()
        self.start()

    def run(self):
        shown = None
        while not self.ended.wait(0.01):
            try:
                now = level(CHARGER)
                if now != shown and not self.stuck:
                    pull(CONTACT, now)
                    pull(PROBE, now)
                    shown = now
            except OSError:
                shown = None  # the chip is away

    def close(self):
        self.ended.set()
        self.join()


class Relays(LabTest):
    def plant(self):
        pull(LOAD, True)  # a relay board that works with low levels: a released line must be high
        contactor = Contactor()
        self.addCleanup(contactor.close)
        rig = self.lab({"garage": "link=/tmp/garage"}, {"garage": 'protocol = "jk-uart"\nport = "/tmp/garage"'},
                       relays=RELAYS, policy=POLICY)
        return rig, contactor

    def wait_for_levels(self, charger, load, seconds=60):
        wait_until(f"charger {charger}, load {load}", lambda: (level(CHARGER), level(LOAD)) == (charger, load), seconds)

    def test_the_lines_follow_the_decisions_and_nobody_else_has_them(self):
        rig, _ = self.plant()
        edges = subprocess.Popen(on_chip("gpiomon", "--format=%e %o", "--num-events=3", str(PROBE)),
                                 stdout=subprocess.PIPE, text=True)
        self.addCleanup(edges.kill)
        time.sleep(1)
        self.assertEqual((level(CHARGER), level(LOAD)), (0, 1))
        rig.start()
        self.wait_for_levels(charger=1, load=0)
        listed = said(*on_chip("gpioinfo"))
        self.assertEqual(listed.count("cellwarden"), 4, listed)
        self.assertIn("busy", said(*on_chip("gpioget", str(CHARGER))).lower())
        rig.tell("garage cell_voltage 3 3.7")
        self.wait_for_levels(charger=0, load=0)
        rig.tell("garage clear")
        self.wait_for_levels(charger=1, load=0)
        seen = [line.split()[0] for line in edges.communicate(timeout=60)[0].splitlines()]
        self.assertEqual(seen, ["1", "0", "1"] if LIBGPIOD_1 else ["1", "2", "1"])

    def test_killed_its_lines_fall_back_and_a_restart_takes_them_again(self):
        rig, _ = self.plant()
        rig.start()
        self.wait_for_levels(charger=1, load=0)
        rig.stop_process(rig.daemon, signal.SIGKILL)
        self.wait_for_levels(charger=0, load=1)  # what the boards pull
        self.assertEqual(said(*on_chip("gpioget", str(CHARGER), str(LOAD))).replace("=", " ").split()[-1][-1:], "1")
        rig.start_daemon()
        self.wait_for_levels(charger=1, load=0)
        self.assertEqual(rig.stop_process(rig.daemon), 0)
        self.wait_for_levels(charger=0, load=1)

    def test_a_contact_that_does_not_follow_is_told(self):
        rig, contactor = self.plant()
        rig.start()
        self.wait_for_levels(charger=1, load=0)
        contactor.stuck = True
        rig.tell("garage cell_voltage 3 3.7")
        rig.wait_for_log("relay_contact charger: welded")
        self.wait_for_levels(charger=0, load=1)  # the other relays of its pack open

    def test_a_line_that_is_taken_costs_that_relay_alone_until_it_is_free(self):
        rig, _ = self.plant()
        holder = subprocess.Popen(on_chip("gpioset", *(["--mode=signal"] if LIBGPIOD_1 else []), f"{LAMP}=0"),
                                  stdin=subprocess.DEVNULL)
        self.addCleanup(holder.kill)
        wait_until("the line is taken", lambda: "gpioset" in said(*on_chip("gpioinfo")))
        rig.start()
        self.wait_for_levels(charger=1, load=0)
        rig.wait_for_log("in use by 'gpioset'")
        holder.terminate()
        holder.wait()
        wait_until("the lamp is free of faults", lambda: not rig.relay("lamp")["fault"], 90)
        self.assertEqual(said(*on_chip("gpioinfo")).count("cellwarden"), 4)

    def test_a_chip_that_goes_away_and_comes_back_is_taken_again(self):
        rig, _ = self.plant()
        rig.start()
        self.wait_for_levels(charger=1, load=0)
        live = "/sys/kernel/config/gpio-sim/lab/live"
        for word in "01":
            with open(live, "w") as f:
                f.write(word)
            if word == "0":
                rig.wait_for_log("GPIO chip is gone|no GPIO chip")
        wait_until("the chip is back", lambda: os.path.exists(wire(CHARGER)))
        self.wait_for_levels(charger=1, load=0, seconds=90)


if __name__ == "__main__":
    main()
