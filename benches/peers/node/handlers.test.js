import assert from 'node:assert/strict';
import { test } from 'node:test';

import { moved, unanswered } from './handlers.js';
import { Lanes } from './lanes.js';
import { national, typed } from './phones.js';

test('a number is the same in every spelling', () => {
  for (const text of ['+7 (916) 123-45-67', '8 916 123-45-67', '9161234567', '79161234567']) assert.equal(typed(text), '79161234567');
  assert.equal(national('79161234567'), '9161234567');
});

test('a local time moves over midnight', () => {
  assert.equal(moved('2026-11-23 23:30:05', 3_600_000), '2026-11-24 00:30');
});

test('a reason becomes a result', () => {
  assert.deepEqual([unanswered('operator_busy'), unanswered('subscriber_disconnects'), unanswered()], ['busy', 'no answer', 'no answer']);
});

test('the work of one key is done in order, and a refusal ends only its own work', async () => {
  const lanes = new Lanes();
  const done = [];
  const slow = new Promise((resolve) => setImmediate(resolve));
  lanes.run('a', async () => {
    await slow;
    done.push(1);
  });
  lanes.run('a', async () => {
    throw Object.assign(new Error('refused, as it should be here'), { final: true });
  });
  lanes.run('b', async () => done.push(0));
  await lanes.run('a', async () => done.push(2));
  assert.deepEqual(done, [0, 1, 2]);
});
