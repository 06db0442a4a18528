"""Presenting a study: pictures of saved figures and editable slides, from results alone.

``pictures.export`` writes PNG, SVG and HTML; ``deck.write_deck`` writes PowerPoint.
"""
