"""Which aliases a version may get, and where."""

import pytest
from kedro.framework.project import configure_project

from dermaflow.errors import ParameterError, PromotionError
from dermaflow.registry.registry_config import RegistryConfig
from dermaflow.versioning.dvc.stage_file import environments, read_conf_files

GOOD = {
    "promotes": True,
    "aliases": ["staging", "champion"],
    "need_approver": ["champion"],
    "after_decision": None,
    "after_decision_seconds": 60,
}


def read(folder, **changes):
    return RegistryConfig.read({"registry": GOOD | changes}, [folder])


@pytest.fixture
def promoting(tmp_path):
    (tmp_path / "registry.yml").write_text("promotes: true\n")
    return tmp_path


def test_all_environments_but_smoke_promote_and_those_of_users_do_not_inherit_it(
    project_path, tmp_path
):
    configure_project("dermaflow")
    said = {
        env: RegistryConfig.read(
            read_conf_files(project_path, env), [project_path / "conf" / env]
        ).promotes
        for env in environments(project_path)
    }
    assert said.pop("smoke") is False
    assert said
    assert all(said.values())
    assert read(tmp_path).promotes is False


def test_an_environment_says_it_in_any_of_its_files(tmp_path):
    (tmp_path / "registry_own.yml").write_text("promotes: true\n")
    assert read(tmp_path).promotes
    read(tmp_path).require_promotes("hospital")
    with pytest.raises(PromotionError, match=r"hospital gives no aliases: .* conf/hospital/regis"):
        read(tmp_path, promotes=False).require_promotes("hospital")


def test_aliases_are_given_in_their_order(promoting):
    config = read(promoting, aliases=["tested", "staging", "champion"])
    assert [config.alias_before(one) for one in config.aliases] == [None, "tested", "staging"]
    assert (config.choose(None), config.choose("champion")) == ("tested", "champion")
    with pytest.raises(PromotionError, match="get tested, staging, champion, not 'challenger'"):
        config.choose("challenger")


def test_a_command_is_split_as_a_shell_would_and_no_shell_sees_it(promoting):
    assert read(promoting).hook == []
    config = read(promoting, after_decision="tell --to 'the team' $HOME;")
    assert config.hook == ["tell", "--to", "the team", "$HOME;"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"aliases": []}, "aliases: List should have at least 1"),
        ({"aliases": ["staging", "staging"]}, "aliases: Value error, one is there twice"),
        ({"aliases": ["challenger"]}, "aliases: Value error, challenger is the newest version"),
        ({"aliases": ["latest"]}, "aliases.0: String should match"),
        ({"aliases": ["v3"]}, "aliases.0: String should match"),
        ({"need_approver": ["board"]}, "need_approver: board is not in aliases"),
        ({"after_decision": " "}, "after_decision: Value error, no program is named"),
        ({"after_decision": "tell 'us"}, "after_decision: Value error, No closing quotation"),
        ({"after_decision_seconds": 0}, "after_decision_seconds: Input should be greater"),
        ({"promote": True}, "promote: Extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_is_named(promoting, change, said):
    with pytest.raises(ParameterError) as refused:
        read(promoting, **change)
    assert said in str(refused.value)
    assert "(registry.yml in conf/)" in str(refused.value)
