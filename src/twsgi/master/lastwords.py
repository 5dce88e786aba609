"""L{LastWords}: where a child's stacks go when it crashes, or when they are asked for by a signal.

The file outlives the child, so that what it wrote with its last breath is in the log beside its
death.  C{faulthandler} writes there without the interpreter's lock.
"""

from __future__ import annotations

import os

from twsgi.control.launch import anonymous_file

#: Bytes that are read at most.
LONGEST = 60000


class LastWords:
    """
    The file of one child, without a name.  The child inherits it, offset and all.

    @ivar descriptor: close-on-exec; open until L{close}.
    """

    def __init__(self) -> None:
        """@raise OSError: no descriptors are left."""
        self.descriptor = anonymous_file("twsgi-last-words")

    def take(self) -> str:
        """What was written since the last time; the file is empty then."""
        written = os.pread(self.descriptor, LONGEST, 0)
        os.ftruncate(self.descriptor, 0)
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        return written.decode("utf-8", "backslashreplace").strip("\n")

    def close(self) -> None:
        """Forgets it all."""
        os.close(self.descriptor)
