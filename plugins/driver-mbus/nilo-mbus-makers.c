/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nilo-mbus-makers.h"

#define LETTER(c)      ((guint16)((c)-64))
#define MAKER(a, b, c) ((guint16)(LETTER(a) << 10 | LETTER(b) << 5 | LETTER(c)))

/* Codes met on meters. Only for meters that do not take half a wildcard in the maker's place: all
 * others are found whatever their maker's code is. */
static const guint16 makers[] = {
    MAKER('A', 'B', 'B'), MAKER('A', 'C', 'E'), MAKER('A', 'C', 'G'), MAKER('A', 'C', 'W'),
    MAKER('A', 'E', 'G'), MAKER('A', 'E', 'L'), MAKER('A', 'E', 'M'), MAKER('A', 'M', 'P'),
    MAKER('A', 'M', 'T'), MAKER('A', 'P', 'A'), MAKER('A', 'P', 'S'), MAKER('A', 'P', 'T'),
    MAKER('A', 'T', 'M'), MAKER('A', 'X', 'I'), MAKER('B', 'A', 'R'), MAKER('B', 'E', 'C'),
    MAKER('B', 'E', 'R'), MAKER('B', 'M', 'T'), MAKER('B', 'S', 'C'), MAKER('B', 'S', 'E'),
    MAKER('B', 'T', 'L'), MAKER('B', 'T', 'R'), MAKER('C', 'B', 'I'), MAKER('C', 'L', 'O'),
    MAKER('C', 'O', 'N'), MAKER('C', 'Z', 'M'), MAKER('D', 'A', 'N'), MAKER('D', 'F', 'S'),
    MAKER('D', 'I', 'L'), MAKER('D', 'M', 'E'), MAKER('D', 'W', 'Z'), MAKER('D', 'Z', 'G'),
    MAKER('E', 'A', 'H'), MAKER('E', 'B', 'Z'), MAKER('E', 'C', 'M'), MAKER('E', 'C', 'S'),
    MAKER('E', 'D', 'C'), MAKER('E', 'D', 'I'), MAKER('E', 'F', 'E'), MAKER('E', 'F', 'R'),
    MAKER('E', 'G', 'M'), MAKER('E', 'I', 'T'), MAKER('E', 'L', 'E'), MAKER('E', 'L', 'M'),
    MAKER('E', 'L', 'R'), MAKER('E', 'L', 'S'), MAKER('E', 'L', 'T'), MAKER('E', 'L', 'V'),
    MAKER('E', 'M', 'H'), MAKER('E', 'M', 'O'), MAKER('E', 'M', 'U'), MAKER('E', 'N', 'D'),
    MAKER('E', 'N', 'O'), MAKER('E', 'N', 'P'), MAKER('E', 'S', 'E'), MAKER('E', 'S', 'O'),
    MAKER('E', 'S', 'Y'), MAKER('E', 'U', 'R'), MAKER('E', 'V', 'L'), MAKER('E', 'W', 'T'),
    MAKER('F', 'I', 'N'), MAKER('F', 'M', 'L'), MAKER('F', 'T', 'L'), MAKER('G', 'A', 'V'),
    MAKER('G', 'B', 'J'), MAKER('G', 'E', 'C'), MAKER('G', 'M', 'C'), MAKER('G', 'M', 'M'),
    MAKER('G', 'M', 'T'), MAKER('G', 'S', 'P'), MAKER('G', 'W', 'F'), MAKER('H', 'E', 'G'),
    MAKER('H', 'E', 'L'), MAKER('H', 'T', 'C'), MAKER('H', 'T', 'S'), MAKER('H', 'Y', 'D'),
    MAKER('I', 'C', 'M'), MAKER('I', 'D', 'E'), MAKER('I', 'M', 'E'), MAKER('I', 'N', 'E'),
    MAKER('I', 'N', 'V'), MAKER('I', 'S', 'K'), MAKER('I', 'S', 'T'), MAKER('I', 'T', 'A'),
    MAKER('I', 'T', 'R'), MAKER('I', 'T', 'U'), MAKER('I', 'T', 'W'), MAKER('I', 'W', 'K'),
    MAKER('J', 'A', 'N'), MAKER('J', 'O', 'H'), MAKER('K', 'A', 'M'), MAKER('K', 'B', 'N'),
    MAKER('K', 'H', 'L'), MAKER('K', 'K', 'E'), MAKER('K', 'N', 'X'), MAKER('K', 'R', 'O'),
    MAKER('K', 'S', 'T'), MAKER('L', 'A', 'S'), MAKER('L', 'E', 'C'), MAKER('L', 'G', 'B'),
    MAKER('L', 'G', 'D'), MAKER('L', 'G', 'Z'), MAKER('L', 'H', 'A'), MAKER('L', 'M', 'L'),
    MAKER('L', 'S', 'E'), MAKER('L', 'S', 'Z'), MAKER('L', 'U', 'G'), MAKER('M', 'A', 'D'),
    MAKER('M', 'B', 'S'), MAKER('M', 'E', 'I'), MAKER('M', 'E', 'T'), MAKER('M', 'N', 'S'),
    MAKER('M', 'O', 'X'), MAKER('M', 'P', 'S'), MAKER('M', 'T', 'C'), MAKER('N', 'E', 'S'),
    MAKER('N', 'I', 'S'), MAKER('N', 'M', 'S'), MAKER('N', 'T', 'M'), MAKER('N', 'Z', 'R'),
    MAKER('O', 'R', 'B'), MAKER('P', 'A', 'D'), MAKER('P', 'A', 'F'), MAKER('P', 'L', 'O'),
    MAKER('P', 'O', 'L'), MAKER('P', 'O', 'Z'), MAKER('P', 'R', 'I'), MAKER('Q', 'D', 'S'),
    MAKER('R', 'A', 'M'), MAKER('R', 'A', 'S'), MAKER('R', 'E', 'L'), MAKER('R', 'K', 'E'),
    MAKER('S', 'A', 'C'), MAKER('S', 'A', 'P'), MAKER('S', 'B', 'C'), MAKER('S', 'C', 'H'),
    MAKER('S', 'C', 'W'), MAKER('S', 'E', 'C'), MAKER('S', 'E', 'N'), MAKER('S', 'E', 'O'),
    MAKER('S', 'I', 'E'), MAKER('S', 'L', 'B'), MAKER('S', 'O', 'F'), MAKER('S', 'O', 'N'),
    MAKER('S', 'P', 'L'), MAKER('S', 'P', 'X'), MAKER('S', 'V', 'M'), MAKER('S', 'W', 'T'),
    MAKER('T', 'C', 'H'), MAKER('T', 'E', 'C'), MAKER('T', 'I', 'P'), MAKER('T', 'R', 'L'),
    MAKER('U', 'N', 'I'), MAKER('V', 'E', 'S'), MAKER('W', 'E', 'H'), MAKER('W', 'E', 'P'),
    MAKER('W', 'M', 'O'), MAKER('W', 'Z', 'G'), MAKER('Y', 'T', 'E'), MAKER('Z', 'A', 'G'),
    MAKER('Z', 'A', 'P'), MAKER('Z', 'I', 'V'), MAKER('Z', 'R', 'I'), MAKER('Z', 'R', 'M'),
};

const guint16 *
nilo_mbus_makers_get(gsize *n)
{
    *n = G_N_ELEMENTS(makers);
    return makers;
}
