// Reads JSON Schema for people: what type, which range, which default.

export class Schemas {
  constructor(document) {
    this.document = document;
  }

  // Follows references and lays what stands beside them over.
  resolve(schema) {
    if (!schema || !schema.$ref) return schema || {};
    const target = schema.$ref.slice(2).split("/").reduce((node, name) => node[name], this.document);
    const { $ref, ...beside } = schema;
    return { ...this.resolve(target), ...beside };
  }

  // The schema without its alternative `null`, resolved.
  plain(schema) {
    const found = this.resolve(schema);
    if (!found.anyOf) return found;
    const kept = found.anyOf.filter((part) => part.type !== "null");
    const { anyOf, ...beside } = found;
    if (kept.length !== 1) return { ...beside, anyOf: kept };
    const one = this.resolve(kept[0]);
    return { ...one, ...beside, description: beside.description || one.description };
  }

  // A short name of the type, such as `integer` or `string or object`.
  type(schema) {
    const plain = this.plain(schema);
    if (plain.anyOf) return [...new Set(plain.anyOf.map((part) => this.type(part).replace("one of", "name")))].join(" or ");
    if (plain.oneOf && !plain.type) return "object";
    if (plain.format === "binary") return "file";
    if (plain.contentMediaType === "application/json") return "JSON";
    if (plain.type === "array") return `list of ${this.type(plain.items || {})}`;
    if (plain.enum) return "one of";
    return Array.isArray(plain.type) ? plain.type.join(" or ") : plain.type || "anything";
  }

  // Bounds and other limits, in words.
  limits(schema) {
    const plain = this.plain(schema);
    const parts = [];
    const low = plain.minimum ?? (plain.exclusiveMinimum !== undefined ? `> ${plain.exclusiveMinimum}` : undefined);
    const high = plain.maximum ?? (plain.exclusiveMaximum !== undefined ? `< ${plain.exclusiveMaximum}` : undefined);
    if (low !== undefined && high !== undefined) parts.push(`${low} … ${high}`);
    else if (low !== undefined) parts.push(`≥ ${low}`);
    else if (high !== undefined) parts.push(`≤ ${high}`);
    if (plain.maxLength !== undefined) parts.push(`≤ ${plain.maxLength} characters`);
    if (plain.maxItems !== undefined) parts.push(`≤ ${plain.maxItems} items`);
    return parts.join(", ");
  }

  // The values of an enumeration, also of one among alternatives.
  values(schema) {
    const plain = this.plain(schema);
    return plain.enum || (plain.anyOf || []).flatMap((part) => this.values(part));
  }

  // Members of an object schema as [name, schema, required].
  members(schema) {
    const plain = this.plain(schema);
    const required = new Set(plain.required || []);
    return Object.entries(plain.properties || {}).map(([name, part]) => [name, part, required.has(name)]);
  }
}
