"""How far a film is, where stderr is no terminal."""

from pyimagesearch.inference.film import progress


def test_a_line_now_and_then_says_what_is_done_and_the_time_left(caplog, monkeypatch):
    clock = iter([100.0, 130.0, 161.0, 170.0, 230.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with caplog.at_level("INFO", "pyimagesearch"), progress.Progress("film.mp4", 250, 60) as bar:
        for _ in range(4):
            for _ in range(30):
                bar.update()
            bar.kept()
    assert caplog.messages == [
        "film.mp4: goes on after 60 frames that are done",
        "film.mp4: 120 of 250 frames, 2 min 12 s left",  # 60 frames took 61 s
        "film.mp4: 180 of 250 frames, 1 min 16 s left",  # 120 frames took 130 s
    ]


def test_a_film_that_does_not_say_its_length(caplog, monkeypatch):
    clock = iter([0.0, 61.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with caplog.at_level("INFO", "pyimagesearch"), progress.Progress("film.mp4", 0, 0) as bar:
        bar.update()
        bar.kept()
    assert caplog.messages == ["film.mp4: 1 frames"]
