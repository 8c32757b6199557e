"use strict";
// What is folded on the screen is printed, and folded again afterwards.
const folded = new Set();
addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach((part) => {
  folded.add(part);
  part.open = true;
}));
addEventListener("afterprint", () => {
  folded.forEach((part) => (part.open = false));
  folded.clear();
});

function button(text, label, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", action);
  return made;
}

function tools(...parts) {
  const line = document.createElement("p");
  line.className = "tools";
  line.append(...parts);
  return line;
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// Sorting: numbers by their full value, all else as text; cells without a number stay below. The heads become spans and
// not buttons: a browser leaves buttons out where it repeats the heads on the next page of paper.
function sortTable(table, index) {
  const heads = [...table.tHead.rows[0].cells];
  const way = heads[index].getAttribute("aria-sort") === "ascending" ? -1 : 1;
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[index].setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows].map((row) => {
    const { dataset: { order }, textContent } = row.cells[index];
    return { row, text: textContent.trim(), number: order === undefined ? null : Number(order) };
  });
  const numbers = rows.some(({ number }) => number !== null);
  rows.sort((a, b) => {
    if (!numbers) return way * a.text.localeCompare(b.text, "en", { numeric: true });
    if (a.number === null || b.number === null) return (a.number === null) - (b.number === null);
    return way * (a.number - b.number);
  });
  table.tBodies[0].append(...rows.map(({ row }) => row));
}

function sortable(table) {
  [...table.tHead.rows[0].cells].forEach((head, index) => {
    const handle = document.createElement("span");
    handle.className = "sort";
    handle.tabIndex = 0;
    handle.setAttribute("role", "button");
    handle.append(...head.childNodes);
    head.append(handle);
    handle.addEventListener("click", () => sortTable(table, index));
    handle.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      sortTable(table, index);
    });
  });
}

// Tables as CSV (as printed, with plain minus signs) and as a selection that a text processor takes as a table.
function csv(table) {
  const field = (cell) => {
    const text = cell.textContent.trim().replaceAll("\u2212", "-");
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [...table.rows].map((row) => [...row.cells].map(field).join(",")).join("\r\n") + "\r\n";
}

function tableTools(table) {
  const name = table.id.replace("table-", "");
  const said = document.createElement("output");
  const copy = () => {
    const selection = getSelection();
    selection.selectAllChildren(table);
    said.textContent = document.execCommand("copy") ? "copied" : "the browser does not let this page copy";
    selection.removeAllRanges();
  };
  const line = tools(
    button("CSV", `Save the table ${name} as CSV`, () => save(new Blob(["\ufeff", csv(table)], { type: "text/csv" }), `${name}.csv`)),
    button("Copy", `Copy the table ${name}`, copy),
    said,
  );
  table.closest(".table").append(line);
}

// Figures: as they were drawn, or as PNG at 300 dpi; and the values of the drawn points.
function bytes(picture) {
  return Uint8Array.from(atob(picture.src.split(",")[1]), (letter) => letter.charCodeAt(0));
}

function savePng(picture, name) {
  const scale = 300 / 96;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.naturalWidth * scale);
  canvas.height = Math.round(picture.naturalHeight * scale);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => save(blob, `${name}.png`), "image/png");
}

// Words of a matplotlib text: they stand in the comment above its letters, or are text themselves.
function wordsOf(part) {
  const walker = part.ownerDocument.createTreeWalker(part, NodeFilter.SHOW_COMMENT);
  return walker.nextNode() ? walker.currentNode.data.trim() : part.textContent.trim();
}

function numberOf(words) {
  const power = words.match(/10\^\{?([\u2212-]?\d+)/);
  const text = power ? `1e${power[1]}` : words;
  const plain = text.replaceAll("\u2212", "-").replace(/\s*%$/, "");
  return /^-?[\d.]+(e-?\d+)?$/.test(plain) ? Number(plain) : null;
}

// An axis: from a place in the drawing to a value, linear or logarithmic, whichever fits the labelled ticks.
function scaleOf(ticks) {
  if (ticks.length < 2) return null;
  const [first, last] = [ticks[0], ticks[ticks.length - 1]];
  const through = (to, back) => {
    const slope = (to(last.value) - to(first.value)) / (last.at - first.at);
    const read = (at) => back(to(first.value) + slope * (at - first.at));
    const error = Math.max(...ticks.map((tick) => Math.abs(to(read(tick.at)) - to(tick.value))));
    const step = Math.abs(slope);
    return { read, error: error / Math.abs(to(last.value) - to(first.value)), step, logarithmic: to === Math.log };
  };
  const linear = through((x) => x, (x) => x);
  const positive = ticks.every((tick) => tick.value > 0);
  const logarithmic = positive ? through(Math.log, Math.exp) : null;
  const best = logarithmic && logarithmic.error < linear.error ? logarithmic : linear;
  return best.error < 0.01 ? best : null;
}

function ticksOf(axes, letter) {
  const found = [];
  for (const tick of axes.querySelectorAll(`g[id^="${letter}tick_"]`)) {
    const mark = tick.querySelector("use[x]");
    const value = numberOf(wordsOf(tick));
    if (mark && value !== null) found.push({ at: Number(mark.getAttribute(letter)), value });
  }
  return found;
}

function colourOf(part) {
  const style = `${part.getAttribute("style") || ""};${part.parentNode.getAttribute("style") || ""}`;
  const found = style.match(/(?:^|;)\s*stroke:\s*(#[0-9a-f]{6})/) || style.match(/(?:^|;)\s*fill:\s*(#[0-9a-f]{6})/);
  return found ? found[1] : null;
}

// Names of the colours by the legends of a panel or a drawing; a colour that has two names has none.
function legendOf(part) {
  const names = new Map();
  for (const legend of part.querySelectorAll('g[id^="legend_"]')) {
    let colour = null;
    for (const entry of legend.children) {
      const painted = entry.querySelector("path[style], use[style]");
      if (entry.id.startsWith("text_")) {
        const words = wordsOf(entry);
        if (colour) names.set(colour, names.has(colour) && names.get(colour) !== words ? "" : words);
      } else if (painted) colour = colourOf(painted) || colour;
    }
  }
  return names;
}

function pathPoints(path) {
  const found = (path.getAttribute("d") || "").match(/-?[\d.]+(?:e-?\d+)?/g);
  const points = [];
  for (let i = 0; found && i + 1 < found.length; i += 2) points.push([Number(found[i]), Number(found[i + 1])]);
  return points;
}

// The points of curves and markers in one panel; a point has a place in the drawing and its values.
function pointsOf({ axes, box, scales, titles }, names) {
  const points = [];
  const own = legendOf(axes);
  const add = (x, y, colour) => {
    if (x < box.left - 1 || x > box.right + 1 || y < box.top - 1 || y > box.bottom + 1) return;
    const values = [scales.x?.read(x), scales.y?.read(y)];
    points.push({ x, y, values, scales, titles, label: own.get(colour) || names.get(colour) || "" });
  };
  for (const group of axes.querySelectorAll(':scope > g[id^="line2d_"], :scope > g[id*="Collection_"]')) {
    for (const path of group.querySelectorAll(":scope > path, :scope > g > path")) {
      const points = pathPoints(path);
      if (points.length > 2 && !/Z|C/.test(path.getAttribute("d"))) points.forEach(([x, y]) => add(x, y, colourOf(path)));
    }
    for (const use of group.querySelectorAll("use[x]")) {
      const [x, y] = [Number(use.getAttribute("x")), Number(use.getAttribute("y"))];
      add(x, y, colourOf(use));
    }
  }
  return points;
}

function readDrawing(picture) {
  const drawing = new DOMParser().parseFromString(new TextDecoder().decode(bytes(picture)), "image/svg+xml");
  const [, , width, height] = (drawing.documentElement.getAttribute("viewBox") || "0 0 1 1").split(/\s+/).map(Number);
  const names = legendOf(drawing);
  const panels = [...drawing.querySelectorAll('g[id^="axes_"]')].map((axes) => {
    const frame = axes.querySelector(':scope > g[id^="patch_"] > path');
    const corners = frame ? pathPoints(frame) : [];
    const [xs, ys] = [corners.map((corner) => corner[0]), corners.map((corner) => corner[1])];
    const box = { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
    const titles = ["1", "2"].map((number, index) => {
      const axis = axes.querySelectorAll(':scope > g[id^="matplotlib.axis_"]')[index];
      const texts = axis ? [...axis.children].filter((part) => part.id.startsWith("text_")) : [];
      return texts.length ? wordsOf(texts[0]) : "";
    });
    return { axes, box, titles, scales: { x: scaleOf(ticksOf(axes, "x")), y: scaleOf(ticksOf(axes, "y")) } };
  });
  // Panels that share an axis carry its labels once.
  const near = (a, b) => Math.abs(a - b) < 0.5;
  for (const panel of panels) {
    const column = panels.find((one) => one.scales.x && near(one.box.left, panel.box.left) && near(one.box.right, panel.box.right));
    const row = panels.find((one) => one.scales.y && near(one.box.top, panel.box.top) && near(one.box.bottom, panel.box.bottom));
    if (!panel.scales.x && column) [panel.scales.x, panel.titles[0]] = [column.scales.x, panel.titles[0] || column.titles[0]];
    if (!panel.scales.y && row) [panel.scales.y, panel.titles[1]] = [row.scales.y, panel.titles[1] || row.titles[1]];
  }
  const readable = panels.filter(({ scales }) => scales.x || scales.y);
  const points = readable.flatMap((panel) => pointsOf(panel, names));
  return { width, height, points };
}

// As many decimals as the drawing can tell apart.
function printed(value, scale) {
  const step = scale.logarithmic ? scale.step * value : scale.step;
  const decimals = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step))));
  return value.toFixed(decimals).replace("-", "\u2212");
}

function wordsFor(point) {
  const parts = ["x", "y"].map((letter, index) =>
    point.scales[letter] ? `${point.titles[index] || letter}: ${printed(point.values[index], point.scales[letter])}` : "");
  return [point.label, ...parts].filter(Boolean).join(" \u00b7 ");
}

function reading(picture, plot, said) {
  let drawing = null;
  let mark = null;
  let now = -1;
  const drawn = () => (drawing ??= readDrawing(picture));
  const show = (index) => {
    now = index;
    const point = drawn().points[index];
    if (!mark) {
      mark = document.createElement("span");
      mark.className = "mark";
      plot.append(mark);
    }
    mark.hidden = !point;
    said.textContent = point ? wordsFor(point) : "no values to read in this figure";
    if (!point) return;
    mark.style.left = `${(100 * point.x) / drawing.width}%`;
    mark.style.top = `${(100 * point.y) / drawing.height}%`;
  };
  plot.addEventListener("pointermove", (event) => {
    const frame = picture.getBoundingClientRect();
    const { width, height, points } = drawn();
    const scale = frame.width / width;
    const [x, y] = [(event.clientX - frame.left) / scale, ((event.clientY - frame.top) / frame.height) * height];
    let [nearest, distance] = [-1, 14 / scale];
    points.forEach((point, index) => {
      const far = Math.hypot(point.x - x, point.y - y);
      if (far < distance) [nearest, distance] = [index, far];
    });
    if (nearest >= 0 && nearest !== now) show(nearest);
  });
  const keys = button("Values", `Read values of the figure ${picture.dataset.name}: arrow keys go from point to point`, () => show(Math.max(now, 0)));
  keys.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(Math.min(Math.max(now + step, 0), drawn().points.length - 1));
  });
  return keys;
}

function figureTools(picture) {
  const { name } = picture.dataset;
  const plot = picture.closest(".plot");
  const vector = picture.src.startsWith("data:image/svg");
  const said = document.createElement("output");
  const png = () => (vector ? savePng(picture, name) : save(new Blob([bytes(picture)], { type: "image/png" }), `${name}.png`));
  const parts = [button("PNG", `Save the figure ${name} as PNG`, png)];
  if (vector) {
    parts.unshift(button("SVG", `Save the figure ${name} as SVG`, () => save(new Blob([bytes(picture)], { type: "image/svg+xml" }), `${name}.svg`)));
    parts.push(reading(picture, plot, said), said);
  }
  plot.parentNode.after(tools(...parts));
}

document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll(".table table").forEach(tableTools);
document.querySelectorAll("figure img").forEach(figureTools);
