// The form of "try the model": fields made from the file's card, and what the model answers, drawn anew at every change.
//
// Everything a person reads is in the data block "try-words"; the model file is in "try-model" (gzip, base64). Nothing is shown before the
// file's own stored rows were answered here and compared. One row is a Map of column to value: a number (NaN missing) or a text ("" missing).
(async () => {
  const $ = id => document.getElementById(id);
  const {words, lang, order, file} = JSON.parse($("try-words").textContent);
  const say = (key, values = {}) => words[key].replace(/{(\w+)}/g, (_, name) => values[name]);
  const SVG = new Set(["svg", "g", "path", "line", "circle", "rect", "text", "title"]);

  function make(tag, told = {}, ...inside) {
    const node = SVG.has(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [key, value] of Object.entries(told)) if (typeof value === "function") node.addEventListener(key, value); else if (value !== undefined) node.setAttribute(key, value);
    node.append(...inside);
    return node;
  }

  // the file, and its own rows answered here ----------------------------------------------------------------------------------

  let model;
  try {
    const packed = Uint8Array.from(atob($("try-model").textContent.trim()), c => c.charCodeAt(0));
    const opened = new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")));
    model = new Model(new Uint8Array(await opened.arrayBuffer()));
    if (model.missing.length) throw new Error(model.missing.join(", "));
  } catch (error) { return fail("failed", {reason: error.message}); }
  const {card, selftest} = model;
  const number = value => value === "inf" ? Infinity : value === "-inf" ? -Infinity : +value;
  const stored = [], count = Object.values(selftest.feeds)[0].length;
  for (let i = 0; i < count; i++)
    stored.push(new Map(card.inputs.flatMap(({input, columns, type}) => columns.map((name, j) => [name, type === "double" ? number(selftest.feeds[input][i][j]) : selftest.feeds[input][i][j]]))));

  const asked = {confidence: selftest.confidence, half_width: 1, at: NaN}; // the file's other inputs
  function run(rows, wanted) {
    const feeds = {};
    for (const {input, columns, type} of card.inputs)
      feeds[input] = Model.tensor(type === "double" ? DOUBLE : TEXT, [rows.length, columns.length], rows.flatMap(row => columns.map(name => row.get(name))));
    for (const [name, value] of Object.entries(asked)) if (model.inputs.includes(name) && value === value) feeds[name] = Model.tensor(DOUBLE, [], [value]);
    return model.run(feeds, wanted);
  }

  const first = run(stored);
  let worst = 0, other = 0;
  for (const [name, rows] of Object.entries(selftest.outputs)) {
    const right = rows.flat(), {type, data} = first[name], want = type === DOUBLE ? right.map(number) : right;
    const scale = type === DOUBLE ? want.reduce((most, value) => isFinite(value) ? Math.max(most, Math.abs(value)) : most, 1) : 1;
    want.forEach((value, i) => {
      if (type !== DOUBLE) other += value != data[i]; // true and 1 are the same answer
      else if (!Object.is(value + 0, data[i] + 0)) worst = Math.max(worst, isFinite(value - data[i]) ? Math.abs(value - data[i]) / scale : Infinity);
    });
  }
  if (worst > 0 && worst < 1e-17) worst = 1e-17; // of numbers next to nothing
  const power = worst ? Math.floor(Math.log10(worst)) : 0;
  const told = worst ? `${Math.round(worst / 10 ** power).toLocaleString(lang)} × 10${[...String(power)].map(c => c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]).join("")}` : "0";
  if (other || !(worst <= (model.single ? 1e-5 : 1e-9))) return fail("unequal", {rows: count, difference: told, labels: other});
  $("try-state").textContent = say(worst ? "equal" : "same", {rows: count, difference: told});

  function fail(key, values) {
    $("try-state").textContent = say(key, values);
    $("try-state").className = "bad";
  }

  // columns -------------------------------------------------------------------------------------------------------------------

  const range = (low, high, count) => Array.from({length: count}, (_, i) => low + (high - low) * i / (count - 1));
  const shown = (value, digits, plain) => !isFinite(value) ? value !== value ? "–" : value > 0 ? "∞" : "−∞" :
    (Math.abs(value) < 10 ** -digits / 2 ? 0 : value).toLocaleString(lang, {maximumFractionDigits: digits, minimumFractionDigits: digits, useGrouping: !plain || Math.abs(value) >= 1e4}).replace("-", "−");
  const percent = p => p > 0 && p < 0.001 ? "<\u00a0" + percent(0.001) : p < 1 && p > 0.999 ? ">\u00a0" + percent(0.999) : shown(100 * p, p > 0 && p < 1 ? 1 : 0) + "\u00a0%";
  const rounded = share => `${+(100 * share).toFixed(1)}\u00a0%`.replace(".", lang === "fr" ? "," : ".");
  const places = step => Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const date = (seconds, hours) => new Date(seconds * 1000).toISOString().slice(0, hours ? 16 : 10);
  const frequent = list => [...list].sort((a, b) => list.filter(x => x === b).length - list.filter(x => x === a).length)[0];

  function column(name) {
    const facts = card.columns.find(one => one.name === name), cells = stored.map(row => row.get(name)), made = {...facts, name};
    const filled = cells.filter(value => value === value && value !== "");
    made.text = typeof cells[0] === "string";
    if (made.text) {
      made.typical = facts.kind === "text" ? filled.sort((a, b) => a.length - b.length)[filled.length >> 1] : facts.levels?.[0] ?? frequent(filled);
    } else {
      const all = filled.filter(isFinite), span = facts.high - facts.low || 1;
      made.hours = facts.kind === "date" && all.some(value => value % 86400);
      made.step = facts.kind === "date" ? made.hours ? 60 : 86400 : facts.kind === "flag" ? 1 : 10 ** Math.floor(Math.log10(span / 100));
      const finest = Math.max(...[...all, facts.low, facts.high].map(value => String(value).split(".")[1]?.length ?? 0)); // decimals that any cell has
      if (facts.kind === "number") made.step = Math.max(made.step, 10 ** -finest);
      let share = 0;
      const middle = facts.edges?.find((_, i) => (share += facts.shares[i]) >= 0.5 - 1e-9) ?? (facts.edges?.length ? facts.high : all.sort((a, b) => a - b)[all.length >> 1]);
      made.typical = facts.kind === "flag" ? middle : +(Math.round(middle / made.step) * made.step).toFixed(places(made.step));
    }
    if (facts.missing_count > card.rows / 2) made.typical = made.text ? "" : NaN;
    return made;
  }

  const read = card.inputs.flatMap(one => one.columns).filter(name => card.columns.find(one => one.name === name).used !== false);
  const place = name => order.includes(name) ? order.indexOf(name) : order.length;
  const every = read.map(column).sort((a, b) => place(a.name) - place(b.name)), columns = every.slice(0, 200); // more are not for a hand to fill
  const hidden = every.slice(200).map(one => one.name), medians = new Map(every.map(one => [one.name, one.typical]));
  const typical = new Map([...stored[0].keys()].map(name => [name, medians.has(name) ? medians.get(name) : column(name).typical]));
  const OTHER = "\u2063other"; // a text that no level is

  function valued(one, value) { // a value as a person reads it
    if (value === "" || value !== value) return words.missing;
    if (value === OTHER) return words.other;
    if (one.text) return value.length > 60 ? value.slice(0, 57) + "…" : value;
    return one.kind === "date" ? date(value, one.hours).replace("T", " ") : one.kind === "flag" ? one.reading?.words?.[value] ?? String(value) : shown(value, places(one.step), true); // no 2,008 for a year
  }

  // fields --------------------------------------------------------------------------------------------------------------------

  let row = new Map(typical);
  const fields = new Map();

  function field(one, i) {
    const id = `try-${i}`, known = one.levels ?? [], note = make("p", {class: "note", id: `${id}-n`});
    const label = make("label", {for: id}, make("bdi", {}, one.name)), box = make("div", {class: "field"}, label);
    const told = {id, "aria-describedby": note.id, autocomplete: "off"};
    const change = value => { row.set(one.name, value); $("try-which").textContent = ""; look(); later(); };
    let input, slider;
    if (one.kind === "flag" || one.text && one.kind !== "text" && known.length && known.length <= 30) {
      const options = one.kind === "flag" ? [[0, valued(one, 0)], [1, valued(one, 1)]] : [...known.map(level => [level, level]), [OTHER, words.other]];
      input = make("select", {...told, change: () => change(one.kind !== "flag" || !input.value ? one.text ? input.value : NaN : +input.value)},
        ...options.map(([value, shown]) => make("option", {value}, shown)), make("option", {value: ""}, words.missing));
    } else if (one.kind === "text") input = make("textarea", {...told, rows: 4, input: () => change(input.value.trim())});
    else if (one.text) {
      const list = make("datalist", {id: `${id}-l`}, ...known.map(value => make("option", {value})));
      box.append(list);
      input = make("input", {...told, list: list.id, placeholder: words.missing, input: () => change((one.missing ?? []).includes(input.value.trim()) ? "" : input.value.trim())});
    } else {
      const isDate = one.kind === "date", type = isDate ? one.hours ? "datetime-local" : "date" : "number";
      input = make("input", {...told, type, step: isDate ? undefined : one.step, placeholder: words.missing,
        input: () => change(input.value === "" ? NaN : isDate ? Date.parse(input.value + "Z".slice(type === "date")) / 1000 : +input.value)});
      if (one.high > one.low) {
        slider = make("input", {type: "range", min: one.low, max: one.high, step: isDate ? one.step : "any", "aria-label": one.name, tabindex: -1,
          input: () => { change(isDate ? +slider.value : +(Math.round(slider.value / one.step) * one.step).toFixed(places(one.step))); write(); }});
        box.append(slider);
      }
    }
    if (!slider) box.classList.add("wide-field");
    else if (one.kind === "date") box.classList.add("date-field");
    box.append(input, note);

    function write() {
      const value = row.get(one.name);
      if (one.text || one.kind === "flag") input.value = value === value ? value : "";
      else input.value = value === value ? one.kind === "date" ? date(value, one.hours) : value : "";
      if (slider && value === value) slider.value = value;
      look();
    }

    function look() { // what a person should know of this value
      const value = row.get(one.name), missing = value === "" || value !== value;
      slider?.classList.toggle("off", missing);
      note.textContent = input.validity?.badInput ? words.unread
        : missing ? one.missing_count ? "" : words.nevermissing
        : one.text ? one.kind !== "text" && (value === OTHER || known.length < 50 && !known.includes(value)) ? words.neverseen : ""
        : value > one.high ? say("above", {high: valued(one, one.high)}) : value < one.low ? say("below", {low: valued(one, one.low)}) : "";
    }

    fields.set(one.name, write);
    return box;
  }

  columns.forEach((one, i) => $(i < 10 ? "try-first" : "try-rest").append(field(one, i)));
  $("try-more").hidden = columns.length <= 10;
  if (columns.length > 10) $("try-more").firstElementChild.textContent = say(hidden.length ? "more.hidden" : "more", {count: columns.length - 10, hidden: hidden.length});

  // the answer ----------------------------------------------------------------------------------------------------------------

  const classes = card.classes, outputs = Object.keys(selftest.outputs), target = card.target ?? words["target." + card.task];
  const titled = name => card.target ? name : `${target} ${name}`;
  const main = ["prediction", "score", "coordinates"].find(name => outputs.includes(name) && (classes.length || first[name].type === DOUBLE)) ?? outputs[0], across = first[main].data.length / count; // numbers in an answer
  const KNOWN = [main, "prediction", "probability", "lower", "upper", "set", "p0", "p1", "cdf", "quantile", "novelty"], more = outputs.filter(name => !KNOWN.includes(name));
  const spread = classes.length ? [0, 1] : [main, "lower", "upper"].flatMap(name => [...first[name]?.data ?? []]).filter(isFinite).sort((a, b) => a - b);
  const low = spread[0], high = spread.at(-1), digits = classes.length ? 3 : places(10 ** Math.floor(Math.log10((high - low || 1) / 300)));
  const bar = (from, to, css) => make("svg", {viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true", class: "bar"},
    make("rect", {x: Math.min(from, to), width: Math.abs(to - from), height: 10, class: css}));

  function answer() {
    const made = run([row], outputs), at = name => made[name]?.data[0], level = rounded(asked.confidence);
    const lines = [], value = at(main), all = [...made[main].data];
    $("try-value").textContent = classes.length ? value : all.slice(0, 4).map(one => shown(one, digits)).join("  ") + (across > 4 ? " …" : "");
    $("try-value").className = $("try-value").textContent.length > 16 ? "long" : "";
    $("try-slim").textContent = `${target}: ` + (classes.length ? `${value}, ${percent(made.probability.data[classes.indexOf(value)])}` : $("try-value").textContent);
    if (made.lower) lines.push(say("interval", {low: shown(at("lower"), digits), high: shown(at("upper"), digits), level}));
    if (made.set) {
      const inside = classes.filter((_, i) => made.set.data[i]);
      lines.push(say(inside.length ? inside.length > 1 ? "set" : "set.one" : "set.none", {level, names: inside.join(", ")}));
    }
    if (made.p0) lines.push(say("bounds", {name: classes[1], low: percent(at("p0")), high: percent(at("p1"))}));
    for (const name of more) {
      const told = made[name].type === DOUBLE ? shown(at(name), 3) : String(at(name));
      lines.push(words["output." + name] ? say("output." + name, {value: told}) : say("output", {name: name.split("_").join(" "), value: told}));
    }
    if (made.cdf && asked.at === asked.at) lines.push(say("cdf", {value: shown(asked.at, digits), share: percent(at("cdf"))}));
    $("try-quantiles").replaceChildren(...made.quantile ? card.quantiles.map((q, i) => make("li", {}, say("quantile", {level: rounded(q)}), make("span", {class: "n"}, shown(made.quantile.data[i], digits)))) : []);
    $("try-said").replaceChildren(...lines.map(line => make("p", {}, line)));
    const ranked = classes.map((name, i) => ({name, p: made.probability.data[i], inside: made.set ? made.set.data[i] : true}));
    const kept = classes.length > 8 ? ranked.sort((a, b) => b.p - a.p).slice(0, 6) : ranked;
    $("try-classes").replaceChildren(...kept.map(({name, p, inside}) =>
      make("li", {class: inside ? "in" : "out"}, make("span", {}, inside ? "● " : "○ ", make("bdi", {}, titled(name))), make("span", {class: "n"}, percent(p)), bar(0, 100 * p, ""))));
    $("try-strip").replaceChildren(...classes.length ? [] : [across > 1 ? placed(all) : strip(value, at("lower"), at("upper"))]);
    novelty(at("novelty"));
    return made;
  }

  function strip(value, from, to) { // the value and its interval among the answers for the stored rows
    const w = 300, x = v => 8 + (w - 16) * Math.min(1, Math.max(0, (v - low) / (high - low || 1)));
    return make("svg", {viewBox: `0 0 ${w} 44`, "aria-hidden": "true"}, make("line", {x1: 8, x2: w - 8, y1: 22, y2: 22, class: "axis"}),
      ...from === undefined ? [] : [make("line", {x1: x(from), x2: x(to), y1: 12, y2: 12, class: "reach"})], make("circle", {cx: x(value), cy: 12, r: 5, class: "mark"}),
      make("text", {x: 8, y: 38}, shown(low, digits)), make("text", {x: w - 8, y: 38, "text-anchor": "end"}, shown(high, digits)));
  }

  function placed([a, b]) { // the row among the stored rows, on the first two coordinates
    const stored = [...first[main].data], xs = stored.filter((_, i) => i % across === 0), ys = stored.filter((_, i) => i % across === 1), w = 300, h = 200;
    const on = (v, list, from, to) => { const low = Math.min(...list, v), high = Math.max(...list, v); return from + (to - from) * (v - low) / (high - low || 1); };
    const x = v => on(v, [...xs, a], 10, w - 10), y = v => on(v, [...ys, b], h - 10, 10);
    return make("svg", {viewBox: `0 0 ${w} ${h}`, role: "img"}, make("title", {}, say("where", {rows: count})), ...xs.map((v, i) => make("circle", {cx: x(v), cy: y(ys[i]), r: 3, class: "other"})), make("circle", {cx: x(a), cy: y(b), r: 6, class: "mark"}));
  }

  function novelty(p) {
    if (p === undefined) return;
    let why = "";
    if (p < 0.01) { // which column, put to its typical value, makes the row most like the others
      const rows = columns.map(one => new Map(row).set(one.name, one.typical)), found = run(rows, ["novelty"]).novelty.data;
      const best = found.reduce((most, value, i) => value > found[most] ? i : most, 0);
      if (found[best] > 0.01) why = " " + say("novel.why", {name: columns[best].name});
    }
    $("try-novelty").textContent = (p < 0.01 ? "▲ " : "● ") + say(p < 0.01 ? "novel" : p < 0.05 ? "unusual" : "alike", {share: percent(p)}) + why;
    $("try-novelty").className = p < 0.01 ? "red" : "soft";
  }

  // what if -------------------------------------------------------------------------------------------------------------------

  const choice = $("try-column"), can = columns.filter(one => one.kind !== "text" && (one.text ? one.levels?.length : one.high > one.low));
  choice.append(...can.map(one => make("option", {}, one.name)));
  $("try-if").hidden = !can.length;
  const CURVES = ["c0", "c1", "c2", "c3"];

  function mark(k, x, y, r) { // a circle, a square, a diamond, a triangle: colour is never alone
    const paths = [, `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}Z`, `M${x} ${y - 1.3 * r}l${1.3 * r} ${1.3 * r}l${-1.3 * r} ${1.3 * r}l${-1.3 * r} ${-1.3 * r}Z`, `M${x} ${y - 1.2 * r}l${1.2 * r} ${2.2 * r}h${-2.4 * r}Z`];
    return k ? make("path", {d: paths[k], class: `dot ${CURVES[k]}`}) : make("circle", {cx: x, cy: y, r, class: "dot c0"});
  }

  function ticks(from, to, most) {
    const raw = (to - from) / most, size = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 5, 10].find(n => n * size >= raw * 0.999) * size;
    const list = [];
    for (let at = Math.ceil(from / step - 1e-9) * step; at <= to + step * 1e-9; at += step) list.push(at);
    return {list, digits: places(step)};
  }

  function curves(found, n) { // [{name, y, low, high}]: what is drawn of n rows' answers
    const pick = (name, width, k) => found[name] && Array.from({length: n}, (_, i) => found[name].data[i * width + k]);
    if (!classes.length) return [...Array(Math.min(across, 4)).keys()].map(k => ({name: across > 1 ? `x${k + 1}` : target, y: pick(main, across, k), low: pick("lower", 1, 0), high: pick("upper", 1, 0)}));
    const all = classes.map((name, k) => ({name, y: pick("probability", classes.length, k)}));
    if (classes.length === 2) return [{...all[1], low: pick("p0", 1, 0), high: pick("p1", 1, 0)}];
    const most = one => one.name === predicted ? 2 : Math.max(...one.y); // the label of now first, then those that come up
    return all.sort((a, b) => most(b) - most(a)).slice(0, 4).filter((one, i) => !i || most(one) >= 0.005);
  }

  let predicted = "";
  function whatif() {
    const one = can.find(one => one.name === choice.value) ?? can[0];
    if (!one) return;
    const now = row.get(one.name), missing = now !== now || now === "";
    const wide = Math.max(280, box.clientWidth), wanted = outputs.filter(name => [main, "probability", "lower", "upper", "p0", "p1"].includes(name));
    const levels = one.text ? [...new Set([...one.levels.slice(0, 12), ...missing || now === OTHER ? [] : [now], OTHER, ""])] : one.kind === "flag" ? [0, 1, NaN] : null;
    const points = levels ?? [...new Set([...range(Math.min(one.low, missing ? one.low : now), Math.max(one.high, missing ? one.high : now), 97)
      .map(value => one.step === 1 || one.kind === "date" ? Math.round(value) : value), ...missing ? [] : [now]])].sort((a, b) => a - b);
    const found = curves(run(points.map(value => new Map(row).set(one.name, value)), wanted), points.length), every = found.flatMap(({y, low = [], high = []}) => [...y, ...low, ...high]).filter(isFinite);
    const span = classes.length ? [0, 1] : [Math.min(...every), Math.max(...every)], room = (span[1] - span[0]) * 0.04 || 1;
    const [bottom, top] = classes.length ? span : [span[0] - room, span[1] + room], said = v => classes.length ? shown(100 * v, 0) + "\u00a0%" : shown(v, digits);
    const draw = levels ? bars : lines;
    drag = null;
    box.replaceChildren(draw(one, points, found, {now, wide, bottom, top, said}));
    $("try-key").replaceChildren(...found.map(({name}, i) => make("span", {class: CURVES[i]}, (levels ? ["● ", "■ ", "◆ ", "▲ "] : ["● ━ ", "■ ╍ ", "◆ ┅ ", "▲ ┈ "])[i], make("bdi", {}, name))), ...found[0].low ? [make("span", {class: "soft"}, "▒ ", say(classes.length ? "band.p" : "band", {level: rounded(asked.confidence)}))] : []);
  }

  let drag; // puts the column to the value under the pointer; the box keeps the pointer while the drawing in it is made anew
  const box = $("try-curve"), pulled = event => drag && event.buttons && drag(event.clientX - box.getBoundingClientRect().left);
  box.addEventListener("pointerdown", event => { if (drag) { box.setPointerCapture(event.pointerId); pulled(event); } });
  box.addEventListener("pointermove", pulled);

  function lines(one, points, found, {now, wide, bottom, top, said}) {
    const tall = 240, left = 12 + 7 * Math.max(...[bottom, top].map(v => said(v).length)), right = wide - 14, under = tall - 30;
    const from = points[0], to = points.at(-1), x = v => left + (right - left) * (v - from) / (to - from), y = v => under - (under - 12) * (Math.min(top, Math.max(bottom, v)) - bottom) / (top - bottom);
    const path = (ys, xs = points) => ys.map((v, i) => `${x(xs[i]).toFixed(1)} ${y(v).toFixed(1)}`).join("L"), isDate = one.kind === "date";
    const up = ticks(bottom, top, 4), across = isDate ? {list: range(from, to, wide < 500 ? 3 : 5)} : ticks(from, to, wide < 500 ? 4 : 7);
    const figure = make("svg", {viewBox: `0 0 ${wide} ${tall}`, width: wide, height: tall, role: "img"}, make("title", {}, say("curve", {column: one.name, target})));
    for (const v of up.list) figure.append(make("line", {x1: left, x2: right, y1: y(v), y2: y(v), class: "grid"}), make("text", {x: left - 6, y: y(v) + 4, "text-anchor": "end"}, said(v)));
    for (const v of across.list) figure.append(make("text", {x: x(v), y: tall - 10, "text-anchor": isDate && v === from ? "start" : isDate && v === to ? "end" : "middle"}, isDate ? date(v) : shown(v, across.digits, true)));
    found.forEach(({y: ys, low, high}, i) => {
      if (low) figure.append(make("path", {d: `M${path(low)}L${path([...high].reverse(), [...points].reverse())}Z`, class: "between"}));
      figure.append(make("path", {d: `M${path(ys)}`, class: `curve ${CURVES[i]}`}));
    });
    if (now === now) {
      const i = points.indexOf(now);
      figure.append(make("line", {x1: x(now), x2: x(now), y1: 12, y2: under, class: "now"}), ...found.map(({y: ys}, k) => mark(k, x(now), y(ys[i]), 5)));
      const point = `${valued(one, now)} → `, whole = point + (classes.length ? titled(found[0].name) + " " : "") + said(found[0].y[i]);
      const fits = 7.5 * whole.length < Math.max(x(now), wide - x(now)) - 20, label = fits ? whole : point + said(found[0].y[i]), end = x(now) > wide - 7.5 * label.length - 20;
      figure.append(make("text", {x: x(now) + (end ? -10 : 10), y: Math.max(24, y(found[0].y[i]) - 10), "text-anchor": end ? "end" : "start", class: "strong"}, label));
    }
    drag = where => {
      const at = from + (to - from) * (where * wide / figure.clientWidth - left) / (right - left);
      put(one, Math.min(to, Math.max(from, +(Math.round(at / one.step) * one.step).toFixed(places(one.step)))));
    };
    return figure;
  }

  function bars(one, points, found, {now, wide, bottom, top, said}) {
    const step = 26, tall = step * points.length + 30, left = Math.min(200, wide * 0.38), right = wide - 70, x = v => left + (right - left) * (Math.min(top, Math.max(bottom, v)) - bottom) / (top - bottom);
    const figure = make("svg", {viewBox: `0 0 ${wide} ${tall}`, width: wide, height: tall, role: "img"}, make("title", {}, say("curve", {column: one.name, target})));
    for (const v of ticks(bottom, top, wide < 500 ? 2 : 4).list) figure.append(make("line", {x1: x(v), x2: x(v), y1: 6, y2: tall - 24, class: "grid"}), make("text", {x: x(v), y: tall - 8, "text-anchor": "middle"}, said(v)));
    points.forEach((value, i) => {
      const mine = Object.is(value, now), at = 20 + step * i, name = valued(one, value), long = Math.floor(left / 7.2);
      const line = make("g", {click: () => put(one, value), class: mine ? "pick mine" : "pick"}, make("rect", {x: 0, y: at - 13, width: wide, height: step, class: "hit"}),
        make("text", {x: left - 10, y: at + 4, "text-anchor": "end", class: mine ? "strong" : ""}, name.length > long ? name.slice(0, long - 1) + "…" : name));
      found.forEach(({y, low, high}, k) => line.append(...low ? [make("line", {x1: x(low[i]), x2: x(high[i]), y1: at, y2: at, class: "reach"})] : [], mark(k, x(y[i]), at, mine ? 6 : 4)));
      line.append(make("text", {x: wide - 4, y: at + 4, "text-anchor": "end", class: mine ? "strong" : ""}, said(found[0].y[i])));
      figure.append(line);
    });
    return figure;
  }

  // the effect of each input ---------------------------------------------------------------------------------------------------
  // Shapley values against the stored rows: from each of them to this row, column by column, in an order drawn by chance and in its reverse.
  // The parts add up to this answer less the mean answer of the stored rows, whatever the orders.

  let turn = 0;
  async function effects(made) {
    const mine = ++turn, best = classes.length === 2 ? 1 : classes.indexOf(made[main].data[0]), key = classes.length ? "probability" : main;
    const score = rows => { const {data} = run(rows, [key])[key]; return classes.length ? rows.map((_, i) => data[i * classes.length + best]) : rows.map((_, i) => data[i * across]); };
    const players = [...columns.map(one => [one.name]), ...hidden.length ? [hidden] : []], parts = new Map(players.map(names => [names, 0])), here = new Map(row), began = performance.now();
    let seed = 7, orders = 0, base = 0, size = 8, spent = 0;
    const random = n => (seed = (seed * 48271) % 2147483647) % n;
    for (const from of stored) {
      const order = players.filter(names => names.some(name => !Object.is(from.get(name), here.get(name))));
      for (let i = order.length - 1; i > 0; i--) { const j = random(i + 1); [order[i], order[j]] = [order[j], order[i]]; }
      for (const path of [order, [...order].reverse()]) {
        const scores = [], step = new Map(here); // row k has the first k of the path replaced
        while (scores.length <= path.length) {
          const rows = [], started = performance.now();
          while (rows.length < size && scores.length + rows.length <= path.length) {
            const names = path[scores.length + rows.length] ?? [];
            rows.push(new Map(step));
            for (const name of names) step.set(name, from.get(name));
          }
          scores.push(...score(rows));
          const took = performance.now() - started;
          spent += took;
          size = Math.max(1, Math.min(200, Math.round(size * Math.min(2, 16 / (took + 0.1)))));
          if (spent > 24) { await new Promise(next => setTimeout(next)); spent = 0; if (mine !== turn) return; } // typing goes first
        }
        path.forEach((names, i) => parts.set(names, parts.get(names) + scores[i] - scores[i + 1]));
        base += scores.at(-1);
        orders++;
      }
      if (performance.now() - began > 4000 && orders >= 8) break;
    }
    const sorted = columns.map((one, i) => ({one, part: parts.get(players[i]) / orders})).sort((a, b) => Math.abs(b.part) - Math.abs(a.part)), rest = sorted.slice(10);
    const together = (parts.get(hidden) ?? 0) / orders, total = sorted.reduce((sum, {part}) => sum + part, together), most = Math.max(...sorted.map(({part}) => Math.abs(part)), 1e-12);
    const said = v => classes.length ? shown(100 * v, 1) : shown(v, digits), signed = v => (v > 0 && said(v) !== said(0) ? "+" : "") + said(v), list = sorted.slice(0, 10);
    const lines = list.map(({one, part}) => [make("span", {}, make("bdi", {}, one.name), " ", make("span", {class: "soft"}, make("bdi", {}, valued(one, here.get(one.name))))), part]);
    if (rest.length) lines.push([say("others", {count: rest.length + hidden.length}), rest.reduce((sum, {part}) => sum + part, together)]);
    $("try-effects").replaceChildren(...lines.map(([name, part]) => make("li", {}, make("span", {}, name), bar(50, 50 + 48 * Math.max(-1, Math.min(1, part / most)), part < 0 ? "minus" : "plus"), make("span", {class: "n"}, signed(part)))));
    const unit = classes.length ? "\u00a0%" : "";
    $("try-sum").textContent = (across > 1 ? "x1. " : "") + say(classes.length ? "effects.p" : "effects.y", {name: classes.length ? titled(classes[best]) : target, mean: said(base / orders) + unit, answer: said(base / orders + total) + unit, orders, rows: count});
    $("try-cut").replaceChildren(...columns.filter(one => one.kind === "text" && here.get(one.name)).map(one => { // each word left out, wherever it stands
      const all = here.get(one.name).split(/(\s+)/), some = [...new Set(all.filter(word => word.trim()))].slice(0, 100), [whole, ...without] = score([here, ...some.map(word => new Map(here).set(one.name, all.filter(other => other !== word).join("").trim()))]);
      const ranked = some.map((word, i) => ({word, part: whole - without[i]})).sort((a, b) => Math.abs(b.part) - Math.abs(a.part)).filter(({part}) => said(part) !== said(0)).slice(0, 8);
      return make("p", {}, say("cut", {name: one.name}) + " ", ...ranked.length ? ranked.flatMap(({word, part}) => [make("bdi", {class: "chip"}, word), ` ${signed(part)}  `]) : [words.nocut]);
    }));
    $("try-form").setAttribute("aria-busy", "false");
  }

  // together ------------------------------------------------------------------------------------------------------------------

  const plainly = () => Object.fromEntries(every.map(one => { // as `predict` takes a row
    const value = row.get(one.name);
    return [one.name, value === "" || value !== value ? null : one.kind === "date" ? date(value, true).replace("T00:00", "") : one.kind === "flag" ? valued(one, value) : value];
  }));

  let timer;
  function later() {
    $("try-form").setAttribute("aria-busy", "true");
    clearTimeout(timer);
    timer = setTimeout(update, 30);
  }

  function update() {
    const made = answer(), json = JSON.stringify(plainly(), null, 1);
    $("try-json").textContent = json;
    $("try-python").textContent = `import etabli\n\nmodel = etabli.load(${JSON.stringify(file)})\nrow = ${json.split(": null").join(": None")}\nprint(model.predict(row${model.inputs.includes("confidence") ? `, confidence=${asked.confidence}` : ""})["${main}"])`;
    clearTimeout(timer);
    timer = setTimeout(() => { predicted = made[main].data[0]; whatif(); remember(); effects(made); }, 0);
  }

  function put(one, value) {
    row.set(one.name, value);
    fields.get(one.name)();
    later();
  }

  function become(next, which = "") {
    row = new Map([...typical, ...next]);
    for (const write of fields.values()) write();
    $("try-which").textContent = which;
    later();
  }

  // The address keeps what differs from the typical row, so that a link holds the row.
  let kept = "";
  function remember() {
    const apart = [...row].filter(([name, value]) => !Object.is(value, typical.get(name))).map(([name, value]) => [name, value === value ? value : null]);
    const next = apart.length || asked.confidence !== selftest.confidence ? "#try=" + encodeURIComponent(JSON.stringify([apart, asked.confidence])) : "";
    if (next === kept) return;
    kept = next;
    try { history.replaceState(null, "", next || "#try"); } catch { return; } // too often, or not allowed here: the link is only a comfort
  }

  function recall() {
    if (!location.hash.startsWith("#try=") || location.hash === kept) return false;
    try {
      const [apart, confidence] = JSON.parse(decodeURIComponent(location.hash.slice(5)));
      const fine = apart.filter(([name, value]) => typical.has(name) && (value === null || typeof value === typeof typical.get(name)));
      kept = location.hash;
      if (confidence > 0 && confidence < 1) level(confidence);
      become(fine.map(([name, value]) => [name, value ?? (typeof typical.get(name) === "string" ? "" : NaN)]), words.linked);
      return true;
    } catch { return false; }
  }

  function level(value) {
    asked.confidence = Math.min(value, card.guarantee?.most ?? 1);
    $("try-level").value = asked.confidence;
    $("try-asked").textContent = rounded(asked.confidence);
  }

  if (card.guarantee) $("try-level").max = Math.min(0.99, card.guarantee.most);
  $("try-level").addEventListener("input", event => { level(+event.target.value); later(); });
  $("try-levels").hidden = !model.inputs.includes("confidence");
  for (const name of ["half_width", "at"]) {
    $(`try-${name}`).parentElement.hidden = !model.inputs.includes(name);
    $(`try-${name}`).addEventListener("input", ({target}) => { if (name === "at" || +target.value > 0) asked[name] = target.value === "" ? name === "at" ? NaN : 1 : +target.value; later(); });
  }
  choice.addEventListener("change", whatif);
  $("try-typical").addEventListener("click", () => { level(selftest.confidence); become([], words.typical); });
  let last = 0;
  $("try-random").addEventListener("click", () => { last = (last + 1 + Math.floor(Math.random() * (count - 1))) % count; become(stored[last], say("stored", {number: last + 1, rows: count})); });
  for (const button of document.querySelectorAll("#try button[data-copy]"))
    button.addEventListener("click", async () => {
      const text = button.dataset.copy ? $(button.dataset.copy).textContent : location.href, before = button.textContent;
      try { await navigator.clipboard.writeText(text); button.textContent = words.copied; } catch { button.textContent = words.uncopied; }
      setTimeout(() => { button.textContent = before; }, 1500);
    });
  addEventListener("hashchange", recall);
  addEventListener("resize", whatif);
  let before;
  addEventListener("beforeprint", () => { before = row; row = new Map(typical); answer(); });
  addEventListener("afterprint", () => { row = before; answer(); });
  $("try-printed").textContent = say("printed", {row: columns.slice(0, 12).map(one => `${one.name} ${valued(one, one.typical)}`).join(", ")});
  level(selftest.confidence);
  $("try-form").hidden = false;
  if (!recall()) become([], words.typical);
})();
