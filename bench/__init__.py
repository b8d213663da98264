"""`make bench`: how fast the product is, beside the least that a Flask program can do (docs/performance.md)."""
