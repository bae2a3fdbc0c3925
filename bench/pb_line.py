#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Polls a second of PB boards on one RS485 line, 1 and 15 of them at 9600 and 115200 baud, against
what the line allows: the wire time of request and record, what a board takes to begin, and the
silence it needs behind an answer. The simulator paces the line.

    bench/pb_line.py CELLWARDEN SECONDS"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

REQUEST, ANSWER = 11, 300 + 8  # bytes: the trigger; the record and its acknowledgement
TURNAROUND_S, PAUSE_S = 0.008, 0.120
LEAST = 0.95  # of the limit
BITS = 10


def status(path):
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(path)
            s.sendall(b"\n")
            s.shutdown(socket.SHUT_WR)
            return json.loads(b"".join(iter(lambda: s.recv(65536), b"")))
    except (OSError, ValueError):
        return None


def wait_for(what, condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"bench/pb_line.py: not within {seconds} s: {what}")
        time.sleep(0.05)


def frames(path):
    return [pack["counts"]["frames"] for pack in (status(path) or {"packs": []})["packs"]]


def configuration(folder, baud, boards):
    text = f'[gateway]\nname = "bench"\ncontrol_socket = "{folder}/control"\nstate_file = "{folder}/state"\n'
    for address in range(1, boards + 1):
        text += (f'[[pack]]\nname = "pb{address}"\nprotocol = "jk-modbus"\nport = "{folder}/line"\nbaud = {baud}\n'
                 f'address = {address}\nchemistry = "lfp"\ncells = 16\ncapacity = "280 Ah"\npoll = "0 s"\nstale_after = "60 s"\n')
    with open(f"{folder}/bench.toml", "w") as file:
        file.write(text)
    return f"{folder}/bench.toml"


def polls_a_second(program, folder, baud, boards, seconds):
    line = f"name=pb,protocol=jk-modbus,line=bench,link={folder}/line,address=1,baud={baud},count={boards},hold=yes"
    started = [subprocess.Popen([program, "simulate", "--pack", line], stdout=subprocess.DEVNULL)]
    try:
        wait_for("the simulated line", lambda: os.path.exists(f"{folder}/line"))
        with open(f"{folder}/log", "w") as log:
            started.append(subprocess.Popen([program, "run", "--config", configuration(folder, baud, boards)], stderr=log))
        wait_for("every board", lambda: len(frames(f"{folder}/control")) == boards and min(frames(f"{folder}/control")) >= 3)
        before, began = sum(frames(f"{folder}/control")), time.monotonic()
        time.sleep(seconds)
        return (sum(frames(f"{folder}/control")) - before) / (time.monotonic() - began)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def main():
    program, seconds = os.path.abspath(sys.argv[1]), float(sys.argv[2])
    missed = False
    for baud in (9600, 115200):
        allowed = 1 / ((REQUEST + ANSWER) * BITS / baud + TURNAROUND_S + PAUSE_S)
        for boards in (1, 15):
            with tempfile.TemporaryDirectory() as folder:
                ours = polls_a_second(program, folder, baud, boards, seconds)
            kept = ours >= LEAST * allowed
            missed = missed or not kept
            print(f"{boards} PB boards at {baud} baud, polls/s: limit >= {LEAST * allowed:.3f} 1/s ours {ours:.3f} "
                  f"ratio {ours / allowed:.3f} of what the line allows{'' if kept else '  MISSED'}", flush=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
