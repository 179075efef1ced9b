"""The types that openapi-typescript makes of the running program's schema fit a client that carries a cheer."""

import shutil
import subprocess
from pathlib import Path

import pytest

from testbed.stack import Stack
from tests.e2e.generated import EXAMPLES, SCRIPTS, WITHIN_S, run

pytestmark = pytest.mark.e2e
NODE = str(Path(SCRIPTS) / "node")
TSC = "node_modules/typescript/bin/tsc"


@pytest.fixture(scope="module")
def project(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example, with types made of the schema."""
    installed = EXAMPLES / "node_modules"
    assert (installed / "openapi-typescript").is_dir(), "`make install` brings what the TypeScript example needs."
    folder = tmp_path_factory.mktemp("typescript")
    for name in ("cheer.ts", "package.json", "tsconfig.json"):
        shutil.copy(EXAMPLES / name, folder)
    (folder / "node_modules").symlink_to(installed)
    make = "node_modules/openapi-typescript/bin/cli.js"
    run(NODE, make, f"{stack.url}/schema", "--output", "speedycheers.ts", cwd=folder)
    return folder


def test_a_cheer_from_request_to_receipt(stack: Stack, project: Path) -> None:
    run(NODE, TSC, "--noEmit", cwd=project)
    assert "pays 1000 usd for Cheering" in run(NODE, "cheer.ts", stack.url, cwd=project)
    stack.manage("audit")


SLIPS = {
    "requestType: type.slug": "requestTyp: type.slug",
    "const { rideId } = bodyOf(await partner": "const { rideID } = bodyOf(await partner",
    "body: { rating: 5 }": "body: {}",
    '"available"': '"online"',
}


def test_slips_do_not_compile(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project, tmp_path, symlinks=True, dirs_exist_ok=True)
    example = (tmp_path / "cheer.ts").read_text()
    for number, (right, wrong) in enumerate(SLIPS.items()):
        assert right in example
        (tmp_path / f"slip{number}.ts").write_text(example.replace(right, wrong))
    command = [NODE, TSC, "--noEmit"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    found = {line.partition("(")[0] for line in done.stdout.splitlines() if ": error TS" in line}
    assert found == {f"slip{number}.ts" for number in range(len(SLIPS))}, done.stdout
