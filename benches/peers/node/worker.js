// A worker: HTTP in, and the notifications of the customers that are its own.
import Fastify from 'fastify';

import { Crm } from './crm.js';
import { Handlers } from './handlers.js';
import { Lanes } from './lanes.js';
import { digits } from './phones.js';

// The same customer always gets the same worker.
export function ownerOf(phone, workers) {
  let hash = 0;
  for (const digit of phone) hash = (Math.imul(hash, 31) + digit.charCodeAt(0)) >>> 0;
  return hash % workers;
}

export async function runWorker(index, { port, workers, crm: url, key, settings, account }) {
  const handlers = new Handlers(new Crm(url, key), settings, account);
  await handlers.start();
  const lanes = new Lanes();

  const accept = ({ name, body }) => {
    const phone = digits(body.contact_phone_number);
    lanes.run(phone || String(body.call_session_id), () => handlers.notification(name, body));
  };
  process.on('message', ({ job }) => accept(job));

  const app = Fastify();
  app.post('/notify/:name', async (request, reply) => {
    const { name } = request.params;
    if (!handlers.knows(name)) return reply.code(404).send();
    const job = { name, body: request.body };
    const owner = ownerOf(digits(job.body.contact_phone_number), workers);
    if (owner === index) accept(job);
    else process.send({ to: owner, job });
    // Acknowledged before it is handled, and kept nowhere.
    return reply.code(200).send();
  });
  app.get('/route', async (request) => handlers.route(request.query));
  await app.listen({ port, host: '127.0.0.1' });
}
