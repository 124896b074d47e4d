"""Torch's generators and the choice of precision."""

import torch

from dermaflow.ml.runtime import detect_runtime, peak_memory_gib, torch_generator


def test_generators_of_one_purpose_repeat():
    assert torch.equal(
        torch.rand(4, generator=torch_generator(1, "x")),
        torch.rand(4, generator=torch_generator(1, "x")),
    )


def test_explicit_precision_is_obeyed_and_auto_is_one_of_both():
    assert detect_runtime("fp32").dtype == torch.float32
    assert detect_runtime("bf16").dtype == torch.bfloat16
    assert detect_runtime("auto").dtype in (torch.float32, torch.bfloat16)


def test_autocast_computes_in_the_chosen_precision():
    a = torch.ones(4, 4)
    for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        runtime = detect_runtime(precision)
        with runtime.autocast():
            product = a.to(runtime.device) @ a.to(runtime.device)
        assert product.dtype == dtype


def test_peak_memory_is_that_of_a_python_process():
    assert 0.01 < peak_memory_gib() < 64
