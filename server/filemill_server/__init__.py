"""The filemill server: REST over the core, storage, keys and the command line."""
