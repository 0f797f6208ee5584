# SPDX-License-Identifier: LGPL-2.1-or-later
[profile]
description=Nilometer's own data collector itself: battery, wear and its events

[block]
crc=yes

[status]
tamper=20
vendor=00

[log events]
application=90
read=daily
telegrams-max=40
events=1 started; 2 clock stepped; 3 clock lost its time; 4 counter set; 5 meter number changed; 6 settings changed; 7 settings lost; 8 magnet; 9 wire cut; 10 cover; 11 counters cannot be stored; 12 damaged counter records; 13 battery; 14 meter does not answer; 15 meter answers again; 16 meter's value is implausible; 17 line speed changed; 18 input changes lost; 19 frozen by order

# built by hand from docs/collector-mbus.md: 3580 mV, started three times, 1234 writes to each cell
[vector current]
origin=built by hand from the collector's telegrams
hex=68 3E 3E 68 08 0A 72 10 00 00 60 8D 39 01 0E 07 00 00 00 0C 78 10 00 00 60 04 6D 1E 2F 56 3B 02 FD 46 FC 0D 02 FD 60 03 00 04 FD 61 D2 04 00 00 02 FD 3A 14 00 01 FD 0E 01 01 FD 17 00 0F C0 02 C3 4B 49 16
readings=voltage=3.58 V
