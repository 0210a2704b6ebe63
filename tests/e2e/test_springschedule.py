"""springschedule: methods of a Spring Boot 4.0 application, which dials in to the server, or is started by it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.way import Deed, Middle, Talk, Way
from tests.executors.springschedule.town import Boot, executable, java

from anyjob.errors import WorkerError
from anyjob.outcome import Strength
from anyjob_springschedule.maven import classpaths
from anyjob_springschedule.sampleapp import SampleApp, compile_app, library

pytestmark = [pytest.mark.needs("jdk17", "maven"), pytest.mark.timeout(180)]

_BOOT = Path(__file__).parents[1] / "executors/springschedule/boots/boot4"

_REPORTS = """package demo;
import anyjob.app.Call;
import java.io.IOException;
import java.nio.file.*;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;

@SpringBootApplication
@EnableScheduling
public class Reports {
    @Scheduled(cron = "-")
    public String hello() {
        Call call = Call.current();
        call.log("hello " + call.text("parameters"));
        return "said to " + call.text("parameters");
    }

    @Scheduled(cron = "-")
    public String middle() throws Exception {
        Call call = Call.current();
        Path folder = Paths.get(call.text("parameters"));
        call.log("once");
        add(folder.resolve("begun"), "once");
        while (!Files.exists(folder.resolve("over"))) {
            Thread.sleep(20);
        }
        call.log("whole");
        return "all of it";
    }

    @Scheduled(fixedRate = 50)
    public void tick() throws IOException {
        add(Paths.get(System.getenv("TICKS")), Call.current() == null ? "Spring" : "worker");
    }

    private static void add(Path file, String line) throws IOException {
        Files.write(file, (line + "\\n").getBytes(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    public static void main(String[] arguments) {
        SpringApplication.run(Reports.class, arguments);
    }
}
"""


@pytest.fixture(scope="module")
def boot(tmp_path_factory: pytest.TempPathFactory) -> Boot:
    """The application, compiled as a user's."""
    folder = tmp_path_factory.mktemp("spring")
    (folder / "demo").mkdir()
    (folder / "demo/Reports.java").write_text(_REPORTS)
    try:
        (jars,) = classpaths(_BOOT).values()
    except WorkerError as error:
        pytest.skip(str(error))
    compile_app([folder / "demo"], [*library(), *jars], folder / "classes", java("17"))
    return Boot(name="boot4", classpath=(folder / "classes", *library(), *jars))


class OfReports(Way):
    """Methods of that application, wherever it runs."""

    job_type = "springschedule"
    stopped = Strength.REPORTED

    @pytest.fixture
    def xattrs(self) -> dict[str, Any]:
        """What says where it runs."""
        return {}

    @pytest.fixture
    def deed(self, xattrs: dict[str, Any]) -> Deed:
        content = {"className": "demo.Reports", "method": "hello"}
        return Deed(fields={"Content": content, "XAttrs": xattrs}, result="said to test", logged="hello test")

    @pytest.fixture
    def middle(self, xattrs: dict[str, Any], tmp_path: Path) -> Middle:
        begun, over = tmp_path / "begun", tmp_path / "over"
        begun.touch()
        content = {"className": "demo.Reports", "method": "middle"}
        return Middle(
            fields={"Content": content, "Parameters": str(tmp_path), "XAttrs": xattrs},
            begun=lambda: len(begun.read_text().splitlines()),
            let_go=over.touch,
            result="all of it",
            logged=("once", "whole"),
        )


class TestAttached(OfReports):
    """It has dialled in, with the token of its app group."""

    @pytest.fixture(scope="class")
    @classmethod
    def address(cls, tmp_path_factory: pytest.TempPathFactory) -> str:
        """Where the server's worker hears applications."""
        return f"unix:{tmp_path_factory.mktemp('apps')}/apps.sock"

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, address: str) -> str:
        return f'[server.users]\n"*" = "root"\n[worker.apps]\nlisten = ["{address}"]\n'

    @pytest.fixture(scope="class")
    @classmethod
    def token(cls, talk: Talk) -> str:
        """Made for the server that is up."""
        made = talk.serving.program("key", "create", "--app", "default", "--state", str(talk.serving.state), "--json")
        return json.loads(made.out)["token"]

    @pytest.fixture(scope="class")
    @classmethod
    def ticks(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A line for each call of `tick`: who called it."""
        return tmp_path_factory.mktemp("ticks") / "ticks"

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def application(cls, address: str, token: str, ticks: Path, boot: Boot) -> Iterator[SampleApp]:
        """One for all tests of the class."""
        told = {"ANYJOB_APP": address, "ANYJOB_APP_TOKEN": token, "TICKS": str(ticks)}
        with SampleApp("demo.Reports", boot.classpath, told, home=java("17")) as application:
            yield application

    @pytest.fixture
    def file_settings(self, talk: Talk, token: str, tmp_path: Path) -> Iterator[Path]:
        """`anyjob run` listens where the server did, and the application dials there."""
        path = tmp_path / "anyjob.toml"
        path.write_text(f'{talk.serving.settings.read_text()}tokens = {{default = "{token}"}}\n')
        talk.serving.end()
        yield path
        talk.serving.start()

    def test_what_an_enabled_job_names_is_the_servers_to_fire(self, talk: Talk, ticks: Path) -> None:
        def by() -> list[str]:
            return ticks.read_text().splitlines() if ticks.exists() else []

        talk.until(lambda: by()[-2:] == ["Spring"] * 2, "Spring's own ticks")
        content = {"className": "demo.Reports", "method": "tick"}
        cron = {"TimeType": 1, "TimeExpression": "0/1 * * * * ?"}
        job = talk.create("Reports_tick", self.job_type, {"Content": content, **cron})
        # Spring would have twenty between two of these.
        talk.until(lambda: by()[-2:] == ["worker"] * 2, "the server's ticks alone")
        listed = talk.serving.program("spring", "list", "--state", str(talk.serving.state))
        assert "demo.Reports#tick" in listed.out.decode(), listed
        assert "fired by anyjob" in listed.out.decode(), listed
        before = len(by())
        talk.serving.end(signal.SIGKILL)
        talk.serving.start()
        talk.until(lambda: len(by()) > before + 1, "the server's ticks again")
        assert set(by()[before:]) == {"worker"}
        talk.call("DisableJob", JobId=job)
        talk.until(lambda: by()[-2:] == ["Spring"] * 2, "Spring's ticks again")

    def test_a_server_that_is_stopped_in_good_order_is_no_warning(self, talk: Talk, application: SampleApp) -> None:
        def said() -> str:
            return application.said[before:]

        before = len(application.said)
        talk.serving.end()
        talk.until(lambda: "has ended. It is dialled again" in said(), "the application's word of it")
        talk.serving.start()
        talk.until(lambda: "anyjob: connected to the worker" in said(), "the connection")
        assert "WARN" not in said()


class TestManaged(OfReports):
    """The server starts the jar that the job names, once for all runs."""

    @pytest.fixture(scope="class")
    @classmethod
    def jar(cls, boot: Boot, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return executable(boot, tmp_path_factory.mktemp("managed") / "jars", "demo.Reports")

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, jar: Path) -> str:
        allowed = f'[executors.springschedule.apps.default]\njars = ["{jar.parent}"]\njava = "17"\n'
        return f'[server.users]\n"*" = "root"\n{allowed}'

    @pytest.fixture
    def xattrs(self, jar: Path) -> dict[str, Any]:
        return {"jar": str(jar), "jvmArgs": ["-Xmx128m", "-XX:TieredStopAtLevel=1"]}
