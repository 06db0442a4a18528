"""An export file becomes canonical rows, and rows become the published state of a store.

Start at `load_cohort` (all exports of a cohort) or `load_file` (one export); read the result
with `open_store`. `layouts/README.md` says how a layout describes an export.
"""
