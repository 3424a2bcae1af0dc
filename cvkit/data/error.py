"""The one exception of the data room."""


class DataError(RuntimeError):
    """A data set is missing, damaged or out of reach; the message says which, why, and what to do."""
