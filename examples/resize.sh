#!/bin/sh
# Halves a picture; the task is its path. For example: worker -c 4 -- examples/resize.sh small
set -eu
IFS= read -r picture || [ -n "$picture" ]
if [ ! -f "$picture" ]; then
  echo "There is no picture $picture" >&2
  exit 65 # it will not be there the next time either: a dead letter at once
fi
# Under another name first: the result is there whole or not at all, also where two workers make it at once.
part="$1/.$TASK_ID.$$"
trap 'rm -f "$part"' EXIT
convert "$picture" -resize 50% "${2:-png}:$part"
mv "$part" "$1/$(basename "$picture")"
