#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three PB boards on one RS485 line, a real Mosquitto and Modbus: each board's values under its own
name on every output; one that leaves the line and comes back, and the others that do not notice."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lab"))
from lab_rig import LabRig  # noqa: E402
from rig import Listener, RigTest, main, wait_until  # noqa: E402

CELLS_MV = {"pb1": 3301, "pb2": 3312, "pb3": 3323}


class PbLine(RigTest):
    def setUp(self):
        self.rig = rig = LabRig({}, {})
        self.addCleanup(rig.close)
        self.addCleanup(self.show_log, rig)
        for address, (name, cell_mV) in enumerate(CELLS_MV.items(), 1):
            rig.boards[name] = (f"protocol=jk-modbus,line=shed,link={rig.path('shed')},address={address},"
                                f"cell_voltage={cell_mV}mV,current={address}A,soc={40 + address}%")
            rig.blocks[name] = f'protocol = "jk-modbus"\nport = "{rig.path("shed")}"\naddress = {address}'
        rig.policy = "\n".join([
            "[mqtt]", "enabled = true", f'broker = "mqtt://127.0.0.1:{rig.broker_port}"', 'cells_interval = "0 s"',
            "[modbus]", "enabled = true", 'listen = "127.0.0.1"', f"port = {rig.modbus_port}"])
        rig.start_broker()
        rig.mqtt = Listener(rig.broker_port, "cellwarden/#")
        rig.start()
        for name in CELLS_MV:
            rig.wait_until_heard(name)

    def told(self, name, topic):
        return json.loads(self.rig.mqtt.last(f"cellwarden/lab/{name}/{topic}") or "null")

    def online(self, name):
        return self.rig.mqtt.last(f"cellwarden/lab/{name}/status") == "online"

    def test_each_board_has_its_own_values_on_every_output(self):
        for unit, (name, cell_mV) in enumerate(CELLS_MV.items(), 1):
            state = wait_until(f"the state of {name}", lambda: self.told(name, "state"))
            self.assertEqual((state["current_A"], state["soc_pct"]), (unit, 40 + unit))
            cells = wait_until(f"the cells of {name}", lambda: self.told(name, "cells"))
            self.assertEqual(cells["cell_voltage_V"][:4], [cell_mV / 1000] * 4)
            wait_until(f"who {name} is", lambda: (self.told(name, "info") or {}).get("model") == "JK_PB2A16S20P")
            self.assertEqual([self.rig.modbus_number(unit, register) for register in (102, 106, 300)],
                             [unit * 1000, 100 * (40 + unit), cell_mV])
            self.assertTrue(self.online(name))

    def test_one_that_leaves_is_told_offline_and_the_others_go_on(self):
        self.rig.tell("pb2 unplug")
        wait_until("pb2 is offline", lambda: not self.online("pb2"), 60)
        self.assertIsNone(self.rig.pack("pb2")["voltage_V"])
        frames = {name: self.rig.pack(name)["counts"]["frames"] for name in ("pb1", "pb3")}
        wait_until("the others are read on", lambda: all(
            self.rig.pack(name)["counts"]["frames"] > before + 5 for name, before in frames.items()))
        self.assertTrue(self.online("pb1") and self.online("pb3"))
        self.rig.tell("pb2 clear")
        wait_until("pb2 is back", lambda: self.online("pb2"), 60)
        wait_until("its values are", lambda: self.told("pb2", "state")["soc_pct"] == 42)


if __name__ == "__main__":
    main()
