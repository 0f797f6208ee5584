# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks a slave on M-Bus and CJ/T 188, by the standards and with the decoder beside it.

A master in the sense of EN 13757-2: link reset or selection first, then the frame count bit 1, and
another one after each good answer; a repetition keeps it.
"""

import os
import select
import socket
import stat
import termios
import time
import tty

import independent_decoder as decoder

TRIES = 3
PATIENCE_S = 2.0  # an answer begins within 330 bit times + 50 ms; the machine may be busy
SELECT_S = 1.5
SILENCE_S = 0.3
REST_S = 0.06
SELECTED = 0xFD
BROADCAST = 0xFF


class Silence(Exception):
    """Nobody answered, or nothing sound."""


class Line:
    """A unix socket, or a terminal at 2400 8E1."""

    tries = TRIES

    def __init__(self, path):
        if stat.S_ISSOCK(os.stat(path).st_mode):
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.connect(path)
            self.fd = self.socket.fileno()
        else:
            self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(self.fd)
            mode = termios.tcgetattr(self.fd)
            mode[2] |= termios.PARENB
            mode[4] = mode[5] = termios.B2400
            termios.tcsetattr(self.fd, termios.TCSANOW, mode)

    def read(self, wait_s):
        if not select.select([self.fd], [], [], wait_s)[0]:
            return b""
        return os.read(self.fd, 512)

    def ask(self, request, is_whole, patience_s=PATIENCE_S):
        """What comes back, up to where it is whole; b"" when nothing does."""
        time.sleep(REST_S)
        while self.read(0):
            pass  # what nobody asked for
        os.write(self.fd, request)
        answer = b""
        while not is_whole(answer):
            part = self.read(patience_s if not answer else SILENCE_S)
            if not part:
                break
            answer += part
        return answer


# --- M-Bus ----------------------------------------------------------------------------------------


def short_frame(c, a):
    return bytes([0x10, c, a, (c + a) & 0xFF, 0x16])


def long_frame(c, a, ci, data=b""):
    body = bytes([c, a, ci]) + data
    return bytes([0x68, len(body), len(body), 0x68]) + body + bytes([sum(body) & 0xFF, 0x16])


def is_whole_mbus(answer):
    size = decoder.mbus_frame_size(answer)
    return size > 0 and len(answer) >= size


def mask_bytes(digits):
    """A selection of any manufacturer, version and medium; F in the digits stands for any."""
    return bytes.fromhex(digits)[::-1] + b"\xff\xff\xff\xff"


class MbusMaster:
    def __init__(self, line):
        self.line = line

    def exchange(self, request):
        """A sound frame, after up to three tries. Raises Silence."""
        heard = b""
        for _ in range(self.line.tries):
            heard = self.line.ask(request, is_whole_mbus)
            try:
                return decoder.mbus_telegram(heard)
            except decoder.Refused:
                pass
        raise Silence("%s: %s" % (request.hex(), heard.hex()))

    def order(self, request):
        """Whether it was acknowledged."""
        try:
            return self.exchange(request)["kind"] == "ack"
        except Silence:
            return False

    def reset_link(self, a):
        return self.order(short_frame(0x40, a))

    def select(self, digits):
        """What came: "silence", "ack" or "collision"."""
        request = long_frame(0x53, SELECTED, 0x52, mask_bytes(digits))
        heard = self.line.ask(request, is_whole_mbus, SELECT_S)
        if not heard:
            return "silence"
        return "ack" if heard == b"\xe5" else "collision"

    def choose(self, a, application):
        """Application reset with a sub-code: what the next readout is about."""
        return self.order(long_frame(0x53, a, 0x50, bytes([application])))

    def read_on(self, a, most=40):
        """All telegrams of a readout, behind a link reset, a selection or an application reset."""
        telegrams = []
        bit = 1
        while len(telegrams) < most:
            telegram = self.exchange(short_frame(0x5B | bit << 5, a))
            telegrams.append(telegram)
            if not telegram.get("records") or telegram["records"][-1].get("special") != 0x1F:
                break
            bit ^= 1
        return telegrams

    def read(self, a):
        if not self.reset_link(a):
            raise Silence("no acknowledgement of a link reset at %d" % a)
        return self.read_on(a)

    def write(self, a, records):
        return self.order(long_frame(0x73, a, 0x51, records))

    def search(self, digits=""):
        """Every slave's identification: wildcards, narrowed digit by digit where two answer."""
        mask = digits + "F" * (8 - len(digits))
        said = self.select(mask)
        if said == "silence":
            return []
        if said == "ack":
            try:
                answer = decoder.mbus_telegram(
                    self.line.ask(short_frame(0x7B, SELECTED), is_whole_mbus)
                )
                return [answer["id"]]
            except decoder.Refused:
                pass  # two that acknowledged as one
        if len(digits) == 8:
            return [digits + "?"]
        return [found for digit in "0123456789" for found in self.search(digits + digit)]


# --- CJ/T 188 -------------------------------------------------------------------------------------


def is_whole_cjt188(answer):
    start = answer.find(b"\x68")
    return start >= 0 and len(answer) >= start + 11 and len(answer) >= start + 13 + answer[start + 10]


class Cjt188Master:
    def __init__(self, line, kind=0x10):
        self.line = line
        self.kind = kind
        self.serial = 0

    def frame(self, address, control, data):
        body = bytes([0x68, self.kind]) + bytes.fromhex(address)[::-1]
        body += bytes([control, len(data)]) + data
        return b"\xfe\xfe\xfe" + body + bytes([sum(body) & 0xFF, 0x16])

    def ask(self, address, control, di, data=b"", low_first=False):
        """A sound answer of this address to this request. Raises Silence."""
        heard = b""
        self.serial = (self.serial + 1) & 0xFF
        request = di.to_bytes(2, "little" if low_first else "big") + bytes([self.serial]) + data
        for _ in range(self.line.tries):
            heard = self.line.ask(self.frame(address, control, request), is_whole_cjt188)
            try:
                answer = decoder.cjt188_message(heard)
            except decoder.Refused:
                continue
            if answer["address"] == address and answer.get("ser") == self.serial:
                return answer
        raise Silence("%s %04X: %s" % (address, di, heard.hex()))

    def read(self, address, di, low_first=False):
        return self.ask(address, 0x01, di, low_first=low_first)

    def write(self, address, di, data, control=0x04):
        return self.ask(address, control, di, data)
