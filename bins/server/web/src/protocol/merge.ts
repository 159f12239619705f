// Merge patches (RFC 7396) over JSON values that are never changed in place.

/** A value of JSON. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  [key: string]: Json;
}

/** Whether a value is an object and no array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The value that a patch makes of another one. What the patch does not name is shared with it, so that
 * whoever holds both sees by identity what is the same.
 */
export function merge(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  // Without a prototype no key means anything but itself.
  const result: JsonObject = Object.create(null);
  if (isObject(target)) {
    for (const key of Object.keys(target)) result[key] = target[key] as Json;
  }
  for (const key of Object.keys(patch)) {
    const value = patch[key] as Json;
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}
