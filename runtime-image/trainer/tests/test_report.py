import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from contract_samples import SAMPLES, schemas
from hone.contract import Failure, ProgressReport, RunResult
from hone.errors import RunError
from hone.report import ProgressSender, ReportClient, Superseded, write_termination
from hone.report.client import Patience
from hone.report.termination import termination_message
from report_server import OK, report_server

RESULT = RunResult.model_validate_json((SAMPLES / "valid/result.finetune.json").read_bytes())
IMPATIENT = Patience(away=3.0, refused=1.5, first_wait=0.01, longest_wait=0.05)


@pytest.fixture
def server(tmp_path: Path):
    with report_server(tmp_path / "server") as running:
        yield running


@pytest.fixture
def client(server):
    made = ReportClient(server.report, IMPATIENT)
    yield made
    made.close()


def progress(percent: float) -> ProgressReport:
    return ProgressReport(contract_version="v1", hash="abc", phase="Training", percent=percent, time=datetime.now(UTC))


def test_a_result_arrives_whole(server, client):
    client.result(RESULT)
    assert RunResult.model_validate_json(json.dumps(server.received["result"][0])) == RESULT


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 401, 403, 404, 409])
def test_a_result_is_offered_again(server, client, status):
    server.reply = lambda path, call: (status, {"message": "not now"}, {}) if call < 3 else OK
    client.result(RESULT)
    assert server.calls["result"] == 3


def test_the_server_says_when_to_come_back(server):
    waits: list[float] = []
    client = ReportClient(server.report, IMPATIENT, sleep=waits.append)
    server.reply = lambda path, call: (503, {}, {"Retry-After": "2"}) if call == 1 else OK
    client.result(RESULT)
    assert waits == [2.0]


def test_an_operator_that_is_away_is_waited_for(server, client):
    # Nobody listens on the port until the first wait is over.
    port, server.port = server.port, 1
    gone = ReportClient(server.report, IMPATIENT, sleep=lambda _: setattr(gone, "_report", again))
    server.port = port
    again = server.report
    gone.result(RESULT)
    assert server.calls["result"] == 1


def test_an_operator_that_stays_away_fails_the_try_but_not_for_ever(server):
    server.port = 1
    with pytest.raises(RunError) as caught:
        ReportClient(server.report, IMPATIENT).result(RESULT)
    assert caught.value.exit_code == 1
    assert "the next try reports it again" in caught.value.message


def test_a_run_that_is_not_the_current_one_gives_up_after_a_while(server, client):
    server.reply = lambda path, call: (409, {}, {})
    with pytest.raises(Superseded):
        client.result(RESULT)
    assert server.calls["result"] > 3


@pytest.mark.parametrize(("status", "calls"), [(400, 1), (413, 1), (403, 4)])
def test_a_refused_result_says_what_the_operator_said(server, client, status, calls):
    server.reply = lambda path, call: (status, {"message": "the token is another pod's"}, {})
    with pytest.raises(RunError) as caught:
        client.result(RESULT)
    assert caught.value.reason == "ReportRejected"
    assert "the token is another pod's" in caught.value.message
    assert server.calls["result"] >= calls


def test_the_token_is_read_before_each_call(server, client):
    client.progress(progress(1))
    (server.folder / "token").write_text("second-token")
    client.progress(progress(2))
    assert server.tokens == ["first-token", "second-token"]


def test_another_authority_is_not_believed(server, client):
    trustme.CA().cert_pem.write_to_path(server.folder / "ca.crt")
    answer = client.progress(progress(1))
    assert answer.status == 0
    assert "CERTIFICATE_VERIFY_FAILED" in answer.detail
    assert server.calls["progress"] == 0


def test_a_renewed_authority_is_read_again(server, client):
    right = (server.folder / "ca.crt").read_bytes()
    trustme.CA().cert_pem.write_to_path(server.folder / "ca.crt")
    assert client.progress(progress(1)).status == 0
    (server.folder / "ca.crt").write_bytes(right)
    assert client.progress(progress(2)).status == 200


def test_the_newest_report_wins_and_the_last_one_arrives(server, client):
    held = threading.Event()

    def slow_first(path: str, call: int):
        if call == 1:
            server.changed.release()
            held.wait(10)
            server.changed.acquire()
        return OK

    server.reply = slow_first
    sender = ProgressSender(client)
    sender(progress(1))
    server.wait_for(lambda: server.calls["progress"] == 1)
    for percent in range(2, 50):
        sender(progress(percent))
    held.set()
    sender.close()
    assert [report["percent"] for report in server.received["progress"]] == [1.0, 49.0]
    schemas()["progress"].validate(server.received["progress"][0])


def test_reports_that_fail_do_not_fail_the_run(server, client):
    server.port = 1
    lost = ReportClient(server.report, IMPATIENT)
    sender = ProgressSender(lost)
    for percent in range(5):
        sender(progress(percent))
    sender.close()


def test_a_superseded_run_stops_at_its_next_report(server, client):
    server.reply = lambda path, call: (409, {}, {})
    sender = ProgressSender(client, superseded_after=0.2)
    sender(progress(1))
    deadline = threading.Event()
    with pytest.raises(Superseded):  # noqa: PT012
        for _ in range(200):
            sender(progress(2))
            deadline.wait(0.05)
    assert server.calls["progress"] >= 2
    sender.close()


def test_one_409_is_no_reason_to_stop(server, client):
    server.reply = lambda path, call: (409, {}, {}) if call == 1 else OK
    sender = ProgressSender(client, superseded_after=0.4)
    sender(progress(1))
    server.wait_for(lambda: server.calls["progress"] == 1)
    sender(progress(2))
    server.wait_for(lambda: server.calls["progress"] == 2)
    sender(progress(3))
    server.wait_for(lambda: server.calls["progress"] == 3)
    sender.close()


def test_the_termination_message_fits(tmp_path, monkeypatch):
    monkeypatch.setenv("HONE_TERMINATION_LOG", str(tmp_path / "log"))
    write_termination(RESULT)
    assert RunResult.model_validate_json((tmp_path / "log").read_bytes()) == RESULT
    long = RESULT.model_copy(update={"warnings": ["w" * 1000] * 5})
    write_termination(long)
    assert json.loads((tmp_path / "log").read_bytes()) == {"artifact": json.loads(RESULT.artifact.to_json())}
    failure = Failure(reason="Internal", message="ä" * 2048)
    content = termination_message(failure)
    assert len(content) <= 4096
    assert Failure.model_validate_json(content).message.startswith("ää")
