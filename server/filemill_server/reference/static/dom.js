// Elements, and the little Markdown that descriptions use. Text only ever goes in as text.

export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).filter(Boolean).map((part) => {
    if (part.startsWith("`")) return h("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return h("strong", {}, part.slice(2, -2));
    return part;
  });
}

export function prose(text) {
  return (text || "").split(/\n\s*\n/).filter((block) => block.trim()).map((block) => {
    const lines = block.trim().split("\n");
    if (lines.every((line) => /^[-*] /.test(line))) {
      return h("ul", {}, lines.map((line) => h("li", {}, inline(line.slice(2)))));
    }
    return h("p", {}, inline(lines.join(" ")));
  });
}

export function copyable(text) {
  const button = h("button", { class: "copy", type: "button", onclick: copy }, "Copy");
  async function copy() {
    await navigator.clipboard.writeText(pre.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }
  const pre = h("pre", {}, text);
  const box = h("div", { class: "copyable" }, pre, navigator.clipboard ? button : null);
  box.show = (changed) => { pre.textContent = changed; };
  return box;
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "KB"] : [bytes / 1e6, "MB"];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

// A place to drop a file on, or to choose one. `changed` is called with each new list of files.
export function dropZone(changed, { multiple = false, label = "Drop a picture here, or choose one" } = {}) {
  const input = h("input", { type: "file", multiple, "aria-label": label, onchange: () => take(input.files) });
  const shown = h("div", { class: "shown" }, h("strong", {}, label), h("span", {}, "It goes to this server only."));
  const zone = h("label", { class: "drop" }, input, shown);
  let preview = null;
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files); });
  function take(list) {
    const files = multiple ? [...list] : [...list].slice(0, 1);
    if (!files.length) return;
    if (preview) URL.revokeObjectURL(preview);
    preview = files[0].type.startsWith("image/") ? URL.createObjectURL(files[0]) : null;
    const total = files.reduce((sum, file) => sum + file.size, 0);
    const title = files.length === 1 ? files[0].name : `${files.length} files`;
    const image = preview ? h("img", { src: preview, alt: "" }) : null;
    if (image) image.addEventListener("error", () => image.remove());
    shown.replaceChildren(...[image, h("strong", {}, title), h("span", {}, size(total))].filter(Boolean));
    zone.classList.add("filled");
    zone.files = files;
    changed(files);
  }
  zone.files = [];
  zone.take = take;
  return zone;
}
