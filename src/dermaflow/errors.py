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


class BusyError(DermaflowError):
    """Another process writes to the same place; the text names the lock."""

    exit_code = 9


class RunningError(BusyError):
    """Another run has a stage that this one needs; this one has done nothing yet."""


class VersioningError(DermaflowError):
    """Git or DVC cannot do what is asked; the text says what is missing or in the way."""

    exit_code = 10


class StorageError(DermaflowError):
    """A disk is full, or a file may not be written or read; the text names the file."""

    exit_code = 11


class TrackingError(DermaflowError):
    """The MLflow store cannot be used; the text names its address and what to do."""

    exit_code = 12


class RunLookupError(DermaflowError):
    """No run goes by that name, or several do; the text names those that are near."""

    exit_code = 13


class TrainingError(DermaflowError):
    """Training cannot go on; the text names the parameter to change."""

    exit_code = 14


class IntegrityError(DermaflowError):
    """A file is not what was written there; the text names it and says how to get it back."""

    exit_code = 15


class DrawingError(DermaflowError):
    """A picture or page could not be drawn; the text names it. All data are there."""

    exit_code = 16


class EngineError(DermaflowError):
    """Another engine, such as Kubeflow, refuses, or what it needs is not installed."""

    exit_code = 18
