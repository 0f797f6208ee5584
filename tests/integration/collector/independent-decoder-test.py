#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is the independent decoder to be trusted? It reads recorded frames of real meters.

What $NILO_CORPUS_DIR holds beside each frame is compared with what comes out, as far as this
decoder's knowledge goes; how far it goes is printed. Skipped where there are no recordings.
"""

import glob
import json
import os
import re
import sys
from decimal import Decimal

import independent_decoder as decoder

SKIP = 77
SHAPE = ("dib", "vib", "function", "storage", "tariff", "subunit", "data")
HEADER = ("id", "manufacturer", "version", "medium", "access", "status", "config")
counts = {}
failures = []


def count(what):
    counts[what] = counts.get(what, 0) + 1


def compare(name, key, found, expected):
    count("fields")
    if found != expected:
        failures.append("%s: %s is %r, expected %r" % (name, key, found, expected))


def read_hex(text):
    return bytes.fromhex("".join(pair.zfill(2) for pair in re.findall("[0-9A-Fa-f]{1,2}", text)))


# --- M-Bus ----------------------------------------------------------------------------------------


def compare_record(name, found, expected):
    if "special" in expected:
        compare(name, "data of a special record", found["data"], expected["data"])
        return
    for key in SHAPE:
        compare(name, key, found.get(key), expected[key])
    count("M-Bus records")
    if "quantity" not in found or expected["quantity"] in ("text", "manufacturer specific"):
        count("M-Bus values beyond its knowledge")
        return
    count("M-Bus values")
    compare(name, "quantity", found["quantity"], expected["quantity"])
    compare(name, "unit", found["unit"], expected["unit"])
    value = found["value"]
    if found["quantity"] == "error flags":
        compare(name, "value of error flags", value, int(expected["value"], 16))
        return
    if value is None and re.fullmatch("(00)+80", expected["data"]):
        return  # by the standard no value; the recordings' decode gives the number
    if isinstance(value, Decimal):
        compare(name, "value of " + found["quantity"], value, Decimal(expected["value"]))
    elif expected.get("valid", True):
        compare(name, "value of " + found["quantity"], value, expected["value"])
    else:
        compare(name, "value of " + found["quantity"], value, None)


def compare_frame(path):
    name = os.path.basename(path)[:-4]
    with open(path) as file:
        data = read_hex(file.read())
    with open(path[:-4] + ".ref.json") as file:
        expected = json.load(file)
    count("M-Bus frames")
    try:
        found = decoder.mbus_telegram(data)
    except decoder.Refused as error:
        compare(name, "error", str(error), expected.get("error"))
        return
    if "error" in expected:
        compare(name, "error", None, expected["error"])
        return
    for key in ("C", "A", "CI", "app_error") + HEADER:
        if key in expected and (found["CI"] != 0x73 or key in found):
            compare(name, key, found.get(key), expected[key])
    if found["CI"] != 0x72 or found["C"] & 0x40:
        return
    compare(name, "records", len(found["records"]), len(expected.get("records", [])))
    compare(name, "record_error", found["record_error"], expected.get("record_error"))
    for ours, theirs in zip(found["records"], expected.get("records", [])):
        compare_record(name, ours, theirs)


# --- CJ/T 188 -------------------------------------------------------------------------------------


def compare_cjt188_keys(name, found, expected):
    compare(name, "type", "%02X" % found["type"], expected["type"])
    compare(name, "address", found["address"], expected["address"])
    compare(name, "control", "%02X" % found["control"], expected["control"][:2])
    compare(name, "length", len(found["data"]), int(expected["length"]))
    if not found["is_abnormal"] and "di" in expected:
        compare(name, "di", "%04X" % found["di"], expected["di"][:4])
    if "ser" in expected and "ser" in found:
        compare(name, "ser", "%02X" % found["ser"], expected["ser"])
    if "payload" in expected and "payload" in found:
        compare(name, "payload", found["payload"].hex(" ").upper(), expected["payload"])
    for key in ("current", "settlement_day", "settlement_month"):
        if key in found and expected.get(key, "").endswith(" m3"):
            count("CJ/T 188 values")
            compare(name, key, found[key], Decimal(expected[key].split()[0]))
    if "time" in found and re.match("[0-9]{4}-", expected.get("time", "")):
        compare(name, "time", found["time"], expected["time"][:19])
    if "current" in found and expected.get("status", "").startswith("ST0="):
        status = "ST0=%02X ST1=%02X" % tuple(found["status"])
        compare(name, "status", status, expected["status"][: len(status)])


def compare_cjt188(path):
    name = os.path.basename(path)[:-4]
    with open(path) as file:
        expected = dict(re.findall("^([a-z_A-Z0-9]+): (.*)$", file.read(), re.MULTILINE))
    count("CJ/T 188 frames")
    try:
        found = decoder.cjt188_message(read_hex(expected["hex"]))
    except decoder.Refused as error:
        compare(name, "expect", str(error), expected["expect"])
        return
    compare(name, "expect", "ok", expected["expect"])
    if expected["expect"] == "ok":
        compare_cjt188_keys(name, found, expected)


def main():
    folder = os.environ.get("NILO_CORPUS_DIR")
    if not folder:
        print("no recordings: NILO_CORPUS_DIR is not set")
        return SKIP
    compare("crc", "check value", decoder.mbus_crc(b"123456789"), 0xC2B7)
    for path in sorted(glob.glob(os.path.join(folder, "mbus", "*", "*.hex"))):
        if os.path.exists(path[:-4] + ".ref.json"):
            compare_frame(path)
    for path in sorted(glob.glob(os.path.join(folder, "cjt188", "*.txt"))):
        compare_cjt188(path)
    print(", ".join("%s: %d" % item for item in counts.items()))
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
