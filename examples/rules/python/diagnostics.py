"""The component's entry: the rule in app.py, with what it prints and its exceptions kept for the host, because a rule can write nowhere."""

import contextlib
import io
import os

import app
from wit_world import exports
from wit_world.exports.rule_diagnostics import Diagnostics

_printed = io.StringIO()
_failure = None


def _told(error):
    """The exception with its place, and the frames of the rule."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if os.path.basename(code.co_filename) != "diagnostics.py":
            frames.append((os.path.basename(code.co_filename), trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    place = f"{frames[-1][0]}:{frames[-1][1]}: " if frames else ""
    lines = [f"{place}{type(error).__name__}: {error}"]
    return "\n".join(lines + [f"  at {name} ({file}:{line})" for file, line, name in reversed(frames)])


def _watched(rule, name, keep):
    """The rule's class with a function whose exceptions are caught; `keep` makes the answer then."""

    def decide(self, *given):
        global _failure
        _failure = None
        _printed.seek(0)
        _printed.truncate()
        with contextlib.redirect_stdout(_printed), contextlib.redirect_stderr(_printed):
            try:
                return getattr(rule, name)(self, *given)
            except Exception as error:
                _failure = _told(error)
                return keep()

    return type(rule.__name__, (rule,), {name: decide})


def _keep_draft():
    from wit_world.imports.decision import Verdict_Keep

    return Verdict_Keep()


def _keep_deal():
    from wit_world.exports.rule_deal import DealVerdict_Keep

    return DealVerdict_Keep()


for _name, _function, _keep in [
    ("RuleDraft", "review", _keep_draft),
    ("RuleDeal", "review", _keep_deal),
    ("RuleResponsible", "decide", lambda: None),
    ("RuleRouting", "decide", lambda: None),
]:
    if hasattr(app, _name):
        globals()[_name] = _watched(getattr(app, _name), _function, _keep)


class RuleDiagnostics(exports.RuleDiagnostics):
    def take(self):
        return Diagnostics(_printed.getvalue(), _failure)
