"""The fine-tuning methods, as a union."""

from typing import Annotated, Literal

from pydantic import Field

from hone.contract.base import Document, Int, Union

Rank = Annotated[Int, Field(ge=1, le=1024)]
Alpha = Annotated[Int, Field(ge=1, le=4096)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
Layers = Annotated[list[Annotated[str, Field(min_length=1, max_length=256)]], Field(min_length=1, max_length=64)]
VirtualTokens = Annotated[Int, Field(ge=1, le=4096)]

ALL_LINEAR = "all-linear"


class Full(Document):
    """Every weight is trained."""


class Lora(Document):
    """Low-rank updates beside frozen linear layers; alpha is twice the rank where it is left out."""

    rank: Rank = 8
    alpha: Alpha | None = None
    dropout: Dropout = 0.0
    targets: Layers = [ALL_LINEAR]
    rs_lora: bool = False
    dora: bool = False
    bias: Literal["None", "All", "LoraOnly"] = "None"


class Qlora(Document):
    """LoRA over a base in four bits."""

    rank: Rank | None = None
    alpha: Alpha | None = None
    dropout: Dropout | None = None
    targets: Layers | None = None
    quant_type: Literal["NF4", "FP4"] | None = None
    double_quant: bool | None = None
    compute_type: Literal["FP32", "FP16", "BF16"] | None = None
    optimizer: Literal["AdamW", "PagedAdamW", "AdamW8bit", "PagedAdamW8bit"] | None = None


class BitFit(Document):
    """Only the bias terms and the head are trained."""


class Adapter(Document):
    """Bottleneck adapters."""

    placement: Literal["Houlsby", "Pfeiffer"] = "Pfeiffer"
    reduction_factor: Rank = 16
    activation: Literal["ReLU", "GELU", "SiLU", "Tanh"] = "GELU"


class PrefixTuning(Document):
    """Trained keys and values before every layer's own."""

    virtual_tokens: VirtualTokens | None = None
    projection: bool | None = None


class PromptTuning(Document):
    """Trained embeddings before the input's own."""

    virtual_tokens: VirtualTokens | None = None
    init_text: Annotated[str, Field(max_length=4096)] | None = None
    encoder: Literal["None", "MLP", "LSTM"] | None = None


class Method(Union):
    """Exactly one method."""

    full: Full | None = None
    lora: Lora | None = None
    qlora: Qlora | None = None
    bit_fit: BitFit | None = None
    adapter: Adapter | None = None
    prefix_tuning: PrefixTuning | None = None
    prompt_tuning: PromptTuning | None = None
