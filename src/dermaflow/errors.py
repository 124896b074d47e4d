"""Errors that a user can act on: one line that names the key or the file and says what to do."""


class DermaflowError(Exception):
    """Base of every error that is the user's to mend; ``kedro run`` ends with its text alone."""

    exit_code = 1


class ParameterError(DermaflowError):
    """A parameter is unknown, missing or out of range; the text names the key and its file."""

    exit_code = 3


class SourceError(DermaflowError):
    """The raw data is missing, unreadable or unsafe to read; the text names the file."""

    exit_code = 4


class ValidationError(DermaflowError):
    """The data set as a whole breaks an expectation; the text names the expectation."""

    exit_code = 5


class WeightsError(DermaflowError):
    """Weights are missing, damaged or of another architecture; the text names the file."""

    exit_code = 6


class RegistryError(DermaflowError):
    """The registry has no such model or version; the text says what it has."""

    exit_code = 7


class PromotionError(DermaflowError):
    """A version does not meet what conf asks of it; the text names every check that failed."""

    exit_code = 8


class RunLookupError(DermaflowError):
    """No run goes by that name, or several do; the text names those that are near."""

    exit_code = 13
