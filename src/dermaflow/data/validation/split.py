"""Groups of images that belong together, and splits that never divide one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dermaflow.params.validate import SplitParams
from dermaflow.schema import EXCLUDED, EXTERNAL, SPLITS

# Rows with one of these in common are of one group; equal bytes are one picture, whatever its ids.
_LINKS = ("lesion_id", "patient_id", "sha256")


def find_groups(rows: pd.DataFrame, pairs: pd.DataFrame | None = None) -> pd.Series:
    """Name the group of each row: a chain of lesions, patients and equal files links its rows.

    Args:
        rows: with ``image_id``, ``lesion_id``, ``patient_id`` and ``sha256``; a missing value links
            nothing.
        pairs: ``image_a`` and ``image_b`` of rows that show the same lesion, whatever its ids say.

    Returns:
        ``group_id`` with the rows' index: the alphabetically first lesion of the group, or patient
        where a row has no lesion, or image where it has neither.
    """
    names = rows["lesion_id"].fillna(rows["patient_id"]).fillna(rows["image_id"])
    # A graph whose nodes are rows, then lesions, patients and files; each row is tied to its own.
    nodes = len(rows)
    ends: list[NDArray[np.intp]] = []
    for column in _LINKS:
        codes, values = pd.factorize(rows[column])
        known = np.flatnonzero(codes >= 0)
        ends.append(np.stack([known, codes[known] + nodes]))
        nodes += len(values)
    if pairs is not None:
        row_of = pd.Series(range(len(rows)), rows["image_id"])
        ends.append(np.stack([row_of[pairs[side]].to_numpy() for side in ("image_a", "image_b")]))
    edges = np.concatenate(ends, axis=1)  # (2, E)
    graph = coo_array((np.ones(edges.shape[1], np.int8), tuple(edges)), shape=(nodes, nodes))
    component = connected_components(graph, directed=False)[1][: len(rows)]
    return names.astype(str).groupby(component).transform("min").rename("group_id")


def split_groups(
    rows: pd.DataFrame,
    params: SplitParams,
    seed: int,
    pairs: pd.DataFrame | None = None,
    kept: pd.Series | None = None,
) -> pd.DataFrame:
    """Divide rows into train, validation and test, and, apart from that, into folds.

    Within each class the groups stand in the order of a hash of seed and group, and that line is
    cut by numbers of images: test first, then validation, then training. So each class gets its
    share to within one group, the order of rows means nothing, and data that comes later moves only
    groups near a cut: after one in a hundred of HAM10000's lesions is added, some 20 of its 10,015
    images have changed sides. (A threshold on the hash itself would move none, but would put
    anything between 5 and 16 of 70 lesions of a rare class into a test set of 15 %.) A group with
    several labels is placed with the rarest of them.

    With ``kept`` none of its images moves: new groups alone are dealt, each to the side that lacks
    most of its share. Only where groups on different sides turn out to be one do some of their
    images move: to train if one was there, since a model may have seen it, else to validation.

    Folds are cut from a line of their own, of all groups whatever their side, in the same way; they
    keep nothing, since with other images every fold is trained anew.

    Rows of external sources are not divided; see ``_place_external``.

    Args:
        rows: with ``image_id``, ``label``, ``lesion_id``, ``patient_id``, ``sha256`` and ``role``.
        params: shares of images, and the number of folds.
        seed: another seed is another split.
        pairs: see ``find_groups``.
        kept: the side of images that are to keep it; index ``image_id``.

    Returns:
        ``group_id``, ``split`` and ``fold`` (from 1, and 0 of external rows) with the rows' index.
    """
    own = rows[rows["role"] == "train"]
    own = own.assign(group_id=find_groups(own, _pairs_among(own, pairs)))
    groups = describe_groups(own)
    groups["split"] = _divide(groups, _known_sides(own, kept), params, f"{seed}/split")
    groups["fold"] = number_folds(groups, params.folds, seed)
    sides = own[["group_id"]].join(groups[["split", "fold"]], on="group_id")
    return _place_external(rows, sides, find_groups(rows, pairs))


def number_folds(groups: pd.DataFrame, folds: int, seed: int) -> pd.Series:
    """Fold of each group, 1 … ``folds``, for cross-validation; see ``describe_groups``."""
    return cut_classes(groups, [1 / folds] * folds, f"{seed}/fold") + 1


def _pairs_among(rows: pd.DataFrame, pairs: pd.DataFrame | None) -> pd.DataFrame | None:
    """Pairs of which both images are among the rows."""
    if pairs is None:
        return None
    among = [pairs[side].isin(rows["image_id"]) for side in ("image_a", "image_b")]
    return pairs[among[0] & among[1]]


def _divide(groups: pd.DataFrame, known: pd.Series, params: SplitParams, key: str) -> pd.Series:
    """Side of each group."""
    shares = {"test": params.test, "val": params.val, "train": 1 - params.val - params.test}
    if known.empty:
        part = cut_classes(groups, list(shares.values()), key)
        return part.map(dict(enumerate(shares)))
    dealt = groups.assign(split=known.reindex(groups.index))
    for _, members in dealt.groupby("stratum"):
        is_new = members["split"].isna()
        filled = members[~is_new].groupby("split")["images"].sum().to_dict()
        for name in sorted(members.index[is_new], key=lambda name: _hash(key, name)):
            side = _neediest(filled, shares, members.at[name, "images"])
            filled[side] = filled.get(side, 0) + members.at[name, "images"]
            dealt.loc[name, "split"] = side
    return dealt["split"]


def _neediest(filled: Mapping[str, int], shares: Mapping[str, float], images: int) -> str:
    """The side that lacks most of its share of what is there and the images that come."""
    total = sum(filled.values()) + images
    return max(shares, key=lambda side: shares[side] * total - filled.get(side, 0))


def _known_sides(rows: pd.DataFrame, kept: pd.Series | None) -> pd.Series:
    """Side of each group of which an image has one; index ``group_id``."""
    if kept is None:
        return pd.Series(dtype=object)
    places = rows["image_id"].map(kept).map({side: place for place, side in enumerate(SPLITS)})
    known = places.groupby(rows["group_id"]).agg(lambda group: _choose_side(group.dropna()))
    return known.dropna().map(dict(enumerate(SPLITS)))


def _choose_side(places: pd.Series) -> float:
    return float(places.min()) if len(places) else np.nan  # SPLITS has train first, then val


def _place_external(rows: pd.DataFrame, own: pd.DataFrame, group_ids: pd.Series) -> pd.DataFrame:
    """Add external rows: of the split ``external``, unless they show what the split holds.

    A picture of a lesion, or of a patient, that is trained on tells nothing of other clinics; it is
    ``excluded``. One that tests already would count twice.

    Args:
        rows: all of them.
        own: the sides of those that are not external.
        group_ids: of all rows, chained through external ones too.
    """
    shared = group_ids.isin(group_ids[own.index])
    others = pd.DataFrame({"group_id": group_ids, "fold": 0})
    others["split"] = shared.map({True: EXCLUDED, False: EXTERNAL})
    sides = pd.concat([own, others.drop(index=own.index)])
    return sides.loc[rows.index, ["group_id", "split", "fold"]]


def count_crossings(rows: pd.DataFrame, column: str) -> int:
    """Lesions, patients, files and groups on more than one side, ``column`` telling the side."""
    keys = [key for key in ("group_id", *_LINKS) if rows[key].notna().any()]
    return sum(int((rows.groupby(key)[column].nunique() > 1).sum()) for key in keys)


def describe_groups(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a group, index ``group_id``: the class it is placed with, and its ``images``."""
    counts = rows["label"].value_counts()
    rarest_first = sorted(counts.index, key=lambda label: (counts[label], label))
    rank = rows["label"].map({label: place for place, label in enumerate(rarest_first)})
    rarest = rank.groupby(rows["group_id"]).min().map(dict(enumerate(rarest_first)))
    return pd.DataFrame({"stratum": rarest, "images": rows["group_id"].value_counts()})


def cut_classes(groups: pd.DataFrame, shares: Sequence[float], key: str) -> pd.Series:
    """Part of each group, 0 … len(shares) - 1, every class being cut on its own.

    Args:
        groups: see ``describe_groups``.
        shares: of the images of each class, adding up to 1.
        key: another one is another order of the groups.
    """
    parts = []
    for _, members in groups.groupby("stratum"):
        # A group larger than the smallest share waits until the others have been dealt.
        large = members["images"] > min(shares) * members["images"].sum()
        hashes = [_hash(key, name) for name in members.index]
        order = members.assign(large=large, hash=hashes).sort_values(["large", "hash"])
        parts.append(pd.Series(cut(order["images"].tolist(), shares), index=order.index))
    return pd.concat(parts)


def _hash(key: str, name: str) -> str:
    return hashlib.sha256(f"{key}/{name}".encode()).hexdigest()


def cut(sizes: Sequence[int], shares: Sequence[float]) -> list[int]:
    """Cut a line of groups into consecutive parts with the given shares of their images.

    Each cut falls as near to its place as groups allow, so at most half a group away, unless a part
    would be left empty: every part gets a group, and if there are too few the last parts do.

    Args:
        sizes: images of each group.
        shares: of each part, adding up to 1.

    Returns:
        The part of each group, 0 … len(shares) - 1, never falling.
    """
    bounds = np.cumsum(shares) * sum(sizes)
    last = len(shares) - 1
    parts: list[int] = []
    part = filled = 0
    for index, size in enumerate(sizes):
        left = len(sizes) - index
        begun = bool(parts) and parts[-1] == part
        if part < last and begun and filled + size / 2 > bounds[part]:
            part += 1
        part = max(part, last + 1 - left)  # what is left must do for the parts that follow
        parts.append(part)
        filled += size
    return parts
