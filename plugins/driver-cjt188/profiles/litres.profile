# SPDX-License-Identifier: LGPL-2.1-or-later
[profile]
name=litres
description=Water meter that counts whole litres and sends no unit, or unit 00
description[zh_CN]=以升为单位、无小数、不带单位码的水表

[values]
unit=L
volume-decimals=0

[vector unit-00]
origin=built by hand from the published layout; no meter was asked
hex=FE FE 68 10 44 33 22 11 00 33 78 81 16 90 1F 01 78 56 34 00 00 00 00 34 00 00 00 00 00 00 00 00 00 00 00 4A 16
readings=volume 345.678 m3; volume/storage=1 340 m3
status=valve-open

[vector unit-sent]
origin=built by hand from the published layout; no meter was asked
hex=FE FE 68 10 44 33 22 11 00 33 78 81 16 90 1F 01 78 56 34 00 29 00 00 34 00 29 00 00 00 00 00 00 00 01 00 9D 16
readings=volume 345.678 m3; volume/storage=1 340 m3
status=valve-closed

[vector short-answer]
origin=built by hand from the published layout; no meter was asked
hex=FE FE 68 10 44 33 22 11 00 33 78 81 09 90 1F 01 78 56 34 00 00 00 09 16
readings=volume 345.678 m3
status=valve-open
