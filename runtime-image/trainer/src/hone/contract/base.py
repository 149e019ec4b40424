"""What all documents of the contract have in common."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    model_validator,
)
from pydantic.alias_generators import to_camel


class Document(BaseModel):
    """Closed, immutable, camelCase on the wire; a member is left out rather than null, as the JSON Schemas have it."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        protected_namespaces=(),
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_null(cls, data: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - whatever JSON holds
        if (
            info.mode == "json"
            and isinstance(data, dict)
            and (nulls := [str(key) for key, value in data.items() if value is None])
        ):
            raise ValueError(f"{', '.join(nulls)} must be left out instead of null")
        return data

    def to_json(self) -> bytes:
        """The document as the contract writes it: members without a value are left out."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


class Union(Document):
    """A union: exactly one member is set, and its name is the choice."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self._set()) != 1:
            names = ", ".join(field.alias or name for name, field in type(self).model_fields.items())
            raise ValueError(f"exactly one of {names} must be set")
        return self

    def _set(self) -> list[str]:
        return [name for name in type(self).model_fields if getattr(self, name) is not None]

    @property
    def choice(self) -> str:
        """The name, on the wire, of the member that is set."""
        (name,) = self._set()
        return type(self).model_fields[name].alias or name

    @property
    def member(self) -> Document:
        """The member that is set."""
        (name,) = self._set()
        member: Document = getattr(self, name)
        return member


def _integral(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _utc(value: datetime) -> str:
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _parse_time(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    return datetime.fromisoformat(value) if isinstance(value, str) else value


#: JSON has one number type: 8.0 is an integer.
Int = Annotated[int, BeforeValidator(_integral)]
Positive = Annotated[Int, Field(ge=1)]
Count = Annotated[Int, Field(ge=0)]
Amount = Annotated[float, Field(ge=0)]
Time = Annotated[AwareDatetime, BeforeValidator(_parse_time), PlainSerializer(_utc, return_type=str)]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-z]{1,10}$")]
