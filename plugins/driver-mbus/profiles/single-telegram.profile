# SPDX-License-Identifier: LGPL-2.1-or-later
[profile]
description=A meter that announces further telegrams and has none, or whose first one is enough

[link]
telegrams-max=1
