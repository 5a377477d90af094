"""There is no program of corsgate for this platform."""

import platform
import sys


def main():
    print(
        f"corsgate: there is no program for {platform.system()} {platform.machine()};"
        " build it with Go: go install github.com/corsgate/corsgate/apps/corsgate@latest",
        file=sys.stderr,
    )
    sys.exit(2)
