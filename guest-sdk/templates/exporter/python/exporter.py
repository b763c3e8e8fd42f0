from karat import exporter, sink


@exporter
def {{scorer}}(batch, below: float = 1.0):
    """a line for each score that is too low: row, scorer, score"""
    for span in batch.spans:
        row = span["attributes"]["karat.row.id"]
        for event in span["events"]:
            score = event["attributes"].get("gen_ai.evaluation.score.value")
            if score is not None and score < below:
                sink.write(f"{row}\t{event['attributes']['gen_ai.evaluation.name']}\t{score}\n")
