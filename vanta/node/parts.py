"""What the parts of a node's configuration are made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr

Text = Annotated[StrictStr, Field(min_length=1, max_length=400)]

Credential = Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$")]
"""Name of a systemd credential of the unit that needs it; never the secret itself."""


class Part(BaseModel):
    """One part: unknown fields are errors, and what was read does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
