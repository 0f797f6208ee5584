/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-request.h"

#define FABRICATION_RECORD_SIZE 6u
#define DIF_INT8                0x01
#define DIF_BCD8                0x0c
#define VIF_FABRICATION         0x78
#define VIF_BUS_ADDRESS         0x7a

size_t
nilo_mbus_request_build_reset_link(uint8_t a, uint8_t *bytes, size_t capacity)
{
    return nilo_mbus_frame_build_short(NILO_MBUS_C_SND_NKE, a, bytes, capacity);
}

size_t
nilo_mbus_request_build_readout(uint8_t a, bool count_bit, uint8_t *bytes, size_t capacity)
{
    const uint8_t c = NILO_MBUS_C_REQ_UD2 | (count_bit ? NILO_MBUS_C_FCB : 0);

    return nilo_mbus_frame_build_short(c, a, bytes, capacity);
}

size_t
nilo_mbus_request_build_alarm(uint8_t a, bool count_bit, uint8_t *bytes, size_t capacity)
{
    const uint8_t c = NILO_MBUS_C_REQ_UD1 | (count_bit ? NILO_MBUS_C_FCB : 0);

    return nilo_mbus_frame_build_short(c, a, bytes, capacity);
}

size_t
nilo_mbus_request_build_data(uint8_t c, uint8_t a, const uint8_t *records, size_t size,
                             uint8_t *bytes, size_t capacity)
{
    return nilo_mbus_frame_build_long(c, a, NILO_MBUS_CI_DATA, records, size, bytes, capacity);
}

size_t
nilo_mbus_request_build_select(uint8_t c, const NiloMbusAddress *mask, uint8_t *bytes,
                               size_t capacity)
{
    uint8_t data[NILO_MBUS_ADDRESS_SIZE];

    nilo_mbus_address_build(mask, data);
    return nilo_mbus_frame_build_long(c, NILO_MBUS_ADDRESS_SELECTED, NILO_MBUS_CI_SELECT, data,
                                      sizeof data, bytes, capacity);
}

size_t
nilo_mbus_request_build_select_fabrication(uint8_t c, const NiloMbusAddress *mask,
                                           uint32_t fabrication, uint8_t *bytes, size_t capacity)
{
    uint8_t data[NILO_MBUS_ADDRESS_SIZE + FABRICATION_RECORD_SIZE];
    uint8_t *record = data + NILO_MBUS_ADDRESS_SIZE;

    nilo_mbus_address_build(mask, data);
    record[0] = DIF_BCD8;
    record[1] = VIF_FABRICATION;
    for (unsigned i = 0; i < 4; i++)
        record[2 + i] = (uint8_t)(fabrication >> (8 * i));
    return nilo_mbus_frame_build_long(c, NILO_MBUS_ADDRESS_SELECTED, NILO_MBUS_CI_SELECT, data,
                                      sizeof data, bytes, capacity);
}

size_t
nilo_mbus_request_build_set_address(uint8_t c, uint8_t a, uint8_t address, uint8_t *bytes,
                                    size_t capacity)
{
    const uint8_t record[] = {DIF_INT8, VIF_BUS_ADDRESS, address};

    if (address > NILO_MBUS_ADDRESS_LAST)
        return 0;
    return nilo_mbus_request_build_data(c, a, record, sizeof record, bytes, capacity);
}

size_t
nilo_mbus_request_build_set_baud(uint8_t c, uint8_t a, uint32_t speed_baud, uint8_t *bytes,
                                 size_t capacity)
{
    uint32_t speed = 300;

    /* each code doubles the speed of the one before */
    for (unsigned ci = NILO_MBUS_CI_BAUD_300; ci <= NILO_MBUS_CI_BAUD_38400; ci++, speed *= 2) {
        if (speed == speed_baud)
            return nilo_mbus_frame_build_control(c, a, (uint8_t)ci, bytes, capacity);
    }
    return 0;
}

size_t
nilo_mbus_request_build_reset_application(uint8_t c, uint8_t a, int subcode, uint8_t *bytes,
                                          size_t capacity)
{
    const uint8_t code = (uint8_t)subcode;

    if (subcode == NILO_MBUS_RESET_NO_SUBCODE)
        return nilo_mbus_frame_build_control(c, a, NILO_MBUS_CI_RESET, bytes, capacity);
    if (subcode < 0 || subcode > 0xff)
        return 0;
    return nilo_mbus_frame_build_long(c, a, NILO_MBUS_CI_RESET, &code, 1, bytes, capacity);
}

NiloWireResult
nilo_mbus_request_parse_select(const NiloMbusFrame *frame, NiloMbusAddress *mask,
                               uint32_t *fabrication)
{
    const uint8_t *record;

    if (frame->type != NILO_MBUS_FRAME_LONG || frame->ci != NILO_MBUS_CI_SELECT ||
        (frame->c & NILO_MBUS_C_FROM_MASTER) == 0)
        return NILO_WIRE_UNSUPPORTED;
    if (frame->size == NILO_MBUS_ADDRESS_SIZE) {
        *fabrication = NILO_MBUS_ANY_IDENTIFICATION;
    } else if (frame->size == NILO_MBUS_ADDRESS_SIZE + FABRICATION_RECORD_SIZE) {
        record = frame->data + NILO_MBUS_ADDRESS_SIZE;
        if (record[0] != DIF_BCD8 || record[1] != VIF_FABRICATION)
            return NILO_WIRE_UNSUPPORTED;
        *fabrication = (uint32_t)record[2] | (uint32_t)record[3] << 8 | (uint32_t)record[4] << 16 |
                       (uint32_t)record[5] << 24;
    } else {
        return NILO_WIRE_BAD_LENGTH;
    }
    *mask = nilo_mbus_address_parse(frame->data);
    return NILO_WIRE_OK;
}
