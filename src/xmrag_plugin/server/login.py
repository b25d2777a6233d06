"""Let a browser bring the token: a form that asks for it, and a cookie that keeps it."""

from __future__ import annotations

import asyncio
import hmac
import html
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

__all__ = ["COOKIE", "LOGIN", "login_form", "login_router"]

COOKIE = "xmrag_token"
LOGIN = "/login"

_WRONG_S = 1.0  # how long a wrong token waits for its answer
_KEPT_S = 30 * 86400

_FORM = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>xmrag: access token</title>
<style>
:root {{ color-scheme: light dark; --ground: #f5f3ee; --card: #ffffff; --ink: #1b2a33; --quiet: #56656f;
  --line: #d5d0c4; --accent: #0f6e79; --on: #ffffff; --doubt: #a3461a; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ground: #11191f; --card: #1a252d; --ink: #e6edf0; --quiet: #9db0ba;
  --line: #3a4b56; --accent: #62c6cf; --on: #0b1a1d; --doubt: #f0a36f; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground);
  color: var(--ink); font: 17px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }}
main {{ width: 100%; max-width: 25rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 1.75rem; }}
h1 {{ font-size: 1.4rem; margin: 0 0 .5rem; }} p {{ color: var(--quiet); margin: 0 0 1.1rem; }}
label {{ display: block; font-weight: 600; margin-bottom: .35rem; }}
input, button {{ width: 100%; font: inherit; padding: .6rem .8rem; border-radius: 9px; }}
input {{ border: 1px solid var(--line); background: var(--ground); color: var(--ink); margin-bottom: 1rem; }}
button {{ border: 0; background: var(--accent); color: var(--on); font-weight: 600; cursor: pointer; }}
:focus-visible {{ outline: 3px solid var(--accent); outline-offset: 2px; }}
p[role=alert] {{ color: var(--doubt); font-weight: 600; }} code {{ font-size: .9em; }}
</style></head><body><main>
<h1>Access token</h1>
<p>This collection is open to those who have its token: what <code>xmrag serve</code> was started with
(<code>--token</code> or <code>XMRAG_TOKEN</code>).</p>
{problem}<form method="post" action="{login}"><label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Open</button></form></main></body></html>
"""


def login_form(problem: str = "") -> str:
    """Return the page that asks for the token.

    Args:
        problem: What was wrong before.
    """
    alert = f'<p role="alert">{html.escape(problem)}</p>\n' if problem else ""
    return _FORM.format(problem=alert, login=LOGIN)


def login_router(token: str) -> APIRouter:
    """Return the routes of the form.

    Args:
        token: What is asked for; empty for no token.
    """
    routes = APIRouter(include_in_schema=False)

    @routes.get(LOGIN, response_class=HTMLResponse)
    async def form() -> Response:
        return HTMLResponse(login_form()) if token else RedirectResponse("/", 303)

    @routes.post(LOGIN)
    async def enter(
        request: Request, given: Annotated[str, Form(alias="token", max_length=4096)]
    ) -> Response:
        if token and not hmac.compare_digest(given.strip().encode(), token.encode()):
            await asyncio.sleep(_WRONG_S)
            return HTMLResponse(login_form("That is not the token."), 401)
        response = RedirectResponse("/", 303)
        response.set_cookie(
            COOKIE,
            token,
            max_age=_KEPT_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    return routes
