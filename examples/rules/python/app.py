"""A partner's rule in Python: it marks tasks of appeals from the campaign `vip` and keeps everything else."""

from dataclasses import replace

from wit_world import exports
from wit_world.imports.decision import Draft, DraftKind, Value_Text, Verdict_Change, Verdict_Keep


def important(about):
    return ("utm_campaign", "vip") in [tuple(attribute) for attribute in about.attributes]


class RuleDraft(exports.RuleDraft):
    def review(self, about, draft):
        if draft.kind != DraftKind.TASK or not important(about):
            return Verdict_Keep()
        fields = [
            replace(field, value=Value_Text("PY: " + field.value.value)) if field.name == "text" else field
            for field in draft.fields
        ]
        return Verdict_Change(Draft(draft.kind, draft.is_new, fields, draft.attributes))
