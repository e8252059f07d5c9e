"""Two-phase training: device strategy, steps, loop, run folder."""
