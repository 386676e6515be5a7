"""Drives Hourgate's compose system from a test: people in browsers without a window, and the test identity provider.

Copy this file into your project; it needs `requests`.
"""

import re
import socket
import time
from datetime import datetime
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests
import requests.packages.urllib3.util.connection as connection

IDP = "http://idp.localhost:9400"
#: Any app's address: the gateways say there what time it is.
GATEWAYS = "https://one.apps.localhost"


def resolve_localhost_here():
    """Lets every name under `localhost` lead to this machine, as browsers do; no system's resolver is asked."""
    create = connection.create_connection

    def create_here(address, *args, **kwargs):
        host, port = address
        return create(("127.0.0.1" if host.endswith(".localhost") else host, port), *args, **kwargs)

    connection.create_connection = create_here


def until(what, holds, patience=30.0):
    """Waits until `holds()` answers something, neither None nor False; says what. (A refusal is false to `requests`.)"""
    end = time.monotonic() + patience
    while True:
        answer = holds()
        if answer is not None and answer is not False:
            return answer
        assert time.monotonic() < end, f"not within {patience:.0f} s: {what}"
        time.sleep(0.1)


class Idp:
    """The control API of the tenant of `hourgate-idp` that the gateways know, and whose clock is theirs."""

    def __init__(self, ca):
        self.url, self.ca = f"{IDP}/_control/t1", ca

    def ask(self, method, path, body=None):
        answer = requests.request(method, self.url + path, json=body, timeout=10)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def create_user(self, sub, **claims):
        self.ask("PUT", f"/users/{sub}", {"claims": claims, "disabled": False})

    def disable(self, sub):
        self.ask("POST", f"/users/{sub}/disable")

    def enable(self, sub):
        self.ask("POST", f"/users/{sub}/enable")

    def now(self):
        """What everybody's clock shows, in milliseconds since 1970."""
        text = self.ask("GET", "/clock")["now"]
        return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)

    def advance(self, span):
        """Moves everybody's clock forward: "61m", "30s", "1d". The gateways follow within a tenth of a second; waits for them."""
        self.ask("POST", "/clock", {"advance": span})
        moved, looker = self.now(), Browser(self.ca)
        shown = lambda: looker.session(GATEWAYS)["now"]
        # They answer in turn.
        until("the gateways' clocks have moved", lambda: all(shown() >= moved for _ in range(6)))

    def requests(self, endpoint):
        """What an endpoint was asked for, and how it answered: "token", "wsfed", "authorize"."""
        return self.ask("GET", f"/requests?endpoint={endpoint}")

    def token_requests(self, grant_type):
        """The same of the token endpoint: "authorization_code" is a sign-in, "refresh_token" a policy check."""
        return [seen for seen in self.requests("token") if seen.get("grant_type") == grant_type]


class Browser(requests.Session):
    """A person's browser without a window: a cookie jar that navigates, signs in, and calls as scripts do."""

    PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}
    SCRIPT = {"Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}

    def __init__(self, ca):
        super().__init__()
        self.verify = ca
        self.trust_env = False

    def open(self, url):
        """Navigates, over all redirects, and forms that send themselves."""
        return self.go_on(self.get(url, headers=self.PAGE, timeout=30))

    def go_on(self, page):
        """What the page's script would do where an identity provider sends its answer by POST, as in WS-Federation."""
        while is_answer(page):
            page = self.submit(page)
        return page

    def open_only(self, url):
        """Navigates and stops at the first answer, also where that is a redirect."""
        return self.get(url, headers=self.PAGE, timeout=30, allow_redirects=False)

    def ask_for_sign_in(self, url):
        """Navigates to an app and, where the gateway says first why a sign-in is needed, presses its button."""
        page = self.open(url)
        return self.press(page) if urlsplit(page.url).path == "/_hourgate/start" else page

    def sign_in(self, url, user):
        """Navigates to an app and, at the identity provider, presses the button of that user."""
        page = self.ask_for_sign_in(url)
        assert is_sign_in(page), f"nobody asks for a sign-in at {page.url}: {page.status_code} {page.text}"
        return self.press(page, user=user)

    def sign_out(self, origin):
        """Presses the button of the gateway's own page."""
        return self.press(self.open(f"{origin}/_hourgate/signout"))

    def press(self, page, **button):
        """Sends the form of a page with the button of that name and value, or with its first one, and goes on from there."""
        return self.go_on(self.submit(page, **button))

    def submit(self, page, follow=True, **button):
        """Sends the form of a page; over all redirects, or only up to the first answer."""
        form, origin = Form(page.text), origin_of(page.url)
        target = urljoin(page.url, form.action)
        site = "same-origin" if origin_of(target) == origin else "cross-site"
        headers = {**self.PAGE, "Origin": origin, "Sec-Fetch-Site": site}
        return self.post(target, {**form.hidden, **(button or form.button)}, headers=headers, timeout=30, allow_redirects=follow)

    def call(self, url):
        """As a script of the app: no redirects to a sign-in, but 401 with the reason."""
        return self.get(url, headers=self.SCRIPT, timeout=30, allow_redirects=False)

    def call_when_checked(self, url):
        """As `call`, once no policy check is under way: meanwhile scripts are told `checking` or `dormant`."""
        checked = lambda answer: None if reason_of(answer) in ("checking", "dormant") else answer
        return until("the policy check is done", lambda: checked(self.call(url)))

    def session(self, origin):
        """What the gateway says about the session: until when, what comes next."""
        answer = self.call(f"{origin}/_hourgate/session")
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json()


class Form(HTMLParser):
    """The first form of a page."""

    def __init__(self, page):
        super().__init__()
        self.action, self.hidden, self.button = None, {}, {}
        self.feed(page)
        assert self.action is not None, f"a page without a form: {page}"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = attributes["action"]
        if tag == "input" and attributes.get("type") == "hidden":
            self.hidden[attributes["name"]] = attributes["value"]
        if tag == "button" and "name" in attributes and not self.button:
            self.button = {attributes["name"]: attributes["value"]}


def origin_of(url):
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))


def is_sign_in(page):
    """Does the identity provider ask who it is?"""
    return urlsplit(page.url).hostname == "idp.localhost" and 'data-testid="login"' in page.text


def is_answer(page):
    """Is it the identity provider's answer, on its way by POST?"""
    return urlsplit(page.url).hostname == "idp.localhost" and 'data-testid="form-post"' in page.text


def user_of(page):
    """Whom the app was told."""
    found = re.search(r'<dd id="user">(.*)</dd>', page.text)
    return found and found.group(1)


def reason_of(answer):
    """Why a script was refused."""
    found = re.search(r'reason="(\w+)"', answer.headers.get("WWW-Authenticate", ""))
    return found and found.group(1)

