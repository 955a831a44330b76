"""The machines: each file or folder here, except `interface`, `core`, `conformance` and `cli`, is one backend."""
