"""Over random directories and entries: only what is printed is bound, and all of it."""

import re
from collections.abc import Sequence
from itertools import product

from hypothesis import event, given, settings
from hypothesis import strategies as st

from recipients.directory import Directory, KnownName, NameUse, Subject
from recipients.matching import match
from recipients.names import key

PLACES = ("", "云湾市", "云湾市甲区", "市", "县", "乙县", "云湾港集团", "省")
BODIES = ("", "财政局", "邮政管理局", "文明委", "委", "政府", "党委", "市场监管局", "协会")
OFFICES = ("", "办公室", "文明办", "人事处", "宣传部", "各处室", "管理局", "国家安全局", "各管理局")

TEXTS = ["".join(parts) for parts in product(PLACES, BODIES, OFFICES) if any(parts)]
OWNERS = ["".join(parts) for parts in product(PLACES, BODIES) if any(parts)]

texts = st.sampled_from(TEXTS)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[KnownName], str]:
    """Draw the names of a directory and an entry made of them, of pieces of them, or of neither.

    Official names are unique, aliases are not. The offices of one owner are among them, since
    their entries are the ones that shorten.
    """
    owner = draw(st.sampled_from(OWNERS))
    offices = draw(st.lists(st.sampled_from(OFFICES), min_size=1, max_size=4, unique=True))
    of_owner = [owner + office for office in offices]
    officials = [*of_owner, *draw(st.lists(texts, max_size=6))]
    names = []
    for number, official in enumerate(dict.fromkeys(officials)):
        subject = Subject(is_group=draw(st.booleans()), id=number)
        aliases = draw(st.lists(st.one_of(texts, st.sampled_from(OFFICES[1:])), max_size=2))
        for text, use in [(official, NameUse.NAME), *((a, NameUse.ALIAS) for a in aliases)]:
            names.append(KnownName(subject=subject, text=text, use=use, official=official))
    known = st.sampled_from([name.text for name in names])
    pieces = known.flatmap(lambda text: st.integers(0, len(text) - 1).map(lambda n: text[n:]))
    loose = st.lists(st.one_of(known, pieces, texts), min_size=1, max_size=4)
    short = [office if office and draw(st.booleans()) else owner + office for office in offices[1:]]
    items = draw(st.one_of(loose, st.just([of_owner[0], *short])))
    return names, draw(st.sampled_from("、，")).join(items)


def spells(names: Sequence[KnownName], subject: Subject, printed: str) -> bool:
    """Say whether ``printed`` spells a name of ``subject``: whole, as an item, or shortened.

    Shortened means: with letters before it that the entry's first item begins with, with 各
    between, or with letters behind it that the last item ends with.
    """
    items = [key(item) for item in printed.replace("，", "、").split("、")]
    for name in names:
        text = key(name.text)
        if name.subject != subject:
            continue
        if text == key(printed):
            return True
        for item in items:
            for start in (at.start() for at in re.finditer(f"(?={re.escape(item)})", text)):
                before, behind = text[:start], text[start + len(item) :]
                if items[0].startswith(before.removesuffix("各")) and items[-1].endswith(behind):
                    return True
    return False


@settings(max_examples=400, deadline=None)
@given(cases())
def test_everything_bound_is_named_by_the_printed_text(case: tuple[list[KnownName], str]) -> None:
    """Each target has a name that the entry spells, and no item is left without a target."""
    names, printed = case
    found = match(Directory.of(names), printed)
    event("bound" if found.targets else "unresolved")
    assert bool(found.targets) == (found.reason is None)
    for target in found.targets:
        assert spells(names, target.subject, printed)
    if not found.targets:
        assert found.missing or len({name.subject for name in found.candidates}) > 1
        assert found.explain()


@settings(max_examples=400, deadline=None)
@given(cases())
def test_a_subject_taken_out_never_binds_its_entry_to_another(
    case: tuple[list[KnownName], str],
) -> None:
    """Whatever an entry is bound to: without it, the entry is bound to nothing at all."""
    names, printed = case
    found = match(Directory.of(names), printed)
    event(f"{len(found.targets)} targets")
    for target in found.targets:
        without = Directory.of(name for name in names if name.subject != target.subject)
        assert match(without, printed).targets == ()


@settings(max_examples=200, deadline=None)
@given(
    owner=st.sampled_from(("云湾市邮政管理局", "云湾市甲区财政局", "市委", "云湾港集团")),
    offices=st.lists(
        st.sampled_from(("文明办", "人事处", "宣传部", "司法处", "档案馆", "信访科")),
        min_size=2,
        max_size=5,
        unique=True,
    ),
    others=st.lists(
        st.sampled_from([text for text in TEXTS if not text.startswith(("云湾", "市委"))]),
        max_size=6,
    ),
    each=st.booleans(),
)
def test_a_shared_beginning_is_expanded(
    owner: str, offices: list[str], others: list[str], *, each: bool
) -> None:
    """Offices printed behind their bureau are found, whatever else the directory knows."""
    first, *rest = offices
    first = f"各{first}" if each else first
    full = [owner + first, *(owner + office for office in rest)]
    names = [
        KnownName(subject=Subject(is_group=False, id=n), text=text, use=NameUse.NAME, official=text)
        for n, text in enumerate(dict.fromkeys([owner, *full, *others]))
    ]
    found = match(Directory.of(names), owner + "、".join([first, *rest]))
    assert [target.name for target in found.targets] == full
