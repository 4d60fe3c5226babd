// The regularization path: losses, invariance gap and singular values against the strength.

function panelsOf(path, state) {
  const row = path.ranks.indexOf(state.rank);
  const kept = (i) => i < state.rank;
  const modes = path.singular_values[0].map((_, i) => [path.singular_values.map((sigma) => sigma[i]), "", kept(i) ? "blue" : "grey", kept(i) ? "" : "faint"]);
  const panels = [];
  const losses = [["loss", "training", "blue", ""], ["as_is", "test", "orange", "dashed"]]
    .filter(([name]) => path[name]).map(([name, ...rest]) => [path[name][row], ...rest]);
  panels.push({ title: "Loss on data as they are", lines: losses, scale: { decades: 1.2 }, keys: losses.map(([, ...key]) => key) });
  if (path.moved) panels.push({ title: "Loss on data moved by the group", lines: [[path.moved[row], "test", "purple", ""]], scale: { decades: 1.2 }, keys: [["test", "purple"]] });
  panels.push({ title: "Invariance gap", lines: [[path.relative_invariance_gap[row], "gap", "green", ""]], scale: { least: 0, most: 1 }, keys: [["share of ‖W‖ that is not invariant", "green"]] });
  panels.push({ title: "Singular values of Z(α)", lines: modes, scale: { least: 0 }, keys: [["kept", "blue"], ...(state.rank < path.n_singular_values ? [["dropped", "grey", "faint"]] : [])] });
  return panels;
}

function drawCurves(path, state) {
  const host = byId("curves");
  const alpha = path.alphas[state.alpha];
  const panels = panelsOf(path, state);
  host.className = `figures ${panels.length === 3 ? "three" : "two"}`;
  const figures = panels.map(() => html("figure"));
  host.replaceChildren(...figures);
  panels.forEach(({ title, lines, scale, keys }, i) => {
    const figure = figures[i];
    figure.append(html("figcaption", {}, title), legend(keys));
    const told = lines[0][1] ? `: ${lines.map(([v, text]) => `${text} ${number(v[state.alpha])}`).join(", ")}` : "";
    const { root, box } = chart(figure, { label: `${title} against α, rank ${state.rank}; at α = ${alphaText(alpha)}${told}`, height: 230, xTitle: "strength α" });
    const x = strengthScale(path.alphas, box.left, box.right);
    const y = scaleOf(lines.flatMap(([values]) => values), box.bottom, box.top, scale);
    root.axes(x, y);
    drawJumps(root, box, x, path, state);
    const cursor = x.place(alpha);
    root.append(svg("line", { class: "cursor", x1: cursor, x2: cursor, y1: box.top, y2: box.bottom }));
    for (const [series, , colour, kind] of lines) {
      root.append(svg("path", { class: `curve ${colour} ${kind}`, d: route(path.alphas, series, x, y) }));
    }
    for (const [series, , colour] of lines) {
      if (series[state.alpha] !== null) root.append(svg("circle", { class: `dot fill-${colour}`, cx: cursor, cy: y.place(series[state.alpha]), r: 4 }));
    }
    root.addEventListener("pointerdown", (event) => pick(event, root, box, x, path));
    figure.append(root);
  });
}

function route(alphas, series, x, y) {
  let text = "";
  let pen = "M";
  alphas.forEach((alpha, i) => {
    if (series[i] === null) pen = "M";
    else {
      text += `${pen}${x.place(alpha).toFixed(1)} ${y.place(series[i]).toFixed(1)}`;
      pen = "L";
    }
  });
  return text;
}

function drawJumps(root, box, x, path, state) {
  if (!path.certificate || state.rank !== path.rank) return;
  for (const crossing of path.certificate.crossings) {
    const at = x.place(infinite(crossing.high) ? crossing.low : Math.sqrt(crossing.low * crossing.high));
    root.append(svg("line", { class: "jump", x1: at, x2: at, y1: box.top, y2: box.bottom }));
  }
}

/** A press on a picture moves the slider to the nearest strength. */
function pick(event, root, box, x, path) {
  const frame = root.getBoundingClientRect();
  const at = ((event.clientX - frame.left) / frame.width) * box.width;
  let best = 0;
  path.alphas.forEach((alpha, i) => {
    if (Math.abs(x.place(alpha) - at) < Math.abs(x.place(path.alphas[best]) - at)) best = i;
  });
  byId("alpha").value = best;
  byId("alpha").dispatchEvent(new Event("input", { bubbles: true }));
}

function certificateText(path, state) {
  const c = path.certificate;
  if (!c) return "";
  if (c.is_continuous) return `Proven for rank ${path.rank}: the path is continuous on all of [0, ∞].`;
  const places = c.crossings.map((k) => `between α = ${short(k.low)} and ${alphaText(k.high)}`).join("; ");
  return `For rank ${path.rank} the optimum may jump ${places} (${state.rank === path.rank ? "red lines" : "not shown at another rank"}).`;
}

function fillPathTable(path, state) {
  const row = path.ranks.indexOf(state.rank);
  const columns = [["training loss", path.loss], ["loss + penalty", path.objective], ["test loss, as is", path.as_is], ["test loss, moved", path.moved], ["invariance gap", path.relative_invariance_gap]].filter(([, v]) => v);
  fillTable(
    byId("path-table"),
    ["α", ...columns.map(([h]) => h), "degrees of freedom"],
    path.alphas.map((alpha, i) => [alphaText(alpha), ...columns.map(([, v]) => number(v[row][i])), number(path.degrees_of_freedom[i])]),
  );
}
