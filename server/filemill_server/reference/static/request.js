// The key, sending, and the same request as a curl line.

import { h } from "./dom.js";

const STORE = "filemill-key";

export function keyField() {
  const input = h("input", { type: "password", id: "key-input", placeholder: "API key", autocomplete: "off",
    "aria-label": "API key; kept in this tab until it is closed", title: "Kept in this tab until it is closed" });
  input.value = sessionStorage.getItem(STORE) || "";
  input.addEventListener("input", () => sessionStorage.setItem(STORE, input.value.trim()));
  return input;
}

export const hasKey = () => key() !== "";

const key = () => sessionStorage.getItem(STORE) || "";

export async function send({ method, path, body, accept }) {
  const headers = { Accept: accept || "application/json" };
  if (key()) headers["X-API-Key"] = key();
  if (body && body.type && body.data) headers["Content-Type"] = body.type;
  const started = performance.now();
  const response = await fetch(path.replace(/^\//, ""), { method, headers, body: body ? body.data : undefined });
  const blob = await response.blob();
  return { response, blob, milliseconds: Math.round(performance.now() - started) };
}

// Makes a form of files and of parameters, which are texts (or files).
export function form(files, values) {
  const data = new FormData();
  for (const file of files) data.append(files.length > 1 ? "files" : "file", file);
  for (const [name, value] of Object.entries(values)) data.append(name, value);
  return { data };
}

const quote = (text) => `'${String(text).replace(/'/g, "'\\''")}'`;

export function curl({ method, path, accept, secured, form, json, raw, out }) {
  const url = new URL(path.replace(/^\//, ""), document.baseURI).href.replaceAll("%7B", "{").replaceAll("%7D", "}");
  const parts = [method === "GET" ? "curl" : `curl -X ${method}`];
  if (form || json || raw) parts[0] = method === "POST" ? "curl" : parts[0];
  if (secured) parts.push('-H "Authorization: Bearer $FILEMILL_KEY"');
  if (accept) parts.push(`-H ${quote(`Accept: ${accept}`)}`);
  if (json) parts.push("-H 'Content-Type: application/json'", `-d ${quote(JSON.stringify(json))}`);
  if (form) {
    for (const file of form.files) parts.push(`-F ${quote(`${form.files.length > 1 ? "files" : "file"}=@${file}`)}`);
    for (const [name, value] of Object.entries(form.values)) {
      parts.push(value instanceof File ? `-F ${quote(`${name}=@${value.name}`)}` : `--form-string ${quote(`${name}=${value}`)}`);
    }
  }
  if (raw) parts.push("-H 'Content-Type: application/octet-stream'", `--data-binary ${quote(`@${raw}`)}`);
  parts.push(quote(url));
  if (out) parts.push(`-o ${quote(out)}`);
  return parts.join(" \\\n  ");
}
