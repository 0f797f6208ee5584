# SPDX-License-Identifier: LGPL-2.1-or-later
"""M-Bus and CJ/T 188 read a second time.

Written from the rules of EN 13757-2, EN 13757-3 and CJ/T 188 in another language than everything
else here, and sharing nothing with core/wire or tests/lab, so that a rule misread there is not
misread here by the same line. It knows what a water meter and the collector say, and says so where
its knowledge ends.

Debian 12 packages no decoder and no master for either bus: `apt-cache search` finds nothing for
m-bus, mbus, meter-bus, wmbus or cjt188 (libmbus, pyMeterBus, wmbusmeters, jMBus are not in it).
Otherwise that one would be used here.
"""

from decimal import Decimal


class Refused(Exception):
    """Bytes that are no frame, or a frame that must not be believed."""


def bcd(data):
    """Digits as printed; data come with the low byte first."""
    return data[::-1].hex().upper()


def little(data, signed=False):
    return int.from_bytes(data, "little", signed=signed)


# --- M-Bus: link layer (EN 13757-2, 5.1) ----------------------------------------------------------


def mbus_frame(data):
    """Takes a whole frame apart: a dict of kind, C, A, CI, data."""
    if not data:
        raise Refused("nothing")
    if data == b"\xe5":
        return {"kind": "ack"}
    if data[0] == 0x10:
        if len(data) != 5 or data[4] != 0x16 or data[3] != sum(data[1:3]) & 0xFF:
            raise Refused("short frame")
        return {"kind": "short", "C": data[1], "A": data[2]}
    if data[0] != 0x68:
        raise Refused("start byte")
    if len(data) < 4 or data[1] != data[2] or data[3] != 0x68:
        raise Refused("head")
    length = data[1]
    if length < 3:
        raise Refused("length < 3")
    if len(data) != length + 6:
        raise Refused("size %d, length field wants %d" % (len(data), length + 6))
    if data[-1] != 0x16:
        raise Refused("stop byte")
    if data[-2] != sum(data[4:-2]) & 0xFF:
        raise Refused("checksum")
    return {
        "kind": "control" if length == 3 else "long",
        "C": data[4],
        "A": data[5],
        "CI": data[6],
        "data": data[7:-2],
    }


def mbus_frame_size(data):
    """Bytes of the whole frame that begins here; 0: not known yet, or none begins."""
    if data[:1] == b"\xe5":
        return 1
    if data[:1] == b"\x10":
        return 5
    if data[:1] == b"\x68" and len(data) >= 2:
        return data[1] + 6
    return 0


# --- M-Bus: header (EN 13757-3, 5) ----------------------------------------------------------------


def manufacturer(code):
    return "".join(chr(64 + (code >> shift & 31)) for shift in (10, 5, 0))


def mbus_header(frame):
    """Adds who answered, and leaves the records in "payload"."""
    data = frame["data"]
    if frame["CI"] == 0x72:
        if len(data) < 12:
            raise Refused("header too short")
        frame.update(
            id=bcd(data[0:4]),
            manufacturer=manufacturer(little(data[4:6])),
            version=data[6],
            medium=data[7],
            access=data[8],
            status=data[9],
            config=little(data[10:12]),
            payload=data[12:],
        )
    elif frame["CI"] == 0x70:
        frame["app_error"] = data[0] if data else None
    elif frame["CI"] == 0x73:
        if len(data) < 16:
            raise Refused("fixed structure too short")
        frame.update(
            id=bcd(data[0:4]),
            access=data[4],
            status=data[5] & ~3,
            medium=data[6] >> 6 | data[7] >> 6 << 2,
        )
    return frame


# --- M-Bus: records (EN 13757-3, 6) ---------------------------------------------------------------

FUNCTIONS = ("instantaneous", "maximum", "minimum", "error")
SIZES = (0, 1, 2, 3, 4, 4, 6, 8, 0, 1, 2, 3, 4, None, 6)
TIME_UNITS = ("s", "min", "h", "d")

# first code, last code, quantity, unit, power of ten of the first code
PRIMARY = (
    (0x00, 0x07, "energy", "Wh", -3),
    (0x08, 0x0F, "energy", "J", 0),
    (0x10, 0x17, "volume", "m3", -6),
    (0x28, 0x2F, "power", "W", -3),
    (0x38, 0x3F, "volume flow", "m3/h", -6),
    (0x58, 0x5B, "flow temperature", "C", -3),
    (0x5C, 0x5F, "return temperature", "C", -3),
    (0x60, 0x63, "temperature difference", "K", -3),
    (0x64, 0x67, "external temperature", "C", -3),
)
PRIMARY_TIMES = (
    (0x20, "on time"),
    (0x24, "operating time"),
    (0x70, "averaging duration"),
    (0x74, "actuality duration"),
)
TABLE_FB = ((0x10, 0x11, "volume", "m3", 2),)
TABLE_FD = (
    (0x0E, 0x0E, "firmware version", "", 0),
    (0x17, 0x17, "error flags", "", 0),
    (0x3A, 0x3A, "dimensionless", "", 0),
    (0x40, 0x4F, "voltage", "V", -9),
    (0x50, 0x5F, "current", "A", -12),
    (0x61, 0x61, "cumulation counter", "", 0),
    (0x60, 0x60, "reset counter", "", 0),
)


def look_up(table, code):
    for first, last, quantity, unit, exponent in table:
        if first <= code <= last:
            return quantity, unit, exponent + code - first
    return None


def meaning_of(vif, table):
    """(quantity, unit, power of ten), or None where our knowledge ends."""
    if table == 0xFB:
        return look_up(TABLE_FB, vif)
    if table == 0xFD:
        return look_up(TABLE_FD, vif)
    for first, quantity in PRIMARY_TIMES:
        if first <= vif < first + 4:
            return quantity, TIME_UNITS[vif - first], 0
    if vif == 0x6C:
        return "date", "", 0
    if vif == 0x6D:
        return "date time", "", 0
    if vif == 0x78:
        return "fabrication no", "", 0
    return look_up(PRIMARY, vif)


def date_of(low, high):
    """The two bytes of a date: day and year's low bits, month and year's high bits."""
    day, month = low & 31, high & 15
    year = low >> 5 | high >> 4 << 3
    if day < 1 or month < 1 or month > 12 or year > 99:
        return None
    return "%04d-%02d-%02d" % (2000 + year if year <= 80 else 1900 + year, month, day)


def time_value(data):
    """Types G (2 bytes), F (4) and I (6); None where it is no moment."""
    if len(data) == 2:
        return date_of(data[0], data[1])
    if len(data) == 4:
        minute, hour, day = data[0], data[1], date_of(data[2], data[3])
        if minute & 0x80 or day is None or minute & 63 > 59 or hour & 31 > 23:
            return None
        return "%sT%02d:%02d" % (day, hour & 31, minute & 63)
    if len(data) == 6:
        day = date_of(data[3], data[4])
        if data[1] & 0x80 or day is None:
            return None
        return "%sT%02d:%02d:%02d" % (day, data[2] & 31, data[1] & 63, data[0] & 63)
    return None


def number_value(coding, data, exponent):
    if coding in (1, 2, 3, 4, 6, 7):
        value = little(data, signed=True)
        if value == -(1 << (8 * len(data) - 1)):
            return None
    else:
        digits = bcd(data)
        sign = 1
        if digits[0] == "F":
            sign, digits = -1, "0" + digits[1:]
        if not digits.isdigit():
            return None
        value = sign * int(digits)
    return Decimal(value).scaleb(exponent)


class Reader:
    """Bytes one after the other; running out of them is an error with a name."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size, what):
        if self.at + size > len(self.data):
            raise Refused(what)
        self.at += size
        return self.data[self.at - size : self.at]

    def chain(self, what, most, too_many):
        """Bytes up to the first without bit 7."""
        chain = b""
        while True:
            if len(chain) > most:
                raise Refused(too_many)
            chain += self.take(1, what)
            if chain[-1] & 0x80 == 0:
                return chain


def variable_size(length):
    if length < 0xC0:
        return length
    if length <= 0xC9 or 0xD0 <= length <= 0xD9 or 0xE0 <= length <= 0xEF:
        return length & 15
    if 0xF0 <= length <= 0xF4:
        return 4 * (length - 0xEC)
    return {0xF5: 48, 0xF6: 64}.get(length)


def read_vib(reader):
    """All of the value information; VIF and table where they are plain; extensions behind."""
    start = reader.at
    vif = reader.take(1, "end before VIF")[0]
    table, code, vife = 0, vif & 0x7F, b""
    if vif & 0x7F == 0x7C:
        size = reader.take(1, "end in VIF text")[0]
        reader.take(size, "end in VIF text")
        code = None
    if vif in (0xFB, 0xFD):
        table = vif
        vif = reader.take(1, "end in VIFE")[0]
        code = vif & 0x7F
    if vif & 0x80:
        vife = reader.chain("end in VIFE", 10, "more than 10 VIFE")
    return reader.data[start : reader.at], table, code, vife


def apply_vife(meaning, vife):
    """What extensions make of a meaning: (meaning, is valid); None where they are unknown."""
    is_valid = True
    for byte in vife:
        code = byte & 0x7F
        if 0x70 <= code <= 0x77:
            meaning = (meaning[0], meaning[1], meaning[2] + code - 0x76)
        elif code == 0x7D:
            meaning = (meaning[0], meaning[1], meaning[2] + 3)
        elif code in (0x15, 0x16, 0x17, 0x18):
            is_valid = False
        elif code not in (0x00, 0x3B, 0x3C):
            return None, False
    return meaning, is_valid


def mbus_record(reader):
    dib = reader.chain("end in DIFE", 10, "more than 10 DIFE")
    storage, tariff, subunit = dib[0] >> 6 & 1, 0, 0
    for k, dife in enumerate(dib[1:]):
        storage |= (dife & 15) << (1 + 4 * k)
        tariff |= (dife >> 4 & 3) << (2 * k)
        subunit |= (dife >> 6 & 1) << k
    vib, table, code, vife = read_vib(reader)
    coding = dib[0] & 15
    size = SIZES[coding]
    if size is None:
        size = variable_size(reader.take(1, "end in data")[0])
        if size is None:
            raise Refused("reserved length")
    data = reader.take(size, "end in data")
    record = {
        "dib": dib.hex(),
        "vib": vib.hex(),
        "function": FUNCTIONS[dib[0] >> 4 & 3],
        "storage": storage,
        "tariff": tariff,
        "subunit": subunit,
        "data": data.hex(),
    }
    meaning = None if code is None else meaning_of(code, table)
    if meaning is None or coding in (0, 5, 8, 13):
        return record  # beyond what we know: its shape, and no more
    meaning, is_valid = apply_vife(meaning, vife)
    if meaning is None:
        return record
    record["quantity"], record["unit"] = meaning[:2]
    if record["quantity"] in ("date", "date time") and coding in (2, 4, 6):
        record["value"] = time_value(data)
    elif record["quantity"] == "fabrication no" and coding >= 9:
        record["value"] = bcd(data)
    elif record["quantity"] == "error flags" and coding < 8:
        record["value"] = little(data)
    else:
        record["value"] = number_value(coding, data, meaning[2])
    if not is_valid:
        record["value"] = None
    return record


def mbus_records(payload):
    """(records, what ended them too early or None)"""
    reader = Reader(payload)
    records = []
    try:
        while reader.at < len(payload):
            dif = payload[reader.at]
            if dif == 0x2F:
                reader.at += 1
            elif dif in (0x0F, 0x1F):
                records.append({"special": dif, "data": payload[reader.at + 1 :].hex()})
                break
            elif dif & 15 == 15:
                raise Refused("reserved DIF")
            else:
                records.append(mbus_record(reader))
    except Refused as error:
        return records, str(error)
    return records, None


def mbus_telegram(data):
    """A slave's answer as a whole."""
    frame = mbus_header(mbus_frame(data)) if data[:1] == b"\x68" else mbus_frame(data)
    if frame.get("C", 0) & 0x40 == 0 and "payload" in frame:
        frame["records"], frame["record_error"] = mbus_records(frame["payload"])
    return frame


def mbus_crc(data):
    """CRC of EN 13757: polynomial 3D65, start 0, inverted at the end."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x3D65 if crc & 0x8000 else 0)) & 0xFFFF
    return crc ^ 0xFFFF


# --- CJ/T 188 -------------------------------------------------------------------------------------

CJT188_UNITS = {0x29: -3, 0x2A: -2, 0x2B: -1, 0x2C: 0, 0x2D: 1, 0x2E: 2}  # powers of ten of m3


def cjt188_frame(data):
    """The first frame in these bytes with a right sum: a dict, with what stands in front of it."""
    has_shape = False
    for at in range(len(data)):
        if data[at] != 0x68 or len(data) < at + 13:
            continue
        length = data[at + 10]
        end = at + 13 + length
        if length > 0x64 or end > len(data) or data[end - 1] != 0x16:
            continue
        has_shape = True
        if sum(data[at : end - 2]) & 0xFF != data[end - 2]:
            continue
        return {
            "preamble": data[:at],
            "type": data[at + 1],
            "address": bcd(data[at + 2 : at + 9]),
            "control": data[at + 9],
            "data": data[at + 11 : end - 2],
        }
    raise Refused("bad-checksum" if has_shape else "no-frame")


def cjt188_volume(data):
    """Four bytes BCD with two decimals, one byte unit: cubic metres, or None."""
    digits = bcd(data[0:4])
    if not digits.isdigit() or data[4] not in CJT188_UNITS:
        return None
    return Decimal(int(digits)).scaleb(CJT188_UNITS[data[4]] - 2)


def cjt188_clock(data):
    """ss mm hh DD MM YY CC"""
    d = bcd(data)
    return "%s-%s-%s %s:%s:%s" % (d[0:4], d[4:6], d[6:8], d[8:10], d[10:12], d[12:14])


def cjt188_message(data):
    """A frame, and what its data say as far as we know."""
    frame = cjt188_frame(data)
    body = frame["data"]
    frame["is_abnormal"] = frame["control"] & 0xC0 == 0xC0
    if frame["is_abnormal"]:
        if len(body) == 3:
            frame["ser"], frame["status"] = body[0], body[1:3]
        return frame
    if len(body) < 2:
        return frame
    di = body[0] << 8 | body[1]
    if body[1] in (0x81, 0x90, 0xA0, 0xA1, 0xD1, 0xD2, 0xD3, 0xD4) and body[0] not in (0x81, 0x90, 0xA0):
        di = body[1] << 8 | body[0]
    frame["di"] = di
    if len(body) >= 3:
        frame["ser"] = body[2]
    payload = frame["payload"] = body[3:]
    if frame["control"] != 0x81:
        return frame
    if di == 0x901F and len(payload) == 19:
        frame.update(
            current=cjt188_volume(payload[0:5]),
            settlement_day=cjt188_volume(payload[5:10]),
            time=cjt188_clock(payload[10:17]),
            status=payload[17:19],
        )
    elif 0xD120 <= di <= 0xD12B and len(payload) == 5:
        frame["settlement_month"] = cjt188_volume(payload)
    return frame
