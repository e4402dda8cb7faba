// Runs a model file of établi, in a browser or in Node: the closed operator set (docs/operators.md) and nothing else.
//
//   const model = new Model(bytes)                        a Uint8Array: the .onnx file
//   model.run({age: tensor(DOUBLE, [1, 1], [37])}, ["prediction"])   tensors by name; only what these outputs need is computed
//   model.card, model.selftest, model.missing             the file's own JSON; the operators that are not here ([] for a file of établi)
//
// A tensor is {type, dims, data}, row by row. Numbers are double, as in the file; where it casts to float32 the data are a Float32Array,
// which rounds what is put in. int64 are doubles too: exact to 2^53, beyond any index or count of a file. NaN goes the ways of onnxruntime.
const FLOAT = 1, INT64 = 7, TEXT = 8, BOOL = 9, DOUBLE = 11;

const Model = (() => {
  const ARRAYS = {1: Float32Array, 2: Uint8Array, 7: Float64Array, 8: Array, 9: Uint8Array, 11: Float64Array};
  const size = dims => dims.reduce((a, b) => a * b, 1);
  const tensor = (type, dims, data, f) => ({type, dims, data: data ? ARRAYS[type].from(data, f) : new ARRAYS[type](size(dims))});
  const pick = (x, dims, places) => tensor(x.type, dims, places, i => x.data[i]);
  const reshaped = ({type, data}, dims) => ({type, dims, data});

  // the file: protobuf messages (field numbers of onnx.proto3) ---------------------------------------------------------------

  const wrong = said => { throw new Error(said); };
  const text = bytes => new TextDecoder().decode(bytes);

  // Integers one after the other. Ten bytes hold a negative number: -1 - (its other bits turned over), as doubles have no 64 bits.
  function reader(bytes) {
    let at = 0;
    const next = () => {
      let value = 0, turned = 0, scale = 1, count = 0, byte;
      do {
        byte = bytes[at++];
        if (++count < 10) { value += (byte & 127) * scale; turned += (~byte & 127) * scale; scale *= 128; }
      } while (byte > 127);
      return count < 10 ? value : -1 - turned;
    };
    return {next, more: () => at < bytes.length, bytes: n => at + n <= bytes.length ? bytes.subarray(at, at += n) : wrong("no ONNX file")};
  }

  // Calls see[field](value) for each field of a message: a number, or bytes.
  function fields(bytes, see) {
    for (const from = reader(bytes); from.more();) {
      const key = from.next(), kind = key & 7;
      const value = kind === 0 ? from.next() : from.bytes(kind === 2 ? from.next() : {1: 8, 5: 4}[kind]);
      see[key >>> 3]?.(value);
    }
  }

  // Repeated integers come one by one, or packed into bytes.
  const integers = list => value => {
    if (typeof value === "number") list.push(value);
    else for (const from = reader(value); from.more();) list.push(from.next());
  };

  function constant(bytes) {
    const dims = [], list = [], integer = integers(list), raw = value => made.data = value.slice().buffer;
    const made = {dims};
    fields(bytes, {
      1: integers(dims), 2: value => made.type = value, 4: raw, 5: integer, 6: value => list.push(text(value)), 7: integer,
      8: value => made.name = text(value), 9: raw, 10: raw,
    });
    const {type, data} = made, kind = ARRAYS[type];
    made.data = type === TEXT ? list : !data ? kind.from(list) : type === INT64 ? kind.from(new BigInt64Array(data), Number) : new kind(data);
    return made;
  }

  function attribute(bytes) {
    const list = [], made = {};
    fields(bytes, {
      1: value => made.name = text(value), 3: value => made.one = value, 4: value => made.one = text(value),
      5: value => made.one = constant(value), 8: integers(list), 9: value => list.push(text(value)),
    });
    return [made.name, made.one ?? list];
  }

  function node(bytes) {
    const made = {in: [], out: [], with: []};
    fields(bytes, {
      1: value => made.in.push(text(value)), 2: value => made.out.push(text(value)), 4: value => made.op = text(value),
      5: value => made.with.push(attribute(value)),
    });
    return {...made, with: Object.fromEntries(made.with)};
  }

  function pair(bytes) { // fields 1 and 2 of a message: a name, a text
    const made = [];
    fields(bytes, {1: value => made[0] = text(value), 2: value => made[1] = value});
    return made;
  }

  // shapes ------------------------------------------------------------------------------------------------------------------

  const strides = dims => dims.map((_, axis) => size(dims.slice(axis + 1)));
  const along = (axis, dims) => axis < 0 ? axis + dims.length : axis;

  const range = (from, to, step = 1) => Array.from({length: Math.max(0, Math.ceil((to - from) / step))}, (_, i) => from + i * step);
  const less = (dims, over, keep) => dims.flatMap((n, i) => !over.includes(i) ? n : keep ? 1 : []); // without these axes

  // For each element of a shape, in order: where it lies when a step along each axis is so far.
  function walk(dims, steps) {
    const at = new Int32Array(size(dims));
    let block = at.length;
    dims.forEach((length, axis) => {
      block /= length;
      if (steps[axis]) for (let i = 0; i < at.length; i++) at[i] += (i / block | 0) % length * steps[axis];
    });
    return at;
  }

  const broadcast = (a, b) => a.length < b.length ? broadcast(b, a) : a.map((n, i) => {
    const m = b.at(i - a.length) ?? 1;
    return m === 1 || m === n ? n : n === 1 ? m : wrong(`shapes [${a}], [${b}]`);
  });

  // The places in a smaller shape that the elements of `to` come from; null where each is its own.
  const spread = (dims, to) => size(dims) === size(to) ? null :
    walk(to, to.map((_, i) => (dims.at(i - to.length) ?? 1) === 1 ? 0 : strides(dims).at(i - to.length)));

  // Slices number `index` along an axis; `shape` stands where that axis was.
  function take(x, axis, index, shape = [index.length]) {
    const a = along(axis, x.dims), before = x.dims.slice(0, a), after = x.dims.slice(a + 1), length = x.dims[a], inner = size(after);
    const places = [];
    for (let outer = 0; outer < size(before); outer++)
      for (const one of index) {
        const from = (outer * length + (one < 0 ? one + length : one)) * inner;
        if (one >= length || one < -length) wrong(`place ${one} of ${length}`);
        for (let i = 0; i < inner; i++) places.push(from + i);
      }
    return pick(x, [...before, ...shape, ...after], places);
  }

  // Calls see(first, step, length, line) for each line of numbers along an axis.
  function lines(dims, axis, see) {
    const a = along(axis, dims), step = size(dims.slice(a + 1));
    for (let line = 0; line < size(dims) / dims[a]; line++) see((line / step | 0) * step * dims[a] + line % step, step, dims[a], line);
  }

  const COMPARE = [(a, b) => a <= b, (a, b) => a < b, (a, b) => a >= b, (a, b) => a > b, (a, b) => a === b, (a, b) => a !== b]; // as trees number them

  // operators ---------------------------------------------------------------------------------------------------------------
  // Each takes its input tensors (undefined where left out) and its attributes, and gives a tensor or a list of them.

  const each = (f, type) => inputs => {
    const dims = inputs.map(x => x.dims).reduce(broadcast), out = tensor(type ?? inputs[0].type, dims);
    const [p, q, r] = inputs.map(x => spread(x.dims, dims)), [u, v, w] = inputs.map(x => x.data);
    for (let i = 0; i < out.data.length; i++) out.data[i] = f(u[p ? p[i] : i], v && v[q ? q[i] : i], w && w[r ? r[i] : i]);
    return out;
  };

  const several = f => inputs => inputs.reduce((a, b) => each(f)([a, b]));

  const folded = f => ([x, axes], {keepdims = 1}) => {
    const over = axes ? Array.from(axes.data, axis => along(axis, x.dims)) : x.dims.map((_, i) => i);
    const kept = less(x.dims, over, true), at = spread(kept, x.dims);
    const sum = new Float64Array(size(kept)), seen = new Uint8Array(sum.length);
    x.data.forEach((value, i) => { const p = at ? at[i] : i; sum[p] = seen[p] ? f(sum[p], value) : value; seen[p] = 1; });
    return tensor(x.type, less(x.dims, over, keepdims), sum);
  };

  function Cast([x], {to}) {
    if (to === x.type) return x;
    const read = value => /^\s*[-+]?(inf|nan)/i.test(value) ? +value.replace(/inf\w*/i, "Infinity") : value.trim() ? +value : wrong(`"${value}" is no number`);
    const shown = value => {
      if (!isFinite(value)) return value !== value ? "NaN" : value < 0 ? "-INF" : "INF";
      const [digits, power] = value.toExponential(7).split("e");
      return power < -4 || power > 7 ? +digits + "e" + power[0] + power.slice(1).padStart(2, "0") : String(+value.toPrecision(8));
    };
    const whole = value => Math.abs(value) < 2 ** 63 ? Math.trunc(value) : -(2 ** 63); // what processors give for NaN and too much
    const into = to === TEXT ? x.type === FLOAT || x.type === DOUBLE ? shown : String : to === BOOL ? value => value != 0 : to === INT64 ? whole : value => value;
    return tensor(to, x.dims, x.data, x.type === TEXT ? value => into(read(value)) : into);
  }

  function MatMul([a, b], _, model) {
    const [x, y] = [a.dims.length < 2 ? [1, ...a.dims] : a.dims, b.dims.length < 2 ? [...b.dims, 1] : b.dims];
    const [m, k, n] = [x.at(-2), x.at(-1), y.at(-1)], batch = broadcast(x.slice(0, -2), y.slice(0, -2));
    if (k !== y.at(-2)) wrong(`[${x}] times [${y}]`);
    const left = spread(x.slice(0, -2), batch), right = spread(y.slice(0, -2), batch), sum = new Float64Array(size(batch) * m * n);
    for (let one = 0; one < size(batch); one++)
      for (let i = 0; i < m; i++)
        for (let l = 0; l < k; l++) {
          const factor = a.data[((left ? left[one] : one) * m + i) * k + l], to = (one * m + i) * n, from = ((right ? right[one] : one) * k + l) * n;
          for (let j = 0; j < n; j++) sum[to + j] += factor * b.data[from + j];
        }
    if (a.type === FLOAT) model.single = true; // a runtime adds float32 in its own order
    const dims = [...batch, ...(a.dims.length < 2 ? [] : [m]), ...(b.dims.length < 2 ? [] : [n])];
    return tensor(a.type, dims, sum);
  }

  function TopK([x, count], {axis = -1, largest = 1}) {
    const k = count.data[0], a = along(axis, x.dims), dims = x.dims.map((n, i) => i === a ? k : n);
    const values = tensor(x.type, dims), places = tensor(INT64, dims);
    lines(x.dims, axis, (first, step, length, line) => {
      const at = i => x.data[first + i * step];
      const order = range(0, length).sort((i, j) => (largest ? -1 : 1) * (isNaN(at(i)) - isNaN(at(j)) || at(i) - at(j)) || i - j); // NaN is the largest
      const to = (line / step | 0) * step * k + line % step;
      for (let i = 0; i < k; i++) { places.data[to + i * step] = order[i]; values.data[to + i * step] = at(order[i]); }
    });
    return [values, places];
  }

  function ArgMax([x], {axis = 0, keepdims = 1}) {
    const out = tensor(INT64, less(x.dims, [along(axis, x.dims)], keepdims));
    lines(x.dims, axis, (first, step, length, line) => {
      let best = 0;
      for (let i = 1; i < length; i++) if (x.data[first + i * step] > x.data[first + best * step]) best = i;
      out.data[line] = best;
    });
    return out;
  }

  function Softmax([x], {axis = -1}) {
    const out = tensor(x.type, x.dims);
    lines(x.dims, axis, (first, step, length) => {
      let top = -Infinity, sum = 0;
      for (let i = 0; i < length; i++) top = Math.max(top, x.data[first + i * step]);
      for (let i = 0; i < length; i++) sum += out.data[first + i * step] = Math.exp(x.data[first + i * step] - top);
      for (let i = 0; i < length; i++) out.data[first + i * step] /= sum;
    });
    return out;
  }

  function Concat(inputs, {axis}) {
    const a = along(axis, inputs[0].dims), outer = size(inputs[0].dims.slice(0, a));
    const out = tensor(inputs[0].type, inputs[0].dims.map((n, i) => i === a ? inputs.reduce((sum, x) => sum + x.dims[a], 0) : n));
    let at = 0;
    for (let o = 0; o < outer; o++)
      for (const x of inputs) for (let n = x.data.length / outer, i = o * n; i < (o + 1) * n; i++) out.data[at++] = x.data[i];
    return out;
  }

  function Slice([x, starts, ends, axes, steps]) {
    starts.data.forEach((start, i) => {
      const axis = along(axes ? axes.data[i] : i, x.dims), n = x.dims[axis], step = steps ? steps.data[i] : 1;
      const inside = at => Math.min(Math.max(at < 0 ? at + n : at, step < 0 ? -1 : 0), step < 0 ? n - 1 : n);
      x = take(x, axis, range(inside(start), inside(ends.data[i]), step));
    });
    return x;
  }

  function Split([x, sizes], {axis = 0, num_outputs: parts}) {
    const n = x.dims.at(axis), most = Math.ceil(n / parts);
    let at = 0;
    return (sizes ? [...sizes.data] : range(0, parts).map(i => Math.min(most, n - i * most))).map(width => take(x, axis, range(at, at += width)));
  }

  function StringSplit([x], {delimiter = "", maxsplit}) {
    const cut = value => {
      const pieces = !value ? [] : delimiter ? value.split(delimiter) : value.split(" ").filter(Boolean);
      return pieces.length > maxsplit + 1 ? [...pieces.slice(0, maxsplit), pieces.slice(maxsplit).join(delimiter || " ")] : pieces;
    };
    const cuts = x.data.map(cut), most = cuts.reduce((n, one) => Math.max(n, one.length), 0);
    return [tensor(TEXT, [...x.dims, most], cuts.flatMap(one => [...one, ...Array(most - one.length).fill("")])), tensor(INT64, x.dims, cuts, one => one.length)];
  }

  function TfIdfVectorizer([x], how, _, node) {
    const {pool_strings: pool, ngram_counts: starts, ngram_indexes: places, min_gram_length: least, max_gram_length: most, max_skip_count: skips} = how;
    if (how.mode !== "TF" || !pool) wrong("TfIdfVectorizer counts texts");
    if (!node.tree) { // the n-grams as a tree of words
      node.tree = new Map();
      for (let n = 1, at = 0, gram = 0; n <= starts.length; n++)
        for (const end = starts[n] ?? pool.length; at < end; at += n, gram++) {
          let here = node.tree;
          for (const word of pool.slice(at, at + n)) here = here.get(word) ?? here.set(word, new Map()).get(word);
          if (n >= least && n <= most) here.place ??= places[gram];
        }
    }
    const width = places.reduce((a, b) => Math.max(a, b), -1) + 1, words = x.dims.at(-1), out = tensor(FLOAT, [...x.dims.slice(0, -1), width]);
    for (let row = 0; row < out.data.length / width; row++)
      for (let first = 0; first < words; first++)
        for (let step = 1; step <= skips + 1; step++)
          for (let n = 1, here = node.tree, at = first; n <= most && at < words; n++, at += step) {
            here = here.get(x.data[row * words + at]);
            if (!here) break;
            if (here.place !== undefined && (n > 1 || step === 1)) out.data[row * width + here.place]++;
          }
    return out;
  }

  function LabelEncoder([x], {keys_tensor: keys, values_tensor: values, default_tensor: other}, _, node) {
    node.table ??= new Map(Array.from(keys.data, (key, i) => [key, values.data[i]]).reverse()); // of equal keys the first counts
    return tensor(values.type, x.dims, x.data, value => node.table.has(value) ? node.table.get(value) : other.data[0]);
  }

  function grown(how) { // the sets by node, and the children: a node's number, or ~ of a leaf's
    if (how.aggregate_function !== 1 || how.post_transform) wrong("trees only add leaves");
    const child = (places, leaf) => places.map((place, i) => leaf[i] ? ~place : place), sets = [], found = [[]];
    for (const value of how.membership_values?.data ?? []) if (value === value) found.at(-1).push(value); else found.push([]);
    how.nodes_modes.data.forEach((mode, i) => { if (mode === 6) sets[i] = new Set(found.shift()); });
    return {sets, yes: child(how.nodes_truenodeids, how.nodes_trueleafs), no: child(how.nodes_falsenodeids, how.nodes_falseleafs)};
  }

  function TreeEnsemble([x], how, _, node) {
    const {sets, yes, no} = node.grown ??= grown(how), [rows, width] = x.dims, {n_targets: targets, leaf_targetids: target, nodes_featureids: feature} = how;
    const mode = how.nodes_modes.data, split = how.nodes_splits.data, weight = how.leaf_weights.data, missing = how.nodes_missing_value_tracks_true ?? [];
    const out = tensor(x.type, [rows, targets]);
    for (let row = 0; row < rows; row++)
      for (let at of how.tree_roots) {
        while (at >= 0) {
          const value = x.data[row * width + feature[at]], kind = mode[at];
          const hit = kind === 0 ? value <= split[at] : kind === 6 ? sets[at].has(value) : COMPARE[kind](value, split[at]);
          at = hit || value !== value && missing[at] ? yes[at] : no[at];
        }
        out.data[row * targets + target[~at]] += weight[~at];
      }
    return out;
  }

  const table = (names, f) => Object.fromEntries(names.map((op, i) => [op, f(op, i)]));
  const OPERATORS = {
    ...table(["Abs", "Ceil", "Exp", "Floor", "Log", "Sign", "Sin", "Sqrt", "Tanh"], op => each(Math[op.toLowerCase()])),
    ...table(["LessOrEqual", "Less", "GreaterOrEqual", "Greater", "Equal"], (_, i) => each(COMPARE[i], BOOL)),
    Neg: each(a => -a), Relu: each(a => Math.max(a, 0)), IsNaN: each(isNaN, BOOL),
    Round: each(a => { const near = Math.round(a); return Math.abs(a % 1) === 0.5 && near % 2 ? near - 1 : near; }),
    Add: each((a, b) => a + b), Sub: each((a, b) => a - b), Mul: each((a, b) => a * b),
    Div: inputs => each(inputs[0].type === INT64 ? (a, b) => Math.trunc(a / b) : (a, b) => a / b)(inputs),
    Pow: each((a, b) => a === 1 || a === -1 && Math.abs(b) === Infinity ? 1 : a ** b), // as C has it
    Max: several((a, b) => Math.max(a, b)), Min: several((a, b) => Math.min(a, b)),
    Clip: ([x, low, high]) => { // a bound left out is the largest number, not infinity
      const most = x.type === FLOAT ? 3.4028234663852886e38 : Number.MAX_VALUE;
      return each(a => Math.min(Math.max(a, low ? low.data[0] : -most), high ? high.data[0] : most))([x]);
    },
    And: each((a, b) => a && b), Or: each((a, b) => a || b), Not: each(a => !a),
    IsInf: (inputs, {detect_positive: up = 1, detect_negative: down = 1}) => each(a => up && a === Infinity || down && a === -Infinity, BOOL)(inputs),
    Where: ([mask, a, b]) => each((yes, one, other) => yes ? one : other, a.type)([mask, a, b]),
    StringConcat: each((a, b) => a + b), Identity: ([x]) => x, Cast,
    ReduceSum: folded((a, b) => a + b), ReduceMax: folded((a, b) => b > a ? b : a), ReduceMin: folded((a, b) => b < a ? b : a),
    ArgMax, TopK, Softmax, MatMul, Concat, Slice, Split,
    Gather: ([x, index], {axis = 0}) => take(x, axis, index.data, index.dims),
    GatherElements: ([x, index], {axis = 0}) => {
      const a = along(axis, x.dims), steps = strides(x.dims), at = walk(index.dims, steps.map((step, i) => i === a ? 0 : step));
      return tensor(x.type, index.dims, index.data, (one, i) => x.data[at[i] + (one < 0 ? one + x.dims[a] : one) * steps[a]]);
    },
    Expand: ([x, shape]) => { const dims = broadcast(x.dims, [...shape.data]), at = spread(x.dims, dims); return at ? pick(x, dims, at) : reshaped(x, dims); },
    Reshape: ([x, shape], {allowzero = 0}) => {
      const dims = Array.from(shape.data, (n, i) => n || allowzero ? n : x.dims[i]), known = size(dims.filter(n => n >= 0));
      return reshaped(x, dims.map(n => n < 0 ? x.data.length / known || 0 : n));
    },
    Shape: ([{dims}], {start, end}) => { const part = dims.slice(start, end); return tensor(INT64, [part.length], part); },
    Squeeze: ([x, axes]) => reshaped(x, axes ? less(x.dims, Array.from(axes.data, axis => along(axis, x.dims))) : x.dims.filter(n => n !== 1)),
    Unsqueeze: ([x, axes]) => {
      const rank = x.dims.length + axes.data.length, added = Array.from(axes.data, axis => axis < 0 ? axis + rank : axis), left = [...x.dims];
      return reshaped(x, range(0, rank).map(i => added.includes(i) ? 1 : left.shift()));
    },
    Transpose: ([x], {perm = x.dims.map((_, i) => i).reverse()}) => {
      const steps = strides(x.dims), dims = perm.map(axis => x.dims[axis]);
      return pick(x, dims, walk(dims, perm.map(axis => steps[axis])));
    },
    StringSplit, TfIdfVectorizer, TreeEnsemble, LabelEncoder,
  };

  return class Model {
    constructor(bytes) {
      Object.assign(this, {nodes: [], constants: new Map(), inputs: [], outputs: [], plans: new Map(), single: false});
      const keep = value => { const one = constant(value); this.constants.set(one.name, one); };
      const graph = {1: value => this.nodes.push(node(value)), 5: keep, 11: value => this.inputs.push(pair(value)[0]), 12: value => this.outputs.push(pair(value)[0])};
      const told = value => { const [key, said] = pair(value); if (key.startsWith("etabli.")) this[key.slice(7)] = JSON.parse(text(said)); };
      fields(bytes, {7: value => fields(value, graph), 14: told});
      this.missing = this.nodes.map(one => one.op).filter(op => !OPERATORS[op]);
    }

    // The outputs wanted, by name. feeds: tensors by name; an input with a default may be left out.
    run(feeds, wanted = this.outputs) {
      const key = wanted.join("\0");
      if (!this.plans.has(key)) { // the nodes that these outputs need: the file has them in an order that can be followed
        const needed = new Set(wanted);
        this.plans.set(key, this.nodes.slice().reverse().filter(one => one.out.some(name => needed.has(name)) && one.in.every(name => needed.add(name))).reverse());
      }
      const found = new Map([...this.constants, ...Object.entries(feeds)]);
      for (const one of this.plans.get(key)) {
        const made = OPERATORS[one.op](one.in.map(name => name ? found.get(name) ?? wrong(`no input "${name}"`) : undefined), one.with, this, one);
        [made].flat().forEach((x, i) => found.set(one.out[i], x));
      }
      return Object.fromEntries(wanted.map(name => [name, found.get(name)]));
    }

    static tensor = tensor;
  };
})();
