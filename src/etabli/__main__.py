"""`python -m etabli`."""

from etabli.cli import program

if __name__ == "__main__":
    program()
