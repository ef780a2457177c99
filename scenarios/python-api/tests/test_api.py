from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from app.api import LONG_NAME, MAX_BODY, MISSING_NAME, create_app
from app.items import Store

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def client():
    return TestClient(create_app(Store(now=lambda: NOON)))


def test_a_healthy_service_says_so(client):
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_new_item_is_in_the_list(client):
    assert client.get("/api/items").json() == {"items": []}
    created = client.post("/api/items", json={"name": " anchor "})
    anchor = {"id": 1, "name": "anchor", "created_at": "2026-01-02T12:00:00Z"}
    assert (created.status_code, created.json()) == (201, anchor)
    assert client.get("/api/items").json() == {"items": [anchor]}


@pytest.mark.parametrize("body", [b'{"name": ', b"", b"anchor", b'{"name": "a"} {}'])
def test_bad_json_is_refused_in_words(client, body):
    answer = client.post("/api/items", content=body)
    assert answer.status_code == 400
    assert "not valid JSON" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, MISSING_NAME),
        ({"name": "  "}, MISSING_NAME),
        ({"name": "x" * 201}, LONG_NAME),
        ({"name": 7}, "not an object with a name"),
        (["anchor"], "not an object with a name"),
    ],
)
def test_an_item_without_a_usable_name_is_refused(client, body, words):
    answer = client.post("/api/items", json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert client.get("/api/items").json() == {"items": []}


def test_a_name_of_200_characters_is_taken(client):
    assert client.post("/api/items", json={"name": "é" * 200}).status_code == 201


def test_a_body_of_64_kib_is_taken_and_one_byte_more_is_refused(client):
    body = b'{"name": "anchor"}'
    assert client.post("/api/items", content=body.ljust(MAX_BODY)).status_code == 201
    answer = client.post("/api/items", content=body.ljust(MAX_BODY + 1))
    assert (answer.status_code, answer.json()) == (413, {"error": "the body is larger than 64 KiB"})


def test_a_body_without_a_length_is_bounded_too(client):
    answer = client.post("/api/items", content=(b" " * 1024 for _ in range(100)))
    assert answer.status_code == 413


def test_another_method_is_refused_with_those_that_are_possible(client):
    answer = client.delete("/api/items")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert "error" in answer.json()
    assert client.post("/health").headers["allow"] == "GET"


def test_nothing_at_a_path_is_said(client):
    answer = client.get("/nowhere")
    assert (answer.status_code, answer.json()) == (404, {"error": "there is nothing at this path"})
