"""`python -m infra.lab`."""

from infra.lab.commands import app

app(prog_name="python -m infra.lab")
