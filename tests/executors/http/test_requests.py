"""What is sent: every field of a job in its place, and nothing of one job in another's."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any
from urllib.parse import unquote

import pytest
from tests.core.egress.peer import OK, request_of, serving
from tests.executors.http.life import call, http_job

from anyjob.job import BadJob
from anyjob.outcome import Cause, Retry
from anyjob.plugins import PluginHost
from anyjob.run import Shard
from anyjob_http.peer import Peer


class Sent:
    """A request as it came over the line."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        self.line, *lines = head.decode("latin-1").split("\r\n")
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def sent(path: str = "/", **job: Any) -> Sent:
    """What a job sends."""
    seen: list[bytes] = []

    def answer(line: socket.socket) -> None:
        raw = request_of(line)
        head, _, body = raw.partition(b"\r\n\r\n")
        size = next((int(one[16:]) for one in head.split(b"\r\n") if one.lower().startswith(b"content-length: ")), 0)
        while len(body) < size:
            body += line.recv(65536)
        seen.append(head + b"\r\n\r\n" + body)
        line.sendall(OK)

    with serving(answer) as port:
        got = call(f"http://127.0.0.1:{port}{path}", **job)
    assert got.outcome.cause is Cause.SUCCEEDED, got.said
    return Sent(seen[0])


def test_a_plain_get() -> None:
    got = sent("/a/b?c=d#e", parameters="not=sent")
    assert (got.line, got.body) == ("GET /a/b?c=d HTTP/1.1", b"")
    assert got.headers["user-agent"].startswith("anyjob/")
    assert "content-type" not in got.headers


def test_identity() -> None:
    facts = {"job_id": 7, "attempt": 1, "fence": 3, "task_name": "größe", "schedule_time": 5, "data_time": 6}
    shard = Shard(id=2, parameter="shang=hai\r\n", total=4)
    got = sent(facts={**facts, "shard": shard, "instance_parameters": "中"}, parameters="2=shang")
    read = {name[9:]: unquote(value) for name, value in got.headers.items() if name.startswith("x-anyjob-")}
    assert read == {
        "job-id": "7",
        "job-name": "calls",
        "instance-id": "1",
        "task-id": "0",
        "task-name": "größe",
        "attempt": "1",
        "run": "aj-1-0-3",
        "key": "aj-1-0-a1",
        "schedule-time": "5",
        "data-time": "6",
        "trigger-type": read["trigger-type"],
        "shard-id": "2",
        "shard-parameter": "shang=hai\r\n",
        "shard-total": "4",
        "instance-parameters": "中",
    }
    assert got.headers["x-anyjob-task-name"] == "gr%C3%B6%C3%9Fe"
    assert not any(name.startswith("x-anyjob-") for name in sent(identity=False).headers)


@pytest.mark.parametrize(
    ("parameters", "body"),
    [
        ("key1=value1&key2=value2", b"key1=value1&key2=value2"),
        ("a=1%202&b=+", b"a=1%202&b=+"),
        ('name=张三 x&b="\r\n', b"name=%E5%BC%A0%E4%B8%89%20x&b=%22%0D%0A"),
        ("", b""),
    ],
)
def test_parameters_are_the_form(parameters: str, body: bytes) -> None:
    got = sent(method="post", parameters=parameters)
    assert (got.line, got.body) == ("POST / HTTP/1.1", body)
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    assert got.headers["content-length"] == str(len(body))


def test_bodies() -> None:
    raw = sent(method="PUT", body="größe", contentType="text/plain; charset=latin-1", parameters="not=sent")
    assert (raw.body, raw.headers["content-type"]) == ("größe".encode("latin-1"), "text/plain; charset=latin-1")
    said = sent(method="PATCH", json={"at": "#{schedulerx.scheduleTime}", "ä": [1, None]}, facts={"schedule_time": 9})
    assert (json.loads(said.body), said.headers["content-type"]) == ({"at": "9", "ä": [1, None]}, "application/json")
    assert sent(method="DELETE").body == b""
    typed = sent(method="POST", contentType="application/json", parameters='{"a": "ß"}')
    assert json.loads(typed.body) == {"a": "ß"}


def test_what_is_pasted_stays_in_its_quotes() -> None:
    """Whoever fires a run cannot change what its owner wrote, where the owner lets their text in."""
    given = 'x", "admin": true, "y": "\\#{secret.TOKEN} &admin=1'
    common: dict[str, Any] = {
        "facts": {"instance_parameters": given},
        "secrets": {"token": "geheim"},
        "xattrs": {"paste": True, "secrets": {"TOKEN": "token"}},
    }
    text = "#{schedulerx.instanceParameters}"
    assert json.loads(sent(method="POST", json={"name": text}, **common).body) == {"name": given}
    line = sent("/q?a=1", query={"name": text, "n": [1, True]}, **common).line
    assert line.startswith("GET /q?a=1&name=x%22%2C+%22admin")
    assert line.endswith("&n=1&n=true HTTP/1.1")
    assert "geheim" not in line


def test_foreign_text_needs_leave() -> None:
    got = call(
        "http://127.0.0.1:1/", headers={"X-A": "#{schedulerx.instanceParameters}"}, facts={"instance_parameters": "x"}
    )
    assert got.outcome.cause is Cause.BAD_CONFIG
    assert "XAttrs.paste" in got.said


@pytest.mark.parametrize(
    "where", [{"headers": {"X-A": "a#{schedulerx.jobParameters}"}}, {"cookie": "#{schedulerx.jobParameters}"}]
)
def test_a_header_stays_one_line(where: dict[str, Any]) -> None:
    got = call("http://127.0.0.1:1/", parameters="x\r\nX-Injected: y", **where)
    assert got.outcome.cause is Cause.BAD_CONFIG
    assert "control character" in got.said


def test_a_filled_url_is_checked_again() -> None:
    got = call("http://127.0.0.1:1/#{schedulerx.jobParameters}", parameters="a b")
    assert got.outcome.cause is Cause.BAD_CONFIG
    assert "the URL, filled in," in got.said


def test_headers_cookie_and_key() -> None:
    got = sent(
        method="POST",
        headers={"X-Größe".replace("öß", "oes"): "größe", "content-TYPE": "text/csv"},
        cookie="a=b; c=d",
        idempotencyKey=True,
        parameters="a;b",
    )
    assert got.headers["x-groese"].encode("latin-1").decode() == "größe"
    assert (got.headers["cookie"], got.headers["content-type"]) == ("a=b; c=d", "text/csv")
    assert got.headers["idempotency-key"] == got.headers["x-anyjob-key"]
    assert "x-other" in sent(method="POST", idempotencyKey="X-Other").headers


def test_secrets_are_sent_and_not_shown() -> None:
    with Peer() as peer:
        got = call(
            f"{peer.url}/secret",
            headers={"X-Token": "#{secret.TOKEN}"},
            resultKey="plain",
            xattrs={"secrets": {"TOKEN": "token"}},
            secrets={"token": 'pa"ss wörd'},
        )
    assert got.outcome.cause is Cause.SUCCEEDED
    assert got.outcome.outputs["length"] == 10
    assert "wörd" not in got.log.decode() + str(got.outcome)
    basic = sent(
        basic={"user": "me", "password": "#{secret.TOKEN}"},
        xattrs={"secrets": {"TOKEN": "token"}},
        secrets={"token": "x"},
    )
    assert basic.headers["authorization"] == "Basic bWU6eA=="


@pytest.mark.parametrize(
    "content",
    [
        {"headers": {"X-A": "#{secret.TOKEN}"}},
        {"query": {"a": ["#{secret.TOKEN}"]}},
        {"json": {"a": [{"b": "#{secret.TOKEN} "}]}, "method": "POST"},
        {"basic": {"user": "me", "password": "#{secret.TOKEN}"}},
    ],
)
@pytest.mark.parametrize("listed", [None, {"OTHER": "token"}])
def test_a_secret_that_is_not_listed(content: dict[str, Any], listed: dict[str, str] | None) -> None:
    """Told when the job is made: no run of it could be right."""
    with pytest.raises(BadJob) as caught:
        PluginHost.load().bind(http_job("http://a/", xattrs={"secrets": listed} if listed else None, **content))
    (problem,) = caught.value.problems
    assert (problem.field, problem.value) == ("XAttrs.secrets", "#{secret.TOKEN}")
    assert "write TOKEN: and the name" in problem.remedy
    job = http_job("http://a/", xattrs={"secrets": {"TOKEN": "token"}}, **content)
    assert PluginHost.load().bind(job).job_type == "http"


def test_a_secret_that_an_older_job_does_not_list() -> None:
    """It was made before anybody looked: nothing is sent."""
    made = {"binding": PluginHost.load().bind(http_job("http://127.0.0.1:1/"))}
    got = call("http://127.0.0.1:1/", headers={"X-A": "#{secret.TOKEN}"}, facts=made)
    assert got.outcome.cause is Cause.BAD_CONFIG, got.said
    assert "TOKEN" in got.said


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"url": "file:///etc/passwd"}, "Content.url"),
        ({"url": "http://a/#{secret.X}"}, "Content.url"),
        ({"url": "http://a b/"}, "Content.url"),
        ({"method": "GE T"}, "Content.method"),
        ({"method": "CONNECT"}, "Content.method"),
        ({"timeout": 0}, "Content.timeout"),
        ({"headers": {"Host": "x"}}, "Content.headers"),
        ({"headers": {"x-anyjob-run": "x"}}, "Content.headers"),
        ({"headers": {"X-A": "a\nb"}}, "Content.headers.X-A"),
        ({"headers": {"X:A": "a"}}, "Content.headers"),
        ({"cookie": "a\r\nb"}, "Content.cookie"),
        ({"json": {}, "body": "x"}, "Content.body"),
        ({"contentType": "text/plain; charset=klingon"}, "Content.contentType"),
        ({"respCode": "2xy"}, "Content.respCode"),
        ({"status": "600"}, "Content.status"),
        ({"status": [], "url": "http://a/"}, "Content.status"),
        ({"respCode": 200, "status": 201}, "Content.respCode"),
        ({"respValue": "x"}, "Content.respValue"),
        ({"respParseMode": 3}, "Content.respParseMode"),
        ({"respParseMode": "text"}, "Content.respParseMode"),
        ({"respRegex": "("}, "Content.respRegex"),
        ({"redirects": "always"}, "Content.redirects"),
        ({"tls": {"verfy": False}}, "Content.tls.verfy"),
        ({"poll": {"interval": 0}}, "Content.poll.interval"),
        ({"repeatable": True, "method": "PATCH"}, "Content.repeatable"),
        ({"idempotencyKey": "a b"}, "Content.idempotencyKey"),
        ({"respkey": "x"}, "Content.respkey"),
        ({"basic": {"user": "a:b", "password": "c"}}, "Content.basic.user"),
    ],
)
def test_wrong_jobs_name_the_field(content: dict[str, Any], field: str) -> None:
    with pytest.raises(BadJob) as refused:
        PluginHost.load().bind(http_job(content.pop("url", "http://a/"), **content))
    assert [problem.field for problem in refused.value.problems] == [field]
    assert all(problem.remedy for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("content", "field", "other"),
    [
        (
            {"headers": {"authorization": "x"}, "basic": {"user": "a", "password": "b"}},
            "basic",
            "headers.authorization",
        ),
        ({"headers": {"Cookie": "a=b"}, "cookie": "c=d"}, "cookie", "headers.Cookie"),
        ({"headers": {"CONTENT-TYPE": "a/b"}, "contentType": "c/d"}, "contentType", "headers.CONTENT-TYPE"),
        ({"headers": {"idempotency-key": "x"}, "idempotencyKey": True}, "idempotencyKey", "headers.idempotency-key"),
        ({"cookie": "a=b", "idempotencyKey": "Cookie"}, "idempotencyKey", "cookie"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "headers", "X-A and x-a"),
    ],
)
def test_one_header_has_one_source(content: dict[str, Any], field: str, other: str) -> None:
    with pytest.raises(BadJob) as refused:
        PluginHost.load().bind(http_job("http://a/", **content))
    assert [problem.field for problem in refused.value.problems] == [f"Content.{field}"]
    assert other in refused.value.problems[0].remedy


def test_a_user_that_is_filled_has_no_colon() -> None:
    basic = {"user": "#{schedulerx.jobParameters}", "password": "x"}
    got = call("http://127.0.0.1:1/", parameters="a:b", basic=basic)
    assert got.outcome.cause is Cause.BAD_CONFIG
    assert "basic.user, filled in, holds a colon" in got.said


# --- redirects


def redirecting(*hops: bytes) -> tuple[list[bytes], Any]:
    """A server that answers with these, one after the other, and what it was asked."""
    seen: list[bytes] = []
    rest = list(hops)
    lock = threading.Lock()

    def answer(line: socket.socket) -> None:
        with lock:
            seen.append(request_of(line))
            line.sendall(rest.pop(0))

    return seen, answer


def hop(status: int, location: str) -> bytes:
    return f"HTTP/1.1 {status} x\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


def methods(seen: list[bytes]) -> list[str]:
    return [one.split(b" HTTP")[0].decode() for one in seen]


@pytest.mark.parametrize(
    ("method", "policy", "status", "wanted", "code"),
    [
        ("GET", "safe", 302, ["GET /", "GET /b"], 200),
        ("GET", "never", 302, ["GET /"], 302),
        ("HEAD", "safe", 303, ["HEAD /", "HEAD /b"], 200),
        ("POST", "safe", 303, ["POST /", "GET /b"], 200),
        ("POST", "safe", 302, ["POST /"], 302),
        ("POST", "safe", 307, ["POST /"], 307),
        ("POST", "all", 307, ["POST /", "POST /b"], 200),
        ("POST", "all", 301, ["POST /", "POST /b"], 200),
    ],
)
def test_redirect_policy(method: str, policy: str, status: int, wanted: list[str], code: int) -> None:
    seen, answer = redirecting(hop(status, "/b"), OK)
    with serving(answer) as port:
        got = call(f"http://127.0.0.1:{port}/", method=method, redirects=policy, parameters="a=b")
    assert (methods(seen), got.outcome.code) == (wanted, code)


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("file:///etc/passwd", "scheme 'file'"),
        ("gopher://127.0.0.1/", "scheme 'gopher'"),
        ("http://a:b@127.0.0.1/", "user or password"),
        ("http://[", "no URL"),
        ("//127.0.0.1:99999/", "no URL"),
        ("/a b", "character ' '"),
    ],
)
def test_redirects_to_other_schemes_are_not_followed(location: str, says: str) -> None:
    _, answer = redirecting(hop(302, location))
    with serving(answer) as port:
        got = call(f"http://127.0.0.1:{port}/")
    assert (got.outcome.cause, got.outcome.code) == (Cause.REMOTE_FAILED, 302)
    assert says in got.said


def test_a_redirect_to_metadata_is_refused() -> None:
    _, answer = redirecting(hop(302, "http://2852039166/latest"))
    with serving(answer) as port:
        got = call(f"http://127.0.0.1:{port}/")
    assert (got.outcome.cause, got.outcome.retry) == (Cause.REJECTED, None)
    assert "169.254.0.0/16" in got.said


@pytest.mark.parametrize(("status", "policy"), [(303, "safe"), (307, "all")])
@pytest.mark.parametrize(("method", "cause"), [("POST", Cause.UNKNOWN), ("GET", Cause.REMOTE_FAILED)])
def test_what_fails_behind_a_redirect_was_not_unsent(status: int, policy: str, method: str, cause: Cause) -> None:
    """The first request was answered: nobody may say that nothing was sent, and another attempt would send it again."""
    _, silent = redirecting(b"")
    with serving(silent) as other:
        _, first = redirecting(hop(status, f"http://127.0.0.1:{other}/"), hop(status, "http://127.0.0.1:1/"))
        with serving(first) as port:
            got = call(f"http://127.0.0.1:{port}/", method=method, redirects=policy)
            gone = call(f"http://127.0.0.1:{port}/", method=method, redirects=policy)
    assert got.outcome.cause is cause, got.said
    assert gone.outcome.cause is cause, gone.said
    assert "nothing was sent" not in got.said + gone.said


def test_too_many_redirects() -> None:
    seen, answer = redirecting(*[hop(302, "/") for _ in range(9)])
    with serving(answer) as port:
        got = call(f"http://127.0.0.1:{port}/", maxRedirects=3)
    assert (got.outcome.cause, got.outcome.retry, len(seen)) == (Cause.REMOTE_FAILED, None, 4)
    assert "3 were followed before it" in got.said


def test_a_redirect_elsewhere_takes_no_credentials_along() -> None:
    seen, answer = redirecting(OK)
    with serving(answer) as other:
        _, first = redirecting(hop(302, f"http://127.0.0.1:{other}/"))
        with serving(first) as port:
            got = call(
                f"http://127.0.0.1:{port}/",
                headers={"Authorization": "x", "X-Key": "#{secret.TOKEN}", "X-Plain": "y"},
                cookie="a=b",
                xattrs={"secrets": {"TOKEN": "token"}},
                secrets={"token": "geheim"},
            )
    assert got.outcome.cause is Cause.SUCCEEDED
    head = seen[0].lower()
    assert b"x-plain: y" in head
    assert not any(word in head for word in (b"authorization", b"cookie", b"x-key", b"geheim"))


def test_a_body_with_a_secret_is_not_sent_elsewhere() -> None:
    seen, answer = redirecting(OK)
    with serving(answer) as other:
        _, first = redirecting(hop(307, f"http://127.0.0.1:{other}/"))
        with serving(first) as port:
            got = call(
                f"http://127.0.0.1:{port}/",
                method="POST",
                redirects="all",
                body="#{secret.TOKEN}",
                xattrs={"secrets": {"TOKEN": "token"}},
                secrets={"token": "geheim"},
            )
    assert (got.outcome.cause, seen) == (Cause.REMOTE_FAILED, [])
    assert got.outcome.retry == Retry(again=False)  # the first host was sent it, and may not be again
    assert "carry a secret" in got.said


def test_tls_is_not_left_by_a_redirect() -> None:
    _, answer = redirecting(hop(302, "http://127.0.0.1:1/"))
    with serving(answer, tls=True) as port:
        got = call(f"https://127.0.0.1:{port}/", tls={"verify": False})
    assert got.outcome.cause is Cause.REMOTE_FAILED
    assert "leaves TLS" in got.said
