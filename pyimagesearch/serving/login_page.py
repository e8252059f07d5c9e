"""The page that asks a person for the token. It needs no script, and looks like the page behind it."""

import base64
import hashlib

from pyimagesearch.serving.guard import CONTENT_POLICY

STYLE = """
main { max-width: 30rem; width: 100%; margin: 8vh auto; gap: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; }
form { display: flex; flex-wrap: wrap; gap: .5rem; }
label { flex: 1 0 100%; }
input { flex: 1 1 14rem; min-height: 44px; padding: 0 .75rem; border: 1px solid var(--edge-strong);
  border-radius: var(--round); background: var(--card); color: inherit; font: inherit; }
.wrong { color: var(--wrong); }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"{CONTENT_POLICY}; style-src 'self' 'sha256-{_HASH}'"
WRONG = '<p id="wrong" class="wrong" role="alert">This is none of the server\'s tokens.</p>'


def page(*, refused: bool) -> str:
    """HTML of a form that posts `token` to login. refused: whether it says that the token before was wrong."""
    marks = ' aria-invalid="true" aria-describedby="wrong"' if refused else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in: srgan</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="page/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="page/style.css">'
        f"<style>{STYLE}</style></head><body><main><h1>This server asks for a token</h1>"
        '<p class="hint">Its operator has one for you. It is asked for once, until you close the browser.</p>'
        f"{WRONG if refused else ''}"
        '<form action="login" method="post"><label for="token">Token</label>'
        f'<input id="token" name="token" type="password" autocomplete="current-password" required autofocus{marks}>'
        '<button class="primary">Sign in</button></form></main></body></html>'
    )
