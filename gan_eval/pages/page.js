"use strict";
// Sorts and filters the tables and moves the laws over epochs. The page is whole without it.
(() => {
  const MISSING = "–";
  const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻";
  const language = document.documentElement.lang;
  const collator = new Intl.Collator(language, { numeric: true });
  const said = JSON.parse(document.getElementById("texts").textContent);
  /** A text of the page's language, with names between braces filled in. */
  const say = (text, given = {}) => said[text].replace(/\{(\w+)\}/g, (_, name) => given[name]);

  // --- Numbers, as numbers.py writes them ---------------------------------------------------------

  const NUMBER = new RegExp(
    "^(?:more than |[<>]\\u00a0)?([−-]?)(?:(∞)|(\\d[\\d\\u202f]*(?:\\.\\d+)?)(?:e([+-]?\\d+))?" +
      `(?:\\u00a0×\\u00a010([${SUPERSCRIPTS}]+))?)`,
  );

  /** The first number of an entry; NaN where it does not begin with one. */
  function value(text) {
    const found = NUMBER.exec(text);
    if (!found) return NaN;
    const sign = found[1] ? -1 : 1;
    if (found[2]) return sign * Infinity;
    const power = found[5]
      ? [...found[5]].map((c) => "0123456789-"[SUPERSCRIPTS.indexOf(c)]).join("")
      : (found[4] ?? "0");
    return sign * Number(`${found[3].replaceAll("\u202f", "")}e${power}`);
  }

  /** A number with three significant digits. */
  function number(x) {
    if (x === null) return MISSING;
    const sign = x < 0 ? "−" : "";
    x = Math.abs(x);
    if (x === 0) return "0";
    if (x === Infinity) return `${sign}∞`;
    const [mantissa, exponent] = x.toExponential(2).split("e");
    const power = Number(exponent);
    if (power < -3 || power > 8) {
      const raised = [...String(power)].map((c) => SUPERSCRIPTS["0123456789-".indexOf(c)]).join("");
      return `${sign}${mantissa}\u00a0×\u00a010${raised}`;
    }
    let [whole, fraction] = Number(`${mantissa}e${power}`)
      .toFixed(Math.max(2 - power, 0))
      .split(".");
    if (whole.length > 4) whole = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
    return sign + whole + (fraction ? `.${fraction}` : "");
  }

  // --- Tables -------------------------------------------------------------------------------------

  const text = (row, column) => row.cells[column].textContent.trim();

  /** Rows by a column: numbers where half of its entries are; what has no value comes last. */
  function sorted(rows, column, descending) {
    const known = rows.filter((row) => text(row, column) !== MISSING);
    const numeric =
      2 * known.filter((row) => !Number.isNaN(value(text(row, column)))).length >= known.length;
    const has = (row) =>
      text(row, column) !== MISSING && !(numeric && Number.isNaN(value(text(row, column))));
    const compare = (a, b) =>
      numeric
        ? // Two infinities have no difference.
          Math.sign(value(a) - value(b)) || 0
        : collator.compare(a, b);
    const there = rows.filter(has);
    there.sort((a, b) => (descending ? -1 : 1) * compare(text(a, column), text(b, column)));
    return [...there, ...rows.filter((row) => !has(row))];
  }

  function sortable(table) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const original = [...body.rows];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        // Up, down, and back to the order that was written.
        const next = now === "ascending" ? "descending" : now ? null : "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (next) head.setAttribute("aria-sort", next);
        body.append(...(next ? sorted(original, column, next === "descending") : original));
      });
    });
  }

  /** A choice of the column to sort by, for where the heads are not shown. */
  function order(table) {
    const label = document.createElement("label");
    const select = document.createElement("select");
    label.className = "sort";
    label.append(say("Sort by"), select);
    const heads = [...table.tHead.rows[0].cells];
    select.append(new Option(say("as written")));
    for (const head of heads) {
      select.append(new Option(`${head.textContent} ↑`), new Option(`${head.textContent} ↓`));
    }
    const original = [...table.tBodies[0].rows];
    select.addEventListener("change", () => {
      const chosen = select.selectedIndex - 1;
      const rows = chosen < 0 ? original : sorted(original, chosen >> 1, chosen % 2 === 1);
      table.tBodies[0].append(...rows);
    });
    return label;
  }

  function filterable(table, place) {
    const rows = [...table.tBodies[0].rows];
    const [bar, label, input, found] = ["div", "label", "input", "output"].map((tag) =>
      document.createElement(tag),
    );
    bar.className = "filter";
    input.type = "search";
    input.setAttribute("aria-label", `${say("Filter rows")}: ${table.caption.textContent.trim()}`);
    label.append(`${say("Filter rows")} `, input);
    bar.append(label, found, order(table));
    place.before(bar);
    const words = rows.map((row) => row.textContent.toLowerCase());
    input.addEventListener("input", () => {
      const terms = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, i) => {
        row.hidden = !terms.every((term) => words[i].includes(term));
        shown += row.hidden ? 0 : 1;
      });
      found.textContent = terms.length
        ? say("{shown} of {all} rows", { shown, all: rows.length })
        : "";
    });
  }

  for (const place of document.querySelectorAll(".scroll:not(.evolution .scroll)")) {
    const table = place.querySelector("table");
    const rows = table?.tBodies[0].rows.length ?? 0;
    if (rows > 1) sortable(table);
    if (rows > 8) filterable(table, place);
  }

  // --- Folded sections ----------------------------------------------------------------------------

  /** Unfold what the address names, and what it stands in. */
  function unfold() {
    const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!named) return;
    named.querySelector(":scope > details")?.setAttribute("open", "");
    for (let at = named.closest("details"); at; at = at.parentElement.closest("details"))
      at.open = true;
    named.scrollIntoView();
  }
  addEventListener("hashchange", unfold);
  unfold();
  for (const link of document.querySelectorAll('a[href^="#"]'))
    link.addEventListener("click", () => setTimeout(unfold)); // also where the address stays

  // Paper has no folds.
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details:not([open])")) {
      fold.open = true;
      fold.dataset.printed = "";
    }
  });
  addEventListener("afterprint", () => {
    for (const fold of document.querySelectorAll("details[data-printed]")) {
      fold.open = false;
      delete fold.dataset.printed;
    }
  });

  // --- Words, explained where they first stand ----------------------------------------------------

  const tip = document.createElement("div");
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);
  let hiding;
  const hide = () => (tip.hidden = true);
  const later = () => (hiding = setTimeout(hide, 200)); // so that the pointer can reach it
  const stay = () => clearTimeout(hiding);
  tip.addEventListener("mouseenter", stay);
  tip.addEventListener("mouseleave", later);
  addEventListener("keydown", (event) => event.key === "Escape" && hide());

  function explained(word, meaning) {
    const show = () => {
      stay();
      tip.textContent = meaning;
      tip.hidden = false;
      const at = word.getBoundingClientRect();
      const left = Math.min(at.left, document.documentElement.clientWidth - tip.offsetWidth - 16);
      tip.style.left = `${Math.max(left, 16) + scrollX}px`;
      tip.style.top = `${at.bottom + scrollY + 6}px`;
    };
    word.className = "term";
    word.tabIndex = 0;
    word.setAttribute("role", "term");
    word.setAttribute("aria-describedby", "tip");
    word.addEventListener("mouseenter", show);
    word.addEventListener("focus", show);
    word.addEventListener("mouseleave", later);
    word.addEventListener("blur", hide);
  }

  /** The first place of a word in prose that stands open or can be unfolded. */
  function explain(term, meaning) {
    const escaped = term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    // An English plural; whatever other languages put behind a word.
    const ending = language === "en" ? "(?:e?s)?" : "\\p{L}{0,6}";
    const pattern = new RegExp(`(?<![\\p{L}\\d(])${escaped}${ending}(?![\\p{L}\\d])`, "iu");
    for (const place of document.querySelectorAll("main p, main .next li")) {
      const walk = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
      for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        if (node.parentElement.closest("code, a, button, .term")) continue;
        const found = pattern.exec(node.data);
        if (!found) continue;
        const rest = node.splitText(found.index);
        rest.splitText(found[0].length);
        const word = document.createElement("span");
        rest.replaceWith(word);
        word.append(rest);
        explained(word, meaning);
        return;
      }
    }
  }

  const words = [...document.querySelectorAll("dl.words dt")].map((term) => [
    term.textContent,
    term.nextElementSibling.textContent,
  ]);
  // The longest first: “held-out rows” before “rows”.
  words.sort(([a], [b]) => b.length - a.length);
  for (const [term, meaning] of words) explain(term, meaning);

  // --- The law that was learned, over epochs ------------------------------------------------------

  /** The ellipse of a law as the path of an SVG; see evolution.py, which draws the last one. */
  function outline([x, y, xx, xy, yy], { radius, across, up, steps }) {
    if ([x, y, xx, xy, yy].some((entry) => entry === null || !Number.isFinite(entry))) return "";
    const a = Math.sqrt(Math.max(xx, 0));
    const b = a > 0 ? xy / a : 0;
    const c = Math.sqrt(Math.max(yy - b * b, 0));
    const points = Array.from({ length: steps }, (_, i) => {
      const angle = (2 * Math.PI * i) / steps;
      const [u, v] = [radius * Math.cos(angle), radius * Math.sin(angle)];
      const place = [across[0] + across[1] * (x + a * u), up[0] + up[1] * (y + b * u + c * v)];
      return place.map((p) => p.toFixed(2)).join(" ");
    });
    return `M ${points.join(" L ")} Z`;
  }

  for (const figure of document.querySelectorAll("figure.evolution")) {
    const trace = JSON.parse(figure.querySelector("script").textContent);
    const slider = figure.querySelector("input");
    const shown = figure.querySelector("output");
    const paths = figure.querySelectorAll("path.law");
    const rows = [...figure.querySelectorAll("tbody tr")].slice(1);
    const show = () => {
      const epoch = trace.epochs[slider.value];
      slider.setAttribute("aria-valuetext", say("epoch {epoch}", { epoch }));
      shown.textContent = say("{epoch} of {last}", { epoch, last: trace.epochs.at(-1) });
      trace.laws.forEach((law, i) => {
        paths[i].setAttribute("d", outline(law[slider.value], trace));
        law[slider.value].forEach((entry, j) => {
          rows[i].cells[j + 1].textContent = number(entry);
        });
      });
    };
    slider.addEventListener("input", show);
    figure.querySelector(".slider").hidden = false;
    show();
  }
})();
