# SPDX-License-Identifier: LGPL-2.1-or-later
[profile]
name=cubic-metres
description=Water meter that answers with value and status only, in cubic metres with two decimals
description[zh_CN]=只应答累积流量和状态、单位为立方米（两位小数）的水表

[values]
unit=m3

[vector short-answer]
origin=built by hand from the published layout; no meter was asked
hex=FE FE 68 10 44 33 22 11 00 33 78 81 09 90 1F 01 78 56 34 12 00 FF 1A 16
readings=volume 123456.78 m3
status=valve-open
