"""Keys, and secrets that are named and never written down."""

from collections.abc import Iterator

from vanta_policies.document import open_to_anybody, statements
from vanta_policies.framework import cis, design
from vanta_policies.kinds import (
    KEY,
    PARAMETER,
    RANDOM_PASSWORD,
    SECRET,
    SECRET_POLICY,
    SECRET_VERSION,
    TLS_KEY,
)
from vanta_policies.rule import CRITICAL, HIGH, MEDIUM, Resource, at_least, rule, words

_SYMMETRIC = (None, "SYMMETRIC_DEFAULT")


@rule(
    "key-rotates",
    KEY,
    grounds=cis("3.6"),
    severity=HIGH,
    remedy="enable_key_rotation=True",
    repair=lambda inputs: inputs.update(enableKeyRotation=True),
)
def rotates(one: Resource) -> Iterator[str]:
    """A symmetric key of ours rotates by itself."""
    if one.at("customerMasterKeySpec") in _SYMMETRIC and one.at("enableKeyRotation") is not True:
        yield "enableKeyRotation is not True"


@rule(
    "key-takes-a-month-to-die",
    KEY,
    grounds=design("protection"),
    severity=HIGH,
    remedy="deletion_window_in_days=30",
    settings={"days": at_least(30, "How long a deletion can be taken back.", lowest=7)},
    repair=lambda inputs: inputs.update(deletionWindowInDays=30),
)
def dies_slowly(one: Resource) -> Iterator[str]:
    """A key that is to be deleted can be had back for a month: what it locks is gone with it."""
    days = one.number("deletionWindowInDays")
    if days is None or days < one.settings["days"]:
        yield f"deletionWindowInDays is {days or 'not set'}, less than {one.settings['days']}"


@rule(
    "key-is-for-those-it-names",
    KEY,
    grounds=design("identity"),
    severity=CRITICAL,
    remedy="name the principal; a service is bound by aws:SourceAccount or kms:EncryptionContext",
    document=True,
)
def key_named(one: Resource) -> Iterator[str]:
    """A key's policy is written down, names whole actions, and gives nothing to everybody."""
    if not one.states("policy"):
        yield "policy is not set: whoever IAM lets administer keys decides"
    for each in open_to_anybody(one, "policy"):
        yield f"{each.where} allows {', '.join(each.actions)} to everybody"
    for each in statements(one, "policy"):
        loose = [action for action in each.actions if "*" in action]
        if each.allows and (loose or each.inverted):
            yield f"{each.where} allows {', '.join(loose) or 'all but what it names'}"


@rule(
    "key-serves-services-for-us-alone",
    KEY,
    grounds=design("identity"),
    severity=HIGH,
    remedy="a condition on aws:SourceAccount, aws:SourceArn or kms:EncryptionContext:...",
    document=True,
)
def key_services(one: Resource) -> Iterator[str]:
    """A service may use a key for this account's sake alone."""
    for each in statements(one, "policy"):
        bound = any(
            key.startswith(("aws:source", "kms:encryptioncontext", "kms:calleraccount"))
            for keys in each.conditions.values()
            for key in keys
        )
        if each.allows and each.principals.get("Service") and not bound:
            services = ", ".join(each.principals["Service"])
            yield f"{each.where} lets {services} use it for whoever asks"


@rule(
    "key-cannot-lock-us-out",
    KEY,
    grounds=design("protection"),
    severity=HIGH,
    remedy="leave bypass_policy_lockout_safety_check out",
    repair=lambda inputs: inputs.update(bypassPolicyLockoutSafetyCheck=False),
)
def key_keeps_us(one: Resource) -> Iterator[str]:
    """AWS is asked to refuse a key policy that locks out whoever writes it."""
    if one.at("bypassPolicyLockoutSafetyCheck") is True:
        yield "bypassPolicyLockoutSafetyCheck is True"


@rule(
    "secret-is-kept-with-our-key",
    SECRET,
    grounds=design("secrets"),
    severity=HIGH,
    remedy="kms_key_id=..., and kms_key_id in each of replicas",
)
def secret_key(one: Resource) -> Iterator[str]:
    """A secret, and each replica of it, lies under a key that is named."""
    if not one.states("kmsKeyId"):
        yield "kmsKeyId is not set"
    for each in one.each("replicas"):
        if not each.states("kmsKeyId"):
            yield f"the replica in {each.at('region')} names no key"


@rule(
    "secret-can-be-had-back",
    SECRET,
    grounds=design("protection"),
    severity=MEDIUM,
    remedy="recovery_window_in_days between 7 and 30; 0 deletes at once",
    settings={"days": at_least(7, "How long a deletion can be taken back.", lowest=7)},
)
def secret_back(one: Resource) -> Iterator[str]:
    """A secret that is deleted can be had back for a week at least."""
    days = one.number("recoveryWindowInDays")
    if days is not None and days < one.settings["days"]:
        yield f"recoveryWindowInDays is {days}, less than {one.settings['days']}"


@rule(
    "secret-has-no-value-here",
    SECRET_VERSION,
    PARAMETER,
    RANDOM_PASSWORD,
    TLS_KEY,
    grounds=design("secrets"),
    severity=CRITICAL,
    remedy="name the secret in the program, and put its value in by hand:"
    " aws secretsmanager put-secret-value",
)
def secret_absent(one: Resource) -> Iterator[str]:
    """No secret's value passes through the program, since its state would keep it."""
    if one.kind != PARAMETER:
        yield f"{one.name} holds a value, and so would the stack's state"
    elif one.at("type") == "SecureString":
        yield "a SecureString's value would lie in the stack's state"


@rule(
    "secret-is-not-shared-out",
    SECRET_POLICY,
    grounds=design("secrets"),
    severity=CRITICAL,
    remedy="let roles read it by their own policies; a policy on the secret only denies",
    settings={"readers": words(says="Principals, by ARN, that a secret's own policy may let in.")},
    document=True,
)
def secret_unshared(one: Resource) -> Iterator[str]:
    """A secret's own policy lets in nobody but who is on the list."""
    for each in statements(one, "policy"):
        if not each.allows:
            continue
        named = [name for names in each.principals.values() for name in names]
        strangers = [name for name in named if name not in one.settings["readers"]]
        if strangers or not named:
            yield f"{each.where} lets {', '.join(strangers) or 'everybody'} in"


RULES = (
    rotates,
    dies_slowly,
    key_named,
    key_services,
    key_keeps_us,
    secret_key,
    secret_back,
    secret_absent,
    secret_unshared,
)
