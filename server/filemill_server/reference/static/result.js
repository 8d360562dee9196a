// Shows an answer: pictures, texts and JSON as what they are; errors with what was wrong.

import { copyable, h, size } from "./dom.js";

const SHOWN = /^image\/(jpeg|png|webp|avif|gif)$/;

// The address of a result on this server, whatever name the server has for itself.
function local(url) {
  const found = new URL(url, document.baseURI);
  return found.pathname + found.search;
}

export async function show({ response, blob, milliseconds }) {
  const type = (response.headers.get("content-type") || "").split(";")[0];
  const line = h("p", { class: "status" },
    h("b", { class: response.ok ? "good" : "bad" }, `${response.status} ${response.statusText}`.trim()),
    h("span", {}, `${milliseconds} ms`), blob.size ? h("span", {}, size(blob.size)) : null, h("span", {}, type));
  if (type === "application/problem+json") return h("div", {}, line, problem(JSON.parse(await blob.text())));
  if (type === "application/json") {
    const value = JSON.parse(await blob.text());
    return h("div", {}, line, cards(value), h("details", { open: !value.assetId && !value.results },
      h("summary", {}, "JSON"), copyable(JSON.stringify(value, null, 2))));
  }
  if (type.startsWith("text/")) return h("div", {}, line, copyable(await blob.text()));
  if (!blob.size) return h("div", {}, line);
  const url = URL.createObjectURL(blob);
  const name = (/filename="([^"]+)"/.exec(response.headers.get("content-disposition") || "") || [])[1] || "result";
  return h("div", {}, line, SHOWN.test(type) ? h("div", { class: "cards" }, h("figure", {}, picture(url))) : null,
    h("p", {}, h("a", { href: url, download: name, class: "button" }, `Download ${name}`)));
}

function picture(url) {
  return h("a", { href: url, target: "_blank", rel: "noopener" }, h("img", { src: url, alt: "The result", loading: "lazy" }));
}

function problem(value) {
  return h("div", { class: "problem" }, h("strong", {}, value.title), h("p", {}, value.detail),
    value.errors && value.errors.length > 1
      ? h("ul", {}, value.errors.map((error) => h("li", {}, h("code", {}, error.pointer), " ", error.detail))) : null,
    h("small", {}, `${value.code} · request ${value.request_id}`));
}

function cards(value) {
  const made = value.results || value.outputs || (value.assetId ? [value] : []);
  if (!made.length) return null;
  return h("div", { class: made.length > 1 ? "cards many" : "cards" }, made.map(card));
}

function card(result) {
  const url = local(result.url);
  const facts = [result.width ? `${result.width} × ${result.height}` : null,
    result.frames > 1 ? `${result.frames} frames` : null, result.pages ? `${result.pages} pages` : null,
    result.format, size(result.sizeBytes)].filter(Boolean).join(" · ");
  return h("figure", {}, SHOWN.test(result.mimeType) ? picture(url) : null,
    result.text !== undefined ? h("pre", {}, result.text) : null,
    result.data !== undefined ? h("pre", {}, JSON.stringify(result.data, null, 2)) : null,
    h("figcaption", {}, h("strong", {}, result.packId || result.filename), h("span", {}, facts),
      h("a", { href: url, download: result.filename }, "Download")));
}
