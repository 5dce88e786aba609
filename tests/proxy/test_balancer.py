"""L{twsgi.proxy.balancer}."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from twsgi.interfaces import IBalancer
from twsgi.proxy.balancer import Balancer, SharedBalancer


class BalancerTests(SynchronousTestCase):
    """Which of the idle links is given the next request."""

    def balancer(self, *links: str) -> Balancer[str]:
        """One with these idle links; a link's first letter is its worker."""
        made: Balancer[str] = Balancer()
        for link in links:
            made.idle(int(link[0]), link)
        return made

    def test_interface(self) -> None:
        """It is an L{IBalancer}."""
        self.assertTrue(verifyObject(IBalancer, self.balancer()))

    def test_none(self) -> None:
        """Without idle links there is none to take."""
        balancer = self.balancer("1a")
        self.assertEqual(balancer.take(), "1a")
        self.assertIsNone(balancer.take())

    def test_most_idle(self) -> None:
        """The worker with the most idle links is first; of equals, the one that was known first."""
        balancer = self.balancer("1a", "2a", "2b", "2c", "3a", "3b")
        self.assertEqual([str(balancer.take())[0] for _ in range(6)], list("223123"))

    def test_remove(self) -> None:
        """A link that was removed is not taken; removing what is not idle is nothing."""
        balancer = self.balancer("1a", "1b", "2a")
        balancer.remove(1, "1b")
        balancer.remove(1, "1b")
        balancer.remove(7, "7a")
        self.assertEqual({balancer.take(), balancer.take()}, {"1a", "2a"})
        self.assertIsNone(balancer.take())

    def test_forgets_the_gone(self) -> None:
        """Of a worker whose last idle link was removed nothing is kept: places are many."""
        balancer = self.balancer("1a", "2a")
        balancer.remove(1, "1a")
        self.assertEqual(list(balancer._idle), [2])
        taken = balancer.take()
        balancer.remove(2, str(taken))
        self.assertEqual(balancer._idle, {})

    @given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), unique=True), st.data())
    def test_any_history(self, links: list[tuple[int, int]], data: st.DataObject) -> None:
        """Each idle link is taken once, always of a worker that has no fewer than any other."""
        balancer: Balancer[tuple[int, int]] = Balancer()
        idle: dict[int, set[tuple[int, int]]] = {}
        for link in links:
            balancer.idle(link[0], link)
            idle.setdefault(link[0], set()).add(link)
        for link in data.draw(st.lists(st.sampled_from(links or [(9, 9)]))):
            balancer.remove(link[0], link)
            idle.get(link[0], set()).discard(link)
        while any(idle.values()):
            taken = balancer.take()
            assert taken is not None
            self.assertEqual(len(idle[taken[0]]), max(map(len, idle.values())))
            idle[taken[0]].remove(taken)
        self.assertIsNone(balancer.take())


class SharedBalancerTests(SynchronousTestCase):
    """The same, where other frontends send to the same workers."""

    def setUp(self) -> None:
        self.served = {1: 5, 2: 5, 3: 5}

    def test_returned(self) -> None:
        """A worker that sent a request back has moved when it finished one, or has a core free."""
        busy = {1: 2, 2: 2}
        balancer = self.balancer(busy, "1a", "2a")
        balancer.returned(1)
        balancer.returned(2)
        self.assertIsNone(balancer.take_moved())
        self.served[2] += 1
        self.assertEqual(balancer.take_moved(), "2a")
        self.assertIsNone(balancer.take_moved())
        busy[1] = 1
        self.assertEqual(balancer.take_moved(), "1a")

    def test_never_returned(self) -> None:
        """One that has sent nothing back is as good as any."""
        balancer = self.balancer({1: 2, 2: 2}, "1a", "2a")
        balancer.returned(1)
        self.assertEqual(balancer.take_moved(), "2a")
        self.assertEqual(balancer.take(), "1a")

    def balancer(self, busy: dict[int, int], *links: str) -> SharedBalancer[str]:
        """One with these idle links, of two to each worker, and so many busy cores."""
        made: SharedBalancer[str] = SharedBalancer(
            lambda place: 2, lambda place: busy.get(place, 0), lambda place: self.served[place]
        )
        for link in links:
            made.idle(int(link[0]), link)
        return made

    def test_interface(self) -> None:
        """It is an L{IBalancer}."""
        self.assertTrue(verifyObject(IBalancer, self.balancer({})))

    def test_unequal_workers(self) -> None:
        """Workers of two generations may have different numbers of cores."""
        made: SharedBalancer[str] = SharedBalancer(
            {1: 2, 2: 4}.__getitem__, {1: 0, 2: 3}.__getitem__, lambda place: 0
        )
        for link in ("1a", "1b", "2a", "2b", "2c", "2d"):
            made.idle(int(link[0]), link)
        self.assertEqual([str(made.take())[0] for _ in range(3)], list("112"))

    def test_table(self) -> None:
        """Each row: busy cores, our idle links, whom to avoid; the worker of the one taken."""
        for busy, links, avoid, expected in (
            ({}, "", 0, None),
            ({}, "1a 1b 2a 2b", 0, "1"),
            # The others hold a core of the first worker, though all our links are idle.
            ({1: 1}, "1a 1b 2a 2b", 0, "2"),
            # What is busy is what we have sent ourselves: not counted twice.
            ({1: 1}, "1a 2a", 0, "1"),
            ({1: 1, 2: 2}, "1a 2a 2b", 0, "1"),
            ({1: 2, 2: 1}, "1a 1b 2a", 0, "2"),
            ({1: 2, 2: 1}, "1a 2a", 0, "2"),
            # All cores are busy: the request waits in the line before some worker.
            ({1: 2, 2: 2}, "1a 1b 2a 2b", 0, "1"),
            ({1: 2, 2: 2}, "2a", 0, "2"),
            # The board is behind: less is busy than we have sent.
            ({}, "1a 2a 2b", 0, "2"),
            ({2: 2}, "1a 1b 2a 2b", 1, "2"),
            ({}, "1a 1b", 1, None),
        ):
            taken = self.balancer(busy, *links.split()).take(avoid)
            self.assertEqual(taken and taken[0], expected, (busy, links, avoid))

    @given(
        st.dictionaries(st.integers(1, 3), st.integers(0, 2)),
        st.lists(st.tuples(st.integers(1, 3), st.integers(1, 2)), unique=True),
    )
    def test_always_one(self, busy: dict[int, int], links: list[tuple[int, int]]) -> None:
        """As long as a link is idle one is taken, whatever the board says; each once."""
        balancer = self.balancer(busy, *(f"{worker}{number}" for worker, number in links))
        taken = [balancer.take() for _ in links]
        self.assertEqual(sorted(map(str, taken)), sorted(f"{w}{n}" for w, n in links))
        self.assertIsNone(balancer.take())
