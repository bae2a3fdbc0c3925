# SPDX-License-Identifier: Apache-2.0
"""A simulated pack on Bluetooth, through BlueZ, and a central that is not ours: found by what it
advertises, asked, listened to, lost. Records are taken apart by hand."""
import struct
import time

import dbus
import dbus.mainloop.glib
from gi.repository import GLib

from lab_rig import LabTest, main, wait_until

BLUEZ, ADAPTER = "org.bluez", "/org/bluez/hci0"
PROPERTIES = "org.freedesktop.DBus.Properties"
FFE0 = "0000ffe0-0000-1000-8000-00805f9b34fb"
FFE1 = "0000ffe1-0000-1000-8000-00805f9b34fb"
MAKER = 0x0B65
TELL_SETTINGS, TELL_DEVICE = 0x96, 0x97


def command(number, value=b""):
    data = bytes((0xAA, 0x55, 0x90, 0xEB, number, len(value))) + value + bytes(13 - len(value))
    return data + bytes((sum(data) & 0xFF,))


class Central:
    """The first controller."""

    def __init__(self):
        dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
        self.bus = dbus.SystemBus()
        self.context = GLib.MainLoop().get_context()
        self.stream, self.pieces = b"", []
        self.bus.add_signal_receiver(self.changed, "PropertiesChanged", PROPERTIES, bus_name=BLUEZ,
                                     arg0="org.bluez.GattCharacteristic1")
        self.adapter = self.of(ADAPTER, "org.bluez.Adapter1")

    def of(self, path, interface):
        return dbus.Interface(self.bus.get_object(BLUEZ, path), interface)

    def changed(self, _interface, values, _gone):
        if "Value" in values:
            piece = bytes(values["Value"])
            self.pieces.append(len(piece))
            self.stream += piece

    def until(self, what, condition, seconds=60):
        def look():
            while self.context.iteration(False):
                pass
            return condition()
        return wait_until(what, look, seconds)

    def objects(self, interface):
        tree = self.of("/", "org.freedesktop.DBus.ObjectManager").GetManagedObjects()
        return {str(path): found[interface] for path, found in tree.items() if interface in found}

    def board(self):
        """Path of the board, once it was heard."""
        for path, device in self.objects("org.bluez.Device1").items():
            if path.startswith(ADAPTER) and FFE0 in device.get("UUIDs", ()) and MAKER in device.get("ManufacturerData", {}):
                return path
        return None

    def find(self):
        self.adapter.SetDiscoveryFilter({"Transport": "le"})
        self.adapter.StartDiscovery()
        path = self.until("the board advertises", self.board)
        self.adapter.StopDiscovery()
        return path

    def connect(self, path):
        def try_it():
            try:
                self.of(path, "org.bluez.Device1").Connect(timeout=30)
            except dbus.DBusException as why:
                print("connect:", why.get_dbus_name(), why.get_dbus_message(), flush=True)
            return self.is_connected(path)
        self.until("it connects", try_it)
        self.data = self.of(self.until("its services are known", lambda: self.characteristic(path)),
                            "org.bluez.GattCharacteristic1")
        self.stream, self.pieces = b"", []
        self.data.StartNotify()

    def is_connected(self, path):
        return bool(self.objects("org.bluez.Device1").get(path, {}).get("Connected"))

    def characteristic(self, path):
        for found, values in self.objects("org.bluez.GattCharacteristic1").items():
            if found.startswith(path) and values["UUID"] == FFE1:
                return found
        return None

    def write(self, data):
        self.data.WriteValue(dbus.Array(data, signature="y"), {"type": "command"})

    def records(self, kind):
        """Whole records of a kind in what was heard."""
        found, at = [], self.stream.find(b"\x55\xAA\xEB\x90")
        while 0 <= at <= len(self.stream) - 300:
            record = self.stream[at:at + 300]
            if record[4] == kind and sum(record[:299]) & 0xFF == record[299]:
                found.append(record)
            at = self.stream.find(b"\x55\xAA\xEB\x90", at + 1)
        return found


class SimulatedBle(LabTest):
    def test_it_is_found_asked_heard_and_lost(self):
        rig = self.lab({"garage": "adapter=hci1,generation=jk02-32s"}, {})
        rig.start_simulator()
        central = Central()
        path = central.find()
        device = central.objects("org.bluez.Device1")[path]
        self.assertEqual(str(device["Name"]), "garage")
        self.assertEqual(bytes(device["ManufacturerData"][MAKER])[2:],
                         bytes.fromhex(str(device["Address"]).replace(":", "")))
        central.connect(path)

        time.sleep(1)  # it says nothing unasked
        central.write(command(TELL_DEVICE)[:19])  # nor to what is no command
        central.write(command(TELL_DEVICE))
        told = central.until("device information", lambda: central.records(3))[0]
        self.assertEqual(told[30:38].rstrip(b"\0"), b"11.26")
        central.until("it took the command", lambda: command(0xC8, b"\x01") in central.stream)
        self.assertEqual(central.pieces[:5], [128, 22, 128, 22, 20])

        central.write(command(TELL_SETTINGS))
        central.until("settings", lambda: central.records(1))
        status = central.until("a stream of its state", lambda: len(central.records(2)) >= 4 and central.records(2))
        self.assertEqual(struct.unpack_from("<4H", status[-1], 6), (3300,) * 4)
        counters = [record[5] for record in status]
        self.assertEqual(counters, [(counters[0] + i) & 0xFF for i in range(len(counters))])

        # A setting reaches the board; a fault of the pack is in the next record.
        central.write(command(0x04, struct.pack("<I", 3650)))
        wait_until("the board has the setting", lambda: rig.truth("garage")["parameters"]["cell_overvoltage_V"] == 3.65)
        rig.tell("garage cell_voltage 2 3.45")
        central.until("the cell is heard", lambda: struct.unpack_from("<H", central.records(2)[-1], 8)[0] == 3450)

        # It goes away.
        rig.tell("garage unplug")
        central.until("it is gone", lambda: not central.is_connected(path))


if __name__ == "__main__":
    main()
