/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-wire-result.h"

const char *
nilo_wire_result_get_text(NiloWireResult result)
{
    switch (result) {
    case NILO_WIRE_OK:
        return "ok";
    case NILO_WIRE_NEED_MORE:
        return "more bytes are needed";
    case NILO_WIRE_END:
        return "nothing more to read";
    case NILO_WIRE_BAD_START:
        return "no start byte where one must stand";
    case NILO_WIRE_BAD_LENGTH:
        return "length does not fit";
    case NILO_WIRE_BAD_STOP:
        return "stop byte is not 16";
    case NILO_WIRE_BAD_CHECKSUM:
        return "checksum does not match";
    case NILO_WIRE_BAD_DIGIT:
        return "digit is not decimal";
    case NILO_WIRE_BAD_VALUE:
        return "content is out of range";
    case NILO_WIRE_TOO_LONG:
        return "too long for its place";
    case NILO_WIRE_UNSUPPORTED:
        return "well formed, but not known";
    }
    return "unknown result";
}
