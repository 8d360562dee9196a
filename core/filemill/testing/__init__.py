"""The test kit for plugin authors: two lines test every operation, format and preset of a plugin.

    from filemill.testing import conformance_tests

    test_conformance = conformance_tests("vintage")

The fixtures `filemill_registry`, `filemill_run` and `filemill_samples` come by themselves: they are a
pytest plugin. The kit needs `pip install 'filemill[testing]'`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filemill.testing.conformance import conformance_tests

__all__ = ["conformance_tests"]


def __getattr__(name: str) -> object:
    """Import the kit when it is asked for: pytest loads this package where hypothesis may be absent."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from filemill.testing import conformance  # noqa: PLC0415 - see above
    except ModuleNotFoundError as error:
        raise ImportError(
            f"filemill.testing needs {error.name}, which is not installed: pip install 'filemill[testing]'"
        ) from error
    return getattr(conformance, name)
