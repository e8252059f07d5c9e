"""What /metrics says, read by prometheus-client's own parsers."""

import math
import re
from collections import Counter

from prometheus_client import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics_families
from prometheus_client.parser import text_string_to_metric_families

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


def scrape(client, *, open_metrics=False):
    """{name of sample: [(labels, value)]} of the server of an httpx client."""
    answer = client.get("/metrics", headers={"accept": OPEN_METRICS} if open_metrics else {})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(OPEN_METRICS if open_metrics else "text/plain")
    return _by_name((open_metrics_families if open_metrics else text_string_to_metric_families)(answer.text))


def families(metrics):
    """The same of a Metrics of this process."""
    return _by_name(text_string_to_metric_families(generate_latest(metrics.registry).decode()))


def value(scraped, name, **labels):
    """The sum of a sample's values over all label sets that have these labels."""
    found = (number for has, number in scraped.get(name, []) if labels.items() <= has.items())
    return math.fsum(found)


def requests(scraped):
    """How many requests were answered, by (method, endpoint, status)."""
    samples = scraped.get("srgan_http_requests_total", [])
    return Counter({(has["method"], has["endpoint"], has["status"]): number for has, number in samples})


def counted_as(answer):
    """How the answer to a request of httpx is to be counted."""
    endpoint = re.sub(r"(?<=/v1/jobs/)[^/]+", "{id}", answer.request.url.path)
    return answer.request.method, endpoint, str(answer.status_code)


def _by_name(parsed):
    found = {}
    for family in parsed:
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found
