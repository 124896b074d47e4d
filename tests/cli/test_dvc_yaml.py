"""``kedro dvc-yaml`` writes the file of every environment and no other."""

import re
import shutil


def test_each_file_is_written_below_the_project_and_named(kedro, copy_project, tmp_path):
    copy_project(tmp_path, "smoke", "base")
    stale = tmp_path / "conf/smoke/dvc.yaml"
    stale.write_text("stages: {}\n")
    shutil.rmtree(tmp_path / "conf/smoke/search")
    done = kedro("dvc-yaml", folder=tmp_path)
    assert done.exit_code == 0, done.output
    written = [line.removeprefix("Wrote ") for line in done.output.splitlines()]
    assert written == [
        "dvc.yaml",
        "conf/base/crossval/dvc.yaml",
        "conf/base/search/dvc.yaml",
        "conf/smoke/dvc.yaml",
        "conf/smoke/crossval/dvc.yaml",
        "conf/smoke/search/dvc.yaml",
    ]
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("dvc.yaml")}
    assert found == set(written)
    for path in written:
        env = "smoke" if "smoke" in path else "base"
        assert set(re.findall(r"--env (\w+)", (tmp_path / path).read_text())) == {env}
