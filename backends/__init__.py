"""The machines: each file or folder here, except `interface`, `core` and `conformance`, is one backend."""
