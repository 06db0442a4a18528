"""What touchpoints are called: sources name one and the same thing differently, the tables do not."""

from __future__ import annotations

OTHER_NAMES = {
    "share": "sharing",  # tags of a mini program's own links; merchants' own tables
    "group_chat": "group",  # tags; the platform's daily counts
    "shopping_guide": "guide",  # the platform's daily counts
    "direct": "direct_return",  # web analytics
}
"""Name that a source gives -> the touchpoint's own name (those of ``attribute/data/touchpoints.csv``).

Folded in one place: `load.open_store` shows every column declared with ``touchpoint`` under the own names, whatever
the files say, so that visits, orders, spend, owners and lift tests meet. Only names that mean the same thing stand
here. A merchant's own names stay as they are, and so does what is something else: a card in a single chat
(``single_chat``) may come from a guide or a friend, a coupon used at the till (``coupon``) is no visit from the card
pack (``card_coupon``), a mini program's live room (``live``) none of Channels (``channels_live``).
"""


def own_name(touchpoint: str) -> str:
    """Return a touchpoint's own name; a name that is not known stays.

    >>> own_name("share"), own_name("guide"), own_name("pop-up poster")
    ('sharing', 'guide', 'pop-up poster')
    """
    return OTHER_NAMES.get(touchpoint, touchpoint)
