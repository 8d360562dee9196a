"""The standard security handler of PDF 2.0 (ISO 32000-2, 7.6.4; revision 6, AES-256), the same each time.

Salts, the file's key and the initialisation vectors come from the passwords and a digest of what is
encrypted instead of from chance: equal requests give equal bytes, and nothing else does. Whoever guesses
the document as well as a password can check the guess, at the cost of one scrypt for each.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
import unicodedata
from collections.abc import Iterable
from itertools import count

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.padding import PKCS7

_BLOCK = 16
_ZEROS = bytes(_BLOCK)
_MOST_PASSWORD_BYTES = 127
_SCRYPT_COST = 1 << 14
_BITS = {
    "print": (1 << 2) | (1 << 11),
    "modify": 1 << 3,
    "copy": (1 << 4) | (1 << 9),
    "annotate": 1 << 5,
    "fill": 1 << 8,
    "assemble": 1 << 10,
}
"""Bits of the permissions (table 22)."""
_ALWAYS_SET = 0xFFFFF0C0


class Security:
    """Encrypts the strings and streams of one document.

    Args:
        user_password: opens the document; empty: everybody can.
        owner_password: opens it without restrictions; empty: a key that nobody has.
        allowed: names of permissions.
        content: digest of the document.
    """

    def __init__(self, user_password: str, owner_password: str, allowed: Iterable[str], content: bytes) -> None:
        user = _password(user_password)
        salt = hashlib.sha256(b"filemill\0" + content).digest()
        secret = b"%d\0" % len(user) + user + _password(owner_password)
        self._secret = hashlib.scrypt(secret, salt=salt, n=_SCRYPT_COST, r=8, p=1, dklen=32)
        owner = _password(owner_password) or self._derived(b"owner")
        self.permissions = _ALWAYS_SET
        for name in allowed:
            self.permissions |= _BITS[name]
        self._key = self._derived(b"key")
        self._vectors = count()
        self._entries(user, owner)

    def encrypt(self, data: bytes) -> bytes:
        """Encrypt a string or the data of a stream; each call has a vector of its own."""
        vector = self._derived(b"vector %d" % next(self._vectors))[:_BLOCK]
        padder = PKCS7(8 * _BLOCK).padder()
        return vector + _cbc(self._key, vector, padder.update(data) + padder.finalize())

    def entry(self) -> bytes:
        """Return the encryption dictionary as it is written."""
        signed = self.permissions - (1 << 32)
        values = "".join(f" /{name} <{value.hex()}>" for name, value in self._values.items())
        return (
            "<< /Filter /Standard /V 5 /R 6 /Length 256"
            " /CF << /StdCF << /AuthEvent /DocOpen /CFM /AESV3 /Length 32 >> >>"
            f" /StmF /StdCF /StrF /StdCF /P {signed}{values} >>"
        ).encode()

    def _entries(self, user: bytes, owner: bytes) -> None:
        """Compute the values by which passwords are checked (algorithms 8, 9 and 10)."""
        salts = [self._derived(b"salt %d" % number)[:8] for number in range(4)]
        known = _hashed(user, salts[0], b"") + salts[0] + salts[1]
        owned = _hashed(owner, salts[2], known) + salts[2] + salts[3]
        checked = struct.pack("<I", self.permissions) + b"\xff\xff\xff\xffTadb" + self._derived(b"rest")[:4]
        encryptor = Cipher(AES(self._key), ECB()).encryptor()  # noqa: S305 - one block, as the standard says
        self._values = {
            "U": known,
            "UE": _cbc(_hashed(user, salts[1], b""), _ZEROS, self._key),
            "O": owned,
            "OE": _cbc(_hashed(owner, salts[3], known), _ZEROS, self._key),
            "Perms": encryptor.update(checked) + encryptor.finalize(),
        }

    def _derived(self, purpose: bytes) -> bytes:
        return hmac.digest(self._secret, purpose, "sha256")


def _password(text: str) -> bytes:
    return unicodedata.normalize("NFKC", text).encode()[:_MOST_PASSWORD_BYTES]


def _hashed(password: bytes, salt: bytes, known: bytes) -> bytes:
    """Hash a password (algorithm 2.B)."""
    key = hashlib.sha256(password + salt + known).digest()
    for number in count():
        block = _cbc(key[:16], key[16:32], (password + key + known) * 64)
        key = hashlib.new(("sha256", "sha384", "sha512")[sum(block[:16]) % 3], block).digest()
        if number >= 63 and block[-1] <= number - 31:
            break
    return key[:32]


def _cbc(key: bytes, vector: bytes, data: bytes) -> bytes:
    encryptor = Cipher(AES(key), CBC(vector)).encryptor()
    return encryptor.update(data) + encryptor.finalize()
