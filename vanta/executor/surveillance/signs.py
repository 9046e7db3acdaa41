"""The sign of life of the comparison, as a file in `memory/`."""

SURVEILLANCE_SIGN = "surveillance.heartbeat"
