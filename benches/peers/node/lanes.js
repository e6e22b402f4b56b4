// A customer's notifications one after the other; those of different customers side by side. A failure is tried again with a growing wait.
const ATTEMPTS = 8;
const FIRST_WAIT_MS = 500;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function retried(work) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || error.final) throw error;
      await sleep(FIRST_WAIT_MS * 2 ** (attempt - 1));
    }
  }
}

export class Lanes {
  #last = new Map();

  run(key, work) {
    const before = this.#last.get(key) ?? Promise.resolve();
    const next = before.then(() => retried(work)).catch((error) => console.error(`${key}: ${error.message}`));
    this.#last.set(key, next);
    next.then(() => {
      if (this.#last.get(key) === next) this.#last.delete(key);
    });
    return next;
  }
}
