"""The page of `srgan results`, docs/results.md: scores of evaluations beside the published ones, as Markdown."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import score_tables
from pyimagesearch.evaluation.published_scores import BICUBIC, PUBLISHED, SCALE, TOLERANCE, Published
from pyimagesearch.evaluation.scores import SCORES, USUAL, all_scores, scores_in
from pyimagesearch.system import files

Reports = dict[str, dict[str, Any]]


def read_reports(paths: Sequence[str]) -> Reports:
    """{data set: report} of JSON files that `srgan evaluate` wrote.

    The name of a file is that of its data set. Files of the same name are merged. Raises InputError where a file is
    something else, or where files of the same name do not compare.
    """
    reports: Reports = {}
    for path in paths:
        report = _read(path)
        name = _data_set(path)
        _check_bicubic(path, name, report)
        title = name if report["scale"] == SCALE else f"{name} x{report['scale']}"
        reports[title] = _merge(path, reports[title], report) if title in reports else report
    return reports


def _data_set(path: str) -> str:
    stem = Path(path).stem
    known = {name.lower(): name for published in PUBLISHED for name in published.scores}
    return known.get(stem.lower(), stem)


def _read(path: str) -> dict[str, Any]:
    try:
        usual = [SCORES[key] for key in USUAL]
        report = json.loads(Path(path).read_text())
        for model in report["models"].values():
            for row in (model["mean"], *model["pictures"].values()):
                score_tables.cells([*usual, *scores_in(report)], row)
        score_tables.origin(report)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; srgan evaluate --json writes it") from None
    except (ValueError, KeyError, AttributeError, TypeError, StopIteration):
        raise InputError(f"{path}: not what srgan evaluate --json writes") from None
    return report


def _check_bicubic(path: str, name: str, report: Mapping[str, Any]) -> None:
    """Raise InputError where bicubic's score shows that the pictures are not those of the data set `name`."""
    if report["scale"] != SCALE or name not in BICUBIC or "bicubic" not in report["models"]:
        return
    scored, known = report["models"]["bicubic"]["mean"]["psnr_y"], BICUBIC[name]
    if abs(scored - known) > TOLERANCE:
        raise InputError(
            f"{path}: bicubic has {scored:.2f} dB here and {known} dB on {name}: other pictures or another LR; "
            "name the file after what it holds"
        )


def _merge(path: str, first: dict[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """One report with the models of both. Raises InputError where they differ in what scores depend on."""
    twice = first["models"].keys() & second["models"].keys() - {"bicubic"}
    if twice:
        raise InputError(f"{path}: {sorted(twice)[0]} is in another file of the same name too; leave one out")
    for what, one, two in (
        ("pictures", *(sorted(next(iter(report["models"].values()))["pictures"]) for report in (first, second))),
        *((key, first.get(key), second.get(key)) for key in ("lr_from", "vgg_weights", "niqe_statistics", "device")),
    ):
        if one != two:
            raise InputError(f"{path}: does not match another file of the same name in its {what}; evaluate both alike")
    if "bicubic" in first["models"].keys() & second["models"].keys():
        one, two = (report["models"]["bicubic"]["mean"]["psnr_y"] for report in (first, second))
        if abs(one - two) > TOLERANCE:
            raise InputError(
                f"{path}: bicubic has {two:.2f} dB here and {one:.2f} in another file of the same name: other pictures "
                "or another LR; name each file after what it holds"
            )
    new = {name: model for name, model in second["models"].items() if name not in first["models"]}
    return first | {"models": first["models"] | new}


def write_page(path: str, reports: Reports, *, command: Sequence[str]) -> None:
    """Write the page of `reports` to a local or gs:// path; `command` names the files that it was made from."""
    files.write_whole(path, page(reports, command=command))


def page(reports: Reports, *, command: Sequence[str]) -> str:
    """The page as Markdown."""
    names = " ".join(name if not Path(name).is_absolute() else Path(name).name for name in command)
    sections = [
        f"<!-- Written by `srgan results {names}`: change those files, not this page. -->\n# Results",
        "This page shows what `srgan evaluate` measured, beside published figures. The columns with Y, cropped, follow "
        "the usual protocol, the only one that papers print; [Protocols](#protocols) defines every column.",
    ]
    for name, report in reports.items():
        sections.append(f"## {name}\n\n" + _data_set_table(name, report))
    shown = {score.key for report in reports.values() for score in scores_in(report)}
    defined = [score for score in all_scores() if score.key in shown]
    sections.append("## Protocols\n\n" + score_tables.markdown_definitions(defined, "`scale`"))
    papers = [row for row in PUBLISHED if row.scores.keys() & reports.keys()]
    if papers:
        sections.append(_papers(papers))
    return "\n\n".join(sections) + "\n"


def _rows(name: str) -> list[Published]:
    return [row for row in PUBLISHED if name in row.scores]


def _data_set_table(name: str, report: Mapping[str, Any]) -> str:
    """Published rows, then ours; below them how ours were measured."""
    scores = scores_in(report)
    lines = score_tables.markdown_heading(scores, report["scale"], "")
    for row in _rows(name):
        psnr, ssim = row.scores[name]
        published = {"psnr_y": f"{psnr:.2f}", "ssim_y": f"{ssim:.4f}" + ("" if row.ssim_compares else "†")}
        lines.append([f"{row.method}, published", *(published.get(score.key, "") for score in scores)])
    for model, label in score_tables.labels(report["models"]).items():
        lines.append([f"**{label}, ours**", *score_tables.cells(scores, report["models"][model]["mean"])])
    lr = {"files": "LR as the data set brings it", "MATLAB-equivalent bicubic": "LR by MATLAB-equivalent bicubic"}
    weights = report.get("vgg_weights")
    facts = [
        f"{score_tables.count(report)}, x{report['scale']}",
        lr.get(report.get("lr_from", "")),
        f"speed on {report.get('device', '?')}",
        weights and f"VGG19 weights {weights[:20]}",
    ]
    return score_tables.markdown_rows(lines) + "\n\n" + "; ".join(fact for fact in facts if fact) + "."


def _papers(rows: Sequence[Published]) -> str:
    lines = [["method", "figures from"], ["---", "---"], *([row.method, row.paper] for row in rows)]
    note = (
        "Published figures are at x4, with LR by MATLAB's bicubic, on Y with 4 pixels cropped. Most papers score the "
        "raw values of Set14's grey picture. We score this picture as RGB, like a user's picture, which gives about "
        "0.09 dB more on Set14 (bicubic 26.09 instead of 26.00). † This SSIM was measured with another tool and does "
        "not compare with the others."
    )
    return "## Published figures\n\n" + score_tables.markdown_rows(lines) + "\n\n" + note
