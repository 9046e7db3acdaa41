#!/bin/sh
# The lab's machines: `make lab` boots them, VANTA_LAB names another lab than the first.
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.." && exec .venv/bin/python -m infra.lab inventory
