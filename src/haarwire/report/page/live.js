// Where numbers come from in the explorer: its own server, on this machine.

function liveSource(start) {
  const controls = ["symmetry", "size", "noise"];
  const places = { symmetry: 0, size: start.sizes.length - 1, noise: 0 };
  let page = null;
  let busy = false;
  let waiting = null;

  async function ask(address, question) {
    const response = await fetch(`${address}?${new URLSearchParams(question)}`);
    const answer = await response.json();
    if (!response.ok) throw new Error(`${answer.what}\n${answer.remedy}`);
    return answer;
  }

  function trouble(text) {
    byId("trouble").hidden = !text;
    byId("trouble").textContent = text;
  }

  /** How many changes of symmetry and samples are factored ahead, until all are. */
  async function tellAhead() {
    try {
      const { done, planned } = await ask("prepared", {});
      byId("ahead").hidden = done === planned;
      byId("ahead").textContent = `Factored ahead: ${done} of ${planned} pairs of symmetry and samples. The others take a moment when chosen.`;
      if (done < planned) setTimeout(tellAhead, 1000);
    } catch {
      byId("ahead").hidden = true;
    }
  }

  /** One question at a time; of those that come meanwhile only the last is asked. */
  async function oneByOne(work) {
    if (busy) {
      waiting?.(null);
      return new Promise((resolve) => { waiting = resolve; }).then((go) => (go ? oneByOne(work) : null));
    }
    busy = true;
    const slow = setTimeout(() => { byId("busy").hidden = false; }, 200);
    try {
      const result = await work();
      trouble("");
      return result;
    } catch (error) {
      trouble(error instanceof TypeError ? "The explorer does not answer: is it still running?" : error.message);
      return null;
    } finally {
      busy = false;
      clearTimeout(slow);
      byId("busy").hidden = true;
      const next = waiting;
      waiting = null;
      next?.(true);
    }
  }

  function unpackFrame(frame, state) {
    const outputs = {};
    for (const [name, packed] of Object.entries(frame.outputs)) {
      const { values, shape } = unpack(packed);
      outputs[name] = { values, columns: shape[1], at: state.alpha };
    }
    return { coef: unpack(frame.coef).values, coefAt: state.alpha, outputs, landscapes: frame.landscapes };
  }

  function frame(state) {
    return oneByOne(async () => {
      const question = { ...places, alpha: state.alpha, rank: state.rank };
      return unpackFrame(await ask("frame", question), { alpha: question.alpha });
    });
  }

  function change() {
    const before = page.current();
    return oneByOne(async () => {
      const view = await ask("view", places);
      prepareOrbit(view.orbit);
      page.takeView(view, before?.path ? nearestStrength(view.path.alphas, before.path.alphas[page.state.alpha]) : undefined);
      byId("symmetry-name").textContent = start.symmetries[places.symmetry];
      byId("n-train").textContent = view.n_train.toLocaleString("en");
      byId("n-invariant").textContent = view.n_invariant.toLocaleString("en");
      return view;
    }).then((view) => view && page.follow());
  }

  function nearestStrength(alphas, wanted) {
    const log = (a) => (infinite(a) ? Infinity : a === 0 ? -Infinity : Math.log(a));
    if (!Number.isFinite(log(wanted))) return infinite(wanted) ? alphas.length - 1 : 0;
    return alphas.reduce((best, a, i) => (Math.abs(log(a) - log(wanted)) < Math.abs(log(alphas[best]) - log(wanted)) ? i : best), 0);
  }

  function tellPlaces() {
    const size = start.sizes[places.size].toLocaleString("en");
    const noise = `${start.noise_levels[places.noise]} σ`;
    byId("size-value").textContent = size;
    byId("size").setAttribute("aria-valuetext", `${size} samples`);
    byId("noise-value").textContent = noise;
    byId("noise").setAttribute("aria-valuetext", `${start.noise_levels[places.noise]} standard deviations of the targets`);
  }

  function listen(given) {
    page = given;
    byId("symmetry").replaceChildren(...start.symmetries.map((name, i) => html("option", { value: i }, name)));
    setRange("size", start.sizes.length, places.size);
    setRange("noise", start.noise_levels.length, places.noise);
    tellPlaces();
    for (const name of controls) {
      byId(name).addEventListener(name === "symmetry" ? "change" : "input", (event) => {
        places[name] = Number(event.target.value);
        tellPlaces();
        change();
      });
    }
    tellAhead();
    return change();
  }

  return { frame, listen };
}
