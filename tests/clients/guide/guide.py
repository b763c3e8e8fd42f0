"""What stands at the top of every script: where the server and the model are, and names that no other run has taken.

`KARAT_API` is the server's address, Karat's or MLflow's own; `MODEL` the model's."""

import os
import uuid
import warnings

SERVER = os.environ["KARAT_API"]
MODEL = os.environ["MODEL"]
RUN = uuid.uuid4().hex[:8]

os.environ |= {
    "MLFLOW_TRACKING_URI": SERVER,
    "OPENAI_API_KEY": "none", "OPENAI_BASE_URL": MODEL, "OPENAI_API_BASE": MODEL,
    "MLFLOW_GENAI_JUDGE_DEFAULT_MODEL": "openai:/gpt-4o-mini",
    # A fault is to be seen at once: seven attempts take minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet",
}
warnings.filterwarnings("ignore")

import mlflow
from mlflow.exceptions import MlflowException


def unique(name):
    return f"{name}-{RUN}"


def experiment(name):
    return mlflow.set_experiment(unique(name))


def last_trace():
    """The trace that was made last, read from the server."""
    mlflow.flush_trace_async_logging()
    return mlflow.get_trace(mlflow.get_last_active_trace_id())


def by_name(trace):
    """The assessments of a trace as they are stored."""
    return {assessment.name: assessment for assessment in mlflow.get_trace(trace).info.assessments}


def refused(code, action, *texts):
    """That an action fails with this code of MLflow's, and says this."""
    try:
        action()
    except MlflowException as error:
        assert error.error_code == code, f"{error.error_code} instead of {code}: {error}"
        for text in texts:
            assert text in str(error), f"`{text}` is not in: {error}"
    else:
        raise AssertionError(f"it is not refused with {code}")
