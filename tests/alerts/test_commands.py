"""`alerts test` and `webhooks test`, as processes: what is told, and that no secret is."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

import bridge.alerts
from bridge.alerts import webhook_client
from bridge.config.alert_settings import Webhook
from tests.alerts.conftest import Receiver

CONFIG = {
    "mode": "test",
    "server": {"public_url": "https://bridge.example.org"},
    "shops": {"acme": {"domain": "acme.myshopify.com", "client_id": "abc123", "client_secret": "shpss_1"}},
    "sculpteo": {"login": "maker", "password": "shhh"},
    "products": [{"sku": "RING-S", "uuid": "QfGQC4YQ", "material": "silver"}],
}


async def run(folder: Path, *arguments: str, **config: object) -> tuple[int, str]:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({**CONFIG, **config}))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bridge", *arguments, "-c", str(path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_alerts_test_tells_each_target_what_became_of_it(tmp_path: Path, receiver: Receiver) -> None:
    bad = "json://user:bad-s3cret@127.0.0.1:9/path-s3cret"
    code, said = await run(tmp_path, "alerts", "test", alerts=[receiver.json_url, {"url": bad}])
    assert code == 1
    lines = said.strip().splitlines()
    assert len(lines) == 3
    assert "alerts[0] (json)" in lines[1]
    assert "sent" in lines[1]
    assert "FAILED" in lines[2]
    assert "s3cret" not in said
    [(_, body)] = receiver.taken
    assert json.loads(body)["title"] == "sculpteo-bridge: a test"


async def test_alerts_test_speaks_the_language_of_the_console(tmp_path: Path, receiver: Receiver) -> None:
    code, _ = await run(tmp_path, "alerts", "test", alerts=[receiver.json_url], console={"language": "fr"})
    assert code == 0
    [(_, body)] = receiver.taken
    assert json.loads(body)["title"] == "sculpteo-bridge\N{NO-BREAK SPACE}: un essai"


async def test_webhooks_test_sends_a_signed_event(tmp_path: Path, receiver: Receiver) -> None:
    secret = "a-long-s3cret-of-the-test"
    good = {"url": receiver.url, "secret": secret, "allow_private_addresses": True}
    code, said = await run(
        tmp_path, "webhooks", "test", "--json", webhooks=[good, {**good, "url": "http://127.0.0.1:9/x"}]
    )
    assert code == 1
    assert [one["sent"] for one in json.loads(said)] == [True, False]
    assert secret not in said
    [(headers, body)] = receiver.taken
    assert json.loads(body)["type"] == "test"
    assert headers["webhook-signature"].startswith("v1,")


@pytest.mark.parametrize("command", ["alerts", "webhooks"])
async def test_without_targets_the_remedy_is_told(tmp_path: Path, command: str) -> None:
    code, said = await run(tmp_path, command, "test")
    assert code == 1
    assert f"`{command}`" in said


async def test_faults_of_alerts_name_place_and_remedy(tmp_path: Path) -> None:
    alerts = ["nothing", {"url": "json://x", "on": ["alarms"]}, {"url": "json://x", "digset": "5m"}]
    webhooks = [{"url": "http://erp.example.com/x", "secret": "short", "events": ["placd"]}]
    code, said = await run(tmp_path, "alerts", "test", alerts=alerts, webhooks=webhooks)
    assert code == 2
    for part in (
        "alerts[0]: is not an Apprise URL",
        'alerts[1].on[0]: "alarms" is not a topic of alerts; did you mean "alarm"?',
        'alerts[2].digset: is not a known key; did you mean "digest"?',
        'webhooks[0].events[0]: "placd" is not an event of webhooks; did you mean "placed"?',
        "webhooks[0].secret: is shorter than 16 characters",
        'webhooks[0].url: "http://erp.example.com/x" is not encrypted',
    ):
        assert part in said, said


async def test_the_readmes_snippet_verifies_what_is_sent_and_nothing_else(receiver: Receiver) -> None:
    readme = (Path(bridge.alerts.__file__).parent / "README.md").read_text()
    snippet = readme.split("<!-- snippet: verify -->\n```python\n")[1].split("```")[0]
    names: dict[str, Any] = {}
    exec(snippet, names)  # noqa: S102 - our own text
    for secret in ("whsec_" + base64.b64encode(b"a-secret-of-the-test").decode(), "any text that is long"):
        receiver.taken.clear()
        target = Webhook(url=receiver.url, secret=SecretStr(secret), allow_private_addresses=True)
        await webhook_client.send_webhook(target, "msg_1", '{"type": "test"}', datetime.now(UTC))
        [(sent, body)] = receiver.taken
        headers = {name.lower(): value for name, value in sent.items()}
        genuine = names["is_genuine"]
        assert genuine(headers, body, secret)
        assert not genuine(headers, body + b" ", secret)
        assert not genuine(headers, body, "another text that is long")
        assert not genuine({**headers, "webhook-id": "msg_2"}, body, secret)
        await webhook_client.send_webhook(target, "msg_1", "{}", datetime.now(UTC) - timedelta(minutes=6))
        old = {name.lower(): value for name, value in receiver.taken[1][0].items()}
        assert not genuine(old, b"{}", secret)
