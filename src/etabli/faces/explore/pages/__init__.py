"""The pages of `etabli explore`, one module each: PAGE = Page(path, order, word, answer)."""
