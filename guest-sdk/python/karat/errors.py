"""Why a scorer could not work on a row, or the host could not do as asked."""


class Failure(Exception):
    """Ends a call. `code` is one of those in `wit/types.wit`, such as `bad-input`, `denied` or `timed-out`."""

    def __init__(self, message: str, code: str = "other"):
        super().__init__(message)
        self.message = message
        self.code = code


class BadInput(Failure):
    """The row lacks something the scorer needs, or has it in a wrong shape."""

    def __init__(self, message: str):
        super().__init__(message, "bad-input")
