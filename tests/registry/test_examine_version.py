"""Where a version is judged: by its files and nothing else."""

from dermaflow.registry.examine_version import examine_version


def test_what_is_found_names_the_digest_the_data_the_run_and_the_test_set(
    registry, register, client, model
):
    versions = [client.get_model_version(model, register()) for _ in range(2)]
    first, second = (examine_version(registry, one, None, None, None) for one in versions)
    assert first.digest == versions[0].tags["digest"]
    assert (first.data_version, len(first.metrics_run) > 0) == ("d1", True)
    assert all(check.passed for check in first.checks)
    assert len(first.test_set) == 16
    assert second.test_set == first.test_set  # equal images, though another version
    held = examine_version(registry, versions[1], versions[0], versions[0], second.digest)
    names = {check.name for check in held.checks} - {check.name for check in second.checks}
    assert {name.partition("_")[0] for name in names} == {"holder", "first"}
