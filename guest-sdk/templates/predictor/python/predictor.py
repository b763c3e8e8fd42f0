from karat import Failure, http, predictor


@predictor
def {{scorer}}(inputs, traceparent, url: str):
    """the application behind `url`"""
    reply = http.post(f"{url}/answer", inputs, headers={"traceparent": traceparent})
    if reply.status != 200:
        # The host asks again where that may help.
        raise Failure(f"the application answered with status {reply.status}", "unavailable")
    return reply.json()["answer"]
