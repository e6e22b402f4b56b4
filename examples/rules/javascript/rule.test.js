import assert from 'node:assert/strict';
import test from 'node:test';

import { ruleDraft } from './rule.js';

const about = (campaign) => ({ attributes: [['utm_campaign', campaign]] });
const draft = (kind) => ({ kind, isNew: true, fields: [{ name: 'text', value: { tag: 'text', val: 'Перезвонить' } }], attributes: [] });

test('tasks of the campaign are marked', () => {
  const changed = ruleDraft.review(about('vip'), draft('task'));
  assert.equal(changed.tag, 'change');
  assert.equal(changed.val.fields[0].value.val, 'JS: Перезвонить');
});

test('everything else is kept', () => {
  assert.deepEqual(ruleDraft.review(about('vip'), draft('customer')), { tag: 'keep' });
  assert.deepEqual(ruleDraft.review(about('other'), draft('task')), { tag: 'keep' });
});
