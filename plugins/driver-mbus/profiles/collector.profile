# SPDX-License-Identifier: LGPL-2.1-or-later
[profile]
description=A channel of Nilometer's own data collector, with what it has frozen

[block]
crc=yes

# 40 (the value is old) and 80 (no clock) come with the bit for a temporary error
[status]
tamper=20
vendor=00

# Left out are values taken later than the moment they stand for.
[log days]
application=30
read=gap
telegrams-max=8
skip-flags=01

[log hours]
application=60
read=gap
telegrams-max=120
skip-flags=01

[log months]
application=20
read=history
telegrams-max=4
skip-flags=01

[log ordered]
application=40
read=history
telegrams-max=2
skip-flags=01

# built by hand from docs/collector-mbus.md: 12.56 m3, seven closures that were no pulse, tampered with
[vector current]
origin=built by hand from the collector's telegrams
hex=68 2F 2F 68 08 0B 72 71 56 34 12 8D 39 01 16 05 23 00 00 0C 78 11 00 00 60 04 6D 1E 2F 56 3B 04 13 10 31 00 00 02 FD 3A 07 00 01 FD 17 02 0F C0 02 81 C4 A0 16
readings=volume=12.56 m3

# the newest three days, the oldest of them taken late; more follow
[vector days]
origin=built by hand from the collector's telegrams
hex=68 41 41 68 08 0B 72 71 56 34 12 8D 39 01 16 06 00 00 00 44 6D 00 20 56 3B 44 13 10 31 00 00 84 01 6D 00 20 55 3B 84 01 13 06 31 00 00 C4 01 6D 00 20 54 3B C4 01 13 FC 30 00 00 C1 01 FD 17 01 1F C0 02 77 FE F2 16
readings=volume/storage=1=12.56 m3;volume/storage=2=12.55 m3
