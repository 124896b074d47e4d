"""A file that Kubeflow's SDK loads, and Kubeflow could not run, is refused."""

import yaml


def stages(pipeline):
    return pipeline["components"]["comp-exit-handler-1"]["dag"]["tasks"]


def executors(pipeline):
    return pipeline["deploymentSpec"]["executors"]


def misspelt_key(pipeline, _):
    executors(pipeline)["exec-train"]["container"]["imagee"] = "x"


def misspelt_section(pipeline, _):
    pipeline["deploymentSpecs"] = {}


def dangling_dependency(pipeline, _):
    stages(pipeline)["train"]["dependentTasks"].append("nobody")


def circle(pipeline, _):
    stages(pipeline)["ingest"]["dependentTasks"].append("train")


def missing_component(pipeline, _):
    stages(pipeline)["train"]["componentRef"]["name"] = "comp-nobody"


def missing_executor(pipeline, _):
    del executors(pipeline)["exec-train"]


def no_image(pipeline, _):
    del executors(pipeline)["exec-train"]["container"]["image"]


def missing_parameter(pipeline, _):
    del stages(pipeline)["train"]["inputs"]["parameters"]["job"]


def unknown_parameter(pipeline, _):
    stages(pipeline)["train"]["inputs"]["parameters"]["nothing"] = {
        "runtimeValue": {"constant": "1"}
    }


def parameter_from_nowhere(pipeline, _):
    given = stages(pipeline)["train"]["inputs"]["parameters"]["params"]
    given["componentInputParameter"] = "pipelinechannel--nothing"


def final_status_of_nobody(pipeline, _):
    close = pipeline["root"]["dag"]["tasks"]["close"]
    close["inputs"]["parameters"]["status"]["taskFinalStatus"]["producerTask"] = "nobody"


def unused_executor(pipeline, _):
    executors(pipeline)["exec-nobody"] = executors(pipeline)["exec-train"]


def no_name(pipeline, _):
    del pipeline["pipelineInfo"]["name"]


def misspelt_platform_key(_, platform):
    pods = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    pods["exec-train"]["pvcMounts"] = pods["exec-train"].pop("pvcMount")


def platform_of_nobody(_, platform):
    pods = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    pods["exec-nobody"] = {}


def number_for_text(pipeline, _):
    executors(pipeline)["exec-train"]["container"]["command"] = 3


CORRUPTIONS = {
    misspelt_key: "imagee",
    misspelt_section: "deploymentSpecs",
    dangling_dependency: "waits for 'nobody'",
    circle: "wait for one another",
    missing_component: "no component 'comp-nobody'",
    missing_executor: "no executor 'exec-train'",
    no_image: "exec-train: it has no image",
    missing_parameter: "'job' is missing",
    unknown_parameter: "takes no parameter 'nothing'",
    parameter_from_nowhere: "no parameter 'pipelinechannel--nothing'",
    final_status_of_nobody: "waits for 'nobody'",
    unused_executor: "no component uses",
    no_name: "no name",
    misspelt_platform_key: "pvcMounts",
    platform_of_nobody: "no executor 'exec-nobody'",
    number_for_text: "command",
}


def test_what_the_compiler_makes_is_sound(sdk, compiled):
    made = [("base", "__default__"), ("ham10000_gpu", "__default__"), ("base", "search,crossval")]
    texts = [compiled(env, names).text for env, names in made]
    assert sdk("check", texts=texts) == {"errors": [None] * len(made)}


def test_each_corruption_is_refused_and_named(sdk, compiled):
    texts = []
    for corrupt in CORRUPTIONS:
        parts = list(yaml.safe_load_all(compiled().text))
        corrupt(*parts)
        texts.append(yaml.safe_dump_all(parts))
    errors = sdk("check", texts=[*texts, "a: [", "- 1\n", ""])["errors"]
    for corrupt, error in zip(CORRUPTIONS, errors, strict=False):
        assert error and CORRUPTIONS[corrupt] in error, (corrupt.__name__, error)
    assert all(errors[len(CORRUPTIONS) :])
