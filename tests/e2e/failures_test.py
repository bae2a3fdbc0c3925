# SPDX-License-Identifier: Apache-2.0
"""What must happen when something dies: a pack, the cable, the broker, the daemon itself."""
import json
import random
import signal
import sqlite3
import subprocess
import threading
import time

from rig import CELLWARDEN, NOT_AVAILABLE, Pack, RigTest, main, program, wait_until

PACKS = [Pack("garage", "lfp", 16, 280, ",hold=yes,cell_voltage=3.3V"),
         Pack("cellar", "lfp", 4, 100, ",hold=yes,cell_voltage=3.31V")]
POLL_S = 0.5


class Listener(threading.Thread):
    """mosquitto_sub that notes every message with its time."""

    def __init__(self, rig, *topics):
        super().__init__(daemon=True)
        words = [program("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(rig.broker_port), "-F", "%t\t%r\t%p"]
        for topic in topics:
            words += ["-t", topic]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self.messages = []
        self.start()

    def run(self):
        for line in self.process.stdout:
            topic, retained, payload = line.rstrip("\n").split("\t", 2)
            self.messages.append((time.monotonic(), topic, retained == "1", payload))

    def last(self, topic):
        return next((p for _, t, _, p in reversed(self.messages) if t == topic), None)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.join(5)
        self.process.stdout.close()


class SilenceTest(RigTest):
    def test_a_muted_pack_goes_stale_on_every_output_within_three_polls(self):
        rig = self.rig(PACKS)
        rig.wait_for_all()
        listener = Listener(rig, "cellwarden/lab/garage/#")
        self.addCleanup(listener.close)
        wait_until("the state on MQTT", lambda: (listener.last("cellwarden/lab/garage/status") == "online"))
        self.assertEqual(rig.tell("garage mute"), "ok")
        muted = time.monotonic()
        # Every output is looked at for itself; the last good frame may be one poll older than the order.
        gone = {}

        def look():
            now = time.monotonic() - muted
            if not rig.pack("garage")["fresh"] and rig.pack("garage")["voltage_V"] is None:
                gone.setdefault("status", now)
            if rig.modbus_number(1, 100) == NOT_AVAILABLE:
                gone.setdefault("modbus", now)
            if listener.last("cellwarden/lab/garage/status") == "offline":
                gone.setdefault("mqtt link", now)
            if rig.relay("charger")["energised"] is False:
                gone.setdefault("relay", now)
            state = listener.last("cellwarden/lab/garage/state")
            if state and json.loads(state)["voltage_V"] is None:
                gone.setdefault("mqtt values", now)
            return len(gone) == 5

        wait_until("every output shows it", look, 10)
        for output, seconds in gone.items():
            self.assertLess(seconds, 3 * POLL_S + 1.0, f"{output}: {gone}")  # 1 s for the clients to look
        lost = wait_until("the loss is in the event log", lambda: rig.sql(
            "select * from events where kind = 'link_lost' and pack = 'garage'"))
        self.assertEqual(len(lost), 1)
        self.assertTrue(rig.pack("cellar")["fresh"], "the other pack is not hurt")
        nulls = wait_until("the gap is in the history", lambda: rig.sql(
            "select * from samples where pack = 'garage' and voltage_V is null"))
        self.assertGreaterEqual(len(nulls), 1)

    def test_it_comes_back_by_itself(self):
        rig = self.rig(PACKS)
        rig.wait_for_all()
        for fault in ("mute", "garbage", "bad_checksum", "truncate 63"):
            rig.tell(f"garage {fault}")
            wait_until(f"{fault}: lost", lambda: not rig.pack("garage")["fresh"])
            self.assertFalse(rig.relay("charger")["energised"], fault)
            rig.tell("garage clear")
            wait_until(f"{fault}: back", lambda: rig.pack("garage")["fresh"], 15)
            wait_until(f"{fault}: allowed", lambda: rig.relay("charger")["energised"], 15)

    def test_an_unplugged_cable_is_reported_and_found_again(self):
        rig = self.rig(PACKS)
        rig.wait_for_all()
        rig.tell("garage unplug")
        wait_until("lost at once", lambda: rig.pack("garage")["link"] == "lost", 5)
        wait_until("the wire is reported", lambda: any(not w["open"] and "garage" in w["wire"] + w["trouble"]
                                                       for w in rig.status()["wires"]), 5)
        rig.tell("garage clear")
        wait_until("found again", lambda: rig.pack("garage")["fresh"], 15)

    def test_wrong_bytes_never_become_values(self):
        rig = self.rig(PACKS)
        rig.wait_for_all()
        rig.tell("garage bit_flip")
        seen = set()
        for _ in range(30):
            seen.add(rig.pack("garage")["voltage_V"])
            time.sleep(0.1)
        self.assertTrue(seen <= {52.8, None}, seen)


class BrokerTest(RigTest):
    def test_a_restarted_broker_is_told_everything_again(self):
        rig = self.rig(PACKS)
        rig.wait_for_all()
        rig.stop_process(rig.broker, signal.SIGKILL)
        wait_until("MQTT is in trouble", lambda: not rig.status()["sinks"]["mqtt"]["ok"])
        self.assertTrue(rig.all_fresh(), "the packs go on without it")
        self.assertTrue(rig.relay("charger")["energised"])
        rig.start_broker()
        wait_until("MQTT is back", lambda: rig.status()["sinks"]["mqtt"]["ok"], 20)
        topics = wait_until("everything is announced", lambda: (
            lambda seen: seen if {"cellwarden/lab/status", "cellwarden/lab/garage/status"} <= set(seen) and
            sum(t.startswith("homeassistant/device/") for t in seen) >= 2 else None)(
                rig.subscribe("cellwarden/#", "homeassistant/#", seconds=3)), 20)
        self.assertEqual(topics["cellwarden/lab/status"], "online")

    def test_the_last_will_says_offline(self):
        rig = self.rig(PACKS)
        rig.wait_for_all()
        listener = Listener(rig, "cellwarden/lab/status")
        self.addCleanup(listener.close)
        wait_until("online", lambda: listener.last("cellwarden/lab/status") == "online")
        rig.stop_process(rig.daemon, signal.SIGKILL)
        wait_until("offline", lambda: listener.last("cellwarden/lab/status") == "offline", 5)

    def test_a_clean_stop_says_offline_and_leaves_relays_safe(self):
        rig = self.rig(PACKS)
        rig.wait_for_all()
        wait_until("the charger is on", lambda: rig.relay("charger")["energised"])
        self.assertEqual(rig.stop_process(rig.daemon), 0)
        self.assertEqual(rig.subscribe("cellwarden/lab/status", seconds=1)["cellwarden/lab/status"], "offline")
        kinds = [r["kind"] for r in rig.sql("select kind from event order by id")]
        self.assertEqual(kinds[-1], "stopped")
        self.assertIn("relay_operated", kinds[-3:])


class KillTest(RigTest):
    def test_nothing_committed_is_lost_when_the_daemon_is_killed_while_it_writes(self):
        rig = self.rig(PACKS, poll="100 ms", stale_after="1 s")
        rng = random.Random(20260101)
        starts = 0
        for _ in range(6):
            rig.wait_for_all()
            starts += 1
            wait_until("the start is in the log", lambda: len(rig.sql(
                "select 1 from event where kind = 'started'")) == starts)
            deadline = time.monotonic() + rng.uniform(0.2, 1.5)
            while time.monotonic() < deadline:
                rig.tell(f"garage alarm_bits {rng.randrange(0, 4096)}")
            before_events = rig.sql("select count(*) n from event")[0]["n"]
            before_samples = rig.sql("select count(*) n from sample")[0]["n"]
            rig.stop_process(rig.daemon, signal.SIGKILL)
            self.assertGreaterEqual(rig.sql("select count(*) n from event")[0]["n"], before_events)
            self.assertGreaterEqual(rig.sql("select count(*) n from sample")[0]["n"], before_samples)
            with sqlite3.connect(rig.history) as db:
                self.assertEqual(db.execute("pragma integrity_check").fetchone()[0], "ok")
            rig.tell("garage clear")
            rig.start_daemon()
        rig.wait_for_all()

    def test_a_second_daemon_is_refused(self):
        rig = self.rig(PACKS)
        rig.wait_for_all()
        second = subprocess.run([CELLWARDEN, "run", "--config", rig.path("cellwarden.toml")],
                                capture_output=True, text=True, timeout=10)
        self.assertEqual(second.returncode, 69)
        self.assertIn("another cellwarden is running", second.stderr)
        self.assertTrue(rig.all_fresh())


if __name__ == "__main__":
    main()
