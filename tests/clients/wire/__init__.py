"""What providers of models understand, beside OpenAI's chat: the same model behind each."""
