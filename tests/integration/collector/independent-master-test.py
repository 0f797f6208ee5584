#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The collector read by the independent master, and what it says compared with the water.

Arguments: the program nilo-collector-host. A collector is started shortly before midnight of a
month's last day; pulses, whose number we know, come before and after it.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from decimal import Decimal

import independent_decoder as decoder
from independent_master import BROADCAST, SELECTED, TRIES, Cjt188Master, Line, MbusMaster, Silence

BOARD = "61000000"
START = "2026-02-28T23:59:50"
CHANNELS = 8
ML_PER_PULSE = [10000, 1000, 100000, 2500, 10000, 10000, 10000, 10000]
BEFORE = [3, 11, 5, 7, 1, 0, 2, 9]  # pulses before midnight
AFTER = [4, 6, 1, 3, 0, 2, 8, 5]
PERIOD_MS = 60
MONTHS, DAYS, INSTANTANEOUS = 0x20, 0x30, 0x50
failures = []
checks = 0


def check(what, found, expected):
    global checks
    checks += 1
    if found != expected:
        failures.append("%s: found %s, expected %s" % (what, found, expected))


def number_of(channel):
    return "330100%d%07d" % (channel + 1, channel + 4711)


def identification_of(channel):
    return number_of(channel)[-8:]


class Collector:
    """The process, and the hand on its contacts."""

    def __init__(self, program, folder):
        self.bus = os.path.join(folder, "bus")
        control = os.path.join(folder, "control")
        options = ["--bus=" + self.bus, "--control=" + control, "--rtc=" + START]
        options += ["--eeprom=" + os.path.join(folder, "eeprom"), "--board-number=" + BOARD]
        options += ["--parent=%d" % os.getpid(), "--set=board-primary=200", "--set=speed=9600"]
        for channel in range(CHANNELS):
            options += [
                "--set=number.%d=%s" % (channel, number_of(channel)),
                "--set=primary.%d=%d" % (channel, channel + 1),
                "--set=ml-per-count.%d=%d" % (channel, ML_PER_PULSE[channel]),
                "--set=min-closed-ms.%d=10" % channel,
                "--set=min-open-ms.%d=10" % channel,
            ]
        self.process = subprocess.Popen([program] + options)
        self.control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        deadline = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                self.control.connect(control)
                break
            except OSError:
                time.sleep(0.05)
        self.control.settimeout(20)

    def call(self, command):
        self.control.sendall(command.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += self.control.recv(200)
        if answer.startswith(b"error="):
            raise RuntimeError("%s: %s" % (command, answer.decode().strip()))
        return answer.decode().strip()

    def pulses(self, counts):
        """So many on each channel, with bounces; returns when all are over."""
        for channel, count in enumerate(counts):
            if count:
                self.call("pulse %d %d %d 2" % (channel, count, PERIOD_MS))
        time.sleep(max(counts) * PERIOD_MS / 1000 + 0.3)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=10)


def find(telegrams, quantity, storage=0):
    """The value of a record, or a text that says there is none."""
    for telegram in telegrams:
        for record in telegram["records"]:
            if record.get("quantity") == quantity and record["storage"] == storage:
                return record["value"]
    return "none"


def cubic_metres(millilitres):
    return Decimal(millilitres).scaleb(-6)


def check_crc(telegram):
    """The collector's own guard: the last four bytes are a tag, a size and a CRC of all before."""
    data = telegram["data"]
    check("crc of %s" % telegram["id"], data[-4:-2].hex(), "c002")
    check("crc of %s" % telegram["id"], decoder.mbus_crc(data[:-2]), int.from_bytes(data[-2:], "little"))


# --- what is read ---------------------------------------------------------------------------------


def check_current(mbus, cjt188, millilitres):
    for channel in range(CHANNELS):
        telegrams = mbus.read(channel + 1)
        name = "channel %d" % channel
        check(name + " telegrams", len(telegrams), 1)
        check(name + " id", telegrams[0]["id"], identification_of(channel))
        check(name + " medium", telegrams[0]["medium"], 0x16)
        check(name + " status", telegrams[0]["status"], 0)
        check(name + " records end", telegrams[0]["record_error"], None)
        check(name + " volume", find(telegrams, "volume"), cubic_metres(millilitres[channel]))
        check_crc(telegrams[0])

        check(name + " select", mbus.select(identification_of(channel)), "ack")
        selected = mbus.read_on(SELECTED)
        check(name + " selected", selected[0]["id"], identification_of(channel))
        check(name + " volume, selected", find(selected, "volume"), cubic_metres(millilitres[channel]))

        for low_first in (False, True):
            answer = cjt188.read(number_of(channel), 0x901F, low_first)
            hundredths = millilitres[channel] // 10000
            check(name + " CJ/T 188", answer["current"], Decimal(hundredths).scaleb(-2))
            check(name + " CJ/T 188 status", answer["status"], b"\0\0")


def check_search(mbus):
    mine = sorted([identification_of(channel) for channel in range(CHANNELS)] + [BOARD])
    check("search", sorted(mbus.search()), mine)
    check("select nobody", mbus.select("99999999"), "silence")
    # the collector and a channel of it: both acknowledge, and their answers are none
    check("select two", mbus.select("6FFFFFFF"), "ack")
    check("two answers", is_heard(lambda: mbus.read_on(SELECTED)), False)
    check("select one by wildcard", mbus.select("F" * 7 + identification_of(2)[-1]), "ack")
    check("wildcard's answer", mbus.read_on(SELECTED)[0]["id"], identification_of(2))


def check_history(mbus, cjt188, millilitres):
    """Midnight has frozen what was counted before it, and nothing of what came after."""
    for channel in range(CHANNELS):
        name = "channel %d" % channel
        volume = cubic_metres(millilitres[channel])
        digits = Decimal(millilitres[channel] // 10000).scaleb(-2)
        for log, di in ((DAYS, 0xD300), (MONTHS, 0xD200)):
            check(name + " choose", mbus.choose(channel + 1, log), True)
            telegrams = mbus.read_on(channel + 1)
            check(name + " frozen at", find(telegrams, "date time", 1), "2026-03-01T00:00")
            check(name + " frozen", find(telegrams, "volume", 1), volume)
            check(name + " not estimated", find(telegrams, "error flags", 1), "none")
            payload = cjt188.read(number_of(channel), di)["payload"]
            check(name + " %04X at" % di, decoder.cjt188_clock(payload[0:7]), "2026-03-01 00:00:00")
            check(name + " %04X" % di, decoder.cjt188_volume(payload[7:12]), digits)
            check(name + " %04X flags" % di, payload[12], 0)
        check(name + " choose", mbus.choose(channel + 1, INSTANTANEOUS), True)
        answer = cjt188.read(number_of(channel), 0x901F)
        check(name + " settlement day", answer["settlement_day"], digits)


def check_status(collector, mbus, cjt188):
    collector.call("pin 15 open")
    time.sleep(1.5)
    status = mbus.read(1)[0]["status"]
    check("cover off, M-Bus: abnormal", status & 0x23, 0x23)
    check("cover off, CJ/T 188", cjt188.read(number_of(0), 0x901F)["status"], b"\x00\x01")
    collector.call("pin 15 closed")
    time.sleep(1.5)
    check("cover on", mbus.read(1)[0]["status"], 0)


def check_orders(mbus, cjt188, millilitres):
    check("set address", mbus.write(3, bytes([0x01, 0x7A, 77])), True)
    telegrams = mbus.read(77)
    check("at the new address", telegrams[0]["id"], identification_of(2))
    check("volume there", find(telegrams, "volume"), cubic_metres(millilitres[2]))
    check("address above 250", mbus.write(77, bytes([0x01, 0x7A, 251])), False)
    check("still there", mbus.read(77)[0]["id"], identification_of(2))

    # type F: 2026-03-05 12:34
    check("set clock, M-Bus", mbus.write(1, bytes([0x04, 0x6D, 34, 12, 5 | 2 << 5, 3 | 3 << 4])), True)
    check("clock, M-Bus", find(mbus.read(1), "date time"), "2026-03-05T12:34")
    moment = bytes.fromhex("00301508032620")  # 2026-03-08 15:30:00
    answer = cjt188.write(number_of(0), 0xA015, moment)
    check("set clock, CJ/T 188", answer["control"], 0x84)
    check("clock", cjt188.read(number_of(0), 0x901F)["time"][:16], "2026-03-08 15:30")
    refused = cjt188.write(number_of(0), 0xA015, bytes.fromhex("00301532032620"))
    check("set clock to the 32nd", refused["is_abnormal"], True)

    other = "33010026099999"
    answer = cjt188.write(number_of(4), 0xA018, bytes.fromhex(other)[::-1], control=0x15)
    check("set number", answer["control"], 0x95)
    check("under the new number", cjt188.read(other, 0x901F)["address"], other)
    check("and on M-Bus", mbus.read(5)[0]["id"], other[-8:])


def is_heard(ask):
    try:
        ask()
        return True
    except Silence:
        return False


def check_silence(line, mbus, cjt188):
    line.tries = 1
    check("nobody's address", is_heard(lambda: mbus.read(99)), False)
    check("all of them at once", is_heard(lambda: mbus.read(BROADCAST)), False)
    check("nobody's number", is_heard(lambda: cjt188.read("33010026088888", 0x901F)), False)
    check("wildcard for eight", is_heard(lambda: cjt188.read("AA" * 7, 0x901F)), False)
    line.tries = TRIES


def main():
    if len(sys.argv) != 2:
        print("usage: independent-master-test.py NILO-COLLECTOR-HOST", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="nilo-master-") as folder:
        collector = Collector(sys.argv[1], folder)
        midnight = time.monotonic() + 12
        line = Line(collector.bus)
        mbus, cjt188 = MbusMaster(line), Cjt188Master(line)
        try:
            collector.pulses(BEFORE)
            before = [ml * n for ml, n in zip(ML_PER_PULSE, BEFORE)]
            time.sleep(max(midnight - time.monotonic(), 0))
            collector.pulses(AFTER)
            now = [ml * (a + b) for ml, a, b in zip(ML_PER_PULSE, BEFORE, AFTER)]
            check_current(mbus, cjt188, now)
            check_search(mbus)
            check_history(mbus, cjt188, before)
            check_status(collector, mbus, cjt188)
            check_silence(line, mbus, cjt188)
            check_orders(mbus, cjt188, now)
        finally:
            collector.end()
    for failure in failures:
        print(failure)
    print("%d checks, %d of them failed" % (checks, len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
