// The console: drop a picture, choose packs or an operation, see the results, copy the curl line.

import { copyable, dropZone, h, inline } from "./dom.js";
import { Fields } from "./fields.js";
import { curl, form, hasKey, keyField, send } from "./request.js";
import { show } from "./result.js";
import { Schemas } from "./schema.js";

const main = document.getElementById("console");

async function json(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

async function start() {
  document.getElementById("key").append(keyField());
  const [{ packs }, { operations }] = await Promise.all([json("v1/packs"), json("v1/operations")]);
  new Console(packs, operations.filter((operation) => operation.available && !operation.manyIn));
}

class Console {
  constructor(packs, operations) {
    this.packs = packs;
    this.operations = operations;
    this.zone = dropZone(() => this.update());
    this.code = copyable("");
    this.results = h("div", { class: "answer" }, h("p", { class: "empty" }, "The results appear here."));
    this.hint = h("small", {});
    this.run = h("button", { class: "button primary", type: "button", onclick: () => this.send() }, "Make");
    this.choice = h("div", { class: "choice" });
    this.tabs = [["packs", "Packs"], ["operation", "Operation"]].map(([name, title]) =>
      h("button", { type: "button", role: "tab", "data-tab": name, onclick: () => this.open(name) }, title));
    main.replaceChildren(
      h("section", { class: "work" }, h("h1", {}, "One picture in, every version out."), this.zone,
        h("div", { class: "tabs", role: "tablist" }, this.tabs), this.choice, h("div", { class: "sending" }, this.run, this.hint)),
      h("section", { class: "outcome" }, this.results, h("h2", {}, "The same with curl"), this.code));
    this.open(packs.length ? "packs" : "operation");
    document.getElementById("key").addEventListener("input", () => this.update());
  }

  open(name) {
    this.tab = name;
    for (const tab of this.tabs) tab.setAttribute("aria-selected", tab.dataset.tab === name);
    this.choice.replaceChildren(...(name === "packs" ? this.packChoice() : this.operationChoice()));
    this.update();
  }

  packChoice() {
    this.boxes = this.packs.map((pack) => h("input", { type: "checkbox", value: pack.id, checked: true, oninput: () => this.update() }));
    const cards = this.packs.map((pack, at) => h("label", { class: "pack" }, this.boxes[at], shape(pack),
      h("span", {}, pack.title), h("small", {}, pack.width ? `${pack.width} × ${pack.height}` : pack.id)));
    return [cards.length ? h("div", { class: "packs" }, cards) : h("p", {}, "No packs are installed.")];
  }

  operationChoice() {
    const select = h("select", { "aria-label": "Operation", oninput: () => this.operate(select.value) },
      this.operations.map((operation) => h("option", { value: operation.name }, operation.title)));
    this.parameters = h("div", {});
    const first = this.operations.find((operation) => operation.name === "resize") || this.operations[0];
    if (!first) return [h("p", {}, "No operations are installed.")];
    select.value = first.name;
    this.operate(first.name);
    return [h("label", { class: "wide" }, h("span", { class: "name" }, "Operation"), select), this.parameters];
  }

  operate(name) {
    this.operation = this.operations.find((operation) => operation.name === name);
    const schemas = new Schemas(this.operation.schema);
    const members = schemas.members(this.operation.schema);
    this.fields = new Fields(schemas, members, () => this.update());
    this.parameters.replaceChildren(h("p", { class: "hint" }, inline(this.operation.summary), " ",
      h("a", { href: `docs#${encodeURIComponent(name)}` }, "Reference")), this.fields.element);
    this.update();
  }

  request() {
    const path = this.tab === "packs" ? "/v1/packs" : `/v1/${this.operation ? this.operation.name : ""}`;
    const chosen = this.tab === "packs" ? this.boxes.filter((box) => box.checked).map((box) => box.value) : [];
    const values = this.tab === "packs" ? { packs: JSON.stringify(chosen) } : this.fields ? this.fields.values : {};
    const ready = this.tab === "packs" ? chosen.length > 0 : Boolean(this.operation);
    return { path, values, ready: ready && this.zone.files.length > 0 };
  }

  update() {
    const { path, values, ready } = this.request();
    const files = this.zone.files.length ? this.zone.files.map((file) => file.name) : ["photo.jpg"];
    this.run.disabled = !ready || !hasKey();
    this.hint.textContent = !hasKey() ? "Put your API key in at the top first." : this.zone.files.length ? "" : "Choose a picture first.";
    this.code.show(curl({ method: "POST", path, secured: true, form: { files, values } }));
  }

  async send() {
    const { path, values } = this.request();
    this.run.disabled = true;
    this.results.replaceChildren(h("p", { class: "busy" }, "Working …"));
    try {
      this.results.replaceChildren(await show(await send({ method: "POST", path, body: form(this.zone.files, values) })));
    } catch (error) {
      this.results.replaceChildren(h("p", { class: "bad" }, `No answer: ${error.message}`));
    }
    this.update();
  }
}

// The pack's proportions, as a small drawing.
function shape({ width, height }) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 40 40");
  svg.setAttribute("aria-hidden", "true");
  const frame = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const scale = 34 / Math.max(width || 1, height || 1);
  const [w, t] = [(width || 1) * scale, (height || 1) * scale];
  for (const [name, value] of Object.entries({ x: 20 - w / 2, y: 20 - t / 2, width: w, height: t, rx: 2.5 })) frame.setAttribute(name, value);
  svg.append(frame);
  return svg;
}

start().catch((error) => main.replaceChildren(h("p", { class: "bad" }, `The server did not say what it can do: ${error.message}`)));
