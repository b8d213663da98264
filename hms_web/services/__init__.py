"""Use cases: one function, one transaction; nothing else commits.

Every function takes the session, who acts, and `now`; it returns rows or small frozen dataclasses, returns a
`Refusal` or raises `Refused` when a rule says no, and raises `InvalidInput` for input that is wrong in itself.
"""
