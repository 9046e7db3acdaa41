"""A sign-off is somebody's SSH signature over exactly this build, or it is nothing."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.alpha.building import Alpha
from vanta.alpha.tracker import signing
from vanta.alpha.tracker.desk import look
from vanta.alpha.tracker.permission import required
from vanta.alpha.tracker.signing import Signed
from vanta.alpha.tracker.standing import stand
from vanta.domain.errors import RefusedError, UnavailableError, VantaError
from vanta.journal.reader import read

needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")


def under_review(alpha: Alpha, by: str = "ada") -> str:
    build = alpha.candidate(by=by)
    with alpha.desk() as desk:
        desk.name(desk.add("rerank", "Ties are dropped", "high"), build)
    return build


def sign(alpha: Alpha, who: str, armour: bytes, *, made_here: bool = False) -> Signed:
    with alpha.desk(who) as desk:
        return signing.add(desk, "T-1", armour.decode(), time.time_ns(), made_here=made_here)


def refusal(alpha: Alpha, who: str, armour: bytes) -> VantaError:
    with pytest.raises(VantaError) as refused:
        sign(alpha, who, armour)
    return refused.value


def test_enough_of_them_approve(governed: Alpha) -> None:
    build = under_review(governed)
    first = sign(governed, "grace", governed.armour("grace", build))
    assert (first.approval.by, first.approval.quorum) == (("grace",), False)
    assert first.approval.askable == ("alan",)
    second = sign(governed, "alan", governed.armour("alan", build))
    assert (second.approval.by, second.approval.met) == (("grace", "alan"), True)
    assert look(governed.layout)[0].threads["T-1"].status == "approved"
    assert stand(governed.layout, time.time_ns()).statuses == {"T-1": "approved"}
    assert signing.worth(governed.layout, build, time.time_ns()).met


def test_a_sign_off_names_the_policy_it_was_judged_by(governed: Alpha) -> None:
    build = under_review(governed)
    sign(governed, "grace", governed.armour("grace", build))
    record = list(read(governed.layout.journal("tracker")))[-1]
    assert record.type == "sign_off.added"
    published = required(governed.layout, time.time_ns())
    assert record.policy == published.commit != ""


@needs_ssh
def test_it_lies_beside_its_candidate_and_ssh_keygen_alone_can_check_it(
    governed: Alpha, tmp_path: Path
) -> None:
    build = under_review(governed)
    sign(governed, "grace", governed.armour("grace", build))
    folder = governed.folder(build)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"grace {governed.keys['grace'].openssh}\n")
    with (folder / "manifest.json").open("rb") as manifest:
        done = subprocess.run(
            ["ssh-keygen", "-Y", "verify", "-f", allowed, "-I", "grace", "-n", "vanta-review",
             "-s", folder / "signoffs" / "grace.sig"],
            stdin=manifest, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr


@needs_ssh
def test_it_is_made_by_the_persons_own_ssh(governed: Alpha) -> None:
    build = under_review(governed)
    made = signing.made(governed.layout, "T-1", governed.root / "grace", told=print)
    # Ed25519 is deterministic, so both are the same signature.
    assert made.encode() == governed.armour("grace", build)


@needs_ssh
def test_what_ssh_keygen_says_is_told(governed: Alpha) -> None:
    under_review(governed)
    key = governed.root / "grace"
    key.chmod(0o644)
    with pytest.raises(UnavailableError) as unsigned:
        signing.made(governed.layout, "T-1", key, told=print)
    assert unsigned.value.code == "NO_SIGNATURE"
    assert "Permissions 0644" in unsigned.value.message
    assert "\n" not in unsigned.value.message


def test_nobody_reviews_what_they_built(governed: Alpha) -> None:
    build = under_review(governed, by="grace")
    sign(governed, "alan", governed.armour("alan", build))
    own = sign(governed, "grace", governed.armour("grace", build))
    assert own.approval.by == ("alan",)
    assert [(one.person, one.why) for one in own.approval.uncounted] == [("grace", "BUILT_IT")]
    assert look(governed.layout)[0].threads["T-1"].status == "in_review"


def test_a_key_nobody_has_signs_for_nobody(governed: Alpha) -> None:
    build = under_review(governed)
    error = refusal(governed, "mallory", governed.armour("mallory", build))
    assert error.code == "UNKNOWN_SIGNER"
    assert not (governed.folder(build) / "signoffs").exists()


def test_what_a_stranger_built_is_never_approved(governed: Alpha) -> None:
    build = under_review(governed, by="mallory")
    sign(governed, "grace", governed.armour("grace", build))
    signed = sign(governed, "alan", governed.armour("alan", build))
    assert (signed.approval.builder, signed.approval.by) == ("", ("grace", "alan"))
    assert not signed.approval.quorum
    assert look(governed.layout)[0].threads["T-1"].status == "in_review"
    assert stand(governed.layout, time.time_ns()).statuses == {"T-1": "in_review"}


def test_a_signature_over_another_manifest_is_refused(governed: Alpha) -> None:
    under_review(governed)
    other = governed.candidate("0.3.0")
    assert refusal(governed, "grace", governed.armour("grace", other)).code == "BAD_SIGNATURE"


def test_a_signature_for_something_else_is_refused(governed: Alpha) -> None:
    build = under_review(governed)
    armour = governed.armour("grace", build, "vanta-build")
    error = refusal(governed, "grace", armour)
    assert error.code == "WRONG_NAMESPACE"
    assert "vanta-review" in error.remedy


def test_words_are_no_signature(governed: Alpha) -> None:
    under_review(governed)
    assert refusal(governed, "grace", b"approved, says grace").code == "MALFORMED_SIGNATURE"


def test_the_same_signature_again_is_nothing_new(governed: Alpha) -> None:
    build = under_review(governed)
    armour = governed.armour("grace", build)
    assert sign(governed, "grace", armour).new
    before = governed.layout.journal("tracker").read_bytes()
    shutil.rmtree(governed.folder(build) / "signoffs")
    assert not sign(governed, "grace", armour).new
    assert governed.layout.journal("tracker").read_bytes() == before
    assert (governed.folder(build) / "signoffs" / "grace.sig").read_bytes() == armour


def test_taking_back_takes_no_signature_and_holds_against_the_one_taken_back(
    governed: Alpha,
) -> None:
    build = under_review(governed)
    armour = {who: governed.armour(who, build) for who in ("grace", "alan")}
    for who, made in armour.items():
        sign(governed, who, made)
    with governed.desk("alan") as desk:
        signing.withdraw(desk, "T-1", "grace", "it loses ties after all")
    assert look(governed.layout)[0].threads["T-1"].status == "in_review"
    assert not (governed.folder(build) / "signoffs" / "grace.sig").exists()
    assert (governed.folder(build) / "signoffs" / "alan.sig").exists()

    assert refusal(governed, "alan", armour["grace"]).code == "WITHDRAWN"
    # She may think again: it is her key that says so.
    again = sign(governed, "grace", armour["grace"], made_here=True)
    assert again.approval.met


def test_what_is_taken_back_goes_from_the_release_as_well(governed: Alpha) -> None:
    build = under_review(governed)
    sign(governed, "grace", governed.armour("grace", build))
    sign(governed, "alan", governed.armour("alan", build))
    release = governed.folder(build).parent.with_name("releases") / build
    shutil.copytree(governed.folder(build), release)
    with governed.desk("alan") as desk:
        signing.withdraw(desk, "T-1", "grace", "it loses ties after all")
    assert [each.name for each in (release / "signoffs").iterdir()] == ["alan.sig"]


def test_what_was_left_lying_goes_when_the_same_is_typed_again(governed: Alpha) -> None:
    build = under_review(governed)
    sign(governed, "grace", governed.armour("grace", build))
    beside = governed.folder(build) / "signoffs"
    release = governed.folder(build).parent.with_name("releases") / build
    (release / "signoffs" / "grace.sig").mkdir(parents=True)
    with governed.desk() as desk, pytest.raises(UnavailableError) as held:
        signing.withdraw(desk, "T-1", "grace", "too early")
    assert (held.value.code, "recorded" in held.value.message) == ("WRITE_FAILED", True)
    assert (beside / "grace.sig").exists()
    shutil.rmtree(release)
    recorded = governed.layout.journal("tracker").read_bytes()
    with governed.desk() as desk:
        signing.withdraw(desk, "T-1", "grace", "too early")
    assert list(beside.iterdir()) == []
    assert governed.layout.journal("tracker").read_bytes() == recorded


def test_only_what_is_there_is_taken_back(governed: Alpha) -> None:
    under_review(governed)
    with governed.desk() as desk, pytest.raises(UnavailableError) as missing:
        signing.withdraw(desk, "T-1", "grace", "never was")
    assert missing.value.code == "NO_SIGN_OFF"


def test_a_manifest_that_was_changed_after_it_was_named_takes_no_sign_off(
    governed: Alpha,
) -> None:
    build = under_review(governed)
    armour = governed.armour("grace", build)
    manifest = governed.folder(build) / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"extras":[]', b'"extras":["x"]'))
    assert refusal(governed, "grace", armour).code == "OTHER_BUILD"
    with pytest.raises(RefusedError) as changed:
        signing.worth(governed.layout, build, time.time_ns())
    assert changed.value.code == "OTHER_BUILD"


def test_another_builder_than_the_one_that_was_named_is_told(governed: Alpha) -> None:
    build = under_review(governed)
    folder = governed.folder(build)
    (folder / "manifest.json.sig").write_bytes(governed.armour("alan", build, "vanta-build"))
    assert refusal(governed, "grace", governed.armour("grace", build)).code == "MANIFEST_CHANGED"
    with governed.desk() as desk:
        desk.name(desk.state.thread("T-1"), build)
    assert sign(governed, "grace", governed.armour("grace", build)).approval.builder == "alan"


@pytest.mark.parametrize("signed_by", ["", "nonsense", "other"])
def test_a_candidate_nobody_signed_as_built_is_not_named(governed: Alpha, signed_by: str) -> None:
    build, other = governed.candidate(), governed.candidate("0.3.0")
    signature = governed.folder(build) / "manifest.json.sig"
    match signed_by:
        case "":
            signature.unlink()
        case "nonsense":
            signature.write_bytes(b"ada was here")
        case _:
            signature.write_bytes(governed.armour("ada", other, "vanta-build"))
    with governed.desk() as desk, pytest.raises(VantaError) as unsigned:
        desk.name(desk.add("rerank", "Ties are dropped", "high"), build)
    assert unsigned.value.code in {"UNSIGNED", "MALFORMED_SIGNATURE", "BAD_SIGNATURE"}


def test_a_trap_in_a_candidates_place_is_not_walked_into(alpha: Alpha, tmp_path: Path) -> None:
    build = under_review(alpha)
    manifest = alpha.folder(build) / "manifest.json"
    manifest.rename(tmp_path / "manifest.json")
    manifest.symlink_to(tmp_path / "manifest.json")
    with alpha.desk() as desk, pytest.raises(UnavailableError) as link:
        desk.found(build)
    assert link.value.code == "NO_CANDIDATE"
    manifest.unlink()
    os.mkfifo(manifest)
    with alpha.desk() as desk, pytest.raises(VantaError):
        desk.found(build)


def test_sign_offs_are_laid_beside_their_candidate_and_nowhere_else(
    governed: Alpha, tmp_path: Path
) -> None:
    build = under_review(governed)
    (tmp_path / "elsewhere").mkdir()
    (governed.folder(build) / "signoffs").symlink_to(tmp_path / "elsewhere")
    error = refusal(governed, "grace", governed.armour("grace", build))
    assert error.code == "WRITE_FAILED"
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../../etc", "0.2.0", "", "0.2.0-0123456789ab", "x/0.2.0-0123456789ab"]
)
def test_only_builds_that_lie_there_are_candidates(alpha: Alpha, name: str) -> None:
    there = alpha.candidate()
    with alpha.desk() as desk, pytest.raises(UnavailableError) as missing:
        desk.name(desk.add("rerank", "Ties are dropped", "high"), name)
    assert missing.value.code == "NO_CANDIDATE"
    assert there in missing.value.remedy


def test_candidates_lie_on_the_export_that_the_node_names(governed: Alpha, tmp_path: Path) -> None:
    build = governed.candidate()
    (tmp_path / "export").mkdir()
    (governed.root / "build" / "modules").rename(tmp_path / "export" / "modules")
    with governed.desk() as desk, pytest.raises(UnavailableError):
        desk.found(build)
    with governed.layout.config.open("a") as config:
        config.write(f"builds: {{export: {tmp_path / 'export'}}}\n")
    with governed.desk() as desk:
        assert desk.found(build).folder == tmp_path / "export" / "modules" / build


def test_a_folder_that_took_anothers_name_is_not_it(alpha: Alpha) -> None:
    there = alpha.candidate()
    alpha.folder(there).rename(alpha.folder("9.9.9-0123456789ab"))
    with alpha.desk() as desk, pytest.raises(RefusedError) as changed:
        desk.name(desk.add("rerank", "Ties are dropped", "high"), "9.9.9-0123456789ab")
    assert changed.value.code == "OTHER_BUILD"


def test_without_a_policy_nobody_can_say_who_signed(alpha: Alpha) -> None:
    build = under_review(alpha)
    error = refusal(alpha, "grace", alpha.armour("grace", build))
    assert error.code == "NO_POLICY"
    with alpha.desk() as desk:
        alpha.sign_off(desk, build, "grace")
        alpha.sign_off(desk, build, "alan")
    # What was recorded counted then. Now nobody can say so.
    assert look(alpha.layout)[0].threads["T-1"].status == "approved"
    seen = stand(alpha.layout, time.time_ns())
    assert seen.statuses == {"T-1": "in_review"}
    assert seen.trouble


def test_a_new_candidate_starts_without_sign_offs(governed: Alpha) -> None:
    build = under_review(governed)
    for who in ("grace", "alan"):
        sign(governed, who, governed.armour(who, build))
    after = governed.candidate("0.3.0", follows=build)
    with governed.desk() as desk:
        thread = desk.name(desk.state.thread("T-1"), after)
        assert (thread.status, thread.earlier) == ("in_review", (build,))
        assert desk.state.candidates[build].threads == ()
        assert desk.state.candidates[after].sign_offs == ()
