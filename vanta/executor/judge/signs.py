"""The signs of life that the Executor and its judge give each other, as files in `memory/`."""

EXECUTOR_SIGN = "executor.heartbeat"
JUDGE_SIGN = "judge.heartbeat"
