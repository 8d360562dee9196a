// The reference: an index by tag, and one operation at a time, all from openapi.json.

import { copyable, h, inline, prose } from "./dom.js";
import { keyField } from "./request.js";
import { Schemas } from "./schema.js";
import { TryIt } from "./tryit.js";

const METHODS = ["get", "post", "put", "delete", "head"];
const list = document.getElementById("list");
const main = document.getElementById("reference");
const filter = document.getElementById("filter");
let schemas;
let entries;

async function start() {
  document.getElementById("key").append(keyField());
  const document_ = await (await fetch("openapi.json")).json();
  schemas = new Schemas(document_);
  entries = Object.entries(document_.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({
      path, method, operation: item[method], shared: item.parameters || [], tag: item[method].tags[0],
      id: item[method].operationId,
    })));
  filter.addEventListener("input", index);
  window.addEventListener("hashchange", view);
  index();
  view();
}

function index() {
  const wanted = filter.value.trim().toLowerCase();
  const fits = (entry) => `${entry.path} ${entry.operation.summary}`.toLowerCase().includes(wanted);
  list.replaceChildren(...schemas.document.tags.map((tag) => {
    const found = entries.filter((entry) => entry.tag === tag.name && fits(entry));
    return found.length ? h("section", {}, h("h2", { title: tag.description.replaceAll("`", "") }, tag.name), h("ul", {}, found.map(link))) : "";
  }));
  mark();
}

function link(entry) {
  const runs = entry.tag.startsWith("Operations") ? entry.id : null;
  return h("li", {}, h("a", { href: `#${encodeURIComponent(entry.id)}`, title: entry.operation.summary },
    runs ? null : h("span", { class: `method ${entry.method}` }, entry.method === "delete" ? "del" : entry.method),
    h("span", {}, runs || entry.path.replace("/v1", ""))));
}

function mark() {
  for (const anchor of list.querySelectorAll("a")) {
    const here = anchor.getAttribute("href") === location.hash;
    if (here) anchor.setAttribute("aria-current", "true");
    else anchor.removeAttribute("aria-current");
  }
}

function view() {
  const id = decodeURIComponent(location.hash.slice(1));
  const entry = entries.find((found) => found.id === id);
  document.title = entry ? `${entry.id} · filemill API reference` : "filemill API reference";
  main.replaceChildren(...(entry ? page(entry) : home()));
  mark();
  window.scrollTo(0, 0);
}

function home() {
  const { info, tags } = schemas.document;
  return [h("article", {}, h("p", { class: "path" }, `Version ${info.version} · OpenAPI 3.1: `, h("a", { href: "openapi.json" }, "openapi.json")),
    h("h1", {}, "API reference"), prose(info.description),
    h("div", { class: "tiles" }, tags.map((tag) => {
      const found = entries.filter((entry) => entry.tag === tag.name);
      return h("section", { class: found.length > 9 ? "many" : null }, h("h2", {}, tag.name), h("p", {}, inline(tag.description)),
        h("ul", {}, found.map((entry) => h("li", {}, h("a", { href: `#${encodeURIComponent(entry.id)}` },
          tag.name.startsWith("Operations") ? entry.id : `${entry.method.toUpperCase()} ${entry.path}`), " ", h("small", {}, entry.operation.summary)))));
    })))];
}

function page(entry) {
  const { operation, path, method, shared } = entry;
  const secured = !operation.security || operation.security.length > 0;
  const example = operation.requestBody?.content["application/json"]?.example;
  return [h("article", {},
    h("p", { class: "path" }, h("span", { class: `method ${method}` }, method), h("code", {}, path), h("span", { class: "badge" }, secured ? "key" : "open")),
    h("h1", {}, operation.summary), prose(operation.description), parameters(entry),
    example ? [h("h2", {}, "Example body"), copyable(JSON.stringify(example, null, 2))] : null,
    h("h2", {}, "Answers"), answers(operation)),
  new TryIt(schemas, path, method, operation, shared).element];
}

function parameters({ operation, shared }) {
  const named = [...shared, ...(operation.parameters || [])].map((part) => schemas.resolve(part));
  const content = operation.requestBody ? operation.requestBody.content : {};
  const body = content["application/json"] ? schemas.members(content["application/json"].schema) : [];
  const inBody = new Set(body.map(([name]) => name));
  const beside = named.filter((part) => !inBody.has(part.name))
    .map((part) => [part.name, { ...part.schema, description: part.description }, part.required, part.in]);
  const rows = [...body, ...beside];
  if (!rows.length && !operation.requestBody) return null;
  return [h("h2", {}, "Parameters"),
    rows.length ? h("table", {}, h("tbody", {}, rows.map(([name, schema, required, place]) => row(name, schema, required, place)))) : null,
    Object.keys(content).length > 1 ? h("p", { class: "forms" }, "Body as ", Object.keys(content).flatMap((type, at) => [at ? ", " : "", h("code", {}, type)]), ".") : null];
}

function row(name, schema, required, place) {
  const plain = schemas.plain(schema);
  const values = schemas.values(schema);
  const inner = depth(schema) ? h("details", {}, h("summary", {}, "members"), h("table", {}, h("tbody", {},
    depth(schema).map(([below, part, needed]) => row(below, part, needed))))) : null;
  return h("tr", {}, h("th", { scope: "row" }, h("code", {}, name), required ? h("b", { title: "required" }, " *") : null, place ? h("small", {}, place) : null),
    h("td", {}, h("p", { class: "type" }, schemas.type(schema), " ", values.flatMap((value) => [h("code", {}, String(value)), " "]),
      h("small", {}, schemas.limits(schema)), plain.default !== undefined && plain.default !== null && typeof plain.default !== "object" ? h("small", {}, ` default ${JSON.stringify(plain.default)}`) : null),
    plain.description ? h("p", {}, inline(plain.description)) : null, steps(plain), inner));
}

// The operations that a list of steps can name, each a link to its page.
function steps(plain) {
  const mapping = schemas.plain(plain.items).discriminator?.mapping;
  if (!mapping) return null;
  return h("p", { class: "steps" }, Object.keys(mapping).sort().flatMap((name) => [h("a", { href: `#${encodeURIComponent(name)}` }, name), " "]));
}

// The members of an object, of an object among alternatives, or of a list's items.
function depth(schema) {
  const plain = schemas.plain(schema);
  const objects = [plain, ...(plain.anyOf || []).map((part) => schemas.plain(part)), schemas.plain(plain.items)].filter((part) => part.properties);
  return objects.length ? schemas.members(objects[0]) : null;
}

function answers(operation) {
  return h("table", { class: "answers" }, h("tbody", {}, Object.entries(operation.responses).map(([status, ref]) => {
    const response = schemas.resolve(ref);
    const json = response.content?.["application/json"]?.schema;
    const options = json ? (schemas.plain(json).anyOf || [json]) : [];
    return h("tr", {}, h("th", { scope: "row", class: status < 400 ? "good" : "bad" }, status),
      h("td", {}, h("p", {}, inline(response.description)),
        options.filter((part) => schemas.members(part).length).map((part) => h("details", {}, h("summary", {}, schemas.plain(part).title || "body"),
          h("table", {}, h("tbody", {}, schemas.members(part).map(([name, below, needed]) => row(name, below, needed))))))));
  })));
}

start().catch((error) => main.replaceChildren(h("p", { class: "bad" }, `The document can't be read: ${error.message}`)));
