"""Names of classes, for people.

They stand apart from the label schemes: what draws needs these alone.
"""

from __future__ import annotations

ClassNames = dict[str, str]  # code -> name, in figures
LONGEST_NAME = 40  # characters that figures have room for
