"""Search for translations, guards of their quality, and the translator of text."""
