"""Access tokens by the client credentials grant: asked for once, kept, renewed in time."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

import pytest

from bridge.errors import BridgeError, NeedsPerson, TryAgain, shopify_upstream
from bridge.shopify.auth import ClientCredentials, StaticToken
from tests.shopify.fake_shopify import DOMAIN, REQUEST_ID, TOKEN, Fault, Shop

SECRET = "the-client-secret-of-the-tests"


@pytest.fixture
def tokens(shop: Shop) -> ClientCredentials:
    shop.stub.tokens.clear()
    shop.stub.root["shop"] = {
        "id": "gid://shopify/Shop/1",
        "name": "Acme",
        "myshopifyDomain": DOMAIN,
        "currencyCode": "EUR",
        "ianaTimezone": "Europe/Paris",
        "taxesIncluded": True,
        "plan": {"publicDisplayName": "Basic", "partnerDevelopment": False},
    }
    return ClientCredentials(
        shop.session,
        shop.where.token,
        "an-id",
        SECRET,
        upstream=shopify_upstream("acme"),
        clock=shop.time.clock,
    )


async def test_a_token_is_asked_for_by_form(shop: Shop, tokens: ClientCredentials) -> None:
    assert await tokens.token() == "shpca_1"
    (request,) = shop.stub.token_requests
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["an-id"],
        "client_secret": [SECRET],
    }


async def test_a_token_is_kept_until_an_hour_before_its_end(shop: Shop, tokens: ClientCredentials) -> None:
    assert await tokens.token() == "shpca_1"
    shop.time.now += 86_399 - 3601
    assert await tokens.token() == "shpca_1"
    shop.time.now += 2
    assert await tokens.token() == "shpca_2"


async def test_a_short_token_is_renewed_when_a_tenth_of_its_life_is_left(
    shop: Shop, tokens: ClientCredentials
) -> None:
    shop.stub.lifetime = 100
    assert await tokens.token() == "shpca_1"
    shop.time.now += 89
    assert await tokens.token() == "shpca_1"
    shop.time.now += 2
    assert await tokens.token() == "shpca_2"


async def test_everybody_waits_for_one_request(shop: Shop, tokens: ClientCredentials) -> None:
    shop.stub.token_faults.append(Fault(delay=0.02, body=b'{"access_token": "one", "expires_in": 86399}'))
    assert set(await asyncio.gather(*[tokens.token() for _ in range(50)])) == {"one"}
    assert len(shop.stub.token_requests) == 1


async def test_everybody_who_waited_gets_the_one_failure(shop: Shop, tokens: ClientCredentials) -> None:
    shop.stub.token_faults.append(Fault(500, delay=0.02))
    found = await asyncio.gather(*[tokens.token() for _ in range(20)], return_exceptions=True)
    assert {type(one) for one in found} == {TryAgain}
    assert len(shop.stub.token_requests) == 1
    assert await tokens.token() == "shpca_2"


async def test_one_who_stops_waiting_does_not_stop_the_others(shop: Shop, tokens: ClientCredentials) -> None:
    shop.stub.token_faults.append(Fault(delay=0.05, body=b'{"access_token": "one", "expires_in": 86399}'))
    first = asyncio.create_task(tokens.token())
    second = asyncio.create_task(tokens.token())
    await asyncio.sleep(0.01)
    first.cancel()
    assert await second == "one"


async def test_a_failure_to_renew_early_does_not_stop_a_token_that_works(
    shop: Shop, tokens: ClientCredentials
) -> None:
    assert await tokens.token() == "shpca_1"
    shop.time.now += 86_399 - 1800
    shop.stub.token_faults.extend([Fault(503)] * 2)
    assert await tokens.token() == "shpca_1"
    assert await tokens.token() == "shpca_1"
    assert len(shop.stub.token_requests) == 2, "not again within the same minute"
    shop.time.now += 1801
    with pytest.raises(TryAgain):
        await tokens.token()


async def test_a_refused_token_is_renewed_once_and_the_request_goes_through(
    shop: Shop, tokens: ClientCredentials
) -> None:
    admin = shop.client(tokens)
    await admin.run("shop")
    shop.stub.tokens.clear()
    await admin.run("shop")
    assert len(shop.stub.requests) == 3
    assert len(shop.stub.token_requests) == 2


async def test_a_mutation_is_sent_again_after_a_refused_token_since_it_was_not_run(
    shop: Shop, tokens: ClientCredentials
) -> None:
    shop.stub.root["tagsAdd"] = {"userErrors": []}
    admin = shop.client(tokens)
    await tokens.token()
    shop.stub.tokens.clear()
    await admin.write("tags_add", "tagsAdd", {"id": "gid://shopify/Order/1", "tags": ["a"]})
    assert len(shop.stub.requests) == 2


async def test_many_refused_at_once_ask_for_one_new_token(shop: Shop, tokens: ClientCredentials) -> None:
    admin = shop.client(tokens)
    await admin.run("shop")
    shop.stub.tokens.clear()
    await asyncio.gather(*[admin.run("shop") for _ in range(20)])
    assert len(shop.stub.token_requests) == 2


async def test_a_late_refusal_of_an_older_token_does_not_end_the_new_one(
    shop: Shop, tokens: ClientCredentials
) -> None:
    assert await tokens.token() == "shpca_1"
    assert await tokens.renew("an-older-one") == "shpca_1"
    assert await tokens.renew("shpca_1") == "shpca_2"
    assert len(shop.stub.token_requests) == 2


async def test_a_new_token_that_is_refused_too_needs_a_person(shop: Shop, tokens: ClientCredentials) -> None:
    body = b'{"access_token": "never-good", "expires_in": 86399}'
    shop.stub.token_faults.extend([Fault(body=body)] * 5)
    with pytest.raises(NeedsPerson) as caught:
        await shop.client(tokens).run("shop")
    assert caught.value.problem == "shop_access"
    assert len(shop.stub.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_wrong_credentials_need_a_person_with_the_remedy(
    shop: Shop, tokens: ClientCredentials, status: int
) -> None:
    shop.stub.token_faults.append(Fault(status, b'{"error": "invalid_client"}'))
    with pytest.raises(NeedsPerson) as caught:
        await tokens.token()
    why = str(caught.value.facts["why"])
    assert "invalid_client" in why
    assert "not installed" in why
    assert REQUEST_ID in why


@pytest.mark.parametrize(
    "fault",
    [
        Fault(500),
        Fault(429, headers={"Retry-After": "3"}),
        Fault(200, b"<html>"),
        Fault(200, b"[]"),
        Fault(200, b"{}"),
        Fault(200, b'{"access_token": ""}'),
        Fault(200, b'{"access_token": 1}'),
        Fault(200, b'{"access_token": "a\\r\\nb: c"}'),
        Fault(200, b'{"access_token": "a", "expires_in": "soon"}'),
        Fault(200, b" " * 200_000),
        Fault(drop=True),
    ],
)
async def test_an_answer_that_makes_no_sense_is_for_a_later_try(
    shop: Shop, tokens: ClientCredentials, fault: Fault
) -> None:
    shop.stub.token_faults.extend([fault] * 3)
    with pytest.raises(TryAgain) as caught:
        await tokens.token()
    assert caught.value.upstream == "shopify:acme"


async def test_a_token_without_a_lifetime_is_trusted_for_an_hour(
    shop: Shop, tokens: ClientCredentials
) -> None:
    shop.stub.token_faults.append(Fault(body=b'{"access_token": "a"}'))
    assert await tokens.token() == "a"
    shop.time.now += 3500
    assert await tokens.token() == "shpca_2"


@pytest.mark.parametrize("fault", [Fault(400, b'{"error": "invalid_client"}'), Fault(500), Fault(200, b"{}")])
async def test_no_secret_is_in_an_error_or_a_repr(
    shop: Shop, tokens: ClientCredentials, fault: Fault
) -> None:
    shop.stub.token_faults.append(fault)
    with pytest.raises(BridgeError) as caught:
        await tokens.token()
    await tokens.token()
    for text in (str(caught.value), repr(caught.value), repr(tokens), repr(StaticToken(TOKEN))):
        assert SECRET not in text
        assert "shpca_" not in text
        assert TOKEN not in text
