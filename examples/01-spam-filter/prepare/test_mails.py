"""The example's data: no header, no duplicate and no mail in two splits."""

import json
from collections.abc import Sequence

import mails
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mails import Mail

BODIES = st.sampled_from(
    ["win money now", "Win  money, now!", "meeting at ten", "lunch?", "re: lunch", "free pills", "patch"]
)
MAILS = st.lists(st.builds(Mail, text=BODIES, label=st.sampled_from(mails.LABELS)), max_size=40)

# What is shown is not how fast it is: other work on the machine must not fail it.
settings.register_profile("hone", deadline=None)
settings.load_profile("hone")


def first_word(texts: Sequence[str]) -> list[str]:
    return [text.split()[0] for text in texts]


@given(MAILS)
def test_no_two_mails_share_a_key(rows: list[Mail]) -> None:
    kept = mails.without_duplicates(rows, mails.normalised_all, first_word)
    texts = [mail.text for mail in kept]
    assert len(set(mails.normalised_all(texts))) == len(kept)
    assert len(set(first_word(texts))) == len(kept)


@given(MAILS)
def test_only_what_is_ambiguous_or_doubled_is_removed(rows: list[Mail]) -> None:
    kept = mails.without_duplicates(rows, mails.normalised_all)
    labels: dict[str, set[str]] = {}
    for mail in rows:
        labels.setdefault(mails.normalised(mail.text), set()).add(mail.label)
    assert {mails.normalised(mail.text): mail.label for mail in kept} == {
        text: next(iter(found)) for text, found in labels.items() if len(found) == 1
    }


@given(
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(0, 9),
)
def test_splits_have_no_mail_in_common(ham: int, spam: int, train: int, test: int, held_out: int, seed: int) -> None:
    rows = [Mail(f"ham {n}", "ham") for n in range(ham)] + [Mail(f"spam {n}", "spam") for n in range(spam)]
    if train + test + held_out > len(rows):
        with pytest.raises(ValueError, match="ask for fewer"):
            mails.split(rows, train=train, test=test, held_out=held_out, seed=seed)
        return
    parts = mails.split(rows, train=train, test=test, held_out=held_out, seed=seed)
    assert [len(parts.train), len(parts.test), len(parts.held_out)] == [train, test, held_out]
    texts = [mail.text for mail in parts.train + parts.test + parts.held_out]
    assert len(set(texts)) == len(texts)
    assert set(texts) <= {mail.text for mail in rows}


def test_test_mails_do_not_depend_on_the_number_of_training_mails() -> None:
    rows = [Mail(f"mail {n}", mails.LABELS[n % 3 == 0]) for n in range(300)]
    few, many = (mails.split(rows, train=train, test=100, held_out=20, seed=7) for train in (10, 150))
    assert (few.test, few.held_out) == (many.test, many.held_out)
    assert mails.split(rows, train=10, test=100, held_out=20, seed=8).test != few.test


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        ("From: a@b\nSubject: secret\n\nHello\n there\n", "Hello there"),
        (
            "Subject: secret\nContent-Type: text/html\n\n<html><title>no</title><p>Buy&nbsp;<b>now</b></p></html>",
            "Buy now",
        ),
        ("Subject: secret\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n", "hello"),
        (
            "Content-Type: text/plain; charset=nonsense\nContent-Transfer-Encoding: quoted-printable\n\nna=EFve\n",
            "naïve",
        ),
        (
            "Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/html\n\n<p>rich</p>\n"
            "--x\nContent-Type: text/plain\n\nplain\n--x--\n",
            "plain",
        ),
        ("Content-Type: image/png\n\nnot a text\n", ""),
    ],
)
def test_body_is_what_the_reader_sees(raw: str, body: str) -> None:
    assert mails.body_of(raw) == body


def test_reads_the_unpacked_package(tmp_path) -> None:
    for group, number, text in (("spam-1", 2, "buy"), ("easy-ham-1", 1, "hi")):
        folder = tmp_path / "package" / "data" / group
        folder.mkdir(parents=True)
        document = {"id": f"{number:05}", "group": group, "text": f"Subject: x\n\n{text}"}
        (folder / f"{number:05}.abc.json").write_text(json.dumps(document))
    assert list(mails.read(tmp_path)) == [Mail("hi", "ham"), Mail("buy", "spam")]
