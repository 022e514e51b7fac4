"use strict";
// Filters and groups the list. Without this script the page shows everything by urgency, and no filters.
(() => {
  const filters = document.getElementById("filters");
  const table = document.querySelector(".findings table");
  const rows = Array.from(document.querySelectorAll("tr[data-kind]"));
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const value = (name) => filters.elements.namedItem(name)?.value ?? "";
  const owners = (row) => row.dataset.owners?.split("\n") ?? [];
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const byUrgency = Array.from(document.querySelectorAll("tbody[data-group]"), (body) => [
    body.querySelector("tr.group").textContent,
    Array.from(body.querySelectorAll("tr[data-kind]")),
  ]);
  let groups = Array.from(document.querySelectorAll("tbody[data-group]"));
  let grouped = "";

  // A group's key, by which groups are ordered, and its title; what has none comes last.
  const ways = {
    week: (row) => [row.dataset.week ?? "~", row.dataset.weekTitle ?? "No date"],
    owner: (row) => [owners(row)[0]?.toLowerCase() ?? "~", owners(row)[0] ?? "No owner known"],
    severity: (row) => [9 - Number(row.dataset.rank), row.dataset.severity[0].toUpperCase() + row.dataset.severity.slice(1)],
  };

  const bodyOf = (title, members) => {
    const body = document.createElement("tbody");
    body.dataset.group = "";
    body.setAttribute("role", "rowgroup");
    const head = body.insertRow();
    head.className = "group";
    head.setAttribute("role", "row");
    const cell = document.createElement("th");
    cell.colSpan = 4;
    cell.scope = "rowgroup";
    cell.setAttribute("role", "rowheader");
    cell.textContent = title;
    head.append(cell);
    body.append(...members);
    return body;
  };

  const group = (name) => {
    let titled = byUrgency;
    if (name) {
      const found = new Map();
      for (const row of rows) {
        const [key, title] = ways[name](row);
        if (!found.has(key)) found.set(key, [title, []]);
        found.get(key)[1].push(row);
      }
      titled = [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, entry]) => entry);
    }
    const made = titled.map(([title, members]) => bodyOf(title, members));
    for (const body of groups) body.remove();
    table.append(...made);
    groups = made;
    grouped = name;
  };

  const apply = () => {
    if (value("group") !== grouped) group(value("group"));
    const words = value("text").toLowerCase().split(/\s+/).filter(Boolean);
    const [severity, kind, owner, age] = ["severity", "kind", "owner", "age"].map(value);
    let count = 0;
    for (const row of rows) {
      const visible =
        (!severity || row.dataset.severity === severity) &&
        (!kind || row.dataset.kind === kind) &&
        (!owner || owners(row).includes(owner)) &&
        (!age || (row.dataset.age !== undefined && Number(row.dataset.age) <= Number(age))) &&
        words.every((word) => texts.get(row).includes(word));
      row.hidden = !visible;
      count += visible ? 1 : 0;
    }
    for (const body of groups) {
      body.hidden = !body.querySelector("tr[data-kind]:not([hidden])");
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
