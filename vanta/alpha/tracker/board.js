"use strict";
(() => {
  const form = document.getElementById("filter");
  const body = document.querySelector("#threads tbody");
  if (!body) return;
  const rows = [...body.rows];
  const cards = [...document.querySelectorAll(".card")];
  const columns = [...document.querySelectorAll(".column")];
  const builds = [...document.querySelectorAll(".build")];
  const found = document.getElementById("found");
  const search = document.getElementById("q");
  const chosen = ["status", "severity", "module", "owner"].map((name) => [
    name, document.getElementById("f-" + name),
  ]);
  const said = new Map();
  const words = (row) => {
    if (!said.has(row)) said.set(row, row.textContent.toLowerCase());
    return said.get(row);
  };

  const filter = () => {
    const asked = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = new Set();
    for (const row of rows) {
      const fits = chosen.every(([name, box]) => !box.value || row.dataset[name] === box.value) &&
        asked.every((word) => words(row).includes(word));
      row.hidden = !fits;
      if (fits) kept.add(row.id);
    }
    for (const card of cards) card.hidden = !kept.has(card.dataset.id);
    for (const build of builds) {
      build.hidden = !build.dataset.threads.split(" ").some((id) => kept.has(id));
    }
    const whole = kept.size === rows.length;
    for (const column of columns) {
      const count = column.querySelector(".count");
      const status = column.id || column.className.match(/s-(\w+)/)[1];
      count.textContent = whole ? count.dataset.all
        : rows.filter((row) => !row.hidden && row.dataset.status === status).length;
    }
    found.textContent = whole ? `${rows.length} threads listed` : `${kept.size} of ${rows.length} threads listed`;
    const state = new URLSearchParams();
    if (search.value) state.set("q", search.value);
    for (const [name, box] of chosen) if (box.value) state.set(name, box.value);
    try {
      history.replaceState(null, "", "?" + state + location.hash);
    } catch { /* A page that lies in a file may not be renamed; the filter holds all the same. */ }
  };

  const sort = (head, at) => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const value = (row) => row.cells[at].dataset.v ?? row.cells[at].textContent;
    const order = new Intl.Collator("en", { numeric: true });
    rows.sort((a, b) => order.compare(value(a), value(b)) * (up ? 1 : -1) || a.dataset.n - b.dataset.n);
    body.append(...rows);
  };

  [...document.querySelectorAll("#threads thead th")].forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(head, at));
    head.replaceChildren(button);
  });

  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 80);
  };
  const asked = new URLSearchParams(location.search);
  search.value = asked.get("q") ?? "";
  for (const [name, box] of chosen) if (asked.has(name)) box.value = asked.get(name);
  search.addEventListener("input", soon);
  form.addEventListener("change", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    }
  });
  form.hidden = false;
  filter();
})();
