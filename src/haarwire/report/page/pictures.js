// Numbers as pixels: blue above zero, orange below, paper at zero.

function colours() {
  const css = getComputedStyle(document.documentElement);
  const triple = (name) => css.getPropertyValue(name).split(",").map(Number);
  const paper = css.getPropertyValue("--card").trim().replace("#", "");
  const full = paper.length === 3 ? [...paper].map((c) => c + c).join("") : paper;
  return {
    positive: triple("--positive"),
    negative: triple("--negative"),
    paper: [0, 2, 4].map((i) => parseInt(full.slice(i, i + 2), 16)),
  };
}

/** Draw values on a canvas; `largest` has full colour. */
function paint(canvas, values, height, width, largest, palette) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i += 1) {
    const share = largest > 0 ? Math.min(1, Math.abs(values[i]) / largest) : 0;
    const end = values[i] < 0 ? palette.negative : palette.positive;
    for (let c = 0; c < 3; c += 1) image.data[4 * i + c] = palette.paper[c] + share * (end[c] - palette.paper[c]);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

function extremes(values) {
  let [low, high, sum] = [Infinity, -Infinity, 0];
  for (const v of values) {
    low = Math.min(low, v);
    high = Math.max(high, v);
    sum += v * v;
  }
  return { low, high, norm: Math.sqrt(sum), largest: Math.max(-low, high) };
}

/** Where colour is full: at the largest value, or where few are far larger than all others, at what 99 % stay below. */
function fullColour(rows) {
  const sizes = rows.flatMap(([, values]) => [...values].map(Math.abs).filter((v) => v > 0)).sort((a, b) => a - b);
  if (sizes.length === 0) return 0;
  const most = sizes[sizes.length - 1];
  const usual = sizes[Math.floor(0.99 * (sizes.length - 1))];
  return most > 3 * usual ? usual : most;
}

function drawCoefficients(info, frame, path, state) {
  const part = byId("coefficients-part");
  part.hidden = !info || !frame.coef;
  if (part.hidden) return;
  const [height, width] = info.shape;
  const n = height * width;
  const rows = info.names.map((name, i) => [name, frame.coef.subarray(i * n, (i + 1) * n)]);
  const stats = rows.map(([, values]) => extremes(values));
  const largest = fullColour(rows);
  const beyond = Math.max(...stats.map((s) => s.largest)) > largest;
  const palette = colours();
  const host = byId("coefficients");
  host.classList.toggle("strips", height === 1);
  const alpha = alphaText(path.alphas[frame.coefAt]);
  byId("coefficients-note").textContent =
    `One picture for each target${info.names.length < path.n_singular_values ? ` (the first ${info.names.length})` : ""}, at α = ${alpha} and rank ${state.rank}; features in the order of the data.`
    + (frame.coefAt === state.alpha ? "" : " (The page holds the coefficients at some strengths only: this is the nearest.)");
  host.replaceChildren(...rows.map(([name, values], i) => {
    const canvas = html("canvas", { role: "img", "aria-label": `Coefficients of ${name}, from ${number(stats[i].low)} to ${number(stats[i].high)}` });
    paint(canvas, values, height, width, largest, palette);
    return html("figure", {}, ...(height === 1 ? [html("figcaption", {}, name), canvas] : [canvas, html("figcaption", {}, name)]));
  }));
  const bar = html("canvas", { "aria-hidden": "true" });
  paint(bar, Array.from({ length: 101 }, (_, i) => (i - 50) / 50), 1, 101, 1, palette);
  byId("scale").replaceChildren(html("span", {}, `${beyond ? "≤ " : ""}${number(-largest)}`), bar, html("span", {}, `${beyond ? "≥ " : ""}${number(largest)}`));
  fillTable(byId("coefficients-table"), ["target", "norm", "least", "largest"], rows.map(([name], i) => [name, number(stats[i].norm), number(stats[i].low), number(stats[i].high)]));
}
