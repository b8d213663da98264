"""The least that a program on Flask and PostgreSQL can do for the same work: no sign-in, no layers, no ORM."""
