/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nfw-types.h"

#define NFW_ANSWER_MAX_SIZE 261u /* the longest M-Bus frame; CJ/T 188 needs 125 */

/* What a slave wants to say, in a buffer that both slaves share with the line. */
struct nfw_answer {
    uint8_t bytes[NFW_ANSWER_MAX_SIZE];
    uint16_t size;     /* 0: nothing; the slave is silent whenever it is in doubt */
    uint8_t new_speed; /* after the answer: index into nfw_speeds + 1; 0: the speed stays */
};

/* What a slave made of a byte. */
enum nfw_heard {
    NFW_HEARD_PART,    /* a frame is growing, or nothing is */
    NFW_HEARD_FRAME,   /* a sound frame ended here, whoever it is for: this is our speed */
    NFW_HEARD_RUBBISH, /* what looked like a frame was none: noise, or another speed */
};
