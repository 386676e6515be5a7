"""What the story happens in: the compose system, as tests/compose/run has brought it up."""

import os
import subprocess
from contextlib import contextmanager

import pytest

import hourgate_e2e
from hourgate_e2e import Browser, Idp, reason_of, until, user_of

hourgate_e2e.resolve_localhost_here()

ONE = "https://one.apps.localhost"
TWO = "https://two.apps.localhost"
DESK = "https://desk.localhost"
MINUTE = 60


class House:
    def __init__(self):
        self.ca = os.environ["HOURGATE_CA"]
        self.idp = Idp(self.ca)

    # === time ===

    def wait(self, secs):
        """Time passes at once: whoever has slept through policy checks meets them now."""
        self.idp.advance(f"{secs}s")

    def live(self, minutes, *, served=(), checks=True):
        """Time passes in steps of five minutes, with the background work of each; these people use both apps meanwhile."""
        for _ in range(minutes // 5):
            self.idp.advance("5m")
            for person in served:
                if checks:
                    until("what was due is checked", lambda: person.session(ONE)["check"]["next_in"] > 0)
                person.uses_both_apps()

    # === people ===

    def person(self, name):
        return Person(self.ca, name)

    def new_person(self, name):
        self.idp.create_user(name, email=f"{name}@example.com", preferred_username=name, groups=["staff"])
        return self.person(name)

    # === programs ===

    def compose(self, *words):
        return run([*os.environ["HOURGATE_COMPOSE"].split(), *words])

    def container(self, service):
        return self.compose("ps", "-q", service).strip()

    def docker(self, command, service):
        return run(["docker", *command.split(), self.container(service)])

    def hourgate(self, *words):
        """A command of the gateway's, as an operator gives it in the first gateway's container."""
        return run(["docker", "exec", self.container("hourgate-1"), "/hourgate", *words])

    @contextmanager
    def settings(self, environment, **values):
        """Sets what stands in no configuration, as an operator does while the gateways run."""
        self.hourgate("settings", "set", *(f"{name}={value}" for name, value in values.items()), "--environment", environment)
        yield
        self.hourgate("settings", "unset", *values, "--environment", environment)

    def is_healthy(self, service):
        return self.docker("inspect -f {{.State.Health.Status}}", service).strip() == "healthy"


class Person(Browser):
    """Somebody with a browser."""

    def __init__(self, ca, name):
        super().__init__(ca)
        self.name = name

    def signs_in(self, url):
        page = self.sign_in(url, self.name)
        assert (page.status_code, user_of(page)) == (200, self.name), f"{page.url}: {page.text}"
        return self

    def signs_in_anew(self, origin):
        """With a browser that knows nothing."""
        self.cookies.clear()
        return self.signs_in(f"{origin}/")

    def as_stolen(self):
        """A copy of all that the browser keeps."""
        copy = Person(self.verify, self.name)
        copy.cookies.update(self.cookies)
        return copy

    def uses(self, url):
        """A page that comes without a redirect and without a question."""
        page = self.open_only(url)
        assert (page.status_code, user_of(page)) == (200, self.name), f"{url}: {page.status_code} {page.headers}"
        return page

    def uses_both_apps(self):
        for origin in (ONE, TWO):
            self.uses(f"{origin}/page")
            assert self.call(f"{origin}/api/data").status_code == 200

    def on_every_node(self, url):
        """What each of the two gateways says to a script."""
        answers = {}

        def both_have_answered():
            answer = self.call_when_checked(url)
            answers[answer.headers["X-Hourgate-Node"]] = answer
            return len(answers) == 2

        until("both gateways have answered", both_have_answered)
        return [(answer.status_code, reason_of(answer)) for answer in answers.values()]


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def house():
    return House()
