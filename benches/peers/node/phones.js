// Phone numbers of Russia.

// The digits of a number as UIS gives it.
export const digits = (text) => String(text ?? '').replace(/\D/g, '');

// The number that a person typed, as UIS would give it.
export function typed(text) {
  const number = digits(text);
  if (number.length === 10) return `7${number}`;
  if (number.length === 11 && number.startsWith('8')) return `7${number.slice(1)}`;
  return number;
}

// The digits that every spelling of a number contains.
export const national = (number) => (number.length === 11 && number.startsWith('7') ? number.slice(1) : number);
