from karat import Failure, exporter, sink

held = []


@exporter
def probe(batch, how: str = "how?"):
    """holds back, rejects or fails"""
    if how == "reject":
        return batch.rejected(9, "too old")
    if how == "fail":
        raise Failure("not now", "unavailable")
    if how != "hold":
        raise Failure(how)
    for span in batch.spans:
        told = span["attributes"]
        verdicts = [event["attributes"] for event in span["events"]]
        said = [
            f"{one['gen_ai.evaluation.name']}="
            f"{one.get('gen_ai.evaluation.score.label') or one['gen_ai.evaluation.score.value']}"
            for one in verdicts
        ]
        held.append(" ".join([told["karat.row.id"], str(told["karat.row.index"] + 1), told["karat.row.tag.lang"], *said]))


@probe.flush
def rest(how: str = "how?"):
    sink.write("".join(f"{line}\n" for line in held))


@exporter(encoding="protobuf")
def raw(batch):
    """what it is handed"""
    sink.write(f"{batch.span_count} {batch.encoding} {str(b'karat.row' in batch.payload).lower()}".encode())
