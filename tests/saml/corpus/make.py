"""Makes the corpus: `python make.py <folder>` leaves there `index.json`, `documents/` and `keys/`.

Nothing is made again as long as these programs are the same; two runs at a time do not disturb each other."""

import fcntl
import hashlib
import json
import shutil
import sys
from pathlib import Path

import bombs
import encrypted
import good
import references
import semantics
import signatures
import signers
import texts
import wrapping
from assertion import AUDIENCE, ISSUER, NOW

import keys

SETTINGS = {
    "now": NOW,
    "issuer": ISSUER,
    "audience": AUDIENCE,
    "keys": ["first", "second", "p256", "p384"],
    "decryption": ["gateway", "gateway_old"],
    "sha1": False,
    "cbc": False,
    "bearer": True,
    "longest_life": 24 * 3600,
    "skew": 60,
}


def programs():
    """What the corpus depends on."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in [*sorted(here.glob("*.py")), here.parent / "requirements.txt"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp, state = folder / "made-by", programs()
        if stamp.exists() and stamp.read_text() == state:
            return
        stamp.unlink(missing_ok=True)
        make(folder)
        stamp.write_text(state)


def make(folder):
    for part in ("documents", "keys"):
        shutil.rmtree(folder / part, ignore_errors=True)
        (folder / part).mkdir()
    for name in keys.NAMES:
        (folder / "keys" / f"{name}.der").write_bytes(keys.certificate_der(name))
        (folder / "keys" / f"{name}.pem").write_bytes(keys.private_pem(name))
    index = []
    for part in (good, wrapping, texts, signatures, signers, references, semantics, encrypted, bombs):
        for case in part.cases():
            (folder / "documents" / f"{case.name}.xml").write_bytes(case.document)
            expected = {"accepted": case.expected} if isinstance(case.expected, dict) else {"refused": case.expected}
            assert case.settings.keys() <= SETTINGS.keys(), case.name
            index.append({"name": case.name, "row": case.row, "settings": SETTINGS | case.settings} | expected)
    names = [entry["name"] for entry in index]
    assert len(names) == len(set(names)), sorted(name for name in set(names) if names.count(name) > 1)
    (folder / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
