/** keyIn finds a text among an object's own keys. */
export function keyIn<Key extends string>(
  keys: Readonly<Record<Key, unknown>>,
  text: string,
): Key | undefined {
  for (const key in keys) if (key === text && Object.hasOwn(keys, key)) return key;
  return undefined;
}
