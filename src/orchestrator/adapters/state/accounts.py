"""What is known of accounts, a small file each: read by every runner, written by whoever has met something.

The law: written atomically, under one lock, after reading it again; a file that says nothing is removed. One that
cannot be understood is told of and holds nothing: the next limit writes it anew.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import msgspec

from orchestrator.adapters.files import locked, make_folder, read_whole, write_atomically
from orchestrator.adapters.places import Places
from orchestrator.core.accounts import Account
from orchestrator.errors import UnreadableError

LONGEST_NAME = 120
YOUNG_NS = 100_000_000
"""A folder that changed so lately may change again without showing it."""

Found = dict[str, Account]
Broken = dict[str, str]
"""File → what is wrong with it."""


def file_of(places: Places, account: str) -> Path:
    """Its name, made safe."""
    name = quote(account, safe=" @+")
    if len(name) > LONGEST_NAME or not name or name[0] in ". ":
        name = f"{name[:LONGEST_NAME].lstrip('. ')}%{hashlib.blake2b(account.encode(), digest_size=8).hexdigest()}"
    return places.accounts / f"{name}.json"


def changed_ns(places: Places) -> int | None:
    """When one of the files was replaced last; 0: there are none. None: too lately to be told from the next time."""
    try:
        changed = os.stat(places.accounts).st_mtime_ns  # noqa: PTH116 - asked often
    except OSError:
        return 0
    return changed if time.time_ns() - changed > YOUNG_NS else None


def read_accounts(places: Places) -> tuple[Found, Broken]:
    try:
        names = sorted(os.listdir(places.accounts))
    except OSError:
        return {}, {}
    found, broken = Found(), Broken()
    for name in names:
        if name.endswith(".json") and not name.startswith("."):
            path = places.accounts / name
            one = _read(path)
            if isinstance(one, Account):
                found[one.account] = one
            elif one:
                broken[str(path)] = one
    return found, broken


def change(places: Places, account: str, decide: Callable[[Account], Account]) -> Account:
    """Let `decide` say what is to be known of it, from what its file says now. Raises StoreError."""
    path = file_of(places, account)
    with locked(places.accounts_lock):
        read = _read(path)
        known = read if isinstance(read, Account) else Account(account=account)
        changed = decide(known)
        if changed.is_plain:
            path.unlink(missing_ok=True)
        elif changed != known:
            make_folder(path.parent)
            write_atomically(path, msgspec.json.format(msgspec.json.encode(changed)) + b"\n")
    return changed


def _read(path: Path) -> Account | str:
    """Or what is wrong with the file; empty when there is none."""
    try:
        return msgspec.json.decode(read_whole(path), type=Account)
    except FileNotFoundError:
        return ""
    except (UnreadableError, msgspec.DecodeError) as error:
        return str(error)
