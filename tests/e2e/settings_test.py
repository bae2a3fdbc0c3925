# SPDX-License-Identifier: Apache-2.0
"""Settings through the whole product: `cellwarden parameters` and `switch`, the control socket, the
daemon, a pseudo-terminal, the simulated board, and back; with the record of it in the history."""
import json
import os
import subprocess
import unittest

from rig import CELLWARDEN, Listener, Pack, Rig, main, program, wait_until

WRITES = """
[writes]
control_socket = ["limits", "switches"]
mqtt           = ["switches", "cell_overvoltage_delay", "balance_trigger"]
unverified     = true
"""


class Settings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = Rig([Pack("garage", "lfp", 4, 100, ",hold=yes,cell_voltage=3.3V,temperature=20C,current=0A"),
                       Pack("shed", "lfp", 4, 100, ",hold=yes,cell_voltage=3.3V,temperature=20C,current=0A")],
                      poll="200 ms", extra=WRITES)
        cls.addClassCleanup(cls.rig.close)
        cls.rig.start_broker()
        subprocess.run([program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(cls.rig.broker_port), "-r",
                        "-t", "cellwarden/lab/shed/set/discharge_switch", "-m", "OFF"], check=True, timeout=60)
        cls.rig.mqtt = Listener(cls.rig.broker_port, "cellwarden/#", "homeassistant/#")
        cls.rig.start_simulator()
        cls.rig.start_daemon()
        cls.rig.wait_for_all()

    def say(self, *words):
        """A command of ours; its exit status and everything it said."""
        command, *rest = words
        result = subprocess.run([CELLWARDEN, command, *rest, "--socket", self.rig.path("control")],
                                capture_output=True, text=True, timeout=120)
        return result.returncode, result.stdout + result.stderr

    def setting(self, pack, key):
        return self.rig.pack(pack)["parameters"][key]

    def test_a_limit_is_set_and_read_back(self):
        status, said = self.say("parameters", "garage", "set", "cell_overvoltage", "3.62 V",
                                "cell_overvoltage_recovery", "3.5 V")
        self.assertEqual(status, 0, said)
        self.assertIn("-> 3.62 V: verified", said)
        self.assertEqual(self.setting("garage", "cell_overvoltage_V"), 3.62)
        status, said = self.say("parameters", "garage", "get", "cell_overvoltage")
        self.assertEqual((status, said), (0, 'cell_overvoltage = "3.62 V"\n'))
        status, said = self.say("parameters", "garage", "set", "cell_overvoltage", "3.62 V")
        self.assertEqual((status, said), (0, "cell_overvoltage: is 3.62 V already\n"))

    def test_every_write_is_in_the_history(self):
        status, said = self.say("parameters", "shed", "set", "cell_overvoltage_delay", "7 s")
        self.assertEqual(status, 0, said)
        rows = wait_until("the record of it", lambda: self.rig.sql(
            "select detail from events where subject = 'cell_overvoltage_delay_s' and detail like 'verified%'"))
        self.assertIn("by uid", rows[0]["detail"])

    def order(self, pack, setting, payload, *words):
        """What mosquitto_pub says is ordered."""
        subprocess.run([program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(self.rig.broker_port), "-q", "1",
                        "-t", f"cellwarden/lab/{pack}/set/{setting}", "-m", payload, *words], check=True, timeout=60)

    def answers(self, pack, id):
        """The answers to an order, oldest first."""
        topic = f"cellwarden/lab/{pack}/answer"
        said = [json.loads(payload) for _, t, _, payload in list(self.rig.mqtt.messages) if t == topic]
        return [answer for answer in said if answer["id"] == id]

    def end(self, pack, id):
        return wait_until(f"the end of {id}", lambda: next(
            (a for a in self.answers(pack, id) if a["status"] != "accepted"), None))

    def test_an_order_over_mqtt_is_carried_out_once_and_read_back(self):
        order = '{"id": "m1", "value": 0.035}'
        self.order("garage", "balance_trigger_V", order)
        end = self.end("garage", "m1")
        self.assertEqual((end["status"], end["value"], end["message"]), ("done", 0.035, "verified"), end)
        self.assertEqual(self.setting("garage", "balance_trigger_V"), 0.035)
        self.order("garage", "balance_trigger_V", order)  # as QoS 1 may
        wait_until("the answer again", lambda: len(self.answers("garage", "m1")) == 3)
        rows = wait_until("the record of it", lambda: self.rig.sql(
            "select detail from events where subject = 'balance_trigger_V' and detail = 'verified; by mqtt client m1'"))
        self.assertEqual(len(rows), 1)
        said = wait_until("the setting on its topic", lambda: [
            p for _, t, retained, p in list(self.rig.mqtt.messages)
            if t == "cellwarden/lab/garage/parameters" and json.loads(p)["parameters"]["balance_trigger_V"] == 0.035])
        self.assertTrue(said)

    def test_over_mqtt_only_what_is_named_is_written(self):
        before = self.setting("shed", "cell_overvoltage_V")
        self.order("shed", "cell_overvoltage_V", '{"id": "m2", "value": 3.61}')
        self.assertEqual(self.end("shed", "m2")["code"], "forbidden")
        self.assertEqual(self.setting("shed", "cell_overvoltage_V"), before)
        self.order("shed", "balance_trigger_V", '{"id": "m3", "value": 40}')
        self.assertEqual(self.end("shed", "m3")["code"], "parse")

    def test_what_the_broker_had_stored_is_not_carried_out(self):
        rows = wait_until("it is recorded", lambda: self.rig.sql(
            "select detail from events where subject = 'discharge_switch' and detail like '%the broker had stored%'"))
        self.assertEqual(len(rows), 1)
        self.assertTrue(self.rig.pack("shed")["discharge_switch"])

    def test_home_assistant_may_order_what_is_named(self):
        def components():
            for topic, payload in self.rig.mqtt.seen().items():
                if topic.startswith("homeassistant/device/") and '"name":"garage"' in payload:
                    return json.loads(payload)["cmps"]
            return {}
        found = wait_until("the entities", lambda: {k for k in components() if k.startswith("set_")})
        self.assertEqual(found, {"set_charge_switch", "set_discharge_switch", "set_balance_switch",
                                 "set_cell_overvoltage_delay_s", "set_balance_trigger_V"})

    def test_a_dry_run_sends_nothing(self):
        before = self.setting("garage", "cell_undervoltage_V")
        status, said = self.say("parameters", "garage", "set", "cell_undervoltage", "2.58 V", "--dry-run")
        self.assertEqual(status, 0, said)
        self.assertIn("-> 2.58 V: would be sent", said)
        self.assertEqual(self.setting("garage", "cell_undervoltage_V"), before)

    def test_rules_refuse_with_the_reason(self):
        for words, reason in ((("cell_overvoltage", "2.5 V"), "must be below"),
                              (("cell_overvoltage", "3.9 V"), "the most a cell of chemistry lfp takes"),
                              (("cell_overvoltage", "3.65"), "has no unit: add V"),
                              (("cell_overvoltag", "3.65 V"), 'did you mean "cell_overvoltage"?'),
                              (("board_address", "3"), "may not be written"),
                              (("heater_time_max", "1 h"), "cannot be written over this wire")):
            with self.subTest(words=words):
                status, said = self.say("parameters", "garage", "set", *words)
                self.assertEqual(status, 1, said)
                self.assertIn(reason, said)
        self.assertEqual(self.say("parameters", "garage", "set", "cell_overvoltage")[0], 64)
        self.assertEqual(self.say("parameters", "attic", "get")[0], 1)

    def test_a_switch_turns_and_the_board_says_so(self):
        for position, value in (("off", False), ("on", True)):
            status, said = self.say("switch", "garage", "charge", position)
            self.assertEqual(status, 0, said)
            self.assertEqual(self.rig.pack("garage")["charge_switch"], value)

    def test_a_backup_shows_what_changed_and_puts_it_back(self):
        backup = self.rig.path("shed.toml")
        self.assertEqual(self.say("parameters", "shed", "backup", backup)[0], 0)
        self.assertEqual(self.say("parameters", "shed", "diff", backup), (0, ""))
        before = self.setting("shed", "balance_trigger_V")
        self.assertEqual(self.say("parameters", "shed", "set", "balance_trigger", "20 mV")[0], 0)
        status, said = self.say("parameters", "shed", "diff", backup)
        self.assertEqual(status, 1)
        self.assertIn("balance_trigger: shed 0.02 V", said)
        status, said = self.say("parameters", "shed", "restore", backup)
        self.assertEqual(status, 0, said)
        self.assertEqual(self.setting("shed", "balance_trigger_V"), before)

    def test_a_board_that_does_not_obey_is_found_out(self):
        self.assertEqual(self.rig.tell("garage read_only"), "ok")
        try:
            status, said = self.say("parameters", "garage", "set", "cell_undervoltage_delay", "9 s")
            self.assertEqual(status, 1, said)
            self.assertIn("not taken: the board kept its value", said)
        finally:
            self.rig.tell("garage clear")

    def test_a_silent_board_leaves_it_open(self):
        self.assertEqual(self.rig.tell("shed mute"), "ok")
        try:
            status, said = self.say("parameters", "shed", "set", "cell_undervoltage_delay", "9 s")
            # It may have been lost before the order, which then is refused.
            self.assertIn(status, (1, 75), said)
        finally:
            self.rig.tell("shed clear")
        self.rig.wait_for_all()


if __name__ == "__main__":
    main()
