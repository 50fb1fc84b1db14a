"""The invoice of an order, as the merchant set it up: implements `bridge.ports.Invoicer`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import structlog

from bridge.config.settings import Invoice
from bridge.errors import NeedsPerson
from bridge.invoice.data import BadSetting, Safety, build_invoice_data, no_safety
from bridge.invoice.download import (
    BadInvoice,
    build_invoice_url,
    fetch_pdf,
)
from bridge.invoice.template import FONT_REMEDY, Rendered, TemplateError, render_pdf
from bridge.invoice.totals import Unusable
from bridge.net.ssrf import (
    SsrfSafeSession,
    allow_any,
)
from bridge.order.model import ShopOrder

AT_ONCE = 2
"""Typst processes at a time: each is short, and a burst of orders must not take the machine."""

log = structlog.get_logger("bridge.invoice")


class Invoices:
    """`base` is the folder of the configuration file: template, logo and fonts are found from there.

    `session` is used for mode `url` only where private addresses are allowed; else each fetch has a session
    of its own, whose connections refuse them. `safety` tells the safety text of a product.
    """

    def __init__(
        self,
        settings: Invoice,
        base: Path,
        session: aiohttp.ClientSession | None = None,
        *,
        safety: Safety = no_safety,
    ) -> None:
        self._safety = safety
        self._settings = settings
        self._base = base
        self._session = session
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def prepare_invoice(self, shop: str, order: ShopOrder) -> bytes | None:
        """The PDF, or None in mode `none`. Raises NeedsPerson("invoice"), TryAgain or NotReadyYet."""
        if self._settings.mode == "none":
            return None
        if self._settings.mode == "template":
            return (await self.render_invoice(shop, order)).pdf
        return await self._fetch_invoice(shop, order)

    async def render_invoice(self, shop: str, order: ShopOrder) -> Rendered:
        """The PDF from the template, with what is to be said about it. Raises NeedsPerson("invoice")."""
        try:
            data = build_invoice_data(shop, order, self._settings, self._safety)
            async with self._turn:
                rendered = await render_pdf(data, self._settings, self._base, order.created_at)
        except (BadSetting, Unusable, TemplateError) as error:
            raise NeedsPerson("invoice", why=str(error), name=order.name) from error
        for warning in rendered.warnings:
            log.warning("invoice_warning", shop=shop, order=order.name, warning=warning)
        if rendered.missing:
            scripts = ", ".join(rendered.list_scripts())
            log.warning(
                "invoice_without_font", shop=shop, order=order.name, scripts=scripts, remedy=FONT_REMEDY
            )
        return rendered

    async def _fetch_invoice(self, shop: str, order: ShopOrder) -> bytes:
        try:
            if not self._settings.url:
                raise BadSetting("`invoice.url` is not set")
            url = build_invoice_url(self._settings.url, shop, order)
            if self._settings.allow_private_addresses and self._session is not None:
                return await fetch_pdf(url, self._settings, self._session, None)
            guard = (
                SsrfSafeSession(allow_any) if self._settings.allow_private_addresses else SsrfSafeSession()
            )
            async with guard:
                return await fetch_pdf(url, self._settings, guard.session, guard)
        except (BadSetting, BadInvoice) as error:
            raise NeedsPerson("invoice", why=str(error), name=order.name) from error
