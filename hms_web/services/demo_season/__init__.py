"""The season that the demo hospital has behind it: invented, told as history, and written at once (decision 0076)."""
