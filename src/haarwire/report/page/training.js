// Training curves: loss and invariance gap against steps.

function drawTraining(histories) {
  const host = byId("training");
  if (!host || histories.length === 0) return;
  const panels = histories.flatMap((h) => [[h, "loss"], ...(h.invariance_gap ? [[h, "invariance_gap"]] : [])]);
  const figures = panels.map(() => html("figure"));
  host.replaceChildren(...figures);
  panels.forEach(([history, what], i) => drawHistory(figures[i], history, what));
  fillTable(
    byId("training-table"),
    ["training", "run", "first loss", "last loss", "optimum", "last gap"],
    histories.flatMap((h) => h.loss.map((loss, run) => [h.name, String(run + 1), number(loss[0]), number(loss[loss.length - 1]), number(h.optimal[run]), h.invariance_gap ? number(h.invariance_gap[run].at(-1)) : "—"])),
  );
}

function drawHistory(figure, history, what) {
  const lines = history[what];
  const title = `${history.name}: ${what === "loss" ? "loss" : "invariance gap ‖W⊥‖"}`;
  const runs = `${lines.length < history.n_runs ? `${lines.length} of ` : ""}${history.n_runs} run${history.n_runs === 1 ? "" : "s"}, ${history.n_converged} converged`;
  figure.append(html("figcaption", {}, title, html("span", { class: "quiet" }, runs)));
  const { root, box } = chart(figure, { label: `${title} against training steps, ${lines.length} runs`, height: 230, xTitle: "step" });
  const finite = lines.flat().filter((v) => v !== null);
  const optima = what === "loss" ? history.optimal.filter((v) => v !== null) : [];
  const y = scaleOf([...finite, ...optima], box.bottom, box.top, { decades: 1.5 });
  const shift = history.steps.map((s) => s + 1);
  const x = scaleOf(shift, box.left, box.right, { decades: 1.5, least: shift[0], most: shift[shift.length - 1] });
  root.axes(x, y);
  for (const best of new Set(optima)) root.append(svg("line", { class: "curve grey dashed", x1: box.left, x2: box.right, y1: y.place(best), y2: y.place(best) }));
  lines.forEach((series) => {
    let [text, pen] = ["", "M"];
    series.forEach((v, k) => {
      if (v === null || (y.log && v <= 0)) pen = "M";
      else {
        text += `${pen}${x.place(shift[k]).toFixed(1)} ${y.place(v).toFixed(1)}`;
        pen = "L";
      }
    });
    root.append(svg("path", { class: `curve faint ${what === "loss" ? "blue" : "green"}`, d: text }));
  });
  figure.append(root);
}
