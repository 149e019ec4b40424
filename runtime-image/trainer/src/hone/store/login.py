"""What a registry is logged in to with: a user and a password, or a Secret that pods' images are pulled with."""

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from hone.errors import RunError
from hone.store.credentials import Credentials

#: Key of a Secret of the type kubernetes.io/dockerconfigjson.
DOCKER_CONFIG = ".dockerconfigjson"
#: The names of the one registry that has several.
_DOCKER_HUB = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})


@dataclass(frozen=True)
class Login:
    """A user, and what proves that it is one: a password, or a token that the registry's token server knows."""

    username: str = ""
    password: str = ""
    identity_token: str = ""


def login_to(registry: str, repository: str, credentials: Credentials, uri: str) -> Login | None:
    """Return what the source's Secret has for the registry; without a Secret, what the environment has.

    Raises:
        RunError: ConfigInvalid if a Secret is named that has nothing for this registry.
    """
    username, password = credentials.get("OCI_USERNAME"), credentials.get("OCI_PASSWORD")
    if username is not None and password is not None:
        return Login(username, password)
    if not credentials.are_given:
        return None
    config = credentials.get(DOCKER_CONFIG)
    if config is None:
        raise RunError(
            "ConfigInvalid",
            f"The Secret that {uri} is read with lacks OCI_USERNAME or OCI_PASSWORD; write both into it, or name a "
            "Secret of the type kubernetes.io/dockerconfigjson.",
        )
    try:
        found = _best(json.loads(config)["auths"].items(), registry, repository)
        login = None if found is None else _login(found)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RunError(
            "ConfigInvalid",
            f"The {DOCKER_CONFIG} of the Secret that {uri} is read with is none; make the Secret again with kubectl "
            "create secret docker-registry.",
        ) from None
    if login is None:
        raise RunError(
            "ConfigInvalid",
            f"The {DOCKER_CONFIG} of the Secret that {uri} is read with has nothing for {registry}; make a Secret with "
            f"kubectl create secret docker-registry --docker-server={registry}.",
        )
    return login


def _best(entries: Iterable[tuple[str, Any]], registry: str, repository: str) -> Any | None:  # noqa: ANN401 - JSON
    """The entry with the longest path that the repository is below, as the kubelet chooses it."""
    fitting: dict[str, Any] = {}
    for key, entry in entries:
        host, _, path = key.removeprefix("https://").removeprefix("http://").partition("/")
        # What Docker writes behind the host of a registry.
        path = "" if path.strip("/") in ("v1", "v2") else path.strip("/")
        if _is_host(registry, host) and f"{repository}/".startswith(f"{path}/" if path else ""):
            fitting.setdefault(path, entry)
    return fitting[max(fitting, key=len)] if fitting else None


def _is_host(registry: str, pattern: str) -> bool:
    if registry in _DOCKER_HUB:
        return pattern in _DOCKER_HUB
    # A `*` is one part of a name.
    parts, signs = registry.split("."), pattern.split(".")
    return len(parts) == len(signs) and all(map(fnmatchcase, parts, signs))


def _login(entry: dict[str, str]) -> Login | None:
    username, password = entry.get("username") or "", entry.get("password") or ""
    if not username and (encoded := entry.get("auth")):
        try:
            username, _, password = b64decode(encoded, validate=True).decode().partition(":")
        except Base64Error as error:
            raise ValueError("auth") from error
    token = entry.get("identitytoken") or ""
    return Login(username, password, token) if token or (username and password) else None
