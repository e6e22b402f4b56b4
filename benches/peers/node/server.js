// One worker per core. Any worker may receive a customer's notification, but one worker handles all of a customer's: the others pass the
// notification on through the primary.
import cluster from 'node:cluster';

import { options } from './options.js';

function runPrimary() {
  const workers = Array.from({ length: options.workers }, (_, index) => cluster.fork({ WORKER: String(index) }));
  for (const worker of workers) {
    worker.on('message', ({ to, job }) => workers[to].send({ job }));
  }
  // What a worker had in memory is lost with it, so the whole service ends, and whoever supervises it starts it again.
  cluster.on('exit', (worker, code) => {
    if (!worker.exitedAfterDisconnect) process.exit(code || 1);
  });
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => cluster.disconnect(() => process.exit(0)));
  }
}

if (cluster.isPrimary) {
  runPrimary();
} else {
  const { runWorker } = await import('./worker.js');
  await runWorker(Number(process.env.WORKER), options);
}
