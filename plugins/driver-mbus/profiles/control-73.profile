# SPDX-License-Identifier: LGPL-2.1-or-later
[profile]
description=A meter that takes data and selections only with the C field 73

[link]
snd-ud-control=73
