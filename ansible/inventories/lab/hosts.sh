#!/bin/sh
# The lab's machines: `make lab` boots them, VANTA_LAB names another lab than the first.
cd "$(dirname "$(readlink -f "$0")")/../../.." && exec .venv/bin/python -m infra.lab inventory
