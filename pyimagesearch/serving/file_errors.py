"""What is wrong with a file, in a person's words and with the file's name. The codes of errors stay."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pyimagesearch.serving.errors import ServiceError

NAMELESS = "the picture"
LONGEST_NAME = 80
PIXELS = re.compile(r"the picture: (?P<size>\d+x\d+) are (?P<pixels>\d+) pixels; at most (?P<most>\d+) are allowed")
# How what decoders say begins, and what people are told instead; the rest is for those who know decoders.
WORDS = (
    ("the picture: not a picture",
     "{name} is no picture of a kind that is read here, or it is damaged; save it as JPEG or PNG"),
    ("the picture: corrupt or truncated",
     "{name} is damaged, or a part of it is missing; open it in another program and save it anew"),
    ("the picture: its header says",
     "{name} has more pixels than are taken here; make it smaller"),
    ("a decoder failed at", "{name} is damaged; open it in another program and save it anew"),
    ("the body is empty", "{name} is empty; send a picture's file"),
)  # fmt: skip


def about(name: str, error: ServiceError) -> ServiceError:
    """The error of decoding a file, for the person who sent it. name: of the file; may be empty."""
    shown = _shown(name)
    return ServiceError(error.status, error.code, _words(shown, str(error)), error.headers)


@contextmanager
def naming(names: Iterable[str]) -> Iterator[None]:
    """Where an error begins with what a file is in a form, such as style 2, say its name instead.

    names: of the files: that of the content, then those of the styles.
    """
    try:
        yield
    except ServiceError as error:
        content, *styles = map(_shown, names)
        files = {"content": content} | {f"style {number}": name for number, name in enumerate(styles, 1)}
        said = re.sub(rf"^({'|'.join(files)})(?=:? )", lambda match: files[match[0]], str(error))
        raise ServiceError(error.status, error.code, said, error.headers) from None


def _words(name: str, message: str) -> str:
    if many := PIXELS.match(message):
        has, most = (_megapixels(int(many[group])) for group in ("pixels", "most"))
        return (
            f"{name} has {has} ({many['size']}), and at most {most} are taken here; make it smaller, or cut out a part"
        )
    for begins, words in WORDS:
        if message.startswith(begins):
            return words.format(name=name)
    said, count = re.subn(r"^(the|this) (picture|zip file)(?=: | takes| is | holds| unpacks)", lambda _: name, message)
    return said if count or name == NAMELESS else f"{name}: {message}"


def _shown(name: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in name).strip()
    return f"{plain[:LONGEST_NAME]}…" if len(plain) > LONGEST_NAME else plain or NAMELESS


def _megapixels(pixels: int) -> str:
    return f"{pixels:,} pixels" if pixels < 100_000 else f"{pixels / 1e6:.3g} megapixels"
