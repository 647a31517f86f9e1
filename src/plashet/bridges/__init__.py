"""Exchange with the world outside: `bridges.c` writes a trained net as a C header, `bridges.onnx` as the ONNX model of
its step; `bridges.nir` reads and writes NIR, `bridges.brian2` runs the same spiking network in Brian2.

Each is imported by its own name (`from plashet.bridges import c`), so that none loads another. `c` needs nothing,
`onnx` and `nir` the extra `bridges`, `brian2` the extra of that name. Plain parameters need no bridge: `plashet.save`
writes a safetensors file, its arrays by name.
"""
