"""The pool: the same summaries, of fewer parts."""

from __future__ import annotations

from leaklint.ir.effects import How, Site, Write
from leaklint.ir.location import Place, Span
from leaklint.ir.summary import Store, Summary
from leaklint.ir.values import Path, Root, RootKind, Thing, Value
from leaklint.solve.pool import Pool


def summary() -> Summary:
    """A summary in which nothing is shared with another one."""
    place = Path(Root(RootKind.VARIABLE, "app.py", "X"))
    sources = frozenset({Path(Root(RootKind.PARAMETER, "", "0"), (".id",))})
    span = Span(1, 1, 1, 9)
    write = Write(
        site=Site("app.py", "f", span),
        operation="append",
        path=place,
        how=How.GROW,
        sources=sources,
        tests=frozenset({frozenset({place})}),
    )
    value = Value(frozenset({Thing(place)}), sources)
    return Summary(
        name="app.py::f",
        returns=value,
        effects=((write, (Place("app.py", span),)),),
        stores=(Store(place, value),),
        reads=frozenset({place}),
    )


def test_equal_parts_are_kept_once() -> None:
    pool, first, second = Pool(), summary(), summary()
    one, other = pool.summary(first), pool.summary(second)
    assert one == first == other
    assert one.returns is other.returns is one.stores[0].value
    assert one.effects[0][0] is other.effects[0][0]
    assert one.effects[0][0].sources is one.returns.sources
    assert one.effects[0][1] is other.effects[0][1]
    assert one.stores[0] is other.stores[0]
    assert next(iter(one.reads)) is one.stores[0].path
