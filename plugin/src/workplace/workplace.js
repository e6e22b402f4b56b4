// Shows the operator's workplace in RetailCRM's page, or, on a card, one button that opens it. Knows one address and no secret.
'use strict';

(() => {
  const url = document.querySelector('meta[name="workplace-url"]').content;
  const asked = new URLSearchParams(location.search);
  const byId = (id) => document.getElementById(id);
  const notice = byId('notice');
  // A connection that is gone mostly comes back within seconds, or stays away for long.
  const SHORTEST_WAIT = 5000;
  const LONGEST_WAIT = 60000;
  const PATIENCE = 15000;

  // On a card there is room for a button only.
  if (asked.has('target')) {
    document.body.className = 'widget';
    const button = document.createElement('button');
    button.id = 'widget';
    button.type = 'button';
    button.textContent = 'Чаты UIS';
    button.title = 'Открыть рабочее место оператора';
    button.addEventListener('click', () => window.open(url, 'uis-workplace', 'noopener,noreferrer'));
    notice.replaceWith(button);
    return;
  }

  let wait = SHORTEST_WAIT;
  let timer = 0;
  let busy = false;

  const say = (text, withActions) => {
    byId('text').textContent = text;
    byId('actions').hidden = !withActions;
    notice.hidden = false;
  };

  const show = () => {
    const frame = document.createElement('iframe');
    frame.id = 'workplace';
    frame.title = 'Рабочее место оператора UIS';
    frame.referrerPolicy = 'no-referrer';
    // Its own scripts, cookies and pop-ups; it cannot take RetailCRM's page elsewhere.
    frame.setAttribute('sandbox', 'allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads allow-modals');
    frame.allow = 'microphone; camera; autoplay; clipboard-write; notifications';
    frame.src = url;
    document.body.append(frame);
    document.body.className = 'shown';
    notice.hidden = true;
  };

  // A frame tells nothing of an address that cannot be reached, so it is asked for first.
  const open = async () => {
    if (busy || byId('workplace')) return;
    busy = true;
    clearTimeout(timer);
    try {
      await fetch(url, { mode: 'no-cors', cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer', signal: AbortSignal.timeout(PATIENCE) });
      show();
    } catch {
      say('Нет связи с UIS. Проверьте подключение к интернету: рабочее место откроется, когда связь появится.', true);
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    } finally {
      busy = false;
    }
  };

  byId('open').href = url;
  byId('retry').addEventListener('click', open);
  addEventListener('online', () => {
    if (byId('workplace')) notice.hidden = true;
    wait = SHORTEST_WAIT;
    open();
  });
  // What is open stays: it may hold a message half written.
  addEventListener('offline', () => say('Нет подключения к интернету: новые сообщения придут, когда оно появится.', false));
  open();
})();
