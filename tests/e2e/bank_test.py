# SPDX-License-Identifier: Apache-2.0
"""The bank through the whole product: simulated packs, the daemon, and an inverter that is not ours:
this test asks over RS485 as the Pylontech paper says, on a pseudo-terminal. What it is told agrees
with status, MQTT and the history."""
import json
import os
import pty
import select
import signal
import subprocess
import tty

from rig import CELLWARDEN, Pack, RigTest, main, wait_until

BANK = """
[bank]
lost_after = "6 s"
blind_for = "6 s"
rise_after = "1 s"
rise = "100 A"
voltage_rise_after = "0 s"
voltage_rise = "1 V"

[[inverter]]
name = "hybrid"
protocol = "pylontech-rs485"
port = "{port}"
"""

HELD = ",hold=yes,cell_voltage=3.3V,temperature=25C,current=0A"


class Inverter:
    """Asks one battery and reads its answers: another hand than the one that wrote the answers."""

    def __init__(self, link):
        self.master, slave = pty.openpty()
        tty.setraw(self.master)
        tty.setraw(slave)
        self.slave = slave  # kept, so that the line stays up while nobody else has it open
        os.symlink(os.ttyname(slave), link)

    @staticmethod
    def frame(command):
        body = f"2002 46{command:02X}0000".replace(" ", "")
        return f"~{body}{-sum(body.encode()) & 0xFFFF:04X}\r".encode()

    def ask(self, command, seconds=1.0):
        """The bytes of the answer's information; None: no answer."""
        os.write(self.master, self.frame(command))
        heard = b""
        while not heard.endswith(b"\r"):
            if not select.select([self.master], [], [], seconds)[0]:
                return None
            heard += os.read(self.master, 4096)
        text = heard[heard.index(b"~") + 1:-1].decode()
        assert -sum(text[:-4].encode()) & 0xFFFF == int(text[-4:], 16), text
        assert text[6:8] == "00", text  # normal
        return bytes.fromhex(text[12:-4])

    def limits(self):
        """(charge voltage, charge current, discharge current, status) of command 63."""
        answer = self.ask(0x63)
        if answer is None:
            return None
        word = lambda i: int.from_bytes(answer[i:i + 2], "big")
        return word(0) / 1000, word(4) / 10, word(6) / 10, answer[8]

    def close(self):
        os.close(self.master)
        os.close(self.slave)


class Bank(RigTest):
    def bank(self, packs):
        rig = self.rig_of(packs)
        rig.start()
        self.settle(rig)
        return rig

    def rig_of(self, packs):
        from rig import Rig
        rig = Rig(packs, poll="500 ms", stale_after="3 s")
        rig.extra = BANK.format(port=rig.path("inverter"))
        self.addCleanup(rig.close)
        self.addCleanup(self.show_log, rig)
        self.inverter = Inverter(rig.path("inverter"))
        self.addCleanup(self.inverter.close)
        return rig

    def settle(self, rig):
        """Every pack is heard, and no limit is on its way up any more."""
        rig.wait_for_all()
        wait_until("the limits have risen", lambda: "rising" not in {
            why["cause"] for why in rig.status()["limits"]["why"].values()}, 120)

    def told(self, rig):
        limits = rig.status()["limits"]
        return (limits["charge_voltage_limit_V"], limits["charge_current_limit_A"],
                limits["discharge_current_limit_A"])

    def test_every_output_tells_the_same_limits(self):
        rig = self.bank([Pack("garage", "lfp", 16, 280, HELD), Pack("shed", "lfp", 16, 100, HELD)])
        voltage, charge, discharge = self.told(rig)
        self.assertEqual(voltage, 55.2)
        self.assertGreater(charge, 0)
        heard = self.inverter.limits()
        self.assertIsNotNone(heard)
        self.assertEqual(heard[0], voltage)
        self.assertLessEqual(heard[1], charge)
        self.assertGreater(heard[1], charge - 0.1)
        self.assertLessEqual(heard[2], discharge)
        self.assertEqual(heard[3] & 0xC0, 0xC0)
        wait_until("the limits on MQTT", lambda: json.loads(
            rig.mqtt.last("cellwarden/lab/limits") or "{}").get("charge_current_limit_A") == charge)
        rows = wait_until("the limits in the history", lambda: rig.sql(
            "select * from limits where charge_current_limit_A = ?", charge))
        self.assertEqual(rows[-1]["voice"], "speaking")
        announced = rig.mqtt.last("homeassistant/device/cellwarden_bank_lab/config")
        self.assertIn("charge_current_limit_A", json.loads(announced)["cmps"])

    def test_a_high_cell_lowers_the_charge_current_and_is_named(self):
        rig = self.bank([Pack("garage", "lfp", 16, 280, HELD), Pack("shed", "lfp", 16, 280, HELD)])
        before = self.told(rig)[1]
        self.assertEqual(rig.tell("shed cell_voltage 7 3.5V"), "ok")
        wait_until("the inverter is told less", lambda: self.inverter.limits()[1] < before / 2)
        why = rig.status()["limits"]["why"]["charge_current_limit"]
        self.assertIn("cell 7 of shed", why["reason"])
        self.assertIn("cell 7 of shed", rig.status_text())
        wait_until("the event of it", lambda: rig.sql(
            "select 1 from events where kind = 'limit_bound' and detail like '%cell 7 of shed%'"))

    def test_a_pack_that_falls_silent_never_raises_a_limit(self):
        rig = self.bank([Pack("garage", "lfp", 16, 280, HELD), Pack("shed", "lfp", 16, 100, HELD)])
        before = self.told(rig)
        self.assertEqual(rig.tell("shed mute"), "ok")
        wait_until("it is lost", lambda: rig.status()["limits"]["packs_offline"] == 1)
        for told, was in zip(self.told(rig), before):
            self.assertLessEqual(told, was)
        self.assertLess(self.told(rig)[0], before[0])  # cells nobody sees may be high: float

    def test_without_any_pack_zeros_are_told_and_then_nothing(self):
        rig = self.bank([Pack("garage", "lfp", 16, 280, HELD)])
        self.assertEqual(rig.tell("garage mute"), "ok")
        zeros = wait_until("zero currents", lambda: (self.inverter.limits() or (0, 1))[1:] == (0.0, 0.0, 0))
        self.assertTrue(zeros)
        wait_until("silence", lambda: self.inverter.limits() is None)
        self.assertEqual(rig.status()["limits"]["voice"], "silent")
        self.assertEqual(rig.tell("garage clear"), "ok")
        wait_until("it is told again", lambda: self.inverter.limits() is not None)

    def test_nothing_is_told_before_a_pack_was_heard(self):
        rig = self.rig_of([Pack("garage", "lfp", 16, 280, HELD)])
        rig.start_broker()
        rig.start_daemon()
        self.assertIsNone(self.inverter.limits())
        self.assertEqual(rig.status()["limits"]["voice"], "silent")
        self.assertIsNone(rig.status()["limits"]["charge_current_limit_A"])

    def order(self, rig, *words):
        return subprocess.run([CELLWARDEN, "bank", *words, "--socket", rig.path("control")],
                              capture_output=True, text=True)

    def test_an_ordered_full_charge_survives_a_kill(self):
        rig = self.bank([Pack("garage", "lfp", 16, 280, HELD)])
        self.assertEqual(self.order(rig, "full-charge", "on").returncode, 0)
        wait_until("it is kept", lambda: "full_charge 1" in open(rig.path("state")).read())
        rig.stop_process(rig.daemon, signal.SIGKILL)
        rig.start_daemon()
        rig.wait_for_all()
        again = self.order(rig, "full-charge", "on")
        self.assertEqual((again.returncode, "it is ordered already" in again.stderr), (1, True))
        self.assertEqual(self.order(rig, "full-charge", "off").returncode, 0)
        wait_until("the event of it", lambda: rig.sql(
            "select 1 from events where kind = 'bank_order' and detail like 'no full charge any more%'"))

    def test_a_stop_says_farewell_and_then_nothing(self):
        rig = self.bank([Pack("garage", "lfp", 16, 280, HELD)])
        self.assertGreater(self.inverter.limits()[1], 0)
        rig.daemon.send_signal(signal.SIGTERM)
        farewell = wait_until("the farewell", lambda: self.inverter.limits() or rig.daemon.poll() is not None, 10)
        if farewell is not True:
            while farewell and farewell[1] > 0:  # asked before the signal arrived
                farewell = self.inverter.limits()
            if farewell:
                self.assertEqual(farewell[1:], (0.0, 0.0, 0))
        self.assertEqual(rig.daemon.wait(15), 0)
        self.assertIsNone(self.inverter.limits())


if __name__ == "__main__":
    main()
