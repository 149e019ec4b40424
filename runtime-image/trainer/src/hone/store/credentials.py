"""What a source is read with: the keys of a Secret, which the operator puts into the pod's environment."""

import os
from collections.abc import Mapping

from hone.contract.source import SecretReference
from hone.errors import RunError


class Credentials:
    """The keys of the Secret that a source names, or the plain environment for a source that names none.

    The operator gives every variable that comes from a Secret a prefix with the Secret's name, so that two sources can
    be read with two Secrets, and no Secret can replace a variable such as PATH.
    """

    def __init__(self, prefix: str, environment: Mapping[str, str]) -> None:
        self._prefix = prefix
        self._environment = environment

    @classmethod
    def of(cls, secret: SecretReference | None, uri: str) -> "Credentials":
        """Return the credentials of a source.

        Raises:
            RunError: ConfigInvalid if nothing of the Secret is in the environment, as without a cluster.
        """
        if secret is None:
            return cls("", os.environ)
        prefix = prefix_of(secret.name)
        if not any(name.startswith(prefix) for name in os.environ):
            raise RunError(
                "ConfigInvalid",
                f"The Secret {secret.name} that {uri} is read with is empty or did not reach the pod; write its keys "
                "into it (HF_TOKEN; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; OCI_USERNAME and OCI_PASSWORD).",
            )
        return cls(prefix, os.environ)

    @property
    def are_given(self) -> bool:
        """Whether a Secret is named, and so nothing but its keys may be used as credentials."""
        return bool(self._prefix)

    def get(self, name: str) -> str | None:
        """What the Secret holds under a key; without a Secret, the variable of that name."""
        return (self._environment.get(self._prefix + name) or "").strip() or None

    def setting(self, *names: str) -> str | None:
        """What is no secret, such as an endpoint: of the Secret, or otherwise of the environment."""
        for name in names:
            if found := self.get(name) or (self._environment.get(name) or "").strip():
                return found
        return None


def prefix_of(secret: str) -> str:
    """The prefix of a Secret's variables, as the operator writes it; no two names share one."""
    return "HONE_SECRET_" + secret.replace("-", "_").replace(".", "X") + "_"
