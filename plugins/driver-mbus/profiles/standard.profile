# SPDX-License-Identifier: LGPL-2.1-or-later
[profile]
description=A meter that does what EN 13757-2 and -3 say
