"use strict";
// Filters the list. Without this script the page shows everything and no filters.
(() => {
  const filters = document.getElementById("filters");
  const rows = Array.from(document.querySelectorAll("tr[data-kind]"));
  const groups = Array.from(document.querySelectorAll("tbody[data-group]"));
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const value = (name) => filters.elements.namedItem(name).value;

  const apply = () => {
    const words = value("text").toLowerCase().split(/\s+/).filter(Boolean);
    const severity = value("severity");
    const kind = value("kind");
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const visible =
        (!severity || row.dataset.severity === severity) &&
        (!kind || row.dataset.kind === kind) &&
        words.every((word) => text.includes(word));
      row.hidden = !visible;
      count += visible ? 1 : 0;
    }
    for (const group of groups) {
      group.hidden = !group.querySelector("tr[data-kind]:not([hidden])");
    }
    shown.textContent = count === rows.length ? `${count} findings` : `${count} of ${rows.length} findings`;
    nothing.hidden = count > 0;
  };

  if (filters && rows.length) {
    filters.hidden = false;
    filters.addEventListener("input", apply);
    filters.addEventListener("submit", (event) => event.preventDefault());
    apply();
  }
})();
