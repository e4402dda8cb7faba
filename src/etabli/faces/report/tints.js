// The picture of the rows, coloured by what is chosen: one mark a row in place of one path a colour, and words on the row that is pointed at.
// It reads what tinted.py packed, and decides nothing: every colour, shape and key comes from there.
{
  const choose = document.getElementById("tint-choose");
  const select = document.getElementById("tint");
  const told = document.getElementById("tint-row");
  const space = "http://www.w3.org/2000/svg";

  const unpacked = async () => {
    const text = atob(document.getElementById("tint-data").textContent);
    const bytes = Uint8Array.from(text, letter => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  };

  const frame = (facts, wide, high) => { // as scatter.frame: one unit is as long on both axes
    const ends = axis => [axis.reduce((a, b) => Math.min(a, b), Infinity), axis.reduce((a, b) => Math.max(a, b), -Infinity)];
    const [left, right] = ends(facts.x);
    const [low, top] = ends(facts.y);
    const aspect = wide / high;
    const half = Math.max(Math.max((top - low) / 2, 1e-9) * 1.05, Math.max((right - left) / 2, 1e-9) * 1.05 / aspect);
    const scale = (high - 4) / (2 * half);
    const across = (wide - 4) / (2 * half * aspect);
    return facts.x.map((x, i) => [wide / 2 + (x - (left + right) / 2) * across, high / 2 - (facts.y[i] - (low + top) / 2) * scale]);
  };

  const said = (facts, way, i) => {
    let value = null;
    if (way.levels) {
      value = way.places[i] < 0 ? null : way.levels[way.places[i]];
    } else if (way.values[i] !== null && way.values[i] !== undefined) {
      const raw = way.values[i];
      value = way.kind === "date" ? new Date(raw * 1000).toISOString().slice(0, 10)
        : raw.toLocaleString(facts.lang, way.kind === "share" ? {style: "percent", maximumFractionDigits: 0} : {maximumSignificantDigits: 4});
    }
    const row = facts.row.length ? `${facts.words.row} ${(facts.row[i] + 1).toLocaleString(facts.lang)} · ` : "";
    return `${row}${way.name}: ${value === null ? facts.words.missing : value}`;
  };

  const begin = facts => {
    const pictures = [...document.querySelectorAll("#rowmap svg.figure")].map(svg => {
      const box = svg.viewBox.baseVal;
      const places = frame(facts, box.width, box.height);
      svg.querySelectorAll(".point").forEach(mark => mark.remove());
      const marks = places.map((place, i) => {
        const mark = svg.appendChild(document.createElementNS(space, "path"));
        mark.dataset.row = i;
        return mark;
      });
      const ring = svg.appendChild(document.createElementNS(space, "circle"));
      ring.setAttribute("class", "ring");
      ring.setAttribute("r", 7);
      svg.setAttribute("tabindex", 0);
      svg.setAttribute("aria-describedby", "tint-row");
      return {svg, places, marks, ring};
    });
    let way = facts.ways[0];
    let at = -1;
    const point = i => {
      at = i;
      for (const {places, ring} of pictures) {
        ring.setAttribute("cx", places[i][0]);
        ring.setAttribute("cy", places[i][1]);
        ring.classList.add("on");
      }
      told.textContent = said(facts, way, i);
    };
    const colour = k => {
      way = facts.ways[k];
      for (const {svg, places, marks, ring} of pictures) {
        const above = [];
        marks.forEach((mark, i) => {
          const letter = way.codes[i];
          const step = way.ordered && letter !== "-";
          const [look, shape] = step ? [`q${letter.charCodeAt(0) - 97}`, facts.disc] : facts.marks[letter];
          mark.setAttribute("class", `point ${look}`);
          mark.setAttribute("d", `M${places[i][0].toFixed(1)} ${places[i][1].toFixed(1)}${shape}`);
          if (letter !== "-" && letter !== ".") {
            above.push(mark);
          }
        });
        svg.append(...above, ring); // what has a colour lies over what has none
      }
      document.querySelectorAll("#rowmap [data-way]").forEach(one => {
        one.hidden = one.dataset.way !== String(k);
      });
      if (at >= 0) {
        point(at);
      }
    };
    for (const {svg, places} of pictures) {
      svg.addEventListener("pointermove", event => {
        const box = svg.getBoundingClientRect();
        const ratio = svg.viewBox.baseVal.width / box.width;
        const x = (event.clientX - box.left) * ratio;
        const y = (event.clientY - box.top) * ratio;
        let best = -1;
        let least = 196;
        places.forEach((place, i) => {
          const far = (place[0] - x) ** 2 + (place[1] - y) ** 2;
          if (far < least) {
            [best, least] = [i, far];
          }
        });
        if (best >= 0 && best !== at) {
          point(best);
        }
      });
      svg.addEventListener("keydown", event => {
        const way = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
        if (!way) {
          return;
        }
        event.preventDefault();
        const from = at < 0 ? [svg.viewBox.baseVal.width / 2, svg.viewBox.baseVal.height / 2] : places[at];
        let best = -1;
        let least = Infinity;
        places.forEach((place, i) => {
          const ahead = (place[0] - from[0]) * way[0] + (place[1] - from[1]) * way[1];
          const aside = Math.abs((place[0] - from[0]) * way[1]) + Math.abs((place[1] - from[1]) * way[0]);
          if (i !== at && ahead > 0 && ahead >= aside && ahead + aside < least) {
            [best, least] = [i, ahead + aside];
          }
        });
        if (best >= 0) {
          point(best);
        }
      });
    }
    select.addEventListener("change", () => colour(Number(select.value)));
    colour(Number(select.value) || 0);
    choose.hidden = false;
    told.hidden = false;
  };
  if (window.DecompressionStream) {
    unpacked().then(begin);
  }
}
