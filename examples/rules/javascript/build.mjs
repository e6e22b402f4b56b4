// Builds rule.wasm from rule.js. All features are disabled so that the component imports nothing, which is required of a rule.
import { componentize } from '@bytecodealliance/componentize-js';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const wit = process.env.UIS_WIT ?? here('../../../wit');

const { component } = await componentize(await readFile(here('rule.js'), 'utf8'), {
  witPath: wit,
  worldName: 'draft-rule',
  disableFeatures: ['random', 'stdio', 'clocks', 'http', 'fetch-event'],
});
await writeFile(here('rule.wasm'), component);
console.log(`rule.wasm, ${Math.round(component.length / 1000)} kB`);
