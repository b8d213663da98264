"""Bringing in patients and appointments from the files of another system (docs/import.md).

`files` reads, `patients` and `appointments` import row by row or in batches, `tally` counts, `rejects` keeps every row
that was refused.
"""
