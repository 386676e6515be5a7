"""What is in the images, and what they refuse."""

import json
import subprocess

import pytest

#: In bytes; the programs have about a third of it.
LARGEST = 60_000_000
IMAGES = ["hourgate:tested", "hourgate:test-clock", "hourgate-idp"]
EX_CONFIG = 78
CLOCK = "HOURGATE_TEST_CLOCK=http://hourgate-idp:9400/_control/t1/clock"


def inspect(image):
    return json.loads(subprocess.check_output(["docker", "image", "inspect", image]))[0]


def docker_run(*words, expect):
    done = subprocess.run(["docker", "run", "--rm", *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == expect, f"{words}: {done.returncode} {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def serve(image, *variables):
    """Tries to serve with a configuration that is good but for what `variables` say."""
    good = {
        "HOURGATE__KEYS__RING": "2026-01-01T00:00:00Z AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "HOURGATE__STORE__URL": "redis://127.0.0.1:1",
        "HOURGATE__PROVIDER__0__ID": "idp",
        "HOURGATE__PROVIDER__0__ISSUER": "http://localhost:9400/t1",
        "HOURGATE__PROVIDER__0__CLIENT_ID": "hourgate",
        "HOURGATE__PROVIDER__0__CLIENT_SECRET": "any",
        "HOURGATE__ENVIRONMENT__PROD__HOSTS": "app.example.com",
    }
    settings = [f"{name}={value}" for name, value in good.items()] + list(variables)
    return docker_run(*(word for setting in settings for word in ("-e", setting)), image, "serve", expect=EX_CONFIG)


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_is_small_without_root_and_without_a_shell(image):
    shown = inspect(image)
    assert shown["Size"] <= LARGEST
    assert shown["Config"]["User"].split(":")[0] == "65532"
    assert shown["Config"]["Healthcheck"]["Test"] == ["CMD", shown["Config"]["Entrypoint"][0], "healthcheck"]
    docker_run("--entrypoint", "/bin/sh", image, "-c", "true", expect=127)


def test_the_test_identity_provider_is_not_in_the_gateways_image():
    for image in IMAGES[:2]:
        docker_run("--entrypoint", "/hourgate-idp", image, "--version", expect=127)


def test_the_build_for_production_has_no_test_clock():
    assert "TEST CLOCK" not in docker_run(IMAGES[0], "--version", expect=0)
    assert "no test clock" in serve(IMAGES[0], CLOCK, "HOURGATE__DANGER__INSECURE_TEST_IDP=true")


def test_the_build_with_a_test_clock_says_so_and_serves_nobody_by_accident():
    image = "hourgate:test-clock"
    assert "TEST CLOCK" in docker_run(image, "--version", expect=0)
    assert "not for production" in inspect(image)["Config"]["Labels"]["org.opencontainers.image.title"]
    assert "not for production" in serve(image)
    assert "danger.insecure_test_idp" in serve(image, CLOCK)
    refused = serve(image, CLOCK, "HOURGATE__DANGER__INSECURE_TEST_IDP=true", "HOURGATE_ENV=production")
    assert "HOURGATE_ENV says production" in refused
