"""Canonical tables of one simulated merchant, as plain SQL over the drawn codes; one module a room of the schema."""
