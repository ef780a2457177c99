"""The HTTP face of the service: its routes and their answers."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, StringConstraints, ValidationError
from starlette.exceptions import HTTPException

from app.items import Item, Store

# How many bytes of a request body are read.
MAX_BODY = 64 * 1024
# How many characters a name may have.
MAX_NAME = 200

EXAMPLE = '{"name": "anchor"}'
BAD_JSON = f"the body is not valid JSON; send an object such as {EXAMPLE}"
BAD_OBJECT = f"the body is not an object with a name; send one such as {EXAMPLE}"
MISSING_NAME = f"the item has no name; send an object such as {EXAMPLE}"
LONG_NAME = f"the name is longer than {MAX_NAME} characters"


class NewItem(BaseModel):
    """What a client sends to create an item."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME)]


class ItemList(BaseModel):
    """All items, in order of creation."""

    items: list[Item]


MESSAGES = {
    "json_invalid": BAD_JSON,
    "missing": MISSING_NAME,
    "string_too_short": MISSING_NAME,
    "string_too_long": LONG_NAME,
}


async def bounded_body(request: Request) -> bytes:
    """The request's body; 413 as soon as it is known to be longer than MAX_BODY, whatever its headers say."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413, f"the body is larger than {MAX_BODY // 1024} KiB")
    return bytes(body)


async def new_item(body: Annotated[bytes, Depends(bounded_body)]) -> NewItem:
    """The item that the body describes; 400 in words when it does not."""
    try:
        return NewItem.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(400, MESSAGES.get(error.errors()[0]["type"], BAD_OBJECT)) from error


def allowed_methods(request: Request) -> list[str]:
    """The methods that some route knows at the request's path."""
    schema = request.app.openapi()["paths"].get(request.url.path.rstrip("/") or "/", {})
    return sorted(method.upper() for method in schema)


async def in_our_words(request: Request, error: HTTPException) -> JSONResponse:
    """Every refusal as JSON with one key, and a 405 with all methods that the path has."""
    headers = dict(error.headers or {})
    message = error.detail
    if error.status_code == 404:
        message = "there is nothing at this path"
    if error.status_code == 405:
        headers["Allow"] = ", ".join(allowed_methods(request)) or headers.get("Allow", "")
        message = f"{request.method} is not possible here"
    return JSONResponse({"error": message}, error.status_code, headers)


def create_app(store: Store | None = None) -> FastAPI:
    """The service with its own store of items."""
    app = FastAPI(title="python-api", version="1.0.0", exception_handlers={HTTPException: in_our_words})
    items = store or Store()

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/api/items")
    async def list_items() -> ItemList:
        return ItemList(items=items.all())

    @app.post("/api/items", status_code=201)
    async def create_item(new: Annotated[NewItem, Depends(new_item)]) -> Item:
        return items.add(new.name)

    return app
