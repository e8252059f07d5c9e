"""Tables of scores, as text and as Markdown, whose headings name the protocol."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyimagesearch.evaluation.scores import COMMON, Score, scores_in


def count(report: Mapping[str, Any]) -> str:
    """How many pictures were scored: `1 picture`, `14 pictures`, `13 pictures (1 more left out)`."""
    number, left_out = len(next(iter(report["models"].values()))["pictures"]), len(report.get("left_out", ()))
    return f"{number} picture{'s' if number > 1 else ''}" + (f" ({left_out} more left out)" if left_out else "")


def origin(report: Mapping[str, Any]) -> str:
    """Which pictures were scored, at which scale, and where LR comes from, in one line."""
    pictures = f"{count(report)} of {report['hr']}, x{report['scale']}"
    made = f"LR made by MATLAB-equivalent bicubic, HR cut to multiples of {report['scale']}"
    lr = {"files": f"LR from {report['lr']}", "MATLAB-equivalent bicubic": made}.get(report.get("lr_from", ""))
    weights = report.get("vgg_weights")
    statistics, _, digest = report.get("niqe_statistics", "").partition("sha256:")
    natural = statistics and f"NIQE's parameters {statistics}sha256:{digest[:13]}"
    facts = [pictures, lr, weights and f"VGG19 weights {weights[:20]}", natural, f"on {report['device']}"]
    return "; ".join(fact for fact in facts if fact)


def labels(models: Iterable[str]) -> dict[str, str]:
    """A short name for each model: its file's; with as many folders before it as tell it from the others.

    The folder `models` of a run tells nothing: runs/one/models/generator.keras and runs/two/models/generator.keras are
    one/generator and two/generator.
    """
    parts = {model: [part for part in model.removesuffix(".keras").split("/") if part != "models"] for model in models}
    for count in range(1, max(map(len, parts.values())) + 1):
        short = {model: "/".join(names[-count:]) for model, names in parts.items()}
        if len(set(short.values())) == len(short):
            return short
    return {model: model for model in parts}


def cells(scores: Sequence[Score], values: Mapping[str, float]) -> list[str]:
    """One row's numbers; none where a score is of the whole folder and the row of one picture."""
    return [
        "" if score.of_folder and score.key not in values else f"{values[score.key]:.{score.digits}f}"
        for score in scores
    ]


def by_picture(report: Mapping[str, Any]) -> dict[str, dict[str, Mapping[str, float]]]:
    """{model: {picture: scores, ..., "mean": scores}}"""
    return {name: {**model["pictures"], "mean": model["mean"]} for name, model in report["models"].items()}


def means(report: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """{model: mean scores}"""
    return {name: model["mean"] for name, model in report["models"].items()}


def table(report: Mapping[str, Any]) -> str:
    """The means of every model as text, protocols side by side."""
    return _text(report, means(report)) + f"\n({origin(report)}; means over pictures)"


def picture_tables(report: Mapping[str, Any]) -> str:
    """Every picture's scores as text, a table a model."""
    pictures = {name: model["pictures"] for name, model in report["models"].items()}
    return "\n\n".join(f"{name}\n{_text(report, rows)}" for name, rows in pictures.items())


def _text(report: Mapping[str, Any], rows: Mapping[str, Mapping[str, float]]) -> str:
    scores = scores_in(report)
    lines = [[score.quantity for score in scores], *(cells(scores, row) for row in rows.values())]
    widths = [max(len(line[column]) for line in lines) for column in range(len(scores))]
    first = max(map(len, rows))
    heading = " " * first
    for protocol, columns in groups(scores, report["scale"]).items():
        room = sum(widths[column] + 2 for column in columns) - 2
        if len(protocol) > room:  # the last column of the group makes room for its heading
            widths[columns[-1]] += len(protocol) - room
        heading += "  " + protocol.ljust(max(room, len(protocol)))
    body = [
        name.ljust(first) + "".join("  " + cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for name, line in zip(["", *rows], lines, strict=True)
    ]
    return "\n".join([heading.rstrip(), *body])


def groups(scores: Sequence[Score], scale: int) -> dict[str, list[int]]:
    """The columns under each protocol's heading."""
    columns: dict[str, list[int]] = {}
    for column, score in enumerate(scores):
        columns.setdefault(score.protocol.format(scale=scale), []).append(column)
    return columns


def markdown(report: Mapping[str, Any]) -> str:
    """A page of Markdown: means, every picture, and the definition of every score."""
    sections = [f"# Scores\n\n{origin(report)}.", "## Means\n\n" + markdown_table(report, means(report), "model")]
    for name, rows in by_picture(report).items():
        sections.append(f"## {name}\n\n" + markdown_table(report, rows, "picture"))
    sections.append("## Protocols\n\n" + markdown_definitions(scores_in(report), report["scale"]))
    return "\n\n".join(sections) + "\n"


def markdown_table(report: Mapping[str, Any], rows: Mapping[str, Mapping[str, float]], first: str) -> str:
    """Rows of scores under headings that name protocol and quantity."""
    scores = scores_in(report)
    body = ([name, *cells(scores, row)] for name, row in rows.items())
    return markdown_rows([*markdown_heading(scores, report["scale"], first), *body])


def markdown_heading(scores: Sequence[Score], scale: int, first: str) -> list[list[str]]:
    """The two lines that begin a table of scores: headings that name protocol and quantity, and alignment."""
    heads = [f"{score.protocol.format(scale=scale)}: {score.quantity}" for score in scores]
    return [[first, *heads], ["---", *("---:" for _ in scores)]]


def markdown_rows(lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table of cells."""
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def markdown_definitions(scores: Sequence[Score], scale: int | str) -> str:
    """A table of what each score is; `scale` is how many pixels are cropped."""
    lines = [[f"`{score.key}`", score.definition.format(scale=scale)] for score in scores]
    return markdown_rows([["score", "what it is"], ["---", "---"], *lines]) + f"\n\n{COMMON}"
