"""``python -m haarwire``: the command line."""

from haarwire.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
