"""What the story happens in: the compose system, as tests/compose/run has brought it up."""

import json
import os
import subprocess
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

import hourgate_e2e
from hourgate_e2e import Browser, Idp, reason_of, until, user_of

hourgate_e2e.resolve_localhost_here()

MINUTE = 60


@dataclass(frozen=True)
class Half:
    """The half of the system whose people sign in by one protocol: two apps of an environment, and a desk that is another."""

    name: str
    apps: str
    one: str
    two: str
    desk_environment: str
    desk: str
    #: What scripts are told once somebody is disabled at the identity provider and the proof is over.
    refusal: str


OIDC = Half(
    name="oidc",
    apps="apps",
    one="https://one.apps.localhost",
    two="https://two.apps.localhost",
    desk_environment="desk",
    desk="https://desk.localhost",
    refusal="idp_refused",
)
WSFED = Half(
    name="wsfed",
    apps="wsfed",
    one="https://one.wsfed.localhost",
    two="https://two.wsfed.localhost",
    desk_environment="wsfed-desk",
    desk="https://wsfed-desk.localhost",
    refusal="renewal_due",
)


class House:
    def __init__(self, half):
        self.half, self.one, self.two, self.desk = half, half.one, half.two, half.desk
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
                    self.has_checked(person)
                person.uses_both_apps()

    def has_checked(self, person):
        """What was due at the identity provider is done. By WS-Federation it is the browser that does it, when it comes."""
        if self.half is OIDC:
            until("what was due is checked", lambda: person.session(self.one)["check"]["next_in"] > 0)

    def comes_near_a_check(self, person):
        """Until five minutes before this person's session is checked, where the gateway does that."""
        while self.half is OIDC and person.session(self.one)["check"]["next_in"] > 5 * MINUTE:
            self.live(5, served=[person])

    # === what the identity provider was asked ===

    def failed_checks(self):
        """How many token requests it refused for being down; only policy checks make any then."""
        return len([seen for seen in self.idp.requests("token") if seen["status"] == 503])

    def sign_ins(self):
        """How often it has said who somebody is, to a browser."""
        return len(self.idp.token_requests("authorization_code") if self.half is OIDC else self.idp.requests("wsfed"))

    def renewals(self):
        """How often it has said so again, without a question to anybody."""
        return len(self.idp.token_requests("refresh_token") if self.half is OIDC else self.idp.requests("wsfed"))

    # === people ===

    def person(self, name):
        return Person(self, self.called(name))

    def new_person(self, name):
        called = self.called(name)
        self.idp.create_user(called, email=f"{called}@example.com", preferred_username=called, groups=["staff"])
        return self.person(name)

    def called(self, name):
        """Who has this name in the story: nobody is in both halves."""
        return f"{self.half.name}-{name}"

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

    def audited(self, person):
        """How often both gateways have written which action of this person's for auditors."""
        logs = self.compose("logs", "--no-color", "--no-log-prefix", "hourgate-1", "hourgate-2")
        lines = (json.loads(line) for line in logs.splitlines() if line.startswith("{"))
        return Counter(line["action"] for line in lines if line["target"] == "audit" and line.get("subject") == person.name)

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

    def __init__(self, house, name):
        super().__init__(house.ca)
        self.house, self.name = house, name

    def signs_in(self, url):
        page = self.sign_in(url, self.name)
        assert (page.status_code, user_of(page)) == (200, self.name), f"{page.url}: {page.text}"
        return self

    def signs_in_anew(self, origin):
        """With a browser that knows nothing."""
        self.cookies.clear()
        return self.signs_in(f"{origin}/")

    def up_to_the_answer(self, url):
        """The identity provider's answer to a sign-in, on its way: a redirect with a code, or a form with a token."""
        question = self.ask_for_sign_in(url)
        return self.submit(question, follow=False, user=self.name)

    def brings(self, answer, follow=True):
        """Such an answer, in this browser."""
        if answer.is_redirect:
            return (self.open if follow else self.open_only)(answer.headers["Location"])
        return self.press(answer) if follow else self.submit(answer, follow=False)

    def holds_a_session(self):
        """Of the apps' environment."""
        return f"__Secure-hourgate-{self.house.half.apps}" in self.cookies.keys()

    def as_stolen(self):
        """A copy of all that the browser keeps."""
        copy = Person(self.house, self.name)
        copy.cookies.update(self.cookies)
        return copy

    def uses(self, url):
        """A page that comes without a question, and by OpenID Connect without a redirect."""
        page = self.open_only(url) if self.house.half is OIDC else self.open(url)
        assert (page.status_code, user_of(page)) == (200, self.name), f"{url}: {page.status_code} {page.headers}"
        return page

    def uses_both_apps(self):
        for origin in (self.house.one, self.house.two):
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


@pytest.fixture(scope="module", params=[OIDC, WSFED], ids=lambda half: half.name)
def house(request):
    return House(request.param)
