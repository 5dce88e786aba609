"""L{twsgi.static.types}: types of files by their names."""

from __future__ import annotations

from twisted.web.static import File

from tests.static.serving import StaticCase
from twsgi.static.types import content_types


class TypesTests(StaticCase):
    """C{mimefile}."""

    def test_format(self) -> None:
        """A type and endings in each line; comments and types without an ending say nothing."""
        path = self.write("types", "# x\ntext/one a B\n\nno/ending\ntext/two\ta c # d\nt\xfc/x e\n")
        types = content_types([str(path)], self.lines.append)
        self.assertEqual(types, {".a": "text/one", ".b": "text/one", ".c": "text/two"})

    def test_several(self) -> None:
        """The first file that has an ending counts; one that cannot be read is said."""
        one, two = self.write("one", "text/one a"), self.write("two", "text/two a b")
        missing = str(self.top / "missing")
        types = content_types([str(one), missing, str(two)], self.lines.append)
        self.assertEqual(types, {".a": "text/one", ".b": "text/two"})
        self.assertEqual(self.lines, [f"mimefile {missing}: No such file or directory"])

    def test_no_text(self) -> None:
        """A file of any bytes raises nothing."""
        path = self.write("types", bytes(range(256)))
        content_types([str(path)], self.lines.append)

    def test_none(self) -> None:
        """Without one the system's table counts."""
        self.assertIs(content_types([], self.lines.append), File.contentTypes)

    def test_served(self) -> None:
        """The table is the only one, and its case is nobody's business."""
        self.write("types", "text/x-mine MINE\n")
        self.site.resource = self.static(check_static=("static",), mimefile=("types",))
        for name, kind in (("a.mine", "text/x-mine"), ("a.Mine", "text/x-mine"), ("a.css", None)):
            self.write(f"static/{name}", "x")
            self.assertEqual(self.client().answer(f"/{name}").field("content-type"), kind, name)
