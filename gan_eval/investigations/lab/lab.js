"use strict";
// Moves the lab: looks the chosen setting up in the grid, and writes and draws what is known of it.
// The pictures' axes, and the marks of the chapter's setting, stand there without it (figures.py).
(() => {
  const data = JSON.parse(document.getElementById("lab-data").textContent);
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];

  // --- The grid -------------------------------------------------------------------------------------

  const place = (chosen) => chosen.reduce((at, choice, i) => at * data.sizes[i] + choice, 0);

  function chosenAt(at) {
    const chosen = [];
    for (let i = data.sizes.length - 1; i >= 0; i--) {
      chosen[i] = at % data.sizes[i];
      at = Math.floor(at / data.sizes[i]);
    }
    return chosen;
  }

  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const VALUE = new Map([...LETTERS].map((letter, i) => [letter, i]));
  const length = Object.values(data.fields).reduce((sum, [, size]) => sum + size, 0);

  /** The numbers of a field of a place, NaN where there is none; see embedded.py. */
  function numbers(at, field, scale) {
    const [start, size] = data.fields[field];
    const [low, high] = data.scales[scale];
    return Array.from({ length: size }, (_, i) => {
      const from = 2 * (at * length + start + i);
      const code = 64 * VALUE.get(data.codes[from]) + VALUE.get(data.codes[from + 1]);
      return code === 4095 ? NaN : low + (code / 4094) * (high - low);
    });
  }

  const part = (values, i, count) => values.slice((i * values.length) / count, ((i + 1) * values.length) / count);

  /** What is shown of a place. */
  function cell(at) {
    const [verdicts, share, shareInterval, kl, klInterval, worth, worthInterval] =
      data.rows[at].split("|");
    const [head, tail] = data.headlines[at];
    return {
      at, share, shareInterval, kl, klInterval, worth, worthInterval,
      verdicts: verdicts.split(".").map(Number),
      headline: (data.heads[head] ? `${data.heads[head]}; ` : "") + data.tails[tail],
      curves: numbers(at, "kl", "kl"),
      losses: numbers(at, "losses", "loss"),
      laws: numbers(at, "laws", "law").map(Math.sinh),
      final: numbers(at, "final", "kl"),
    };
  }

  const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  function named(at) {
    const shorts = chosenAt(at).map((choice, i) => data.shorts[i][choice]);
    const values = Object.fromEntries(data.names.map((name, i) => [name, shorts[i]]));
    const on = shorts.filter((short, i) => data.switches[i] && short);
    return fill(data.words.setting, { ...values, switches: on.join(" + ") || data.words.none });
  }

  // --- Marks, by the formulas of figures.py -----------------------------------------------------------

  const box = (name) => data.boxes[`lab-${name}`];
  const clamp = (y) => Math.min(Math.max(y, -1e3), 1e3);
  const x = (b, value) => (b.across[0] + b.across[1] * value).toFixed(1);
  const y = (b, value) => (b.up[0] + b.up[1] * clamp(value)).toFixed(1);

  function line(points, b) {
    const places = points.filter((p) => !Number.isNaN(p[1])).map((p) => `${x(b, p[0])} ${y(b, p[1])}`);
    return places.length ? `M${places.join("L")}` : "";
  }

  function law([mx, my, a, b, c], where) {
    const points = Array.from({ length: data.points - 1 }, (_, i) => {
      const angle = (2 * Math.PI * i) / (data.points - 1);
      const [u, v] = [data.radius * Math.cos(angle), data.radius * Math.sin(angle)];
      return [mx + u * a, my + u * b + v * c];
    });
    return points.flat().some(Number.isNaN) ? "" : `${line(points, where)}Z`;
  }

  const over = (values) => data.epochs.map((epoch, i) => [epoch, values[i]]);

  function lawAt(found, which, step) {
    return part(part(found.laws, which, 3), step, data.lawEpochs.length);
  }

  const set = (selector, values) => {
    for (const element of all(selector)) {
      for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
    }
  };

  // --- What is shown ----------------------------------------------------------------------------------

  const slider = one("#lab-epoch");
  let now = null;
  let pinned = null;
  const tried = new Set();

  function drawLaws() {
    const step = Number(slider.value);
    const epoch = data.lawEpochs[step];
    ["good", "typical", "bad"].forEach((name, i) => {
      set(`#lab-ellipses .${name}`, { d: law(lawAt(now, i, step), box("ellipses")) });
    });
    set("#lab-ellipses .pin", { d: pinned ? law(lawAt(pinned, 1, step), box("ellipses")) : "" });
    for (const name of ["kl", "losses"]) {
      set(`#lab-${name} .now`, { x1: x(box(name), epoch), x2: x(box(name), epoch) });
    }
    const kl = 10 ** part(now.curves, 1, 3)[data.epochs.indexOf(epoch)];
    const said = Number(kl.toPrecision(2));
    const text = fill(epoch ? data.words.epoch : data.words.start, {
      epoch: String(epoch),
      kl: epoch === data.epochs.at(-1) ? now.kl : String(said),
    });
    slider.setAttribute("aria-valuetext", text);
    one(".lab-slider output").textContent = text;
  }

  function drawCurves() {
    const [low, middle, high] = [0, 1, 2].map((i) => over(part(now.curves, i, 3)));
    set("#lab-kl .band", { d: `${line([...high, ...low.reverse()], box("kl"))}Z` });
    set("#lab-kl .median", { d: line(middle, box("kl")) });
    set("#lab-kl .pin", { d: pinned ? line(over(part(pinned.curves, 1, 3)), box("kl")) : "" });
    ["D", "G"].forEach((name, i) => {
      const drawn = (found) => line(over(part(found.losses, i, 2)), box("losses"));
      set(`#lab-losses .loss-${name}`, { d: drawn(now) });
      set(`#lab-losses .pin-${name}`, { d: pinned ? drawn(pinned) : "" });
    });
  }

  /** Where a dot stands: on the upper edge where its KL is beyond. */
  const dotAt = (kl) => y(box("strip"), Math.min(kl, data.top));

  function drawDots() {
    const [learned, near] = now.verdicts;
    const dots = all("#lab-strip .dot");
    dots.forEach((dot, i) => {
      const rank = Math.floor((i * (data.n - 1)) / (dots.length - 1) + 0.5);
      const kind = rank < learned ? "converged" : rank < learned + near ? "near" : "failed";
      dot.setAttribute("class", `dot ${kind}`);
      dot.setAttribute("cy", dotAt(now.final[i]));
    });
    all("#lab-strip .dot-pin").forEach((dot, i) => {
      dot.setAttribute("cy", pinned ? dotAt(pinned.final[i]) : "-9");
    });
  }

  function write() {
    const [learned, near, failed, diverged] = now.verdicts;
    const values = (found) => [
      [found.share, found.shareInterval],
      [found.kl, found.klInterval],
      [found.worth, found.worthInterval],
    ];
    one("#answer").textContent = now.headline;
    all(".lab-cards li").forEach((card, i) => {
      const [value, interval] = values(now)[i];
      card.querySelector(".value").textContent = value;
      card.querySelector(".lab-interval").textContent = interval;
      const note = card.querySelector(".lab-pin-note");
      note.hidden = !pinned;
      note.textContent = pinned ? `pinned: ${values(pinned)[i].join(" (")})` : "";
    });
    one("#lab-verdicts").textContent = fill(data.words.verdicts, {
      converged: learned, near, failed, diverged,
    });
    all('.lab-choices input:checked[data-note]').forEach((input) => {
      const note = input.closest("fieldset").querySelector(".lab-note");
      if (note) note.textContent = input.dataset.note;
    });
    one(".lab-pinned").textContent = pinned
      ? fill(data.words.pinned, { setting: named(pinned.at) })
      : data.words.unpinned;
    one("#lab-pin").textContent = pinned && pinned.at === now.at ? "Take the pin off" : "Pin this setting";
  }

  function list() {
    tried.add(now.at);
    const values = { tried: tried.size, all: data.rows.length, best: data.rows[data.best].split("|")[5] };
    const which = tried.has(data.best) ? data.words.found : data.words.tried;
    one("#lab-tried").textContent = fill(which, values);
    const best = [...tried].sort((a, b) => data.worth[b] - data.worth[a]).slice(0, 5);
    one(".lab-found tbody").replaceChildren(
      ...best.map((at) => {
        const [, share, , kl, , worth] = data.rows[at].split("|");
        const row = document.createElement("tr");
        const head = document.createElement("th");
        head.scope = "row";
        head.textContent = worth;
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = named(at);
        if (at === now.at) button.setAttribute("aria-current", "true");
        button.addEventListener("click", () => go(at));
        const cells = [share, kl, button].map((entry) => {
          const data = document.createElement("td");
          data.append(entry);
          return data;
        });
        cells[2].className = "word";
        row.append(head, ...cells);
        return row;
      }),
    );
    one(".lab-found").hidden = false;
  }

  function show() {
    write();
    drawLaws();
    drawCurves();
    drawDots();
    list();
  }

  // --- Controls ---------------------------------------------------------------------------------------

  const inputs = data.names.map((name) => all(`[name="lab-${name}"]`));

  const read = () =>
    inputs.map((group, i) =>
      data.switches[i] ? Number(group[0].checked) : group.findIndex((input) => input.checked),
    );

  function go(at) {
    chosenAt(at).forEach((choice, i) => {
      if (data.switches[i]) inputs[i][0].checked = choice === 1;
      else inputs[i][choice].checked = true;
    });
    now = cell(at);
    show();
  }

  inputs.flat().forEach((input) => input.addEventListener("change", () => go(place(read()))));
  slider.addEventListener("input", drawLaws);
  one("#lab-chapter").addEventListener("click", () => go(data.start));
  one("#lab-pin").addEventListener("click", () => {
    pinned = pinned && pinned.at === now.at ? null : now;
    show();
  });
  all(".lab [disabled]").forEach((element) => (element.disabled = false));
  one(".lab-still").hidden = true;
  go(place(read())); // a browser may have kept what was chosen before the page was loaded again
})();
