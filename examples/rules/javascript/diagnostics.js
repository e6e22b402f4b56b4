// build.mjs appends this to rule.js. It keeps what the rule prints and catches exceptions, and gives both to the host, because a rule can write
// nowhere. The lines of rule.js keep their numbers.
export const ruleDiagnostics = (() => {
  const printed = [];
  let failure;
  const plain = (_, value) => (typeof value === 'bigint' ? String(value) : value);
  const text = (value) => {
    if (typeof value === 'string') return value;
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    return JSON.stringify(value, plain) ?? String(value);
  };
  const print = (...values) => {
    printed.push(values.map(text).join(' '));
  };
  globalThis.console = { log: print, info: print, warn: print, error: print, debug: print };
  // The frames of rule.js: `review@rule.js:7:12`. Those below are of this file.
  const frames = (error) =>
    String(error?.stack ?? '')
      .split('\n')
      .map((frame) => /^(.*)@.*?(rule\.js):(\d+)/.exec(frame))
      .filter((frame) => frame && Number(frame[3]) <= RULE_LINES)
      .map(([, name, file, line]) => ({ name: name || 'anonymous', place: `${file}:${line}` }));
  const told = (error) => {
    const stack = frames(error);
    const place = stack.length > 0 ? stack[0].place : 'rule.js';
    return [`${place}: ${text(error)}`, ...stack.map((frame) => `  at ${frame.name} (${frame.place})`)].join('\n');
  };
  const watch = (rule, name, keep) => {
    if (typeof rule?.[name] !== 'function') return;
    const own = rule[name];
    rule[name] = (...given) => {
      printed.length = 0;
      failure = undefined;
      try {
        return own.apply(rule, given);
      } catch (error) {
        failure = told(error);
        return keep;
      }
    };
  };
  watch(typeof ruleDraft === 'undefined' ? null : ruleDraft, 'review', { tag: 'keep' });
  watch(typeof ruleDeal === 'undefined' ? null : ruleDeal, 'review', { tag: 'keep' });
  watch(typeof ruleResponsible === 'undefined' ? null : ruleResponsible, 'decide', undefined);
  watch(typeof ruleRouting === 'undefined' ? null : ruleRouting, 'decide', undefined);
  return { take: () => ({ printed: printed.join('\n'), failure }) };
})();
