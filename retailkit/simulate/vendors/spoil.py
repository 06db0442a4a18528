"""SQL for what makes exports hard: dirty cells at a known rate, masked phones, yuan as text."""

from __future__ import annotations

from retailkit.simulate.world import parameters

KINDS = ("amount", "time", "id")
"""What may be spoilt in a row."""


def dirty(key: str, ids: bool = True) -> str:
    """Return SQL of what is spoilt in the row with this key: 'amount', 'time', 'id' or nothing."""
    rate = parameters()["exports"]["dirty"]
    kinds = KINDS if ids else KINDS[:2]
    which = f"[{', '.join(repr(k) for k in kinds)}][1 + floor(rnd({key} || 'kind') * {len(kinds)})::integer]"
    return f"case when rnd({key} || 'dirty') < {rate} then {which} else '' end"


def spoilt(good: str, kind: str, bad: str) -> str:
    """Return SQL of a cell: its good value, or the bad one in rows where this kind is spoilt."""
    return f"case when dirty = '{kind}' then {bad} else {good} end"


def masked(phone: str, key: str) -> str:
    """Return SQL of a phone as an export shows it: whole, or now and then masked in the middle."""
    rate = parameters()["exports"]["masked"]
    return f"case when rnd({key} || 'mask') < {rate} then substr({phone}, 1, 3) || '******' || substr({phone}, 10) else {phone} end"


def yuan(fen: str) -> str:
    """Return SQL of fen as text in yuan with two decimals."""
    return f"printf('%.2f', ({fen}) / 100.0)"
