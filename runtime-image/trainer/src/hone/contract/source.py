"""Where models and data come from."""

from typing import Annotated, Literal

from pydantic import Field

from hone.contract.base import Digest, Document

Uri = Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^(hf|s3|pvc|oci|https|file)://.+$")]


class SecretReference(Document):
    """Names a Secret of the run's namespace; what it holds reaches the pod in its environment alone."""

    name: Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")]


class ResolvedModel(Document):
    """A model; the digest is that of the artifact it was resolved to, and no other is accepted."""

    uri: Uri
    revision: Annotated[str, Field(max_length=128)] | None = None
    digest: Digest | None = None
    secret_ref: SecretReference | None = None


class Data(Document):
    """One data file."""

    uri: Uri
    digest: Digest | None = None
    format: Literal["JSONLines", "CSV", "Parquet", "ImageFolder"] | None = None
    secret_ref: SecretReference | None = None
