"""No secret is anywhere in the graph: neither in an input, nor in an output, nor in the state."""

import re

import pytest

from tests.infra.recording import ENVIRONMENTS, SIGNATURE, recorded, values_in

_HOLDS_A_VALUE = re.compile(r"(password|passwordWo|secretString|secretBinary|authToken)$")
_LOOKS_SECRET = re.compile(
    r"-----BEGIN|AKIA[0-9A-Z]{16}|(?i:(secret|passw|token)[a-z_-]*\s*=\s*\S{8})"
)


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_no_resource_is_given_a_secret(stack: str) -> None:
    recording = recorded(stack)
    kinds = {resource.type for resource in recording.resources}
    assert not [kind for kind in kinds if "secretVersion" in kind or "accessKey" in kind]
    for resource in recording.resources:
        for path, value in values_in(resource.inputs):
            assert not _HOLDS_A_VALUE.search(path), f"{resource.urn}: {path}"
            assert not _LOOKS_SECRET.search(str(value)), f"{resource.urn}: {path}"


@pytest.mark.parametrize("stack", ENVIRONMENTS)
@pytest.mark.parametrize("preview", [False, True])
def test_outputs_name_secrets_and_hold_none(stack: str, preview: bool) -> None:  # noqa: FBT001
    outputs = recorded(stack, preview=preview).outputs
    assert outputs
    leaves = dict(values_in(outputs))
    # What is marked secret on the wire would be a secret in the state.
    assert not [path for path in leaves if SIGNATURE in path]
    for path, value in leaves.items():
        assert not _LOOKS_SECRET.search(str(value)), path
        if "secret" in path or "password" in path:
            assert preview or str(value).startswith("arn:aws:secretsmanager:"), path


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_the_databases_password_is_made_and_kept_by_the_provider(stack: str) -> None:
    inputs = recorded(stack).one("aws:rds/instance:Instance", "database").inputs
    assert inputs["manageMasterUserPassword"] is True
    assert "password" not in inputs
