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


def loop(pipeline):
    (task,) = (task for task in stages(pipeline).values() if "parameterIterator" in task)
    return task


def item_that_nothing_takes(pipeline, _):
    loop(pipeline)["parameterIterator"]["itemInput"] = "pipelinechannel--nothing"


def items_that_are_no_list(pipeline, _):
    loop(pipeline)["parameterIterator"]["items"]["raw"] = '"1", "2"'


def no_items(pipeline, _):
    loop(pipeline)["parameterIterator"]["items"]["raw"] = "[]"


def items_from_nowhere(pipeline, _):
    loop(pipeline)["parameterIterator"]["items"] = {"inputParameter": "pipelinechannel--folds"}


def misspelt_iterator(pipeline, _):
    task = loop(pipeline)
    task["parameterIterators"] = task.pop("parameterIterator")


def no_iterator(pipeline, _):
    del loop(pipeline)["parameterIterator"]


def repeated_for_artifacts(pipeline, _):
    task = loop(pipeline)
    item = task.pop("parameterIterator")["itemInput"]
    task["artifactIterator"] = {"itemInput": item, "items": {"inputArtifact": "x"}}


def policy_without_an_iterator(pipeline, _):
    stages(pipeline)["crossval-train"]["iteratorPolicy"] = {"parallelismLimit": 2}


def text_for_a_limit(pipeline, _):
    loop(pipeline)["iteratorPolicy"] = {"parallelismLimit": "two"}


def item_of_another_loop(pipeline, _):
    (name,) = (name for name in pipeline["components"] if name.startswith("comp-for-loop"))
    fold = pipeline["components"][name]["dag"]["tasks"]["crossval-fold"]
    given = fold["inputs"]["parameters"]["item"]
    given["componentInputParameter"] = "pipelinechannel--loop-item-param-99"


def pooling_that_waits_for_no_loop(pipeline, _):
    stages(pipeline)["crossval-train"]["dependentTasks"] = ["for-loop-99"]


OF_LOOPS = {
    item_that_nothing_takes: "takes no item 'pipelinechannel--nothing'",
    items_that_are_no_list: "no list of items",
    no_items: "no list of items",
    items_from_nowhere: "no parameter 'pipelinechannel--folds' to take items from",
    misspelt_iterator: "parameterIterators",
    no_iterator: "'pipelinechannel--loop-item-param",
    repeated_for_artifacts: "not for parameters",
    policy_without_an_iterator: "is not repeated",
    text_for_a_limit: "parallelismLimit",
    item_of_another_loop: "loop-item-param-99' to take 'item' from",
    pooling_that_waits_for_no_loop: "waits for 'for-loop-99'",
}

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


def corrupted(text, corrupt):
    parts = list(yaml.safe_load_all(text))
    corrupt(*parts)
    return yaml.safe_dump_all(parts)


def test_each_corruption_is_refused_and_named(sdk, compiled):
    text, looped = compiled().text, compiled(names="crossval").text
    texts = [corrupted(text, corrupt) for corrupt in CORRUPTIONS]
    texts += [corrupted(looped, corrupt) for corrupt in OF_LOOPS]
    expected = CORRUPTIONS | OF_LOOPS
    errors = sdk("check", texts=[*texts, "a: [", "- 1\n", ""])["errors"]
    for corrupt, error in zip(expected, errors, strict=False):
        assert error and expected[corrupt] in error, (corrupt.__name__, error)
    assert all(errors[len(expected) :])
