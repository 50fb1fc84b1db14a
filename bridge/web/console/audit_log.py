"""The audit log: who did what in the console, and when."""

from __future__ import annotations

from aiohttp import web

from bridge.i18n.formatter import mark
from bridge.web.console.request_context import (
    Visit,
    page,
)

ROWS = 50

ACTIONS: dict[str, str] = {
    "sign_in": mark("Sign-in"),
    "sign_out": mark("Sign-out"),
    "sign_out_everywhere": mark("Sign-out everywhere"),
    "sign_out_somebody": mark("Sign-out of somebody else"),
    "refused": mark("What the role does not allow"),
    "pause": mark("Pause of placing"),
    "test_order": mark("Test order"),
    "resume": mark("End of a pause"),
    "backup_confirmed": mark("Word that the database is backed up"),
    "export": mark("List exported"),
    "survey": mark("Check of the mapping"),
    "clear_alarm": mark("Alarm seen to"),
    "approve": mark("Approval"),
    "retry": mark("New try"),
    "placed_as": mark("Answer that Sculpteo has it"),
    "adopt": mark("Sculpteo's order taken over"),
    "not_placed": mark("Answer that Sculpteo does not have it"),
    "drop": mark("Answer that it is neither there nor wanted"),
    "print_again": mark("New print"),
    "hold": mark("Hold put on"),
    "release": mark("Hold ended"),
    "resend": mark("Tracking sent again"),
    "handled": mark("Marked as handled"),
    "cancel": mark("Cancellation here"),
    "ignore": mark("Order not to be printed"),
    "reopen": mark("Order reopened"),
    "map": mark("Decision about a line"),
    "unmap": mark("Decision about a line taken back"),
    "remove_rule": mark("Decision not to print taken back"),
}
"""Actions of the log in words; one that is not here shows as its code."""

OUTCOMES: dict[str, str] = {"done": mark("done"), "refused": mark("refused"), "role": mark("refused")}

routes = web.RouteTableDef()


@routes.get("/deeds")
@page("owner")
async def deeds(visit: Visit) -> web.StreamResponse:
    found = await visit.store.sessions.list_audit_entries(before=before_of(visit), limit=ROWS + 1)
    more = found[ROWS - 1].key if len(found) > ROWS else None
    return await visit.show("deeds.html", deeds=found[:ROWS], more=more, actions=ACTIONS, outcomes=OUTCOMES)


def before_of(visit: Visit) -> int | None:
    """The `before` of a list's address: rows below this number. Raises 400 for nonsense."""
    text = visit.request.query.get("before", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise web.HTTPBadRequest
    return int(text)
