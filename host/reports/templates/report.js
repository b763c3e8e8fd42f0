
"use strict";
// Rows are texts of anyone. They reach the page by `textContent` and in no other way.
(() => {
  const PAGE = 25;
  // Milliseconds that a search may keep the page from answering.
  const SLICE = 30;
  const STATES = { t: "true", f: "false", v: "value", a: "abstained", e: "failed", u: "unpredicted" };
  const OUTCOMES = [
    ["", "any", () => true],
    ["failing", "failing: false, failed or unpredicted", (state) => "feu".includes(state)],
    ["t", "true", (state) => state === "t"],
    ["f", "false", (state) => state === "f"],
    ["v", "number, label or text", (state) => state === "v"],
    ["a", "abstained", (state) => state === "a"],
    ["e", "failed: the scorer gave none", (state) => state === "e"],
    ["u", "unpredicted: nothing to score", (state) => state === "u"],
  ];

  const element = (id) => document.getElementById(id);
  const number = (value) => value.toLocaleString("en-US");
  const read = (script) => JSON.parse(script.textContent);
  const index = read(element("index"));
  const chunks = document.getElementsByClassName("chunk");

  function make(tag, name, text) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // The chunks that were looked at last are kept apart: all of them would take several times the room.
  const KEPT = 40;
  const open = new Map();

  function texts(row) {
    const late = row >= index.failing;
    const within = late ? row - index.failing : row;
    const at = Math.floor(within / index.chunk) + (late ? index.failing_chunks : 0);
    if (!open.has(at)) {
      if (open.size >= KEPT) open.delete(open.keys().next().value);
      open.set(at, read(chunks[at]));
    }
    return open.get(at)[within % index.chunk];
  }

  function fields(title, list, name) {
    const section = make("section", name);
    section.append(make("h3", "", title));
    for (const [field, text] of list) {
      if (field) section.append(make("h4", "", field));
      section.append(make("div", "said box", text));
    }
    return section;
  }

  function verdicts(row, list) {
    const table = make("table", "verdicts");
    const states = index.rows[row][1];
    for (const [key, value, rationale] of list) {
      const line = table.insertRow();
      const head = make("th", "", key);
      head.scope = "row";
      line.append(head);
      const state = states[index.columns.indexOf(key)];
      const told = "aeu".includes(state) ? STATES[state] + (value ? ": " + value : "") : value;
      line.append(make("td", "said " + state, told), make("td", "said", rationale));
    }
    const section = make("section", "wide");
    section.append(make("h3", "", "Verdicts"), table);
    return section;
  }

  function body(row) {
    const told = texts(row);
    const body = make("div", "texts");
    if (!told) {
      body.append(make("p", "wide", "The page has no room for the texts of this row; `karat runs export` has them."));
      return body;
    }
    if (told.error) body.append(fields("Error", [["", told.error]], "wide"));
    body.append(fields("Inputs", told.inputs));
    if (told.outputs.length) body.append(fields("Outputs", told.outputs));
    if (told.expectations.length) body.append(fields("Expectations", told.expectations));
    body.append(verdicts(row, told.feedback));
    return body;
  }

  // What stands beside a row that is closed: why it fails, or what came out.
  function gist(row) {
    const told = texts(row);
    if (!told) return "";
    const states = index.rows[row][1];
    const failing = told.feedback.find(([key]) => "feu".includes(states[index.columns.indexOf(key)]));
    if (failing && (failing[2] || states[index.columns.indexOf(failing[0])] !== "f")) return failing[2] || failing[1] || told.error || "";
    return told.outputs.map(([, text]) => text).join(" ").slice(0, 300);
  }

  function item(row) {
    const [name, states] = index.rows[row];
    const item = make("details", "row");
    const summary = make("summary");
    const chips = make("span", "chips");
    [...states].forEach((state, column) => {
      if (state !== "-" && state !== "v") chips.append(make("span", "chip " + state, index.columns[column] + " " + STATES[state]));
    });
    summary.append(make("span", "name", name), chips, make("span", "gist", gist(row)));
    item.append(summary);
    // What nobody opens is not laid out.
    item.addEventListener("toggle", () => {
      if (item.open && item.childElementCount === 1) item.append(body(row));
    });
    return item;
  }

  let found = [];
  let page = 0;

  function show() {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    page = Math.min(page, pages - 1);
    const rows = found.slice(page * PAGE, (page + 1) * PAGE);
    element("list").replaceChildren(...rows.map(item));
    element("pages").hidden = found.length === 0;
    element("page").textContent = `Page ${number(page + 1)} of ${number(pages)}`;
    element("previous").disabled = page === 0;
    element("next").disabled = page === pages - 1;
    element("all").textContent = "Open all on this page";
  }

  function say(searched) {
    const all = number(index.rows.length);
    const failing = index.failing ? `, ${number(index.failing)} failing ones first` : "";
    const without = index.without_texts ? `; texts of ${number(index.without_texts)} are left out` : "";
    const told = found.length === index.rows.length ? `${all} rows${failing}${without}` : `${number(found.length)} of ${all} rows${without}`;
    element("found").textContent = searched < index.rows.length ? `${told}; searching, ${Math.floor((100 * searched) / index.rows.length)} %` : told;
  }

  function has(row, text) {
    if (!text || index.rows[row][0].toLowerCase().includes(text)) return true;
    const told = texts(row);
    if (!told) return false;
    const parts = [...told.inputs, ...told.outputs, ...told.expectations, ...told.feedback];
    return parts.some((part) => part.some((said) => said.toLowerCase().includes(text))) || (told.error || "").toLowerCase().includes(text);
  }

  let search = 0;

  function filter() {
    const mine = ++search;
    const column = element("scorer").value;
    const [, , fits] = OUTCOMES.find(([value]) => value === element("outcome").value);
    const any = element("outcome").value === "";
    const text = element("text").value.trim().toLowerCase();
    const matches = (row) => {
      const states = index.rows[row][1];
      const such = column === "" ? any || [...states].some(fits) : any ? (states[column] || "-") !== "-" : fits(states[column] || "-");
      return such && has(row, text);
    };
    found = [];
    page = 0;
    let row = 0;
    const go = () => {
      if (mine !== search) return;
      const before = found.length;
      for (const end = performance.now() + SLICE; row < index.rows.length && performance.now() < end; row++) {
        if (matches(row)) found.push(row);
      }
      const done = row === index.rows.length;
      // The first page stands as soon as it is full; after that only its count changes.
      if (before < PAGE || done) show();
      say(row);
      if (!done) setTimeout(go);
    };
    go();
  }

  function turn(by) {
    page += by;
    show();
    element("rows-section").scrollIntoView();
  }

  for (const [column, name] of index.columns.entries()) {
    const option = make("option", "", name);
    option.value = column;
    element("scorer").append(option);
  }
  for (const [value, name] of OUTCOMES) {
    const option = make("option", "", name);
    option.value = value;
    element("outcome").append(option);
  }
  element("filter").hidden = index.rows.length === 0;
  element("filter").addEventListener("submit", (event) => event.preventDefault());
  element("filter").addEventListener("input", filter);
  element("previous").addEventListener("click", () => turn(-1));
  element("next").addEventListener("click", () => turn(1));
  element("all").addEventListener("click", () => {
    const rows = [...element("list").children];
    const close = rows.every((row) => row.open);
    rows.forEach((row) => { row.open = !close; });
    element("all").textContent = close ? "Open all on this page" : "Close all on this page";
  });
  addEventListener("beforeprint", () => [...element("list").children].forEach((row) => {
    if (row.childElementCount === 1) row.append(body(found[page * PAGE + [...element("list").children].indexOf(row)]));
    row.open = true;
  }));
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      element("text").focus();
    }
  });
  filter();
})();
