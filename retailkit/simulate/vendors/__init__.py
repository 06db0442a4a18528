"""A simulated merchant's tables as its vendors export them: their headers, encodings, quirks and dirty rows.

`exports` maps a merchant's systems to files; each file replaces part of the canonical tables,
so that nothing is told twice; `OWN` says why the rest is in no vendor's file. Which rows are dirty is truth.
"""

from retailkit.simulate.vendors.mix import Export, all_carried, exports, kept
from retailkit.simulate.vendors.own import OWN

__all__ = ["OWN", "Export", "all_carried", "exports", "kept"]
