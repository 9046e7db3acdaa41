"""Everybody who signs in these tests, by every kind of key SSH knows."""

from collections.abc import Callable
from functools import cache
from typing import Final

from tests.conformance.signers import (
    Signer,
    certified,
    ecdsa,
    ed25519,
    rsa_key,
    security_key,
    webauthn,
)

STRANGER: Final = ed25519("stranger")
"""Somebody nobody lists."""
OTHER: Final = ed25519("other")
"""Somebody the authority and the allowed signers list, who signs nothing but what is said here."""
WEAK: Final[dict[str, Callable[[], Signer]]] = {
    "RSA of 2048 bits": lambda: rsa_key("short", 2048),
    "RSA of 1024 bits": lambda: rsa_key("tiny", 1024),
    "RSA with SHA-1": lambda: rsa_key("old", 3072, "ssh-rsa"),
    "a web site's": lambda: security_key("web", "ed25519", application=b"https://x.example"),
    "a browser's": lambda: webauthn("browser", "https://x.example"),
    "certified": lambda: certified("staff"),
}
"""People whose signatures are refused whoever they are; Git lists them all."""


@cache
def people() -> tuple[Signer, ...]:
    """Everybody whose signature is to be accepted, by every kind of key and algorithm."""
    return (
        ed25519("ada"),
        ecdsa("grace", "nistp256"),
        ecdsa("alan", "nistp384"),
        ecdsa("olga", "nistp521"),
        rsa_key("carol", 3072),
        rsa_key("carol", 3072, "rsa-sha2-256"),
        rsa_key("dan", 4096),
        rsa_key("dan", 4096, "rsa-sha2-256"),
        security_key("eve", "ed25519"),
        security_key("frank", "ecdsa"),
    )
