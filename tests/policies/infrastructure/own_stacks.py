"""The program's own stacks, recorded, as the pack is told of them."""

from functools import cache

from tests.infra.recording import recorded
from tests.policies.infrastructure.engine import Made


@cache
def own_stack(environment: str, *, preview: bool = False) -> tuple[Made, ...]:
    """Every resource that the program asks for in an environment."""
    return tuple(
        Made(
            one.type,
            one.inputs,
            one.name,
            one.uses,
            environment,
            one.protect,
            one.urn,
        )
        for one in recorded(environment, preview=preview).resources
    )
