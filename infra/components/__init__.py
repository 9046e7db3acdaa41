"""What the program is made of: one component a concern, each with a dataclass of its arguments."""

import pulumi


class Component(pulumi.ComponentResource):
    """One concern; what it makes are its children and bear its name in a tag."""

    def __init__(self, concern: str, opts: pulumi.ResourceOptions | None, name: str = "") -> None:
        kind = concern.title().replace("-", "")
        super().__init__(f"vanta:infra:{kind}", name or concern, None, opts)
        self.concern = concern

    def child(self, *, after: list[pulumi.Resource] | None = None) -> pulumi.ResourceOptions:
        """Options of a part of this component, made after `after` where its inputs do not say."""
        return pulumi.ResourceOptions(parent=self, depends_on=after)
