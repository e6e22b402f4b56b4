// A partner's rule in JavaScript: it marks tasks of appeals from the campaign `vip` and keeps everything else.

const important = (about) => about.attributes.some(([name, value]) => name === 'utm_campaign' && value === 'vip');

export const ruleDraft = {
  review(about, draft) {
    if (draft.kind !== 'task' || !important(about)) return { tag: 'keep' };
    const fields = draft.fields.map((field) =>
      field.name === 'text' && field.value.tag === 'text'
        ? { name: field.name, value: { tag: 'text', val: `JS: ${field.value.val}` } }
        : field,
    );
    return { tag: 'change', val: { ...draft, fields } };
  },
};
