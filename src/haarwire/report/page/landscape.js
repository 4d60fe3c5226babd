// The critical points: loss against index, how many of each, and the steepest ways down.

function drawLandscapes(landscapes, state) {
  const host = byId("landscapes");
  const names = Object.keys(landscapes);
  const extents = names.map((name) => landscapes[name].markers.map(([, loss]) => loss));
  const ranges = extents.map((e) => Math.max(...e) - Math.min(...e)).filter((r) => r > 0);
  const everything = extents.flat();
  const whole = Math.max(...everything) - Math.min(...everything);
  const shared = ranges.every((r) => r >= 0.15 * whole);
  const last = Math.max(...names.map((name) => Math.max(...landscapes[name].markers.map(([index]) => index))));
  const figures = names.map(() => html("figure"));
  host.replaceChildren(...figures);
  names.forEach((name, i) => {
    const each = landscapes[name];
    const figure = figures[i];
    const kind = each.is_isolated ? "critical point" : "critical famil";
    const plural = each.is_isolated ? (each.count === "1" ? "" : "s") : each.count === "1" ? "y" : "ies";
    figure.append(html("figcaption", {}, name, html("span", { class: "quiet" }, `${each.count} ${kind}${plural}, least loss ${number(each.best[1])}`)));
    drawLandscape(figure, each, shared ? everything : extents[i], last, `${name}, rank ${state.rank}: ${each.count} ${kind}${plural}, the optimum at loss ${number(each.best[1])}`);
  });
  byId("landscapes").after(landscapeLegend(names.some((name) => landscapes[name].markers.some((m) => m[3]))));
  fillLandscapeTable(landscapes);
}

function landscapeLegend(anyFamily) {
  document.getElementById("landscape-legend")?.remove();
  const list = legend([["critical points (area: how many)", "point", "dot"], ...(anyFamily ? [["critical families", "family", "dot"]] : []), ["global optimum", "optimum", "dot"], ["steepest escape", "green"], ["how many have this index (bars)", "grey"]]);
  list.id = "landscape-legend";
  return list;
}

function drawLandscape(figure, each, losses, last, label) {
  const { root, box } = chart(figure, { label, height: 300, top: 62, xTitle: "index (directions down)" });
  const x = indexScale(last, box);
  const y = scaleOf(losses, box.bottom, box.top);
  root.axes(x, y);
  drawBars(root, each, x, last);
  for (const [fromIndex, fromLoss, toIndex, toLoss] of each.escapes) {
    drawArrow(root, x.place(fromIndex), y.place(fromLoss), x.place(toIndex), y.place(toLoss));
  }
  for (const [index, loss, count, family] of each.markers) {
    root.append(svg("circle", { class: family ? "family" : "point", cx: x.place(index), cy: y.place(loss), r: Math.min(3 + Math.sqrt(count - 1), 8) }));
  }
  root.append(star(x.place(each.best[0]), y.place(each.best[1])));
  figure.append(root);
}

function indexScale(last, box) {
  const room = 0.6;
  const place = (v) => box.left + ((v + room) / (last + 2 * room)) * (box.right - box.left);
  const step = Math.max(1, Math.ceil(last / 8));
  const marks = [];
  for (let v = 0; v <= last; v += step) marks.push([v, String(v)]);
  return { place, marks };
}

/** Bars above the points; heights are powers of ten where counts are large. */
function drawBars(root, each, x, last) {
  const sizes = each.histogram.slice(0, last + 1).map(magnitude);
  const most = Math.max(...sizes);
  const height = (s) => (most > 3 ? (s + 0.3) / (most + 0.3) : 10 ** (s - most));
  const wide = Math.max(2, Math.min(16, (x.place(1) - x.place(0)) * 0.7));
  each.histogram.slice(0, last + 1).forEach((text, index) => {
    const h = text === "0" ? 0 : 34 * height(sizes[index]);
    root.append(svg("rect", { class: "bar", x: x.place(index) - wide / 2, y: 50 - h, width: wide, height: h }));
  });
  const top = sizes.indexOf(most);
  root.append(svg("text", { x: x.place(top), y: 11, "text-anchor": "middle" }, each.histogram[top]));
}

function drawArrow(root, x1, y1, x2, y2) {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [ex, ey] = [x2 - 5 * ux, y2 - 5 * uy];
  root.append(svg("line", { class: "escape", x1, y1, x2: ex - 5 * ux, y2: ey - 5 * uy }));
  root.append(svg("path", { class: "arrowhead", d: `M${ex} ${ey}L${ex - 7 * ux - 3 * uy} ${ey - 7 * uy + 3 * ux}L${ex - 7 * ux + 3 * uy} ${ey - 7 * uy - 3 * ux}Z` }));
}

function star(cx, cy) {
  const corners = Array.from({ length: 10 }, (_, i) => {
    const r = i % 2 ? 3.6 : 9;
    const a = (Math.PI * i) / 5 - Math.PI / 2;
    return `${cx + r * Math.cos(a)} ${cy + r * Math.sin(a)}`;
  });
  return svg("path", { class: "optimum", d: `M${corners.join("L")}Z` });
}

function fillLandscapeTable(landscapes) {
  const rows = Object.entries(landscapes).flatMap(([name, each]) => each.lowest.map((point) => [
    name, point.subset.join(", "), number(point.loss), String(point.index),
    point.escape ? `mode ${point.escape.swap[0]} for mode ${point.escape.swap[1]}` : "none: the optimum",
    point.escape ? number(point.escape.loss_decrease) : "",
  ]));
  fillTable(byId("landscape-table"), ["approach", "modes kept, from 0", "loss", "index", "steepest escape swaps", "and lowers the loss by"], rows);
}
