"""What of an example is learnt, and that packing loses nothing and mixes nothing."""

import itertools
import random
from collections import Counter

import pytest
import torch
from transformers import AutoModelForCausalLM, BloomConfig

import tiny_language
from hone.data.language import Chat, PlainText, PromptCompletion
from hone.errors import RunError
from hone.evaluate.language import IGNORED
from hone.tasks.language.batches import LanguageCollator
from hone.tasks.language.packing import block, check_isolation, check_positions, pack
from hone.tasks.language.tokens import LanguageTokenizer, Sequence, UnusableError, check_chat

TOKENIZER = tiny_language.tokenizer()


def learnt(sequence: Sequence, tokenizer=TOKENIZER) -> str:
    return tokenizer.decode([label for label in sequence.labels if label != IGNORED])


def one(example, length: int = 128, tokenizer=TOKENIZER) -> Sequence:
    (sequence,) = LanguageTokenizer(tokenizer, length).sequences(example)
    return sequence


def test_of_a_prompt_only_the_completion_and_its_end_are_learnt():
    sequence = one(PromptCompletion("red?", " stop"))
    assert TOKENIZER.decode(sequence.ids) == "red? stop<|end|>"
    assert learnt(sequence) == " stop<|end|>"


def test_a_token_that_joins_prompt_and_completion_is_not_made():
    joining = tiny_language.tokenizer(merges=[("d", "s")])
    assert len(joining("ds")["input_ids"]) == 1
    sequence = one(PromptCompletion("red", "stop"), tokenizer=joining)
    assert sequence.ids[:3] == joining("red")["input_ids"]
    assert learnt(sequence, joining) == "stop<|end|>"


def test_a_long_completion_is_cut_and_a_prompt_that_leaves_no_room_is_told():
    assert learnt(one(PromptCompletion("red?", " stop"), 6)) == " s"
    with pytest.raises(UnusableError, match="starts after 4 tokens, and maxLength cuts at 4"):
        one(PromptCompletion("red?", " stop"), 4)


def test_of_a_conversation_every_turn_of_the_assistant_is_learnt_with_its_end():
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "red?"},
        {"role": "assistant", "content": "stop"},
        {"role": "user", "content": "green?"},
        {"role": "assistant", "content": "go"},
    ]
    sequence = one(Chat(messages))
    assert TOKENIZER.decode(sequence.ids) == TOKENIZER.apply_chat_template(messages, tokenize=False)
    assert learnt(sequence) == "stop<|end|>\ngo<|end|>\n"


def test_a_template_that_rewrites_earlier_turns_is_told():
    template = "{% for m in messages %}{{ m['role'] }}{{ m['content'] if loop.last else '' }}\n{% endfor %}"
    messages = [{"role": role, "content": "x"} for role in ("user", "assistant", "user")]
    with pytest.raises(UnusableError, match="message 2 differently once more follow"):
        one(Chat(messages), tokenizer=tiny_language.tokenizer(template))


def test_a_template_that_refuses_a_conversation_is_told_in_its_words():
    template = "{{ raise_exception('roles must alternate') }}"
    with pytest.raises(UnusableError, match=r"refuses it .roles must alternate"):
        one(Chat([{"role": "assistant", "content": "x"}]), tokenizer=tiny_language.tokenizer(template))


def test_a_tokenizer_without_a_chat_template_is_refused():
    with pytest.raises(RunError, match=r"no chat template.*write columns\.prompt") as error:
        check_chat(tiny_language.tokenizer(None), "pvc://claim/model")
    assert error.value.reason == "ModelInvalid"


@pytest.mark.parametrize("length", [2, 3, 7, 11, 12, 128])
def test_every_token_of_a_long_text_is_learnt_once(length):
    text = "go on then"
    ids = [*TOKENIZER(text)["input_ids"], 2]
    pieces = LanguageTokenizer(TOKENIZER, length).sequences(PlainText(text))
    assert all(2 <= len(piece.ids) <= length for piece in pieces)
    assert [label for piece in pieces for label in piece.labels if label != IGNORED] == ids[1:]
    for before, after in itertools.pairwise(pieces):
        assert after.ids[0] == before.ids[-1]


def sequences(count: int, seed: int, longest: int = 40) -> list[Sequence]:
    draw = random.Random(seed)
    rows = [[draw.randrange(3, 200) for _ in range(draw.randint(2, longest))] for _ in range(count)]
    return [Sequence(row, [IGNORED if index % 3 == 0 else token for index, token in enumerate(row)]) for row in rows]


@pytest.mark.parametrize("seed", range(5))
def test_packing_loses_no_token_and_learns_none_twice(seed):
    parts = sequences(60, seed)
    blocks = pack(parts, 48)
    assert all(len(set(map(len, found.values()))) == 1 and len(found["input_ids"]) <= 48 for found in blocks)
    rebuilt = []
    for found in blocks:
        starts = [index for index, position in enumerate(found["position_ids"]) if position == 0]
        for start, end in zip(starts, [*starts[1:], len(found["input_ids"])], strict=True):
            assert found["position_ids"][start:end] == list(range(end - start))
            assert found["labels"][start] == IGNORED
            rebuilt.append((tuple(found["input_ids"][start:end]), tuple(found["labels"][start + 1 : end])))
    assert Counter(rebuilt) == Counter((tuple(part.ids), tuple(part.labels[1:])) for part in parts)
    # Best fit: no two blocks would have fitted into one.
    rooms = sorted(48 - len(found["input_ids"]) for found in blocks)
    assert len(rooms) < 2 or rooms[-1] < 48 - rooms[-2]
    assert pack(parts, 48) == blocks


@pytest.mark.parametrize("config", [tiny_language.llama_config(), tiny_language.gpt2_config()], ids=["llama", "gpt2"])
def test_a_packed_block_gives_the_loss_and_gradients_of_its_examples_alone(config):
    torch.manual_seed(3)
    network = AutoModelForCausalLM.from_config(config)
    network.config.use_cache = False
    parts = sequences(5, seed=9, longest=12)
    collate = LanguageCollator(0)

    def gradients(batch):
        network.zero_grad()
        # The sum, so that batches of different numbers of tokens compare.
        loss = network(**batch).loss * (batch["labels"][:, 1:] != IGNORED).sum()
        loss.backward()
        return loss.detach(), [parameter.grad.clone() for parameter in network.parameters()]

    packed, of_block = gradients(collate([block(parts[:3]), block(parts[3:])]))
    rows = [{"input_ids": part.ids, "attention_mask": [1] * len(part.ids), "labels": part.labels} for part in parts]
    apart, of_rows = gradients(collate(rows))
    torch.testing.assert_close(packed, apart, rtol=1e-5, atol=1e-5)
    for one_gradient, other in zip(of_block, of_rows, strict=True):
        torch.testing.assert_close(one_gradient, other, rtol=1e-4, atol=1e-5)
    check_positions(network, "pvc://claim/model")
    check_isolation(network, "pvc://claim/model")


def test_a_model_that_leaks_within_a_block_is_refused():
    bloom = AutoModelForCausalLM.from_config(BloomConfig(vocab_size=64, hidden_size=16, n_layer=1, n_head=2))
    with pytest.raises(RunError, match="is a bloom, which takes no position ids"):
        check_positions(bloom, "pvc://claim/model")

    class Deaf(torch.nn.Module):
        """Takes position ids and attends to everything before it all the same."""

        def __init__(self):
            super().__init__()
            self.inner = AutoModelForCausalLM.from_config(tiny_language.llama_config())
            self.config = self.inner.config

        def forward(self, input_ids, position_ids=None, **options):
            return self.inner(input_ids, **options)

    with pytest.raises(RunError, match="lets sequences see each other"):
        check_isolation(Deaf(), "pvc://claim/model")
