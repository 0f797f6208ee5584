/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-cjt188-message.h"

/* X(first, last, "name") */
#define DI_TABLE(X)                                                                                \
    X(0x8102, 0x8102, "price table")                                                               \
    X(0x8103, 0x8103, "settlement day")                                                            \
    X(0x8104, 0x8104, "reading day")                                                               \
    X(0x8105, 0x8105, "purchased amount")                                                          \
    X(0x8106, 0x8106, "key version")                                                               \
    X(0x810a, 0x810a, "address")                                                                   \
    X(0x8120, 0x8120, "factory date (vendor)")                                                     \
    X(0x8121, 0x8121, "parameters (vendor)")                                                       \
    X(0x901f, 0x901f, "current metering data")                                                     \
    X(0x903f, 0x903f, "current power")                                                             \
    X(0x904f, 0x904f, "current return temperature")                                                \
    X(0x905f, 0x905f, "current supply temperature")                                                \
    X(0x906f, 0x906f, "working hours")                                                             \
    X(0x907f, 0x907f, "current time")                                                              \
    X(0x9097, 0x9097, "report (vendor)")                                                           \
    X(0x911f, 0x911f, "current metering data, heat and cold")                                      \
    X(0xa010, 0xa010, "write price table")                                                         \
    X(0xa011, 0xa011, "write settlement day")                                                      \
    X(0xa012, 0xa012, "write reading day")                                                         \
    X(0xa013, 0xa013, "write purchased amount")                                                    \
    X(0xa014, 0xa014, "write key")                                                                 \
    X(0xa015, 0xa015, "write clock")                                                               \
    X(0xa016, 0xa016, "write counter")                                                             \
    X(0xa017, 0xa017, "valve")                                                                     \
    X(0xa018, 0xa018, "write address")                                                             \
    X(0xa019, 0xa019, "factory release")                                                           \
    X(0xa020, 0xa020, "initialise (vendor)")                                                       \
    X(0xa021, 0xa021, "concentrator address (vendor)")                                             \
    X(0xa022, 0xa022, "group (vendor)")                                                            \
    X(0xa0ec, 0xa0ec, "refund (vendor)")                                                           \
    X(0xa101, 0xa101, "enter verification")                                                        \
    X(0xa102, 0xa102, "leave verification")                                                        \
    X(0xa103, 0xa103, "communication parameters")                                                  \
    X(0xa104, 0xa104, "freeze")                                                                    \
    X(0xa105, 0xa105, "volume alarm limits")                                                       \
    X(0xa106, 0xa106, "money alarm limits")                                                        \
    X(0xa107, 0xa107, "change key")                                                                \
    X(0xd120, 0xd12b, "settlement value of a past month")                                          \
    X(0xd200, 0xd2ff, "value of a past month")                                                     \
    X(0xd300, 0xd3ff, "timed freeze")                                                              \
    X(0xd400, 0xd4ff, "instant freeze")                                                            \
    X(0xd500, 0xd5ff, "hourly values (data collector)")                                            \
    X(0xd600, 0xd6ff, "setting (data collector)")                                                  \
    X(0xd700, 0xd7ff, "state and events (data collector)")

typedef struct {
    uint16_t first;
    uint16_t last;
} DiRange;

/* apart from the names, which a meter's firmware has no room for and never asks for */
static const DiRange di_ranges[] = {
#define X(first, last, name) {first, last},
    DI_TABLE(X)
#undef X
};

static const char *const di_names[] = {
#define X(first, last, name) name,
    DI_TABLE(X)
#undef X
};

#define N_DI_RANGES (sizeof di_ranges / sizeof di_ranges[0])

/* N_DI_RANGES: none has @di */
static size_t
find_range(uint16_t di)
{
    size_t at = 0;

    while (at < N_DI_RANGES && (di < di_ranges[at].first || di > di_ranges[at].last))
        at++;
    return at;
}

static bool
is_named(uint16_t di)
{
    return find_range(di) < N_DI_RANGES;
}

const char *
nilo_cjt188_di_get_name(uint16_t di)
{
    const size_t at = find_range(di);

    return at < N_DI_RANGES ? di_names[at] : NULL;
}

const char *
nilo_cjt188_function_get_name(uint8_t function)
{
    switch (function) {
    case NILO_CJT188_READ_DATA:
        return "read data";
    case NILO_CJT188_READ_ADDRESS:
        return "read address";
    case NILO_CJT188_WRITE_DATA:
        return "write data";
    case NILO_CJT188_READ_KEY_VERSION:
        return "read key version";
    case NILO_CJT188_WRITE_ADDRESS:
        return "write address";
    case NILO_CJT188_WRITE_COUNTER:
        return "write motor sync";
    default:
        return NULL;
    }
}

bool
nilo_cjt188_function_is_write(uint8_t function)
{
    return function == NILO_CJT188_WRITE_DATA || function == NILO_CJT188_WRITE_ADDRESS ||
           function == NILO_CJT188_WRITE_COUNTER;
}

static bool
is_group(uint8_t high)
{
    return high == 0x81 || high == 0x90 || high == 0x91 || high == 0xa0 || high == 0xa1 ||
           (high >= 0xd1 && high <= 0xd7);
}

uint16_t
nilo_cjt188_di_from_wire(uint8_t first, uint8_t second, NiloCjt188Order *order)
{
    const uint16_t high_first = (uint16_t)(first << 8 | second);
    const uint16_t low_first = (uint16_t)(second << 8 | first);
    const bool high_named = is_named(high_first);
    const bool low_named = is_named(low_first);

    if (high_named != low_named)
        *order = high_named ? NILO_CJT188_HIGH_FIRST : NILO_CJT188_LOW_FIRST;
    else if (is_group(second) && !is_group(first))
        *order = NILO_CJT188_LOW_FIRST;
    else
        *order = NILO_CJT188_HIGH_FIRST;
    return *order == NILO_CJT188_HIGH_FIRST ? high_first : low_first;
}

/* SER ST0 ST1 by the standard; DI DI SER code, or with a status, from meters that keep the DI */
static void
parse_abnormal(const NiloCjt188Frame *frame, NiloCjt188Message *message)
{
    const uint8_t *data = frame->data;

    if (frame->data_size == 0)
        return;
    if (frame->data_size <= 3) {
        message->has_serial = true;
        message->serial = data[0];
        message->payload = data + 1;
        message->payload_size = (uint8_t)(frame->data_size - 1);
        return;
    }
    message->has_di = true;
    message->di = nilo_cjt188_di_from_wire(data[0], data[1], &message->order);
    message->has_serial = true;
    message->serial = data[2];
    message->payload = data + 3;
    message->payload_size = (uint8_t)(frame->data_size - 3);
    if (frame->data_size == 4) {
        message->has_error_code = true;
        message->error_code = data[3];
        message->payload_size = 0;
    }
}

void
nilo_cjt188_message_parse(const NiloCjt188Frame *frame, NiloCjt188Message *message)
{
    const uint8_t *data = frame->data;
    uint8_t used = 0;

    *message = (NiloCjt188Message){
        .function = frame->control & NILO_CJT188_CONTROL_FUNCTION,
        .is_answer = (frame->control & NILO_CJT188_CONTROL_ANSWER) != 0,
        .is_abnormal = (frame->control & NILO_CJT188_CONTROL_ABNORMAL) != 0,
        .has_follow_flag = (frame->control & NILO_CJT188_CONTROL_FOLLOW) != 0,
    };
    if (message->is_answer && message->is_abnormal) {
        parse_abnormal(frame, message);
        return;
    }
    if (frame->data_size >= 2) {
        message->has_di = true;
        message->di = nilo_cjt188_di_from_wire(data[0], data[1], &message->order);
        used = 2;
    }
    if (frame->data_size >= 3) {
        message->has_serial = true;
        message->serial = data[2];
        used = 3;
    }
    if (frame->data_size > used) {
        message->payload = data + used;
        message->payload_size = (uint8_t)(frame->data_size - used);
    }
}

bool
nilo_cjt188_message_is_answer_to(const NiloCjt188Message *answer, const NiloCjt188Message *request)
{
    if (!answer->is_answer || answer->function != request->function)
        return false;
    if (answer->has_di && request->has_di && answer->di != request->di)
        return false;
    return !answer->has_serial || !request->has_serial || answer->serial == request->serial;
}

void
nilo_cjt188_message_make_answer(const NiloCjt188Message *request, const uint8_t *payload,
                                uint8_t payload_size, NiloCjt188Message *answer)
{
    *answer = (NiloCjt188Message){
        .function = request->function,
        .is_answer = true,
        .has_di = request->has_di,
        .has_serial = request->has_serial,
        .di = request->di,
        .order = request->order,
        .serial = request->serial,
        .payload = payload,
        .payload_size = payload_size,
    };
}

void
nilo_cjt188_message_make_refusal(const NiloCjt188Message *request, const uint8_t status[2],
                                 NiloCjt188Message *answer)
{
    *answer = (NiloCjt188Message){
        .function = request->function,
        .is_answer = true,
        .is_abnormal = true,
        .has_serial = true,
        .serial = request->serial,
        .payload = status,
        .payload_size = 2,
    };
}

static uint8_t
build_head(const NiloCjt188Message *message, uint8_t head[4])
{
    uint8_t size = 0;

    if (message->has_di) {
        const uint8_t high = (uint8_t)(message->di >> 8), low = (uint8_t)message->di;

        head[size++] = message->order == NILO_CJT188_HIGH_FIRST ? high : low;
        head[size++] = message->order == NILO_CJT188_HIGH_FIRST ? low : high;
    }
    if (message->has_serial)
        head[size++] = message->serial;
    if (message->has_error_code)
        head[size++] = message->error_code;
    return size;
}

NiloWireResult
nilo_cjt188_message_build(const NiloCjt188Message *message, size_t preamble_size, uint8_t type,
                          const NiloCjt188Address *address, uint8_t *bytes, size_t capacity,
                          size_t *size)
{
    const bool is_write_request =
        !message->is_answer && nilo_cjt188_function_is_write(message->function);
    const size_t limit = is_write_request ? NILO_CJT188_WRITE_MAX_SIZE : NILO_CJT188_DATA_MAX_SIZE;
    uint8_t data[NILO_CJT188_DATA_MAX_SIZE];
    NiloCjt188Frame frame = {.type = type, .address = *address, .data = data};

    if (message->function > NILO_CJT188_CONTROL_FUNCTION ||
        (is_write_request && nilo_cjt188_address_is_wildcard(address)))
        return NILO_WIRE_BAD_VALUE;
    frame.control =
        (uint8_t)(message->function | (message->is_answer ? NILO_CJT188_CONTROL_ANSWER : 0) |
                  (message->is_abnormal ? NILO_CJT188_CONTROL_ABNORMAL : 0) |
                  (message->has_follow_flag ? NILO_CJT188_CONTROL_FOLLOW : 0));
    frame.data_size = build_head(message, data);
    if ((size_t)frame.data_size + message->payload_size > limit)
        return NILO_WIRE_TOO_LONG;
    for (size_t i = 0; i < message->payload_size; i++)
        data[frame.data_size + i] = message->payload[i];
    frame.data_size = (uint8_t)(frame.data_size + message->payload_size);
    return nilo_cjt188_frame_build(&frame, preamble_size, bytes, capacity, size);
}
