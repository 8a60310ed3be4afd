/** The lines of a profile's failure log, read through the link that the app hands out, with nothing but `fetch`. */
export async function failureLines(link: string, folder = 'failurelog'): Promise<readonly string[]> {
  const { origin, pathname, search } = new URL(link);
  const list = `${origin}${pathname}${search}&restype=container&comp=list&prefix=${folder}/`;
  const listed = await (await fetch(list)).text();
  const names = [...listed.matchAll(/<Name>([^<]+)<\/Name>/g)].map(([, name]) => name);
  const texts = names.map(async (name) => (await fetch(`${origin}${pathname}/${name}${search}`)).text());
  return (await Promise.all(texts)).flatMap((text) => text.split('\n').filter(Boolean));
}
