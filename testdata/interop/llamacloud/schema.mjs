// Holds a value against a schema of an OpenAPI document: the few words that the client's own document uses. It gives
// every place where the value is not what the document promises.
export function faults(document, schema, value, at = "") {
  if (schema.$ref) return faults(document, resolve(document, schema.$ref), value, at);
  if (schema.anyOf) {
    const tries = schema.anyOf.map((one) => faults(document, one, value, at));
    return tries.find((found) => found.length === 0) ?? tries.flat();
  }
  if (schema.type && !isOf(schema.type, value)) return [`${at}: ${typeOf(value)} instead of ${schema.type}`];
  const found = formFaults(schema, value, at);
  for (const name of schema.required ?? []) {
    if (!(name in value)) found.push(`${at}/${name}: missing`);
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (name in value) found.push(...faults(document, property, value[name], `${at}/${name}`));
  }
  if (schema.items) value.forEach((item, i) => found.push(...faults(document, schema.items, item, `${at}/${i}`)));
  return found;
}

const resolve = (document, ref) => ref.slice(2).split("/").reduce((part, name) => part[name], document);

const isOf = (type, value) => typeOf(value) === type || (type === "integer" && Number.isInteger(value));

function typeOf(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

const forms = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  email: /^[^@\s]+@[^@\s]+$/,
  "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
};

function formFaults(schema, value, at) {
  const found = [];
  if (schema.format && !forms[schema.format].test(value)) found.push(`${at}: no ${schema.format}`);
  if (schema.minLength > value?.length || schema.maxLength < value?.length) found.push(`${at}: its length is ${value?.length}`);
  if (schema.enum && !schema.enum.includes(value)) found.push(`${at}: none of ${schema.enum}`);
  return found;
}
