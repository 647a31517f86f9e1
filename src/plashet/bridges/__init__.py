"""Exchange with other simulators: `bridges.nir` reads and writes NIR, `bridges.brian2` runs the same network in Brian2.

Each needs an extra of its own name and is imported by its own name, so that neither loads the other.
"""
