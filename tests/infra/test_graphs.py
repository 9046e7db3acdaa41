"""The graph of each environment is the one that was reviewed, and a preview of it has the same."""

from dataclasses import replace

import pytest

from tests.infra.graph import GRAPHS, let_go, text_of
from tests.infra.recording import (
    ENVIRONMENTS,
    UNKNOWN,
    UnstubbedCallError,
    record,
    recorded,
    values_in,
)


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_the_graph_is_the_one_that_was_reviewed(stack: str) -> None:
    reviewed = (GRAPHS / f"{stack}.txt").read_text().splitlines()
    assert text_of(recorded(stack)).splitlines() == reviewed, (
        "the graph is another: read the difference, then: python -m tests.infra.graph"
    )


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_a_preview_has_the_same_resources_with_the_same_dependencies(stack: str) -> None:
    done, previewed = recorded(stack), recorded(stack, preview=True)
    assert [one.urn for one in previewed.resources] == [one.urn for one in done.resources]
    for before, after in zip(previewed.resources, done.resources, strict=True):
        assert before.uses == after.uses
        assert before.after == after.after
        assert before.protect == after.protect


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_what_a_preview_does_not_know_is_what_only_the_provider_says(stack: str) -> None:
    done = {one.urn: one for one in recorded(stack).resources}
    for resource in recorded(stack, preview=True).resources:
        known = dict(values_in(done[resource.urn].inputs))
        for path, value in values_in(resource.inputs):
            if value != UNKNOWN:
                assert known[path] == value, f"{resource.urn}: {path}"
            else:
                key = path.split(".")[0].split("[")[0]
                assert resource.uses.get(key), f"{resource.urn}: {path} waits for nothing"


def test_what_is_protected_does_not_vanish_unnoticed() -> None:
    recording = recorded("prod")
    text = text_of(recording)
    assert let_go(text, recording) == []
    kept = [one for one in recording.resources if one.name != "journals"]
    assert let_go(text, replace(recording, resources=tuple(kept))) == [
        "aws:s3/bucket:Bucket journals"
    ]
    bucket = recording.one("aws:s3/bucket:Bucket", "journals")
    renamed = replace(bucket, name="records", aliases=("journals",))
    assert let_go(text, replace(recording, resources=(*kept, renamed))) == []


def test_a_question_to_the_provider_that_nobody_answers_fails() -> None:
    import pulumi_aws as aws  # noqa: PLC0415 - nothing else here needs it

    with pytest.raises(Exception, match="asks the provider nothing") as caught:
        record("dev", program=aws.get_caller_identity)
    assert UnstubbedCallError.__name__ in repr(caught)
