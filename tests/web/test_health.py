"""Probes and counters."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bridge.errors import StoreUnavailable
from bridge.web.app_keys import Allowance
from tests.support.store_factories import word
from tests.web.conftest import Service


async def status(service: Service, path: str, **headers: str) -> int:
    answer = await service.client.get(service.url + path, headers=headers)
    return answer.status


async def test_it_is_alive_and_ready(service: Service) -> None:
    assert await status(service, "/healthz") == 200
    assert await status(service, "/readyz") == 200


async def test_it_is_not_ready_once_it_is_to_stop(service: Service) -> None:
    service.stopping = True
    assert await status(service, "/readyz") == 503
    assert await status(service, "/healthz") == 200


async def test_it_is_not_ready_without_its_database_and_says_why_in_the_log_only(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks may be a stranger, and what the database said names hosts and users."""

    async def away(self: object) -> None:
        raise StoreUnavailable('OperationalError: connection to server at "db.internal" (10.0.0.7) failed')

    monkeypatch.setattr(type(service.store), "check_ready", away)
    with capture_logs() as lines:
        for headers in ({}, {"X-Forwarded-For": "198.51.100.7"}):
            answer = await service.client.get(f"{service.url}/readyz", headers=headers)
            assert answer.status == 503
            assert await answer.text() == "the database is not available: the log says why\n"
    assert [line["why"] for line in lines if line["event"] == "not ready"] == [
        'OperationalError: connection to server at "db.internal" (10.0.0.7) failed'
    ]


async def test_many_probes_are_one_write(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    proofs = []
    real = type(service.store).check_ready

    async def counted(self: object) -> None:
        proofs.append(1)
        await real(service.store)

    monkeypatch.setattr(type(service.store), "check_ready", counted)
    for _ in range(20):
        assert await status(service, "/readyz") == 200
    assert len(proofs) == 1


async def test_metrics_count_by_route_and_name_nobody(service: Service) -> None:
    await service.post()
    await service.post(hmac_sha256="wrong")
    await service.client.post(f"{service.url}/sculpteo/notify/s3cret")
    text = await (await service.client.get(f"{service.url}/metrics")).text()
    assert 'bridge_webhook_deliveries_total{outcome="stored",shop="acme"} 1.0' in text
    assert 'bridge_webhook_deliveries_total{outcome="refused",shop="acme"} 1.0' in text
    assert 'route="/sculpteo/notify/{token}"' in text
    assert 'bridge_orders{state="received"} 0.0' in text
    assert "bridge_oldest_due_seconds 0.0" in text
    assert "bridge_conditions{" not in text
    assert "s3cret" not in text


async def test_metrics_tell_what_is_wrong_as_a_whole_and_how_long_work_waits(service: Service) -> None:
    await service.store.conditions.open_incident(
        "upstream:sculpteo", "upstream", "me", {"upstream": "Sculpteo"}
    )
    await service.store.orders.receive_signal(word())
    text = await (await service.client.get(f"{service.url}/metrics")).text()
    assert 'bridge_conditions{code="upstream"} 1.0' in text
    await service.store.conditions.close_incident("upstream:sculpteo", "me", silent_for=timedelta(0))
    text = await (await service.client.get(f"{service.url}/metrics")).text()
    assert "bridge_conditions{" not in text
    waits = re.search(r"(?m)^bridge_oldest_due_seconds (\S+)$", text)
    assert waits and 0 <= float(waits[1]) < 60


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
async def test_metrics_are_not_shown_through_a_proxy(service: Service, header: str) -> None:
    assert await status(service, "/metrics") == 200
    assert await status(service, "/metrics", **{header: "203.0.113.9"}) == 404


def test_an_allowance_refills_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("bridge.web.app_keys.time.monotonic", lambda: now[0])
    allowance = Allowance(60)
    assert sum(allowance.take() for _ in range(100)) == 60
    now[0] += 2.5
    assert [allowance.take() for _ in range(3)] == [True, True, False]
    now[0] += 3600
    assert sum(allowance.take() for _ in range(100)) == 60
