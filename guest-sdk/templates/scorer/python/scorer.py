from karat import Feedback, abstain, scorer


@scorer(value=bool)
def {{scorer}}(outputs, max_words: int = 50):
    """whether the answer has no more words than allowed"""
    words = len(outputs.split())
    if words == 0:
        return abstain("nothing was answered")
    return Feedback(value=words <= max_words, rationale=f"{words} words, {max_words} allowed")
