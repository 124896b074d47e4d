"""Names of classes are short lines, wherever they come from."""

import pytest

from conf_params import params_of
from dermaflow.params.class_names import LONGEST_NAME
from dermaflow.reporting.style import class_name, naming_classes


def test_conf_names_none_that_the_figures_know_already():
    assert params_of("class_names") == {}
    assert class_name("mel") == "Melanoma"


@pytest.mark.parametrize("code", params_of("labels").classes)
def test_the_names_that_figures_know_fit_too(code):
    assert 0 < len(class_name(code)) <= LONGEST_NAME


def test_a_name_of_conf_is_the_one_in_figures_while_they_are_drawn():
    with naming_classes({"scc": "Spinaliom"}):
        assert class_name("scc") == "Spinaliom"
    assert class_name("scc") != "Spinaliom"
