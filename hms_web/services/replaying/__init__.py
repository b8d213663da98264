"""Living a clinic's past season through again, with a simulated clock and the same use cases as the pages."""
