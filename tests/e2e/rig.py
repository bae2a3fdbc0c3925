# SPDX-License-Identifier: Apache-2.0
"""The whole product with real peers: simulated packs on pseudo-terminals, a private Mosquitto, the
daemon, and clients that are not ours (mosquitto_sub, pymodbus, mbpoll, sqlite3). Every rig has its
own folder and ports, and ends everything it started."""
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CELLWARDEN = os.environ.get("CELLWARDEN", os.path.join(ROOT, "build/dev/daemon/cellwarden"))

BANK_UNIT = 200
NOT_AVAILABLE = -(2**31)


PATIENCE_S = 30.0  # for what will come: a busy machine takes its time


def reserved_port():
    """A socket that keeps a port for a server of ours: bound, never listening. Only a server, which
    reuses addresses, may listen on it; the system gives it to nobody, whether that server lives or not."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    return kept


def program(name):
    """The path of a program, also where only root's PATH has it; skips the test without it."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        raise unittest.SkipTest(f"{name} is not installed")
    return path


def wait_until(what, condition, seconds=PATIENCE_S):
    """Polls until condition() is true; the failure says what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Listener(threading.Thread):
    """mosquitto_sub that notes every message with its time of arrival. It listens when it is made."""

    def __init__(self, port, *topics):
        super().__init__(daemon=True)
        words = [program("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(port), "-F", "%t\t%r\t%p"]
        for topic in topics + ("probe",):
            words += ["-t", topic]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.messages = []
        self.start()
        probe = [program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(port), "-t", "probe", "-m", "x"]
        wait_until("mosquitto_sub listens", lambda: subprocess.run(
            probe, stderr=subprocess.DEVNULL, timeout=PATIENCE_S).returncode == 0 and self.last("probe") == "x")

    def run(self):
        for line in self.process.stdout:
            topic, retained, payload = line.rstrip("\n").split("\t", 2)
            self.messages.append((time.monotonic(), topic, retained == "1", payload))

    def seen(self):
        """{topic: last payload}."""
        return {topic: payload for _, topic, _, payload in list(self.messages)}

    def last(self, topic):
        return self.seen().get(topic)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.join(PATIENCE_S)
        self.process.stdout.close()


class Pack:
    """A simulated pack and what the daemon is told of it."""

    def __init__(self, name, chemistry, cells, capacity_Ah, extra=""):
        self.name, self.chemistry, self.cells, self.capacity_Ah = name, chemistry, cells, capacity_Ah
        self.extra = extra  # further words for the simulator


class Rig:
    def __init__(self, packs, mode="control", poll="500 ms", stale_after="4 s", policy="", extra="", modbus=""):
        self.folder = tempfile.mkdtemp(prefix="cellwarden-e2e.")
        self.packs, self.mode, self.poll, self.stale_after = packs, mode, poll, stale_after
        self.policy = policy
        self.extra = extra  # further sections of the configuration
        self.modbus_keys = modbus  # further keys of [modbus]
        self.processes = []
        self.daemon = self.broker = self.mqtt = None
        self.ports = [reserved_port(), reserved_port()]
        self.broker_port, self.modbus_port = (kept.getsockname()[1] for kept in self.ports)
        self.history = self.path("history.db")

    def path(self, name):
        return os.path.join(self.folder, name)

    # --- processes ----------------------------------------------------------------------------
    def spawn(self, words, log):
        out = open(self.path(log), "ab")
        process = subprocess.Popen(words, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        out.close()
        self.processes.append(process)
        return process

    def start(self):
        self.start_broker()
        self.mqtt = Listener(self.broker_port, "cellwarden/#", "homeassistant/#")  # from the first word
        self.start_simulator()
        self.start_daemon()
        return self

    def start_broker(self):
        with open(self.path("mosquitto.conf"), "w") as f:
            f.write(f"listener {self.broker_port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
        self.broker = self.spawn([program("mosquitto"), "-c", self.path("mosquitto.conf")], "broker.log")
        wait_until("the broker listens", self.broker_listens)

    def broker_listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.broker_port), PATIENCE_S).close()
            return True
        except OSError:
            return False

    def start_simulator(self):
        words = [CELLWARDEN, "simulate", "--control", self.path("simulator")]
        for p in self.packs:
            words += ["--pack", f"name={p.name},chemistry={p.chemistry},cells={p.cells},"
                      f"capacity={p.capacity_Ah} Ah,link={self.path(p.name)}{p.extra}"]
        self.spawn(words, "simulator.log")
        for p in self.packs:
            wait_until(f"the port of {p.name}", lambda: os.path.exists(self.path(p.name)))

    def start_daemon(self):
        config = self.write_configuration()
        self.daemon = self.spawn([CELLWARDEN, "run", "--config", config], "daemon.log")
        wait_until("the daemon answers", lambda: self.status_or_none() is not None)

    def write_configuration(self):
        lines = [
            "[gateway]", 'name = "lab"', f'control_socket = "{self.path("control")}"',
            f'state_file = "{self.path("state")}"',
            "[supervisor]", f'mode = "{self.mode}"', self.policy,
            "[mqtt]", "enabled = true", f'broker = "mqtt://127.0.0.1:{self.broker_port}"',
            'cells_interval = "0 s"', 'stats_interval = "0 s"',
            "[modbus]", "enabled = true", 'listen = "127.0.0.1"', f"port = {self.modbus_port}", self.modbus_keys,
            "[history]", "enabled = true", f'path = "{self.history}"', 'interval = "1 s"',
            'commit_every = "1 s"',
        ]
        for p in self.packs:
            lines += ["[[pack]]", f'name = "{p.name}"', 'protocol = "jk-uart"',
                      f'port = "{self.path(p.name)}"', f'chemistry = "{p.chemistry}"',
                      f"cells = {p.cells}", f'capacity = "{p.capacity_Ah} Ah"',
                      f'poll = "{self.poll}"', f'stale_after = "{self.stale_after}"']
        for name, role in (("charger", "charge"), ("load", "discharge"), ("lamp", "alarm")):
            lines += ["[[relay]]", f'name = "{name}"', f'role = "{role}"', "dry_run = true"]
            if role in ("charge", "discharge"):  # tests trip more often than batteries may
                lines += ["retries_most = 120", "switchings_most = 120", 'unload_time = "1 s"',
                          'close_after = "0 s"']
        lines.append(self.extra)
        with open(self.path("cellwarden.toml"), "w") as f:
            f.write("\n".join(lines) + "\n")
        return self.path("cellwarden.toml")

    def stop_process(self, process, number=signal.SIGTERM, seconds=PATIENCE_S):
        process.send_signal(number)
        return process.wait(seconds)

    def close(self):
        if self.mqtt is not None:
            self.mqtt.close()
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait(PATIENCE_S)
        for kept in self.ports:
            kept.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self, name="daemon.log"):
        try:
            with open(self.path(name)) as f:
                return f.read()
        except OSError:
            return ""

    # --- the simulator ------------------------------------------------------------------------
    def tell(self, command):
        """One command to the simulator's control socket; returns its one-line answer."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE_S)
            s.connect(self.path("simulator"))
            s.sendall(command.encode() + b"\n")
            return s.makefile().readline().strip()

    def truth(self, pack):
        return json.loads(self.tell(f"state {pack}"))

    # --- what the daemon says -----------------------------------------------------------------
    def status_or_none(self):
        result = subprocess.run([CELLWARDEN, "status", "--json", "--socket", self.path("control")],
                                capture_output=True, text=True, timeout=PATIENCE_S)
        return json.loads(result.stdout) if result.returncode == 0 else None

    def status(self):
        status = self.status_or_none()
        assert status is not None, "the daemon does not answer:\n" + self.log()[-3000:]
        return status

    def status_text(self):
        return subprocess.run([CELLWARDEN, "status", "--socket", self.path("control")],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout

    def pack(self, name):
        return next(p for p in self.status()["packs"] if p["pack"] == name)

    def relay(self, name):
        return next(r for r in self.status()["relays"] if r["relay"] == name)

    def all_fresh(self):
        return all(p["fresh"] for p in self.status()["packs"])

    def wait_for_all(self):
        wait_until("every pack is heard", self.all_fresh)

    # --- foreign clients ----------------------------------------------------------------------
    def modbus(self, unit, register, count=2):
        """Registers as mbpoll reads them."""
        words = [program("mbpoll"), "-m", "tcp", "-p", str(self.modbus_port), "-a", str(unit), "-0",
                 "-r", str(register), "-c", str(count), "-t", "4:hex", "-1", "-q", "-o", "10", "127.0.0.1"]
        out = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S).stdout
        values = [int(line.split("0x")[1][:4], 16) for line in out.splitlines() if line.startswith("[") and "0x" in line]
        assert len(values) == count, out
        return values

    def modbus_number(self, unit, register):
        """A signed value of two registers."""
        high, low = self.modbus(unit, register)
        value = high << 16 | low
        return value - 2**32 if value >= 2**31 else value

    def sql(self, query, *arguments):
        with sqlite3.connect(f"file:{self.history}?mode=ro", uri=True, timeout=PATIENCE_S) as db:
            db.row_factory = sqlite3.Row
            return db.execute(query, arguments).fetchall()


class RigTest(unittest.TestCase):
    """A test with a rig of its own, closed whatever happens; the daemon's log shows on failure."""

    def rig(self, *arguments, **words):
        rig = Rig(*arguments, **words)
        self.addCleanup(rig.close)
        self.addCleanup(self.show_log, rig)
        return rig.start()

    def show_log(self, rig):
        outcome = getattr(self, "_outcome", None)
        failed = outcome is not None and any(error for _, error in getattr(outcome, "errors", []) or [])
        result = getattr(outcome, "result", None)
        if failed or (result is not None and (result.failures or result.errors)):
            print("--- daemon.log\n" + rig.log()[-4000:] + "--- simulator.log\n" + rig.log("simulator.log")[-1000:])


class CountingResult(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main():
    """Runs the tests of the script. Exit status 77, with the reasons on the last line, if no test was left to pass."""
    runner = unittest.TextTestRunner(verbosity=2, resultclass=CountingResult)
    result = unittest.main(testRunner=runner, exit=False).result
    if result.wasSuccessful() and result.passed == 0 and result.skipped:
        sys.stderr.flush()
        print("skipped: " + "; ".join(sorted({reason for _, reason in result.skipped})))
        sys.exit(77)
    sys.exit(0 if result.wasSuccessful() and result.passed > 0 else 1)
