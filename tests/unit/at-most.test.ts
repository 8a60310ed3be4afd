import { describe, expect, it } from 'vitest';
import { atMost, slots } from '../../shared/at-most.ts';

describe('what is run at most two at a time', () => {
  it('begins in the order of asking, each when one before it has ended, however that was', async () => {
    const inTurn = atMost(2);
    const begun: string[] = [];
    const acts = ['a', 'b', 'c', 'd'].map((name) => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const result = inTurn(() => {
        begun.push(name);
        return promise;
      });
      return { result, resolve, reject };
    });
    const [a, b, c, d] = acts as [(typeof acts)[0], (typeof acts)[0], (typeof acts)[0], (typeof acts)[0]];
    expect(begun).toEqual(['a', 'b']);
    b.reject(new Error('no luck'));
    await expect(b.result).rejects.toThrow('no luck');
    await expect.poll(() => begun).toEqual(['a', 'b', 'c']);
    for (const each of [a, c, d]) each.resolve('done');
    expect(await Promise.all([a, c, d].map(({ result }) => result))).toEqual(['done', 'done', 'done']);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('slots', () => {
  it('go to who waits before anybody new, and come back once however often they are given back', async () => {
    const { take, tryTake } = slots(1);
    const first = await take();
    expect(tryTake()).toBeUndefined();
    const second = take();
    first();
    first();
    expect(tryTake()).toBeUndefined();
    (await second)();
    expect(tryTake()).toBeDefined();
    expect(tryTake()).toBeUndefined();
  });
});
