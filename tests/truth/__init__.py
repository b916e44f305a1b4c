"""Truth by execution: fixtures are run for three events in one process, and what survived is compared with notes."""
