"""The paths of the native API, a module a family."""
