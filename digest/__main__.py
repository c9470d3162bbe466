"""`python -m digest` is the command `digest`."""

from digest.cli.main import run

if __name__ == "__main__":
    run()
