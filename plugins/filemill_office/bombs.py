"""Archives that would unpack to more than they should: refused by what they declare, before LibreOffice starts."""

from __future__ import annotations

from filemill import Context, ErrorCode, File, FilemillError
from filemill_office import zip_directory

_LEAST_ALLOWED_BYTES = 1 << 20


def check_unpacked(file: File, context: Context) -> None:
    """Refuse a file that is a ZIP and whose parts, as declared, are together over the limits.

    One that declares less than it holds is LibreOffice's to refuse, within its limit of memory.

    Raises:
        FilemillError: `INVALID_FILE`.
    """
    limits = context.limits
    most = min(limits.max_growth * max(file.size, _LEAST_ALLOWED_BYTES), limits.memory_bytes)
    declared = sum(member.size for member in zip_directory.members(file.path))
    if declared > most:
        raise FilemillError(
            ErrorCode.INVALID_FILE, f"{file.name!r} would unpack to {declared} bytes; {most} are allowed."
        )
