# SPDX-License-Identifier: Apache-2.0
"""Every implemented protection, from the simulated pack to the dry-run relay and its explanation."""
import subprocess
import unittest

from rig import CELLWARDEN, Pack, Rig, main, wait_until

POLICY = """
cell_overvoltage_delay        = "300 ms"
cell_undervoltage_delay       = "300 ms"
temperature_delay             = "300 ms"
charge_overcurrent            = "40 A"
charge_overcurrent_delay      = "300 ms"
charge_overcurrent_release    = "2 s"
discharge_overcurrent         = "60 A"
discharge_overcurrent_delay   = "300 ms"
discharge_overcurrent_release = "2 s"
"""

# What this wire never carries, or nobody has configured here: shown as off.
OFF = ("pack_overvoltage", "pack_undervoltage", "wire_resistance")
# What it carries, but 4E57 has no bit for.
QUIET = ("short_circuit", "charge_short_circuit", "internal_communication")

# rule: what is done to the pack, which relays open, what the explanation must name.
TRIPS = {
    "cell_overvoltage": ("cell_voltage 3 3.7", ("charger",), "cell 3 at 3.700 V"),
    "cell_undervoltage": ("cell_voltage 2 2.55", ("load",), "cell 2 at 2.550 V"),
    "power_off": ("cell_voltage 2 2.5", ("charger", "load"), "cell 2 at 2.500 V, limit 2.500 V"),
    "cell_voltage_difference": ("cell_voltage 1 2.9", (), "cell 2 at 0.400 V, limit 0.300 V"),
    "cell_count_mismatch": ("cell_voltage 4 0.5", ("charger", "load"), "at 3, limit 4"),
    "charge_overcurrent": ("current 55", ("charger",), "at 55.000 A, limit 40.000 A"),
    "discharge_overcurrent": ("current -75", ("load",), "at 75.000 A, limit 60.000 A"),
    "charge_overtemperature": ("temperature 1 56", ("charger",), "sensor 1 at 56.0"),
    "charge_undertemperature": ("temperature 2 -3", ("charger",), "sensor 2 at -3.0"),
    "discharge_overtemperature": ("temperature 2 66", ("load",), "sensor 2 at 66.0"),
    "discharge_undertemperature": ("temperature 1 -25", ("load",), "sensor 1 at -25.0"),
    "mosfet_overtemperature": ("mosfet_temperature 97", ("charger", "load"), "at 97.0"),
}


class EveryProtection(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = Rig([Pack("garage", "lfp", 4, 100, ",hold=yes,cell_voltage=3.3V,temperature=20C,current=0A")],
                      poll="200 ms", policy=POLICY)
        cls.addClassCleanup(cls.rig.close)
        cls.rig.start()
        cls.rig.wait_for_all()

    def relays_closed(self):
        return all(self.rig.relay(name)["energised"] for name in ("charger", "load"))

    def test_the_list_above_is_the_list_that_runs(self):
        printed = subprocess.run([CELLWARDEN, "docs", "protections", "--json"], capture_output=True, text=True, check=True)
        for rule in TRIPS:
            self.assertIn(f'"{rule}"', printed.stdout)
        rules = {r["rule"]: r["phase"] for r in self.rig.pack("garage")["supervisor"]["rules"]}
        self.assertEqual(sorted(rules), sorted([*TRIPS, *OFF, *QUIET]))
        self.assertEqual([rules[rule] for rule in OFF], ["off"] * len(OFF))
        self.assertNotIn("off", [rules[rule] for rule in (*TRIPS, *QUIET)])

    def test_each_trips_its_relay_and_is_explained(self):
        for rule, (fault, relays, words) in TRIPS.items():
            with self.subTest(rule=rule):
                wait_until("all relays are closed", self.relays_closed, 60)
                self.assertEqual(self.rig.tell(f"garage {fault}"), "ok")
                try:
                    for relay in relays:
                        wait_until(f"{relay} opens", lambda: not self.rig.relay(relay)["energised"])
                    state = wait_until(f"{rule} trips by its limit", lambda: next(
                        (r for r in self.rig.pack("garage")["supervisor"]["rules"]
                         if r["rule"] == rule and r["cause"] == "limit"), None))
                    self.assertIn(words, state["explanation"])
                    self.assertIn(f"{rule}: ", self.rig.status_text())
                    self.assertIn(words, self.rig.status_text())
                    wait_until("the lamp is on", lambda: self.rig.relay("lamp")["energised"])
                    event = wait_until("the event log has it", lambda: self.rig.sql(
                        "select * from event where kind = 'protection_tripped' and subject = ?", rule))
                    self.assertIn(words, event[-1]["detail"])
                finally:
                    self.rig.tell("garage clear")
        wait_until("all relays are closed again", self.relays_closed, 60)

    def test_mqtt_carries_the_decision(self):
        wait_until("the supervisor's topic", lambda: "charge_allowed" in (
            self.rig.mqtt.last("cellwarden/lab/supervisor") or ""))


if __name__ == "__main__":
    main()
