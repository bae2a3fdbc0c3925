# SPDX-License-Identifier: Apache-2.0
"""The daemon and simulated packs in the lab's machine: as the rig of tests/e2e, without a broker, and
with whatever ports and relays a test writes. Asking costs time in there: it asks over the daemon's
own socket and never starts a program for it."""
import json
import os
import re
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/e2e"))
from rig import CELLWARDEN, PATIENCE_S, Rig, RigTest, main, program, wait_until  # noqa: E402,F401

HELD = "chemistry=lfp,cells={},capacity=100 Ah,hold=yes,cell_voltage=3.3V,temperature=20C,current=0A"


class LabRig(Rig):
    """`boards`: for the simulator, "port=/dev/ttyS2" and whatever else a description takes, by name.
    `packs`: for the daemon, the lines of each pack's block beside those of every pack, by name."""

    def __init__(self, boards, packs, relays="", policy="", cells=4):
        super().__init__([], mode="control" if relays else "observe", policy=policy)
        self.boards, self.blocks, self.relays, self.cells = boards, packs, relays, cells

    def start(self):
        if self.boards:
            self.start_simulator()
        self.start_daemon()
        return self

    def start_simulator(self):
        words = [CELLWARDEN, "simulate", "--control", self.path("simulator")]
        for name, description in self.boards.items():
            words += ["--pack", f"name={name},{HELD.format(self.cells)},{description}"]
        self.spawn(words, "simulator.log")
        wait_until("the simulator speaks", lambda: self.log("simulator.log").count("\n") >= len(self.boards))

    def start_daemon(self, config=None, log="daemon.log"):
        config = config or self.write_configuration()
        self.daemon = self.spawn([CELLWARDEN, "run", "--config", config], log)
        wait_until("the daemon answers", lambda: self.status_or_none() is not None)

    def write_configuration(self):
        lines = ["[gateway]", 'name = "lab"', f'control_socket = "{self.path("control")}"',
                 f'state_file = "{self.path("state")}"',
                 "[supervisor]", f'mode = "{self.mode}"', self.policy]
        for name, block in self.blocks.items():
            lines += ["[[pack]]", f'name = "{name}"', 'chemistry = "lfp"', f"cells = {self.cells}", 'capacity = "100 Ah"',
                      'poll = "500 ms"', 'stale_after = "6 s"', block]
        with open(self.path("cellwarden.toml"), "w") as f:
            f.write("\n".join(lines) + "\n" + self.relays + "\n")
        return self.path("cellwarden.toml")

    def status_or_none(self):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(PATIENCE_S)
                s.connect(self.path("control"))
                s.sendall(b"\n")
                s.shutdown(socket.SHUT_WR)
                return json.loads(b"".join(iter(lambda: s.recv(65536), b"")))
        except (OSError, ValueError):
            return None

    def wait_until_heard(self, name, seconds=60):
        wait_until(f"{name} is heard", lambda: self.pack(name)["fresh"], seconds)

    def wait_until_lost(self, name, seconds=60):
        wait_until(f"{name} is lost", lambda: not self.pack(name)["fresh"], seconds)

    def wait_for_log(self, pattern, log="daemon.log", seconds=60):
        return wait_until(f"the log says {pattern}", lambda: re.search(pattern, self.log(log)), seconds)


class LabTest(RigTest):
    def lab(self, *arguments, **words):
        rig = LabRig(*arguments, **words)
        self.addCleanup(rig.close)
        self.addCleanup(self.show_log, rig)
        return rig

    def setUp(self):
        if not os.environ.get("CELLWARDEN_LAB"):
            self.fail("this test is for the lab's machine: tests/lab/lab run ... -- python3 " + sys.argv[0])
        self.began = time.monotonic()
        self.addCleanup(lambda: print(f"{time.monotonic() - self.began:.1f} s", flush=True))


def said(*words):
    """What a program that is not ours says; its complaints too."""
    done = subprocess.run([program(words[0]), *words[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=PATIENCE_S)
    return done.stdout
