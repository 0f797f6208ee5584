# SPDX-License-Identifier: LGPL-2.1-or-later
[profile]
name=mirrored-status
description=Valve meter whose status bits are counted from the other end (a family of STM32 nodes)
description[zh_CN]=状态位顺序相反的阀控水表（一类 STM32 节点）

[status]
closed=0x0080
fault=0x0040
battery-low=0x0020

[vector valve-closed]
origin=built by hand from the published layout; no meter was asked
hex=FE FE 68 10 44 33 22 11 00 33 78 81 16 90 1F 01 78 56 34 12 2C 00 00 00 10 2C 00 00 00 00 00 00 00 80 00 10 16
readings=volume 123456.78 m3; volume/storage=1 100000 m3
status=valve-closed

[vector stuck-battery-low]
origin=built by hand from the published layout; no meter was asked
hex=FE FE 68 10 44 33 22 11 00 33 78 81 16 90 1F 01 78 56 34 12 2C 00 00 00 10 2C 00 00 00 00 00 00 00 E0 00 70 16
readings=volume 123456.78 m3; volume/storage=1 100000 m3
status=battery-low; valve-fault
