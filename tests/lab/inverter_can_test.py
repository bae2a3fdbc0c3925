#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A bank of one simulated pack that inverters on CAN interfaces of the kernel are told of: what candump
sees, somebody else's 0x305, links down and up, controllers in trouble, simulated inverters, and the end."""
import fcntl
import re
import socket
import statistics
import struct
import subprocess
import threading
import time

from lab_rig import CELLWARDEN, LabTest, main, program, said, wait_until

PYLONTECH = ["359", "351", "355", "356", "35C", "35E"]
VICTRON = ["351", "355", "356", "35A", "35E", "35F", "360", "370", "371", "372", "373", "374", "375", "379", "382"]
EVERYBODY = ["pylontech-can", "victron-can", "sma-can", "byd-lvs-can", "pylontech-plus-can", "goodwe-can", "luxpower-can",
             "solark-can", "solis-can", "growatt-can"]
ROUNDS = 50  # of all interfaces at once: 500 links down and up
ERRORS = {1: "transmit timeout", 2: "lost arbitration", 4: "controller", 8: "protocol", 0x10: "transceiver", 0x20: "no answer",
          0x80: "bus error"}  # as the kernel tells them; 40 is bus-off, 100 the restart
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


class Watch(threading.Thread):
    """When each interface last carried a frame that is none of an error, by the kernel's own clock."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
        self.socket.bind(("",))
        self.last = {}
        self.start()

    def run(self):
        while True:
            frame, (interface, *_) = self.socket.recvfrom(16)
            if struct.unpack("=I", frame[:4])[0] < 0x800:
                self.last[interface] = time.monotonic()

    def told_since(self, interface, when):
        return self.last.get(interface, 0) > when


def set_link(interface, up):
    """As `ip link set` does, without a program."""
    get_flags, set_flags, is_up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = interface.encode()
        flags = struct.unpack_from("h", fcntl.ioctl(control, get_flags, struct.pack("16sh14x", name, 0)), 16)[0]
        fcntl.ioctl(control, set_flags, struct.pack("16sh14x", name, flags | is_up if up else flags & ~is_up))


def inject_error(interface, kind):
    with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as sender:
        sender.bind((interface,))
        sender.send(struct.pack("=IB3x8x", 0x20000000 | kind, 8))


class EverybodyOnCan(LabTest):
    """Each protocol on an interface of its own."""

    def setUp(self):
        super().setUp()
        self.interfaces = [f"vcan{i}" for i in range(len(EVERYBODY))]
        link = f"/tmp/inverters.{time.monotonic_ns()}"
        ports = [f'[[inverter]]\nname = "{name}"\nprotocol = "{name}"\nport = "{interface}"'
                 for name, interface in zip(EVERYBODY, self.interfaces)]
        self.watch = Watch()
        self.rig = self.lab({"garage": f"link={link}"}, {"garage": f'protocol = "jk-uart"\nport = "{link}"'}, cells=16,
                            policy='[bank]\nrise_after = "1 s"\nrise = "100 A"\nvoltage_rise_after = "0 s"\nvoltage_rise = "1 V"\n' + "\n".join(ports))
        self.rig.start()
        wait_until("all are told", lambda: set(self.interfaces) <= set(self.watch.last))

    def inverters(self):
        return self.rig.status_or_none()["inverters"]

    def resumed_after(self, since):
        """By interface, seconds from then to the next frame that is sent."""
        wait_until("all are told again", lambda: all(self.watch.told_since(i, since[i]) for i in self.interfaces), 10)
        return [self.watch.last[i] - since[i] for i in self.interfaces]

    def test_after_500_links_down_and_up_each_is_told_within_two_seconds(self):
        longest = 0
        for _ in range(ROUNDS):
            for interface in self.interfaces:
                set_link(interface, False)
            wait_until("the links are missed", lambda: not any(one["open"] for one in self.inverters()))
            since = {}
            for interface in self.interfaces:
                since[interface] = time.monotonic()
                set_link(interface, True)
            longest = max(longest, *self.resumed_after(since))
        print(f"{ROUNDS * len(self.interfaces)} links down and up; told again after {longest:.2f} s at most", flush=True)
        self.assertLess(longest, 2)
        for one in self.inverters():
            self.assertGreaterEqual(one["reopened"], ROUNDS, one["inverter"])

    def test_after_errors_and_restarts_of_controllers_each_is_told_within_two_seconds(self):
        longest = 0
        for _ in range(5):
            for interface in self.interfaces:
                for kind in list(ERRORS) * 3 + [0x40]:
                    inject_error(interface, kind)
            wait_until("bus-off is told", lambda: all("bus-off" in one["trouble"] for one in self.inverters()))
            since = {}
            for interface in self.interfaces:
                since[interface] = time.monotonic()
                inject_error(interface, 0x100)
            longest = max(longest, *self.resumed_after(since))
        print(f"told again {longest:.2f} s after a restart at most", flush=True)
        self.assertLess(longest, 2)
        wait_until("it is over", lambda: all("nothing is sent" not in one["trouble"] for one in self.inverters()))

    def told(self, name):
        """(voltage, most in, may charge, most out, may discharge) of the last line; None: nothing yet."""
        found = re.findall(r"told ([\d.]+|any) V, ([\d.]+) A in( \(off\))?, ([\d.]+) A out( \(off\))?", self.rig.log(name))
        return (*found[-1][:2], found[-1][2] == "", found[-1][3], found[-1][4] == "") if found else None

    def test_simulated_inverters_follow_the_gateway(self):
        for name, interface in zip(EVERYBODY, self.interfaces):
            self.rig.spawn([CELLWARDEN, "simulate", "inverter", "--protocol", name, "--port", interface, "--power", "0",
                            "--control", self.rig.path("simulator"), "--pack", "garage"], name)

        def agree():
            said_to_all = {self.told(name) for name in EVERYBODY}
            return len(said_to_all) == 1 and next(iter(said_to_all)) or None

        voltage, most_in, may_charge, most_out, may_discharge = wait_until("all are told the same", agree)
        self.assertEqual((voltage, may_charge, may_discharge), ("55.2", True, True))
        self.assertGreater(float(most_in), 5)
        self.assertGreater(float(most_out), 5)
        wait_until("each is heard", lambda: all(one["present"] for one in self.inverters()))
        self.rig.stop_process(self.rig.daemon)
        for name in EVERYBODY:
            wait_until(f"the farewell to {name}", lambda name=name: self.told(name)[2::2] == (False, False))


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

    def test_one_wires_trouble_is_its_own(self):
        said("ip", "link", "set", "vcan0", "down")
        wait_until("the link is missed", lambda: not self.inverter(0)["open"])
        said("ip", "link", "set", "vcan0", "up")
        wait_until("it is open again", lambda: self.inverter(0)["open"])
        self.assertEqual(self.inverter(0)["reopened"], 1)
        self.assertEqual(self.inverter(1)["reopened"], 0)

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
