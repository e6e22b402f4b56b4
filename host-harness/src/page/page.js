// Filters: an entry is shown if it is about the chosen customer, communication and kind of thing.
"use strict";
const form = document.querySelector("form");
const entries = Array.from(document.querySelectorAll("article"));
const names = ["customer", "communication", "thing"];
function apply() {
  const chosen = names.map((name) => form.elements[name].value).filter((value) => value !== "");
  let shown = 0;
  for (const entry of entries) {
    const marks = entry.dataset.marks.split("|");
    entry.hidden = !chosen.every((value) => marks.includes(value));
    shown += entry.hidden ? 0 : 1;
  }
  document.querySelector("output").textContent = `${shown} / ${entries.length}`;
}
form.hidden = false;
form.addEventListener("change", apply);
form.addEventListener("submit", (event) => event.preventDefault());
apply();
