"""What the worker runs, and when: thin functions around services, and the declared schedule."""
