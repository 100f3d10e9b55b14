"""``python -m gan_eval`` is ``gan-eval``."""

from gan_eval.cli import main

if __name__ == "__main__":
    main()
