#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A JK board (32S generation, 16 cells) as a GATT peripheral on the second controller. Orders come on
standard input, a line each: drop, quiet, speak, pairing (from now on it ends every unpaired link).
What happens is said on standard output. It knows nothing of the gateway's decoder: the records are
written here byte by byte."""
import struct
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

BLUEZ, ADAPTER, ROOT = "org.bluez", "/org/bluez/hci1", "/board"
SERVICE, DATA, ADVERT, AGENT = ROOT + "/service0", ROOT + "/service0/char0", ROOT + "/advert0", ROOT + "/agent"
PROPERTIES = "org.freedesktop.DBus.Properties"
FFE0 = "0000ffe0-0000-1000-8000-00805f9b34fb"
FFE1 = "0000ffe1-0000-1000-8000-00805f9b34fb"
PIN = 123456
CELLS_MV = [3300 + i for i in range(16)]
CURRENT_MA = 12_340


def say(text):
    print(text, flush=True)


# --- records -------------------------------------------------------------------------------------

def record(kind, counter, fields):
    data = bytearray(300)
    data[0:6] = bytes((0x55, 0xAA, 0xEB, 0x90, kind, counter & 0xFF))
    for at, form, value in fields:
        struct.pack_into("<" + form, data, at, value)
    data[299] = sum(data[:299]) & 0xFF
    return bytes(data)


def device(counter):
    return record(3, counter, [(6, "16s", b"JK_PB2A16S20P"), (22, "8s", b"15A"), (30, "8s", b"15.38"),
                               (46, "16s", b"lab"), (86, "11s", b"LAB00000001")])


def settings(counter):
    numbers = {10: 2800, 14: 2900, 18: 3600, 22: 3550, 26: 5, 50: 100_000, 62: 150_000, 114: 16,
               118: 1, 122: 1, 126: 1, 130: 280_000}
    return record(1, counter, [(at, "I", value) for at, value in numbers.items()])


def status(counter):
    pack_mv = sum(CELLS_MV)
    return record(2, counter, [(6 + 2 * i, "H", mv) for i, mv in enumerate(CELLS_MV)] + [
        (70, "I", 0xFFFF), (74, "H", pack_mv // 16), (76, "H", 15), (78, "B", 15), (144, "h", 251),
        (150, "I", pack_mv), (154, "I", pack_mv * CURRENT_MA // 1000), (158, "i", CURRENT_MA),
        (162, "h", 215), (164, "h", 216), (173, "B", 77), (174, "I", 215_600), (178, "I", 280_000),
        (182, "I", 42), (198, "B", 1), (199, "B", 1), (214, "B", 0x07), (256, "h", -2000), (258, "h", -2000)])


ACKNOWLEDGE = bytes((0xAA, 0x55, 0x90, 0xEB, 0xC8, 1, 1)) + bytes(12) + b"\x44"


# --- D-Bus objects -------------------------------------------------------------------------------

class Thing(dbus.service.Object):
    interface, properties = "", {}

    @dbus.service.method(PROPERTIES, in_signature="s", out_signature="a{sv}")
    def GetAll(self, _interface):
        return self.properties


class Application(dbus.service.Object):
    def __init__(self, bus, parts):
        super().__init__(bus, ROOT)
        self.parts = parts

    @dbus.service.method("org.freedesktop.DBus.ObjectManager", out_signature="a{oa{sa{sv}}}")
    def GetManagedObjects(self):
        return {part.__dbus_object_path__: {part.interface: part.properties} for part in self.parts}


class Service(Thing):
    interface = "org.bluez.GattService1"
    properties = {"UUID": FFE0, "Primary": True}


class Advert(Thing):
    interface = "org.bluez.LEAdvertisement1"
    properties = {"Type": "peripheral", "LocalName": "JK-LAB", "ServiceUUIDs": dbus.Array([FFE0], "s"),
                  "ManufacturerData": dbus.Dictionary({dbus.UInt16(0x0B65): dbus.Array(b"\x88\xA0", "y")}, "qv")}

    @dbus.service.method("org.bluez.LEAdvertisement1")
    def Release(self):
        pass


class Agent(dbus.service.Object):
    """Answers for the board alone; the gateway has an agent of its own."""
    @dbus.service.method("org.bluez.Agent1", in_signature="o", out_signature="u")
    def RequestPasskey(self, path):
        say(f"asked for the PIN of {path}")
        return dbus.UInt32(PIN)

    @dbus.service.method("org.bluez.Agent1", in_signature="ou")
    def RequestConfirmation(self, path, _passkey):
        say(f"asked to confirm {path}")

    @dbus.service.method("org.bluez.Agent1", in_signature="o")
    def RequestAuthorization(self, path):
        say(f"asked to authorize {path}")

    @dbus.service.method("org.bluez.Agent1", in_signature="os")
    def AuthorizeService(self, path, uuid):
        pass

    @dbus.service.method("org.bluez.Agent1")
    def Cancel(self):
        pass

    @dbus.service.method("org.bluez.Agent1")
    def Release(self):
        pass


class Data(Thing):
    interface = "org.bluez.GattCharacteristic1"
    properties = {"UUID": FFE1, "Service": dbus.ObjectPath(SERVICE),
                  "Flags": dbus.Array(["write", "write-without-response", "notify"], "s")}

    def __init__(self, bus):
        super().__init__(bus, DATA)
        self.counter = 0
        self.streaming = self.subscribed = self.quiet = False

    @dbus.service.method("org.bluez.GattCharacteristic1", in_signature="aya{sv}")
    def WriteValue(self, value, _options):
        value = bytes(value)
        if len(value) != 20 or sum(value[:19]) & 0xFF != value[19]:
            say(f"damaged command {value.hex()}")
            return
        say(f"command {value[4]:02X}")
        GLib.timeout_add(60, self.answer, value[4])

    def answer(self, number):
        if number == 0x97:
            self.notify_all(device(self.counter))
        if number == 0x96:
            self.notify_all(settings(self.counter))
            if not self.streaming:
                self.streaming = True
                GLib.timeout_add(500, self.stream)
        self.notify_all(ACKNOWLEDGE)
        return False

    def stream(self):
        if not self.streaming:
            return False
        self.counter += 1
        self.notify_all(status(self.counter))
        return True

    def chatter(self):
        self.notify_all(b"AT\r\n")
        return True

    @dbus.service.method("org.bluez.GattCharacteristic1")
    def StartNotify(self):
        say("subscribed")
        self.subscribed = True

    @dbus.service.method("org.bluez.GattCharacteristic1")
    def StopNotify(self):
        self.reset()

    def reset(self):
        self.subscribed = self.streaming = False

    def notify_all(self, data):
        if not self.subscribed or self.quiet:
            return
        while data:  # as the module cuts them
            for size in (128, 22):
                part, data = data[:size], data[size:]
                if part:
                    self.PropertiesChanged(self.interface, {"Value": dbus.Array(part, "y")}, [])

    @dbus.service.signal(PROPERTIES, signature="sa{sv}as")
    def PropertiesChanged(self, interface, changed, invalidated):
        pass


class Board:
    def __init__(self):
        dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
        self.loop = GLib.MainLoop()
        self.bus = dbus.SystemBus()
        self.data = Data(self.bus)
        self.application = Application(self.bus, [Service(self.bus, SERVICE), self.data])
        self.advert = Advert(self.bus, ADVERT)
        self.agent = Agent(self.bus, AGENT)
        self.central = None  # path of who is connected
        self.demands_pairing = False
        adapter = self.bus.get_object(BLUEZ, ADAPTER)
        self.gatt = dbus.Interface(adapter, "org.bluez.GattManager1")
        self.adverts = dbus.Interface(adapter, "org.bluez.LEAdvertisingManager1")
        self.address = dbus.Interface(adapter, PROPERTIES).Get("org.bluez.Adapter1", "Address")
        self.bus.add_signal_receiver(self.changed, "PropertiesChanged", PROPERTIES, arg0="org.bluez.Device1",
                                     path_keyword="path")
        # Who connects for the first time is a new object, which says so at once.
        self.bus.add_signal_receiver(self.added, "InterfacesAdded", "org.freedesktop.DBus.ObjectManager")

    def run(self):
        agents = dbus.Interface(self.bus.get_object(BLUEZ, "/org/bluez"), "org.bluez.AgentManager1")
        agents.RegisterAgent(AGENT, "KeyboardOnly")
        agents.RequestDefaultAgent(AGENT)
        self.gatt.RegisterApplication(self.application, {}, error_handler=self.failed,
                                      reply_handler=lambda: self.advertise(self.ready))
        GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, self.order)
        GLib.timeout_add(200, self.data.chatter)
        self.loop.run()

    def ready(self):
        say(f"ready {self.address}")
        GLib.timeout_add(1000, self.again)

    def advertise(self, done):
        self.adverts.RegisterAdvertisement(self.advert, {}, reply_handler=done, error_handler=self.failed)

    def again(self):  # the virtual controller sends an advertisement only when it begins
        if not self.central:
            self.adverts.UnregisterAdvertisement(self.advert, error_handler=self.failed,
                                                 reply_handler=lambda: self.advertise(lambda: None))
        return True

    def changed(self, _interface, changed, _invalidated, path):
        if not path.startswith(ADAPTER):
            return
        if changed.get("Paired"):
            say("paired")
            self.data.quiet = False
        if "Connected" not in changed:
            return
        central = path if changed["Connected"] else None
        if central == self.central:
            return
        self.central = central
        self.data.reset()
        say("connected" if self.central else "disconnected")
        if self.central and self.demands_pairing:
            peer = dbus.Interface(self.bus.get_object(BLUEZ, path), PROPERTIES)
            self.data.quiet = not peer.Get("org.bluez.Device1", "Paired")
            GLib.timeout_add(2500, self.end_unpaired, path)

    def added(self, path, interfaces):
        if "org.bluez.Device1" in interfaces:
            self.changed(None, interfaces["org.bluez.Device1"], None, path)

    def end_unpaired(self, path):
        peer = dbus.Interface(self.bus.get_object(BLUEZ, path), PROPERTIES)
        if self.central == path and not peer.Get("org.bluez.Device1", "Paired"):
            self.drop()
        return False

    def drop(self):
        if self.central:
            dbus.Interface(self.bus.get_object(BLUEZ, self.central), "org.bluez.Device1").Disconnect(
                reply_handler=lambda: None, error_handler=lambda error: say(f"drop: {error}"))

    def order(self, source, _condition):
        word = source.readline().strip()
        if not word:
            self.loop.quit()
            return False
        if word == "drop":
            self.drop()
        elif word in ("quiet", "speak"):
            self.data.quiet = word == "quiet"
        elif word == "pairing":
            self.demands_pairing = True
        else:
            say(f"unknown order {word}")
        return True

    def failed(self, error):
        say(f"failed: {error}")
        self.loop.quit()


if __name__ == "__main__":
    Board().run()
