"""Whether a connection gets on: heads end, bodies come, and answers are taken."""

from __future__ import annotations

LEAST_BYTES_A_SECOND = 1 << 10
"""What a sender of a body sends, and a reader of an answer takes, at the least."""


class Progress:
    """What one connection has done since somebody last looked.

    Attributes:
        received: bytes that came, of all requests.
        in_head: whether a head is not at its end.
        in_message: whether a request is not at its end; one that has not begun is not.
        held_up: whether the server let a body wait.
        resumed: whether what lay here for the reader has been taken.
    """

    def __init__(self, seconds: float) -> None:
        self._least = LEAST_BYTES_A_SECOND * seconds
        self.received = 0
        self.in_head = self.in_message = True
        self.held_up = self.resumed = False
        self._requests = 0
        self._seen = (-1, 0, False)
        self._seen_buffered = 0

    def begin_message(self) -> None:
        """Note that a request begins."""
        self._requests += 1
        self.in_head = self.in_message = True

    def stuck(self, buffered: int, *, surplus: bool = False, paused: bool = False) -> bool:
        """Look, and tell whether the other side has not got on since the last look.

        Args:
            buffered: bytes that wait for the reader, if that holds up the answer; 0 if it doesn't.
            surplus: whether nothing but a quick question is expected of the connection.
            paused: whether the server lets a body wait now.
        """
        requests, received, in_head = self._seen
        same = requests == self._requests and self.in_message and in_head == self.in_head
        if self.in_head:
            sends_nothing = same
        else:
            sends_nothing = same and not (paused or self.held_up) and self.received - received < self._least
        unread = buffered > 0 and self._seen_buffered > 0 and not self.resumed
        takes_nothing = unread and self._seen_buffered - buffered < self._least
        self._seen = (self._requests, self.received, self.in_head)
        self._seen_buffered = buffered
        self.held_up = paused
        self.resumed = False
        return sends_nothing or takes_nothing or (surplus and self.in_message and self.in_head)
