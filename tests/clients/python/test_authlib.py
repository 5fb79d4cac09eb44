"""Authlib (requests integration) against a running server."""

import json
import os
import pathlib

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from bs4 import BeautifulSoup
from joserfc import jwt
from joserfc.jwk import KeySet

ISSUER = os.environ["PORTCULLIS_ISSUER"]
DEMO = json.loads((pathlib.Path(os.environ["PORTCULLIS_DIR"]) / "portcullis-dev/demo.json").read_text())
REDIRECT_URI = "http://localhost:5173/callback"
USER = "bob@example.test"

# The one relaxation: plain http on loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"


@pytest.fixture(scope="module")
def metadata():
    document = requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=10).json()
    assert document["issuer"] == ISSUER
    return document


def submit(browser, page, values):
    form = BeautifulSoup(page.text, "html.parser").find("form", method="post")
    fields = {field["name"]: field["value"] for field in form.find_all("input", type="hidden")}
    url = requests.compat.urljoin(page.url, form["action"])
    return follow(browser, browser.post(url, data=fields | values, allow_redirects=False, timeout=10))


def follow(browser, page):
    """Follows redirects within the server; the page, or the address elsewhere."""
    while page.is_redirect:
        url = requests.compat.urljoin(page.url, page.headers["location"])
        if not url.startswith(ISSUER):
            return url
        page = browser.get(url, allow_redirects=False, timeout=10)
    return page


def authorize(url):
    browser = requests.Session()
    page = follow(browser, browser.get(url, allow_redirects=False, timeout=10))
    if not isinstance(page, str) and 'id="password"' in page.text:
        page = submit(browser, page, {"username": USER, "password": DEMO["passwords"][USER]})
    if not isinstance(page, str):
        page = submit(browser, page, {"decision": "allow"})
    assert isinstance(page, str), page.text
    return page


@pytest.mark.parametrize("method", ["client_secret_basic", "none"])
def test_authlib_signs_in_refreshes_and_revokes(metadata, method):
    confidential = method != "none"
    client_id = "demo-web" if confidential else "demo-spa"
    session = OAuth2Session(
        client_id,
        DEMO["secrets"]["demo-web"] if confidential else None,
        scope="openid profile email offline_access",
        redirect_uri=REDIRECT_URI,
        token_endpoint_auth_method=method,
        code_challenge_method="S256",
    )
    verifier, nonce = generate_token(48), generate_token(20)
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    callback = authorize(url)
    token = session.fetch_token(
        metadata["token_endpoint"], authorization_response=callback, state=state, code_verifier=verifier
    )
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
    decoded = jwt.decode(token["id_token"], keys, algorithms=["ES256"])
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": client_id},
        nonce={"essential": True, "value": nonce},
        exp={"essential": True},
    ).validate(decoded.claims)
    userinfo = session.get(metadata["userinfo_endpoint"]).json()
    assert userinfo["sub"] == decoded.claims["sub"]
    assert userinfo["email"] == USER

    refreshed = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    assert refreshed["refresh_token"] != token["refresh_token"]
    if confidential:
        seen = session.introspect_token(metadata["introspection_endpoint"], token=refreshed["access_token"]).json()
        assert seen["active"] is True
    answer = session.revoke_token(metadata["revocation_endpoint"], token=refreshed["refresh_token"])
    assert answer.status_code == 200
    with pytest.raises(OAuthError) as refused:
        session.refresh_token(metadata["token_endpoint"], refresh_token=refreshed["refresh_token"])
    assert refused.value.error == "invalid_grant"


def test_authlib_gets_a_token_for_a_service(metadata):
    session = OAuth2Session("demo-service", DEMO["secrets"]["demo-service"], scope="api:read")
    token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert token["scope"] == "api:read"
    assert token["expires_in"] == 900


def test_a_client_registers_itself_and_reads_its_registration(metadata):
    made = requests.post(
        metadata["registration_endpoint"],
        json={"redirect_uris": [REDIRECT_URI], "client_name": "Authlib", "token_endpoint_auth_method": "client_secret_post"},
        timeout=10,
    )
    assert made.status_code == 201
    client = made.json()
    session = OAuth2Session(
        client["client_id"], client["client_secret"], token_endpoint_auth_method="client_secret_post",
        redirect_uri=REDIRECT_URI, scope="openid profile", code_challenge_method="S256",
    )
    verifier = generate_token(48)
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    callback = authorize(url)
    tokens = session.fetch_token(
        metadata["token_endpoint"], authorization_response=callback, state=state, code_verifier=verifier
    )
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
    assert jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims["aud"] == client["client_id"]
    headers = {"Authorization": f"Bearer {client['registration_access_token']}"}
    read = requests.get(client["registration_client_uri"], headers=headers, timeout=10).json()
    assert read["client_name"] == "Authlib"
