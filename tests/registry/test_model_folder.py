"""What goes into a model's folder beside its weights: signature, example and requirements."""

from importlib.metadata import version as installed

from mlflow.types import DataType
from packaging.requirements import Requirement

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.registry.model_folder import contract_signature, example_input, pin_requirements
from dermaflow.serving.predictor import decode_base64

PREPROCESS = Preprocess(height=48, width=64)
CONTRACT = {
    "input": {"image": {"type": "string", "content": "base64"}},
    "output": {
        "label": {"type": "string"},
        "p_mel": {"type": "double"},
        "mel_recall_90": {"type": "boolean"},
    },
}


def test_the_signature_is_the_contracts():
    signature = contract_signature(CONTRACT)
    assert signature.inputs.input_dict().keys() == {"image"}
    assert {column.name: column.type for column in signature.outputs.inputs} == {
        "label": DataType.string,
        "p_mel": DataType.double,
        "mel_recall_90": DataType.boolean,
    }
    assert signature.outputs.input_names() == ["label", "p_mel", "mel_recall_90"]


def test_the_example_is_an_image_of_the_right_size():
    (text,) = example_input(PREPROCESS.to_dict())["image"]
    assert PREPROCESS.open(decode_base64(text)).size == (64, 48)


def test_requirements_are_what_is_installed_by_the_names_of_distributions():
    pins = pin_requirements({"torch", "PIL", "numpy"})
    requirements = [Requirement(text) for text in pins]
    assert [requirement.name for requirement in requirements] == ["numpy", "pillow", "torch"]
    versions = [str(requirement.specifier) for requirement in requirements]
    assert versions[:2] == [f"=={installed('numpy')}", f"=={installed('pillow')}"]
    # A local build such as +cu128 is in no registry.
    assert versions[2] == f"=={installed('torch').split('+')[0]}"
