"""Articles come in, and what is made of them before anybody is due."""
