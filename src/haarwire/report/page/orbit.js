// One sample in every position that the group moves it to, and what each model says of it.

const MODELS = ["plain", "regularized", "augmented", "hardwired"];

function prepareOrbit(orbit) {
  byId("orbit-part").hidden = !orbit;
  if (!orbit) return;
  const options = orbit.pictures.shape[0];
  byId("sample").replaceChildren(...Array.from({ length: options }, (_, i) =>
    html("option", { value: i }, orbit.labels ? `${orbit.names[orbit.labels[i]] ?? orbit.labels[i]}` : `sample ${i + 1}`)));
  orbit.images = unpack(orbit.pictures);
  orbit.means = orbit.averages && unpack(orbit.averages);
}

function drawOrbit(orbit, frame, path, state) {
  if (!orbit) return;
  const [, positions, n] = orbit.pictures.shape;
  const [height, width] = orbit.shape;
  const all = item(orbit.images, state.sample);
  const palette = colours();
  const largest = extremes(all).largest;
  const picture = (values, text) => {
    const canvas = html("canvas", { role: "img", "aria-label": text });
    paint(canvas, values, height, width, largest, palette);
    return canvas;
  };
  const name = (k) => (k === 0 ? "as it is" : `moved, ${k}`);
  const head = html("tr", {}, html("th", { scope: "col" }, "model"), ...Array.from({ length: positions }, (_, k) =>
    html("th", { scope: "col" }, picture(all.subarray(k * n, (k + 1) * n), `The sample ${name(k)}`), name(k))),
  html("th", { scope: "col" }, "spread"));
  const rows = MODELS.filter((key) => frame.outputs[key]).map((key) => {
    const told = frame.outputs[key];
    const label = key === "regularized" ? `${NAMES[key]}, α = ${alphaText(path.alphas[told.at])}` : NAMES[key];
    const cells = Array.from({ length: positions }, (_, k) => answer(orbit, told, state.sample, k, positions));
    return html("tr", { "data-model": key }, html("th", { scope: "row" }, label), ...cells, html("td", {}, number(spread(told, state.sample, positions))));
  });
  if (orbit.means) {
    rows.push(html("tr", {}, html("th", { scope: "row" }, "average over the group"), ...whatIsSeen(orbit, state, positions, picture)));
  }
  byId("orbit").replaceChildren(html("thead", {}, head), html("tbody", {}, ...rows));
  byId("orbit-note").textContent =
    `${orbit.are_all ? "The whole orbit" : "The sample, and random moves of it"}. Spread: largest standard deviation of an output over the positions shown.`
    + (orbit.labels ? " Each cell: the class with the largest output, and the output of the true class." : " Each cell: the first outputs; in brackets the true values.")
    + (orbit.means ? " The average over the whole group is all that a hard-wired model, or one trained on the augmented data, can see." : "");
}

function whatIsSeen(orbit, state, positions, picture) {
  const cell = html("td", { colspan: positions + 1 }, picture(item(orbit.means, state.sample), "The average of the sample over the group"));
  return [cell];
}

/** Output i of position k of a sample. */
const output = (told, i, sample, k, positions) => told.values[i * told.columns + sample * positions + k];

function answer(orbit, told, sample, k, positions) {
  const m = told.values.length / told.columns;
  const outputs = Array.from({ length: m }, (_, i) => output(told, i, sample, k, positions));
  if (!orbit.labels) {
    const first = outputs.slice(0, 3).map(number).join(", ");
    return html("td", {}, first, html("small", {}, `(${orbit.truth[sample].slice(0, 3).map(number).join(", ")})`));
  }
  const truth = orbit.labels[sample];
  const best = outputs.indexOf(Math.max(...outputs));
  const right = best === truth;
  const label = orbit.names[best] ?? String(best);
  return html("td", { class: right ? "right" : "wrong" }, `${right ? "✓" : "✗"} ${label}`, html("small", {}, number(outputs[truth])));
}

function spread(told, sample, positions) {
  const m = told.values.length / told.columns;
  let largest = 0;
  for (let i = 0; i < m; i += 1) {
    let [sum, squares] = [0, 0];
    for (let k = 0; k < positions; k += 1) sum += output(told, i, sample, k, positions);
    for (let k = 0; k < positions; k += 1) squares += (output(told, i, sample, k, positions) - sum / positions) ** 2;
    largest = Math.max(largest, Math.sqrt(squares / positions));
  }
  return largest < 1e-6 ? 0 : largest;
}
