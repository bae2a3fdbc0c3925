# SPDX-License-Identifier: Apache-2.0
"""Three packs with known states: every output says the same, and what the packs really are."""
import json
import unittest

from rig import BANK_UNIT, NOT_AVAILABLE, Pack, Rig, RigTest, main, wait_until

HELD = [
    Pack("cabin", "lto", 8, 40, ",hold=yes,cell_voltage=2.31V/2.32V/2.33V/2.34V/2.35V/2.30V/2.36V/2.37V,"
         "current=12.4A,soc=71%,temperature=-7C/31C,mosfet_temperature=44C,cycles=7"),
    Pack("garage", "lfp", 16, 280, ",hold=yes,cell_voltage=3.301V,current=-33.6A,soc=57%,"
         "temperature=21C/22C,mosfet_temperature=35C"),
    Pack("workshop", "li-ion", 24, 100, ",hold=yes,cell_voltage=3.75V,current=0A,soc=50%,"
         "temperature=18C/19C,mosfet_temperature=20C"),
]
SCALARS = ["voltage_V", "current_A", "soc_pct", "capacity_nominal_Ah", "capacity_full_Ah", "capacity_remaining_Ah",
           "cycle_count", "cell_count", "cell_voltage_max_V", "cell_voltage_min_V", "cell_voltage_delta_V",
           "cell_voltage_max_index", "cell_voltage_min_index", "mosfet_temperature_C", "charge_mosfet",
           "discharge_mosfet", "charge_switch", "discharge_switch", "balance_switch"]
WIRE_STEP_V = 0.0101  # 4E57 carries the pack voltage in steps of 10 mV
REGISTERS = {"voltage_V": (100, 1000), "current_A": (102, 1000), "soc_pct": (106, 100),
             "cell_voltage_max_V": (124, 1000), "cell_voltage_min_V": (126, 1000), "cell_count": (122, 1),
             "mosfet_temperature_C": (136, 10), "charge_mosfet": (138, 1), "cell_voltage_min_index": (134, 1)}


class OutputsAgree(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = Rig(HELD)
        cls.addClassCleanup(cls.rig.close)
        cls.rig.start()
        cls.rig.wait_for_all()
        cls.truth = {p.name: cls.rig.truth(p.name) for p in HELD}
        wait_until("the repeat after discovery", cls.said_twice, 60)
        cls.topics = cls.rig.mqtt.seen()

    @classmethod
    def said_twice(cls):
        said = [topic for _, topic, _, payload in list(cls.rig.mqtt.messages) if '"voltage_V":null' not in payload]
        return all(said.count(f"cellwarden/lab/{p.name}/{group}") >= 2
                   for p in HELD for group in ("state", "cells", "stats"))

    def same(self, expected, actual, what):
        if isinstance(expected, (bool, type(None))):
            self.assertEqual(expected, actual, what)
        else:
            self.assertIsNotNone(actual, what)
            self.assertAlmostEqual(float(expected), float(actual), delta=WIRE_STEP_V if what == "voltage_V" else 1e-6,
                                   msg=what)

    def test_status_says_what_the_packs_are(self):
        for p in HELD:
            seen, truth = self.rig.pack(p.name), self.truth[p.name]
            for key in SCALARS:
                with self.subTest(pack=p.name, key=key):
                    self.same(truth[key], seen[key], key)
            self.assertEqual(truth["cell_voltage_V"], seen["cell_voltage_V"])
            self.assertEqual(truth["temperature_C"], seen["temperature_C"])
            self.assertEqual(truth["alarms"], seen["alarms"])
            self.assertEqual(truth["parameters"], seen["parameters"] | {
                k: v for k, v in truth["parameters"].items() if k not in seen["parameters"]})
            self.assertEqual(truth["model"], seen["model"])

    def group(self, pack, group):
        topic = f"cellwarden/lab/{pack}/{group}"
        self.assertIn(topic, self.topics)
        return json.loads(self.topics[topic])

    def test_mqtt_says_the_same(self):
        for p in HELD:
            truth = self.truth[p.name]
            everything = {}
            for group in ("state", "cells", "stats"):
                everything |= self.group(p.name, group)
            for key in SCALARS:
                with self.subTest(pack=p.name, key=key):
                    self.assertIn(key, everything)
                    self.same(truth[key], everything[key], key)
            self.assertEqual(truth["cell_voltage_V"], everything["cell_voltage_V"])
            self.assertEqual(truth["temperature_C"], everything["temperature_C"])
            self.assertEqual(self.topics[f"cellwarden/lab/{p.name}/status"], "online")
        self.assertEqual(self.topics["cellwarden/lab/status"], "online")

    def test_home_assistant_is_told_of_every_sensor(self):
        devices = {t: json.loads(v) for t, v in self.topics.items() if t.startswith("homeassistant/device/")}
        named = {d["dev"]["name"]: d for d in devices.values()}
        for p in HELD:
            device = next((d for n, d in named.items() if p.name in n.lower()), None)
            self.assertIsNotNone(device, f"no device for {p.name} among {list(named)}")
            keys = set(device["cmps"])
            self.assertTrue({"voltage_V", "current_A", "soc_pct", "charge_mosfet"} <= keys, keys)
            cells = [k for k in keys if k.startswith("cell_voltage_") and k[13:15].isdigit()]
            self.assertEqual(len(cells), p.cells)
            for component in device["cmps"].values():
                # Events are not retained: their topic shows only when something happens.
                if component["p"] != "event" and f"/{p.name}/" in component.get("stat_t", ""):
                    self.assertTrue(component["stat_t"] in self.topics, component["stat_t"])

    def test_modbus_says_the_same_to_mbpoll(self):
        for unit, p in enumerate(HELD, start=1):
            truth = self.truth[p.name]
            for key, (register, scale) in REGISTERS.items():
                with self.subTest(pack=p.name, key=key):
                    self.same(truth[key], type(truth[key])(self.rig.modbus_number(unit, register) / scale), key)
            for cell in range(p.cells):
                self.assertAlmostEqual(self.rig.modbus_number(unit, 300 + 2 * cell) / 1000,
                                       truth["cell_voltage_V"][cell], delta=1e-6)
            if p.cells < 32:
                self.assertEqual(self.rig.modbus_number(unit, 300 + 2 * p.cells), NOT_AVAILABLE)

    def test_the_bank_adds_up(self):
        bank = self.rig.status()["bank"]
        self.assertEqual(bank["packs_in"], 3)
        self.assertAlmostEqual(bank["current_A"], sum(t["current_A"] for t in self.truth.values()), places=3)
        self.assertAlmostEqual(self.rig.modbus_number(BANK_UNIT, 102) / 1000, bank["current_A"], places=3)

    def test_the_history_holds_the_same(self):
        rows = wait_until("a sample of every pack", lambda: len(self.rig.sql(
            "select distinct pack from samples where voltage_V is not null")) == 3 and self.rig.sql(
                "select * from samples where voltage_V is not null"))
        for p in HELD:
            row = next(r for r in rows if r["pack"] == p.name)
            truth = self.truth[p.name]
            for key in ("voltage_V", "current_A", "soc_pct", "mosfet_temperature_C"):
                with self.subTest(pack=p.name, key=key):
                    self.same(truth[key], row[key], key)

    def test_the_text_for_people_names_every_pack(self):
        wait_until("the charger is on", lambda: self.rig.relay("charger")["energised"])
        text = self.rig.status_text()
        for p in HELD:
            self.assertIn(p.name, text)
        self.assertIn("relay charger (charge, dry run): energised", text)


if __name__ == "__main__":
    main()
