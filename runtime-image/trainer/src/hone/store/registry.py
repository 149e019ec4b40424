"""Speaks the API of OCI registries, as far as it reads: manifests, blobs, and the tokens that open them.

Sources: the OCI Distribution Specification 1.1, and for tokens distribution.github.io/distribution/spec/auth/token.
"""

import ipaddress
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.request import parse_http_list, parse_keqv_list

import httpx

from hone.errors import RunError
from hone.store.login import Login
from hone.store.transfer import TIMEOUT_SECONDS, Sink, busy, continued, in_tries

_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
#: The most that registries have to take, by the specification.
_MANIFEST_BYTES = 4 << 20
_DOCKER_HUB = "registry-1.docker.io"
_BAD_TOKEN_REQUEST = (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


class DeniedError(Exception):
    """The registry shows the repository to nobody, or not to these credentials."""


class MissingError(Exception):
    """The registry has no such thing."""


class Repository:
    """One repository of a registry, over https; over http only where the network is this machine's own."""

    def __init__(
        self, registry: str, name: str, login: Login | None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.registry, self.name = registry, name
        host = _DOCKER_HUB if registry == "docker.io" else registry
        self._is_own = is_loopback(httpx.URL(f"http://{host}").host)
        self._root = f"{'http' if self._is_own else 'https'}://{host}/v2/{name}"
        self._sleep = sleep
        self._client = httpx.Client(
            auth=RegistryAuth(login, f"repository:{name}:pull", self._check_way),
            verify=ssl.create_default_context(),
            follow_redirects=True,
            timeout=TIMEOUT_SECONDS,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def manifest(self, reference: str, shown: str) -> bytes:
        """Return what a tag or digest means.

        Raises:
            DeniedError, MissingError: as they say.
            RunError: ArtifactCorrupt for more than a manifest may have, Internal if the registry does not answer.
        """
        content = bytearray()

        def attempt() -> str:
            content.clear()
            headers = {"Accept": ", ".join(_MANIFESTS)}
            with self._client.stream("GET", f"{self._root}/manifests/{reference}", headers=headers) as response:
                if trouble := busy(response):
                    return trouble
                self._check(response)
                for chunk in response.iter_bytes():
                    content.extend(chunk)
                    if len(content) > _MANIFEST_BYTES:
                        raise RunError(
                            "ArtifactCorrupt",
                            f"{shown} has a manifest of more than {_MANIFEST_BYTES} bytes; name another.",
                        )
            return ""

        in_tries(shown, attempt, self._sleep)
        return bytes(content)

    def blob(self, digest: str, size: int, path: Path, shown: str) -> None:
        """Fetch a blob into a file that is not there yet, and compare it with its digest and size on the way.

        Raises:
            DeniedError, MissingError: as they say.
            RunError: ArtifactCorrupt for other bytes, Internal if the registry does not answer.
        """
        sink = Sink(path, algorithm=digest.partition(":")[0], limit=size)
        url = f"{self._root}/blobs/{digest}"
        in_tries(shown, lambda: continued(self._client, url, sink, self._check), self._sleep)
        if (sink.digest, sink.size) != (digest, size):
            path.unlink()
            raise RunError(
                "ArtifactCorrupt",
                f"{shown} came with {sink.size} bytes and the digest {sink.digest}, and its manifest says {size} bytes "
                f"and {digest}; push the artifact again.",
            )

    def _check(self, response: httpx.Response) -> None:
        self._check_way(response.url)
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise DeniedError
        if response.status_code == httpx.codes.NOT_FOUND:
            raise MissingError
        if response.is_error:
            raise RunError("Internal", f"{self.registry} answers {response.status_code} for {self.name}.")

    def _check_way(self, url: httpx.URL) -> None:
        """Refuse to be led from https to http."""
        if url.scheme != "https" and not (self._is_own and is_loopback(url.host)):
            raise RunError(
                "ConfigInvalid",
                f"{self.registry} leads to {url.scheme}://{url.host}; name a registry that stays https.",
            )


class RegistryAuth(httpx.Auth):
    """Answers a registry's challenge: with the password, or with a token of the server that the challenge names.

    Nothing is sent before the registry asks, and nothing to where it redirects to.
    """

    def __init__(self, login: Login | None, scope: str, check_way: Callable[[httpx.URL], None]) -> None:
        self._login, self._scope, self._check_way = login, scope, check_way
        self._header: str | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The flow of one request.

        Raises:
            DeniedError: if the token's server refuses the login.
            RunError: if that server is reached by http, or answers nonsense.
        """
        if used := self._header:
            request.headers["Authorization"] = used
        response = yield request
        if response.status_code != httpx.codes.UNAUTHORIZED or response.url != request.url:
            return
        # Another thread may have a new token by now, in place of one that ran out.
        if self._header == used:
            challenges = dict(map(_challenge, response.headers.get_list("WWW-Authenticate")))
            if "bearer" in challenges:
                response = yield self._token_request(challenges["bearer"])
                if response.status_code in _BAD_TOKEN_REQUEST:
                    raise DeniedError
                if busy(response):
                    return
                if response.is_error:
                    raise RunError(
                        "Internal", f"{response.url.host} answers {response.status_code} to a request for a token."
                    )
                response.read()
                self._header = f"Bearer {_token(response)}"
            elif "basic" in challenges and self._login is not None and self._login.password:
                self._header = _basic(self._login)
        if self._header is None or self._header == used:
            return
        request.headers["Authorization"] = self._header
        yield request

    def _token_request(self, challenge: dict[str, str]) -> httpx.Request:
        try:
            realm = httpx.URL(challenge["realm"])
        except (KeyError, httpx.InvalidURL):
            raise RunError("Internal", "The registry asks for a token and does not say where to get one.") from None
        self._check_way(realm)
        asked = {"service": challenge.get("service", ""), "scope": challenge.get("scope") or self._scope}
        login = self._login
        if login is not None and login.identity_token:
            form = {
                "grant_type": "refresh_token",
                "client_id": "hone",
                "refresh_token": login.identity_token,
                **asked,
            }
            return httpx.Request("POST", realm, data=form)
        headers = {} if login is None else {"Authorization": _basic(login)}
        return httpx.Request("GET", realm.copy_merge_params(asked), headers=headers)


def is_loopback(host: str) -> bool:
    """Whether a name or an address is of this machine alone, where registries' clients take http."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    return False


def _challenge(header: str) -> tuple[str, dict[str, str]]:
    """Scheme and parameters of a WWW-Authenticate header."""
    scheme, _, rest = header.strip().partition(" ")
    return scheme.lower(), parse_keqv_list([part for part in parse_http_list(rest) if "=" in part])


def _token(response: httpx.Response) -> str:
    with suppress(ValueError, AttributeError):
        document = response.json()
        if isinstance(token := document.get("token") or document.get("access_token"), str):
            return token
    raise RunError("Internal", f"{response.url.host} answers a request for a token without one.")


def _basic(login: Login) -> str:
    return "Basic " + b64encode(f"{login.username}:{login.password}".encode()).decode()
