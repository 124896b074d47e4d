"""Versions at a glance, from a real registry."""

import json

from dermaflow.registry.describe_versions import describe_versions, table_rows
from dermaflow.registry.promote_version import promote_version
from dermaflow.reporting.text_columns import align


def test_the_newest_comes_first_with_all_that_is_known_of_it(registry, register):
    first, second = register(tags={"environment": "base"}), register(figures={"macro_auc": 0.5})
    digest = registry.version(first).tags["digest"]
    promote_version(registry, first)
    promote_version(registry, first, "champion", approver="Dr. Ada")
    promote_version(registry, second)
    newest, oldest = describe_versions(registry)
    assert (newest.version, newest.aliases) == (second, ())
    assert newest.last.decision.kind == "refused"
    assert oldest.aliases == ("staging", "champion")
    assert (oldest.environment, oldest.data_version, oldest.digest) == ("base", "d1", digest)
    assert oldest.figures["mel/recall"].low == 0.94
    assert oldest.last.decision.alias == "champion"

    said = json.loads(json.dumps([one.to_json() for one in (newest, oldest)], allow_nan=False))
    assert said[0]["figures"] == {"macro_auc": {"value": 0.5, "low": 0.49, "high": 0.51}}
    assert said[1]["last_decision"]["approver"] == "Dr. Ada"
    assert said[1]["version"] == int(first)

    titles, refused, promoted, alias = table_rows([newest, oldest])
    assert titles[:2] == ["no.", "aliases"]
    assert (refused[1], refused[4:6]) == ("", ["0.500", ""])
    assert (promoted[1], alias[:3]) == ("staging", ["", "champion", ""])
    assert promoted[4:8] == ["0.980", "0.970", "0.950", digest[:8]]


def test_what_is_not_known_is_empty(registry, client, model):
    client.create_registered_model(model)
    client.create_model_version(model, "s3://a-bucket/a-model", None)
    client.create_model_version(model, "s3://a-bucket/a", None, tags={"metrics_run_id": "0" * 32})
    for one in describe_versions(registry):
        assert (one.environment, one.data_version, one.figures, one.last) == ("", "", {}, None)
        assert one.to_json()["last_decision"] is None


def test_the_longest_rows_fit_a_screen_of_a_hundred_columns():
    aliases = ["challenger", "ham10000_gpu", "d" * 8, "0.999", "0.999", "0.999", "e" * 8]
    rows = [*table_rows([]), ["1234", *aliases, "rolled back 2026-11-30"]]
    assert max(map(len, align(rows, indent=0).splitlines())) <= 100
