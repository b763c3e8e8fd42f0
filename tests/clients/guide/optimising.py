"""A prompt that a model rewrites until the answers are better. GEPA wants packages of its own; MLflow's other optimiser does not."""

import guide
import mlflow
from mlflow.genai import optimize_prompts
from mlflow.genai.optimize.optimizers import MetaPromptOptimizer
from mlflow.genai.scorers import scorer

guide.experiment("optimising")
prompt = mlflow.genai.register_prompt(name=guide.unique("asking"), template="Answer this: {{question}}")


@mlflow.trace
def predict(question):
    """An application that is exact when it is asked to be."""
    asked = mlflow.genai.load_prompt(f"prompts:/{prompt.name}/1").format(question=question)
    return "Paris" if "Be exact." in asked else "It may be Paris."


@scorer
def same(outputs, expectations):
    return 1.0 if outputs == expectations["expected_response"] else 0.0


ROWS = [{"inputs": {"question": "What is the capital of France?"}, "expectations": {"expected_response": "Paris"}},
        {"inputs": {"question": "Where is the Louvre?"}, "expectations": {"expected_response": "Paris"}}]
result = optimize_prompts(predict_fn=predict, train_data=ROWS, prompt_uris=[prompt.uri], scorers=[same],
                          optimizer=MetaPromptOptimizer(reflection_model="openai:/gpt-4o-mini"))
assert (result.initial_eval_score, result.final_eval_score) == (0, 1), result
better = result.optimized_prompts[0]
assert (better.name, better.version, better.template) == (prompt.name, 2, "Answer this: {{question}} Be exact."), better
assert mlflow.genai.load_prompt(f"prompts:/{prompt.name}@latest").template == better.template

run = mlflow.search_runs(output_format="list")[0]
assert run.info.status == "FINISHED" and run.data.params["optimizer"] == "MetaPromptOptimizer", run.data.params
assert run.data.params["num_training_samples"] == "2" and run.data.metrics["final_eval_score"] == 1, run.data
assert prompt.name in run.data.tags["mlflow.linkedPrompts"], run.data.tags
