// Tries one path of the document: inputs, the curl line, the answer.

import { copyable, dropZone, h } from "./dom.js";
import { Fields } from "./fields.js";
import { curl, form, send } from "./request.js";
import { show } from "./result.js";

const FORM = "multipart/form-data";
const JSON_TYPE = "application/json";
const RAW = "application/octet-stream";
const BODIES = { [FORM]: "Form with the file", [RAW]: "The file itself", [JSON_TYPE]: "JSON with a URL" };

export class TryIt {
  constructor(schemas, path, method, operation, shared) {
    Object.assign(this, { schemas, path, method: method.toUpperCase(), operation });
    this.secured = !operation.security || operation.security.length > 0;
    const content = operation.requestBody ? operation.requestBody.content : {};
    this.content = content;
    this.processes = Boolean(content[FORM] && content[JSON_TYPE]);
    const parameters = [...shared, ...(operation.parameters || [])].map((part) => schemas.resolve(part));
    const members = (place) => parameters.filter((part) => part.in === place)
      .map((part) => [part.name, { description: part.description, ...(part.schema || part.content[JSON_TYPE].schema) }, part.required]);
    const update = () => this.update();
    this.inPath = new Fields(schemas, members("path"), update);
    this.inQuery = new Fields(schemas, this.processes ? [] : members("query"), update);
    const asForm = content[FORM] ? schemas.members(content[FORM].schema).filter(([name]) => !["file", "files"].includes(name)) : [];
    const asJson = content[JSON_TYPE] && !content[FORM] ? schemas.members(content[JSON_TYPE].schema) : [];
    this.inBody = new Fields(schemas, [...asForm, ...asJson], update);
    const example = content[JSON_TYPE] && content[JSON_TYPE].example;
    if (example) this.inBody.fill(Object.fromEntries(Object.entries(example).filter(([name]) => name !== "source")));
    this.code = copyable("");
    this.answer = h("div", { class: "answer", "aria-live": "polite" });
    this.element = h("section", { class: "try" }, h("h2", {}, "Try it"), this.controls(update), this.inPath.element,
      this.inQuery.element, this.inBody.element, this.sending(), this.code, this.answer);
    this.update();
  }

  controls(update) {
    if (!this.content[FORM]) return null;
    this.zone = dropZone(update, { multiple: Boolean(this.schemas.plain(this.content[FORM].schema).properties.files), label: "Drop a file here, or choose one" });
    const kinds = Object.keys(BODIES).filter((type) => this.content[type]);
    this.kind = h("select", { "aria-label": "Body", oninput: update }, kinds.map((type) => h("option", { value: type }, BODIES[type])));
    this.url = h("input", { type: "url", placeholder: "https://example.com/photo.jpg", "aria-label": "URL of the file", oninput: update });
    return h("div", { class: "controls" }, h("label", {}, h("span", { class: "name" }, "Body"), this.kind), this.zone,
      h("label", { class: "wide url" }, h("span", { class: "name" }, "URL of the file"), this.url));
  }

  sending() {
    this.button = h("button", { class: "button primary", type: "button", onclick: () => this.run() }, "Send");
    this.accept = h("select", { "aria-label": "Answer", oninput: () => this.update() },
      h("option", { value: JSON_TYPE }, "answer as JSON"), h("option", { value: `${RAW}, */*;q=0.5` }, "answer as the file"));
    return h("div", { class: "sending" }, this.button, this.processes ? this.accept : null);
  }

  // The path with its parameters filled in; those that are missing stay in braces.
  get address() {
    const values = this.inPath.values;
    const path = this.path.replace(/\{(\w+)\}/g, (braces, name) => (values[name] ? encodeURIComponent(values[name]) : braces));
    const query = new URLSearchParams(this.kind && this.kind.value === RAW && this.processes ? this.texts() : this.inQuery.values);
    return query.size ? `${path}?${query}` : path;
  }

  texts() {
    return Object.fromEntries(Object.entries(this.inBody.values).filter(([, value]) => typeof value === "string"));
  }

  // Values as JSON has them: numbers as numbers, objects as objects.
  typed() {
    const schema = this.content[JSON_TYPE].schema;
    const members = Object.fromEntries(this.schemas.members(schema).map(([name, part]) => [name, this.schemas.plain(part)]));
    return Object.fromEntries(Object.entries(this.texts()).map(([name, text]) => {
      const plain = members[name] || {};
      const textual = plain.type === "string" || (plain.anyOf && !/^[[{]/.test(text));
      if (textual) return [name, text];
      try { return [name, JSON.parse(text)]; } catch { return [name, text]; }
    }));
  }

  // What is sent, as curl and as fetch want it.
  request() {
    const files = this.zone ? this.zone.files : [];
    const names = files.length ? files.map((file) => file.name) : ["photo.jpg"];
    const kind = this.kind ? this.kind.value : this.content[JSON_TYPE] ? JSON_TYPE : null;
    const accept = this.processes && this.accept.value !== JSON_TYPE ? this.accept.value : null;
    const base = { method: this.method, path: this.address, accept, secured: this.secured, out: accept ? "result" : null };
    if (kind === FORM) {
      return { curl: { ...base, form: { files: names, values: this.inBody.values } }, body: form(files, this.inBody.values), files };
    }
    if (kind === RAW) return { curl: { ...base, raw: names[0] }, body: { data: files[0], type: RAW }, files };
    if (kind === JSON_TYPE) {
      const source = this.kind ? { source: { url: this.url.value || this.url.placeholder } } : {};
      const json = { ...source, ...this.typed() };
      return { curl: { ...base, json }, body: { data: JSON.stringify(json), type: JSON_TYPE } };
    }
    return { curl: base, body: null };
  }

  update() {
    const made = this.request();
    this.code.show(curl(made.curl));
    this.element.classList.toggle("by-url", Boolean(this.kind) && this.kind.value === JSON_TYPE);
    const ready = !made.files || made.files.length > 0;
    this.button.disabled = !ready || this.address.split("?")[0].includes("{");
  }

  async run() {
    const { curl: { method, path, accept }, body } = this.request();
    this.button.disabled = true;
    this.answer.replaceChildren(h("p", { class: "busy" }, "Working …"));
    try {
      this.answer.replaceChildren(await show(await send({ method, path, accept, body })));
    } catch (error) {
      this.answer.replaceChildren(h("p", { class: "bad" }, `No answer: ${error.message}`));
    }
    this.update();
  }
}
