// The three handlers: an incoming call gives the caller's card, a finished call goes into the history, a missed call makes a task.
import { digits, national, typed } from './phones.js';

const HOUR_MS = 3_600_000;
const ENDED_GROUPS = new Set(['complete', 'cancel']);

const fullName = ({ lastName, firstName, patronymic }) => [lastName, firstName, patronymic].filter(Boolean).join(' ');

// A local time, moved by so many milliseconds. UIS and RetailCRM have the same time zone, which has no summer time.
export const moved = (local, ms) => new Date(Date.parse(`${local.replace(' ', 'T')}Z`) + ms).toISOString().slice(0, 16).replace('T', ' ');

// UIS's reason of the end as RetailCRM's result.
export function unanswered(reason = '') {
  return reason.split('_').includes('busy') ? 'busy' : 'no answer';
}

export class Handlers {
  #crm;
  #settings;
  #account;
  #statuses = new Map();
  #links = new Map();
  #users = new Set();
  #site;
  // The last task of a number. Only the worker that owns the number has it.
  #tasks = new Map();

  constructor(crm, settings, account) {
    this.#crm = crm;
    this.#settings = settings;
    this.#account = account;
  }

  // Reads what the handlers need to know: the titles of statuses, who is who, the shop.
  async start() {
    const [statuses, users, sites] = await Promise.all([this.#crm.statuses(), this.#crm.users(), this.#crm.sites()]);
    this.#statuses = new Map(statuses.map((status) => [status.code, status]));
    const active = users.filter((user) => user.active !== false);
    this.#users = new Set(active.map((user) => user.id));
    for (const employee of this.#account.employees) {
      const user = active.find((known) => known.email.toLowerCase() === employee.email?.toLowerCase());
      if (user) this.#links.set(employee.id, { userId: user.id, code: employee.extension?.extension_phone_number });
    }
    this.#site = (sites.find((site) => site.defaultForCrm) ?? sites[0])?.code;
  }

  knows(name) {
    return name === 'call_session_finished' || name === 'lost_call_session';
  }

  async notification(name, body) {
    if (!digits(body.contact_phone_number)) return;
    if (name === 'call_session_finished') await this.#finished(body);
    else await this.#missed(body);
  }

  async route({ numa }) {
    const phone = digits(numa);
    if (!phone) return {};
    const [caller, orders, customers] = await Promise.all([
      this.#crm.caller(phone),
      this.#crm.ordersOf(phone).catch(() => []),
      this.#crm.customersLike(national(phone)).catch(() => []),
    ]);
    const named = caller.customer;
    const isNamed = named && (!named.phones?.length || named.phones.some(({ number }) => typed(number) === phone));
    const customer = isNamed ? named : this.#withPhone(customers, phone);
    if (!customer) return {};
    const link = (isNamed && caller.links?.customerLink) || `/customers/${customer.id}`;
    const card = { name: fullName(customer) || null, url: this.#crm.link(link), orders: this.#openOrders(orders, customer, phone) };
    return { card };
  }

  #openOrders(orders, customer, phone) {
    const theirs = ({ customer: owner, phone: written }) => (owner?.id ? owner.id === customer.id : typed(written) === phone);
    const isOpen = ({ status }) => !ENDED_GROUPS.has(this.#statuses.get(status)?.group);
    return orders
      .filter((order) => theirs(order) && isOpen(order))
      .map(({ id, number, status }) => ({
        url: this.#crm.link(`/orders/${id}/edit`),
        name: number || String(id),
        status: this.#statuses.get(status)?.name ?? status,
      }));
  }

  // The search compares text; of several customers with the phone it is the oldest.
  #withPhone(customers, phone) {
    const found = customers.filter(({ phones }) => Object.values(phones ?? []).some(({ number }) => typed(number) === phone));
    return found.sort((one, other) => one.id - other.id)[0];
  }

  async #finished(body) {
    const answered = body.is_lost === false || (body.is_lost === undefined && body.talk_time_duration > 0);
    const employee = answered ? body.last_talked_employee_id : (body.employee_id ?? body.employee_ids?.at(-1));
    const link = this.#links.get(employee);
    await this.#crm.upload({
      date: body.start_time,
      type: body.direction === 'out' ? 'out' : 'in',
      phone: digits(body.contact_phone_number),
      externalId: `uis-call-${body.call_session_id}`,
      code: link?.code,
      userId: link?.userId,
      result: answered ? 'answered' : unanswered(body.finish_reason),
      duration: answered ? body.talk_time_duration : 0,
      durationWaiting: body.wait_time_duration,
      recordUrl: body.record_file_links?.[0],
      externalPhone: digits(body.virtual_phone_number) || undefined,
    });
  }

  async #missed(body) {
    const wanted = this.#settings['incoming-missed-task'];
    if (!wanted || wanted === 'none') return;
    const phone = digits(body.contact_phone_number);
    const known = this.#tasks.get(phone);
    if (known && (known.session === body.call_session_id || (await this.#crm.isTaskOpen(known.task)))) return;
    const customer = this.#withPhone(await this.#crm.customersLike(national(phone)), phone);
    const rung = this.#links.get(body.employee_ids?.at(-1) ?? body.employee_id)?.userId;
    const task = await this.#crm.createTask({
      text: `Перезвонить: пропущенный звонок ${phone}`,
      datetime: moved(body.finish_time, HOUR_MS),
      performerId: this.#users.has(rung) ? rung : this.#settings['default-responsible'],
      phone,
      phoneSite: this.#site,
      customer: customer && { id: customer.id },
    });
    this.#tasks.set(phone, { session: body.call_session_id, task });
  }
}
