"""MLflow: names that begin with `mlflow.`, whose values are always JSON."""

from teachback.vocabulary import StepKind
from teachback_server.jobs.meaning.convention import Convention, Means

MLFLOW = Convention(
    name="MLflow",
    markers=("mlflow.spanType", "mlflow.spanInputs", "mlflow.spanOutputs"),
    scopes=("mlflow",),
    attributes={
        # What kind of step, and whose
        "mlflow.spanType": Means.KIND,
        "mlflow.spanFunctionName": Means.STEP_NAME,
        "mlflow.trace.session": Means.SESSION,
        "mlflow.traceTag.mlflow.trace.session": Means.SESSION,
        # What went in and came out
        "mlflow.spanInputs": Means.INPUT,
        "mlflow.spanOutputs": Means.OUTPUT,
        "mlflow.traceInputs": Means.INPUT,
        "mlflow.traceOutputs": Means.OUTPUT,
        # The model, what it read and wrote
        "mlflow.llm.model": Means.MODEL,
        "mlflow.chat.tokenUsage": Means.USAGE,
        "mlflow.llm.cost": Means.COSTS_USD,
        # How it was done
        "mlflow.*": Means.SETTING,
    },
    kinds={
        "chat_model": StepKind.MODEL,
        "parser": StepKind.OTHER,
        "memory": StepKind.OTHER,
        "custom": StepKind.OTHER,
    },
)
