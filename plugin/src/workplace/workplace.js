// Shows the operator's workplace on a page in RetailCRM, or, on a card, a button that opens it. The page contains one address and no secret.
'use strict';

(() => {
  const url = document.querySelector('meta[name="workplace-url"]').content;
  const asked = new URLSearchParams(location.search);
  const byId = (id) => document.getElementById(id);
  const notice = byId('notice');
  // A lost connection usually returns within seconds, or not for a long time.
  const SHORTEST_WAIT = 5000;
  const LONGEST_WAIT = 60000;
  const PATIENCE = 15000;

  // A card has only room for a button.
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
    // The frame may use its own scripts, cookies and pop-ups, but cannot navigate RetailCRM's page.
    frame.setAttribute('sandbox', 'allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads allow-modals');
    frame.allow = 'microphone; camera; autoplay; clipboard-write; notifications';
    frame.src = url;
    document.body.append(frame);
    document.body.className = 'shown';
    notice.hidden = true;
  };

  // A frame does not report an unreachable address, so fetch the address first.
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
  // Keep an open workplace: it may contain an unfinished message.
  addEventListener('offline', () => say('Нет подключения к интернету: новые сообщения придут, когда оно появится.', false));
  open();
})();
