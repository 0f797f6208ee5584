# SPDX-License-Identifier: LGPL-2.1-or-later
[profile]
description=A meter that must not be reset before each readout, for example because it wakes up for it

[link]
reset=never
application-reset=no
