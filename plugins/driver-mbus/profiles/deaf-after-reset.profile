# SPDX-License-Identifier: LGPL-2.1-or-later
[profile]
description=A meter that hears nothing for a while after a link reset or a selection

[link]
pause-after-reset-ms=150
select-pause-ms=150
