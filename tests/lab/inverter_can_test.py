#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A bank of one simulated pack that two inverters on two CAN interfaces of the kernel are told of: what
candump sees, somebody else's 0x305, the link down and up, a controller in trouble, and the end."""
import re
import statistics
import subprocess
import threading
import time

from lab_rig import LabTest, main, program, said, wait_until

PYLONTECH = ["359", "351", "355", "356", "35C", "35E"]
VICTRON = ["351", "355", "356", "35A", "35E", "35F", "360", "370", "371", "372", "373", "374", "375", "379", "382"]
LINK_DOWNS = 50
LIMITS = '\n'.join(["[bank]", "[[inverter]]", 'name = "deye"', 'protocol = "pylontech-can"', 'port = "vcan0"',
                    "[[inverter]]", 'name = "gx"', 'protocol = "victron-can"', 'port = "vcan1"'])


class Dump(threading.Thread):
    """candump, and every frame with the kernel's time of it. It does not mind a link that goes down."""

    def __init__(self, interface):
        super().__init__(daemon=True)
        self.frames = []  # (time, identifier, data)
        self.process = subprocess.Popen([program("candump"), "-L", "-D", interface], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.start()

    def run(self):
        for line in self.process.stdout:
            found = re.match(r"\((\d+\.\d+)\) \S+ ([0-9A-F]+)#([0-9A-F]*)", line)
            if found:
                self.frames.append((float(found[1]), found[2], found[3]))

    def times(self, identifier):
        return [at for at, name, _ in list(self.frames) if name == identifier]

    def last(self, identifier):
        return next((data for _, name, data in reversed(list(self.frames)) if name == identifier), None)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.join()
        self.process.stdout.close()


class Inverters(LabTest):
    def setUp(self):
        super().setUp()
        self.dumps = [Dump("vcan0"), Dump("vcan1")]
        for dump in self.dumps:
            self.addCleanup(dump.close)
        link = f"/tmp/inverters.{time.monotonic_ns()}"
        self.started = time.time()
        self.rig = self.lab({"garage": f"link={link}"}, {"garage": f'protocol = "jk-uart"\nport = "{link}"'}, policy=LIMITS)
        self.rig.start()
        wait_until("both are told", lambda: all(dump.last("351") for dump in self.dumps))

    def inverter(self, number):
        return self.rig.status_or_none()["inverters"][number]

    def test_each_is_told_its_whole_set_every_second(self):
        time.sleep(15)
        for dump, identifiers in zip(self.dumps, (PYLONTECH, VICTRON)):
            for identifier in identifiers:
                times = dump.times(identifier)
                self.assertGreater(len(times), 10, identifier)
                gaps = [later - sooner for sooner, later in zip(times, times[1:])]
                self.assertAlmostEqual(statistics.median(gaps), 1.0, delta=0.05, msg=identifier)
                self.assertLess(max(gaps), 3, identifier)
            self.assertEqual({len(data) for _, _, data in dump.frames}, {16}, "every frame has 8 bytes")
            self.assertLess(statistics.median(later[0] - sooner[0] for sooner, later in zip(dump.frames, dump.frames[1:])),
                            0.15, "spread over the second")
        self.assertEqual(self.dumps[0].last("35E"), b"PYLON   ".hex().upper())
        self.assertEqual(self.dumps[0].last("356")[:4], "2805", "13.20 V")

    def test_whoever_sends_305_is_supervised(self):
        self.assertFalse(self.inverter(0)["present"])
        said("cansend", "vcan0", "305#0000000000000000")
        wait_until("the inverter is present", lambda: self.inverter(0)["present"])
        self.assertFalse(self.inverter(1)["present"], "that was another wire")
        began = time.monotonic()
        wait_until("it is missed", lambda: not self.inverter(0)["present"], 60)
        self.assertGreater(time.monotonic() - began, 10)
        before = len(self.dumps[0].frames)
        wait_until("it is told all the same", lambda: len(self.dumps[0].frames) > before + 6)

    def test_after_link_down_and_up_it_is_told_within_two_seconds(self):
        longest = 0
        for _ in range(LINK_DOWNS):
            said("ip", "link", "set", "vcan0", "down")
            wait_until("the link is missed", lambda: not self.inverter(0)["open"])
            said("ip", "link", "set", "vcan0", "up")
            up = time.time()
            wait_until("it is told again", lambda: self.dumps[0].frames[-1][0] > up)
            longest = max(longest, next(at for at, _, _ in list(self.dumps[0].frames) if at > up) - up)
        print(f"{LINK_DOWNS} link downs; told again after {longest:.2f} s at most", flush=True)
        self.assertLess(longest, 2)
        self.assertGreaterEqual(self.inverter(0)["reopened"], LINK_DOWNS)
        self.assertEqual(self.inverter(1)["reopened"], 0, "one wire's trouble is its own")

    def test_a_controller_in_trouble_is_told_of_and_forgiven(self):
        said("cansend", "vcan0", "20000040#0000000000000000")  # as the kernel tells of bus-off
        wait_until("bus-off is told", lambda: "bus-off" in self.inverter(0)["trouble"])
        said("cansend", "vcan0", "20000100#0000000000000000")  # and of its restart
        wait_until("it is over", lambda: "nothing is sent" not in self.inverter(0)["trouble"])
        restarted = time.time()
        wait_until("it is told again", lambda: self.dumps[0].frames[-1][0] > restarted)
        self.assertLess(next(at for at, _, _ in list(self.dumps[0].frames) if at > restarted) - restarted, 2)

    def test_the_last_words_are_zeros(self):
        self.rig.stop_process(self.rig.daemon)
        for dump in self.dumps:
            wait_until("no current is allowed", lambda dump=dump: dump.last("351")[4:12] == "00000000")
        wait_until("nothing is allowed", lambda: self.dumps[0].last("35C") == "0000000000000000")
        count = len(self.dumps[0].frames)
        time.sleep(3)
        self.assertEqual(len(self.dumps[0].frames), count, "and then silence")


if __name__ == "__main__":
    main()
