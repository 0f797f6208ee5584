# SPDX-License-Identifier: LGPL-2.1-or-later
[profile]
name=collector
description=Channel of Nilometer's own data collector, with its logs and its state
description[zh_CN]=Nilometer 自有数据采集器的通道，含冻结记录、事件和状态

# ST1 is the collector's: stale, clock not set and no reading pass by themselves; not stored does not
[status]
closed=0x0000
fault=0x0000
battery-low=0x0004
tamper=0x0100
temporary-error=0x1A00
permanent-error=0x0400
vendor=0x2000

[history]
first=1

# Past values become values of the counter at their own time: they fill the gaps of its series. Left
# out are those with a flag: estimated, no eight digits, not held.
[block month]
read=history
first=D200
count=24
per-month=1
skip-flags=0x07
each=clock; digits 4 volume; unit; flags

[block day]
read=gap
first=D300
count=62
per-day=1
skip-flags=0x07
each=clock; digits 4 volume; unit; flags

[block ordered]
read=history
first=D400
count=8
skip-flags=0x07
each=clock; digits 4 volume; unit; flags

[block hours]
read=gap
first=D500
count=90
per-day=2
step-s=3600
skip-flags=0x07
head=clock; unit
each=digits 4 volume; flags

[block state]
read=daily
first=D700
head=skip 2; number 2 battery-voltage -3 V; fact 2 starts; fact 4 writes of each cell; skip 2; fact 2 closures that were no pulse; fact 4 age of the volume in seconds; skip 15

[block events]
read=daily
first=D710
count=32
head=own
each=sequence 2; code; channel 8; clock; fact 4 argument
events=1 started; 2 clock stepped; 3 clock lost its time; 4 counter set; 5 meter number changed; 6 settings changed; 7 settings lost; 8 magnet; 9 wire cut; 10 cover; 11 counters cannot be stored; 12 damaged counter records; 13 battery; 14 meter does not answer; 15 meter answers again; 16 meter's value is implausible; 17 line speed changed; 18 input changes lost; 19 frozen by order

[vector current]
origin=built by hand from the layout in docs/collector-cjt188.md
hex=FE FE 68 10 44 33 22 11 00 33 78 81 16 90 1F 01 78 56 34 12 2C 00 00 34 12 2C 00 00 12 22 11 26 20 00 00 51 16
readings=volume 123456.78 m3; volume/storage=1 123400 m3
status=

[vector tamper-not-stored-clock-unset]
origin=built by hand from the layout in docs/collector-cjt188.md
hex=FE FE 68 10 44 33 22 11 00 33 78 81 16 90 1F 01 78 56 34 12 2C FF FF FF FF FF 00 00 00 00 00 00 00 04 0D 60 16
readings=volume 123456.78 m3
status=battery-low; permanent-error; temporary-error; tamper

[vector month]
origin=built by hand from the layout in docs/collector-cjt188.md
hex=FE FE 68 10 44 33 22 11 00 33 78 81 10 D2 00 01 00 00 00 01 11 26 20 00 00 34 12 2C 00 FB 16
readings=volume 123400 m3 at 2026-11-01T00:00:00Z
status=

[vector day]
origin=built by hand from the layout in docs/collector-cjt188.md
hex=FE FE 68 10 44 33 22 11 00 33 78 81 10 D3 00 01 00 00 00 22 11 26 20 00 00 34 12 2C 00 1D 16
readings=volume 123400 m3 at 2026-11-22T00:00:00Z
status=

[vector day-estimated]
origin=built by hand from the layout in docs/collector-cjt188.md
hex=FE FE 68 10 44 33 22 11 00 33 78 81 10 D3 01 01 00 00 00 21 11 26 20 00 00 34 12 2C 01 1E 16
readings=
status=

[vector ordered-below-zero]
origin=built by hand from the layout in docs/collector-cjt188.md
hex=FE FE 68 10 44 33 22 11 00 33 78 81 10 D4 00 01 15 30 45 22 11 26 20 FF FF FF FF FF 02 33 16
readings=
status=

[vector hours]
origin=built by hand from the layout in docs/collector-cjt188.md
hex=FE FE 68 10 44 33 22 11 00 33 78 81 47 D5 00 01 00 00 11 22 11 26 20 2C FF FF FF FF 04 78 56 34 12 00 77 56 34 12 01 76 56 34 12 00 FF FF FF FF 04 FF FF FF FF 04 FF FF FF FF 04 FF FF FF FF 04 FF FF FF FF 04 FF FF FF FF 04 FF FF FF FF 04 FF FF FF FF 02 59 16
readings=volume 123456.78 m3 at 2026-11-22T10:00:00Z; volume 123456.76 m3 at 2026-11-22T08:00:00Z
status=

[vector state]
origin=built by hand from the layout in docs/collector-cjt188.md
hex=FE FE 68 10 44 33 22 11 00 33 78 81 24 D7 00 01 00 00 42 0E 07 00 70 11 01 00 34 12 00 00 00 00 00 00 E0 8D 89 BE 1C 00 00 00 00 00 12 22 11 26 20 C4 16
readings=battery-voltage 3.65 V
status=
