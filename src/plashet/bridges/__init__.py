"""Exchange with other simulators: `bridges.nir` reads and writes NIR, `bridges.brian2` runs the same network in Brian2.

Each is imported by its own name (`from plashet.bridges import nir`), so that neither loads the other; they need the
extras `bridges` and `brian2`.
"""
