"""The dialect of Filestack: its URLs, policies, signatures and tasks."""
