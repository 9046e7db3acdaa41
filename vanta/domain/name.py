"""What an environment, a document, a person, a role or an entry may be called."""

NAME = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
"""Lower-case letters, digits and dashes; as a regular expression to build others of."""
NAME_PATTERN = rf"^{NAME}$"
"""The same for a whole text."""
