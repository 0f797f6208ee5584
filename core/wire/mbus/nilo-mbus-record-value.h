/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nilo-mbus-record.h"
#include "nilo-mbus-vif.h"

/*
 * Fills in quantity, qualifiers and value of @record, whose parts have been found, from what its
 * VIF says (@meaning), its extensions and its data. Not for use outside the record iterator.
 */
void nilo_mbus_record_decode(NiloMbusRecord *record, const NiloMbusVif *meaning,
                             bool is_high_byte_first);
