"""The main job on one page: an agent that asks a database, observed, in the terminal or in a collector."""
