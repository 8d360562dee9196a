// Inputs for the parameters of a request, made of their schemas.

import { h, inline } from "./dom.js";

const ADVANCED = new Set(["output", "metadata"]);

export class Fields {
  // `members` are [name, schema, required]; `changed` is called at each change.
  constructor(schemas, members, changed) {
    this.inputs = new Map();
    this.schemas = schemas;
    const rows = members.map(([name, schema, required]) => [name, this.row(name, schema, required, changed)]);
    const rest = rows.filter(([name]) => ADVANCED.has(name)).map(([, row]) => row);
    const main = rows.filter(([name]) => !ADVANCED.has(name)).map(([, row]) => row);
    const more = rest.length ? h("details", {}, h("summary", {}, "Output and metadata"), h("div", { class: "fields" }, rest)) : null;
    this.element = h("div", { class: "form" }, h("div", { class: "fields" }, main), more);
  }

  row(name, schema, required, changed) {
    const plain = this.schemas.plain(schema);
    const input = this.input(name, plain, required);
    input.addEventListener("input", changed);
    this.inputs.set(name, input);
    const hint = [this.schemas.type(schema) === "one of" ? "" : this.schemas.type(schema), this.schemas.limits(schema)];
    return h("label", { class: plain.type === "object" || plain.type === "array" ? "wide" : null },
      h("span", { class: "name" }, name, required ? h("b", { title: "required" }, " *") : null,
        h("small", {}, hint.filter(Boolean).join(" · "))),
      input,
      plain.description ? h("span", { class: "hint" }, inline(plain.description)) : null);
  }

  input(name, plain, required) {
    const values = this.schemas.values(plain);
    const shown = plain.default === undefined || plain.default === null ? "" : JSON.stringify(plain.default).replace(/^"|"$/g, "");
    if (plain.format === "binary" || plain.title === "Source") return h("input", { type: "file", name });
    if (plain.type === "boolean") return this.select(name, ["true", "false"], shown, false);
    if (plain.enum) return this.select(name, values, shown, required);
    if (plain.type === "integer" || plain.type === "number") {
      const step = plain.type === "integer" ? 1 : "any";
      return h("input", { type: "number", name, step, min: plain.minimum, max: plain.maximum, placeholder: shown });
    }
    if (plain.type === "object" || plain.type === "array") {
      return h("textarea", { name, rows: 2, spellcheck: "false", placeholder: shown || (plain.type === "array" ? "[…]" : "{…}") });
    }
    const listed = values.length ? `values-${name}` : null;
    const input = h("input", { type: "text", name, list: listed, spellcheck: "false", autocomplete: "off",
      placeholder: shown || (plain.examples ? String(plain.examples[0]) : "") });
    if (listed) input.append(h("datalist", { id: listed }, values.map((value) => h("option", { value }))));
    return listed ? this.listed(input) : input;
  }

  // A text input with suggestions: the list must stand beside the input, not in it.
  listed(input) {
    const box = h("span", { class: "listed" }, input, input.firstChild);
    Object.defineProperty(box, "value", { get: () => input.value, set: (value) => { input.value = value; } });
    return box;
  }

  select(name, values, shown, required) {
    const none = required && !shown ? "choose …" : shown ? `${shown} (default)` : "not set";
    return h("select", { name }, h("option", { value: "" }, none), values.map((value) => h("option", { value }, value)));
  }

  // The parameters that were filled in: texts, and files.
  get values() {
    const found = {};
    for (const [name, input] of this.inputs) {
      if (input.type === "file") {
        if (input.files.length) found[name] = input.files[0];
      } else if (input.value.trim() !== "") found[name] = input.value.trim();
    }
    return found;
  }

  fill(values) {
    for (const [name, value] of Object.entries(values)) {
      const input = this.inputs.get(name);
      if (input && input.type !== "file") input.value = typeof value === "string" ? value : JSON.stringify(value);
    }
  }
}
