// Numbers: how they are packed in the page, and how they are written.

const SIZES = { f4: 4, i1: 1 };

/** The numbers of a packed array, with its shape. */
function unpack(packed) {
  const text = atob(packed.data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  const count = bytes.length / SIZES[packed.kind];
  const values = new Float32Array(count);
  if (packed.kind === "f4") {
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < count; i += 1) values[i] = view.getFloat32(4 * i, true);
  } else {
    const each = count / packed.scale.length;
    const whole = new Int8Array(bytes.buffer);
    for (let i = 0; i < count; i += 1) values[i] = whole[i] * packed.scale[Math.floor(i / each)];
  }
  return { values, shape: packed.shape };
}

/** One item of the first axis of an unpacked array. */
function item(array, i) {
  const size = array.values.length / array.shape[0];
  return array.values.subarray(i * size, (i + 1) * size);
}

/** U_r U_rᵀ Z for U (m×m) and Z (m×k), row-major. */
function project(U, Z, m, rank) {
  const k = Z.length / m;
  const result = new Float64Array(m * k);
  for (let i = 0; i < m; i += 1) {
    for (let j = 0; j < m; j += 1) {
      let weight = 0;
      for (let mode = 0; mode < rank; mode += 1) weight += U[i * m + mode] * U[j * m + mode];
      if (weight !== 0) for (let c = 0; c < k; c += 1) result[i * k + c] += weight * Z[j * k + c];
    }
  }
  return result;
}

/** The approaches, as the page calls them. */
const NAMES = { plain: "plain", hardwired: "hard-wired", augmented: "augmented", regularized: "regularized" };

const infinite = (alpha) => alpha === "inf";

/** Four significant digits, as the command line writes them. */
function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "—";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e-3 && size < 1e3) return minus(Number(value.toPrecision(4)).toString().length > 9 ? value.toExponential(2) : value.toPrecision(4));
  return minus(size >= 1e3 && size < 1e6 ? value.toFixed(0) : value.toExponential(2));
}

/** Three significant digits for ticks and strengths, without trailing zeros. */
function short(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  return minus(size >= 1e-3 && size < 1e5 ? Number(value.toPrecision(3)).toString() : Number(value.toPrecision(3)).toExponential().replace("e+", "e"));
}

const minus = (text) => text.replace(/^-/, "−").replace("e-", "e−");

const alphaText = (alpha) => (infinite(alpha) ? "∞" : short(alpha));

/** How large a count written as text is, as a power of ten: it may be beyond floats. */
function magnitude(text) {
  const [mantissa, power] = String(text).split("e");
  return Math.log10(Number(mantissa)) + Number(power || 0);
}
