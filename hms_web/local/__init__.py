"""What `hms run` needs on one machine: a PostgreSQL and a Valkey of its own, and the processes around them."""
