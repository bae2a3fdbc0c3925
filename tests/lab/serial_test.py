# SPDX-License-Identifier: Apache-2.0
"""Serial ports of a real driver, wired to each other: a simulated pack at one end, the daemon at the
other; who else wants the port; adapters that are pulled out and come back under another name."""
import os
import subprocess
import time

from lab_rig import LabTest, main, said, wait_until

BY_ID = "/dev/serial/by-id"
USB_DEVICES = "/sys/bus/usb/devices"


def block(port, more=""):
    return f'protocol = "jk-uart"\nport = "{port}"\n{more}'


class Ports(LabTest):
    """16550 ports: ttyS1 is wired to ttyS2."""

    def test_a_pack_is_read_over_two_real_ports_at_two_speeds(self):
        for baud in (115200, 9600):
            rig = self.lab({"garage": f"port=/dev/ttyS2,baud={baud}"}, {"garage": block("/dev/ttyS1", f"baud = {baud}")})
            rig.start()
            rig.wait_until_heard("garage")
            self.assertIn(f"speed {baud} baud", said("stty", "-F", "/dev/ttyS1"))
            self.assertEqual(rig.pack("garage")["cell_voltage_V"], [3.3] * 4)
            rig.close()

    def test_the_port_is_taken_for_the_daemon_alone(self):
        rig = self.lab({"garage": "port=/dev/ttyS2"}, {"garage": block("/dev/ttyS1")}).start()
        rig.wait_until_heard("garage")
        self.assertNotEqual(subprocess.run(["flock", "--nonblock", "/dev/ttyS1", "true"]).returncode, 0)
        # Whoever is not root and locks nothing is kept away too.
        refused = said("setpriv", "--reuid=65534", "--regid=20", "--clear-groups", "sh", "-c", "exec 3</dev/ttyS1")
        self.assertRegex(refused, "busy|denied")
        second = self.lab({}, {"garage": block("/dev/ttyS1")})
        second.start_daemon()
        second.wait_for_log("in use by another program")
        rig.stop_process(rig.daemon)
        second.wait_until_heard("garage")

    def test_a_driver_without_an_rs485_mode_is_told_once_and_works(self):
        rig = self.lab({"garage": "port=/dev/ttyS2"}, {"garage": block("/dev/ttyS1", "rs485 = true")}).start()
        rig.wait_until_heard("garage")
        rig.wait_for_log("its driver has no RS485 mode")


class Adapters(LabTest):
    """USB adapters: one is wired to ttyS3, the other to nothing. The test does what udev does: a name
    in /dev/serial/by-id that follows the adapter."""

    def setUp(self):
        super().setUp()
        self.wired, self.other = (self.adapter_of(tty) for tty in ("ttyUSB0", "ttyUSB1"))
        self.name_adapters()
        self.addCleanup(self.plug_in_order, self.wired, self.other)

    @staticmethod
    def adapter_of(tty):
        """The USB device ("2-1") behind a port."""
        path = os.path.realpath(f"/sys/class/tty/{tty}/device")
        return os.path.basename(os.path.dirname(os.path.dirname(path)))

    @staticmethod
    def ports():
        return sorted(name for name in os.listdir("/sys/class/tty") if name.startswith("ttyUSB"))

    def name_adapters(self):
        os.makedirs(BY_ID, exist_ok=True)
        for old in os.listdir(BY_ID):
            os.unlink(f"{BY_ID}/{old}")
        for port in self.ports():
            os.symlink(f"../../{port}", f"{BY_ID}/adapter-{self.adapter_of(port)}")

    def authorize(self, adapter, yes):
        before = len(self.ports())
        with open(f"{USB_DEVICES}/{adapter}/authorized") as f:
            if f.read().strip() == ("1" if yes else "0"):
                return
        with open(f"{USB_DEVICES}/{adapter}/authorized", "w") as f:
            f.write("1" if yes else "0")
        wait_until("the port is there" if yes else "the port is gone",
                   lambda: len(self.ports()) == before + (1 if yes else -1))
        self.name_adapters()

    def pull(self, adapter):
        self.authorize(adapter, False)

    def plug(self, adapter):
        self.authorize(adapter, True)

    def plug_in_order(self, *adapters):
        for adapter in adapters:
            self.pull(adapter)
        for adapter in adapters:
            self.plug(adapter)

    def read_over_the_adapter(self):
        rig = self.lab({"garage": "port=/dev/ttyS3"}, {"garage": block(f"{BY_ID}/adapter-{self.wired}")}).start()
        rig.wait_until_heard("garage")
        return rig

    def test_an_adapter_that_is_pulled_out_is_told_and_back_by_itself(self):
        rig = self.read_over_the_adapter()
        self.pull(self.wired)
        rig.wait_until_lost("garage")
        rig.wait_for_log("unplugged")
        self.plug(self.wired)
        rig.wait_until_heard("garage")

    def test_an_adapter_that_comes_back_under_another_name_is_found(self):
        rig = self.read_over_the_adapter()
        self.assertEqual(os.path.basename(os.path.realpath(f"{BY_ID}/adapter-{self.wired}")), "ttyUSB0")
        self.plug_in_order(self.other, self.wired)
        self.pull(self.wired)
        self.pull(self.other)
        rig.wait_until_lost("garage")
        self.plug(self.other)  # takes ttyUSB0
        self.plug(self.wired)
        self.assertEqual(os.path.basename(os.path.realpath(f"{BY_ID}/adapter-{self.wired}")), "ttyUSB1")
        rig.wait_until_heard("garage")

    def test_an_adapter_with_a_loose_plug_ends_up_heard(self):
        rig = self.read_over_the_adapter()
        for _ in range(5):
            self.pull(self.wired)
            time.sleep(0.3)
            self.plug(self.wired)
        rig.wait_until_heard("garage")
        answers = rig.pack("garage")
        self.assertTrue(answers["fresh"])


if __name__ == "__main__":
    main()
