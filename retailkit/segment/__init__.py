"""Who the customers are and where they are heading.

``features`` one row per person · ``edges`` and ``rfm`` scores by learned edges · ``segments`` names
and profile · ``lifecycle`` states and moves.
"""
