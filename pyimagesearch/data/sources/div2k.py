"""DIV2K through TensorFlow Datasets."""

import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pyimagesearch.data.pairs import Pair, same_area
from pyimagesearch.data.sources.base import Entry
from pyimagesearch.errors import InputError, one_line
from pyimagesearch.images import picture_io
from pyimagesearch.system import console

logger = logging.getLogger(__name__)

DIV2K_CONFIGS = (
    "bicubic_x2", "bicubic_x3", "bicubic_x4", "bicubic_x8", "unknown_x2", "unknown_x3", "unknown_x4",
    "realistic_mild_x4", "realistic_difficult_x4", "realistic_wild_x4",
)  # fmt: skip
ANSWER_SECONDS = 10  # in which a host has to answer
DIV2K_TYPICAL_SIZE = (1424, 2018)  # the mean over its 800 training pictures; TFDS does not tell the true sizes


class Div2kSource:
    """DIV2K through TensorFlow Datasets, which downloads and prepares it on first use."""

    name = "div2k"

    def __init__(self, config: str, *, scale: int, crop: int):
        if config not in DIV2K_CONFIGS:
            raise InputError(f"`div2k_config`: unknown {config}; valid: {', '.join(DIV2K_CONFIGS)}")
        if not config.endswith(f"x{scale}"):
            raise InputError(f"`div2k_config` {config} disagrees with `scale` {scale}; give `scale` {config[-1]}")
        import tensorflow_datasets as tfds

        self.scale, self.crop = scale, crop
        self.kernel = config.rpartition("_")[0]
        for library in ("absl", "urllib3"):  # they warn of a folder that is not there yet, and at every retry
            logging.getLogger(library).setLevel(logging.ERROR)
        self._builder = tfds.builder(f"div2k/{config}")
        prepared = self._builder.is_prepared()
        urls = list(self._builder.builder_config.download_urls.values())
        size = sum(self._builder.url_infos[url].size for url in urls)
        if not prepared:
            logger.info(f"Preparing div2k/{config} in {self._builder.data_dir}: {console.size(size)} to download")
        try:
            if not prepared:
                check_reachable(urls[0])
            self._builder.download_and_prepare(**download_options())
        except Exception as error:
            reason = one_line(error)[:300]
            raise InputError(
                f"`source` div2k: TensorFlow Datasets could not prepare div2k/{config} ({reason}); "
                "check the network, or give your own copy with `source` folder `images` DIR"
            ) from None
        self.skipped: list[str] = []
        self.entries: Sequence[Entry] = [
            Entry(f"{split}_{index:04d}", ours, *DIV2K_TYPICAL_SIZE)
            for split, ours in (("train", "train"), ("validation", "test"))
            for index in range(self._builder.info.splits[split].num_examples)
        ]

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        import tensorflow_datasets as tfds

        # TFDS reads ranges, and `entries` is a run of self.entries within one split. Its files are decoded by the jobs.
        split, _, first = entries[0].name.partition("_")
        encoded = self._builder.as_dataset(
            split=f"{split}[{int(first)}:{int(first) + len(entries)}]",
            decoders={side: tfds.decode.SkipDecoding() for side in ("lr", "hr")},
        )
        for entry, example in zip(entries, encoded.as_numpy_iterator(), strict=True):
            yield functools.partial(self._decode, entry.name, example["lr"], example["hr"])

    def _decode(self, name: str, lr: bytes, hr: bytes) -> Pair:
        small, large = (picture_io.read_rgb(picture_io.Upload(data)) for data in (lr, hr))
        return Pair(name, *same_area(small, large, self.scale))


def check_reachable(url: str) -> None:
    """Raise what `requests` raises where a host does not answer within seconds: TFDS would retry for three minutes.

    What was downloaded before needs no host. A test that has no network replaces this.
    """
    import requests
    import tensorflow_datasets as tfds

    downloads = Path(tfds.core.constants.DATA_DIR) / "downloads"
    if not any(downloads.glob("*.zip")):
        requests.head(url, timeout=ANSWER_SECONDS, allow_redirects=True)


def download_options() -> dict:
    """Arguments of TFDS' download_and_prepare; a test replaces this to work without a network."""
    return {}
