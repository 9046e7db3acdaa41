"""What stood beside a branch's documents: halts of its lane, hand edits, latches, a head too old.

The question "what if the documents had said this" leaves them as they were: a change of a cap lets
no halt go, unless it releases its nonce. Each publication of a node has its own, and its receipts
say which.
"""

from collections.abc import Iterable

from vanta.domain.policy import Policy
from vanta.domain.record import Position, Record
from vanta.governance.memory import Memory, remember


def standing_beside(records: Iterable[Record], proposed: Policy) -> dict[int, Policy]:
    """What would have been in force, had the documents said `proposed`.

    Args:
        records: of `governance.jsonl`, from its beginning, or from the first record of a segment.
        proposed: what a change's documents compile to.

    Returns:
        By the serial of each publication that the records state.

    Raises:
        MalformedError: a record no controller wrote.
    """
    memory, found = Memory(), dict[int, Policy]()
    for record in records:
        # Where a publication is in the journal is not asked here.
        memory = remember(memory, record, Position(0, record.prev))
        serial = memory.serial
        under = memory.under(proposed) if serial and serial not in found else None
        if under is not None:
            found[serial] = under
    return found
