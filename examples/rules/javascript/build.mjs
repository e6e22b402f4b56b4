// Builds rule.wasm from rule.js. All features are disabled so that the component imports nothing, which is required of a rule. What the rule
// prints and its exceptions go through an export (diagnostics.js).
import { componentize } from '@bytecodealliance/componentize-js';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The decision that the rule makes: draft-rule, responsible-rule, routing-rule or deal-rule.
const worldName = 'draft-rule';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const wit = process.env.UIS_WIT ?? here('../../../wit');

const rule = await readFile(here('rule.js'), 'utf8');
const lines = rule.split('\n').length;
const diagnostics = (await readFile(here('diagnostics.js'), 'utf8')).replace('RULE_LINES', String(lines));

// The contract with a world of the decision and the diagnostics.
const folder = await mkdtemp(join(tmpdir(), 'rule-'));
try {
  await cp(wit, folder, { recursive: true });
  await writeFile(join(folder, 'built-rule.wit'), `world built-rule { include ${worldName}; include diagnosed-rule; }\n`);
  const { component } = await componentize(`${rule}\n${diagnostics}`, {
    witPath: folder,
    worldName: 'built-rule',
    sourceName: 'rule.js',
    disableFeatures: ['random', 'stdio', 'clocks', 'http', 'fetch-event'],
  });
  await writeFile(here('rule.wasm'), component);
  console.log(`rule.wasm, ${Math.round(component.length / 1000)} kB`);
} finally {
  await rm(folder, { recursive: true });
}
