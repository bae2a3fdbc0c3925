# SPDX-License-Identifier: Apache-2.0
"""What must happen when something dies: a pack, the cable, the broker, the daemon itself."""
import json
import random
import signal
import sqlite3
import subprocess
import time

from rig import CELLWARDEN, NOT_AVAILABLE, Listener, Pack, RigTest, main, wait_until

PACKS = [Pack("garage", "lfp", 16, 280, ",hold=yes,cell_voltage=3.3V"),
         Pack("cellar", "lfp", 4, 100, ",hold=yes,cell_voltage=3.31V")]
POLL_S = 1


class SilenceTest(RigTest):
    def test_a_muted_pack_goes_stale_on_every_output_within_three_polls(self):
        rig = self.rig(PACKS, poll=f"{POLL_S} s", stale_after=f"{3 * POLL_S} s")
        rig.wait_for_all()
        wait_until("the state on MQTT", lambda: rig.mqtt.last("cellwarden/lab/garage/status") == "online")
        wait_until("the charger is on", lambda: rig.relay("charger")["energised"])
        self.assertEqual(rig.tell("garage mute"), "ok")
        muted_ms = time.time() * 1000
        wait_until("status", lambda: not rig.pack("garage")["fresh"] and rig.pack("garage")["voltage_V"] is None)
        wait_until("modbus", lambda: rig.modbus_number(1, 100) == NOT_AVAILABLE)
        wait_until("mqtt link", lambda: rig.mqtt.last("cellwarden/lab/garage/status") == "offline")
        wait_until("mqtt values", lambda: json.loads(rig.mqtt.last("cellwarden/lab/garage/state"))["voltage_V"] is None)
        wait_until("relay", lambda: rig.relay("charger")["energised"] is False)
        # When, by the daemon's own record: clients may be late, and 5 s are for a busy machine.
        operated = wait_until("the relay is in the event log", lambda: rig.sql(
            "select * from event where kind = 'relay_operated' and subject = 'charger' and time_ms >= ?", muted_ms))
        self.assertLess(operated[0]["time_ms"] - muted_ms, 3000 * POLL_S + 5000)
        lost = wait_until("the loss is in the event log", lambda: rig.sql(
            "select * from events where kind = 'link_lost' and pack = 'garage'"))
        self.assertEqual(len(lost), 1)
        wait_until("the other pack is not hurt", lambda: rig.pack("cellar")["fresh"])
        nulls = wait_until("the gap is in the history", lambda: rig.sql(
            "select * from samples where pack = 'garage' and voltage_V is null"))
        self.assertGreaterEqual(len(nulls), 1)

    def test_it_comes_back_by_itself(self):
        rig = self.rig(PACKS)
        rig.wait_for_all()
        for fault in ("mute", "garbage", "bad_checksum", "truncate 63"):
            rig.tell(f"garage {fault}")
            wait_until(f"{fault}: lost", lambda: not rig.pack("garage")["fresh"])
            wait_until(f"{fault}: open", lambda: not rig.relay("charger")["energised"])
            rig.tell("garage clear")
            wait_until(f"{fault}: back", lambda: rig.pack("garage")["fresh"])
            wait_until(f"{fault}: allowed", lambda: rig.relay("charger")["energised"])

    def test_an_unplugged_cable_is_reported_and_found_again(self):
        rig = self.rig(PACKS)
        rig.wait_for_all()
        rig.tell("garage unplug")
        wait_until("lost at once", lambda: rig.pack("garage")["link"] == "lost")
        wait_until("the wire is reported", lambda: any(not w["open"] and "garage" in w["wire"] + w["trouble"]
                                                       for w in rig.status()["wires"]))
        rig.tell("garage clear")
        wait_until("found again", lambda: rig.pack("garage")["fresh"])

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
        wait_until("the packs go on without it", rig.all_fresh)
        wait_until("and the charger", lambda: rig.relay("charger")["energised"])
        rig.start_broker()
        again = Listener(rig.broker_port, "cellwarden/#", "homeassistant/#")
        self.addCleanup(again.close)
        wait_until("MQTT is back", lambda: rig.status()["sinks"]["mqtt"]["ok"])
        wait_until("the gateway and the packs are announced", lambda: sum(
            topic.startswith("homeassistant/device/") for topic in again.seen()) >= 3)
        for topic in ("cellwarden/lab/status", "cellwarden/lab/garage/status", "cellwarden/lab/cellar/status"):
            wait_until(topic, lambda: again.last(topic) == "online")

    def test_the_last_will_says_offline(self):
        rig = self.rig(PACKS)
        rig.wait_for_all()
        wait_until("online", lambda: rig.mqtt.last("cellwarden/lab/status") == "online")
        rig.stop_process(rig.daemon, signal.SIGKILL)
        wait_until("offline, before a keep-alive ends", lambda: rig.mqtt.last("cellwarden/lab/status") == "offline", 15)

    def test_a_clean_stop_says_offline_and_leaves_relays_safe(self):
        rig = self.rig(PACKS)
        rig.wait_for_all()
        wait_until("online", lambda: rig.mqtt.last("cellwarden/lab/status") == "online")
        wait_until("the charger is on", lambda: rig.relay("charger")["energised"])
        self.assertEqual(rig.stop_process(rig.daemon), 0)
        late = Listener(rig.broker_port, "cellwarden/lab/status")
        self.addCleanup(late.close)
        wait_until("offline is kept", lambda: late.last("cellwarden/lab/status") == "offline")
        kinds = [r["kind"] for r in rig.sql("select kind from event order by id")]
        self.assertEqual(kinds[-1], "stopped")
        self.assertIn("relay_operated", kinds[-3:])


class KillTest(RigTest):
    def test_nothing_committed_is_lost_when_the_daemon_is_killed_while_it_writes(self):
        rig = self.rig(PACKS, poll="100 ms")
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
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(second.returncode, 69)
        self.assertIn("another cellwarden is running", second.stderr)
        wait_until("the first goes on", rig.all_fresh)


if __name__ == "__main__":
    main()
