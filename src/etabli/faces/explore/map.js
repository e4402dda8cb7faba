"use strict";

// The map on a canvas: all placed rows, an outline by mouse, finger or keys, and what is chosen fetched from the page of that address.
// The colours and shapes are those of the legend, so that the style sheet alone decides them.
{
  const box = document.getElementById("map");
  const canvas = box.querySelector("canvas"), pen = canvas.getContext("2d");
  const told = document.getElementById("map-said"), card = document.getElementById("map-row");
  let points = [], chosen = null, tool = "lasso", outline = [], cursor = null, corner = null, hot = -1, drag = null;
  let view = { x: 0, y: 0, unit: 1 }, whole = view;

  const screen = (p) => [(p[1] - view.x) * view.unit + canvas.clientWidth / 2, canvas.clientHeight / 2 - (p[2] - view.y) * view.unit];
  const ground = ([x, y]) => [(x - canvas.clientWidth / 2) / view.unit + view.x, (canvas.clientHeight / 2 - y) / view.unit + view.y];
  const place = (event) => {
    const edge = canvas.getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top];
  };

  const fit = () => {
    const xs = points.map((p) => p[1]), ys = points.map((p) => p[2]);
    const least = (v) => v.reduce((a, b) => Math.min(a, b)), most = (v) => v.reduce((a, b) => Math.max(a, b));
    const [left, right, low, high] = [least(xs), most(xs), least(ys), most(ys)];
    const unit = Math.min(canvas.clientWidth / ((right - left) * 1.05 || 1), canvas.clientHeight / ((high - low) * 1.05 || 1));
    whole = { x: (left + right) / 2, y: (low + high) / 2, unit };
    view = { ...whole };
  };

  const draw = () => {
    const ratio = window.devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight;
    canvas.width = w * ratio;
    canvas.height = h * ratio;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const looks = new Map([...box.querySelectorAll(".legend li")].map((li) => [li.dataset.group, { mark: new Path2D("M0 0" + li.dataset.path), colour: getComputedStyle(li.querySelector("svg")).color }]));
    const ink = getComputedStyle(box).color, size = points.length > 5000 ? 0.7 : 1;
    // In turns of sixteen, so that no group lies over all others because it is drawn last.
    for (const far of [true, false]) {
      pen.globalAlpha = far ? 0.12 : points.length > 5000 ? 0.6 : 0.75;
      for (let turn = 0; turn < 16; turn++) {
        const paths = new Map();
        for (let i = turn; i < points.length; i += 16) {
          if ((chosen !== null && !chosen[i]) !== far) continue;
          const [x, y] = screen(points[i]), group = String(points[i][4]);
          if (x < -9 || y < -9 || x > w + 9 || y > h + 9 || !looks.has(group)) continue;
          if (!paths.has(group)) paths.set(group, new Path2D());
          paths.get(group).addPath(looks.get(group).mark, new DOMMatrix([size, 0, 0, size, x, y]));
        }
        for (const [group, path] of paths) {
          pen.fillStyle = looks.get(group).colour;
          pen.fill(path);
        }
      }
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = ink;
    pen.lineWidth = 1.5;
    if (outline.length > 1) {
      pen.beginPath();
      outline.forEach((corner, k) => { const [x, y] = screen([0, ...corner]); k ? pen.lineTo(x, y) : pen.moveTo(x, y); });
      pen.closePath();
      pen.setLineDash([5, 4]);
      pen.stroke();
      pen.setLineDash([]);
    }
    if (hot >= 0) {
      const [x, y] = screen(points[hot]);
      pen.beginPath();
      pen.arc(x, y, 8, 0, 7);
      pen.stroke();
    }
    if (cursor) {
      const [x, y] = screen([0, ...cursor]);
      pen.beginPath();
      for (const [a, b, c, d] of [[-14, 0, -4, 0], [4, 0, 14, 0], [0, -14, 0, -4], [0, 4, 0, 14]]) { pen.moveTo(x + a, y + b); pen.lineTo(x + c, y + d); }
      pen.stroke();
    }
  };
  let waiting = 0;
  const soon = () => { waiting = waiting || requestAnimationFrame(() => { waiting = 0; draw(); }); };

  const inside = (corners, x, y) => {
    let odd = false;
    corners.forEach(([ax, ay], k) => {
      const [bx, by] = corners[(k + 1) % corners.length];
      if ((ay > y) !== (by > y) && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
    });
    return odd;
  };

  // An outline has at most 120 corners in an address: those nearest to a line between their neighbours go first.
  const fewer = (corners) => {
    let kept = corners;
    for (let least = 1; kept.length > 120; least *= 1.5) {
      const out = [kept[0]];
      for (const c of kept.slice(1)) if (Math.hypot(c[0] - out.at(-1)[0], c[1] - out.at(-1)[1]) * view.unit >= least) out.push(c);
      kept = out;
    }
    return kept;
  };

  const show = async (address) => {
    history.replaceState(null, "", address);
    const page = new DOMParser().parseFromString(await (await fetch(address)).text(), "text/html");
    const fresh = page.getElementById("chosen");
    if (!fresh) return;
    document.getElementById("chosen").replaceWith(fresh);
    told.textContent = fresh.textContent.replace(/\s+/g, " ").trim();
  };

  const choose = (corners) => {
    outline = fewer(corners);
    if (outline.length < 3) { outline = []; chosen = null; soon(); return; }
    outline = outline.map((c) => c.map((v) => Number(v.toFixed(4))));
    chosen = points.map((p) => inside(outline, p[1], p[2]));
    soon();
    const to = new URL(location);
    to.searchParams.set("chosen", outline.map((c) => c.join(" ")).join(","));
    show(to);
  };
  const forget = () => {
    outline = []; chosen = corner = null;
    const to = new URL(location);
    to.searchParams.delete("chosen");
    soon();
    show(to);
  };

  const nearest = ([x, y], reach) => {
    let best = reach * reach, found = -1;
    points.forEach((p, i) => {
      const [a, b] = screen(p), far = (a - x) ** 2 + (b - y) ** 2;
      if (far < best) { best = far; found = i; }
    });
    return found;
  };
  const known = new Map();
  let later = 0;
  const hover = (at, aloud) => {
    const found = nearest(at, aloud ? 1e4 : 12);
    if (found === hot && !aloud) return;
    hot = found;
    soon();
    card.hidden = true;
    clearTimeout(later);
    if (hot < 0) return;
    const row = points[hot][0];
    later = setTimeout(async () => {
      if (!known.has(row)) known.set(row, await (await fetch(`/rows.json?_row__eq=${row}`)).json());
      if (hot < 0 || points[hot][0] !== row) return;
      const { columns, rows } = known.get(row), values = columns.map((name, k) => [name, rows[0][k] ?? "–"]).slice(0, 12);
      card.replaceChildren(...[["#", row + 1], ...values].map(([name, value]) => {
        const line = document.createElement("div"), key = document.createElement("b");
        key.textContent = `${name} `;
        line.append(key, String(value).slice(0, 60));
        return line;
      }));
      const [x, y] = screen(points[hot]);
      card.hidden = false;
      card.style.left = `${Math.max(0, Math.min(x + 14, canvas.clientWidth - card.offsetWidth - 4))}px`;
      card.style.top = `${Math.max(0, Math.min(y + 14, canvas.clientHeight - card.offsetHeight - 4))}px`;
      if (aloud) told.textContent = [["#", row + 1], ...values].map((pair) => pair.join(" ")).join(", ");
    }, 90);
  };

  const zoom = (by, at = [canvas.clientWidth / 2, canvas.clientHeight / 2]) => {
    if (!by) view = { ...whole };
    else {
      const [x, y] = ground(at);
      view = { unit: view.unit * by, x: x + (view.x - x) / by, y: y + (view.y - y) / by };
    }
    soon();
  };
  const take = (name) => {
    tool = name;
    canvas.className = tool;
    for (const one of box.querySelectorAll("[data-tool]")) one.setAttribute("aria-pressed", String(one.dataset.tool === tool));
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button || !tool) return;
    canvas.setPointerCapture(event.pointerId);
    card.hidden = true;
    drag = { from: place(event), view: { ...view } };
    if (tool !== "move") { outline = [ground(drag.from)]; chosen = cursor = null; }
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (!drag) { hover(at); return; }
    if (tool === "move") view = { ...view, x: drag.view.x - (at[0] - drag.from[0]) / view.unit, y: drag.view.y + (at[1] - drag.from[1]) / view.unit };
    else if (tool === "box") outline = [drag.from, [at[0], drag.from[1]], at, [drag.from[0], at[1]]].map(ground);
    else outline.push(ground(at));
    soon();
  });
  canvas.addEventListener("pointerup", () => {
    if (drag && tool !== "move") choose(outline);
    drag = null;
  });
  canvas.addEventListener("pointercancel", () => { drag = null; outline = []; soon(); });
  canvas.addEventListener("pointerleave", () => { if (!drag && !cursor) { hot = -1; card.hidden = true; soon(); } });

  // Keys: arrows move a cross (Shift: far), + − 0 zoom, Space sets a corner of a rectangle and then its opposite, Enter opens the rows, Escape forgets.
  canvas.addEventListener("keydown", (event) => {
    const step = (event.shiftKey ? 60 : 12) / view.unit, move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
    const at = cursor && screen([0, ...cursor]);
    if (move) {
      cursor = cursor ? [cursor[0] + move[0], cursor[1] + move[1]] : [view.x, view.y];
      if (corner) outline = [corner, [cursor[0], corner[1]], cursor, [corner[0], cursor[1]]];
      hover(screen([0, ...cursor]), true);
    } else if (event.key === "+" || event.key === "=") zoom(1.5, at || undefined);
    else if (event.key === "-") zoom(1 / 1.5, at || undefined);
    else if (event.key === "0") zoom(0);
    else if (event.key === " " && cursor) {
      if (corner) { const drawn = outline; corner = null; choose(drawn); } else { corner = [...cursor]; outline = []; chosen = null; }
    } else if (event.key === "Enter") document.querySelector("#chosen a.go")?.click();
    else if (event.key === "Escape") { cursor = null; forget(); } else return;
    event.preventDefault();
    soon();
  });

  const start = async () => {
    const shown = await (await fetch(box.dataset.points)).json();
    points = shown.rows;
    box.querySelector(".wide").hidden = box.querySelector(".narrow").hidden = true;
    box.querySelector(".wide").style.display = box.querySelector(".narrow").style.display = "none";
    for (const hidden of [canvas, box.querySelector(".tools"), document.getElementById("map-help")]) hidden.hidden = false;
    const corners = box.dataset.corners.split(" ").map(Number);
    if (corners.length > 5) {
      for (let k = 0; k < corners.length; k += 2) outline.push([corners[k], corners[k + 1]]);
      chosen = points.map((p) => inside(outline, p[1], p[2]));
    } else if (box.dataset.cluster) chosen = points.map((p) => String(p[3]) === box.dataset.cluster);
    fit();
    take(matchMedia("(pointer: coarse)").matches ? "" : "lasso");  // a finger scrolls the page until a tool is taken
    draw();
    box.dataset.ready = "yes";
  };
  for (const one of box.querySelectorAll("[data-tool]")) one.addEventListener("click", () => take(one.dataset.tool));
  for (const one of box.querySelectorAll("[data-zoom]")) one.addEventListener("click", () => zoom(Number(one.dataset.zoom)));
  addEventListener("resize", () => { if (points.length) { fit(); soon(); } });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", soon);
  start();

  const making = document.getElementById("umap");
  const look = async () => {
    const { rows } = await (await fetch(making.dataset.progress)).json(), [done, seconds, ready, wrong] = rows[0];
    if (ready || wrong) { location.reload(); return; }
    making.querySelector("b").textContent = `${Math.round(done * 100)} %, ${Math.round(seconds)} s`;
    setTimeout(look, 1000);
  };
  if (making?.querySelector("b")) look();
}
