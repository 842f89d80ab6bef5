// JSON Schema (OpenAPI 3.1) in plain words, and examples made of it. Pure.

/** What a reference stands for. */
export function resolved(schema, document) {
  let found = schema;
  for (let depth = 0; found?.$ref && depth < 20; depth += 1) {
    found = found.$ref.slice(2).split("/").reduce((at, key) => at?.[key], document);
  }
  return found || {};
}

const alternatives = (schema) => schema.oneOf || schema.anyOf || [];

/** 'number from 1 to 60', 'one of "iso", "direct"', 'SessionAnswer'. */
export function kind(schema, document) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    const found = resolved(schema, document);
    return found.enum || found.const !== undefined ? kind(found, document) : name;
  }
  const some = alternatives(schema);
  if (some.length) return [...new Set(some.map((one) => kind(one, document)))].join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(", ");
  if (schema.type === "array") return `list of ${kind(schema.items || {}, document)}`;
  const least = schema.minimum ?? schema.exclusiveMinimum;
  const most = schema.maximum ?? schema.exclusiveMaximum;
  const range = least !== undefined && most !== undefined ? ` from ${least} to ${most}`
    : least !== undefined ? `, at least ${least}` : most !== undefined ? `, at most ${most}` : "";
  const long = schema.maxLength ? `, at most ${schema.maxLength} characters` : "";
  return `${[schema.type || "anything"].flat().join(" or ")}${range}${long}`;
}

/** The fields of an object: [{name, kind, needed, usual, about}]. */
export function fields(schema, document) {
  const found = resolved(schema, document);
  return Object.entries(found.properties || {}).map(([name, one]) => ({
    name,
    kind: kind(one, document),
    needed: (found.required || []).includes(name),
    usual: one.default === undefined || one.default === null ? "" : JSON.stringify(one.default),
    about: one.description || resolved(one, document).description || "",
  }));
}

/** The objects that a schema may be, each with its name: more than one for alternatives. */
export function objects(schema, document) {
  const some = alternatives(resolved(schema, document));
  const all = some.length ? some : [schema];
  return all.map((one) => ({ name: one.$ref?.split("/").pop() || "", schema: one }))
    .filter(({ schema: one }) => resolved(one, document).properties);
}

/** A value that fits, with what is needed only. */
export function example(schema, document, depth = 0) {
  const found = resolved(schema, document);
  if (found.examples?.length) return found.examples[0];
  if (found.const !== undefined) return found.const;
  if (found.enum) return found.enum[0];
  if (found.default !== undefined) return found.default;
  const some = alternatives(found);
  if (some.length) return example(some[0], document, depth);
  const type = [found.type].flat()[0];
  if (type === "object" || found.properties) {
    if (depth > 4) return {};
    return Object.fromEntries((found.required || []).map((name) =>
      [name, example(found.properties?.[name] || {}, document, depth + 1)]));
  }
  if (type === "array") return [];
  if (type === "number" || type === "integer") return found.minimum ?? 0;
  if (type === "boolean") return false;
  return type === "null" ? null : "";
}
