"""What the commands that deliver webhooks share: looking for new passages, signing them, sending them, and trying again.

Deliveries follow the Standard Webhooks specification: the headers `webhook-id`, `webhook-timestamp` (seconds since 1970) and
`webhook-signature` ("v1," and the base64 of HMAC-SHA256 over id, timestamp and body, joined by dots).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index import Index
    from index.hooks import Delivery, Hook, Hooks
    from index.watching import Found

_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=6)

Clock = Callable[[], datetime]


@dataclass
class Report:
    """What a run did for one webhook.

    Attributes:
        name: Of the webhook.
        found: Passages that are new to it.
        delivered: Deliveries that arrived.
        waiting: Deliveries that are to be attempted later.
        given_up: Deliveries that failed for too long, and are not attempted any more.
        failure: Why an attempt failed; None if none did.
    """

    name: str
    found: int = 0
    delivered: int = 0
    waiting: int = 0
    given_up: int = 0
    failure: str | None = None


def utc_now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def deliver(hooks: Hooks, index: Index, clock: Clock = utc_now) -> list[Report]:
    """Queue what is new to each webhook, and send what is due; the caller holds the lock.

    Where an address does not take a delivery, nothing more is sent to it in this run.

    Raises:
        GenerationError: The generation is damaged, or another model made it.
        ModelError: The model cannot be loaded.
        DatabaseError: The archive cannot be read, or the file of webhooks not written.
    """
    reports = []
    for hook in hooks.all():
        report = Report(hook.name, found=_look(hooks, hook, index, clock()))
        for delivery in hooks.due(hook, clock()):
            if not _attempt(hooks, hook, delivery, report, clock):
                break
        report.waiting = hooks.progress(hook).waiting
        reports.append(report)
    return reports


def sign(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """The header that proves to a receiver who knows the secret that a delivery is ours, and how old it is.

    Args:
        secret: "whsec_" and base64.
        id: Of the delivery.
        timestamp: Of the attempt, in seconds since 1970.
        body: What is sent.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def describe(report: Report) -> str:
    """One line that says what a run did for a webhook."""
    line = f"{report.name}: {report.found:,} new passages, {report.delivered:,} delivered, {report.waiting:,} waiting"
    line += f", {report.given_up:,} given up" if report.given_up else ""
    return line + (f"; {report.failure}" if report.failure else "")


def _look(hooks: Hooks, hook: Hook, index: Index, now: datetime) -> int:
    """Queue what is new to a webhook, if the archive or its index has changed since it last looked; how many passages."""
    from index import NoGeneration
    from index.watching import watch

    try:
        looked_at = f"{index.status().generation}:{index.store.state()}"
    except NoGeneration:
        return 0
    if hook.looked_at == looked_at:
        return 0
    watched = watch(index, hook.query, after=hook.made)
    # The oldest first, so that a receiver that appends what comes has it in order.
    return hooks.queue(
        hook,
        watched.found[::-1],
        looked_at,
        now,
        lambda found: json.dumps(_payload(hook, index, watched.generation, found, now), ensure_ascii=False),
    )


def _payload(hook: Hook, index: Index, generation: int, found: Sequence[Found], now: datetime) -> dict[str, Any]:
    from index.hooks import describe_search
    from web import links
    from web.desk import Desk, permalink
    from web.parameters import Search

    search = Search(hook.query.text, filters=hook.query.filters, mode=hook.query.mode)
    with Desk(index, hook.base_url).at_work():
        hits = [
            one.hit.to_dict()
            | {
                "rank": rank,
                "key": one.key,
                "archived_at": one.arrived_at,
                "link": permalink(one.hit.passage.release.id, one.hit.passage.release.version, one.hit.passage.position),
            }
            for rank, one in enumerate(found, 1)
        ]
        address = links.absolute(links.search_link(search))
    return {
        "type": "passages.found",
        "timestamp": now.isoformat(timespec="seconds"),
        "data": {
            "webhook": hook.name,
            **describe_search(hook.query),
            "search": address,
            "generation": generation,
            "hits": hits,
        },
    }


def _attempt(hooks: Hooks, hook: Hook, delivery: Delivery, report: Report, clock: Clock) -> bool:
    """Send a delivery, and note what became of it; whether it arrived."""
    from archive.fetching.posting import NotReceived, post
    from index.hooks import GIVE_UP_AFTER

    started = clock()
    wait = _backoff(delivery.attempts)
    hooks.begin(delivery, started + wait)
    body, timestamp = delivery.body.encode(), int(started.timestamp())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(hook.secret, delivery.id, timestamp, body),
    }
    try:
        post(hook.url, body, headers, allow_private=hook.allow_private)
    except NotReceived as error:
        report.failure = str(error)
        now = clock()
        if now - datetime.fromisoformat(delivery.queued_at) >= GIVE_UP_AFTER:
            hooks.give_up(delivery, str(error), now)
            report.given_up += 1
        else:
            asked = min(timedelta(seconds=error.retry_after_s or 0), _LONGEST_WAIT)
            hooks.note_failed(delivery, str(error), now + max(wait, asked))
        return False
    hooks.note_delivered(delivery, clock())
    report.delivered += 1
    return True


def _backoff(attempts: int) -> timedelta:
    """1, 2, 4 … minutes up to six hours, by up to a half less, so that what failed together does not come back together."""
    whole: timedelta = min(_FIRST_WAIT * 2 ** min(attempts, 16), _LONGEST_WAIT)
    return whole * random.uniform(0.5, 1)  # noqa: S311 - no secret
