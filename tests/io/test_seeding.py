"""Random streams, one for each purpose."""

import hashlib

import numpy as np

from dermaflow.io.seeding import derive_seed, numpy_generator


def test_a_seed_is_the_first_31_bits_of_a_hash_that_every_machine_computes_alike():
    first = hashlib.sha256(b"17/gan/df").digest()[:4]
    assert derive_seed(17, "gan", "df") == int.from_bytes(first, "big") // 2
    assert derive_seed(17) == int.from_bytes(hashlib.sha256(b"17").digest()[:4], "big") // 2


def test_seeds_differ_by_purpose_and_stay_in_range():
    names = [(), ("a",), ("b",), ("a", "b"), ("b", "a")]
    seeds = {derive_seed(seed, *name) for seed in range(50) for name in names}
    assert len(seeds) == 250
    assert min(seeds) >= 0
    assert 2**30 < max(seeds) < 2**31


def test_a_generator_repeats_its_purpose_and_no_other():
    drawn = numpy_generator(1, "x").random(4)
    assert np.array_equal(drawn, np.random.default_rng(derive_seed(1, "x")).random(4))
    assert not np.array_equal(drawn, numpy_generator(1, "y").random(4))
    assert not np.array_equal(drawn, numpy_generator(2, "x").random(4))
