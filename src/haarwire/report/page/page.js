// The page: sliders, and what follows them.

const content = JSON.parse(byId("content").textContent);
const isLive = content.kind === "explorer";
const source = isLive ? liveSource(content) : embeddedSource(content);
const state = { alpha: 0, rank: 1, sample: 0 };
let view = content;
let shown = null;
let announcing = 0;

function setRange(id, count, value) {
  const slider = byId(id);
  slider.max = Math.max(count - 1, 0);
  slider.value = value;
  slider.disabled = count < 2;
}

function takeView(next, place) {
  view = next;
  state.alpha = place ?? view.path.start;
  state.rank = view.path.ranks.includes(state.rank) && place !== undefined ? state.rank : view.path.rank;
  setRange("alpha", view.path.alphas.length, state.alpha);
  setRange("rank", view.path.ranks.length, view.path.ranks.indexOf(state.rank));
}

function tell() {
  const path = view.path;
  const row = path.ranks.indexOf(state.rank);
  const at = (table) => (table ? number(table[row][state.alpha]) : "—");
  const alpha = alphaText(path.alphas[state.alpha]);
  const told = { loss: at(path.loss), "as-is": at(path.as_is), moved: at(path.moved), gap: at(path.relative_invariance_gap) };
  byId("alpha-value").textContent = alpha;
  byId("rank-value").textContent = state.rank;
  byId("alpha").setAttribute("aria-valuetext", alpha === "∞" ? "infinity" : alpha);
  byId("rank").setAttribute("aria-valuetext", String(state.rank));
  for (const [name, text] of Object.entries(told)) byId(`now-${name}`).textContent = text;
  clearTimeout(announcing);
  announcing = setTimeout(() => {
    byId("status").textContent = `α = ${alpha}, rank ${state.rank}: training loss ${told.loss}, test loss as is ${told["as-is"]}, moved ${told.moved}, invariance gap ${told.gap}`;
  }, 500);
}

function drawPath() {
  tell();
  drawCurves(view.path, state);
  byId("certificate").textContent = certificateText(view.path, state);
  if (byId("path-table").closest("details").open) fillPathTable(view.path, state);
}

function drawFrame() {
  if (!shown) return;
  drawCoefficients(view.coefficients, shown, view.path, state);
  drawOrbit(view.orbit, shown, view.path, state);
  drawLandscapes(shown.landscapes, state);
}

async function follow() {
  drawPath();
  const frame = await source.frame(state);
  if (frame) {
    shown = frame;
    drawFrame();
  }
  document.documentElement.dataset.ready = String(Number(document.documentElement.dataset.ready ?? 0) + 1);
}

function drawAll() {
  if (!view.path) return;
  drawPath();
  drawFrame();
  drawTraining(content.training ?? []);
}

function listen() {
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("alpha").addEventListener("input", (event) => {
    state.alpha = Number(event.target.value);
    follow();
  });
  byId("rank").addEventListener("input", (event) => {
    state.rank = view.path.ranks[Number(event.target.value)];
    follow();
  });
  byId("sample").addEventListener("change", (event) => {
    state.sample = Number(event.target.value);
    drawFrame();
  });
  byId("path-table").closest("details").addEventListener("toggle", () => fillPathTable(view.path, state));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  let width = document.body.clientWidth;
  addEventListener("resize", () => {
    if (document.body.clientWidth === width) return;
    width = document.body.clientWidth;
    drawAll();
  });
  matchMedia("print").addEventListener("change", drawAll);
}

function begin() {
  listen();
  if (isLive) {
    source.listen({ state, takeView, follow, current: () => view });
    return;
  }
  prepareOrbit(view.orbit);
  takeView(view);
  drawTraining(content.training ?? []);
  follow();
}

begin();
