// Axes and elements: what all pictures are drawn with.

const SVG = "http://www.w3.org/2000/svg";

/** An element of HTML; children may be texts, which are never read as markup. */
function html(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const byId = (id) => document.getElementById(id);

/** Round places for ticks in [low, high], about `count` of them. */
function ticks(low, high, count) {
  const raw = (high - low) / Math.max(count, 1);
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= raw * 0.999);
  const found = [];
  for (let t = Math.ceil(low / step - 1e-9); t * step <= high + 1e-9 * step; t += 1) found.push(t * step);
  return found;
}

/** A scale from values to pixels: linear, or logarithmic where values span more than `decades`. */
function scaleOf(values, from, to, { least = null, most = null, decades = Infinity } = {}) {
  const known = values.filter((v) => v !== null && Number.isFinite(v));
  let low = Math.min(...known, ...(least === null ? [] : [least]));
  let high = Math.max(...known, ...(most === null ? [] : [most]));
  if (known.length === 0) [low, high] = [0, 1];
  const log = low > 0 && high / low > 10 ** decades;
  if (log) [low, high] = [Math.log10(low), Math.log10(high)];
  if (high - low <= 1e-12 * Math.max(Math.abs(high), Math.abs(low))) {
    const room = Math.abs(high) * 0.05 || 1;
    [low, high] = [low - room, high + room];
  }
  const room = least === null && most === null ? (high - low) * 0.06 : 0;
  [low, high] = [low - room, high + room];
  const place = (v) => from + ((log ? Math.log10(v) : v) - low) / (high - low) * (to - from);
  let marks;
  if (!log) marks = ticks(low, high, 5).map((v) => [v, short(Math.abs(v) < 1e-9 * (high - low) ? 0 : v)]);
  else {
    marks = [];
    const fine = high - low < 2.5 ? [1, 2, 5] : [1];
    for (let p = Math.floor(low); p <= high; p += Math.max(1, Math.ceil((high - low) / 6))) {
      for (const f of fine) {
        const v = f * 10 ** p;
        if (Math.log10(v) >= low && Math.log10(v) <= high) marks.push([v, short(v)]);
      }
    }
  }
  return { place, marks, log, low, high };
}

/** Horizontal places of strengths: log α between the margins, where 0 and ∞ stand. */
function strengthScale(alphas, from, to) {
  const finite = alphas.filter((a) => !infinite(a) && a > 0).map(Math.log10);
  const [low, high] = finite.length ? [finite[0], finite[finite.length - 1]] : [-1, 1];
  const margin = Math.max(high - low, 1e-9) * 0.09;
  const at = (t) => from + ((t - low + margin) / (high - low + 2 * margin)) * (to - from);
  const place = (a) => at(infinite(a) ? high + margin : a === 0 ? low - margin : Math.log10(a));
  const step = Math.max(1, Math.ceil((high - low) / Math.max(2, Math.floor((to - from) / 62))));
  const marks = [[0, "0"]];
  const plain = low > -2.5 && high < 3.5;
  for (let t = Math.ceil((low + 0.1 * margin) / step) * step; t <= high; t += step) marks.push([10 ** t, plain ? short(10 ** t) : power(t)]);
  marks.push(["inf", "∞"]);
  return { place, marks };
}

const DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
function power(t) {
  if (t === 0) return "1";
  if (t === 1) return "10";
  return `10${t < 0 ? "⁻" : ""}${[...String(Math.abs(t))].map((d) => DIGITS[d]).join("")}`;
}

/** A picture with a frame, grid lines and ticks; `draw` adds the rest. */
function chart(host, { label, height, left = 48, right = 8, top = 8, bottom = 34, xTitle = "" }) {
  const width = Math.max(240, Math.round(host.clientWidth || 320));
  const box = { left, top, right: width - right, bottom: height - bottom, width, height };
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  root.axes = (x, y) => {
    for (const [value, text] of y.marks) {
      const at = y.place(value);
      root.append(svg("line", { class: "gridline", x1: box.left, x2: box.right, y1: at, y2: at }));
      root.append(svg("text", { x: box.left - 6, y: at + 4, "text-anchor": "end" }, text));
    }
    for (const [value, text] of x.marks) {
      const at = x.place(value);
      root.append(svg("line", { class: "axis", x1: at, x2: at, y1: box.bottom, y2: box.bottom + 4 }));
      root.append(svg("text", { x: at, y: box.bottom + 17, "text-anchor": "middle" }, text));
    }
    root.append(svg("line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }));
    if (xTitle) root.append(svg("text", { x: (box.left + box.right) / 2, y: height - 2, "text-anchor": "middle" }, xTitle));
  };
  return { root, box };
}

function legend(entries) {
  const list = html("ul", { class: "legend" });
  for (const [text, colour, kind = ""] of entries) {
    const key = svg("svg", { viewBox: "0 0 22 10", "aria-hidden": "true" });
    if (kind === "dot") key.append(svg("circle", { cx: 11, cy: 5, r: 4, class: colour }));
    else key.append(svg("line", { x1: 0, x2: 22, y1: 5, y2: 5, class: `curve ${colour} ${kind}` }));
    list.append(html("li", {}, key, text));
  }
  return list;
}

/** A table from rows of texts; the first row and the first column are headings. */
function fillTable(table, headings, rows) {
  const head = html("thead", {}, html("tr", {}, ...headings.map((h) => html("th", { scope: "col" }, h))));
  const body = html("tbody");
  for (const [first, ...cells] of rows) {
    body.append(html("tr", {}, html("th", { scope: "row" }, first), ...cells.map((c) => html("td", {}, c))));
  }
  table.replaceChildren(head, body);
}
