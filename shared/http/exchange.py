"""One request on its way through a door: the time it has, who answers it, and the sockets that keep it waiting.

A door answers at its deadline whatever a socket does. Its use case may then still be running in a thread, so the two decide once,
under a lock, which of them answers: `claim` is the use case's side, `expire` the door's. The loser of a registration cleans up.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import Lock, RLock, Timer

from shared.http.message import Request, Response
from shared.retry import Deadline


class Sockets:
    """The sockets on which one exchange waits, so that another thread can end the waiting."""

    def __init__(self) -> None:
        # Taken again by the thread that holds it: the garbage collector may close a connection at any allocation.
        self._lock = RLock()
        self._waiting: set[socket.socket] = set()
        self._closing: list[socket.socket] = []
        self._cut = False

    @property
    def were_cut(self) -> bool:
        """Whether waiting was ended, so that what came last may be half of an answer."""
        return self._cut

    def add(self, waiting: socket.socket) -> None:
        """Wait on this one from now on. After a `cut` it is shut down at once."""
        with self._lock:
            self._waiting.add(waiting)
            if self._cut:
                _shut_down(waiting)

    def close(self, waiting: socket.socket) -> None:
        """Close it once nobody waits on it: of a connection that ends with its answer, the body is still to come."""
        with self._lock:
            if waiting in self._waiting:
                self._closing.append(waiting)
            else:
                waiting.close()

    def clear(self) -> None:
        """Wait on none of them any longer: their connections may serve other exchanges."""
        with self._lock:
            self._waiting.clear()
            while self._closing:
                self._closing.pop().close()

    def cut(self) -> None:
        """Shut all of them down, which ends every wait of the other thread with an error."""
        with self._lock:
            self._cut = True
            for waiting in self._waiting:
                _shut_down(waiting)


def _shut_down(waiting: socket.socket) -> None:
    with suppress(OSError):
        waiting.shutdown(socket.SHUT_RDWR)


# Where connections note the sockets of the exchange whose thread they work for; None outside of any.
SOCKETS: ContextVar[Sockets | None] = ContextVar("sockets", default=None)


@contextmanager
def sockets_cut_after(seconds: float) -> Iterator[None]:
    """Within, waiting for sockets ends with an error after so many seconds: for work that no door watches."""
    with sockets_of_its_own() as sockets:
        watch = Timer(seconds, sockets.cut)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()


@contextmanager
def sockets_of_its_own() -> Iterator[Sockets]:
    """Within, sockets are not those of the exchange that began the work, which are cut at its deadline."""
    sockets = Sockets()
    outer = SOCKETS.set(sockets)
    try:
        yield sockets
    finally:
        SOCKETS.reset(outer)


class Exchange:
    """A request and its one answer."""

    def __init__(self, request: Request, deadline: Deadline) -> None:
        self.request = request
        self.deadline = deadline
        self.sockets = Sockets()
        self._lock = Lock()
        self._decided = ""
        self._fallback: Response | None = None
        self._render: Callable[[Response], Response] | None = None

    def translate(self, request: Request, render: Callable[[Response], Response]) -> None:
        """Go on with another form of the request, and give what is secured in another form: for callers with a dialect."""
        self.request, self._render = request, render

    def secure(self, response: Response) -> bool:
        """Give the door an answer for the deadline: the outcome is certain, and what is left can be done behind the answer.
        False where the deadline has passed, and the door has answered without it."""
        with self._lock:
            if self._decided == "expired" and self._fallback is None:
                return False
            self._fallback = response if self._render is None else self._render(response)
            return True

    def claim(self) -> bool:
        """Whether the use case answers; False where the door has answered. To be asked once, last of all."""
        with self._lock:
            if self._decided == "expired":
                return False
            self._decided = "claimed"
            return True

    def expire(self) -> bool:
        """Whether the door answers, because the time is over; False where the use case is about to."""
        with self._lock:
            if self._decided == "claimed":
                return False
            self._decided = "expired"
        self.sockets.cut()
        return True

    @property
    def expired(self) -> bool:
        """Whether the door has answered in place of the use case."""
        return self._decided == "expired"

    @property
    def fallback(self) -> Response | None:
        """What was secured, if anything."""
        return self._fallback
