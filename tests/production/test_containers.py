"""The container files run what the units run, as nobody in particular; the manifests fit Kubernetes' own schemas."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from ops.gauges import PROCESS_FIGURES
from runner import scaling
from testbed.processes import BASE

DEPLOY = BASE / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
KEDA = KUBERNETES / "keda"
PARTS = ("web", "socket", "worker", "sweep")
VERSION = "1.31"
MANIFESTS = [path for path in sorted(KUBERNETES.glob("*.yaml")) if path.name != "kustomization.yaml"]


def documents(path: Path) -> list[dict[str, Any]]:
    """The objects of a manifest."""
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


OBJECTS = [(path.name, document) for path in MANIFESTS for document in documents(path)]


def kinds(kind: str) -> dict[str, dict[str, Any]]:
    """The objects of a kind, by name."""
    return {document["metadata"]["name"]: document for _, document in OBJECTS if document["kind"] == kind}


def unit_command(part: str) -> list[str]:
    """The command of a part's systemd unit, without its folder and with the container's port and address."""
    text = (DEPLOY / "systemd" / f"speedycheers-{part}@.service").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    said = line.removeprefix("ExecStart=").replace("/opt/speedycheers/.venv/bin/", "").replace("%i", "8000")
    return shlex.split(said.replace("127.0.0.1", "0.0.0.0"))  # noqa: S104 - compared, not bound


def image_command() -> list[str]:
    """Return the command that the image runs by default."""
    lines = (DEPLOY / "container" / "Containerfile").read_text().splitlines()
    command: list[str] = json.loads(lines[-1].removeprefix("CMD "))
    return command


@pytest.mark.parametrize(("name", "document"), OBJECTS, ids=lambda value: value if isinstance(value, str) else "")
def test_manifests_fit_the_schemas_of_kubernetes(name: str, document: dict[str, Any]) -> None:
    kubernetes_validate.validate(document, VERSION, strict=True)


def test_the_policy_of_the_component_fits_the_schemas() -> None:
    (policy,) = documents(KEDA / "network.yaml")
    kubernetes_validate.validate(policy, VERSION, strict=True)
    assert policy["spec"]["podSelector"]["matchLabels"] == {"part": "web"}


def test_keda_takes_the_place_of_the_autoscalers_that_it_replaces() -> None:
    (component,) = documents(KEDA / "kustomization.yaml")
    assert component["kind"] == "Component"
    assert sorted(component["resources"]) == sorted(
        path.name for path in KEDA.glob("*.yaml") if path.name != "kustomization.yaml"
    )
    dropped = [yaml.safe_load(patch["patch"]) for patch in component["patches"]]
    autoscalers = kinds("HorizontalPodAutoscaler")
    scaled = {document["metadata"]["name"]: document["spec"] for document in documents(KEDA / "scaled.yaml")}
    assert {patch["metadata"]["name"] for patch in dropped} == set(scaled) <= set(autoscalers)
    assert all((patch["kind"], patch["$patch"]) == ("HorizontalPodAutoscaler", "delete") for patch in dropped)
    for name, spec in scaled.items():
        replaced = autoscalers[name]["spec"]
        assert spec["scaleTargetRef"]["name"] == replaced["scaleTargetRef"]["name"]
        assert spec["minReplicaCount"] == replaced["minReplicas"]
        assert spec["maxReplicaCount"] == replaced["maxReplicas"]


@pytest.mark.parametrize(("part", "goals"), [("socket", scaling.SERVERS), ("worker", scaling.WORKERS)])
def test_keda_scales_by_the_signals_and_the_goals_of_the_supervisor(part: str, goals: scaling.Goals) -> None:
    (spec,) = [one["spec"] for one in documents(KEDA / "scaled.yaml") if one["metadata"]["name"] == part]
    figures = {f"speedycheers_{name}": figure for figure, name in PROCESS_FIGURES.items()}
    seen = {}
    for trigger in spec["triggers"]:
        assert trigger["type"] == "prometheus"
        told = trigger["metadata"]
        (name,) = re.findall(r"speedycheers_\w+", told["query"])
        if name in figures:
            assert told["query"].startswith("sum(max by (process) (")
            assert figures[name] != "cpu" or f'kind="{part}"' in told["query"]
            seen[figures[name]] = float(told["threshold"])
        else:
            assert name == "speedycheers_oldest_task_seconds"
    assert seen == goals.figures


def test_a_manifest_with_a_flaw_does_not_fit() -> None:
    flawed = {**kinds("Deployment")["web"], "spec": {"replicas": "two"}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(flawed, VERSION, strict=True)


def test_the_kustomization_names_every_manifest() -> None:
    (kustomization,) = documents(KUBERNETES / "kustomization.yaml")
    assert sorted(kustomization["resources"]) == [path.name for path in MANIFESTS]


def test_all_run_the_commands_of_the_units() -> None:
    (compose,) = documents(DEPLOY / "container" / "compose.yaml")
    deployments = kinds("Deployment")
    for part in PARTS:
        (container,) = deployments[part]["spec"]["template"]["spec"]["containers"]
        for command in (compose["services"][part].get("command"), container.get("command")):
            assert (command or image_command()) == unit_command(part), part


def test_containers_cannot_write_or_gain_rights() -> None:
    (compose,) = documents(DEPLOY / "container" / "compose.yaml")
    for part in (*PARTS, "migrate"):
        service = compose["services"][part]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    for pod in [*kinds("Deployment").values(), *kinds("Job").values()]:
        spec = pod["spec"]["template"]["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    assert "USER 10001:10001" in (DEPLOY / "container" / "Containerfile").read_text()


def test_each_part_may_lose_one_pod_at_a_time_and_is_reached_where_it_serves() -> None:
    budgets, deployments = kinds("PodDisruptionBudget"), kinds("Deployment")
    assert set(budgets) == set(deployments) == set(PARTS)
    assert all(deployment["spec"]["replicas"] >= 2 for deployment in deployments.values())
    for part, service in kinds("Service").items():
        (container,) = deployments[part]["spec"]["template"]["spec"]["containers"]
        assert container["ports"][0]["containerPort"] == service["spec"]["ports"][0]["port"]
        assert container["readinessProbe"]["httpGet"]["path"] == "/healthz"


def test_the_image_has_every_part_of_the_program_and_no_test() -> None:
    kept = (DEPLOY / "container" / "Containerfile.dockerignore").read_text().split()
    parts = {path.parent.name for path in BASE.glob("*/__init__.py")}
    tools = {"bench", "drill", "fake_stripe", "simulator", "testbed", "tests"}
    assert parts - tools <= {name.removeprefix("!") for name in kept if name.startswith("!")}
    assert not tools & {name.removeprefix("!") for name in kept}
    assert "**/tests" in kept
