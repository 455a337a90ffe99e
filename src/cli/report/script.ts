/** The script of a report: draws the maps from the numbers that are in the page, and answers clicks. */
export const reportScript = String.raw`
"use strict";
const report = JSON.parse(document.querySelector("#numbers").textContent);
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const colors = { light: bytes(report.colors.light), dark: bytes(report.colors.dark) };
const dark = matchMedia("(prefers-color-scheme: dark)");
let mode = dark.matches ? "dark" : "light";
const place = (value) => 3 * Math.max(0, Math.min(255, Math.round(255 * value)));
const color = (value) => "rgb(" + Array.from(colors[mode].subarray(place(value), place(value) + 3)).join(" ") + ")";
for (const group of report.groups)
  group.layers = group.layers.map(({ shape, data }) => ({ shape, values: new Float32Array(bytes(data).buffer) }));

/** One head as [rows, columns] of a layer. */
function headOf({ shape: [, rows, columns], values }, head) {
  return { rows, columns, values: values.subarray(head * rows * columns, (head + 1) * rows * columns) };
}
function paint(canvas, { rows, columns, values }) {
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  values.forEach((value, i) => {
    image.data.set(colors[mode].subarray(place(value), place(value) + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  });
  context.putImageData(image, 0, 0);
}
const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

const redraws = [];
for (const section of document.querySelectorAll("[data-group]")) {
  const group = report.groups[Number(section.dataset.group)];
  const said = section.querySelector("output");
  const large = section.querySelector(".large");
  const numbers = section.querySelector("input");
  const tabs = [...section.querySelectorAll("[role=tab]")];
  const panels = [...section.querySelectorAll(".layer")];
  let layer = Number(section.dataset.layer), head = Number(section.dataset.head);

  const say = (row, column, value) => {
    said.textContent = group.rows[row] + " → " + group.columns[column] + ": " + Number(value.toPrecision(4));
  };
  function table({ rows, columns, values }) {
    const top = element("tr", {}, element("td"), ...group.columns.map((name) => element("th", { scope: "col" }, element("span", {}, name))));
    const body = element("tbody");
    for (let row = 0; row < rows; row++) {
      const line = element("tr", {}, element("th", { scope: "row" }, group.rows[row]));
      for (let column = 0; column < columns; column++) {
        const value = values[row * columns + column];
        const cell = element("td", { title: String(value) }, element("span", {}, value.toFixed(2)));
        cell.style.background = color(value);
        const [r, g, b] = colors[mode].subarray(place(value), place(value) + 3);
        cell.style.color = 0.2126 * r + 0.7152 * g + 0.0722 * b > 140 ? "#15181c" : "#ffffff";
        cell.addEventListener("pointerenter", () => say(row, column, value));
        line.append(cell);
      }
      body.append(line);
    }
    const made = element("table", { class: "map" }, element("caption", { class: "quiet" }, caption()), element("thead", {}, top), body);
    made.classList.toggle("numbers", numbers.checked);
    return made;
  }
  const caption = () => group.title + ", layer " + (layer + 1) + ", head " + (head + 1) + ": " + group.rowTitle + " ↓ " + group.columnTitle + " →";
  function picture(map) {
    const canvas = element("canvas", { role: "img", "aria-label": caption() });
    paint(canvas, map);
    canvas.addEventListener("pointermove", (event) => {
      const row = Math.min(map.rows - 1, Math.floor((event.offsetY / canvas.clientHeight) * map.rows));
      const column = Math.min(map.columns - 1, Math.floor((event.offsetX / canvas.clientWidth) * map.columns));
      const at = (part, count, names) => Math.floor((part * names) / count);
      say(at(row, map.rows, group.rows.length), at(column, map.columns, group.columns.length), map.values[row * map.columns + column]);
    });
    return element("figure", {}, element("figcaption", { class: "quiet" }, caption()), canvas);
  }
  function show() {
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === layer));
      tab.tabIndex = i === layer ? 0 : -1;
      panels[i].hidden = i !== layer;
    });
    panels.forEach((panel, l) => {
      [...panel.querySelectorAll("button")].forEach((button, h) => {
        button.setAttribute("aria-pressed", String(l === layer && h === head));
        paint(button.querySelector("canvas"), headOf(group.layers[l], h));
      });
    });
    const map = headOf(group.layers[layer], head);
    const small = map.rows === group.rows.length && map.columns === group.columns.length && map.rows * map.columns <= 3600;
    numbers.parentElement.hidden = !small;
    large.replaceChildren(small ? table(map) : picture(map));
  }
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => { layer = i; show(); });
    tab.addEventListener("keydown", ({ key }) => {
      const next = key === "ArrowRight" ? i + 1 : key === "ArrowLeft" ? i - 1 : undefined;
      if (next === undefined || tabs[next] === undefined) return;
      layer = next;
      show();
      tabs[next].focus();
    });
  });
  panels.forEach((panel, l) => {
    [...panel.querySelectorAll("button")].forEach((button, h) => {
      button.addEventListener("click", () => { layer = l; head = h; show(); });
    });
  });
  numbers.addEventListener("change", () => large.querySelector(".map")?.classList.toggle("numbers", numbers.checked));
  redraws.push(show);
}
const redraw = (wanted) => { mode = wanted; for (const show of redraws) show(); };
dark.addEventListener("change", () => redraw(dark.matches ? "dark" : "light"));
addEventListener("beforeprint", () => redraw("light"));
addEventListener("afterprint", () => redraw(dark.matches ? "dark" : "light"));
redraw(mode);
`;
