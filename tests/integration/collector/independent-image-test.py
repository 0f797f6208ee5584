#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The collector's real image in QEMU, read by the independent master through a terminal at 2400 8E1.

Argument: nilo-lab-hub, which holds the image and its contacts and paces the line; it finds QEMU,
image and nilo-collector-host in the environment, as in tests/lab/README.md. Skipped without them.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from decimal import Decimal

from independent_master import SELECTED, Cjt188Master, Line, MbusMaster

SKIP = 77
FIRST_NUMBER = 33010026030001
CHANNELS = 3
PULSES = ((3, 17, 8), (5, 0, 21))  # given in turn on each channel
ESTATE = """[estate]
seed=7
[bus line]
kind=rs485
speed=2400
link=line
[collector riser]
bus=line
port=qemu
channels=%d
first-id=%d
first-address=1
daily-litres=0
"""
failures = []
checks = 0


def check(what, found, expected):
    global checks
    checks += 1
    if found != expected:
        failures.append("%s: found %s, expected %s" % (what, found, expected))


class Hub:
    def __init__(self, program, folder):
        estate = os.path.join(folder, "estate")
        control = os.path.join(folder, "control")
        with open(estate, "w") as file:
            file.write(ESTATE % (CHANNELS, FIRST_NUMBER))
        self.process = subprocess.Popen(
            [program, "--folder", folder, "--control", control, "--parent", str(os.getpid()), estate],
            stdout=subprocess.PIPE,
            text=True,
        )
        for line in self.process.stdout:
            if line.startswith("READY"):
                break
        self.line = os.path.join(folder, "line")
        self.control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.control.connect(control)
        self.control.settimeout(30)

    def call(self, command):
        self.control.sendall(command.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += self.control.recv(400)
        if answer.startswith(b"error="):
            raise RuntimeError("%s: %s" % (command, answer.decode().strip()))
        return dict(re.findall(r"(\S+?)=(\S+)", answer.decode()))

    def give(self, number, count):
        """So many pulses, all of them over."""
        if count:
            self.call("pulse %d %d" % (number, count))
        deadline = time.monotonic() + 60
        while self.call("truth %d" % number)["waiting"] != "0" and time.monotonic() < deadline:
            time.sleep(0.2)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)


def volume_of(telegram):
    return [r["value"] for r in telegram["records"] if r.get("quantity") == "volume"][0]


def compare(hub, mbus, cjt188, rounds):
    for channel in range(CHANNELS):
        number = str(FIRST_NUMBER + channel)
        truth = hub.call("truth " + number)
        millilitres = int(truth["volume_ml"])
        given = sum(counts[channel] for counts in PULSES[:rounds])
        check("channel %d pulses" % channel, int(truth["pulses"]), given)
        by_address = mbus.read(channel + 1)[0]
        check("channel %d id" % channel, by_address["id"], number[-8:])
        check("channel %d" % channel, volume_of(by_address), Decimal(millilitres).scaleb(-6))
        check("channel %d select" % channel, mbus.select(number[-8:]), "ack")
        selected = mbus.read_on(SELECTED)[0]
        check("channel %d selected" % channel, volume_of(selected), volume_of(by_address))
        answer = cjt188.read(number, 0x901F)
        expected = Decimal(millilitres // 10000).scaleb(-2)
        check("channel %d CJ/T 188" % channel, answer["current"], expected)


def main():
    if not os.path.exists(os.environ.get("NILO_COLLECTOR_IMAGE", "")):
        print("no image: NILO_COLLECTOR_IMAGE is not set")
        return SKIP
    with tempfile.TemporaryDirectory(prefix="nilo-image-") as folder:
        hub = Hub(sys.argv[1], folder)
        try:
            line = Line(hub.line)
            mbus, cjt188 = MbusMaster(line), Cjt188Master(line)
            compare(hub, mbus, cjt188, 0)
            for rounds, counts in enumerate(PULSES, 1):
                for channel, count in enumerate(counts):
                    hub.give(FIRST_NUMBER + channel, count)
                time.sleep(1)
                compare(hub, mbus, cjt188, rounds)
        finally:
            hub.end()
    for failure in failures:
        print(failure)
    print("%d checks, %d of them failed" % (checks, len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
