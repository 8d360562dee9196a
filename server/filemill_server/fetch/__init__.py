"""Files from other servers: streamed to disk, size- and time-limited, from public addresses only."""
