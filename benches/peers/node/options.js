// What the service is started with, from environment variables.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const needed = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`the environment variable ${name} is missing`);
  return value;
};
const json = (name) => JSON.parse(readFileSync(needed(name), 'utf8'));

export const options = {
  port: Number(process.env.PORT ?? 8090),
  workers: Number(process.env.WORKERS ?? availableParallelism()),
  crm: needed('RETAILCRM_URL'),
  key: needed('RETAILCRM_KEY'),
  settings: json('SETTINGS'),
  account: json('ACCOUNT'),
};
