"""Pure rules: facts and `now` in, decisions out. No Flask, no database, no clock."""
