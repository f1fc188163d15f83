"""deploy/'s Prometheus: its configuration, and every query of the dashboard and of the alerts."""

import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from support.needed import absent
from support.ports import free_ports
from support.served import Server, tensor

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "ludus.json").read_text())
PANELS = {panel["title"]: panel["targets"][0]["expr"] for panel in DASHBOARD["panels"]}


@pytest.fixture(scope="module")
def prometheus(serving: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus that has scraped a server which is asked meanwhile."""
    if shutil.which("prometheus") is None:
        absent("prometheus", "there is no prometheus; apt-get install prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    (port,) = free_ports(1)
    text = (DEPLOY / "prometheus.yml").read_text()
    text = text.replace("triton:8002", f"127.0.0.1:{serving.metrics}")
    (folder / "prometheus.yml").write_text(
        text.replace("scrape_interval: 5s", "scrape_interval: 1s")
    )
    shutil.copyfile(DEPLOY / "alerts.yml", folder / "alerts.yml")
    start = [
        "prometheus", f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with (folder / "log").open("w") as log, subprocess.Popen(start, stderr=log) as process:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        image = tensor("image", np.zeros((1, 1, 28, 28)))
        wrong = tensor("encoded_picture", np.zeros((1, 1))) | {"datatype": "BYTES", "data": ["no"]}
        while not query(address, rated(PANELS["Answered, requests a second"])):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            serving.infer("golden", image)
            serving.infer("golden", wrong)
            time.sleep(0.2)
        yield address
        process.terminate()
        process.wait(10)


def query(address: str, expression: str) -> list[Any]:
    url = f"{address}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return list(json.loads(answer.read())["data"]["result"])
    except OSError:
        return []  # it is not up yet


def rated(expression: str) -> str:
    """Grafana's own word for a span that has enough samples in it."""
    return expression.replace("$__rate_interval", "10s")


@pytest.mark.parametrize("title", PANELS)
def test_every_panel_shows_something(prometheus: str, title: str) -> None:
    assert query(prometheus, rated(PANELS[title]))


def test_every_alert_asks_for_what_there_is(prometheus: str) -> None:
    rules = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]
    for rule in rules:
        measured, _, _ = rule["expr"].rpartition(" > " if " > " in rule["expr"] else " == ")
        assert query(prometheus, measured), rule["alert"]


def test_the_configuration_is_good() -> None:
    if shutil.which("promtool") is None:
        absent("prometheus", "there is no promtool; apt-get install prometheus")
    for command in (["check", "config", "prometheus.yml"], ["check", "rules", "alerts.yml"]):
        subprocess.run(["promtool", *command], cwd=DEPLOY, check=True, capture_output=True)
