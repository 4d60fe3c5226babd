// Where numbers come from in a report: the page itself.

function embeddedSource(content) {
  const coefficients = content.coefficients && { coef: unpack(content.coefficients.coef), left: unpack(content.coefficients.left) };
  const models = {};
  for (const [name, packed] of Object.entries(content.orbit?.models ?? {})) {
    if (packed) models[name] = { ...packed, outputs: unpack(packed.outputs), left: unpack(packed.left) };
  }
  const nearest = (places, alpha) => places.reduce((best, p, i) => (Math.abs(p - alpha) < Math.abs(places[best] - alpha) ? i : best), 0);

  function outputs(model, alpha, rank) {
    const i = nearest(model.places, alpha);
    const m = model.mean.length;
    const values = project(item(model.left, i), item(model.outputs, i), m, rank);
    const columns = values.length / m;
    for (let k = 0; k < values.length; k += 1) values[k] += model.mean[Math.floor(k / columns)];
    return { values, columns, at: model.places[i] };
  }

  function frame(alpha, rank) {
    const result = { outputs: {}, landscapes: {}, coef: null, coefAt: alpha };
    if (coefficients) {
      const i = nearest(content.coefficients.places, alpha);
      const m = content.coefficients.left.shape[1];
      result.coef = project(item(coefficients.left, i), item(coefficients.coef, i), m, rank);
      result.coefAt = content.coefficients.places[i];
    }
    for (const [name, model] of Object.entries(models)) result.outputs[name] = outputs(model, alpha, rank);
    for (const [name, byRank] of Object.entries(content.landscapes.by_rank)) {
      const text = name === "regularized" ? `regularized, α = ${alphaText(content.landscapes.alpha)}` : NAMES[name];
      result.landscapes[text] = byRank[rank];
    }
    return result;
  }

  return { frame: async (state) => frame(state.alpha, state.rank) };
}
