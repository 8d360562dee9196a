"""The tasks of a chain, read into what we do.

Where our operations are not what the vendor's are, the nearest true thing is done, or the task is refused
with 501. Never is something else done without a word: docs/consumers/dialects/filestack.md says what differs.
`UNAVAILABLE` has the tasks that are refused as a whole.
"""
