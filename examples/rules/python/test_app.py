import unittest

from wit_world.imports.decision import Appeal, Draft, DraftKind, Field, Value_Text, Verdict_Change, Verdict_Keep
from wit_world.imports.types import CommunicationKind

import app


def about(campaign):
    return Appeal(CommunicationKind.SITE_REQUEST, 1, "79161234567", None, None, None, [("utm_campaign", campaign)])


def draft(kind):
    return Draft(kind, True, [Field("text", Value_Text("Перезвонить"))], [])


class Rule(unittest.TestCase):
    def test_tasks_of_the_campaign_are_marked(self):
        changed = app.RuleDraft().review(about("vip"), draft(DraftKind.TASK))
        self.assertIsInstance(changed, Verdict_Change)
        self.assertEqual(changed.value.fields[0].value.value, "PY: Перезвонить")

    def test_everything_else_is_kept(self):
        for campaign, kind in [("vip", DraftKind.CUSTOMER), ("other", DraftKind.TASK)]:
            self.assertIsInstance(app.RuleDraft().review(about(campaign), draft(kind)), Verdict_Keep)


if __name__ == "__main__":
    unittest.main()
