# SPDX-License-Identifier: LGPL-2.1-or-later
[profile]
name=no-valve
description=Water meter without a valve, whose status bytes say nothing about one
description[zh_CN]=无阀水表，状态字不表示阀门

[status]
closed=0x0000
fault=0x0000

[vector plain]
origin=built by hand from the published layout; no meter was asked
hex=FE FE 68 10 44 33 22 11 00 33 78 81 16 90 1F 01 78 56 34 12 2C 00 00 00 10 2C 00 00 00 00 00 00 00 04 00 94 16
readings=volume 123456.78 m3; volume/storage=1 100000 m3
status=battery-low
