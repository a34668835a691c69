"""The life of an issue as the steps that a person thinks of (pure)."""

from dataclasses import dataclass
from enum import StrEnum

from mailer.actions.exporting import local
from mailer.issues.lifecycle import IssueState
from mailer.web.overview import IssueView
from runtime.text import translate as _
from runtime.text import translate_plural as ngettext


class StepStanding(StrEnum):
    """Where a step stands."""

    DONE = "done"
    NOW = "now"
    AHEAD = "ahead"
    STOPPED = "stopped"

    @property
    def word(self) -> str:
        """Return the standing as a word."""
        match self:
            case StepStanding.DONE:
                return _("done")
            case StepStanding.NOW:
                return _("now")
            case StepStanding.AHEAD:
                return _("not yet")
            case StepStanding.STOPPED:
                return _("stopped")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step: its name, how it stands, and what there is to say of it."""

    name: str
    standing: StepStanding
    note: str


_ORDER = (
    IssueState.DRAFT,
    IssueState.SUBMITTED,
    IssueState.APPROVED,
    IssueState.SCHEDULED,
    IssueState.SENDING,
    IssueState.SENT,
)
_S, _T = IssueState, StepStanding


def life_of(view: IssueView) -> tuple[Step, ...]:
    """Return the steps of an issue, from the file to the last delivery."""
    return (_read(view), _list(view), _approved(view), _sent(view), _finished(view))


def person(actor: str) -> str:
    """Return who is meant by the actor of an event (``web:li``, ``cli:li``)."""
    return actor.partition(":")[2] or actor


def _reached(view: IssueView, state: IssueState) -> bool:
    """Return whether the issue has been at ``state`` or beyond."""
    if view.state is _S.CANCELLED:
        facts = {
            _S.DRAFT: True,
            _S.SUBMITTED: bool(view.submitted_by),
            _S.APPROVED: view.approved_at is not None,
            _S.SCHEDULED: view.due_at is not None,
            _S.SENDING: view.begun_at is not None,
            _S.SENT: False,
        }
        return facts[state]
    present = _S.SENDING if view.state is _S.PAUSED else view.state
    return _ORDER.index(present) >= _ORDER.index(state)


def _read(view: IssueView) -> Step:
    articles = ngettext("{n} article", "{n} articles", len(view.articles))
    doubts = ngettext("{n} doubt", "{n} doubts", view.doubts)
    note = articles.format(n=len(view.articles))
    if view.doubts:
        note += _(", ") + doubts.format(n=view.doubts)
    standing = _T.NOW if view.state is _S.DRAFT else _T.DONE
    return Step(name=_("Read"), standing=standing, note=note)


def _list(view: IssueView) -> Step:
    facts = view.recipients
    note = ngettext("{n} address", "{n} addresses", facts.addresses)
    note = note.format(n=facts.addresses)
    if facts.paper:
        note += _(", {n} on paper").format(n=facts.paper)
    if facts.problems:
        unsolved = ngettext("{n} entry open", "{n} entries open", len(facts.problems))
        note += _(", ") + unsolved.format(n=len(facts.problems))
    if facts.bound:
        standing = _T.DONE
    else:
        standing = _T.NOW if view.state is _S.SUBMITTED and facts.problems else _T.AHEAD
    return Step(name=_("List"), standing=standing, note=note)


def _approved(view: IssueView) -> Step:
    if view.approved_at is not None:
        note = f"{person(view.approved_by)} {local(view.approved_at, view.zone)[:-3]}"
        return Step(name=_("Approved"), standing=_T.DONE, note=note)
    if view.state is not _S.SUBMITTED:
        return Step(name=_("Approved"), standing=_T.AHEAD, note=_("not submitted"))
    if not view.rendered:
        note = _("a worker is to render it first")
    else:
        note = _("submitted by {name}").format(name=person(view.submitted_by))
    return Step(name=_("Approved"), standing=_T.NOW, note=note)


def _sent(view: IssueView) -> Step:
    name = _("Sending")
    if view.state is _S.PAUSED:
        return Step(name=name, standing=_T.STOPPED, note=view.reason or _("paused"))
    if _reached(view, _S.SENDING):
        note = _("since {time}").format(time=local(view.begun_at, view.zone))
        standing = _T.NOW if view.state is _S.SENDING else _T.DONE
        return Step(name=name, standing=standing, note=note)
    if view.state is _S.SCHEDULED:
        note = _("due {time}").format(time=local(view.due_at, view.zone))
        return Step(name=name, standing=_T.NOW, note=note)
    return Step(name=name, standing=_T.AHEAD, note=_("not scheduled"))


def _finished(view: IssueView) -> Step:
    ended = local(view.finished_at, view.zone)
    if view.state is _S.CANCELLED:
        note = _("cancelled {time}").format(time=ended)
        return Step(name=_("Finished"), standing=_T.STOPPED, note=note)
    if view.state is _S.SENT:
        return Step(name=_("Finished"), standing=_T.DONE, note=ended)
    return Step(name=_("Finished"), standing=_T.AHEAD, note=_("when every delivery is final"))
