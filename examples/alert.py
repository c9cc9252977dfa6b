#!/usr/bin/env python3
"""Raises an alert for a reading of a thermometer; the task is one CSV row: time,channel,temperature.

For example: worker --exit-when-empty -- python3 examples/alert.py
"""

import sys

LOWEST = 100.0


def main() -> int:
    row = sys.stdin.read().strip()
    try:
        time, channel, temperature = row.split(",")
        degrees = float(temperature)
    except ValueError:
        print(f"not a reading: {row!r}", file=sys.stderr)
        return 65  # EX_DATAERR: another attempt would fail too, so it becomes a dead letter
    if degrees < LOWEST:
        print(f"ALERT: {channel} was at {degrees} at {time}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
