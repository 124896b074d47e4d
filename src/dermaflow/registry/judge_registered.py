"""Judging a registered version by its own files, checked whole."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from dermaflow.errors import IntegrityError, RegistryError
from dermaflow.params.parameters import Parameters
from dermaflow.registry.check_files import CheckedModel, fetch_checked
from dermaflow.registry.evidence import Evidence
from dermaflow.registry.gates import Check
from dermaflow.registry.judge_version import judge_version
from dermaflow.registry.rescore import ImagePlaces, Opponent, StoreRescore

# What helps where nothing is known of another version.
_HELP: dict[Opponent, str] = {
    "holder": "restore its files, or take its alias away",
    "first_champion": "restore its files, or set promote.against.first_champion's margins to null",
}


@dataclass(frozen=True)
class Others:
    """Versions that a candidate is held against.

    Attributes:
        holder: of the alias that is to be given; None where no other version has it.
        first_champion: the first version that ever was champion; None where there was none.
    """

    holder: ModelVersion | None = None
    first_champion: ModelVersion | None = None


@dataclass(frozen=True)
class Judgement:
    """What was found.

    Attributes:
        checks: everything that conf asks.
        digest: of the version's files.
        evidence: of the version.
    """

    checks: list[Check]
    digest: str
    evidence: Evidence


def judge_registered(
    client: MlflowClient,
    version: ModelVersion,
    others: Others,
    parameters: Parameters,
    env: str,
    images: ImagePlaces | None,
    *,
    digest: str | None = None,
) -> Judgement:
    """Judge a version by the evidence in its folder, and not by any run.

    Args:
        client: of the registry.
        version: to be judged.
        others: that it is held against. One whose files are damaged refuses the version, as
            nothing is known of it then.
        parameters: of the environment.
        env: the environment.
        images: of the environment, to score the others on; None where there are none.
        digest: that the version must have; None for the one that its tag names.

    Raises:
        IntegrityError: the version's files are not those that were registered.
        RegistryError: they cannot be fetched, or its evidence says what cannot be.
    """
    with ExitStack() as stack:
        candidate = stack.enter_context(fetch_checked(client, version, digest=digest))
        known: dict[Opponent, CheckedModel] = {}
        unknown = []
        against = parameters.promote.against
        named: list[tuple[Opponent, ModelVersion | None, dict[str, float | None]]] = [
            ("holder", others.holder, against.holder),
            ("first_champion", others.first_champion, against.first_champion),
        ]
        for who, other, margins in named:
            if other is not None and any(margin is not None for margin in margins.values()):
                try:
                    known[who] = stack.enter_context(fetch_checked(client, other))
                except (IntegrityError, RegistryError) as error:
                    found = f"{error}; {_HELP[who]}"
                    unknown.append(Check(f"{who}_comparable", False, found))
        folders = {who: model.folder for who, model in known.items()}
        checks = judge_version(
            candidate.evidence,
            known["holder"].evidence if "holder" in known else None,
            known["first_champion"].evidence if "first_champion" in known else None,
            parameters.promote,
            parameters.evaluate,
            env,
            StoreRescore(folders, images, parameters.evaluate.batch_size) if images else None,
        )
        return Judgement([*checks, *unknown], candidate.digest, candidate.evidence)
