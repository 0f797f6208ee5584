# SPDX-License-Identifier: LGPL-2.1-or-later
[profile]
description=A water meter with a valve that is worked by the record "remote control": 1 opens, 0 closes

[valve]
open=01 FD 1F 01
close=01 FD 1F 00
state=remote-control
open-value=1
closed-value=0

# built by hand: 12.565 m3, valve open
[vector open]
origin=built by hand from EN 13757-3
hex=68 19 19 68 08 05 72 78 56 34 12 A3 50 16 07 2A 00 00 00 0C 13 65 25 01 00 01 FD 1F 01 95 16
readings=volume=12.565 m3
