"""Charts: one figure per result table, each in the file of its stage.

``template`` holds what all charts share: the look, the frame of titles and source, and the
number formats. ``people``, ``touchpoints``, ``formats``, ``growth``, ``targets``, ``cohort``
and ``data`` hold the figures. A chart computes nothing and shows nothing.
"""
