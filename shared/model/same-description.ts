type Json = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};

const textOf = (value: unknown) => String(value ?? '').trim();

const isSameText = (one: unknown, other: unknown) =>
  textOf(one).toLowerCase() === textOf(other).toLowerCase();

function tablesOf(description: Json): string {
  const entities = Array.isArray(description.Entities) ? description.Entities : [];
  return entities
    .map((entity) => textOf(objectOf(entity).Type).toLowerCase())
    .sort()
    .join();
}

/** How members that a request names are compared; those that it does not name are the exporter's. */
const comparisons: Readonly<Record<string, (one: unknown, other: unknown) => boolean>> = {
  Name: isSameText,
  DestinationKeyVaultUri: (one, other) => textOf(one) === textOf(other),
  DestinationType: isSameText,
  DestinationSchemaName: isSameText,
  DestinationPrefix: isSameText,
  Entities: (one, other) => tablesOf({ Entities: one }) === tablesOf({ Entities: other }),
  RetryPolicy: (one, other) =>
    ['MaxRetryCount', 'IntervalInSeconds'].every((name) =>
      isSameText(objectOf(one)[name], objectOf(other)[name]),
    ),
  WriteDeleteLog: isSameText,
};

/**
 * Whether a profile, as the DES REST API gives it, has this name and this description. What it does not say of itself is not
 * compared.
 */
export function hasDescription(profile: unknown, description: unknown): boolean {
  const [found, asked] = [objectOf(profile), objectOf(description)];
  return Object.entries(comparisons).every(
    ([name, isSame]) =>
      asked[name] === undefined ||
      (name !== 'Name' && (found[name] ?? undefined) === undefined) ||
      isSame(asked[name], found[name]),
  );
}

/** The id of the first of these profiles that has the description; undefined when there is none. */
export function idOfDescribed(profiles: unknown, description: unknown): string | undefined {
  const found = (Array.isArray(profiles) ? profiles : []).find((one) => hasDescription(one, description));
  return found === undefined ? undefined : idOf(found);
}

/** The id of a profile, as the DES REST API gives it, in lower case. */
export function idOf(profile: unknown): string | undefined {
  const { Id } = objectOf(profile);
  return typeof Id === 'string' && Id.trim() !== '' ? Id.trim().toLowerCase() : undefined;
}
