"""A real WordPress on 127.0.0.1, from Debian's packages: its own database, its own folder, and nothing left when it ends.

with WordPress(tmp_path) as site:
    numbers = site.edit({"do": "write", "post": {"post_title": "Judul", "post_content": "Isi"}})
    fetch(site.url + "/wp-json/wp/v2/posts")
    assert site.requests() == ["/wp-json/wp/v2/posts"]
"""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SOURCE = Path("/usr/share/wordpress")
OURS = Path(__file__).parent / "data" / "wordpress"
PACKAGES = "wordpress mariadb-server php-cli php-mysql php-xml php-mbstring"
PROGRAMS = ("mariadbd", "mariadb-install-db", "php", "setpriv")


def what_is_missing() -> str | None:
    """Why there can be no WordPress here; None if there can."""
    missing = [name for name in PROGRAMS if _find(name) is None]
    if not (SOURCE / "wp-load.php").is_file():
        missing.append(str(SOURCE))
    if missing:
        return f"{', '.join(missing)} not installed: apt-get install {PACKAGES}"
    return None


class WordPress:
    """A context manager; the site answers within it.

    Args:
        folder: Where everything goes. The path must be short: a socket's may have 107 characters.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "site"
        self._database = folder / "database"
        self._socket = folder / "db.sock"
        self._log = folder / "server.log"
        self._asked = folder / "asked"
        self._read = 0
        self._stack = ExitStack()
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._env = os.environ | {"SITE_URL": self.url, "SITE_SOCKET": str(self._socket), "SITE_ASKED": str(self._asked)}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def edit(self, *steps: dict[str, Any]) -> list[int]:
        """Write, change or trash posts, as edit.php says; the numbers of the posts."""
        found: list[int] = json.loads(self._php("edit.php", json.dumps(steps)))
        return found

    def export(self) -> bytes:
        """The export file (WXR) that WordPress itself makes."""
        return self._php("export.php")

    def requests(self) -> list[str]:
        """What has been asked of the site since this was last called, in order."""
        lines = self._asked.read_text(encoding="utf-8").splitlines() if self._asked.exists() else []
        new, self._read = lines[self._read :], len(lines)
        return new

    def _start(self) -> None:
        shutil.copytree(SOURCE, self.folder, ignore_dangling_symlinks=True)
        shutil.copy(OURS / "config.php", self.folder / "wp-config.php")
        shutil.copytree(OURS / "theme", self.folder / "wp-content" / "themes" / "polos")
        self._start_database()
        self._php("install.php")
        log = self._stack.enter_context(self._log.open("wb"))
        address = f"127.0.0.1:{self._port}"
        server = self._spawn(
            ["php", "-d", "display_errors=0", "-S", address, "-t", str(self.folder), str(OURS / "router.php")], log
        )
        _wait(lambda: _answers(self._port), server, self._log)

    def _start_database(self) -> None:
        user = getpass.getuser()
        base = ["--no-defaults", f"--datadir={self._database}", f"--user={user}"]
        made = subprocess.run(
            [_need("mariadb-install-db"), *base, "--auth-root-authentication-method=normal", "--skip-test-db"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stdout + made.stderr
        log_path = self._database.with_suffix(".log")
        log = self._stack.enter_context(log_path.open("wb"))
        lean = ["--skip-log-bin", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--performance-schema=0"]
        server = self._spawn([_need("mariadbd"), *base, "--skip-networking", f"--socket={self._socket}", *lean], log)
        _wait(self._socket.exists, server, log_path)

    def _spawn(self, command: list[str], log: Any) -> subprocess.Popen[bytes]:
        # The child ends with us even where we are killed and cannot end it.
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", *command],
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        self._stack.callback(_end, process)
        return process

    def _php(self, script: str, given: str = "") -> bytes:
        ran = subprocess.run(
            ["php", "-d", "display_errors=stderr", str(OURS / script), str(self.folder)],
            env=self._env,
            input=given.encode(),
            capture_output=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout.decode(errors="replace") + ran.stderr.decode(errors="replace")
        return ran.stdout


def _find(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


def _need(name: str) -> str:
    found = _find(name)
    assert found is not None, name
    return found


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def _wait(is_up: Any, process: subprocess.Popen[bytes], log: Path, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not is_up():
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < until, log.read_text(errors="replace")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
