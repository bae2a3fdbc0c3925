# SPDX-License-Identifier: Apache-2.0
"""Recordings of the running daemon, what a replay makes of them, and finding a BMS on a port."""
import glob
import subprocess
import tempfile

from rig import CELLWARDEN, PATIENCE_S, Pack, RigTest, main, wait_until

STEADY = ",hold=yes,cell_voltage=3.3V,temperature=20C,current=0A"


def run(*words, seconds=3 * PATIENCE_S):
    return subprocess.run([CELLWARDEN, *words], capture_output=True, text=True, timeout=seconds)


class Recordings(RigTest):
    def black_box(self):
        rig = self.rig([Pack("garage", "lfp", 4, 100, STEADY), Pack("cellar", "lfp", 16, 280, STEADY)],
                       policy='cell_overvoltage_delay = "300 ms"\n[black_box]\nafter = "1 s"\n'
                              f'folder = "{self.folder}"')
        rig.wait_for_all()
        return rig

    def setUp(self):
        kept = tempfile.TemporaryDirectory(prefix="cellwarden-box.")
        self.addCleanup(kept.cleanup)
        self.folder = kept.name + "/box"

    def sealed(self):
        return sorted(glob.glob(self.folder + "/*.capture"))

    @staticmethod
    def text(file):
        with open(file) as f:
            return f.read()

    def test_what_was_around_an_incident_replays_with_the_same_decisions(self):
        rig = self.black_box()
        wait_until("the start of the relays is sealed", self.sealed)
        for trouble, consequence in (("garage cell_voltage 3 3.7", "garage protection_tripped cell_overvoltage"),
                                     ("cellar mute", "cellar link_lost")):
            rig.tell(trouble)
            wait_until(f"{consequence} is sealed", lambda: any(consequence in self.text(f) for f in self.sealed()))
        run("relay", "charger", "lock", "--socket", rig.path("control"))
        rig.stop_process(rig.daemon)
        self.assertGreaterEqual(len(self.sealed()), 3)
        for file in self.sealed():
            replay = run("replay", file)
            self.assertEqual(replay.returncode, 0, f"{file}: {replay.stderr}")
            self.assertIn("otherwise: 0\n", replay.stderr)
        self.assertIn("relay_command charger: lock", replay.stdout)
        self.assertIn("protection_tripped cell_overvoltage", replay.stdout)
        self.assertIn("cellar link_lost", replay.stdout)
        self.assertEqual(run("replay", file).stdout, replay.stdout, "twice the same")

    def test_a_wire_is_recorded_while_the_daemon_runs(self):
        rig = self.black_box()
        file = rig.path("live.capture")
        capture = run("capture", "garage", "--seconds", "3", "--output", file, "--socket", rig.path("control"))
        self.assertEqual((capture.returncode, capture.stderr), (0, ""))
        replay = run("replay", file, "--json")
        self.assertEqual(replay.returncode, 0, replay.stderr)
        self.assertIn('"pack":"garage","voltage_V":13.200', replay.stdout)
        unknown = run("capture", "attic", "--socket", rig.path("control"))
        self.assertEqual(unknown.returncode, 1)
        self.assertIn('no pack and no port is called "attic"', unknown.stderr)

    def test_a_port_is_recorded_and_searched_without_a_daemon(self):
        rig = self.black_box()
        port = rig.path("garage")
        busy = run("scan", port)
        self.assertEqual(busy.returncode, 69)
        self.assertIn("in use by another program", busy.stderr)
        rig.stop_process(rig.daemon)
        found = run("scan", port)
        self.assertEqual(found.returncode, 0, found.stderr)
        with open(rig.path("pasted.toml"), "w") as f:
            f.write(found.stdout)
        self.assertEqual(run("check", "--config", rig.path("pasted.toml")).returncode, 0, found.stdout)
        self.assertIn("cells     = 4\n", found.stdout)
        file = rig.path("port.capture")
        capture = run("capture", port, "--seconds", "3", "--output", file, "--socket", rig.path("none"))
        self.assertEqual(capture.returncode, 0, capture.stderr)
        replay = run("replay", file)
        self.assertIn("13.200 V", replay.stdout)


if __name__ == "__main__":
    main()
