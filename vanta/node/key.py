"""The node's private key, as far as this process may have it.

On a node of its own root alone reads the file, and systemd hands it to the units that sign.
"""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vanta.governance.keys import load_private_key
from vanta.node.layout import Layout

CREDENTIAL = "node-key"
"""What units call it: `LoadCredential=node-key:/etc/vanta/keys/node`."""


def key_file(layout: Layout) -> Path:
    """Where this process finds it: what systemd gave it, else the node's own file."""
    given = os.environ.get("CREDENTIALS_DIRECTORY", "")
    handed = Path(given, CREDENTIAL)
    return handed if given and handed.exists() else layout.key


def load_node_key(layout: Layout) -> Ed25519PrivateKey:
    """The key.

    Raises:
        UnavailableError, RefusedError, MalformedError: as `load_private_key`.
    """
    return load_private_key(key_file(layout))
