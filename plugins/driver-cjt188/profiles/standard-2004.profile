# SPDX-License-Identifier: LGPL-2.1-or-later
[profile]
name=standard-2004
description=Water meter that does everything as CJ/T 188-2004 says
description[zh_CN]=完全按 CJ/T 188-2004 的水表

# masks over the two status bytes: ST0 in the last two digits, ST1 in the two before
[status]
closed=0x0001
fault=0x0002
battery-low=0x0004

[values]
volume-decimals=2
flow-decimals=4
money-decimals=2
purchase-unit=currency

[valve]
open=0x55
close=0x99

[clock]
order=auto

# D120 is the settlement before the one that stands in 901F
[history]
first=1

[vector valve-open]
origin=built by hand from the published layout; no meter was asked
hex=FE FE 68 10 44 33 22 11 00 33 78 81 16 90 1F 01 78 56 34 12 2C 00 00 00 10 2C 00 00 12 22 11 26 20 00 00 1B 16
readings=volume 123456.78 m3; volume/storage=1 100000 m3
status=valve-open

[vector valve-closed-battery-low]
origin=built by hand from the published layout; no meter was asked
hex=FE FE 68 10 44 33 22 11 00 33 78 81 16 90 1F 01 01 00 00 00 2C 00 00 00 00 2C 00 00 00 00 00 00 00 05 00 72 16
readings=volume 0.01 m3; volume/storage=1 0 m3
status=battery-low; valve-closed

[vector no-unit-no-reading]
origin=built by hand from the published layout; no meter was asked
hex=FE FE 68 10 44 33 22 11 00 33 78 81 16 90 1F 01 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 03 00 18 16
readings=
status=valve-fault
