// RetailCRM's API v5, as far as the handlers need it, over connections that stay open.
import { Pool } from 'undici';

const CONNECTIONS = 64;
const TIMEOUT_MS = 15_000;

// RetailCRM refused a request: trying it again changes nothing.
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
    this.final = true;
  }
}

export class Crm {
  #pool;
  #headers;

  constructor(url, key) {
    this.url = new URL(url).origin;
    this.#pool = new Pool(this.url, { connections: CONNECTIONS, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
    this.#headers = { 'x-api-key': key };
  }

  get(path, query = {}) {
    const text = new URLSearchParams(query).toString();
    return this.#send('GET', text ? `${path}?${text}` : path);
  }

  // Members that are objects are sent as JSON, as RetailCRM expects.
  post(path, members) {
    const form = new URLSearchParams();
    for (const [name, value] of Object.entries(members)) {
      form.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
    }
    return this.#send('POST', path, form.toString());
  }

  async #send(method, path, body) {
    const headers = body === undefined ? this.#headers : { ...this.#headers, 'content-type': 'application/x-www-form-urlencoded' };
    const response = await this.#pool.request({ method, path: `/api/v5${path}`, headers, body });
    const { statusCode } = response;
    const answer = await response.body.json();
    if (statusCode < 300 && answer.success) return answer;
    const message = `${method} ${path}: ${statusCode} ${answer.errorMsg ?? ''} ${JSON.stringify(answer.errors ?? '')}`;
    // Too many requests, or RetailCRM is out of order: later it may succeed.
    throw statusCode === 429 || statusCode >= 500 ? new Error(message) : new Refused(statusCode, message);
  }

  // Links lead into RetailCRM, whatever they were made from.
  link(path) {
    const url = new URL(path, this.url);
    return url.origin === this.url ? url.href : null;
  }

  async caller(phone) {
    return this.get('/telephony/manager', { phone, details: 1 });
  }

  async ordersOf(phone) {
    return Object.values((await this.get('/orders', { 'filter[customer]': phone, limit: 20, page: 1 })).orders);
  }

  async customersLike(text) {
    return Object.values((await this.get('/customers', { 'filter[name]': text, limit: 100, page: 1 })).customers);
  }

  async upload(call) {
    const { processedCallsCount, duplicateCalls } = await this.post('/telephony/calls/upload', { calls: [call] });
    if (!processedCallsCount && !duplicateCalls?.includes(call.externalId)) {
      throw new Refused(200, `the call ${call.externalId} was not accepted`);
    }
  }

  async createTask(task) {
    return (await this.post('/tasks/create', { task, ...(task.phoneSite && { site: task.phoneSite }) })).id;
  }

  async isTaskOpen(id) {
    try {
      return !(await this.get(`/tasks/${id}`)).task.complete;
    } catch (error) {
      if (error.status === 404) return false;
      throw error;
    }
  }

  async users() {
    const all = [];
    for (let page = 1, last = 1; page <= last; page += 1) {
      const { users, pagination } = await this.get('/users', { limit: 100, page });
      all.push(...Object.values(users));
      last = pagination.totalPageCount;
    }
    return all;
  }

  async statuses() {
    return Object.values((await this.get('/reference/statuses')).statuses);
  }

  async sites() {
    return Object.values((await this.get('/reference/sites')).sites);
  }
}
