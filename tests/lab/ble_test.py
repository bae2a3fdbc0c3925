#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gateway and a JK board over real BlueZ and two virtual controllers: it finds the board, reads
it, gets it back after a drop, lets go of it on demand, and names an adapter that is off. Run as root inside the lab: tests/lab/lab run --bluetooth -- this."""
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import dbus

HERE = Path(__file__).resolve().parent
CELLWARDEN = os.environ["CELLWARDEN"]
PACK_V = sum(3300 + i for i in range(16)) / 1000


def until(what, seconds, condition):
    """Waits for the condition; how long it took."""
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        if condition():
            print(f"{what}: after {time.monotonic() - start:.1f} s", flush=True)
            return
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {seconds} s")


class Board:
    def __init__(self):
        self.said = []
        self.process = subprocess.Popen([sys.executable, HERE / "ble_peripheral.py"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.listen, daemon=True).start()
        until("the board advertises", 60, lambda: any(line.startswith("ready") for line in self.said))
        self.address = next(line.split()[1] for line in self.said if line.startswith("ready"))

    def listen(self):
        for line in self.process.stdout:
            self.said.append(line.strip())

    def count(self, text):
        return sum(line.startswith(text) for line in self.said)

    def order(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()


class Gateway:
    def __init__(self, folder, board, pin=None):
        self.folder = folder
        self.socket = folder / "control.sock"
        lines = ["[gateway]", 'name = "lab"', f'control_socket = "{self.socket}"', "[[pack]]", 'name = "garage"',
                 'protocol = "jk-ble"', f'port = "{board.address}"', 'chemistry = "lfp"', "cells = 16",
                 'capacity = "280 Ah"', 'stale_after = "5 s"']
        if pin:
            secret = folder / "pin"
            secret.write_text(pin + "\n")
            secret.chmod(0o600)
            lines.insert(7, f'pin_file = "{secret}"')
        configuration = folder / "cellwarden.toml"
        configuration.write_text("\n".join(lines) + "\n")
        self.log = open(folder / "log", "w+")
        self.process = subprocess.Popen([CELLWARDEN, "run", "--config", configuration], stdout=self.log, stderr=self.log)

    def status(self):
        done = subprocess.run([CELLWARDEN, "status", "--json", "--socket", self.socket], capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout else {}

    def voltage(self):
        packs = self.status().get("packs", [])
        return packs[0].get("voltage_V") if packs else None

    def reads(self):
        return self.voltage() == PACK_V

    def trouble(self):
        return json.dumps(self.status().get("wires", []))

    def release(self, minutes):
        subprocess.run([CELLWARDEN, "release", "garage", str(minutes), "--socket", self.socket], check=True)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def show(self):
        self.log.seek(0)
        print(self.log.read(), flush=True)


def power(on):
    adapter = dbus.SystemBus().get_object("org.bluez", "/org/bluez/hci0")
    dbus.Interface(adapter, "org.freedesktop.DBus.Properties").Set("org.bluez.Adapter1", "Powered", dbus.Boolean(on))


def check_links(board, gateway):
    until("found, connected and read", 120, gateway.reads)
    drops = board.count("disconnected")
    board.order("drop")
    until("the board dropped the link", 20, lambda: board.count("disconnected") > drops)
    until("connected again", 90, lambda: board.count("subscribed") >= 2 and gateway.reads())

    gateway.release(10)
    until("released", 10, lambda: board.count("disconnected") > drops + 1 and "released" in gateway.trouble())
    subscribed = board.count("subscribed")
    time.sleep(8)
    assert board.count("subscribed") == subscribed, "it came back before its time"
    gateway.release(0)
    until("taken back", 90, gateway.reads)

    power(False)
    until("the adapter is missed", 30, lambda: "switched off" in gateway.trouble())
    power(True)
    until("the adapter is used again", 90, gateway.reads)
    assert board.count("asked") == 0, "it was paired though it did not demand it"


def main():
    board = Board()
    for check, pin in ((check_links, None),):
        with tempfile.TemporaryDirectory() as folder:
            gateway = Gateway(Path(folder), board, pin)
            try:
                check(board, gateway)
                gateway.stop()
            except BaseException:
                gateway.process.kill()
                gateway.show()
                print("\n".join(board.said[-40:]), flush=True)
                raise
    board.process.kill()
    print("all well")


if __name__ == "__main__":
    main()
