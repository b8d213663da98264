"""Readings of a patient before the doctor sees them: plausible ranges and units (product.md, Screens; api.md)."""
